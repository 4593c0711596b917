//! Targets without the standard library, without threads, and without 64-bit atomics.

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, run};
use crate::toolchain::{self, Toolchain};
use crate::tools;

/// Target, what of the standard library it has, and the checks.
const TARGETS: &[(&str, &str, &[&[&str]])] = &[
    // No operating system, and no atomics of 64 bits.
    ("thumbv7em-none-eabi", "core,alloc", &[CORE, EXPOSITION]),
    ("wasm32-unknown-unknown", "core,alloc", &[CORE, EXPOSITION]),
    ("wasm32-unknown-unknown", "std,panic_abort", &[FACADE]),
    // Words of 32 bits, under an operating system.
    ("i686-unknown-linux-gnu", "std,panic_unwind", &[CORE, FACADE]),
];

const CORE: &[&str] = &["--package", "metrics-core", "--no-default-features"];
const EXPOSITION: &[&str] = &["--package", "metrics-exposition", "--no-default-features"];
const FACADE: &[&str] = &["--package", "rutheus"];

pub(crate) fn run_task(steps: &mut Steps, _: &[String]) -> Outcome {
    let metadata = Metadata::load()?;
    let Some(toolchain) = Toolchain::find(&metadata)? else {
        return tools::without(steps, "the targets without std were not checked", toolchain::HOW);
    };
    for (target, parts, checks) in TARGETS {
        steps.step(&format!("{target} with {parts}"));
        for selection in *checks {
            println!("{}", selection.join(" "));
            let mut check = toolchain.cargo(&metadata.target_directory().join("targets"), "");
            check.args(["check", "--quiet", "--lib", "--target", target, &format!("-Zbuild-std={parts}")]);
            run(check.args(*selection))?;
        }
    }
    Ok(())
}
