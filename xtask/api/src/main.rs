//! `api <file>` prints the public API that the JSON of rustdoc in `file` tells of, one item a line.
//!
//! Implementations that come with every type (blanket ones, auto traits, derived ones) are left out: the
//! tests named `traits` assert those that matter.

use std::process::ExitCode;

use public_api::{Builder, MINIMUM_NIGHTLY_RUST_VERSION};

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else { return ExitCode::from(2) };
    let api = Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build();
    match api {
        Ok(api) => {
            api.items().for_each(|item| println!("{item}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error} (it reads what a toolchain of {MINIMUM_NIGHTLY_RUST_VERSION} writes)");
            ExitCode::from(3)
        }
    }
}
