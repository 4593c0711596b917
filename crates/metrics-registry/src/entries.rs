//! The collectors of a registry in the order of registration, in a form that a scrape can keep
//! while they change.
//!
//! Invariant: a chunk, or the list of chunks, that a snapshot shares is never changed; who changes it
//! copies it first. As a chunk has at most [`CHUNK`] entries, a change copies that many pointers and
//! one for each chunk, and only the first change after a snapshot does. No chunk is empty, two
//! neighbours that fit into half a chunk are merged, and the ids ascend throughout, so that an entry
//! is found by binary search.

use std::fmt;
use std::sync::Arc;

use metrics_core::Collector;

use crate::claims::{Families, Family};

const CHUNK: usize = 512;

type Chunk = Vec<Arc<Entry>>;

/// A registered collector, with the families it had when it was registered.
pub(crate) struct Entry {
    id: u64,
    families: Families,
    collector: Arc<dyn Collector>,
}

impl Entry {
    pub(crate) fn new(id: u64, families: Families, collector: Arc<dyn Collector>) -> Self {
        Self { id, families, collector }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn families(&self) -> &Families {
        &self.families
    }

    pub(crate) fn collector(&self) -> &Arc<dyn Collector> {
        &self.collector
    }

    /// What to call it on a page of errors.
    pub(crate) fn name(&self) -> &str {
        self.families.first().map_or("unnamed", Family::name)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.id).field(&self.families).finish()
    }
}

/// Every entry at one moment.
pub(crate) type Snapshot = Arc<Vec<Arc<Chunk>>>;

/// The entries, behind the mutex of their registry.
#[derive(Default)]
pub(crate) struct Entries {
    chunks: Snapshot,
    len: usize,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The entries as they are now, at the cost of one reference count.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Arc::clone(&self.chunks)
    }

    /// Adds an entry, whose id is greater than all the others.
    pub(crate) fn push(&mut self, entry: Arc<Entry>) {
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.last_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push(entry),
            _ => chunks.push(Arc::new(vec![entry])),
        }
        self.len += 1;
    }

    /// Takes out the entry with this id. It is returned so that it can be dropped without the mutex.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Arc<Entry>> {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.id < id));
        let within = self.chunks.get(at)?.binary_search_by_key(&id, |entry| entry.id).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let entry = Arc::make_mut(&mut chunks[at]).remove(within);
        self.len -= 1;
        if chunks[at].is_empty() {
            chunks.remove(at);
        } else {
            merge(chunks, at);
            merge(chunks, at.wrapping_sub(1));
        }
        Some(entry)
    }
}

/// Merges the chunk at `at` with the one after it, if they are small.
fn merge(chunks: &mut Vec<Arc<Chunk>>, at: usize) {
    let (Some(this), Some(next)) = (chunks.get(at), chunks.get(at.wrapping_add(1))) else { return };
    if this.len() + next.len() <= CHUNK / 2 {
        let next = chunks.remove(at + 1);
        Arc::make_mut(&mut chunks[at]).extend(next.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_core::Scrape;

    struct Nothing;

    impl Collector for Nothing {
        fn collect(&self, _: &mut Scrape<'_>) {}
    }

    fn entry(id: u64) -> Arc<Entry> {
        Arc::new(Entry::new(id, Families::default(), Arc::new(Nothing)))
    }

    fn ids(snapshot: &Snapshot) -> Vec<u64> {
        snapshot.iter().flat_map(|chunk| chunk.iter()).map(|entry| entry.id()).collect()
    }

    /// The chunks of `new` that are not those of `old`.
    fn copied(old: &Snapshot, new: &Snapshot) -> usize {
        new.iter().filter(|chunk| !old.iter().any(|other| Arc::ptr_eq(chunk, other))).count()
    }

    #[test]
    fn a_change_copies_one_chunk_and_leaves_the_snapshot_as_it_was() {
        let mut entries = Entries::default();
        for id in 0..100_000 {
            entries.push(entry(id));
        }
        let before = entries.snapshot();
        assert_eq!(before.len(), 100_000usize.div_ceil(CHUNK));
        entries.push(entry(100_000));
        assert_eq!(copied(&before, &entries.snapshot()), 1);
        let before = entries.snapshot();
        assert_eq!(entries.remove(50_000).unwrap().id(), 50_000);
        assert_eq!(copied(&before, &entries.snapshot()), 1);
        assert_eq!(ids(&before).len(), 100_001);
        assert_eq!((entries.len(), ids(&entries.snapshot()).len()), (100_000, 100_000));
        assert!(entries.remove(50_000).is_none());
        assert!(entries.remove(u64::MAX).is_none());
    }

    #[test]
    fn without_a_snapshot_nothing_is_copied() {
        let mut entries = Entries::default();
        entries.push(entry(0));
        let (list, chunk) = (Arc::as_ptr(&entries.chunks), Arc::as_ptr(&entries.chunks[0]));
        for id in 1..CHUNK as u64 {
            entries.push(entry(id));
        }
        assert_eq!((Arc::as_ptr(&entries.chunks), Arc::as_ptr(&entries.chunks[0])), (list, chunk));
    }

    #[test]
    fn chunks_that_empty_are_merged_and_the_order_stays() {
        let mut entries = Entries::default();
        let total = CHUNK as u64 * 100;
        for id in 0..total {
            entries.push(entry(id));
        }
        // A multiplier that shares no factor with the length visits every id once, in no order.
        let mut left: std::collections::BTreeSet<u64> = (0..total).collect();
        for step in 0..total - 50 {
            let id = step * 7919 % total;
            entries.remove(id).unwrap();
            left.remove(&id);
        }
        assert_eq!(ids(&entries.snapshot()), left.into_iter().collect::<Vec<_>>());
        assert_eq!(entries.snapshot().len(), 1);
        assert_eq!(entries.len(), 50);
    }
}
