//! Series that leave by themselves: those that nobody has used for a time, and those whose owner is gone.
//!
//! Invariants:
//! 1. In a family whose series expire, whoever has one has a lease on it; there is one lease for all of
//!    them, and the series is idle from the moment when the lease is dropped.
//! 2. A series leaves under the lock of the table. Whoever takes a lease or becomes an owner does so under
//!    that lock as well, and is refused if the series has left: so none leaves that is held.
//! 3. A series leaves only after a scrape that began when it was idle, or without owner, has shown it.
//!
//! The lock of the table is taken before that of the order. No lease is dropped under it.

use alloc::sync::{Arc, Weak};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Instant;

use super::store::Series;
use crate::sync::{Mutex, MutexGuard};

pub(super) struct Lifecycle<M> {
    table: Mutex<Table<M>>,
}

struct Table<M> {
    /// By the address of the block, which is its own as the block is held, and the place in it.
    known: HashMap<(usize, usize), Known<M>>,
    scrapes: u64,
}

struct Known<M> {
    series: Series<M>,
    lease: Weak<Leased<M>>,
    /// One, or a moment long two: a lease that is about to be dropped counts until it said so, as what was
    /// done with it may be younger than any scrape.
    leases: usize,
    owners: usize,
    idle_since: Instant,
    /// The number of scrapes that had begun when the last owner left.
    released: Option<u64>,
}

/// A series that stays for as long as this is held.
pub(super) struct Leased<M> {
    pub(super) series: Series<M>,
    lifecycle: Arc<Lifecycle<M>>,
}

/// A scrape that is under way.
pub(super) struct Began {
    scrape: u64,
    at: Instant,
}

impl<M> Lifecycle<M> {
    pub(super) fn new() -> Self {
        Self { table: Mutex::new(Table { known: HashMap::new(), scrapes: 0 }) }
    }

    /// The lease on a series; `None` if it has left.
    pub(super) fn lease(self: &Arc<Self>, series: &Series<M>) -> Option<Arc<Leased<M>>> {
        let mut table = self.lock();
        let known = table.known(series)?;
        if let Some(lease) = known.lease.upgrade() {
            return Some(lease);
        }
        let lease = Arc::new(Leased { series: series.clone(), lifecycle: Arc::clone(self) });
        known.lease = Arc::downgrade(&lease);
        known.leases += 1;
        Some(lease)
    }

    /// Adds an owner; false if the series has left.
    pub(super) fn own(&self, series: &Series<M>) -> bool {
        let mut table = self.lock();
        let Some(known) = table.known(series) else { return false };
        known.owners += 1;
        known.released = None;
        true
    }

    pub(super) fn disown(&self, series: &Series<M>) {
        let mut table = self.lock();
        let scrapes = table.scrapes;
        if let Some(known) = table.known.get_mut(&key(series)) {
            known.owners = known.owners.saturating_sub(1);
            if known.owners == 0 {
                known.released = Some(scrapes);
                known.idle_since = Instant::now();
            }
        }
    }

    pub(super) fn begin_scrape(&self) -> Began {
        let mut table = self.lock();
        table.scrapes += 1;
        Began { scrape: table.scrapes, at: Instant::now() }
    }

    /// Gives `remove` each series that a scrape has shown for the last time: without an owner since before
    /// it, or for `idle` before it.
    pub(super) fn end_scrape(&self, began: &Began, idle: Option<Duration>, remove: impl Fn(&Series<M>)) {
        self.lock().known.retain(|_, known| {
            if known.series.is_removed() {
                return false;
            }
            let disowned = known.released.is_some_and(|scrapes| scrapes < began.scrape);
            let idle_until = idle.and_then(|idle| known.idle_since.checked_add(idle));
            let is_idle = idle_until.is_some_and(|until| until <= began.at);
            let is_held = known.owners + known.leases > 0;
            let leaves = !is_held && (disowned || is_idle);
            if leaves {
                remove(&known.series);
            }
            !leaves
        });
    }

    fn lock(&self) -> MutexGuard<'_, Table<M>> {
        // Nothing under the lock can panic half-way, so a poisoned table is whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> Table<M> {
    /// What is known of a series that has not left.
    fn known(&mut self, series: &Series<M>) -> Option<&mut Known<M>> {
        let made = || Known {
            series: series.clone(),
            lease: Weak::new(),
            leases: 0,
            owners: 0,
            idle_since: Instant::now(),
            released: None,
        };
        (!series.is_removed()).then(|| self.known.entry(key(series)).or_insert_with(made))
    }
}

fn key<M>(series: &Series<M>) -> (usize, usize) {
    (Arc::as_ptr(&series.block) as usize, series.place)
}

impl<M> Drop for Leased<M> {
    fn drop(&mut self) {
        if let Some(known) = self.lifecycle.lock().known.get_mut(&key(&self.series)) {
            known.leases = known.leases.saturating_sub(1);
            known.idle_since = Instant::now();
        }
    }
}
