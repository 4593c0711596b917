//! The stress tests under the sanitizers of LLVM.

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, is_there, run};
use crate::toolchain::{self, HOST, Toolchain};
use crate::tools;

/// What is worth a sanitizer: where threads meet, and where code that is not ours, which may be unsafe,
/// is used.
const STRESS: [&str; 4] = ["--package", "proofs", "--package", "metrics-core"];
const REGISTRIES: [&str; 2] = ["--package", "metrics-registry"];
const TESTS: [&str; 3] = ["--lib", "--tests", "--quiet"];

/// ThreadSanitizer, with a standard library that it sees too: without, it takes what that does for races.
pub(crate) fn thread(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("ThreadSanitizer");
    let metadata = Metadata::load()?;
    let Some(toolchain) = Toolchain::find(&metadata)? else {
        return tools::without(steps, "ThreadSanitizer was not run", toolchain::HOW);
    };
    let mut test = toolchain.cargo(&metadata.target_directory().join("tsan"), "-Zsanitizer=thread");
    test.args(["test", "-Zbuild-std", "--target", HOST]).args(STRESS).args(REGISTRIES).args(TESTS);
    // A race is an error of the process that has it.
    test.env("TSAN_OPTIONS", "halt_on_error=1");
    run(test.args(arguments))
}

/// AddressSanitizer, and with it the search for leaks.
pub(crate) fn address(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("AddressSanitizer");
    let metadata = Metadata::load()?;
    let target = metadata.target_directory().join("asan");
    let flags = "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer";
    // Registries that contain each other, as some tests make them, are never freed.
    for (selection, leaks) in [(&STRESS[..], "1"), (&REGISTRIES, "0")] {
        let mut test = toolchain::bootstrapped(&["test", "--target", HOST], flags);
        test.env("CARGO_TARGET_DIR", &target).env("ASAN_OPTIONS", format!("detect_leaks={leaks}"));
        run(test.args(selection).args(TESTS).args(arguments))?;
    }
    Ok(())
}

/// Miri, for who has it.
pub(crate) fn miri(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("Miri");
    let mut miri = std::process::Command::new("cargo");
    miri.args(["+nightly", "miri"]).env_remove("RUSTUP_TOOLCHAIN");
    if !is_there(&mut miri) {
        let how = "`rustup toolchain install nightly --component miri`";
        tools::optional(steps, "Miri was not run", how);
        return Ok(());
    }
    let mut test = std::process::Command::new("cargo");
    test.args(["+nightly", "miri", "test", "--package", "metrics-core", "--lib"]).args(arguments);
    // Interpreted a thousand times slower; it looks for what is undefined, not for rare schedules.
    test.env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env_remove("RUSTUP_TOOLCHAIN")
        .current_dir(crate::steps::root());
    run(&mut test)
}
