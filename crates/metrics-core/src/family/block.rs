//! Series side by side: their instruments in one allocation, their labels in one text.
//!
//! Invariants:
//! 1. A block has an instrument for each of its places from the beginning; which places are taken is
//!    known to whoever refers to one. A place is taken once and never given to another series.
//! 2. Places are taken one after the other by the holder of the lock of the order. The labels of place
//!    `i` reach in the text from `starts[i]` to `starts[i + 1]`, or to the end if that place is free.
//! 3. The text is in `open` while it grows and in `sealed` when it does not any more. Nothing else is
//!    locked while `open` is.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::ops::Deref;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::PoisonError;

use crate::labels::has_quoted_name;
use crate::sync::{AtomicU16, Mutex, MutexGuard, OnceLock};

use crate::Timestamp;
use crate::atomic::AtomicU64;

/// How many series a block has place for: so many that what they share costs each of them a byte or two,
/// so few that a family of one series is small, and that one series does not keep many removed ones in
/// memory.
pub(super) const SIZE: usize = if cfg!(loom) { 2 } else { 16 };

/// In this order, so that what a lookup reads lies beside the counts of the `Arc`.
#[repr(C)]
pub(super) struct Block<M> {
    sealed: OnceLock<Box<str>>,
    starts: [AtomicU16; SIZE],
    /// A bit for each place whose series was taken out of the family.
    removed: AtomicU16,
    /// A bit for each place whose labels have escapes, or other quotes than those around values.
    escaped: AtomicU16,
    /// Where the directory has it.
    ordinal: u32,
    /// Ascends in the order of creation.
    number: u64,
    /// When each series was made, in milliseconds, where the family tells that.
    created: OnceLock<Box<[AtomicU64; SIZE]>>,
    /// A scrape takes a reference, so that it need not hold the lock.
    open: Mutex<Option<Arc<String>>>,
    instruments: [M; SIZE],
}

/// The labels of a block.
pub(super) enum Text<'a> {
    Sealed(&'a str),
    Open(Arc<String>),
}

impl<M> Block<M> {
    pub(super) fn new(number: u64, ordinal: u32, make: impl Fn() -> M) -> Self {
        Self {
            instruments: core::array::from_fn(|_| make()),
            number,
            ordinal,
            removed: AtomicU16::new(0),
            escaped: AtomicU16::new(0),
            starts: [const { AtomicU16::new(0) }; SIZE],
            sealed: OnceLock::new(),
            created: OnceLock::new(),
            open: Mutex::new(None),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn ordinal(&self) -> u32 {
        self.ordinal
    }

    #[inline]
    pub(super) fn instrument(&self, place: usize) -> &M {
        &self.instruments[place % SIZE]
    }

    /// Relaxed: whoever was told of a removal has seen what it did, and whoever was not may find the
    /// series as it was before.
    #[inline]
    pub(super) fn is_removed(&self, place: usize) -> bool {
        self.removed.load(Relaxed) >> place & 1 != 0
    }

    pub(super) fn set_removed(&self, place: usize) {
        self.removed.fetch_or(1 << place, Relaxed);
    }

    /// Takes the next place, and returns whether there is another one.
    pub(super) fn push(&self, place: usize, labels: &str) -> bool {
        let mut open = self.open();
        let text = Arc::make_mut(open.get_or_insert_default());
        // A place that would begin further back does not come about: the block is full before.
        self.starts[place].store(text.len() as u16, Relaxed);
        if labels.contains('\\') || has_quoted_name(labels) {
            self.escaped.fetch_or(1 << place, Relaxed);
        }
        text.push_str(labels);
        let is_full = place + 1 == SIZE || text.len() > usize::from(u16::MAX);
        if is_full {
            let text = open.take().unwrap_or_default();
            let text = Arc::try_unwrap(text).unwrap_or_else(|text| String::clone(&text));
            let _ = self.sealed.set(text.into_boxed_str());
        }
        !is_full
    }

    /// Notes when the series of a place was made; later than 1970, or it stays untold.
    pub(super) fn set_created(&self, place: usize, created: Timestamp) {
        let times = self.created.get_or_init(|| Box::new([const { AtomicU64::new(0) }; SIZE]));
        times[place % SIZE].store(created.as_millis().max(0) as u64, Relaxed);
    }

    /// Relaxed: it is noted under the lock of the order, which whoever learns of the series has taken.
    pub(super) fn created(&self, place: usize) -> Option<Timestamp> {
        let millis = self.created.get()?[place % SIZE].load(Relaxed);
        (millis > 0).then(|| Timestamp::from_millis(millis as i64))
    }

    #[inline]
    pub(super) fn is_escaped(&self, place: usize) -> bool {
        self.escaped.load(Relaxed) >> place & 1 != 0
    }

    #[inline]
    pub(super) fn text(&self) -> Text<'_> {
        match self.sealed.get() {
            Some(text) => Text::Sealed(text),
            None => self.open_text(),
        }
    }

    fn open_text(&self) -> Text<'_> {
        match &*self.open() {
            Some(text) => Text::Open(Arc::clone(text)),
            // Sealed just now; or nothing is in it.
            None => Text::Sealed(self.sealed.get().map_or("", |text| text)),
        }
    }

    /// The labels of a place that is taken, in the text that was asked for afterwards.
    ///
    /// Relaxed: the text is read after the place was taken, by way of a lock or `sealed`. If the next
    /// place was taken only since then, it begins where this text ends.
    #[inline]
    pub(super) fn labels<'t>(&self, text: &'t str, place: usize) -> &'t str {
        let start = |place: usize| usize::from(self.starts[place % SIZE].load(Relaxed));
        // Only the first place, and that of no labels, begin at 0.
        let end = if place + 1 < SIZE { start(place + 1) } else { 0 };
        &text[start(place)..if end > 0 { end } else { text.len() }]
    }

    fn open(&self) -> MutexGuard<'_, Option<Arc<String>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Text<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match self {
            Self::Sealed(text) => text,
            Self::Open(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn each_place_has_its_own_labels_while_the_block_fills_and_after() {
        let block = Block::new(0, 0, || 0);
        for place in 0..SIZE {
            let before = block.text();
            assert_eq!(block.push(place, &format!("a=\"{place}\"")), place + 1 < SIZE);
            for other in 0..=place {
                assert_eq!(block.labels(&block.text(), other), format!("a=\"{other}\""));
            }
            if place > 0 {
                assert_eq!(block.labels(&before, place - 1), format!("a=\"{}\"", place - 1));
            }
        }
        assert!(matches!(block.text(), Text::Sealed(_)));
    }

    #[test]
    fn a_time_before_1970_stays_untold() {
        let block = Block::new(0, 0, || 0);
        assert_eq!(block.created(0), None);
        block.set_created(0, Timestamp::from_millis(-5));
        block.set_created(1, Timestamp::from_millis(7));
        assert_eq!((block.created(0), block.created(1)), (None, Some(Timestamp::from_millis(7))));
    }

    #[test]
    fn a_block_of_long_labels_is_full_before_its_offsets_overflow() {
        let block = Block::new(0, 0, || 0);
        let long = "x".repeat(30_000);
        assert!(block.push(0, &long) && block.push(1, &long));
        assert!(!block.push(2, &long));
        assert!((0..3).all(|place| block.labels(&block.text(), place) == long));
        let block = Block::new(0, 0, || 0);
        let huge = "x".repeat(200_000);
        assert!(!block.push(0, &huge));
        assert_eq!(block.labels(&block.text(), 0), huge);
    }

    #[test]
    fn no_labels_are_labels_too() {
        let block = Block::new(0, 0, || 0);
        assert!(block.push(0, "") && block.push(1, ""));
        assert_eq!((block.labels(&block.text(), 0), block.labels(&block.text(), 1)), ("", ""));
    }
}
