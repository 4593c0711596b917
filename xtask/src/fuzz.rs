//! The fuzz targets: under libFuzzer where it is there, and anyway by a harness of our own that mutates the
//! corpora with a fixed seed.

use std::process::Command;
use std::thread;

use crate::steps::{Outcome, Steps, cargo, is_there, line_of, read, root, run};
use crate::tools;

pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    let seconds = arguments.first().map_or("20", |seconds| seconds);
    steps.step("fuzz targets over their corpora and what is made of them");
    let mut replay = cargo(["test", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    if !arguments.is_empty() {
        // Minutes instead of seconds, and what takes a minute more to build.
        replay.args(["--features", "web-config"]).env("RUTHEUS_FUZZ_ROUNDS", "200000");
    }
    run(&mut replay)?;

    let mut fuzz = fuzzer();
    if !is_there(fuzz.arg("fuzz")) {
        let how = "`rustup toolchain install nightly` and `cargo install cargo-fuzz`";
        tools::optional(steps, "libFuzzer was not run", how);
        return Ok(());
    }
    run(fuzzer().args(["fuzz", "build", "--features", "web-config"]))?;
    let targets = read(fuzzer().args(["fuzz", "list"]))?;
    let targets: Vec<&str> = targets.lines().collect();
    // Each takes one core.
    for together in targets.chunks(thread::available_parallelism().map_or(1, usize::from)) {
        steps.step(&format!("libFuzzer, {seconds} s: {}", together.join(", ")));
        thread::scope(|scope| {
            let runs: Vec<_> =
                together.iter().map(|target| scope.spawn(|| run_target(target, seconds))).collect();
            runs.into_iter().try_for_each(|run| run.join().expect("it does not panic"))
        })?;
    }
    Ok(())
}

/// Runs one target, and says how many inputs it was given.
fn run_target(target: &str, seconds: &str) -> Outcome {
    // What it finds goes to a copy, so that the corpus in the repository stays small.
    let found = root().join("fuzz/target/found").join(target);
    std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    let mut fuzz = fuzzer();
    fuzz.args(["fuzz", "run", "--features", "web-config", target])
        .arg(&found)
        .arg(root().join("fuzz/corpus").join(target));
    fuzz.args(["--", &format!("-max_total_time={seconds}"), "-max_len=4096", "-print_final_stats=1"]);
    let output = fuzz.output().map_err(|error| format!("`{}` could not be run: {error}", line_of(&fuzz)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("`{}` failed ({}):\n{said}", line_of(&fuzz), output.status));
    }
    let inputs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("{target}: {} inputs", inputs.ok_or("libFuzzer said nothing of its inputs")?.trim());
    Ok(())
}

fn fuzzer() -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").current_dir(root());
    command
}
