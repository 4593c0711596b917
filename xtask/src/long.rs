//! The long form of everything, with the figures for `docs/reliability.md` at the end.

use std::time::Instant;

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, cargo, run};
use crate::{budgets, fuzz, models, mutants, sanitizers, targets};

/// Runs all parts, or those whose names contain one of the arguments.
pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    let mut figures = Figures { wanted: arguments.to_vec(), of_parts: Vec::new() };
    figures.take(steps, "mutation tests", |steps| mutants::run_task(steps, &[]));
    figures.take(steps, "property tests, 100,000 sequences and registries", |steps| {
        steps.step("property tests, 100,000 sequences and registries");
        let mut test = cargo(["test", "--quiet", "--release", "--package", "rutheus", "--test", "model"]);
        run(test.args(["--test", "formats"]).env("PROPTEST_CASES", "100000"))
    });
    figures.take(steps, "10^9 increments of each stress test", |steps| {
        steps.step("10^9 increments");
        let mut test = cargo(["test", "--quiet", "--release", "--package", "proofs", "--test", "counts"]);
        run(test.env("RUTHEUS_INCREMENTS", "1000000000").args(["--", "--test-threads", "1"]))
    });
    figures.take(steps, "failure tests, 50 times", |steps| {
        steps.step("failure tests, 50 times");
        (0..50).try_for_each(|_| {
            let names = ["failure", "thread_exit", "clock", "signals", "processes"];
            let mut test = cargo(["test", "--quiet", "--release", "--package", "proofs"]);
            run(test.args(names.iter().flat_map(|name| ["--test", name])))
        })
    });
    figures.take(steps, "models, in every order", |steps| models::run_task(steps, &[]));
    figures.take(steps, "without 64-bit atomics: the whole suite", |steps| {
        steps.step("the whole suite without 64-bit atomics");
        let mut test = cargo(["test", "--quiet", "--workspace", "--exclude", "budgets", "--all-targets"]);
        test.env("RUSTFLAGS", "--cfg metrics_core_no_atomic64").env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        run(test.env("CARGO_TARGET_DIR", Metadata::load()?.target_directory().join("no-atomic64")))
    });
    figures.take(steps, "targets without std or threads", |steps| targets::run_task(steps, &[]));
    figures.take(steps, "instruction budgets", |steps| budgets::run_task(steps, &[]));
    figures.take(steps, "AddressSanitizer", |steps| sanitizers::address(steps, &[]));
    figures.take(steps, "ThreadSanitizer", |steps| sanitizers::thread(steps, &[]));
    figures.take(steps, "fuzz targets, 10 minutes each", |steps| fuzz::run_task(steps, &["600".to_owned()]));
    figures.print()
}

/// What ran, for how long, and whether it failed: one failure does not stop the others.
struct Figures {
    wanted: Vec<String>,
    of_parts: Vec<(&'static str, u64, Outcome)>,
}

impl Figures {
    fn take(&mut self, steps: &mut Steps, what: &'static str, run: impl FnOnce(&mut Steps) -> Outcome) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|wanted| what.contains(&**wanted)) {
            return;
        }
        let start = Instant::now();
        let outcome = run(steps);
        if let Err(error) = &outcome {
            eprintln!("{what}: {error}");
        }
        self.of_parts.push((what, start.elapsed().as_secs(), outcome));
    }

    fn print(self) -> Outcome {
        if self.of_parts.is_empty() {
            return Err(format!("no part of the long run has one of {:?} in its name", self.wanted));
        }
        println!("\n| What | Seconds | Outcome |\n|---|---:|---|");
        for (what, seconds, outcome) in &self.of_parts {
            println!("| {what} | {seconds} | {} |", if outcome.is_ok() { "passed" } else { "FAILED" });
        }
        let total: u64 = self.of_parts.iter().map(|(_, seconds, _)| seconds).sum();
        println!("| all of it | {total} | |");
        self.of_parts
            .into_iter()
            .try_for_each(|(what, _, outcome)| outcome.map_err(|error| format!("{what}: {error}")))
    }
}
