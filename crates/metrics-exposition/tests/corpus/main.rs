//! The library beside what Prometheus' own programs, in Go, make of the same input.
//!
//! The cases are not part of this repository; where they are missing, the tests say so and pass.
//! What this library deliberately does differently is listed in each test, with its reason.

mod escaping;
mod negotiation;
mod pages;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

/// The content of one file of cases.
fn load(file: &str) -> Option<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/corpus").join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: there is no {file}");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn cases(file: &str) -> Option<Vec<Json>> {
    load(file).map(|json| json.as_array().unwrap().clone())
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("{key} of {json}"))
}
