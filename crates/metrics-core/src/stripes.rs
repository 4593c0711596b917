//! Cells of each thread's own, allocated only where threads collide.
//!
//! Invariant: an instrument's value is the combination (sum, for a counter) of its first cell and of
//! all stripes. An update goes into exactly one of them, and which one does not matter. Stripes are
//! made once, all zero, and never go away before the instrument does; so an update that still uses the
//! first cell while another thread makes stripes is counted all the same.

#[cfg(feature = "std")]
pub(crate) use with_std::Stripes;
#[cfg(not(feature = "std"))]
pub(crate) use without_std::Stripes;

/// How often in a row an update tries a cell that other threads hold.
pub(crate) const TRIES: usize = if cfg!(loom) { 2 } else { 4 };

/// Whether other threads change what `read` reads again and again while this one watches it.
///
/// An update that met another thread asks this before it makes stripes: threads that use many series
/// in turn meet once and move on, and a million of them stay small; threads that hammer one instrument
/// change it all the time. It takes some tens of nanoseconds if nobody does. Where a cache line takes
/// long from one core to the other, hundreds of looks pass between two changes: so after the first one it
/// has more patience.
pub(crate) fn keeps_changing<T: PartialEq>(read: impl Fn() -> T) -> bool {
    const LOOKS: usize = 128;
    const LOOKS_AFTER_A_CHANGE: usize = 2048;
    const CHANGES: usize = 4;
    if cfg!(loom) {
        // So many looks are too many for a model, which takes every update that asks for contended.
        return true;
    }
    let mut seen = read();
    let mut changes = 0;
    let mut left = LOOKS;
    while left > 0 {
        left -= 1;
        #[cfg(all(test, feature = "std"))]
        meddle::run();
        let now = read();
        if now != seen {
            seen = now;
            changes += 1;
            left = LOOKS_AFTER_A_CHANGE;
        }
        if changes == CHANGES {
            return true;
        }
    }
    false
}

/// Stands in for another thread, whose steps a test cannot time: what it does happens between two
/// looks of this thread.
#[cfg(all(test, feature = "std"))]
pub(crate) mod meddle {
    use std::boxed::Box;
    use std::cell::RefCell;

    std::thread_local! {
        static OTHER: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    }

    /// Runs `f` while `other` runs between the looks.
    pub(crate) fn with(other: impl Fn() + 'static, f: impl FnOnce()) {
        OTHER.set(Some(Box::new(other)));
        f();
        OTHER.set(None);
    }

    pub(super) fn run() {
        OTHER.with_borrow(|other| other.iter().for_each(|other| other()));
    }
}

#[cfg(feature = "std")]
mod with_std {
    use std::boxed::Box;
    use std::cell::Cell;

    use crate::sync::{OnceLock, next_thread, thread_local};

    /// Cells for as many threads to update without meeting; more threads share them.
    pub(crate) const STRIPES: usize = if cfg!(loom) { 2 } else { 16 };

    /// Two cache lines, since processors fetch them in pairs.
    #[derive(Debug)]
    #[repr(align(128))]
    struct Padded<T>(T);

    /// A thin pointer, so that an instrument without contention stays small.
    #[derive(Debug)]
    pub(crate) struct Stripes<T> {
        cells: OnceLock<Box<[Padded<T>; STRIPES]>>,
    }

    impl<T> Stripes<T> {
        pub(crate) const fn new() -> Self {
            Self { cells: OnceLock::new() }
        }

        /// The cell of this thread, once there are stripes.
        #[inline]
        pub(crate) fn mine(&self) -> Option<&T> {
            let cells = self.cells.get()?;
            Some(&cells[thread_index() % STRIPES].0)
        }

        /// The cell of this thread, or `first` as long as there are no stripes. `None` if there are and
        /// the thread has no number yet: [`mine`](Self::mine) gives it one.
        #[inline]
        pub(crate) fn mine_or<'a>(&'a self, first: &'a T) -> Option<&'a T> {
            let Some(cells) = self.cells.get() else { return Some(first) };
            cells.get(known_index()).map(|cell| &cell.0)
        }

        /// Makes the stripes, unless another thread already has, and returns this thread's cell.
        #[cold]
        pub(crate) fn grow(&self, make: impl Fn() -> T) -> Option<&T> {
            self.cells.get_or_init(|| Box::new(std::array::from_fn(|_| Padded(make()))));
            self.mine()
        }

        /// Every cell, beginning with this thread's.
        pub(crate) fn beginning_with_mine(&self) -> impl Iterator<Item = &T> {
            let first = thread_index();
            self.cells
                .get()
                .into_iter()
                .flat_map(move |cells| (0..STRIPES).map(move |offset| &cells[(first + offset) % STRIPES].0))
        }

        /// Every cell.
        pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
            self.cells.get().into_iter().flat_map(|cells| cells.iter().map(|cell| &cell.0))
        }
    }

    /// A small number for each thread, given out in the order in which threads first meet contention.
    ///
    /// The cell has no destructor, so it can be read while a thread ends.
    #[inline]
    fn thread_index() -> usize {
        #[cold]
        fn assign() -> usize {
            let next = next_thread() % STRIPES;
            INDEX.with(|index| index.set(next));
            next
        }
        match known_index() {
            NONE => assign(),
            known => known,
        }
    }

    const NONE: usize = usize::MAX;

    thread_local! {
        static INDEX: Cell<usize> = const { Cell::new(NONE) };
    }

    /// The number of this thread, or `NONE`.
    #[inline]
    fn known_index() -> usize {
        INDEX.with(Cell::get)
    }
}

#[cfg(not(feature = "std"))]
mod without_std {
    use core::marker::PhantomData;

    /// Without `std` there are no threads to tell apart and no safe way to allocate late: every
    /// update goes to the first cell.
    #[derive(Debug)]
    pub(crate) struct Stripes<T> {
        cells: PhantomData<T>,
    }

    impl<T> Stripes<T> {
        pub(crate) const fn new() -> Self {
            Self { cells: PhantomData }
        }

        pub(crate) fn mine(&self) -> Option<&T> {
            None
        }

        pub(crate) fn grow(&self, _: impl Fn() -> T) -> Option<&T> {
            None
        }

        pub(crate) fn beginning_with_mine(&self) -> impl Iterator<Item = &T> {
            core::iter::empty()
        }

        pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
            core::iter::empty()
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::sync::{Arc, Barrier};
    use std::vec::Vec;

    use super::{keeps_changing, meddle};
    use crate::{Counter, Histogram};

    #[test]
    fn threads_have_cells_of_their_own_and_pass_by_all() {
        let stripes = super::Stripes::<u64>::new();
        assert!(stripes.mine().is_none() && stripes.mine_or(&7).is_some_and(|first| *first == 7));
        stripes.grow(|| 0);
        let address = |cell: &u64| std::ptr::from_ref(cell) as usize;
        let mine = || {
            let mine = stripes.mine().map(address);
            assert_eq!(stripes.mine_or(&7).map(address), mine, "the thread has its number by now");
            let mut all: Vec<_> = stripes.beginning_with_mine().map(address).collect();
            assert_eq!(Some(all[0]), mine);
            all.sort_unstable();
            let mut every: Vec<_> = stripes.iter().map(address).collect();
            every.sort_unstable();
            assert_eq!(all, every);
            mine
        };
        let cells: std::collections::BTreeSet<_> =
            std::thread::scope(|scope| (0..8).map(|_| scope.spawn(mine).join().unwrap()).collect());
        // Others start threads too, so two of these may have the same.
        assert!(cells.len() > 1, "{cells:?}");
    }

    /// Two threads update every instrument, one after the other or both at once.
    fn sweep<T: Sync>(instruments: &[T], update: impl Fn(&T) + Sync, at_once: bool) {
        const ROUNDS: usize = 4;
        let turn = Barrier::new(2);
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let (update, turn) = (&update, &turn);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        turn.wait();
                        if at_once || round % 2 == thread {
                            instruments.iter().for_each(update);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn many_series_that_two_threads_use_in_turn_stay_small() {
        let counters: Vec<Counter> = (0..1_000_000).map(|_| Counter::new()).collect();
        let grown = || counters.iter().filter(|counter| counter.is_striped()).count();
        sweep(&counters, Counter::<u64>::inc, false);
        assert_eq!(grown(), 0, "one after the other, they never meet");
        sweep(&counters, Counter::<u64>::inc, true);
        assert!(grown() < 1000, "{} of 1000000", grown());
        assert!(counters.iter().all(|counter| counter.get() == 12));

        let histograms: Vec<Histogram> = (0..50_000).map(|_| Histogram::new(&[1.0])).collect();
        let grown = || histograms.iter().filter(|histogram| histogram.is_striped()).count();
        sweep(&histograms, |histogram| histogram.observe(0.5), false);
        assert_eq!(grown(), 0, "one after the other, they never meet");
        sweep(&histograms, |histogram| histogram.observe(0.5), true);
        assert!(grown() < 500, "{} of 50000", grown());
        assert!(histograms.iter().all(|histogram| histogram.snapshot().count() == 12));
    }

    /// Whether a word seems contended that another thread changes at these looks.
    fn seems_contended(changes_at: impl Fn(usize) -> bool + 'static) -> bool {
        let word = Arc::new(AtomicUsize::new(0));
        let (other, looks) = (Arc::clone(&word), Cell::new(0));
        let mut seems = false;
        let meddler = move || {
            looks.set(looks.get() + 1);
            other.fetch_add(usize::from(changes_at(looks.get())), Relaxed);
        };
        meddle::with(meddler, || seems = keeps_changing(|| word.load(Relaxed)));
        seems
    }

    #[test]
    fn changes_far_apart_are_contention_and_few_are_none() {
        assert!(seems_contended(|_| true));
        assert!(seems_contended(|look| look % 1000 == 100), "a slow way from core to core");
        assert!(!seems_contended(|_| false));
        assert!(!seems_contended(|look| look <= 3), "it met another thread that went on");
        assert!(!seems_contended(|look| look % 1000 == 200), "nothing to be seen at first");
    }
}
