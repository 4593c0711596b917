//! The fuzz targets: under libFuzzer where it is there, and anyway by a harness of our own that mutates the
//! corpora with a fixed seed.

use std::process::Command;

use crate::steps::{Outcome, Steps, cargo, is_there, read, root, run};
use crate::tools;

pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    let seconds = arguments.first().map_or("20", |seconds| seconds);
    steps.step("fuzz targets over their corpora and what is made of them");
    let mut replay = cargo(["test", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    if !arguments.is_empty() {
        // Minutes instead of seconds, and what takes a minute more to build.
        replay.args(["--features", "web-config"]).env("RUTHEUS_FUZZ_ROUNDS", "1000000");
    }
    run(&mut replay)?;

    let mut fuzz = fuzzer();
    if !is_there(fuzz.arg("fuzz")) {
        let how = "`rustup toolchain install nightly` and `cargo install cargo-fuzz`";
        tools::optional(steps, "libFuzzer was not run", how);
        return Ok(());
    }
    for target in read(fuzzer().args(["fuzz", "list"]))?.lines() {
        steps.step(&format!("libFuzzer, {seconds} s: {target}"));
        let mut fuzz = fuzzer();
        // What it finds goes to a copy, so that the corpus in the repository stays small.
        let found = root().join("fuzz/target/found").join(target);
        std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        fuzz.args(["fuzz", "run", "--features", "web-config", target])
            .arg(&found)
            .arg(root().join("fuzz/corpus").join(target));
        run(fuzz.args([
            "--",
            &format!("-max_total_time={seconds}"),
            "-max_len=4096",
            "-print_final_stats=1",
        ]))?;
    }
    Ok(())
}

fn fuzzer() -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").current_dir(root());
    command
}
