//! Small programs, built from nothing in a directory of their own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

pub struct Built {
    /// Packages of the program, without itself.
    pub crates: f64,
    /// CPU time of a clean release build: unlike wall time it bears other work on the machine.
    pub seconds: f64,
    /// Size of the stripped binary.
    pub bytes: f64,
}

/// `None` if it does not build.
pub fn build(name: &str, dependencies: &str, main: &str) -> Option<Built> {
    let directory = std::env::temp_dir().join(format!("rutheus-bench-{}-{name}", std::process::id()));
    let built = build_in(&directory, dependencies, main);
    let _ = fs::remove_dir_all(&directory);
    if built.is_none() {
        eprintln!("the minimal program of {name} does not build");
    }
    built
}

fn build_in(directory: &Path, dependencies: &str, main: &str) -> Option<Built> {
    fs::create_dir_all(directory.join("src")).ok()?;
    let manifest = format!(
        "[package]\nname = \"minimal\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [profile.release]\nstrip = true\n[dependencies]\n{dependencies}\n"
    );
    fs::write(directory.join("Cargo.toml"), manifest).ok()?;
    fs::write(directory.join("src/main.rs"), main).ok()?;
    // The versions are those of the bench.
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"), directory.join("Cargo.lock")).ok()?;
    let cargo = |args: &[&str]| {
        Command::new("cargo")
            .args(args)
            .arg("--offline")
            .current_dir(directory)
            .env("CARGO_TARGET_DIR", directory.join("target"))
            .env_remove("RUSTFLAGS")
            .stderr(Stdio::piped())
            .output()
            .ok()
            .filter(|output| {
                if !output.status.success() {
                    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
                }
                output.status.success()
            })
    };
    let tree = cargo(&["tree", "--prefix", "none", "--edges", "normal,build", "--format", "{p}"])?;
    let mut crates: Vec<String> = String::from_utf8_lossy(&tree.stdout)
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect();
    crates.sort();
    crates.dedup();
    let before = children_time();
    cargo(&["build", "--release"])?;
    let seconds = children_time() - before;
    let binary = directory.join("target/release/minimal");
    if !main.contains("fn main() {}") {
        let page = Command::new(&binary).output().ok()?;
        assert!(String::from_utf8_lossy(&page.stdout).contains(" 1"), "the program shows its counter");
    }
    let bytes = fs::metadata(binary).ok()?.len() as f64;
    Some(Built { crates: crates.len() as f64 - 1.0, seconds, bytes })
}

/// CPU seconds of all processes that this one started and waited for.
fn children_time() -> f64 {
    // SAFETY: a struct of zeroes is a valid one, and it outlives the call, which writes it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
