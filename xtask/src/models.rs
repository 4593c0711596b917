//! The models: what threads do to each other, in every order of their steps.

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, cargo, run};

pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("models, in every order of the steps of their threads");
    let mut models = cargo(["test", "--quiet", "--release", "--test", "models"]);
    models.args(["--package", "metrics-core", "--package", "metrics-registry"]);
    models.env("RUSTFLAGS", "--cfg loom");
    models.env("CARGO_TARGET_DIR", Metadata::load()?.target_directory().join("loom"));
    // One after the other, so that what they print is not mixed.
    run(models.args(["--", "--nocapture", "--test-threads", "1"]).args(arguments))
}
