//! How many pages are written at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pipe::Line;

/// How long the client of a scrape may keep its writer waiting while other scrapes wait for their turn.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often one that waits looks for a client that has to give way.
const LOOK: Duration = Duration::from_millis(100);

/// The scrapes of one handler: no more at a time than there are turns.
#[derive(Debug)]
pub(crate) struct Scrapes {
    at_a_time: usize,
    turns: Arc<Semaphore>,
    running: Mutex<Vec<Weak<Line>>>,
}

/// The right to write a page. Held until the writer ends, also where the client is gone: a collector that
/// hangs cannot pile up.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Scrapes {
    pub(crate) fn new(at_a_time: usize) -> Self {
        let at_a_time = at_a_time.clamp(1, Semaphore::MAX_PERMITS);
        Self { at_a_time, turns: Arc::new(Semaphore::new(at_a_time)), running: Mutex::default() }
    }

    pub(crate) fn at_a_time(&self) -> usize {
        self.at_a_time
    }

    /// Waits for a turn. While it does, the client that has kept its writer waiting for longest, and for
    /// longer than a second, is cut off.
    pub(crate) async fn turn(&self) -> Turn {
        let mut acquire = std::pin::pin!(self.turns.clone().acquire_owned());
        loop {
            tokio::select! {
                permit = &mut acquire => match permit {
                    Ok(permit) => return Turn { _permit: permit },
                    // Never closed.
                    Err(_) => std::future::pending().await,
                },
                () = tokio::time::sleep(LOOK) => self.cut_off_the_slowest(),
            }
        }
    }

    pub(crate) fn add(&self, line: &Arc<Line>) {
        let mut running = self.running();
        running.retain(|other| other.strong_count() > 0);
        running.push(Arc::downgrade(line));
    }

    fn cut_off_the_slowest(&self) {
        let running: Vec<_> = self.running().iter().filter_map(Weak::upgrade).collect();
        let slowest = running.iter().map(|line| (line.stalled(), line)).max_by_key(|(stalled, _)| *stalled);
        if let Some((stalled, line)) = slowest {
            if stalled > PATIENCE {
                line.cut();
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Weak<Line>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
