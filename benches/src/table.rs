//! One markdown table: rows are operations, columns the libraries.

use std::fmt::Write;

use crate::harness::Measured;
use crate::ops::Library;

pub const LIMIT: usize = 0;
pub const OURS: usize = 1;

/// What one operation cost, for each library in the order of `peers::all`.
pub struct Row {
    pub name: String,
    pub cells: Vec<Option<Measured>>,
    pub goals: Vec<Goal>,
}

/// The goal for our figure. Every figure is a cost: less is better.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// At most so many times the limit.
    Limit(f64),
    /// At least so many times less than the best peer.
    Best(f64),
    /// At least so many times less than this peer.
    Than(&'static str, f64),
    /// At least so many times less than the best of the peers but this one.
    Others(&'static str, f64),
    /// The same, of those whose histograms are consistent.
    OtherConsistent(&'static str, f64),
    /// Less than every peer that checks for duplicates.
    Checking,
    /// At most this.
    Most(f64),
    /// At most so many times this, which is another row's figure.
    Flat(f64, f64),
    /// At most so many times as much as the peer with the least but one.
    SecondLeast,
}

impl Row {
    pub fn figure(&self, column: usize) -> Option<f64> {
        self.cells[column].map(|cell| cell.median)
    }

    fn best(&self, libraries: &[&dyn Library], counts: impl Fn(&dyn Library) -> bool) -> Option<f64> {
        (OURS + 1..self.cells.len())
            .filter(|column| counts(libraries[*column]))
            .filter_map(|column| self.figure(column))
            .min_by(f64::total_cmp)
    }
}

impl Goal {
    /// What is asked, and whether it is so.
    fn judge(self, row: &Row, libraries: &[&dyn Library]) -> Option<String> {
        let ours = row.figure(OURS)?;
        let times = |asked: f64, than: &str, other: f64| {
            let reached = other / ours;
            let verdict = if reached >= asked { "ok".into() } else { format!("**missed: {reached:.2}**") };
            format!("≥ {}× {than}: {verdict}", short(asked))
        };
        let most = |asked: f64, of: &str, reached: f64| {
            let verdict =
                if reached <= asked { "ok".into() } else { format!("**missed: {}**", short(reached)) };
            format!("≤ {}{of}: {verdict}", short(asked))
        };
        Some(match self {
            Goal::Limit(asked) => most(asked, "× limit", ours / row.figure(LIMIT)?),
            Goal::Best(asked) if asked <= 1.0 => {
                most(1.0 / asked, "× best peer", ours / row.best(libraries, |_| true)?)
            }
            Goal::Best(asked) => times(asked, "best peer", row.best(libraries, |_| true)?),
            Goal::Than(peer, asked) => times(asked, peer, row.best(libraries, |l| l.name() == peer)?),
            Goal::Others(peer, asked) => times(asked, "others", row.best(libraries, |l| l.name() != peer)?),
            Goal::OtherConsistent(peer, asked) => times(
                asked,
                "other consistent",
                row.best(libraries, |l| l.name() != peer && l.histograms_are_consistent())?,
            ),
            Goal::Checking => {
                times(1.0, "peers that check", row.best(libraries, |l| l.registration_checks())?)
            }
            Goal::Most(asked) => most(asked, "", ours),
            Goal::Flat(asked, before) => most(asked, "× the row above", ours / before),
            Goal::SecondLeast => {
                let mut peers: Vec<f64> = (OURS + 1..row.cells.len()).filter_map(|c| row.figure(c)).collect();
                peers.sort_by(f64::total_cmp);
                times(1.0, "every peer but the least", *peers.get(1)?)
            }
        })
    }
}

/// A figure in three digits.
pub fn short(v: f64) -> String {
    match v.abs() {
        v2 if v2 >= 99.95 => {
            let digits = format!("{v:.0}");
            let mut out = String::new();
            for (i, c) in digits.chars().enumerate() {
                if i > 0 && (digits.len() - i) % 3 == 0 && c.is_ascii_digit() {
                    out.push(',');
                }
                out.push(c);
            }
            out
        }
        v2 if v2 >= 9.995 => trim(format!("{v:.1}")),
        _ => trim(format!("{v:.2}")),
    }
}

fn trim(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub fn head(libraries: &[&dyn Library]) -> String {
    let mut out = String::from("| Operation |");
    for library in libraries {
        let _ = write!(out, " {} |", library.name());
    }
    out.push_str(" rutheus / limit | best peer / rutheus | goal |\n|---|");
    out.push_str(&"---:|".repeat(libraries.len() + 2));
    out.push_str("---|\n");
    out
}

pub fn line(row: &Row, libraries: &[&dyn Library]) -> String {
    let mut out = format!("| {} |", row.name);
    for (column, cell) in row.cells.iter().enumerate() {
        match cell {
            Some(cell) if column == OURS => _ = write!(out, " **{}** |", short(cell.median)),
            Some(cell) => _ = write!(out, " {} |", short(cell.median)),
            None => out.push_str(" |"),
        }
    }
    let ours = row.figure(OURS).filter(|ours| *ours > 0.0);
    for ratio in [
        ours.zip(row.figure(LIMIT)).map(|(ours, limit)| ours / limit),
        ours.zip(row.best(libraries, |_| true).filter(|best| *best > 0.0)).map(|(ours, best)| best / ours),
    ] {
        match ratio.filter(|ratio| ratio.is_finite()) {
            Some(ratio) => _ = write!(out, " {ratio:.2} |"),
            None => out.push_str(" |"),
        }
    }
    let goals: Vec<String> = row.goals.iter().filter_map(|goal| goal.judge(row, libraries)).collect();
    let _ = writeln!(out, " {} |", goals.join("; "));
    out
}
