//! Mutation tests: small changes of the code, one by one, each of which some test should notice.

use std::fs;

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, cargo, is_there, line_of, root};
use crate::tools;

/// A change is tried on the tests that are the quickest to build and to run first; each round takes what
/// those before it let live.
const ROUNDS: [Round; 4] = [
    Round {
        what: "quick unit tests",
        changed: &[CORE, EXPOSITION],
        tests_of: &[],
        targets: &["--lib"],
        skipped: &[SLOW, SLOWISH],
        seconds: "8",
    },
    Round {
        what: "quick tests of the formats",
        changed: &[EXPOSITION],
        tests_of: &[],
        targets: &["--lib", "--test=corpus", "--test=formats", "--test=room", "--test=text"],
        skipped: &[SLOW],
        seconds: "8",
    },
    Round {
        what: "quick tests of the core",
        changed: &[CORE],
        tests_of: &[],
        targets: &[
            "--lib",
            "--test=created",
            "--test=exemplar_source",
            "--test=exemplars",
            "--test=extras",
            "--test=family",
            "--test=limits",
            "--test=scrape",
            "--test=select",
            "--test=utf8",
            "--test=values",
        ],
        skipped: &[SLOW],
        seconds: "8",
    },
    Round {
        what: "slow tests, and those of other packages",
        changed: &[CORE, EXPOSITION],
        tests_of: &[CORE, EXPOSITION, "metrics-registry", "proofs", "rutheus"],
        targets: &[
            "--lib",
            // of metrics-core
            "--test=allocations",
            "--test=consistency",
            "--test=limits",
            "--test=limits_memory",
            // of metrics-exposition
            "--test=write",
            // of metrics-registry
            "--test=prefixes",
            "--test=registering",
            // of the proofs
            "--test=clock",
            "--test=counts",
            "--test=failure",
            "--test=thread_exit",
            // of rutheus
            "--test=api",
            "--test=formats",
            "--test=gather",
            "--test=model",
            "--test=pytheus",
        ],
        skipped: &[],
        seconds: "120",
    },
];

const CORE: &str = "metrics-core";
const EXPOSITION: &str = "metrics-exposition";

/// Parts of the names of tests that take longer than all others together.
const SLOW: &[&str] = &[
    "allocate",
    "no_update_",
    "observe_while",
    "one_update_in_a_thousand",
    "random_label_values",
    "stay_small",
    "threads_hammer",
    "while_threads_count",
    "written",
];

/// Of unit tests that take longer than the build.
const SLOWISH: &[&str] = &["any_header", "linear_search", "read_back"];

struct Round {
    what: &'static str,
    changed: &'static [&'static str],
    /// Whose tests; none are those of the package that is changed.
    tests_of: &'static [&'static str],
    targets: &'static [&'static str],
    skipped: &'static [&'static [&'static str]],
    /// After how long a test stands still.
    seconds: &'static str,
}

/// Changes the code in small ways, and shows what no test notices. What may live is in `.cargo/mutants.toml`,
/// with the reasons.
pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    if !is_there(&mut cargo(["mutants"])) {
        steps.step("mutation tests");
        tools::optional(steps, "mutation tests were not run", "`cargo install cargo-mutants`");
        return Ok(());
    }
    let target = Metadata::load()?.target_directory().to_owned();
    let output = target.join("mutants.out");
    for (at, round) in ROUNDS.iter().enumerate() {
        steps.step(&format!("mutation tests, round {}: {}", at + 1, round.what));
        let mut mutants = cargo(["mutants", "--no-shuffle", "--baseline", "skip"]);
        mutants.args(["--timeout", round.seconds]);
        mutants.args(round.changed.iter().map(|package| format!("--package={package}")));
        mutants.arg("--output").arg(&target).args(arguments);
        mutants.args(["--jobs", &std::thread::available_parallelism().map_or(1, usize::from).to_string()]);
        mutants.args(round.tests_of.iter().map(|package| format!("--test-package={package}")));
        mutants.args(round.targets.iter().map(|target| format!("--cargo-arg={target}")));
        if at > 0 {
            mutants.arg("--iterate");
            consider_noticed(&output)?;
        }
        if !round.skipped.is_empty() {
            let skipped = round.skipped.iter().flat_map(|tests| tests.iter());
            mutants.args(["--", "--"]).args(skipped.flat_map(|test| ["--skip", test]));
        }
        // The tests run in copies of the workspace, which have nothing beside them.
        if std::env::var_os("RUTHEUS_CONFORMANCE").is_none() {
            mutants.env("RUTHEUS_CONFORMANCE", root().join("../shared/conformance"));
        }
        // There are no symbols to be read when a mutant dies.
        mutants.env("CARGO_PROFILE_DEV_DEBUG", "0").env("PROPTEST_CASES", "64");
        let line = line_of(&mutants);
        let status = mutants.status().map_err(|error| format!("`{line}` could not be run: {error}"))?;
        // Of its codes, 2 says that some were missed, and 3 that tests of some took too long.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            return Err(format!("`{line}` failed ({status})"));
        }
    }
    let missed = output.join("missed.txt");
    let missed = fs::read_to_string(&missed).map_err(|error| format!("{}: {error}", missed.display()))?;
    match missed.lines().count() {
        0 => Ok(()),
        count => Err(format!(
            "no test notices {count} changes:\n{missed}write a test, or a reason in .cargo/mutants.toml"
        )),
    }
}

/// A change that makes a test stand still is noticed, by whoever waits for it: later rounds leave it out.
fn consider_noticed(output: &std::path::Path) -> Outcome {
    let read = |name: &str| fs::read_to_string(output.join(name)).unwrap_or_default();
    let caught = read("caught.txt") + &read("timeout.txt");
    fs::write(output.join("caught.txt"), caught).map_err(|error| format!("{}: {error}", output.display()))
}
