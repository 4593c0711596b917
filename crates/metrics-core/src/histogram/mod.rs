mod buckets;
mod cells;
mod layout;
mod native;
mod native_words;
mod snapshot;
mod stripe;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use self::buckets::bounds_checked;
use self::cells::Cells;
pub(crate) use self::native_words::Merged;
use self::snapshot::NativeSnapshot;
use crate::exemplar_labels;
use crate::sync::OnceLock;
use crate::timer::Observe;
use crate::{FromOptions, HistogramValue, Instrument, InvalidExemplar, MetricType, Samples, Timer, Value};

pub use self::buckets::{Buckets, InvalidBuckets, InvalidBucketsReason};
pub use self::native::{InvalidNative, InvalidNativeReason, Native};
pub use self::snapshot::HistogramSnapshot;

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
    source: Source,
}

enum Source {
    /// Cells that are made at the first observation: a constant cannot allocate; and native buckets are
    /// large, while a family makes instruments ahead of the series.
    Late {
        buckets: Buckets,
        cells: OnceLock<Box<Cells>>,
    },
    Made(Cells),
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
        Self::constant(bounds_checked(bounds), None)
    }

    /// A histogram with native buckets alone.
    ///
    /// # Panics
    ///
    /// If a number of `native` is out of its range; in a constant, that is a compile error.
    /// [`Buckets::native`] returns an error instead.
    pub const fn native(native: Native) -> Self {
        Self::constant(&[], Some(native.checked()))
    }

    /// A histogram with the upper bounds of a constant, and native buckets beside them: each
    /// observation is counted in both.
    ///
    /// # Panics
    ///
    /// If the bounds are refused as by [`new`](Self::new), or a number of `native` is out of its range;
    /// in a constant, that is a compile error. [`Buckets::with_native`] returns an error instead.
    pub const fn new_with_native(bounds: &'static [f64], native: Native) -> Self {
        Self::constant(bounds_checked(bounds), Some(native.checked()))
    }

    const fn constant(bounds: &'static [f64], native: Option<Native>) -> Self {
        Self::late(Buckets::constant(bounds, native))
    }

    const fn late(buckets: Buckets) -> Self {
        Self { source: Source::Late { buckets, cells: OnceLock::new() } }
    }

    /// # Panics
    ///
    /// If a number of `native` is out of its range, or the histogram is not one of a constant.
    pub(crate) const fn set_native(&mut self, new: Native) {
        match &mut self.source {
            Source::Late { buckets, .. } => buckets.set_native(new),
            Source::Made(_) => panic!("give a histogram that is made at run time its native buckets before"),
        }
    }

    /// A histogram with buckets that are known at run time.
    pub fn with_buckets(buckets: Buckets) -> Self {
        Self { source: Source::Made(Cells::new(buckets.layout())) }
    }

    /// Counts one observation.
    #[inline]
    pub fn observe(&self, v: f64) {
        // What is not usual comes last and in one call, so that nothing needs to be kept for later.
        let cells = match &self.source {
            Source::Made(cells) => Some(cells),
            Source::Late { cells, .. } => cells.get().map(|cells| &**cells),
        };
        let counted = cells.is_some_and(|cells| !exemplar_labels::has_source() && cells.try_observe(v));
        if !counted {
            self.observe_unusual(v);
        }
    }

    /// Counts one observation and keeps its labels as an exemplar, with the time of now.
    ///
    /// Each bucket keeps the last one; a histogram with native buckets keeps ten over the range of its
    /// values. One that comes while another thread is about to keep one is not kept: an observation
    /// never waits. The first exemplar of a histogram allocates places for them.
    ///
    /// # Errors
    ///
    /// If a label is invalid or names and values together have more than 128 characters. The
    /// observation is counted all the same, without an exemplar.
    ///
    /// ```
    /// use metrics_core::Histogram;
    ///
    /// static SECONDS: Histogram = Histogram::new(&Histogram::DEFAULT_BUCKETS);
    /// SECONDS.observe_with_exemplar(0.2, [("trace_id", "4bf92f3577b34da6")])?;
    /// assert!(SECONDS.observe_with_exemplar(0.3, [("trace id", "a blank in the name")]).is_err());
    /// assert_eq!(SECONDS.snapshot().count(), 2);
    /// # Ok::<(), metrics_core::InvalidExemplar>(())
    /// ```
    pub fn observe_with_exemplar<'l>(
        &self,
        v: f64,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), InvalidExemplar> {
        let cells = self.cells();
        cells.observe(v);
        exemplar_labels::given(labels, |labels| cells.keep_exemplar(labels, v))
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
        let cells = self.cells();
        let mut counts = Vec::new();
        let mut merged = Merged::default();
        let sum = cells.read(&mut counts, &mut merged);
        HistogramSnapshot {
            buckets: Buckets::of(Arc::clone(cells.layout())),
            counts: counts.into(),
            sum,
            native: cells.layout().native().map(|_| NativeSnapshot::of(&merged)),
        }
    }

    /// The first observation, one under contention, one with native buckets or a source of exemplars.
    #[cold]
    fn observe_unusual(&self, v: f64) {
        let cells = self.cells();
        cells.observe(v);
        if exemplar_labels::has_source() {
            exemplar_labels::ask(|labels| cells.keep_exemplar(labels, v));
        }
    }

    fn cells(&self) -> &Cells {
        match &self.source {
            Source::Made(cells) => cells,
            Source::Late { buckets, cells } => cells.get_or_init(|| Box::new(Cells::new(buckets.layout()))),
        }
    }

    #[cfg(test)]
    pub(crate) fn is_striped(&self) -> bool {
        self.cells().is_striped()
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
        let cells = self.cells();
        let mut room = samples.take_room();
        let sum = cells.read(&mut room.counts, &mut room.merged);
        let value = HistogramValue::trusted(cells.layout().bounds(), &room.counts, sum);
        let native = cells.layout().native().map(|_| room.merged.value());
        let value = Value::Histogram(match &native {
            Some(native) => value.with_trusted(native),
            None => value,
        });
        if let Some(reset) = cells.reset_time() {
            samples.set_reset(reset);
        }
        match cells.exemplars() {
            Some(copy) => samples.emit_with_exemplars(own, value, copy),
            None => samples.emit(own, value),
        }
        samples.give_room(room);
    }
}

impl FromOptions for Histogram {
    type Options = Buckets;

    fn from_options(buckets: &Buckets) -> Self {
        let layout = buckets.layout();
        match layout.native() {
            Some(_) => Self::late(Buckets::of(layout)),
            // Made at once: it is small, and this way nearer.
            None => Self { source: Source::Made(Cells::new(layout)) },
        }
    }

    fn begin(&self) {
        self.cells();
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

/// What a histogram is read into, used again from series to series.
#[derive(Debug, Default)]
pub(crate) struct Room {
    counts: Vec<u64>,
    merged: Merged,
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
        let held = cells.first().hold();
        histogram.observe(2.0);
        assert!(cells.is_striped(), "a held cell makes stripes");
        drop(held);
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum()), (2, 2.5));
    }

    #[test]
    fn a_busy_stripe_is_left_for_another() {
        let histogram = Histogram::new(&[1.0]);
        let held = histogram.cells().striped().hold();
        histogram.observe(3.0);
        drop(held);
        assert_eq!(histogram.snapshot().count(), 1);
    }

    #[test]
    fn one_thread_never_grows_stripes() {
        let histogram = Histogram::new(&Histogram::DEFAULT_BUCKETS);
        (0..100_000).for_each(|i| histogram.observe(f64::from(i)));
        assert!(!histogram.is_striped());
    }
}
