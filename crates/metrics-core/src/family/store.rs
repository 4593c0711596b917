//! The series of a family: found by their label values, kept in the order of their creation.
//!
//! Invariants:
//! 1. A series is in the index exactly while it is in the order. Both change only under the lock of
//!    the order, so writers see one state.
//! 2. No user code runs under a lock: values are text already, and what makes an instrument is ours.
//!    The index hands out `Arc`s, never its guards.
//! 3. A series that is taken out of the index is marked as removed, so that the cache does not lend it.
//! 4. A scrape clones one `Arc` under the lock and walks without it. Which series it walks is
//!    immutable: a writer that finds it in use copies what it changes (at most one chunk, and the list
//!    of chunks).
//! 5. What the index refers to is in the directory: a block leaves it after its last series has left
//!    the index, and only then may another block get its number there.
//!
//! Locks are taken in this order: that of the order, one of the index, one of the directory or of a
//! block.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::PoisonError;

use super::block::{self, Block};
use super::cache::Cache;
use super::directory::Directory;
use super::index::{Entry, Index};
use super::lifecycle::Leased;
use super::order::{Chunks, Order};
use super::text::{gaps, have_values, with_values};
use super::words::{Key, Words};
use crate::Timestamp;
use crate::labels::push_pair;
use crate::sync::{Mutex, MutexGuard};

pub(super) struct Store<M, const N: usize> {
    key: Key,
    gaps: [usize; N],
    index: Index,
    directory: Directory<M>,
    cache: Cache<M, N>,
    order: Mutex<Order<M>>,
}

const SIZE: u32 = block::SIZE as u32;

/// A series as a lookup finds it: lent by the family, or owned.
pub(super) enum Found<'a, M> {
    Lent(&'a Arc<Block<M>>, usize),
    /// With a lease in a family whose series expire.
    Owned(Series<M>, Option<Arc<Leased<M>>>),
}

/// There is no room for another series.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// How many series there may be.
pub(super) struct Room<const N: usize> {
    pub(super) most: usize,
    /// The values of one that may be there in addition.
    pub(super) beside: [&'static str; N],
    /// Whether what is made may be lent by the cache.
    pub(super) is_lent: bool,
}

/// A series: a place in a block.
pub(super) struct Series<M> {
    pub(super) block: Arc<Block<M>>,
    pub(super) place: usize,
}

/// What a lookup computes from label values, once.
pub(super) struct Wanted<const N: usize> {
    words: Words<N>,
    hash: u64,
}

impl<M, const N: usize> Store<M, N> {
    pub(super) fn new(names: &[&str; N]) -> Self {
        Self {
            key: Key::new(),
            gaps: gaps(names),
            index: Index::new(),
            directory: Directory::new(),
            cache: Cache::new(),
            order: Mutex::new(Order::new()),
        }
    }

    #[inline(always)]
    pub(super) fn wanted(&self, values: &[&str; N]) -> Wanted<N> {
        let words = Words::of(&self.key, values);
        Wanted { words, hash: words.hash(&self.key) }
    }

    /// The series of these values, if the family can lend it.
    #[inline(always)]
    pub(super) fn lend(&self, wanted: &Wanted<N>, values: &[&str; N]) -> Option<(&Arc<Block<M>>, usize)> {
        self.cache.find(wanted.hash, &wanted.words, values)
    }

    /// The series of these values.
    pub(super) fn get(&self, wanted: &Wanted<N>, values: &[&str; N]) -> Option<Series<M>> {
        let hash = half(wanted.hash);
        self.index.find(hash, |entry| {
            self.series(entry, hash).filter(|series| {
                let text = series.block.text();
                let labels = series.block.labels(&text, series.place);
                have_values(labels, &self.gaps, series.block.is_escaped(series.place), values)
            })
        })
    }

    /// The series of these values, made if it is not there; `make` makes instruments, and `begin` readies
    /// the one of the new series.
    pub(super) fn get_or_insert(
        &self,
        wanted: &Wanted<N>,
        names: &[&str; N],
        values: &[&str; N],
        room: &Room<N>,
        make: impl Fn() -> M,
        begin: impl FnOnce(&Series<M>),
    ) -> Result<Series<M>, Full> {
        // First, so that what is refused costs little.
        if room.most < usize::MAX && self.len() > room.most {
            return Err(Full);
        }
        let labels = render(names, values);
        let mut order = self.lock();
        if let Some(there) = self.get(wanted, values) {
            return Ok(there);
        }
        let is_beside = || self.get(&self.wanted(&room.beside), &room.beside).is_some();
        if order.len() > room.most || order.len() == room.most && !is_beside() {
            return Err(Full);
        }
        let series = order.push(&self.directory, &labels, make);
        begin(&series);
        // Nobody else inserts under the lock, so what the lookup saw still holds.
        let entry = Entry { hash: half(wanted.hash), at: series.at() };
        self.index.insert(entry);
        if room.is_lent {
            self.cache.insert(&self.key, wanted.words, values, &series);
        }
        Ok(series)
    }

    pub(super) fn remove(&self, values: &[&str; N]) -> bool {
        let wanted = self.wanted(values);
        let mut order = self.lock();
        let Some(series) = self.get(&wanted, values) else { return false };
        self.take_out(&mut order, &series, &wanted);
        true
    }

    /// Removes this series, if it is still there.
    pub(super) fn remove_series(&self, series: &Series<M>) {
        let text = series.block.text();
        let labels = series.block.labels(&text, series.place);
        let wanted = with_values(labels, |values| self.wanted(values));
        let mut order = self.lock();
        if !series.is_removed() {
            self.take_out(&mut order, series, &wanted);
        }
    }

    /// Removes the series whose rendered labels `matches` says yes to, and returns how many that were.
    pub(super) fn remove_if(&self, matches: impl Fn(&str) -> bool) -> usize {
        let mut order = self.lock();
        let mut doomed = Vec::new();
        order.for_each(|block, place, labels| {
            if matches(labels) {
                let wanted = with_values(labels, |values| self.wanted(values));
                doomed.push((Series { block: Arc::clone(block), place }, wanted));
            }
        });
        for (series, wanted) in &doomed {
            self.take_out(&mut order, series, wanted);
        }
        doomed.len()
    }

    pub(super) fn clear(&self) {
        let mut order = self.lock();
        self.index.clear();
        let old = core::mem::replace(&mut *order, Order::new());
        old.for_each(|block, place, _| block.set_removed(place));
        old.ordinals().for_each(|ordinal| self.directory.set(ordinal, None));
        drop(order);
        drop(old);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Every series in the order of creation, with its labels as a scrape copies them.
    pub(super) fn for_each(&self, mut f: impl FnMut(&M, &str)) {
        self.for_each_place(|block, place, labels| f(block.instrument(place), labels));
    }

    /// The same, with the time at which it was made, if that was noted.
    pub(super) fn for_each_created(&self, mut f: impl FnMut(&M, &str, Option<Timestamp>)) {
        self.for_each_place(|block, place, labels| f(block.instrument(place), labels, block.created(place)));
    }

    fn for_each_place(&self, mut f: impl FnMut(&Arc<Block<M>>, usize, &str)) {
        let chunks: Chunks<M> = self.lock().snapshot();
        for chunk in chunks.iter() {
            chunk.for_each(&mut f);
        }
    }

    fn take_out(&self, order: &mut Order<M>, series: &Series<M>, wanted: &Wanted<N>) {
        self.index.remove(Entry { hash: half(wanted.hash), at: series.at() });
        series.block.set_removed(series.place);
        order.remove(&self.directory, series);
    }

    fn series(&self, entry: Entry, hash: u32) -> Option<Series<M>> {
        if entry.hash != hash {
            return None;
        }
        let block = self.directory.get(entry.at / SIZE)?;
        Some(Series { block, place: (entry.at % SIZE) as usize })
    }

    fn lock(&self) -> MutexGuard<'_, Order<M>> {
        // Nothing under the lock can panic half-way, so a poisoned state is whole.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The half that the place in the cache depends on least.
#[inline]
fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl<M> Series<M> {
    #[inline]
    pub(super) fn instrument(&self) -> &M {
        self.block.instrument(self.place)
    }

    pub(super) fn is_removed(&self) -> bool {
        self.block.is_removed(self.place)
    }

    fn at(&self) -> u32 {
        self.block.ordinal() * SIZE + self.place as u32
    }
}

impl<M> Clone for Series<M> {
    fn clone(&self) -> Self {
        Self { block: Arc::clone(&self.block), place: self.place }
    }
}

impl<M> Found<'_, M> {
    #[inline]
    pub(super) fn block(&self) -> (&Arc<Block<M>>, usize) {
        match self {
            Self::Lent(block, place) => (block, *place),
            Self::Owned(series, _) => (&series.block, series.place),
        }
    }

    pub(super) fn to_series(&self) -> Series<M> {
        let (block, place) = self.block();
        Series { block: Arc::clone(block), place }
    }
}

fn render<const N: usize>(names: &[&str; N], values: &[&str; N]) -> String {
    let mut labels = String::new();
    for (name, value) in names.iter().zip(values) {
        push_pair(&mut labels, name, value);
    }
    labels
}

#[cfg(test)]
mod tests;
