use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use super::{Counter, CounterValue, Slot, emit};
use crate::atomic::AtomicU64;
use crate::extension::Extension;
use crate::stripes::keeps_changing;
use crate::{FromOptions, Instrument, MetricType, Number, Samples};
#[cfg(feature = "std")]
use crate::{InvalidExemplar, exemplar_labels};

impl Counter<u64> {
    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        // While most amounts are 1, one update in 1024 finds these bits.
        if !self.try_add(1, |before| before % 1024 == 512) {
            self.add_unusual(1);
        }
    }

    /// Adds `n`; past 2^64 − 1 the counter wraps around.
    #[inline]
    pub fn inc_by(&self, n: u64) {
        if !self.try_add(n, is_due) {
            self.add_unusual(n);
        }
    }

    /// Adds 1 and keeps its labels as the exemplar of the counter, with the time of now.
    ///
    /// # Errors
    ///
    /// As for [`inc_by_with_exemplar`](Self::inc_by_with_exemplar).
    #[cfg(feature = "std")]
    pub fn inc_with_exemplar<'l>(
        &self,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), InvalidExemplar> {
        self.inc_by_with_exemplar(1, labels)
    }

    /// Adds `n` and keeps its labels as the exemplar of the counter, with the time of now.
    ///
    /// The last one stays, but for one that comes while another thread is about to replace it: an
    /// update never waits. The first exemplar of a counter allocates a place for it.
    ///
    /// # Errors
    ///
    /// If a label is invalid or names and values together have more than 128 characters. `n` is
    /// added all the same, and the earlier exemplar stays.
    ///
    /// ```
    /// use metrics_core::Counter;
    ///
    /// static BYTES: Counter = Counter::new();
    /// BYTES.inc_by_with_exemplar(512, [("trace_id", "4bf92f3577b34da6")])?;
    /// assert!(BYTES.inc_with_exemplar([("trace id", "a blank in the name")]).is_err());
    /// assert_eq!(BYTES.get(), 513);
    /// # Ok::<(), metrics_core::InvalidExemplar>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn inc_by_with_exemplar<'l>(
        &self,
        n: u64,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), InvalidExemplar> {
        self.add(n);
        exemplar_labels::given(labels, |labels| self.keep_exemplar(labels, n))
    }

    /// The value now.
    pub fn get(&self) -> u64 {
        // Each word only grows, so a later sum is never below an earlier one.
        let first = self.cell.word.load(Relaxed);
        self.cell.extension.stripes().fold(first, |sum, stripe| sum.wrapping_add(stripe.load(Relaxed)))
    }

    #[cfg(all(test, feature = "std"))]
    pub(crate) fn is_striped(&self) -> bool {
        self.cell.extension.mine().is_some()
    }

    /// Adds `n` unless something has to be done beside it.
    #[inline]
    fn try_add(&self, n: u64, is_due: impl FnOnce(u64) -> bool) -> bool {
        #[cfg(feature = "std")]
        if exemplar_labels::has_source() {
            return false;
        }
        let Some(word) = self.cell.extension.mine_or(&self.cell.word) else { return false };
        // Relaxed: a counter guards no other memory.
        if is_due(word.fetch_add(n, Relaxed)) || cfg!(loom) {
            self.look_for_contention();
        }
        true
    }

    fn add(&self, n: u64) {
        self.cell.extension.mine().unwrap_or(&self.cell.word).fetch_add(n, Relaxed);
    }

    /// The first update of a thread since there are stripes, or one with a source of exemplars.
    #[cold]
    fn add_unusual(&self, n: u64) {
        self.add(n);
        #[cfg(feature = "std")]
        if exemplar_labels::has_source() {
            exemplar_labels::ask(|labels| self.keep_exemplar(labels, n));
        }
    }

    #[cfg(feature = "std")]
    fn keep_exemplar(&self, labels: &str, n: u64) {
        self.cell.extension.exemplars_or(Slot::default).keep(labels, n as f64);
    }

    #[cold]
    fn look_for_contention(&self) {
        if self.cell.extension.mine().is_none() && keeps_changing(|| self.cell.word.load(Relaxed)) {
            self.cell.extension.grow(|| AtomicU64::new(0));
        }
    }
}

impl CounterValue for u64 {
    type Cell = Whole;

    const ZERO: Whole = Whole { word: AtomicU64::new(0), extension: Extension::new() };
}

impl Instrument for Counter<u64> {
    const TYPE: MetricType = MetricType::Counter;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        emit(own, Number::U64(self.get()), &self.cell.extension, samples);
    }
}

impl FromOptions for Counter<u64> {
    type Options = ();

    fn from_options((): &()) -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counter<u64> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}

/// The words of a `u64` counter.
#[doc(hidden)]
#[derive(Debug)]
pub struct Whole {
    pub(super) word: AtomicU64,
    pub(super) extension: Extension<AtomicU64, Slot>,
}

/// Whether an update that found the value `before` is to look for contention: one in 1024, whatever
/// the amounts are, as the product spreads them evenly (and not the first, at 0).
#[inline]
pub(super) fn is_due(before: u64) -> bool {
    before.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54 == 1
}
