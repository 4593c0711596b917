//! The first series of a family, found without a lock and lent without a reference count.
//!
//! Invariants:
//! 1. An entry is filled at most once and never emptied, so what it refers to can be lent for as long
//!    as the family lives. A table is never freed before the family is.
//! 2. The cache holds no truth: what is not in it is looked up in the index, and a removed series says
//!    so itself. The entry of a removed series is dead; as the tables are fixed in size, what dead
//!    entries hold is bounded by the entries of the last table.
//! 3. Only a writer that holds the lock of the order fills entries and adds tables.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::block::{Block, SIZE};
use super::store::Series;
use super::text::Joined;
use super::words::{Key, Words};
use crate::sync::{AtomicU32, AtomicUsize, OnceLock};

/// How many segments each table has, each used once the one before is full.
const SEGMENTS: [usize; 4] = [1, 4, 16, 64];

/// How many places in a row a series may be in. In a table that is half full, few need more than three.
const PROBES: usize = 8;

pub(super) struct Cache<M, const N: usize> {
    tables: [OnceLock<Table<M, N>>; SEGMENTS.len()],
    /// The index of the table in use.
    ///
    /// The release of a new one comes after its table is filled, so a reader that acquires it finds
    /// what the table before had.
    current: AtomicUsize,
}

/// Open addressing: a series is in one of the places from the one that its hash says. There are twice
/// as many places as entries.
struct Table<M, const N: usize> {
    /// Of each place, part of the hash of its series and the number of its entry, or 0.
    places: Box<[AtomicU32]>,
    segments: Box<[OnceLock<Arc<Segment<M, N>>>]>,
}

/// The entries of the series of one block.
struct Segment<M, const N: usize> {
    block: Arc<Block<M>>,
    entries: [OnceLock<Entry<N>>; SIZE],
}

/// Bits of a place for the number of an entry, counted from one.
const NUMBER: u32 = 12;

struct Entry<const N: usize> {
    words: Words<N>,
    /// Where equal words do not mean equal values.
    values: Option<Box<Joined>>,
}

impl<M, const N: usize> Cache<M, N> {
    pub(super) fn new() -> Self {
        Self { tables: [const { OnceLock::new() }; SEGMENTS.len()], current: AtomicUsize::new(0) }
    }

    #[inline(always)]
    pub(super) fn find(
        &self,
        hash: u64,
        words: &Words<N>,
        values: &[&str; N],
    ) -> Option<(&Arc<Block<M>>, usize)> {
        self.tables[self.current.load(Acquire) % SEGMENTS.len()].get()?.find(hash, words, values)
    }

    /// Adds the series that was made last, if there is room.
    pub(super) fn insert(&self, key: &Key, words: Words<N>, values: &[&str; N], series: &Series<M>) {
        let (block, place) = (&series.block, series.place);
        let mut current = self.current.load(Acquire);
        let used = self.tables[current].get().map_or(0, Table::used);
        // The block of the last segment, or a new one.
        let is_last =
            |used: &usize| self.segment(current, *used).is_some_and(|s| Arc::ptr_eq(&s.block, block));
        let number = used.checked_sub(1).filter(is_last).unwrap_or(used);
        if number == SEGMENTS[current] {
            if current + 1 == SEGMENTS.len() {
                return;
            }
            current += 1;
        }
        let table = self.tables[current].get_or_init(|| self.table(key, current));
        let segment = table.segments[number].get_or_init(|| {
            Arc::new(Segment { block: Arc::clone(block), entries: [const { OnceLock::new() }; SIZE] })
        });
        let long = (!words.are_exact()).then(|| Box::new(Joined::new(values)));
        let hash = words.hash(key);
        if segment.entries[place].set(Entry { words, values: long }).is_ok() {
            table.fill(hash, number * SIZE + place);
        }
        self.current.store(current, Release);
    }

    /// A table with what the one before has.
    fn table(&self, key: &Key, index: usize) -> Table<M, N> {
        let table = Table::new(SEGMENTS[index]);
        let before = index.checked_sub(1).and_then(|before| self.tables[before].get());
        let segments = before.iter().flat_map(|before| before.segments.iter()).map_while(OnceLock::get);
        for (number, segment) in segments.enumerate() {
            let _ = table.segments[number].set(Arc::clone(segment));
            for (place, entry) in segment.entries.iter().enumerate() {
                if let Some(entry) = entry.get() {
                    table.fill(entry.words.hash(key), number * SIZE + place);
                }
            }
        }
        table
    }

    fn segment(&self, table: usize, number: usize) -> Option<&Arc<Segment<M, N>>> {
        self.tables[table].get()?.segments.get(number)?.get()
    }
}

impl<M, const N: usize> Table<M, N> {
    fn new(segments: usize) -> Self {
        Self {
            places: (0..2 * segments * SIZE).map(|_| AtomicU32::new(0)).collect(),
            segments: (0..segments).map(|_| OnceLock::new()).collect(),
        }
    }

    /// How many segments are filled.
    fn used(&self) -> usize {
        self.segments.iter().take_while(|segment| segment.get().is_some()).count()
    }

    #[inline(always)]
    fn find(&self, hash: u64, words: &Words<N>, values: &[&str; N]) -> Option<(&Arc<Block<M>>, usize)> {
        let wanted = tag(hash);
        for probe in 0..PROBES {
            // Relaxed: an entry has an order of its own, and one that is not filled yet is a miss.
            let place = self.place(hash, probe).load(Relaxed);
            if place ^ wanted < 1 << NUMBER {
                // A free place is none of them.
                let number = ((place ^ wanted) as usize).wrapping_sub(1);
                let segment = self.segments.get(number / SIZE)?.get()?;
                let place = number % SIZE;
                if segment.entries[place].get().is_some_and(|entry| entry.is(words, values))
                    && !segment.block.is_removed(place)
                {
                    return Some((&segment.block, place));
                }
            } else if place == 0 {
                return None;
            }
        }
        None
    }

    fn fill(&self, hash: u64, number: usize) {
        let filled = tag(hash) | (number as u32 + 1);
        let free = (0..PROBES).map(|probe| self.place(hash, probe)).find(|place| place.load(Relaxed) == 0);
        if let Some(place) = free {
            place.store(filled, Relaxed);
        }
    }

    #[inline(always)]
    fn place(&self, hash: u64, probe: usize) -> &AtomicU32 {
        // Bits that do not take part in the tag.
        &self.places[(hash as usize).wrapping_add(probe) & (self.places.len() - 1)]
    }
}

impl<const N: usize> Entry<N> {
    #[inline(always)]
    fn is(&self, words: &Words<N>, values: &[&str; N]) -> bool {
        self.words.are(words) && self.values.as_ref().is_none_or(|own| own.are(values))
    }
}

/// The bits of a place that are not the number.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32 & (u32::MAX << NUMBER)
}
