//! Commands that may stand still.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::steps::{Outcome, read};

/// Runs a command, and ends it, with whatever it has started, if it takes longer than `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    let name = format!("{command:?}");
    let mut child = command.spawn().map_err(|error| format!("{name} could not be run: {error}"))?;
    let end = Instant::now() + limit;
    loop {
        match child.try_wait().map_err(|error| format!("{name}: {error}"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{name} failed ({status})")),
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(50)),
            None => break,
        }
    }
    let started = descendants(child.id());
    let _ = child.kill();
    let _ = child.wait();
    for process in started {
        // It may have ended with the one that started it.
        let _ = read(Command::new("kill").args(["-KILL", &process.to_string()]));
    }
    let seconds = limit.as_secs();
    Err(format!(
        "{name} did not end within {seconds} s: of a test, the last one that was said to have been running for over \
         60 seconds stands still"
    ))
}

/// Every process below this one, on systems that have `/proc`.
fn descendants(of: u32) -> Vec<u32> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        if let Some(parent) = after.split_whitespace().nth(1).and_then(|parent| parent.parse().ok()) {
            parents.insert(process, parent);
        }
    }
    let is_below = |process: &u32| {
        std::iter::successors(parents.get(process), |parent| parents.get(*parent)).take(64).any(|p| *p == of)
    };
    let mut below: Vec<u32> = parents.keys().copied().filter(is_below).collect();
    below.sort_unstable();
    below
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_stands_still_is_ended_with_what_it_started() {
        // The shell goes on after the first one, so that that is a process below it.
        let seconds = format!("7654.{}", std::process::id());
        let mut still = Command::new("sh");
        still.args(["-c", &format!("sleep {seconds}; true")]);
        let error = run_within(&mut still, Duration::from_millis(300)).unwrap_err();
        assert!(error.contains("sleep 7654") && error.contains("did not end"), "{error}");
        let left = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
            fs::read(entry.path().join("cmdline"))
                .is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| word == seconds.as_bytes()))
        });
        // The kernel may take a moment to put it away.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(left.count(), 0);
        assert!(run_within(Command::new("sh").args(["-c", "exit 0"]), Duration::from_secs(30)).is_ok());
        assert!(run_within(Command::new("sh").args(["-c", "exit 3"]), Duration::from_secs(30)).is_err());
    }
}
