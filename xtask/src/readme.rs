use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::TASKS;
use crate::steps::{Outcome, root};

/// The README's commands are tasks, and every link to a file in the texts leads to one. (Its code is
/// compiled and run as doc tests of the facade.)
pub(crate) fn check() -> Outcome {
    let readme = read(&root().join("README.md"))?;
    let named = named_tasks(&readme);
    for task in ["demo", "test"] {
        if !named.contains(task) {
            return Err(format!("README.md does not name `cargo xtask {task}`"));
        }
    }

    let mut bad = Vec::new();
    let texts = texts()?;
    for path in &texts {
        let text = read(path)?;
        let file = path.strip_prefix(root()).unwrap_or(path).display();
        for task in named_tasks(&text) {
            if !TASKS.iter().any(|known| known.name == task) {
                bad.push(format!("{file} names `cargo xtask {task}`, which is not a task"));
            }
        }
        for link in links(&text) {
            if !path.with_file_name(&link).exists() {
                bad.push(format!("{file} links to {link}, which is not there"));
            }
        }
    }
    if bad.is_empty() {
        println!("{} texts", texts.len());
        Ok(())
    } else {
        Err(bad.join("; "))
    }
}

fn texts() -> Outcome<Vec<PathBuf>> {
    let mut folders = vec![root(), root().join("docs")];
    folders.extend(entries(&root().join("crates"))?);
    let mut texts = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let files = entries(folder)?.into_iter();
        texts.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    Ok(texts)
}

fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn named_tasks(text: &str) -> BTreeSet<&str> {
    let tasks = text.split("cargo xtask ").skip(1).filter_map(|rest| {
        rest.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-')).next()
    });
    // `--help` is none.
    tasks.filter(|task| !task.is_empty() && !task.starts_with('-')).collect()
}

/// The targets of links in the text that are files beside it, without anchors.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .filter_map(|target| target.split('#').next())
        // Code of Rust in the text can look like a link.
        .filter(|target| target.contains('/') || target.contains('.'))
        .filter(|target| !target.contains(|character: char| character.is_whitespace() || character == '"'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_links_are_found() {
        let text = "Run `cargo xtask demo`, or `cargo xtask test`. [a](docs/a.md#top) [b](https://b) [c](#c)";
        assert_eq!(named_tasks(text).into_iter().collect::<Vec<_>>(), ["demo", "test"]);
        assert_eq!(links(text), ["docs/a.md"]);
    }
}
