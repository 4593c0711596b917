//! The first series of a family, found without a lock and lent without a reference count.
//!
//! Invariants:
//! 1. A slot is filled at most once and never emptied, so what it holds can be lent for as long as the
//!    family lives. A table is never freed before the family is.
//! 2. The cache holds no truth: what is not in it is looked up in the index, and a removed series says
//!    so itself. The slot of a removed series is dead; as the tables are fixed in size, what dead slots
//!    hold is bounded by the slots of all tables.
//! 3. Only a writer that holds the lock of the order fills slots and adds tables.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use super::store::Series;

/// The sizes of the tables, powers of two, each used once the one before is half full.
const SLOTS: [usize; 3] = [16, 256, 2048];

/// How many places in a row a series may be in. In a table that is half full, few need more than three.
const PROBES: usize = 8;

pub(super) struct Cache<M> {
    tables: [OnceLock<Table<M>>; SLOTS.len()],
    /// One more than the index of the table in use; 0 before there is one.
    ///
    /// The release of a new number comes after its table is filled, so a reader that acquires it
    /// finds what the table before had.
    current: AtomicUsize,
}

/// Open addressing: a series is in one of the places from the one that its hash says.
struct Table<M> {
    /// Of each slot, part of the hash of its series, or 0: so a lookup visits no series but its own.
    tags: Box<[AtomicU32]>,
    slots: Box<[OnceLock<Arc<Series<M>>>]>,
}

impl<M> Cache<M> {
    pub(super) fn new() -> Self {
        Self { tables: [const { OnceLock::new() }; SLOTS.len()], current: AtomicUsize::new(0) }
    }

    #[inline]
    pub(super) fn find<const N: usize>(&self, hash: u64, values: &[&str; N]) -> Option<&Arc<Series<M>>> {
        self.tables.get(self.current.load(Acquire).wrapping_sub(1))?.get()?.find(hash, values)
    }

    /// Adds a series, if there is room. `series` gives all of them with their hashes, should a new
    /// table be due.
    pub(super) fn insert<'s>(
        &self,
        hash: u64,
        new: &Arc<Series<M>>,
        len: usize,
        series: impl Iterator<Item = (u64, &'s Arc<Series<M>>)>,
    ) where
        M: 's,
    {
        let current = self.current.load(Acquire);
        let due = SLOTS.iter().position(|slots| len * 2 <= *slots).unwrap_or(SLOTS.len() - 1) + 1;
        if due > current {
            let table = self.tables[due - 1].get_or_init(|| Table::new(SLOTS[due - 1]));
            series.for_each(|(hash, series)| table.fill(hash, series));
            self.current.store(due, Release);
        } else if let Some(table) = self.tables[current - 1].get() {
            table.fill(hash, new);
        }
    }
}

impl<M> Table<M> {
    fn new(slots: usize) -> Self {
        Self {
            tags: (0..slots).map(|_| AtomicU32::new(0)).collect(),
            slots: (0..slots).map(|_| OnceLock::new()).collect(),
        }
    }

    #[inline]
    fn find<const N: usize>(&self, hash: u64, values: &[&str; N]) -> Option<&Arc<Series<M>>> {
        let wanted = tag(hash);
        for place in self.places(hash) {
            // Relaxed: the slot has an order of its own, and one that is not filled yet is a miss.
            let tag = self.tags[place].load(Relaxed);
            if tag == wanted {
                match self.slots[place].get() {
                    Some(series) if series.values.are(values) => {
                        return Some(series).filter(|series| !series.is_removed());
                    }
                    _ => {}
                }
            } else if tag == 0 {
                return None;
            }
        }
        None
    }

    fn fill(&self, hash: u64, series: &Arc<Series<M>>) {
        for place in self.places(hash) {
            if self.slots[place].set(Arc::clone(series)).is_ok() {
                self.tags[place].store(tag(hash), Relaxed);
                return;
            }
        }
    }

    #[inline]
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<M> {
        let mask = self.slots.len() - 1;
        // Bits that do not take part in the tag.
        (0..PROBES).map(move |probe| (hash as usize).wrapping_add(probe) & mask)
    }
}

/// Never 0, which is no series.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32 | 1
}
