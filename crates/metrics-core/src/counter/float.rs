use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use super::{Counter, CounterValue, Slot, emit};
use crate::atomic::{AtomicU64, add_f64};
use crate::extension::Extension;
use crate::stripes::keeps_changing;
use crate::{FromOptions, Instrument, InvalidIncrement, MetricType, Number, Samples};
#[cfg(feature = "std")]
use crate::{InvalidExemplar, InvalidUpdate, exemplar_labels};

impl Counter<f64> {
    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        #[cfg(feature = "std")]
        if exemplar_labels::has_source() {
            return self.inc_and_ask();
        }
        self.add_whole(1);
    }

    /// Adds `v`, which must be finite and not negative.
    ///
    /// # Errors
    ///
    /// If `v` is negative, NaN or infinite; the counter keeps its value.
    ///
    /// ```
    /// use metrics_core::Counter;
    ///
    /// let seconds = Counter::<f64>::new();
    /// seconds.inc_by(1.5)?;
    /// assert!(seconds.inc_by(-1.0).is_err());
    /// assert_eq!(seconds.get(), 1.5);
    /// # Ok::<(), metrics_core::InvalidIncrement>(())
    /// ```
    #[inline]
    pub fn inc_by(&self, v: f64) -> Result<(), InvalidIncrement> {
        #[cfg(feature = "std")]
        if exemplar_labels::has_source() {
            return self.inc_by_and_ask(v);
        }
        self.add(v)
    }

    /// Adds 1 and keeps its labels as the exemplar of the counter, with the time of now.
    ///
    /// # Errors
    ///
    /// If a label is invalid or names and values together have more than 128 characters. 1 is added
    /// all the same, and the earlier exemplar stays.
    #[cfg(feature = "std")]
    pub fn inc_with_exemplar<'l>(
        &self,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), InvalidExemplar> {
        self.add_whole(1);
        exemplar_labels::given(labels, |labels| self.keep_exemplar(labels, 1.0))
    }

    /// Adds `v`, which must be finite and not negative, and keeps its labels as the exemplar of the
    /// counter, with the time of now.
    ///
    /// # Errors
    ///
    /// [`InvalidUpdate::Increment`] if `v` is negative, NaN or infinite; then nothing changes.
    /// [`InvalidUpdate::Exemplar`] if the labels are invalid; then `v` is added, and the earlier
    /// exemplar stays.
    ///
    /// ```
    /// use metrics_core::{Counter, InvalidUpdate};
    ///
    /// let seconds = Counter::<f64>::new();
    /// seconds.inc_by_with_exemplar(1.5, [("trace_id", "4bf92f3577b34da6")])?;
    /// let error = seconds.inc_by_with_exemplar(-1.5, [("trace_id", "4bf92f3577b34da6")]).unwrap_err();
    /// assert!(matches!(error, InvalidUpdate::Increment(_)));
    /// assert_eq!(seconds.get(), 1.5);
    /// # Ok::<(), InvalidUpdate>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn inc_by_with_exemplar<'l>(
        &self,
        v: f64,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), InvalidUpdate> {
        self.add(v)?;
        Ok(exemplar_labels::given(labels, |labels| self.keep_exemplar(labels, v))?)
    }

    #[inline]
    fn add(&self, v: f64) -> Result<(), InvalidIncrement> {
        // A conversion that saturates, and does not come back equal for a fraction, NaN, a negative
        // or a large number.
        let whole = v as u32;
        if f64::from(whole) == v {
            self.add_whole(whole);
            return Ok(());
        }
        // False for NaN.
        if !(0.0..=f64::MAX).contains(&v) {
            return Err(InvalidIncrement::new(v));
        }
        if !self.mine().try_add_float(v) {
            self.add_float_contended(v);
        }
        Ok(())
    }

    /// The value now.
    pub fn get(&self) -> f64 {
        self.cell.extension.stripes().fold(self.cell.pair.get(), |sum, pair| sum + pair.get())
    }

    #[cfg(feature = "std")]
    #[cold]
    fn inc_and_ask(&self) {
        self.add_whole(1);
        exemplar_labels::ask(|labels| self.keep_exemplar(labels, 1.0));
    }

    #[cfg(feature = "std")]
    #[cold]
    fn inc_by_and_ask(&self, v: f64) -> Result<(), InvalidIncrement> {
        self.add(v)?;
        exemplar_labels::ask(|labels| self.keep_exemplar(labels, v));
        Ok(())
    }

    #[cfg(feature = "std")]
    fn keep_exemplar(&self, labels: &str, v: f64) {
        self.cell.extension.exemplars_or(Slot::default).keep(labels, v);
    }

    #[inline]
    fn mine(&self) -> &Pair {
        match self.cell.extension.mine_or(&self.cell.pair) {
            Some(pair) => pair,
            None => self.mine_at_first(),
        }
    }

    #[cold]
    fn mine_at_first(&self) -> &Pair {
        self.cell.extension.mine().unwrap_or(&self.cell.pair)
    }

    #[inline]
    fn add_whole(&self, n: u32) {
        let pair = self.mine();
        let now = pair.whole.load(Relaxed);
        if now >= Pair::FULL {
            return pair.add_float(f64::from(n));
        }
        if pair.whole.compare_exchange(now, now + u64::from(n), Relaxed, Relaxed).is_err() {
            self.add_contended(n);
        }
    }

    #[cold]
    pub(super) fn add_contended(&self, n: u32) {
        let pair = self.mine();
        loop {
            let now = pair.whole.load(Relaxed);
            if now >= Pair::FULL {
                return pair.add_float(f64::from(n));
            }
            if pair.whole.compare_exchange(now, now + u64::from(n), Relaxed, Relaxed).is_ok() {
                break;
            }
        }
        self.look_for_contention(&pair.whole);
    }

    #[cold]
    pub(super) fn add_float_contended(&self, v: f64) {
        let pair = self.mine();
        pair.add_float(v);
        self.look_for_contention(&pair.float);
    }

    fn look_for_contention(&self, word: &AtomicU64) {
        if self.cell.extension.mine().is_none() && keeps_changing(|| word.load(Relaxed)) {
            self.cell.extension.grow(|| Pair::ZERO);
        }
    }
}

impl CounterValue for f64 {
    type Cell = Float;

    const ZERO: Float = Float { pair: Pair::ZERO, extension: Extension::new() };
}

impl Instrument for Counter<f64> {
    const TYPE: MetricType = MetricType::Counter;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        emit(own, Number::F64(self.get()), &self.cell.extension, samples);
    }
}

impl FromOptions for Counter<f64> {
    type Options = ();

    fn from_options((): &()) -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counter<f64> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}

/// The words of an `f64` counter.
#[doc(hidden)]
#[derive(Debug)]
pub struct Float {
    pub(super) pair: Pair,
    pub(super) extension: Extension<Pair, Slot>,
}

/// An integer beside a float: whole amounts, which are most, are added to the integer, where one
/// exchange is cheaper than on the float and nothing is rounded. The value is the sum of the two.
///
/// Invariant: both only grow, so the sum never goes down. The integer stops at `FULL` (amounts are
/// below 2^32, so it cannot wrap); from there on everything goes to the float.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) whole: AtomicU64,
    pub(super) float: AtomicU64,
}

impl Pair {
    const FULL: u64 = 1 << 63;
    /// The bits of 0.0 are 0.
    #[allow(clippy::declare_interior_mutable_const, reason = "a new pair at each use is what is wanted")]
    pub(super) const ZERO: Self = Self { whole: AtomicU64::new(0), float: AtomicU64::new(0) };

    /// Adds unless another thread changes the float in between.
    #[inline]
    fn try_add_float(&self, v: f64) -> bool {
        let now = self.float.load(Relaxed);
        let sum = f64::from_bits(now) + v;
        self.float.compare_exchange(now, sum.to_bits(), Relaxed, Relaxed).is_ok()
    }

    pub(super) fn add_float(&self, v: f64) {
        add_f64(&self.float, v);
    }

    fn get(&self) -> f64 {
        self.whole.load(Relaxed) as f64 + f64::from_bits(self.float.load(Relaxed))
    }
}
