use alloc::boxed::Box;

use super::{Buckets, Merged};
use crate::{HistogramValue, NativeBucket, NativeHistogram};

/// The buckets, count and sum of a [`Histogram`](crate::Histogram) at one moment.
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
    pub(super) buckets: Buckets,
    pub(super) counts: Box<[u64]>,
    pub(super) sum: f64,
    pub(super) native: Option<NativeSnapshot>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct NativeSnapshot {
    pub(super) schema: i8,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) positive: Box<[NativeBucket]>,
    pub(super) negative: Box<[NativeBucket]>,
}

impl NativeSnapshot {
    pub(super) fn of(merged: &Merged) -> Self {
        let Merged { schema, threshold, zero, positive, negative } = merged;
        Self {
            schema: *schema,
            zero_threshold: *threshold,
            zero_count: *zero,
            positive: positive.as_slice().into(),
            negative: negative.as_slice().into(),
        }
    }
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

    /// The native buckets, if the histogram has them.
    ///
    /// ```
    /// use metrics_core::{Histogram, Native};
    ///
    /// static SIZES: Histogram = Histogram::native(Native::with_schema(0));
    /// for v in [0.0, 3.0, 4.0, -100.0] {
    ///     SIZES.observe(v);
    /// }
    /// let snapshot = SIZES.snapshot();
    /// let native = snapshot.native().unwrap();
    /// let positive: Vec<_> = native.positive().iter().map(|(index, n)| (index, n.as_f64())).collect();
    /// assert_eq!(positive, [(2, 2.0)]); // above 2, up to 4
    /// assert_eq!(native.zero_count().as_f64(), 1.0);
    /// ```
    pub fn native(&self) -> Option<NativeHistogram<'_>> {
        let native = self.native.as_ref()?;
        let (schema, threshold) = (native.schema, native.zero_threshold);
        Some(NativeHistogram::trusted(
            schema,
            threshold,
            native.zero_count,
            &native.positive,
            &native.negative,
        ))
    }

    /// The classic buckets, to be pushed by a collector. For the native ones too, add them:
    ///
    /// ```
    /// use metrics_core::{Buckets, Histogram, Native};
    ///
    /// let seconds = Histogram::with_buckets(Buckets::try_new([1.0])?.with_native(Native::DEFAULT)?);
    /// seconds.observe(0.25);
    /// let snapshot = seconds.snapshot();
    /// let native = snapshot.native().unwrap();
    /// let value = snapshot.value().with_native(&native).unwrap();
    /// assert_eq!(value.native().unwrap().count(), value.count());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn value(&self) -> HistogramValue<'_> {
        HistogramValue::trusted(self.buckets.bounds(), &self.counts, self.sum)
    }
}
