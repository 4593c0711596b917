//! Which compiler it is that builds this, and so the program that this is in: nothing else knows it.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    // "rustc 1.85.0 (4d91de4e4 2025-02-17)"
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    println!(
        "cargo::rustc-env=METRICS_PROCESS_RUSTC={}",
        version.split(' ').nth(1).unwrap_or_default().trim()
    );
}
