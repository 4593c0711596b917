use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The error is one line for whoever ran the task.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// Prints a heading for each step and counts them.
pub(crate) struct Steps {
    start: Instant,
    done: usize,
    notes: Vec<String>,
}

impl Steps {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), done: 0, notes: Vec::new() }
    }

    /// Begins a step.
    pub(crate) fn step(&mut self, what: &str) {
        self.done += 1;
        println!("\n== {what}");
    }

    /// Says `what` at the end, where it is seen.
    pub(crate) fn note(&mut self, what: &str) {
        self.notes.push(what.to_owned());
    }

    pub(crate) fn finish(&self, task: &str) {
        if self.done == 0 {
            return;
        }
        println!();
        for note in &self.notes {
            println!("note: {note}");
        }
        println!("cargo xtask {task}: {} steps, {} s, all well", self.done, self.start.elapsed().as_secs());
    }
}

/// A command of the cargo that runs this, in the root of the workspace.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// The root of the workspace that `cargo xtask` was called in. Asked at run time: checkouts that share a
/// target directory share the binary.
pub(crate) fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    xtask.parent().expect("xtask is a folder of the workspace").to_owned()
}

/// Runs a command, whose output is seen.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = line_of(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed ({status})")),
        Err(error) => Err(format!("`{line}` could not be run: {error}")),
    }
}

/// Runs a command and returns what it prints.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let line = line_of(command);
    let output = command.output().map_err(|error| format!("`{line}` could not be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{line}`: {error}"))
}

/// Whether a command is there, which is asked with `--version`.
pub(crate) fn is_there(command: &mut Command) -> bool {
    command.arg("--version").output().is_ok_and(|output| output.status.success())
}

pub(crate) fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
