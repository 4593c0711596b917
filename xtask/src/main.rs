//! The tasks of a developer's day: `cargo xtask <task>`.

mod api;
mod budgets;
mod fuzz;
mod lint;
mod long;
mod metadata;
mod models;
mod mutants;
mod prove;
mod readme;
mod sanitizers;
mod steps;
mod targets;
mod toolchain;
mod tools;
mod watchdog;

use std::process::ExitCode;

use crate::steps::{Outcome, Steps, cargo};

/// A task, by the name it is called by.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&mut Steps, &[String]) -> Outcome,
}

const TASKS: &[Task] = &[
    Task {
        name: "demo",
        help: "run a program that serves its metrics on http://127.0.0.1:9464/, or on the address given",
        run: demo,
    },
    Task {
        name: "test",
        help: "everything that proves the library, with a real Prometheus server if there is one",
        run: prove::run_task,
    },
    Task { name: "lint", help: "format, lints, docs, README, licences", run: lint::run_task },
    Task {
        name: "api",
        help: "whether the public API is the one on record; `--bless` records it",
        run: api::run_task,
    },
    Task {
        name: "budgets",
        help: "instructions per operation against their ceilings; `--bless` sets those",
        run: budgets::run_task,
    },
    Task {
        name: "loom",
        help: "the algorithms between threads, in every order of their steps",
        run: models::run_task,
    },
    Task { name: "no-std", help: "targets without std, threads or 64-bit atomics", run: targets::run_task },
    Task { name: "tsan", help: "the stress tests under ThreadSanitizer", run: sanitizers::thread },
    Task { name: "asan", help: "the stress tests under AddressSanitizer", run: sanitizers::address },
    Task {
        name: "miri",
        help: "the unit tests of metrics-core under Miri, where it is there",
        run: sanitizers::miri,
    },
    Task {
        name: "fuzz",
        help: "the fuzz targets, 20 seconds each or as many as are given",
        run: fuzz::run_task,
    },
    Task { name: "mutants", help: "which changes of the code no test notices", run: mutants::run_task },
    Task { name: "long", help: "the long form of everything, within three hours", run: long::run_task },
    Task {
        name: "proofs",
        help: "the short form of loom, api, budgets, no-std, fuzz, asan and tsan, one after the other",
        run: proofs,
    },
    Task {
        name: "ci",
        help: "what .ci/run runs: lint, test, proofs",
        run: |steps, arguments| {
            lint::run_task(steps, arguments)?;
            prove::run_task(steps, arguments)?;
            proofs(steps, arguments)
        },
    },
    Task { name: "bench", help: "the benchmarks; what follows is passed on to them", run: bench },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        None => ("--help", &[][..]),
        Some((name, rest)) => (&**name, rest),
    };
    if matches!(name, "--help" | "-h" | "help") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("There is no task {name:?}.\n\n{}", help());
        return ExitCode::from(2);
    };
    let mut steps = Steps::start();
    match (task.run)(&mut steps, rest) {
        Ok(()) => {
            steps.finish(name);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\ncargo xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut help = "cargo xtask <task>\n\n".to_owned();
    for task in TASKS {
        help += &format!("  {:<8} {}\n", task.name, task.help);
    }
    help
}

fn proofs(steps: &mut Steps, arguments: &[String]) -> Outcome {
    let all: [fn(&mut Steps, &[String]) -> Outcome; 7] = [
        models::run_task,
        api::run_task,
        budgets::run_task,
        targets::run_task,
        fuzz::run_task,
        sanitizers::address,
        sanitizers::thread,
    ];
    all.iter().try_for_each(|task| task(steps, arguments))
}

fn demo(_: &mut Steps, arguments: &[String]) -> Outcome {
    let mut run = cargo(["run", "--quiet", "--release", "--package", "rutheus", "--example", "serve", "--"]);
    println!("building the demo; it says where it listens, and ends with ctrl-c");
    steps::run(run.args(arguments))
}

fn bench(_: &mut Steps, arguments: &[String]) -> Outcome {
    let mut run = cargo(["run", "--release", "--manifest-path", "benches/Cargo.toml", "--"]);
    steps::run(run.args(arguments))
}
