//! What takes too long for every change.

use crate::steps::{Outcome, Steps, cargo, is_there, run};
use crate::tools;

/// Changes the code in small ways, and shows what no test notices; the reasons why some may live are in
/// `docs/reliability.md`.
pub(crate) fn mutants(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("mutation tests");
    if !is_there(&mut cargo(["mutants"])) {
        tools::optional(steps, "mutation tests were not run", "`cargo install cargo-mutants`");
        return Ok(());
    }
    let mut mutants =
        cargo(["mutants", "--no-shuffle", "--baseline", "skip", "--timeout", "120", "--output", "target"]);
    if arguments.is_empty() {
        mutants.args(["--package", "metrics-core", "--package", "metrics-exposition"]);
    }
    // It also fails if there are survivors; what they are is in its output.
    run(mutants.args(arguments))
}
