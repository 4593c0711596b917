//! Label values that are compared in full.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::hash::same;
use crate::labels::{Pairs, push_pair, unescape};

/// Label values side by side, with a byte between them that no text holds: so two sets of values are
/// equal exactly if their bytes are.
pub(super) struct Joined(Box<[u8]>);

impl Joined {
    /// Not part of any UTF-8.
    const BETWEEN: u8 = 0xFF;

    pub(super) fn new<const N: usize>(values: &[&str; N]) -> Self {
        let mut joined: Vec<u8> = Vec::new();
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                joined.push(Self::BETWEEN);
            }
            joined.extend_from_slice(value.as_bytes());
        }
        Self(joined.into())
    }

    /// Whether it is these values.
    #[inline(never)]
    pub(super) fn are<const N: usize>(&self, values: &[&str; N]) -> bool {
        let mut rest = &*self.0;
        for (i, value) in values.iter().enumerate() {
            let Some((head, tail)) = rest.split_at_checked(value.len()) else { return false };
            if !same(head, value.as_bytes()) {
                return false;
            }
            rest = tail;
            if i + 1 < N {
                match rest {
                    [Self::BETWEEN, tail @ ..] => rest = tail,
                    _ => return false,
                }
            }
        }
        rest.is_empty()
    }
}

/// How far it is to each value in the rendered labels of these names, from the value before.
pub(super) fn gaps<const N: usize>(names: &[&str; N]) -> [usize; N] {
    let mut rendered = String::new();
    names.map(|name| {
        let before = rendered.len();
        push_pair(&mut rendered, name, "");
        rendered.len() - 1 - before
    })
}

/// Whether `rendered` labels, which have these gaps, have these values; they have escapes or names in
/// quotes, or neither.
pub(super) fn have_values<const N: usize>(
    rendered: &str,
    gaps: &[usize; N],
    are_escaped: bool,
    values: &[&str; N],
) -> bool {
    if are_escaped { have_escaped(rendered, gaps, values) } else { have_plain(rendered, gaps, values) }
}

/// Without escapes, the quotes are those around the values. As each of these is seen as such, what
/// stands between is a whole value.
fn have_plain<const N: usize>(rendered: &str, gaps: &[usize; N], values: &[&str; N]) -> bool {
    let mut rest = rendered.as_bytes();
    for (gap, value) in gaps.iter().zip(values) {
        let (start, end) = (*gap, *gap + value.len());
        if end >= rest.len()
            || rest[start - 1] != b'"'
            || !same(&rest[start..end], value.as_bytes())
            || rest[end] != b'"'
        {
            return false;
        }
        rest = &rest[end + 1..];
    }
    rest.is_empty()
}

/// An escaped value and the quote behind it are not the beginning of any other, so whatever matches
/// to the end is equal.
#[cold]
fn have_escaped<const N: usize>(rendered: &str, gaps: &[usize; N], values: &[&str; N]) -> bool {
    let mut rest = rendered.as_bytes();
    for (gap, value) in gaps.iter().zip(values) {
        let escaped = rest.get(*gap..).and_then(|rest| {
            value.bytes().try_fold(rest, |rest, byte| match byte {
                b'\\' | b'"' => rest.strip_prefix(&[b'\\', byte]),
                b'\n' => rest.strip_prefix(b"\\n"),
                _ => rest.strip_prefix(&[byte]),
            })
        });
        match escaped.and_then(|rest| rest.strip_prefix(b"\"")) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Hands the values of `rendered` labels to `f`.
pub(super) fn with_values<const N: usize, R>(rendered: &str, f: impl FnOnce(&[&str; N]) -> R) -> R {
    let mut values = [const { Cow::Borrowed("") }; N];
    for (value, (_, escaped)) in values.iter_mut().zip(Pairs(rendered)) {
        *value = unescape(escaped);
    }
    f(&core::array::from_fn(|i| &*values[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_they_were_made_of_and_no_others() {
        let long = "x".repeat(40);
        let texts = [
            "",
            "a",
            "b",
            "ab",
            "abc",
            ",bb=\"b",
            "abcdefg",
            "abcdefgh",
            "abcdefghi",
            "\u{7ff}",
            "\"",
            "\\",
            "\n",
            "n",
            "\\n",
            "\\\"",
            "a\",bb=\"b",
            "b\\",
            "\",bb=\"",
            "\",bb=",
            "0123456789012345678901",
            &long,
        ];
        let gaps = gaps(&["a", "bb"]);
        for a in texts {
            for b in texts {
                let joined = Joined::new(&[a, b]);
                let mut rendered = String::new();
                push_pair(&mut rendered, "a", a);
                push_pair(&mut rendered, "bb", b);
                let are_escaped = rendered.contains('\\');
                for c in texts {
                    for d in texts {
                        let equal = (a, b) == (c, d);
                        assert_eq!(joined.are(&[c, d]), equal, "{a:?} {b:?} {c:?} {d:?}");
                        assert_eq!(have_escaped(&rendered, &gaps, &[c, d]), equal, "{a:?} {b:?} {c:?} {d:?}");
                        let have = have_values(&rendered, &gaps, are_escaped, &[c, d]);
                        assert_eq!(have, equal, "{a:?} {b:?} {c:?} {d:?}");
                    }
                }
                with_values(&rendered, |values| assert_eq!(values, &[a, b]));
                assert!(!joined.are(&[a]) && !joined.are(&[a, b, ""]));
            }
        }
        assert!(Joined::new(&[]).are(&[]) && have_values("", &[], false, &[]));
    }
}
