use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use crate::atomic::{AtomicU64, add_f64};
use crate::extension::Extension;
use crate::stripes::keeps_changing;
use crate::{FromOptions, Instrument, InvalidIncrement, MetricType, Number, Samples};
#[cfg(feature = "std")]
use crate::{InvalidExemplar, InvalidUpdate, exemplar_labels, exemplar_slot::Slot};

/// A number that only goes up: requests served, bytes sent, errors met.
///
/// `Counter` counts in `u64` and wraps around past 2^64 − 1, which a server reads as a restart.
/// `Counter<f64>` also takes fractions, such as seconds.
///
/// An update is one atomic operation on one word. When threads collide on it, the counter gets a
/// word for each of them (2 KiB, once), and they no longer meet.
///
/// An update can leave an exemplar, which leads from the number to one of the things that it counts:
/// with labels that are given to it, or by themselves (see `set_exemplar_source`).
///
/// ```
/// use metrics_core::Counter;
///
/// static REQUESTS: Counter = Counter::new();
/// REQUESTS.inc();
/// REQUESTS.inc_by(2);
/// assert_eq!(REQUESTS.get(), 3);
/// ```
pub struct Counter<V: CounterValue = u64> {
    cell: V::Cell,
}

/// What a [`Counter`] can count in: `u64` and `f64`.
///
/// ```
/// use metrics_core::{Counter, CounterValue};
///
/// fn fresh<V: CounterValue>() -> Counter<V> {
///     Counter::new()
/// }
/// assert_eq!(fresh::<u64>().get(), 0);
/// assert_eq!(fresh::<f64>().get(), 0.0);
/// ```
pub trait CounterValue: sealed::Sealed + 'static {
    #[doc(hidden)]
    type Cell: Send + Sync;

    #[doc(hidden)]
    const ZERO: Self::Cell;
}

impl CounterValue for u64 {
    type Cell = Whole;

    const ZERO: Whole = Whole { word: AtomicU64::new(0), extension: Extension::new() };
}

impl CounterValue for f64 {
    type Cell = Float;

    const ZERO: Float = Float { pair: Pair::ZERO, extension: Extension::new() };
}

impl<V: CounterValue> Counter<V> {
    /// A counter at 0.
    pub const fn new() -> Self {
        Self { cell: V::ZERO }
    }
}

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

/// Whether an update that found the value `before` is to look for contention: one in 1024, whatever
/// the amounts are, as the product spreads them evenly (and not the first, at 0).
#[inline]
fn is_due(before: u64) -> bool {
    before.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54 == 1
}

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
    fn add_contended(&self, n: u32) {
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
    fn add_float_contended(&self, v: f64) {
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

impl<V: CounterValue> Counter<V>
where
    Self: Count,
{
    /// Counts `result` if it is an error, and hands it on.
    ///
    /// # Errors
    ///
    /// The error that it was given.
    ///
    /// ```
    /// use metrics_core::Counter;
    ///
    /// static FAILURES: Counter = Counter::new();
    /// let parsed = FAILURES.count_err("seven".parse::<u32>());
    /// assert!(parsed.is_err());
    /// assert_eq!(FAILURES.get(), 1);
    /// ```
    pub fn count_err<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.count();
        }
        result
    }

    /// Counts `result` if it is an error that `is_counted` says yes to, and hands it on.
    ///
    /// # Errors
    ///
    /// The error that it was given.
    ///
    /// ```
    /// use metrics_core::Counter;
    /// use std::num::IntErrorKind;
    ///
    /// static TOO_LARGE: Counter = Counter::new();
    /// for text in ["7", "seven", "777"] {
    ///     let _ = TOO_LARGE.count_err_if(text.parse::<u8>(), |e| *e.kind() == IntErrorKind::PosOverflow);
    /// }
    /// assert_eq!(TOO_LARGE.get(), 1);
    /// ```
    pub fn count_err_if<T, E>(
        &self,
        result: Result<T, E>,
        is_counted: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        if result.as_ref().is_err_and(is_counted) {
            self.count();
        }
        result
    }

    /// Runs `f` and counts if it panics; the panic goes on.
    ///
    /// ```
    /// use metrics_core::Counter;
    ///
    /// static PANICS: Counter = Counter::new();
    /// assert_eq!(PANICS.count_panics(|| 7), 7);
    /// let _ = std::panic::catch_unwind(|| PANICS.count_panics(|| panic!("for the example")));
    /// assert_eq!(PANICS.get(), 1);
    /// ```
    pub fn count_panics<R>(&self, f: impl FnOnce() -> R) -> R {
        let guard = CountOnUnwind(self);
        let result = f();
        core::mem::forget(guard);
        result
    }

    /// Awaits `future`, counts its result if it is an error, and hands it on.
    ///
    /// A future that is dropped before it is done is not an error: a timer or
    /// [`Gauge::track_future`](crate::Gauge::track_future) sees it.
    ///
    /// # Errors
    ///
    /// The error that the future gives.
    pub async fn count_err_future<T, E>(&self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.count_err(future.await)
    }
}

/// Counts when it is dropped, which happens only while the stack unwinds.
struct CountOnUnwind<'a, C: Count>(&'a C);

impl<C: Count> Drop for CountOnUnwind<'_, C> {
    fn drop(&mut self) {
        self.0.count();
    }
}

/// Adding one, for either kind of counter.
#[doc(hidden)]
pub trait Count {
    fn count(&self);
}

impl Count for Counter<u64> {
    fn count(&self) {
        self.inc();
    }
}

impl Count for Counter<f64> {
    fn count(&self) {
        self.inc();
    }
}

impl Instrument for Counter<u64> {
    const TYPE: MetricType = MetricType::Counter;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        emit(own, Number::U64(self.get()), &self.cell.extension, samples);
    }
}

impl Instrument for Counter<f64> {
    const TYPE: MetricType = MetricType::Counter;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        emit(own, Number::F64(self.get()), &self.cell.extension, samples);
    }
}

fn emit<T>(own: &str, value: Number, extension: &Extension<T, Slot>, samples: &mut Samples<'_>) {
    #[cfg(feature = "std")]
    if let Some(slot) = extension.exemplars() {
        return samples.emit_with_exemplars(own, value.into(), |copies| slot.copy_to(copies));
    }
    let _ = extension;
    samples.emit(own, value.into());
}

/// Without `std` there are no exemplars.
#[cfg(not(feature = "std"))]
type Slot = ();

impl FromOptions for Counter<u64> {
    type Options = ();

    fn from_options((): &()) -> Self {
        Self::new()
    }
}

impl FromOptions for Counter<f64> {
    type Options = ();

    fn from_options((): &()) -> Self {
        Self::new()
    }
}

impl<V: CounterValue> Default for Counter<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counter<u64> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}

impl fmt::Debug for Counter<f64> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}

/// The words of a `u64` counter.
#[doc(hidden)]
#[derive(Debug)]
pub struct Whole {
    word: AtomicU64,
    extension: Extension<AtomicU64, Slot>,
}

/// The words of an `f64` counter.
#[doc(hidden)]
#[derive(Debug)]
pub struct Float {
    pair: Pair,
    extension: Extension<Pair, Slot>,
}

/// An integer beside a float: whole amounts, which are most, are added to the integer, where one
/// exchange is cheaper than on the float and nothing is rounded. The value is the sum of the two.
///
/// Invariant: both only grow, so the sum never goes down. The integer stops at `FULL` (amounts are
/// below 2^32, so it cannot wrap); from there on everything goes to the float.
#[derive(Debug)]
struct Pair {
    whole: AtomicU64,
    float: AtomicU64,
}

impl Pair {
    const FULL: u64 = 1 << 63;
    /// The bits of 0.0 are 0.
    #[allow(clippy::declare_interior_mutable_const, reason = "a new pair at each use is what is wanted")]
    const ZERO: Self = Self { whole: AtomicU64::new(0), float: AtomicU64::new(0) };

    /// Adds unless another thread changes the float in between.
    #[inline]
    fn try_add_float(&self, v: f64) -> bool {
        let now = self.float.load(Relaxed);
        let sum = f64::from_bits(now) + v;
        self.float.compare_exchange(now, sum.to_bits(), Relaxed, Relaxed).is_ok()
    }

    fn add_float(&self, v: f64) {
        add_f64(&self.float, v);
    }

    fn get(&self) -> f64 {
        self.whole.load(Relaxed) as f64 + f64::from_bits(self.float.load(Relaxed))
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for f64 {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_u64_counter_wraps() {
        let counter = Counter::<u64>::new();
        counter.inc_by(u64::MAX);
        counter.inc_by(2);
        assert_eq!(counter.get(), 1);
    }

    #[test]
    fn a_float_counter_past_its_integer_goes_on_in_the_float() {
        let counter = Counter::<f64>::new();
        counter.cell.pair.whole.store((1 << 63) - 1, Relaxed);
        counter.inc();
        counter.inc_by(4_000_000_000.0).unwrap();
        assert_eq!(counter.cell.pair.whole.load(Relaxed), 1 << 63);
        assert_eq!(f64::from_bits(counter.cell.pair.float.load(Relaxed)), 4e9);
    }

    #[test]
    fn bad_increments_change_nothing() {
        let counter = Counter::<f64>::new();
        counter.inc_by(0.5).unwrap();
        for v in [-1.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::MIN_POSITIVE] {
            let error = counter.inc_by(v).unwrap_err();
            assert!(error.value() == v || v.is_nan());
            assert_eq!(counter.get(), 0.5);
        }
        for v in [0.0, -0.0, 1e300, 5e-324, 4_294_967_296.0] {
            counter.inc_by(v).unwrap();
        }
        assert_eq!(counter.get(), 1e300);
    }

    #[cfg(feature = "std")]
    #[test]
    fn nothing_is_lost_while_stripes_grow() {
        const EACH: u64 = 200_000;
        let whole = Counter::<u64>::new();
        let float = Counter::<f64>::new();
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    for i in 0..EACH {
                        whole.inc();
                        if i % 2 == 0 {
                            float.inc();
                        } else {
                            float.inc_by(0.5).unwrap();
                        }
                        if i == EACH / 2 {
                            whole.cell.extension.grow(|| AtomicU64::new(0));
                            float.cell.extension.grow(|| Pair::ZERO);
                        }
                    }
                });
            }
        });
        assert_eq!(whole.get(), 4 * EACH);
        assert_eq!(float.get(), 3.0 * EACH as f64);
    }

    #[cfg(feature = "std")]
    #[test]
    fn one_thread_never_grows_stripes() {
        let counter = Counter::<u64>::new();
        (0..100_000).for_each(|_| counter.inc());
        assert!(counter.cell.extension.mine().is_none());
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_word_that_another_thread_changes_again_and_again_grows_stripes() {
        use crate::stripes::meddle;
        use std::sync::Arc;

        let whole = Arc::new(Counter::<u64>::new());
        let other = Arc::clone(&whole);
        // Alone, it looks and stays small; with company, the update that looks makes the stripes.
        (0..100_000).for_each(|_| whole.inc());
        assert!(!whole.is_striped());
        meddle::with(
            move || _ = other.cell.word.fetch_add(1, Relaxed),
            || (0..100_000).for_each(|_| whole.inc()),
        );
        assert!(whole.is_striped());

        for amount in [2.0, 0.5] {
            let float = Arc::new(Counter::<f64>::new());
            let other = Arc::clone(&float);
            let lose_once = || match amount {
                0.5 => float.add_float_contended(amount),
                _ => float.add_contended(amount as u32),
            };
            lose_once();
            assert!(float.cell.extension.mine().is_none(), "one lost exchange is no reason");
            let meddler = move || {
                other.cell.pair.whole.fetch_add(1, Relaxed);
                other.cell.pair.add_float(1.0);
            };
            meddle::with(meddler, lose_once);
            assert!(float.cell.extension.mine().is_some(), "by {amount}");
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_float_counter_that_threads_hammer_loses_nothing() {
        const EACH: u32 = 1_000_000;
        for amount in [2.0, 0.5] {
            let counter = Counter::<f64>::new();
            let start = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        start.wait();
                        (0..EACH).for_each(|_| counter.inc_by(amount).unwrap());
                    });
                }
            });
            assert_eq!(counter.get(), 2.0 * f64::from(EACH) * amount);
        }
    }

    #[test]
    fn one_update_in_a_thousand_looks_whatever_the_amounts_are() {
        for amount in [1, 2, 7, 100, 1000, 1024, 1500, 4096, 65_536, 1 << 32] {
            let due = (0..1_000_000u64).filter(|i| is_due(i.wrapping_mul(amount))).count();
            assert!((300..3000).contains(&due), "{due} of 1000000 with {amount}");
        }
        assert!(!is_due(0));
    }

    #[cfg(feature = "std")]
    #[test]
    fn an_update_whose_slot_is_taken_counts_without_its_exemplar() {
        let counter = Counter::<u64>::new();
        counter.inc_with_exemplar([("id", "1")]).unwrap();
        let slot = counter.cell.extension.exemplars().unwrap();
        let held = slot.hold();
        counter.inc_with_exemplar([("id", "2")]).unwrap();
        drop(held);
        assert_eq!(counter.get(), 2);
        let mut copies = crate::exemplar_slot::Copies::default();
        slot.copy_to(&mut copies);
        copies.with(|exemplars| assert_eq!(exemplars[0].labels().parts()[1], "id=\"1\""));
    }

    #[cfg(all(
        feature = "std",
        target_pointer_width = "64",
        target_has_atomic = "64",
        not(metrics_core_no_atomic64)
    ))]
    #[test]
    fn a_counter_that_needs_nothing_else_is_three_words() {
        assert_eq!(size_of::<Counter<u64>>(), 24);
        assert_eq!(size_of::<crate::Histogram>(), 64);
    }
}
