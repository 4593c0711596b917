use crate::metadata::{Metadata, text};
use crate::readme;
use crate::steps::{Outcome, Steps, cargo, root, run};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Everything about the code that can be told without running it.
pub(crate) fn run_task(steps: &mut Steps, _: &[String]) -> Outcome {
    steps.step("format");
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    for package in ["fuzz", "xtask/api"] {
        run(cargo(["fmt", "--check"]).current_dir(root().join(package)))?;
    }

    let metadata = Metadata::load()?;
    steps.step("lints: everything");
    run(&mut cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    for shipped in metadata.shipped() {
        for features in shipped.combinations() {
            steps.step(&format!("lints: {} with features [{features}]", shipped.name));
            let mut clippy = cargo(["clippy", "--quiet", "--lib", "--no-default-features"]);
            clippy.args(["--package", &shipped.name, "--features", &features, "--", "-D", "warnings"]);
            run(&mut clippy)?;
        }
    }

    steps.step("docs");
    let mut docs =
        cargo(["doc", "--quiet", "--workspace", "--exclude", "xtask", "--no-deps", "--all-features"]);
    run(docs.env("RUSTDOCFLAGS", "-D warnings"))?;

    steps.step("README: its commands are tasks, and what it links to is there");
    readme::check()?;

    steps.step("licences and sources");
    licences_and_sources(&metadata)
}

/// Every dependency comes from crates.io and may be used under a permissive licence.
fn licences_and_sources(metadata: &Metadata) -> Outcome {
    let mut bad = Vec::new();
    let mut count = 0;
    for package in metadata.packages() {
        count += 1;
        let (name, licence) = (text(&package["name"]), text(&package["license"]));
        if !is_permissive(licence) {
            bad.push(format!("{name} has the licence {licence:?}"));
        }
        if !package["source"].is_null() && text(&package["source"]) != REGISTRY {
            bad.push(format!("{name} comes from {}", package["source"]));
        }
    }
    if bad.is_empty() {
        println!("{count} packages");
        Ok(())
    } else {
        Err(bad.join("; "))
    }
}

/// Whether an expression of SPDX, or the older one with slashes, leaves a way with permissive licences
/// only.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let Some((before, after)) = expression.split_once('(') else { return any_permissive(&expression) };
    // A part in parentheses stands for a licence that is permissive or is not.
    let mut depth = 1;
    for (at, character) in after.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let inner = if is_permissive(&after[..at]) { "MIT" } else { "unknown" };
            return is_permissive(&format!("{before}{inner}{}", &after[at + 1..]));
        }
    }
    false
}

/// The same without parentheses: `AND` binds closer than `OR`.
fn any_permissive(expression: &str) -> bool {
    expression
        .split(" OR ")
        .any(|choice| choice.split(" AND ").all(|licence| PERMISSIVE.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_permissive_choice_is_enough_and_every_part_of_it_counts() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "MIT AND Zlib",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "((MIT))",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(is_permissive(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
            "(MIT",
            "AGPL-3.0 OR MPL-2.0",
        ] {
            assert!(!is_permissive(bad), "{bad}");
        }
    }
}
