mod buckets;
mod layout;
mod stripe;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

use self::layout::Layout;
use self::stripe::Stripe;
use crate::stripes::{Stripes, TRIES, keeps_changing};
use crate::timer::Observe;
use crate::{FromOptions, HistogramValue, Instrument, MetricType, Samples, Timer, Value};

pub use self::buckets::{Buckets, InvalidBuckets, InvalidBucketsReason};

/// Observations counted in buckets, with their sum: durations, sizes.
///
/// A scrape always sees a whole: its count is the sum of its buckets, and its sum adds up exactly the
/// observations that are counted. A NaN is counted in the `+Inf` bucket and makes the sum NaN.
///
/// An observation costs one atomic swap. When threads collide, the histogram gets cells for each of
/// them (16 times its buckets, once), and they no longer meet.
///
/// ```
/// use metrics_core::Histogram;
///
/// static SECONDS: Histogram = Histogram::new(&Histogram::DEFAULT_BUCKETS);
/// SECONDS.observe(0.2);
/// SECONDS.observe(7.0);
/// let snapshot = SECONDS.snapshot();
/// assert_eq!((snapshot.count(), snapshot.sum()), (2, 7.2));
/// assert_eq!(snapshot.buckets().last(), Some((f64::INFINITY, 2)));
/// ```
///
/// Bad bounds in a constant do not compile:
///
/// ```compile_fail
/// use metrics_core::Histogram;
///
/// static UNSORTED: Histogram = Histogram::new(&[2.0, 1.0]);
/// ```
pub struct Histogram {
    buckets: Buckets,
    cells: OnceLock<Cells>,
}

/// Made at the first observation, as a constant cannot allocate.
struct Cells {
    layout: Arc<Layout>,
    first: Stripe,
    stripes: Stripes<Stripe>,
}

impl Histogram {
    /// Bounds for durations in seconds of what a network service does, 5 ms to 10 s.
    pub const DEFAULT_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

    /// A histogram with the upper bounds of a constant.
    ///
    /// # Panics
    ///
    /// If there are no bounds, one is NaN or infinite, or they do not ascend; in a constant, that is a
    /// compile error. [`Buckets::try_new`] returns an error instead.
    pub const fn new(bounds: &'static [f64]) -> Self {
        Self { buckets: Buckets::from_static(bounds), cells: OnceLock::new() }
    }

    /// A histogram with bounds that are known at run time.
    pub fn with_buckets(buckets: Buckets) -> Self {
        Self { buckets, cells: OnceLock::new() }
    }

    /// Counts one observation.
    #[inline]
    pub fn observe(&self, v: f64) {
        let cells = self.cells();
        let bucket = cells.layout.bucket(v);
        let mine = cells.stripes.mine().unwrap_or(&cells.first);
        if !mine.try_observe(bucket, v) {
            cells.observe_contended(bucket, v);
        }
    }

    /// Starts to measure; the seconds until the timer is dropped are observed.
    ///
    /// ```
    /// use metrics_core::Histogram;
    ///
    /// static SECONDS: Histogram = Histogram::new(&Histogram::DEFAULT_BUCKETS);
    /// fn work() -> Option<u32> {
    ///     let _timer = SECONDS.start_timer();
    ///     let n = "seven".parse().ok()?; // an early return is measured too
    ///     Some(n)
    /// }
    /// assert_eq!(work(), None);
    /// assert_eq!(SECONDS.snapshot().count(), 1);
    /// ```
    pub fn start_timer(&self) -> Timer<'_> {
        Timer::start(self)
    }

    /// Runs `f` and observes the seconds it takes, also if it panics.
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        f()
    }

    /// Awaits `future` and observes the seconds from its first poll until it is done or dropped.
    pub async fn time_future<F: Future>(&self, future: F) -> F::Output {
        let _timer = self.start_timer();
        future.await
    }

    /// The buckets, count and sum of now, consistent with each other.
    pub fn snapshot(&self) -> HistogramSnapshot {
        let mut counts = Vec::new();
        let sum = self.read(&mut counts);
        HistogramSnapshot { buckets: self.buckets.clone(), counts: counts.into(), sum }
    }

    #[inline]
    fn cells(&self) -> &Cells {
        self.cells.get_or_init(|| Cells::new(self.buckets.layout()))
    }

    #[cfg(test)]
    pub(crate) fn is_striped(&self) -> bool {
        self.cells().stripes.mine().is_some()
    }

    /// Fills `counts` and returns the sum.
    fn read(&self, counts: &mut Vec<u64>) -> f64 {
        counts.clear();
        counts.resize(self.buckets.bounds().len() + 1, 0);
        let Some(cells) = self.cells.get() else { return 0.0 };
        // Every observation is in one stripe, and each stripe is read as a whole. An observation that
        // comes after its stripe was read belongs to the next scrape.
        let first = cells.first.add_to(counts);
        cells.stripes.iter().fold(first, |sum, stripe| sum + stripe.add_to(counts))
    }
}

impl Cells {
    fn new(layout: Arc<Layout>) -> Self {
        let first = Stripe::new(layout.bounds().len());
        Self { layout, first, stripes: Stripes::new() }
    }

    #[cold]
    fn observe_contended(&self, bucket: usize, v: f64) {
        if self.stripes.mine().is_none() {
            for _ in 1..TRIES {
                core::hint::spin_loop();
                if self.first.try_observe(bucket, v) {
                    if keeps_changing(|| self.first.glance(bucket)) {
                        self.stripes.grow(|| Stripe::apart(self.layout.bounds().len()));
                    }
                    return;
                }
            }
            self.stripes.grow(|| Stripe::apart(self.layout.bounds().len()));
        }
        // One of the stripes is free unless as many threads as there are stripes hold one at this
        // moment; each holds it for a few instructions, or until it gets its core back.
        while !self.stripes.beginning_with_mine().any(|stripe| stripe.try_observe(bucket, v)) {
            std::thread::yield_now();
        }
    }
}

impl Observe for Histogram {
    fn observe_seconds(&self, seconds: f64) {
        self.observe(seconds);
    }
}

impl Instrument for Histogram {
    const TYPE: MetricType = MetricType::Histogram;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        if !samples.is_wanted() {
            return;
        }
        let mut counts = samples.take_counts();
        let sum = self.read(&mut counts);
        samples.emit(own, Value::Histogram(HistogramValue::trusted(self.buckets.bounds(), &counts, sum)));
        samples.give_counts(counts);
    }
}

impl FromOptions for Histogram {
    type Options = Buckets;

    fn from_options(buckets: &Buckets) -> Self {
        let layout = buckets.layout();
        // Made at once, so that no observation of a series allocates.
        Self { buckets: buckets.clone(), cells: OnceLock::from(Cells::new(layout)) }
    }

    fn shared(buckets: &Buckets) -> Buckets {
        buckets.shared()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        f.debug_struct("Histogram").field("count", &snapshot.count()).field("sum", &snapshot.sum()).finish()
    }
}

/// The buckets, count and sum of a [`Histogram`] at one moment.
///
/// ```
/// use metrics_core::{Buckets, Histogram};
///
/// let sizes = Histogram::with_buckets(Buckets::linear(10.0, 10.0, 2)?);
/// for v in [3.0, 10.0, 11.0, 99.0] {
///     sizes.observe(v);
/// }
/// let buckets: Vec<_> = sizes.snapshot().buckets().collect();
/// assert_eq!(buckets, [(10.0, 2), (20.0, 3), (f64::INFINITY, 4)]);
/// # Ok::<(), metrics_core::InvalidBuckets>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSnapshot {
    buckets: Buckets,
    counts: Box<[u64]>,
    sum: f64,
}

impl HistogramSnapshot {
    /// Upper bound and cumulative count of each bucket, `+Inf` last.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bounds = self.buckets.bounds().iter().copied().chain([f64::INFINITY]);
        bounds.zip(&self.counts).scan(0u64, |total, (bound, n)| {
            *total = total.wrapping_add(*n);
            Some((bound, *total))
        })
    }

    /// The number of observations: always that of the `+Inf` bucket.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |total, n| total.wrapping_add(*n))
    }

    /// The sum of the observations.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The same, to be pushed by a collector.
    pub fn value(&self) -> HistogramValue<'_> {
        HistogramValue::trusted(self.buckets.bounds(), &self.counts, self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_counts_above_every_bound_and_makes_the_sum_nan() {
        let histogram = Histogram::new(&[1.0]);
        for v in [f64::NAN, f64::NEG_INFINITY, 1.0, f64::INFINITY] {
            histogram.observe(v);
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.buckets().collect::<Vec<_>>(), [(1.0, 2), (f64::INFINITY, 4)]);
        assert!(snapshot.sum().is_nan());
    }

    #[test]
    fn an_observation_made_while_a_stripe_is_held_is_counted() {
        let histogram = Histogram::new(&[1.0]);
        histogram.observe(0.5);
        let cells = histogram.cells();
        let held = cells.first.hold();
        histogram.observe(2.0);
        assert!(cells.stripes.mine().is_some(), "a held cell makes stripes");
        drop(held);
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum()), (2, 2.5));
    }

    #[test]
    fn a_busy_stripe_is_left_for_another() {
        let histogram = Histogram::new(&[1.0]);
        let cells = histogram.cells();
        let mine = cells.stripes.grow(|| Stripe::new(1)).unwrap();
        let held = mine.hold();
        histogram.observe(3.0);
        drop(held);
        assert_eq!(histogram.snapshot().count(), 1);
    }

    #[test]
    fn one_thread_never_grows_stripes() {
        let histogram = Histogram::new(&Histogram::DEFAULT_BUCKETS);
        (0..100_000).for_each(|i| histogram.observe(f64::from(i)));
        assert!(histogram.cells().stripes.mine().is_none());
    }
}
