//! What the tests that run an example as a process share.

use std::path::Path;
use std::process::Command;

/// A command that runs the example `name`, built first if it is not up to date: cargo builds examples
/// for `cargo test`, but not for `cargo test --test one`, which would run an old one.
pub(crate) fn example(name: &str) -> Command {
    // .../target/[TRIPLE/]PROFILE/deps/this-test
    let this = std::env::current_exe().expect("a test knows where it is");
    let profile_dir = this.ancestors().nth(2).expect("a test is in `deps`");
    let target_dir = profile_dir.parent().expect("a profile is in the target directory");

    let mut build = Command::new(env!("CARGO"));
    // Of the whole workspace, as the tests are: for the package alone, cargo may choose other features of
    // the dependencies, and build them anew.
    build.args(["build", "--quiet", "--workspace", "--example", name]);
    match file_name(profile_dir) {
        "debug" => {}
        profile => _ = build.args(["--profile", profile]),
    }
    // Only the root of the target directory has this file.
    if target_dir.join(".rustc_info.json").exists() {
        build.arg("--target-dir").arg(target_dir);
    } else {
        build.args(["--target", file_name(target_dir)]);
        build.arg("--target-dir").arg(target_dir.parent().expect("a triple is in the target directory"));
    }
    let built = build.output().expect("cargo can be run");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    Command::new(profile_dir.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name in Unicode")
}
