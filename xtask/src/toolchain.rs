//! Toolchains that can build the standard library from its source: for sanitizers, which must see all of
//! the code, and for targets that nobody ships it for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::metadata::Metadata;
use crate::steps::{Outcome, cargo, read, root, run};
use crate::tools;

/// What to say where there is none.
pub(crate) const HOW: &str =
    "it needs the source of the standard library: `rustup component add rust-src`, or a Debian with apt-get";

/// A cargo that may be asked to build the standard library.
pub(crate) enum Toolchain {
    /// The one that runs this, or the nightly one, with the component `rust-src`.
    Rustup(Option<&'static str>),
    /// Debian's, unpacked into the target directory and not installed.
    Debian(PathBuf),
}

impl Toolchain {
    pub(crate) fn find(metadata: &Metadata) -> Outcome<Option<Self>> {
        for name in [None, Some("+nightly")] {
            let sysroot = read(Command::new("rustc").args(name).args(["--print", "sysroot"]));
            let source = "lib/rustlib/src/rust/library/std/src/lib.rs";
            if sysroot.is_ok_and(|sysroot| Path::new(sysroot.trim()).join(source).is_file()) {
                return Ok(Some(Self::Rustup(name)));
            }
        }
        let is_debian = ["apt-get", "apt-cache", "dpkg"].iter().all(|tool| tools::find(tool).is_some());
        if is_debian && cfg!(target_arch = "x86_64") { debian(metadata).map(Some) } else { Ok(None) }
    }

    /// A command of its cargo, with a target directory of its own, as another toolchain or other flags
    /// would have everything built again, back and forth.
    pub(crate) fn cargo(&self, target_directory: &Path, flags: &str) -> Command {
        let mut command = match self {
            Self::Rustup(name) => {
                let mut command = Command::new("cargo");
                command.args(*name).env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTDOC");
                command
            }
            Self::Debian(folder) => {
                let mut command = Command::new(folder.join("usr/bin/cargo"));
                command.env("LD_LIBRARY_PATH", folder.join(LIBRARIES));
                command.env("RUSTC", folder.join("usr/bin/rustc"));
                command.env("RUSTDOC", folder.join("usr/bin/rustdoc"));
                command
            }
        };
        // The tests find the cargo that runs them in here too.
        command.env_remove("RUSTUP_TOOLCHAIN").env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags);
        command.env("CARGO_TARGET_DIR", target_directory).current_dir(root());
        command
    }
}

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
pub(crate) const HOST: &str = "x86_64-unknown-linux-gnu";

/// Downloads and unpacks Debian's toolchain, unless it is there already.
fn debian(metadata: &Metadata) -> Outcome<Toolchain> {
    let folder = metadata.target_directory().join("debian");
    let root = folder.join("root");
    if folder.join("complete").is_file() {
        return Ok(Toolchain::Debian(root));
    }
    let packages = folder.join("packages");
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&packages).map_err(fail)?;
    fs::create_dir_all(&root).map_err(fail)?;

    println!("fetching Debian's Rust into {}", folder.display());
    let names = packages_with_dependencies()?;
    // From the package lists that are there; if they are too old, from new ones.
    let mut fetch = Command::new("apt-get");
    fetch.args(["-qq", "download"]).args(&names).current_dir(&packages);
    if run(&mut fetch).is_err() {
        run(Command::new("apt-get").args(["-qq", "update"]))?;
        run(&mut fetch)?;
    }
    for package in fs::read_dir(&packages).map_err(fail)? {
        run(Command::new("dpkg").arg("-x").arg(package.map_err(fail)?.path()).arg(&root))?;
    }
    fs::remove_dir_all(&packages).map_err(fail)?;
    // Debian leaves the run-time libraries of the sanitizers out.
    let own = read(Command::new("rustc").args(["--print", "sysroot"]).env_remove("RUSTUP_TOOLCHAIN"))?;
    let library = format!("lib/rustlib/{HOST}/lib/librustc-stable_rt.tsan.a");
    let to = root.join("usr").join(&library);
    // Without it only the task that needs it fails.
    let _ = fs::copy(Path::new(own.trim()).join(&library), to);
    fs::write(folder.join("complete"), "").map_err(fail)?;
    Ok(Toolchain::Debian(root))
}

/// The packages of the toolchain, and the libraries of theirs that may not be installed: names have the
/// versions in them, and move.
fn packages_with_dependencies() -> Outcome<Vec<String>> {
    let mut names: Vec<String> =
        ["rustc-web", "cargo-web", "libstd-rust-web-dev", "rust-web-src"].map(str::to_owned).into();
    let mut at = 0;
    while let Some(name) = names.get(at) {
        at += 1;
        let listed = read(Command::new("apt-cache").args(["depends", "--important", name]));
        let Ok(listed) = listed else { return Err(format!("apt-cache knows no {name}: `apt-get update`")) };
        let dependencies = listed.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
        let wanted = ["libstd-rust-web", "libllvm", "libgit2", "libhttp-parser", "libmbed", "llvm-"];
        for dependency in dependencies {
            if wanted.iter().any(|prefix| dependency.starts_with(prefix))
                && !names.iter().any(|n| n == dependency)
            {
                names.push(dependency.to_owned());
            }
        }
    }
    Ok(names)
}

/// Whether the cargo that runs this has a rustc that takes unstable flags if it is told to.
pub(crate) fn bootstrapped(arguments: &[&str], flags: &str) -> Command {
    let mut command = cargo(arguments.iter().copied());
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags);
    command
}
