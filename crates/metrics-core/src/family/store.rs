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
mod tests {
    use super::*;
    use crate::family::chunk::Chunk;
    use alloc::format;
    use alloc::string::ToString;

    const NAMES: [&str; 2] = ["a", "b"];
    const ROOM: Room<2> = Room { most: usize::MAX, beside: [""; 2], is_lent: true };

    fn insert(store: &Store<u32, 2>, a: &str, b: &str) -> Series<u32> {
        store.get_or_insert(&store.wanted(&[a, b]), &NAMES, &[a, b], &ROOM, || 0, |_| ()).unwrap()
    }

    fn get(store: &Store<u32, 2>, a: &str, b: &str) -> Option<Series<u32>> {
        let wanted = store.wanted(&[a, b]);
        let indexed = store.get(&wanted, &[a, b]);
        if let Some(lent) = store.lend(&wanted, &[a, b]) {
            assert!(
                is(&Found::Lent(lent.0, lent.1).to_series(), indexed.as_ref().unwrap()),
                "the cache agrees with the index"
            );
        }
        indexed
    }

    fn is(a: &Series<u32>, b: &Series<u32>) -> bool {
        Arc::ptr_eq(&a.block, &b.block) && a.place == b.place
    }

    fn colliding() -> Store<u32, 2> {
        Store { key: Key::COLLIDING, ..Store::new(&NAMES) }
    }

    fn order(store: &Store<u32, 2>) -> Vec<String> {
        let mut all = Vec::new();
        store.for_each(|_, labels| all.push(labels.to_string()));
        all
    }

    #[test]
    fn series_of_one_hash_stay_apart() {
        let store = colliding();
        let pairs = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")];
        let made: Vec<_> = pairs.iter().map(|(a, b)| insert(&store, a, b)).collect();
        assert_eq!(store.wanted(&["ab", "c"]).hash, store.wanted(&["x", "y"]).hash);
        for ((a, b), series) in pairs.iter().zip(&made) {
            assert!(is(&get(&store, a, b).unwrap(), series));
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
    fn long_values_of_equal_words_stay_apart() {
        let store = colliding();
        let values = ["sixteen bytes: a", "sixteen bytes: b"];
        let made = values.map(|value| insert(&store, "", value));
        for (value, series) in values.iter().zip(&made) {
            let (block, place) = store.lend(&store.wanted(&["", value]), &["", value]).unwrap();
            assert!(is(&Found::Lent(block, place).to_series(), series));
        }
        assert!(get(&store, "", "sixteen bytes: c").is_none());
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
            "a long value, quote \"",
            "a long value, quote \\",
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
                let text = found.block.text();
                with_values(found.block.labels(&text, found.place), |values| assert_eq!(values, &[a, b]));
            }
        }
    }

    #[test]
    fn the_order_is_that_of_creation_whatever_is_removed() {
        let store = Store::new(&NAMES);
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
        let doomed = Chunk::<u32>::SIZE - 5..2 * Chunk::<u32>::SIZE + 5;
        let removed = store.remove_if(|labels| {
            with_values(labels, |[name, _]: &[&str; 2]| doomed.contains(&name.parse().unwrap()))
        });
        expected.retain(|labels| {
            with_values(labels, |[name, _]: &[&str; 2]| !doomed.contains(&name.parse().unwrap()))
        });
        assert!(removed > Chunk::<u32>::SIZE / 2);
        assert_eq!(order(&store), expected);
        assert_eq!((store.len(), store.index.len()), (expected.len(), expected.len()));
        // What is before and behind it is still found.
        assert!(store.remove(&[names.last().unwrap(), ""]) && store.remove(&[&names[0], ""]));
        expected.pop();
        expected.remove(0);
        assert_eq!(order(&store), expected);
        store.clear();
        assert_eq!((store.len(), store.index.len(), order(&store).len()), (0, 0, 0));
    }

    #[test]
    fn a_walk_sees_what_was_there_when_it_began() {
        let store = Store::new(&NAMES);
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

    #[test]
    fn the_first_thousand_series_are_lent_also_when_they_were_removed_once() {
        let store = Store { key: Key::FIXED, ..Store::new(&NAMES) };
        let names: Vec<_> = (0..1100).map(|i| format!("{i} and more than fifteen bytes")).collect();
        let lent = || {
            let is_lent = |name: &&String| store.lend(&store.wanted(&[name, ""]), &[name, ""]).is_some();
            names.iter().filter(is_lent).count()
        };
        for (i, name) in names[..500].iter().enumerate() {
            insert(&store, name, "");
            // One in thousands finds no place among its neighbours.
            assert!(lent() + 5 > i, "{} of {i}", lent());
        }
        for name in &names[..300] {
            assert!(store.remove(&[name, ""]));
        }
        assert!(lent() <= 200);
        for name in &names {
            insert(&store, name, "");
        }
        // 300 of the 1024 entries are dead.
        assert!((680..=724).contains(&lent()), "{}", lent());
        assert!(names.iter().all(|name| get(&store, name, "").is_some()));
    }

    #[test]
    fn what_is_cleared_is_freed() {
        let store = Store::<u32, 2>::new(&NAMES);
        let room = Room { is_lent: false, ..ROOM };
        let make = |i: i32| {
            let values = [&*i.to_string(), ""];
            store.get_or_insert(&store.wanted(&values), &NAMES, &values, &room, || 0, |_| ()).unwrap()
        };
        let blocks: Vec<_> = (0..40).map(|i| Arc::downgrade(&make(i).block)).collect();
        assert!(blocks.iter().all(|block| block.strong_count() > 0));
        store.clear();
        assert!(blocks.iter().all(|block| block.strong_count() == 0));
    }

    #[test]
    fn blocks_that_became_empty_are_freed_and_their_numbers_used_again() {
        let store = Store { key: Key::FIXED, ..Store::<u32, 2>::new(&NAMES) };
        let mut blocks = Vec::new();
        for round in 0..50 {
            let names: Vec<_> = (0..40).map(|i| format!("{round} {i}")).collect();
            for name in &names {
                blocks.push(Arc::downgrade(&insert(&store, name, "").block));
            }
            assert_eq!(order(&store).len(), 40);
            assert!(names.iter().all(|name| get(&store, name, "").is_some()));
            assert!(names.iter().all(|name| store.remove(&[name, ""])));
            assert!(names.iter().all(|name| get(&store, name, "").is_none()));
        }
        // Three blocks at a time, and one that is half full.
        assert!(store.lock().ordinals().count() <= 5);
        // The cache keeps those that it may have lent.
        let kept = blocks.iter().filter(|block| block.strong_count() > 0).count();
        assert!((1024..=1024 + 16).contains(&kept), "{kept} of {}", blocks.len());
    }
}
