//! The stress tests under the sanitizers of LLVM.

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, is_there, run};
use crate::toolchain::{self, HOST, Toolchain};
use crate::tools;

/// What is worth a sanitizer: where threads meet, and where code that is not ours, which may be unsafe,
/// is used. Tests that count bytes are not in it, as others in the process would be counted with them.
const SELECTIONS: [Selection; 3] = [
    Selection {
        package: "proofs",
        tests: &["counts", "failure", "exemplar_source", "thread_exit", "clock", "signals", "processes"],
        leaks: false,
    },
    Selection {
        package: "metrics-core",
        tests: &["consistency", "family", "limits", "exemplars"],
        leaks: false,
    },
    // Some tests make registries contain each other, and those are never freed.
    Selection {
        package: "metrics-registry",
        tests: &["threads", "global_swap", "reentrancy", "panics"],
        leaks: true,
    },
];

struct Selection {
    package: &'static str,
    tests: &'static [&'static str],
    leaks: bool,
}

impl Selection {
    fn arguments(&self) -> impl Iterator<Item = &'static str> {
        let tests = self.tests.iter().flat_map(|test| ["--test", test]);
        ["--package", self.package, "--lib"].into_iter().chain(tests)
    }
}

/// ThreadSanitizer, with a standard library that it sees too: without, it takes what that does for races.
pub(crate) fn thread(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("ThreadSanitizer");
    let metadata = Metadata::load()?;
    let Some(toolchain) = Toolchain::find(&metadata)? else {
        return tools::without(steps, "ThreadSanitizer was not run", toolchain::HOW);
    };
    for selection in &SELECTIONS {
        let mut test = toolchain.cargo(&metadata.target_directory().join("tsan"), "-Zsanitizer=thread");
        test.args(["test", "--quiet", "-Zbuild-std", "--target", HOST]);
        test.args(selection.arguments());
        // A race is an error of the process that has it.
        run(test.env("TSAN_OPTIONS", "halt_on_error=1").args(arguments))?;
    }
    Ok(())
}

/// AddressSanitizer, and with it the search for leaks.
pub(crate) fn address(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("AddressSanitizer");
    let metadata = Metadata::load()?;
    let target = metadata.target_directory().join("asan");
    let flags = "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer";
    for selection in &SELECTIONS {
        let mut test = toolchain::bootstrapped(&["test", "--quiet", "--target", HOST], flags);
        test.env("CARGO_TARGET_DIR", &target);
        test.env("ASAN_OPTIONS", if selection.leaks { "detect_leaks=0" } else { "detect_leaks=1" });
        run(test.args(selection.arguments()).args(arguments))?;
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
