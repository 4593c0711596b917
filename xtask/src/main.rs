//! The tasks of a developer's day: `cargo xtask <task>`.

mod lint;
mod metadata;
mod prove;
mod readme;
mod steps;

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
        name: "ci",
        help: "`lint`, then `test`: what .ci/run runs",
        run: |steps, arguments| {
            lint::run_task(steps, arguments)?;
            prove::run_task(steps, arguments)
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
        help += &format!("  {:<6} {}\n", task.name, task.help);
    }
    help
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
