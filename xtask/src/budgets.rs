//! How many instructions an operation may take, counted by callgrind: a figure that does not depend on how
//! busy the machine is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::metadata::Metadata;
use crate::steps::{Outcome, Steps, cargo, is_there, read, root, run};
use crate::tools;

const TABLE: &str = "docs/budgets.md";
const TIMES: u64 = 10_000;
/// By how much `--bless` sets a ceiling above what was counted, in percent: compilers and hash keys differ.
const MARGIN: f64 = 10.0;

/// One row of the table: | `operation` | ceiling | why |
struct Budget {
    operation: String,
    ceiling: f64,
}

/// Fails if an operation takes more than its ceiling, or has none. With `--bless`, sets the ceilings anew.
pub(crate) fn run_task(steps: &mut Steps, arguments: &[String]) -> Outcome {
    steps.step("instruction budgets");
    if !is_there(&mut Command::new("valgrind")) {
        let what = "the instruction budgets were not checked";
        return tools::without(steps, what, "`apt-get install valgrind`");
    }
    run(&mut cargo(["build", "--quiet", "--release", "--package", "budgets"]))?;
    let program = Metadata::load()?.target_directory().join("release/budgets");
    let counted = count(&program)?;

    let path = root().join(TABLE);
    let text = fs::read_to_string(&path).map_err(|error| format!("{TABLE}: {error}"))?;
    if arguments.iter().any(|argument| argument == "--bless") {
        return fs::write(&path, blessed(&text, &counted)).map_err(|error| format!("{TABLE}: {error}"));
    }
    let budgets = parse(&text);
    let mut over = Vec::new();
    println!("{:<24} {:>10} {:>10}", "operation", "counted", "ceiling");
    for (operation, counted) in &counted {
        let Some(budget) = budgets.iter().find(|budget| budget.operation == *operation) else {
            over.push(format!("{operation} has no ceiling in {TABLE}"));
            continue;
        };
        println!("{operation:<24} {counted:>10.1} {:>10.1}", budget.ceiling);
        if *counted > budget.ceiling {
            over.push(format!(
                "{operation} takes {counted:.1} instructions, and {:.1} are allowed",
                budget.ceiling
            ));
        }
    }
    let stale = budgets.iter().filter(|budget| !counted.contains_key(&budget.operation));
    over.extend(stale.map(|budget| format!("{} has a ceiling and is not counted", budget.operation)));
    if over.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}; make it cheaper, or raise its ceiling in {TABLE} and say why in the commit",
        over.join("; ")
    ))
}

/// Instructions of each operation, without those of the loop around it.
fn count(program: &Path) -> Outcome<BTreeMap<String, f64>> {
    let list = read(Command::new(program).arg("--list"))?;
    let mut counted = BTreeMap::new();
    for operation in list.lines() {
        counted.insert(operation.to_owned(), collected(program, operation)? as f64 / TIMES as f64);
    }
    let around = counted.remove("nothing").ok_or("nothing was counted")?;
    for (operation, count) in &mut counted {
        // What encodes runs once, over as many series.
        if !operation.starts_with("encode") {
            *count -= around;
        }
    }
    Ok(counted)
}

fn collected(program: &Path, operation: &str) -> Outcome<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--toggle-collect=*budgets::measured*",
    ]);
    valgrind.arg(program).args([operation, &TIMES.to_string()]);
    let output = valgrind.output().map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let number = text.lines().find_map(|line| line.split_once("Collected :"));
    let number = number.and_then(|(_, number)| number.trim().parse().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| format!("valgrind counted nothing for {operation}:\n{text}"))
}

fn parse(table: &str) -> Vec<Budget> {
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let operation = cells.next()?.strip_suffix('`')?.to_owned();
        Some(Budget { operation, ceiling: cells.next()?.parse().ok()? })
    });
    rows.collect()
}

/// The table with new ceilings.
fn blessed(table: &str, counted: &BTreeMap<String, f64>) -> String {
    let lines = table.lines().map(|line| {
        let operation = line.strip_prefix("| `").and_then(|rest| Some(rest.split_once('`')?.0));
        match operation.and_then(|operation| Some((operation, counted.get(operation)?))) {
            None => line.to_owned(),
            Some((operation, counted)) => {
                let why = line.splitn(4, '|').nth(3).unwrap_or_default();
                format!("| `{operation}` | {:.0} |{why}", (counted * (1.0 + MARGIN / 100.0)).ceil())
            }
        }
    });
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_is_read_and_set() {
        let table = "# Title\n\n| Operation | Ceiling | Why |\n|---|---:|---|\n| `inc` | 12 | one add |\n";
        let budgets = parse(table);
        assert_eq!((&*budgets[0].operation, budgets[0].ceiling, budgets.len()), ("inc", 12.0, 1));
        let counted = BTreeMap::from([("inc".to_owned(), 20.0)]);
        assert_eq!(blessed(table, &counted), table.replace("| 12 |", "| 22 |"));
    }
}
