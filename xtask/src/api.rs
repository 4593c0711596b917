//! The public API of every published crate, as it is on record in `docs/api`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::metadata::{Metadata, Shipped};
use crate::steps::{Outcome, Steps, cargo, root, run};
use crate::tools;

/// In their public signatures there is nothing of anybody else's.
const CORE: [&str; 3] = ["metrics-core", "metrics-registry", "metrics-exposition"];

/// Fails if the public API is not the one on record, or a core crate shows a type of another one's. With
/// `--bless`, records what there is.
pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("public API");
    let bless = arguments.iter().any(|argument| argument == "--bless");
    let metadata = Metadata::load()?;
    let target = metadata.target_directory().join("api");
    let mut build = cargo(["build", "--quiet", "--manifest-path", "xtask/api/Cargo.toml"]);
    run(build.env("CARGO_TARGET_DIR", &target))?;

    let mut changes = Vec::new();
    for shipped in metadata.shipped() {
        let name = &shipped.name;
        let Some(listing) = listing(&shipped, &metadata)? else {
            let what = "the public API was not compared";
            return tools::without(steps, what, "run it with the Rust that `xtask/api` is made for, 1.95");
        };
        let foreign = foreign(&listing);
        if CORE.contains(&&**name) && !foreign.is_empty() {
            changes.push(format!("the public API of {name} shows what is of {}", join(&foreign)));
        }
        let path = root().join("docs/api").join(format!("{name}.txt"));
        if bless {
            fs::write(&path, &listing).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            let recorded = fs::read_to_string(&path).unwrap_or_default();
            changes.extend(difference(name, &recorded, &listing));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    changes.iter().for_each(|change| println!("{change}"));
    Err("the public API is not the one on record: if that is meant, say so in CHANGELOG.md and run \
         `cargo xtask api --bless`"
        .to_owned())
}

/// One item a line; `None` if this toolchain writes another format than is read.
fn listing(shipped: &Shipped, metadata: &Metadata) -> Outcome<Option<String>> {
    let target = metadata.target_directory().join("api");
    let mut docs = cargo(["rustdoc", "--quiet", "--lib", "--all-features", "--package", &shipped.name]);
    docs.args(["--", "-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"]);
    run(docs.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", &target))?;
    let json = target.join("doc").join(shipped.name.replace('-', "_")).with_extension("json");
    let mut api = Command::new(target.join("debug/api"));
    let output = api.arg(json).output().map_err(|error| format!("xtask/api: {error}"))?;
    if output.status.success() {
        let listing = String::from_utf8(output.stdout).map_err(|error| format!("xtask/api: {error}"))?;
        println!("{}: {} items", shipped.name, listing.lines().count());
        return Ok(Some(listing));
    }
    print!("{}", String::from_utf8_lossy(&output.stderr));
    Ok(None)
}

/// Crates other than ours and the standard library that paths begin with.
fn foreign(listing: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ours =
        |name: &str| matches!(name, "core" | "alloc" | "std" | "rutheus") || name.starts_with("metrics_");
    let mut foreign = BTreeSet::new();
    for (at, _) in listing.match_indices("::") {
        let start = listing[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        let (before, name) = (&listing[..start], &listing[start..at]);
        let is_root = !before.ends_with("::") && name.starts_with(|c: char| c.is_ascii_lowercase());
        if is_root && !ours(name) {
            foreign.insert(name);
        }
    }
    foreign
}

fn difference(name: &str, recorded: &str, now: &str) -> Vec<String> {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (recorded.lines().collect(), now.lines().collect());
    let removed = old.difference(&new).map(|item| format!("{name}: removed: {item}"));
    let added = new.difference(&old).map(|item| format!("{name}: added:   {item}"));
    removed.chain(added).collect()
}

fn join(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_others_is_found() {
        let listing = "pub fn metrics_core::a(std::string::String) -> M::Options\n\
                       pub fn metrics_core::b(dashmap::DashMap<K, core::option::Option<arc_swap::Guard>>)\n";
        assert_eq!(join(&foreign(listing)), "arc_swap, dashmap");
    }

    #[test]
    fn what_came_and_went_is_told() {
        assert_eq!(difference("c", "a\nb\n", "b\nd\n"), ["c: removed: a", "c: added:   d"]);
        assert!(difference("c", "a\n", "a\n").is_empty());
    }
}
