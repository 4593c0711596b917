use alloc::string::String;

use crate::labels::{Pairs, has_name};

/// Adds the pairs of `rendered` whose names are not in `without`.
pub(super) fn filter(out: &mut String, rendered: &str, without: &str) {
    if without.is_empty() {
        return out.push_str(rendered);
    }
    for (name, value) in Pairs(rendered) {
        if !has_name(without, name) {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(name);
            out.push_str("=\"");
            out.push_str(value);
            out.push('"');
        }
    }
}
