//! The library beside what Prometheus' own programs, in Go, make of the same input.
//!
//! The cases are not part of this repository; where they are missing, the tests say so and pass.
//! What this library deliberately does differently is listed in each test, with its reason.

mod escaping;
mod floats;
mod handler;
mod input;
mod negotiation;
mod pages;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// The content of one file of cases, of those beside the repository or where `RUTHEUS_CONFORMANCE` says.
fn load(file: &str) -> Option<Json> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("RUTHEUS_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let Ok(text) = fs::read_to_string(folder.join("corpus").join(file)) else {
        println!("skipped: there is no {file}; set RUTHEUS_CONFORMANCE to the folder of its corpus");
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

/// The bytes of a text in base 64.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut len) = (Vec::new(), 0u32, 0);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        bits = bits << 6 | DIGITS.iter().position(|digit| *digit == byte).unwrap() as u32;
        len += 6;
        if len >= 8 {
            len -= 8;
            bytes.push((bits >> len) as u8);
        }
    }
    bytes
}
