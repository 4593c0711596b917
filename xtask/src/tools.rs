//! What a task needs that a machine may not have.

use std::path::PathBuf;

use crate::steps::{Outcome, Steps};

/// Whether this is continuous integration, which has everything that `.ci/run` installs.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Leaves something out because a tool is missing, which continuous integration may not do; `how` says
/// how to get it.
pub(crate) fn without(steps: &mut Steps, what: &str, how: &str) -> Outcome {
    if is_ci() {
        return Err(format!("{what}, which continuous integration must not: {how}"));
    }
    optional(steps, what, how);
    Ok(())
}

/// Leaves something out that only some machines can do.
pub(crate) fn optional(steps: &mut Steps, what: &str, how: &str) {
    println!("skipped: {how}");
    steps.note(&format!("{what}: {how}"));
}

/// Where a program is, if `PATH` has it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&paths).map(|directory| directory.join(&name)).find(|path| path.is_file())
}
