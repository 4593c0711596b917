#[cfg(loom)]
pub(super) use modelled::Index;
#[cfg(not(loom))]
pub(super) use real::Index;

/// A series in the index.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    /// The half of its hash that the index goes by, so that a table grows without a look at the series.
    pub(super) hash: u32,
    /// Its block in the directory, times the size of a block, and its place there.
    pub(super) at: u32,
}

#[cfg(not(loom))]
mod real {
    use dashmap::{DashMap, SharedValue};

    use super::Entry;

    /// A set of series by their hashes. It is used through its shards, so that the key of a lookup is
    /// whatever the caller compares with.
    pub(in super::super) struct Index(DashMap<Entry, ()>);

    /// A power of two, as DashMap wants it. Few, since each costs a cache line and a family is made to
    /// be small; lookups of different series then seldom meet on one.
    const SHARDS: usize = 8;

    impl Index {
        pub(in super::super) fn new() -> Self {
            Self(DashMap::with_shard_amount(SHARDS))
        }

        /// The first thing that `check` gives for an entry that may have this hash. It runs with the shard
        /// locked.
        pub(in super::super) fn find<R>(
            &self,
            hash: u32,
            mut check: impl FnMut(Entry) -> Option<R>,
        ) -> Option<R> {
            let mut found = None;
            let shard = self.0.shards()[shard(hash)].read();
            shard.get(spread(hash), |(entry, _)| {
                found = check(*entry);
                found.is_some()
            });
            found
        }

        pub(in super::super) fn insert(&self, entry: Entry) {
            let mut shard = self.0.shards()[shard(entry.hash)].write();
            shard.insert(spread(entry.hash), (entry, SharedValue::new(())), |(entry, _)| spread(entry.hash));
        }

        pub(in super::super) fn remove(&self, entry: Entry) {
            let mut shard = self.0.shards()[shard(entry.hash)].write();
            shard.remove_entry(spread(entry.hash), |(other, _)| other.at == entry.at);
        }

        pub(in super::super) fn clear(&self) {
            self.0.clear();
            self.0.shrink_to_fit();
        }

        #[cfg(test)]
        pub(in super::super) fn len(&self) -> usize {
            self.0.len()
        }
    }

    /// A hash as the tables of the shards want it, which take the place from its lowest bits and a tag
    /// from its highest.
    #[inline]
    fn spread(hash: u32) -> u64 {
        u64::from(hash) << 32 | u64::from(hash)
    }

    /// Bits that the tables use neither for the tag nor, unless they are huge, for the place.
    #[inline]
    fn shard(hash: u32) -> usize {
        (hash >> 22) as usize % SHARDS
    }
}

/// The same steps, each under one lock: what DashMap does in them is not for a model of ours.
#[cfg(loom)]
mod modelled {
    use alloc::vec::Vec;
    use std::sync::PoisonError;

    use super::Entry;
    use crate::sync::{Mutex, MutexGuard};

    pub(in super::super) struct Index(Mutex<Vec<Entry>>);

    impl Index {
        pub(in super::super) fn new() -> Self {
            Self(Mutex::new(Vec::new()))
        }

        pub(in super::super) fn find<R>(
            &self,
            hash: u32,
            check: impl FnMut(Entry) -> Option<R>,
        ) -> Option<R> {
            self.lock().iter().copied().filter(|entry| entry.hash == hash).find_map(check)
        }

        pub(in super::super) fn insert(&self, entry: Entry) {
            self.lock().push(entry);
        }

        pub(in super::super) fn remove(&self, entry: Entry) {
            self.lock().retain(|other| *other != entry);
        }

        pub(in super::super) fn clear(&self) {
            self.lock().clear();
        }

        fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}
