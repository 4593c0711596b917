use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, cargo, is_there, read, root, run};
use crate::watchdog::run_within;

/// Everything that proves the library.
pub(crate) fn run_task(steps: &mut Steps, _: &[String]) -> Outcome {
    let runner = Runner::find(steps);
    let metadata = Metadata::load()?;

    // First, as everything else takes longer.
    steps.step("metrics-core alone is one crate");
    only(&["--package", "metrics-core"], &["metrics-core"])?;
    steps.step("the smallest build that prints a page is four crates");
    only(&["--package", "metrics-exposition"], &["itoa", "metrics-core", "metrics-exposition", "ryu"])?;

    steps.step("the smallest build works");
    smallest_build(&metadata)?;

    steps.step("tests, with the examples and a Prometheus server that scrapes the demo");
    runner.run(&mut runner.tests(&["--workspace", "--all-targets"]))?;

    if let Runner::Nextest = runner {
        steps.step("a test that stands still is ended and named");
        standstill(&metadata)?;
    }

    steps.step("the code in the docs and the READMEs");
    run(&mut cargo(["test", "--workspace", "--doc"]))?;

    steps.step("unit tests of metrics-core without features");
    runner.run(&mut runner.tests(&["--package", "metrics-core", "--no-default-features", "--lib"]))?;

    steps.step("tests of metrics-core where there are no 64-bit atomics");
    let mut halves = runner.tests(&["--package", "metrics-core", "--all-targets"]);
    halves.env("RUSTFLAGS", "--cfg metrics_core_no_atomic64");
    // There every word is under a spin lock, which debug builds hold so long that threads queue up.
    halves.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    // A folder of its own, as other flags would have everything built again, back and forth.
    halves.env("CARGO_TARGET_DIR", metadata.target_directory().join("no-atomic64"));
    runner.run(&mut halves)?;

    for shipped in metadata.shipped() {
        steps.step(&format!("{} builds with every set of features", shipped.name));
        for features in shipped.combinations() {
            println!("[{features}]");
            let mut check = cargo(["check", "--quiet", "--lib", "--no-default-features"]);
            run(check.args(["--package", &shipped.name, "--features", &features]))?;
        }
    }

    steps.step("nothing newer than the oldest Rust that is promised");
    if is_there(&mut cargo(["clippy"])) {
        let mut clippy = cargo(["clippy", "--quiet", "--workspace", "--exclude", "xtask", "--"]);
        run(clippy.args(["--deny", "clippy::incompatible_msrv"]))?;
    } else {
        steps.note("clippy is not installed, so `rust-version` was not checked: rustup component add clippy");
    }

    if !has_prometheus() {
        steps.note(
            "no Prometheus server, so its test was skipped: `apt-get install prometheus`, or set PROMETHEUS \
             to the path of one",
        );
    }
    Ok(())
}

/// Runs the example `minimal` in a package of its own: in the workspace, other packages would turn on
/// the features that it does without.
fn smallest_build(metadata: &Metadata) -> Outcome {
    let package = metadata.target_directory().join("smallest");
    let fail = |error: io::Error| format!("{}: {error}", package.display());
    fs::create_dir_all(package.join("src")).map_err(fail)?;
    fs::copy(root().join("crates/rutheus/examples/minimal.rs"), package.join("src/main.rs")).map_err(fail)?;
    // The same versions of the dependencies, which are there already.
    fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock")).map_err(fail)?;
    let mut manifest =
        "[package]\nname = \"smallest\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n".to_owned();
    for name in ["metrics-core", "metrics-exposition"] {
        let path = root().join("crates").join(name);
        manifest += &format!("{name} = {{ path = {path:?}, default-features = false }}\n");
    }
    fs::write(package.join("Cargo.toml"), manifest).map_err(fail)?;

    let page = read(cargo(["run", "--quiet", "--offline"]).current_dir(&package))?;
    let expected = ["runs_total 2", "rows_sum 200.5", "rows_count 2", "last_rows 80.5"];
    let samples: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
    println!("{}", samples.join(", "));
    if samples == expected { Ok(()) } else { Err(format!("expected {}", expected.join(", "))) }
}

/// What runs tests.
enum Runner {
    /// Ends a test that hangs, by `.config/nextest.toml`.
    Nextest,
    Cargo,
}

impl Runner {
    fn find(steps: &mut Steps) -> Self {
        if is_there(&mut cargo(["nextest"])) {
            return Self::Nextest;
        }
        steps.note("with cargo-nextest a test that hangs would have been ended: cargo install cargo-nextest");
        Self::Cargo
    }

    /// Runs every test of `selection` but those in docs.
    fn tests(&self, selection: &[&str]) -> Command {
        let mut command = match self {
            Self::Nextest => cargo(["nextest", "run"]),
            Self::Cargo => cargo(["test"]),
        };
        command.args(selection);
        command
    }

    /// Runs what [`tests`](Self::tests) made; a test that stands still is a failure, and not a hang.
    fn run(&self, tests: &mut Command) -> Outcome {
        match self {
            Self::Nextest => run(tests),
            Self::Cargo => run_within(tests, Duration::from_secs(20 * 60)),
        }
    }
}

/// Runs a test that waits for ever in a package of its own, under our configuration with shorter times.
fn standstill(metadata: &Metadata) -> Outcome {
    let package = metadata.target_directory().join("standstill");
    let fail = |error: io::Error| format!("{}: {error}", package.display());
    fs::create_dir_all(package.join("src")).map_err(fail)?;
    fs::create_dir_all(package.join(".config")).map_err(fail)?;
    let manifest = "[package]\nname = \"standstill\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(package.join("Cargo.toml"), manifest).map_err(fail)?;
    let test = "#[test]\nfn waits_for_ever() {\n    loop {\n        std::thread::park();\n    }\n}\n";
    fs::write(package.join("src/lib.rs"), test).map_err(fail)?;
    let ours = fs::read_to_string(root().join(".config/nextest.toml")).map_err(fail)?;
    fs::write(package.join(".config/nextest.toml"), ours.replace("30s", "1s")).map_err(fail)?;

    let mut nextest = cargo(["nextest", "run", "--offline", "--color", "never"]);
    let output = nextest.current_dir(&package).output().map_err(fail)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("TIMEOUT") && said.contains("waits_for_ever") {
        return Ok(());
    }
    Err(format!("a test that waits for ever was not ended: {said}"))
}

/// Checks that a package without default features needs exactly these crates.
fn only(selection: &[&str], expected: &[&str]) -> Outcome {
    let mut tree = cargo(["tree", "--no-default-features", "--edges", "normal", "--prefix", "none"]);
    let printed = read(tree.args(["--format", "{lib}"]).args(selection))?;
    let mut crates: Vec<_> = printed.lines().map(|line| line.replace('_', "-")).collect();
    crates.sort();
    crates.dedup();
    println!("{}", crates.join(", "));
    if crates == expected { Ok(()) } else { Err(format!("expected {}", expected.join(", "))) }
}

/// The same rule as that of the test.
fn has_prometheus() -> bool {
    if std::env::var_os("PROMETHEUS").is_some() {
        return true;
    }
    let name = format!("prometheus{}", std::env::consts::EXE_SUFFIX);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|directory| directory.join(&name).is_file())
}
