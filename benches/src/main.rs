//! rutheus beside its peers: one run, one table.
//!
//! ```text
//! cargo xtask bench -- [--save] [--quick] [--only SUBSTRING]
//! ```
//!
//! Rows are operations, columns the limit of the machine, rutheus, and the peers. `--save` puts the
//! table into `docs/performance.md`, `--only` measures the rows whose names contain a text, `--quick`
//! takes fewer windows and leaves out what takes long. How it is kept honest: see `harness`.

mod alloc;
mod callgrind;
mod harness;
mod minimal;
mod ops;
mod peers;
mod rows;
mod table;

use std::fmt::Write;
use std::fs;
use std::process::{Command, ExitCode};

use crate::harness::Harness;
use crate::ops::Library;
use crate::rows::Run;

fn main() -> ExitCode {
    let libraries = peers::all();
    let mut args = std::env::args().skip(1);
    let (mut save, mut quick, mut only) = (false, false, None);
    let (mut callgrind, mut library) = (None, String::new());
    while let Some(arg) = args.next() {
        match &*arg {
            "--save" => save = true,
            "--quick" => quick = true,
            "--only" => only = args.next(),
            "--callgrind-op" => callgrind = args.next(),
            "--library" => library = args.next().unwrap_or_default(),
            _ => {
                eprintln!("usage: benches [--save] [--quick] [--only SUBSTRING]");
                return ExitCode::from(2);
            }
        }
    }
    if let Some(name) = callgrind {
        callgrind::child(&libraries, &library, &name);
        return ExitCode::SUCCESS;
    }

    print!("{}", table::head(&libraries));
    let print = |row: &table::Row| print!("{}", table::line(row, &libraries));
    let harness = Harness::new(if quick { 4 } else { 16 });
    let partly = only.is_some() || quick;
    let mut run = Run { libraries: &libraries, harness, only, quick, rows: Vec::new(), print: &print };
    run.all();

    let text = report(&run, &libraries);
    println!("\n{}", text.1);
    if save {
        if partly {
            eprintln!("--save wants a whole run: without --quick and --only");
            return ExitCode::FAILURE;
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");
        if let Err(error) = save_to(path, &format!("{}\n{}", text.0, text.1)) {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
        eprintln!("saved to {path}");
    }
    ExitCode::SUCCESS
}

/// The table, and what is to be known about it.
fn report(run: &Run<'_>, libraries: &[&dyn Library]) -> (String, String) {
    let mut rows = table::head(libraries);
    for row in &run.rows {
        rows.push_str(&table::line(row, libraries));
    }
    let mut spreads: Vec<f64> = run
        .rows
        .iter()
        .flat_map(|row| row.cells.iter().flatten())
        .map(|cell| cell.spread)
        .filter(|s| *s > 0.0)
        .collect();
    spreads.sort_by(f64::total_cmp);
    let spread =
        |share: f64| spreads.get((spreads.len() as f64 * share) as usize).copied().unwrap_or(0.0) * 100.0;
    let thrown = 100.0 * (run.harness.windows - run.harness.kept) as f64 / run.harness.windows.max(1) as f64;
    let mut notes = String::new();
    let _ = writeln!(
        notes,
        "ns per operation unless the row says otherwise; less is better. Noise: {thrown:.0} % of {} windows were \
         thrown away because a thread lost its core; the middle half of the windows of a figure is spread over \
         {:.0} % of it typically, {:.0} % for one figure in ten. An empty cell: the library does not offer the \
         operation, or every window of it was thrown away.\n",
        run.harness.windows,
        spread(0.5),
        spread(0.9),
    );
    let _ = writeln!(
        notes,
        "Machine: {}, {} cores. {}. {}.\n",
        cpu_model(),
        std::thread::available_parallelism().map_or(1, usize::from),
        first_line("rustc", &["--version"]),
        first_line("date", &["-u", "+%Y-%m-%d"]),
    );
    let lock = include_str!("../Cargo.lock");
    let versions: Vec<String> = libraries
        .iter()
        .flat_map(|library| library.packages())
        .filter_map(|package| Some(format!("{package} {}", version(lock, package)?)))
        .collect();
    let _ = writeln!(notes, "Versions: {}.\n", versions.join(", "));
    for library in libraries {
        if let Some(note) = library.note() {
            let _ = writeln!(notes, "- {}: {note}.", library.name());
        }
    }
    (rows, notes)
}

fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    // Of two versions the newer one stands last.
    let (_, rest) = lock.rsplit_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0)
}

fn cpu_model() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, model)| model.to_owned())
}

fn first_line(command: &str, args: &[&str]) -> String {
    let output = Command::new(command).args(args).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Replaces what is between the two marks, and leaves the rest of the file as it is.
fn save_to(path: &str, text: &str) -> std::io::Result<()> {
    const MARKS: [&str; 2] = ["<!-- table -->", "<!-- /table -->"];
    let empty = format!("# Performance\n\n{}\n{}\n", MARKS[0], MARKS[1]);
    let file = if fs::exists(path)? { fs::read_to_string(path)? } else { empty };
    let parts =
        file.split_once(MARKS[0]).and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?.1)));
    let Some((before, after)) = parts else {
        return Err(std::io::Error::other(format!("has no {} and {}", MARKS[0], MARKS[1])));
    };
    fs::write(path, format!("{before}{}\n\n{text}\n{}{after}", MARKS[0], MARKS[1]))
}
