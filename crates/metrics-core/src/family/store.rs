//! The series of a family: found by their label values, kept in the order of their creation.
//!
//! Invariants:
//! 1. A series is in the index exactly while it is in the order. Both change only under the lock of
//!    the order, so writers see one state.
//! 2. No user code runs under a lock: values are text already, and instruments are made before. The
//!    index hands out `Arc`s, never its guards.
//! 3. A series that is taken out of the index is marked as removed, so that the cache does not lend it.
//! 4. A scrape clones one `Arc` under the lock and walks without it. What it walks is immutable: a
//!    writer that finds it in use copies what it changes (at most one chunk, and the list of chunks).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dashmap::{DashMap, SharedValue};

use super::cache::Cache;
use super::chunk::Chunk;
use super::text::Values;
use crate::atomic::AtomicU64;
use crate::hash;
use crate::labels::push_pair;

/// A child: one instrument and its label values.
pub(super) struct Series<M> {
    pub(super) instrument: M,
    pub(super) values: Values,
    /// The place in the order of creation, times two, and one once the series is taken out of the
    /// family, which happens under the lock of the order.
    number_and_removed: AtomicU64,
}

pub(super) struct Store<M> {
    key: Key,
    /// A set of series by the hash of their label values. It is used through its shards, so that the
    /// key of a lookup is the values as they come, and an entry is one pointer.
    index: DashMap<Arc<Series<M>>, ()>,
    cache: Cache<M>,
    order: Mutex<Order<M>>,
}

/// A series as a lookup finds it: lent by the family, or owned.
pub(super) enum Found<'a, M> {
    Lent(&'a Arc<Series<M>>),
    Owned(Arc<Series<M>>),
}

impl<M> Found<'_, M> {
    #[inline]
    pub(super) fn series(&self) -> &Arc<Series<M>> {
        match self {
            Self::Lent(series) => series,
            Self::Owned(series) => series,
        }
    }
}

type Entry<M> = (Arc<Series<M>>, SharedValue<()>);

struct Order<M> {
    chunks: Chunks<M>,
    len: usize,
    next_number: u64,
}

/// No chunk is empty; numbers ascend within a chunk and from chunk to chunk.
type Chunks<M> = Arc<Vec<Arc<Chunk<M>>>>;

/// A power of two, as DashMap wants it. Few, since each costs a cache line and a family is made to
/// be small; lookups of different series then seldom meet on one.
const SHARDS: usize = 8;

impl<M> Store<M> {
    pub(super) fn new() -> Self {
        Self {
            key: Key(hash::key()),
            index: DashMap::with_shard_amount(SHARDS),
            cache: Cache::new(),
            order: Mutex::new(Order { chunks: Arc::default(), len: 0, next_number: 0 }),
        }
    }

    #[inline]
    pub(super) fn hash<const N: usize>(&self, values: &[&str; N]) -> u64 {
        // No values read back as one empty value.
        let state = if N == 0 { hash::mix(self.key.0, b"") } else { self.key.0 };
        self.key.finish(values.iter().fold(state, |state, value| hash::mix(state, value.as_bytes())))
    }

    #[inline]
    pub(super) fn get<const N: usize>(&self, hash: u64, values: &[&str; N]) -> Option<Found<'_, M>> {
        match self.cache.find(hash, values) {
            Some(series) => Some(Found::Lent(series)),
            None => self.get_from_index(hash, values).map(Found::Owned),
        }
    }

    #[inline(never)]
    fn get_from_index<const N: usize>(&self, hash: u64, values: &[&str; N]) -> Option<Arc<Series<M>>> {
        let shard = self.index.shards()[shard(hash)].read();
        shard.get(hash, |(series, _)| series.values.are(values)).map(|(series, _)| Arc::clone(series))
    }

    /// The series of `values`, made with `instrument` if it is not there.
    #[cold]
    pub(super) fn get_or_insert<const N: usize>(
        &self,
        hash: u64,
        names: &[&str; N],
        values: &[&str; N],
        instrument: M,
    ) -> Arc<Series<M>> {
        let (labels, values_of_series) = (render(names, values), Values::new(values));
        let mut order = self.lock();
        if let Some(there) = self.get_from_index(hash, values) {
            return there;
        }
        let number_and_removed = AtomicU64::new(order.next_number << 1);
        let series = Arc::new(Series { instrument, values: values_of_series, number_and_removed });
        order.push(Arc::clone(&series), &labels);
        // Nobody else inserts under the lock, so what the lookup saw still holds.
        let entry = (Arc::clone(&series), SharedValue::new(()));
        self.index.shards()[shard(hash)].write().insert(hash, entry, |entry| self.hash_of(entry));
        let all = order.chunks.iter().flat_map(|chunk| chunk.series());
        self.cache.insert(hash, &series, order.len, all.map(|series| (self.hash_of_series(series), series)));
        series
    }

    pub(super) fn remove<const N: usize>(&self, values: &[&str; N]) -> bool {
        let hash = self.hash(values);
        let mut order = self.lock();
        let taken = self.index.shards()[shard(hash)]
            .write()
            .remove_entry(hash, |(series, _)| series.values.are(values));
        let Some((series, _)) = taken else { return false };
        series.set_removed();
        order.remove(series.number());
        true
    }

    /// Removes what `matches`, and returns how many that were.
    pub(super) fn remove_if(&self, matches: impl Fn(&Series<M>) -> bool) -> usize {
        let mut order = self.lock();
        let chunks = Arc::clone(&order.chunks);
        let doomed: Vec<_> = chunks.iter().flat_map(|chunk| chunk.series()).filter(|s| matches(s)).collect();
        for series in &doomed {
            let hash = self.hash_of_series(series);
            let same = |(other, _): &Entry<M>| Arc::ptr_eq(other, series);
            self.index.shards()[shard(hash)].write().remove_entry(hash, same);
            series.set_removed();
        }
        order.remove_all(&doomed);
        doomed.len()
    }

    pub(super) fn clear(&self) {
        let mut order = self.lock();
        self.index.clear();
        self.index.shrink_to_fit();
        order.len = 0;
        let chunks = core::mem::take(&mut order.chunks);
        chunks.iter().flat_map(|chunk| chunk.series()).for_each(|series| series.set_removed());
        drop(order);
        drop(chunks);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len
    }

    /// Every series in the order of creation, with its labels as a scrape copies them.
    pub(super) fn for_each(&self, mut f: impl FnMut(&M, &str)) {
        let chunks = Arc::clone(&self.lock().chunks);
        for chunk in chunks.iter() {
            chunk.for_each(|series, labels| f(&series.instrument, labels));
        }
    }

    /// Only needed where a table grows, so it is not worth its eight bytes in every series.
    fn hash_of_series(&self, series: &Series<M>) -> u64 {
        self.key.finish(series.values.iter().fold(self.key.0, hash::mix))
    }

    fn hash_of(&self, (series, _): &Entry<M>) -> u64 {
        self.hash_of_series(series)
    }

    fn lock(&self) -> MutexGuard<'_, Order<M>> {
        // Nothing under the lock can panic half-way, so a poisoned state is whole.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of the hashes. In a test, key 0 makes all of them equal.
struct Key(u64);

impl Key {
    #[inline]
    fn finish(&self, hash: u64) -> u64 {
        if cfg!(test) && self.0 == 0 { 7 } else { hash }
    }
}

/// Bits that the tables of the shards use neither for the place nor for the tag.
#[inline]
fn shard(hash: u64) -> usize {
    (hash >> 48) as usize % SHARDS
}

impl<M> Series<M> {
    pub(super) fn number(&self) -> u64 {
        self.number_and_removed.load(Relaxed) >> 1
    }

    /// Relaxed: whoever was told of a removal has seen what it did, and whoever was not may find the
    /// series as it was before.
    #[inline]
    pub(super) fn is_removed(&self) -> bool {
        self.number_and_removed.load(Relaxed) & 1 != 0
    }

    fn set_removed(&self) {
        // Only the holder of the lock of the order writes.
        self.number_and_removed.store(self.number_and_removed.load(Relaxed) | 1, Relaxed);
    }
}

/// In one family, the label values are the identity.
impl<M> PartialEq for Series<M> {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl<M> Eq for Series<M> {}

impl<M> Hash for Series<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.values.hash(state);
    }
}

impl<M> Order<M> {
    fn push(&mut self, series: Arc<Series<M>>, labels: &str) {
        self.len += 1;
        self.next_number += 1;
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.last_mut() {
            Some(last) if !last.is_full() => Arc::make_mut(last).push(series, labels),
            _ => chunks.push(Arc::new(Chunk::of(series, labels))),
        }
    }

    fn remove(&mut self, number: u64) {
        // The first chunk begins at or before every number that is there.
        let at = self.chunks.partition_point(|chunk| chunk.first() <= number).saturating_sub(1);
        let Some(place) = self.chunks.get(at).and_then(|chunk| chunk.place(number)) else { return };
        self.len -= 1;
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks[at].len() == 1 {
            chunks.remove(at);
        } else {
            Arc::make_mut(&mut chunks[at]).remove(place);
        }
    }

    /// Removes series that are in order.
    fn remove_all(&mut self, doomed: &[&Arc<Series<M>>]) {
        if doomed.is_empty() {
            return;
        }
        self.len -= doomed.len();
        let mut doomed = doomed.iter().peekable();
        let chunks = Arc::make_mut(&mut self.chunks);
        for chunk in chunks.iter_mut() {
            let Some(next) = doomed.peek() else { break };
            if chunk.last() >= next.number() {
                let is_next = |series: &Series<M>| doomed.next_if(|next| next.number() == series.number());
                *chunk = Arc::new(chunk.without(is_next));
            }
        }
        chunks.retain(|chunk| chunk.len() > 0);
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
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    const NAMES: [&str; 2] = ["a", "b"];

    fn insert(store: &Store<u32>, a: &str, b: &str) -> Arc<Series<u32>> {
        store.get_or_insert(store.hash(&[a, b]), &NAMES, &[a, b], 0)
    }

    fn get(store: &Store<u32>, a: &str, b: &str) -> Option<Arc<Series<u32>>> {
        let found = store.get(store.hash(&[a, b]), &[a, b])?;
        let indexed = store.get_from_index(store.hash(&[a, b]), &[a, b]).unwrap();
        assert!(Arc::ptr_eq(found.series(), &indexed), "the cache agrees with the index");
        Some(indexed)
    }

    fn colliding() -> Store<u32> {
        Store { key: Key(0), ..Store::new() }
    }

    fn order(store: &Store<u32>) -> Vec<String> {
        let mut all = Vec::new();
        store.for_each(|_, labels| all.push(labels.to_string()));
        all
    }

    #[test]
    fn series_of_one_hash_stay_apart() {
        let store = colliding();
        let pairs = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")];
        let made: Vec<_> = pairs.iter().map(|(a, b)| insert(&store, a, b)).collect();
        assert_eq!(store.hash(&["ab", "c"]), store.hash(&["x", "y"]));
        for ((a, b), series) in pairs.iter().zip(&made) {
            assert!(Arc::ptr_eq(&get(&store, a, b).unwrap(), series));
        }
        assert!(get(&store, "x", "y").is_none());
        // Whichever goes, the others stay.
        for (gone, (a, b)) in pairs.iter().enumerate() {
            assert!(store.remove(&[a, b]));
            for (i, (a, b)) in pairs.iter().enumerate() {
                assert_eq!(get(&store, a, b).is_some(), i > gone);
            }
        }
    }

    #[test]
    fn values_that_look_like_rendered_text_are_told_apart() {
        let store = colliding();
        let tricky = [
            "x",
            "x\"",
            "x\\",
            "x\\\"",
            "x\",b=\"y",
            "\"",
            ",",
            "=\"",
            "",
            "\n",
            "\\n",
            "x\",b=\"",
            "y",
            "yyy",
            ",b=",
            "x\",b=",
            "yyyyzz",
            "zz",
        ];
        for a in tricky {
            for b in tricky {
                insert(&store, a, b);
            }
        }
        assert_eq!(store.len(), tricky.len() * tricky.len());
        for a in tricky {
            for b in tricky {
                let found = get(&store, a, b).unwrap();
                assert!(found.values.iter().eq([a.as_bytes(), b.as_bytes()]));
            }
        }
    }

    #[test]
    fn the_order_is_that_of_creation_whatever_is_removed() {
        let store = Store::new();
        let n = 3 * Chunk::<u32>::SIZE;
        let names: Vec<_> = (0..n).map(|i| i.to_string()).collect();
        for name in &names {
            insert(&store, name, "");
        }
        let mut expected: Vec<_> = names.iter().map(|name| format!("a=\"{name}\",b=\"\"")).collect();
        assert_eq!(order(&store), expected);
        for name in names.iter().filter(|name| name.ends_with('3')) {
            assert!(store.remove(&[name, ""]));
            assert!(!store.remove(&[name, ""]));
        }
        expected.retain(|labels| !labels.starts_with("a=\"") || !labels.contains("3\","));
        assert_eq!(order(&store), expected);
        // A whole chunk, and what is around it.
        let removed = store.remove_if(|series| {
            (Chunk::<u32>::SIZE as u64 - 5..2 * Chunk::<u32>::SIZE as u64 + 5).contains(&series.number())
        });
        assert!(removed > Chunk::<u32>::SIZE / 2);
        assert_eq!(store.len(), expected.len() - removed);
        assert_eq!(store.index.len(), store.len());
        assert_eq!(order(&store).len(), store.len());
        store.clear();
        assert_eq!((store.len(), store.index.len(), order(&store).len()), (0, 0, 0));
    }

    #[test]
    fn a_walk_sees_what_was_there_when_it_began() {
        let store = Store::new();
        for i in 0..Chunk::<u32>::SIZE + 10 {
            let name = i.to_string();
            insert(&store, &name, "");
        }
        let mut seen = 0;
        store.for_each(|_, _| {
            if seen == 0 {
                insert(&store, "new", "");
                assert!(store.remove(&["5", ""]));
            }
            seen += 1;
        });
        assert_eq!(seen, Chunk::<u32>::SIZE + 10);
        assert_eq!(store.len(), Chunk::<u32>::SIZE + 10);
    }
}
