use crate::{NativeHistogram, Number};

/// The buckets and the sum of one histogram at one moment: classic buckets, native ones, or both.
///
/// ```
/// use metrics_core::{HistogramValue, Number};
///
/// // Two observations up to 1, three between 1 and 5, one above 5.
/// let value = HistogramValue::new(&[1.0, 5.0], &[2, 3, 1], 18.5).unwrap();
/// let buckets: Vec<_> = value.buckets().collect();
/// assert_eq!(buckets, [(1.0, Number::U64(2)), (5.0, Number::U64(5)), (f64::INFINITY, Number::U64(6))]);
/// assert_eq!(value.count(), Number::U64(6));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistogramValue<'a> {
    bounds: &'a [f64],
    kind: Kind<'a>,
    sum: f64,
    native: Option<&'a NativeHistogram<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind<'a> {
    Classic(Counts<'a>),
    /// Without classic buckets: the count of all.
    NativeOnly(Number),
}

/// The counts of classic buckets, one for each, not cumulative.
///
/// ```
/// use metrics_core::{Counts, HistogramValue, Number};
///
/// let value = HistogramValue::new(&[1.0], &[3, 1], 4.5).unwrap();
/// assert_eq!(value.counts(), Counts::Integers(&[3, 1]));
/// assert_eq!((value.counts().len(), value.counts().total()), (2, Number::U64(4)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counts<'a> {
    /// Of a histogram that counts.
    Integers(&'a [u64]),
    /// Of a histogram that was computed.
    Floats(&'a [f64]),
}

impl Counts<'_> {
    /// The number of buckets.
    pub const fn len(&self) -> usize {
        match self {
            Self::Integers(counts) => counts.len(),
            Self::Floats(counts) => counts.len(),
        }
    }

    /// Whether there are no buckets.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The count of all buckets together.
    pub fn total(&self) -> Number {
        match self {
            Self::Integers(counts) => Number::U64(counts.iter().fold(0, |total, n| total.wrapping_add(*n))),
            Self::Floats(counts) => Number::F64(counts.iter().sum()),
        }
    }

    fn get(&self, index: usize) -> Option<Number> {
        match self {
            Self::Integers(counts) => counts.get(index).map(|n| Number::U64(*n)),
            Self::Floats(counts) => counts.get(index).map(|n| Number::F64(*n)),
        }
    }
}

impl<'a> HistogramValue<'a> {
    /// Counts per bucket (not cumulative): one for each of the ascending upper bounds, and a last
    /// one for what is above them all.
    ///
    /// `None` if there is not one more count than bounds, or the bounds are not finite and ascending.
    pub fn new(bounds: &'a [f64], counts: &'a [u64], sum: f64) -> Option<Self> {
        Self::classic(bounds, Counts::Integers(counts), sum)
    }

    /// The same with counts that are not whole, as those of a histogram that was computed.
    ///
    /// `None` also if a count is negative, NaN or infinite.
    ///
    /// ```
    /// use metrics_core::{HistogramValue, Number};
    ///
    /// let value = HistogramValue::float(&[1.0], &[0.25, 0.5], 2.0).unwrap();
    /// assert_eq!(value.count(), Number::F64(0.75));
    /// assert!(HistogramValue::float(&[1.0], &[0.25, -0.5], 2.0).is_none());
    /// ```
    pub fn float(bounds: &'a [f64], counts: &'a [f64], sum: f64) -> Option<Self> {
        let valid = counts.iter().all(|n| *n >= 0.0 && n.is_finite());
        if valid { Self::classic(bounds, Counts::Floats(counts), sum) } else { None }
    }

    /// A histogram with native buckets alone, and the number of its observations.
    ///
    /// `None` if `count` is not what the native buckets add up to, in the same kind of number. Where
    /// `sum` is NaN it may be more: a NaN is counted and is in no bucket.
    ///
    /// ```
    /// use metrics_core::{HistogramValue, NativeBucket, NativeHistogram, Number};
    ///
    /// let buckets = [NativeBucket { index: 1, count: 2u64 }];
    /// let native = NativeHistogram::new(0, 0.0, 1, &buckets, &[]).unwrap();
    /// let value = HistogramValue::native_only(&native, 3u64, 3.5).unwrap();
    /// // To a reader of classic buckets there is one, which holds everything.
    /// assert_eq!(value.buckets().collect::<Vec<_>>(), [(f64::INFINITY, Number::U64(3))]);
    /// assert!(HistogramValue::native_only(&native, 4u64, 3.5).is_none());
    /// assert!(HistogramValue::native_only(&native, 4u64, f64::NAN).is_some());
    /// ```
    pub fn native_only(native: &'a NativeHistogram<'a>, count: impl Into<Number>, sum: f64) -> Option<Self> {
        let count = count.into();
        agree(native.count(), count, sum).then_some(Self {
            bounds: &[],
            kind: Kind::NativeOnly(count),
            sum,
            native: Some(native),
        })
    }

    /// The same with native buckets of the same observations beside the classic ones.
    ///
    /// `None` if the two do not count the same, in the same kind of number. Where the sum is NaN, the
    /// native buckets may count less: a NaN is in none of them, and in the last classic one.
    #[must_use]
    pub fn with_native(self, native: &'a NativeHistogram<'a>) -> Option<Self> {
        agree(native.count(), self.count(), self.sum).then_some(Self { native: Some(native), ..self })
    }

    fn classic(bounds: &'a [f64], counts: Counts<'a>, sum: f64) -> Option<Self> {
        let ascending =
            bounds.windows(2).all(|pair| pair[0] < pair[1]) && bounds.iter().all(|b| b.is_finite());
        let valid = ascending && counts.len() == bounds.len() + 1;
        valid.then_some(Self { bounds, kind: Kind::Classic(counts), sum, native: None })
    }

    #[cfg(feature = "std")]
    pub(crate) fn trusted(bounds: &'a [f64], counts: &'a [u64], sum: f64) -> Self {
        debug_assert_eq!(bounds.len() + 1, counts.len());
        Self { bounds, kind: Kind::Classic(Counts::Integers(counts)), sum, native: None }
    }

    /// The same with native buckets that count the same; without bounds, they are alone.
    #[cfg(feature = "std")]
    pub(crate) fn with_trusted(self, native: &'a NativeHistogram<'a>) -> Self {
        debug_assert!(agree(native.count(), self.count(), self.sum), "{native:?} {self:?}");
        let kind = if self.bounds.is_empty() { Kind::NativeOnly(self.count()) } else { self.kind };
        Self { kind, native: Some(native), ..self }
    }

    /// The finite upper bounds of the classic buckets, ascending.
    pub const fn bounds(&self) -> &'a [f64] {
        self.bounds
    }

    /// The number of observations in each classic bucket, not cumulative; the last is above every
    /// bound. Empty if there are native buckets only.
    pub const fn counts(&self) -> Counts<'a> {
        match self.kind {
            Kind::Classic(counts) => counts,
            Kind::NativeOnly(_) => Counts::Integers(&[]),
        }
    }

    /// The sum of the observations.
    pub const fn sum(&self) -> f64 {
        self.sum
    }

    /// The native buckets, if it has them.
    pub const fn native(&self) -> Option<&'a NativeHistogram<'a>> {
        self.native
    }

    /// Whether there are native buckets and no classic ones.
    pub const fn is_native_only(&self) -> bool {
        matches!(self.kind, Kind::NativeOnly(_))
    }

    /// The number of observations: always that of the `+Inf` bucket.
    pub fn count(&self) -> Number {
        match self.kind {
            Kind::Classic(counts) => counts.total(),
            Kind::NativeOnly(count) => count,
        }
    }

    /// Upper bound and cumulative count of each classic bucket, `+Inf` last.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, Number)> + use<'a> {
        let kind = self.kind;
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.enumerate().scan(None, move |total, (i, bound)| {
            let n = match kind {
                Kind::Classic(counts) => counts.get(i)?,
                Kind::NativeOnly(count) => count,
            };
            let now = match *total {
                None => n,
                Some(before) => plus(before, n),
            };
            *total = Some(now);
            Some((bound, now))
        })
    }
}

/// The sum of two counts of one kind.
fn plus(a: Number, b: Number) -> Number {
    match (a, b) {
        (Number::U64(a), Number::U64(b)) => Number::U64(a.wrapping_add(b)),
        (a, b) => Number::F64(a.as_f64() + b.as_f64()),
    }
}

/// Whether native buckets with `native` observations can be those of a histogram that counts `count`.
fn agree(native: Number, count: Number, sum: f64) -> bool {
    match (native, count) {
        (Number::U64(native), Number::U64(count)) if sum.is_nan() => native <= count,
        (Number::U64(native), Number::U64(count)) => native == count,
        // Sums of the same counts in another order can differ in the last digits.
        (Number::F64(native), Number::F64(count)) => {
            let near = (native - count).abs() <= count.abs() * 1e-9;
            near || (sum.is_nan() && native <= count)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NativeBucket;
    use alloc::vec::Vec;

    #[test]
    fn bad_bounds_and_counts_are_refused() {
        assert!(HistogramValue::new(&[1.0], &[1], 0.0).is_none());
        assert!(HistogramValue::new(&[1.0, 1.0], &[1, 1, 1], 0.0).is_none());
        assert!(HistogramValue::new(&[f64::INFINITY], &[1, 1], 0.0).is_none());
        assert!(HistogramValue::new(&[f64::NAN], &[1, 1], 0.0).is_none());
        assert!(HistogramValue::new(&[], &[1], 0.0).is_some());
        for bad in [-0.5, f64::NAN, f64::INFINITY] {
            assert!(HistogramValue::float(&[1.0], &[1.0, bad], 0.0).is_none(), "{bad}");
        }
    }

    #[test]
    fn classic_and_native_buckets_must_count_the_same() {
        let buckets = [NativeBucket { index: 0, count: 3u64 }];
        let native = NativeHistogram::new(3, 1e-9, 1, &buckets, &buckets).unwrap();
        let value = |counts| HistogramValue::new(&[1.0], counts, 2.0).unwrap();
        assert!(value(&[3, 4]).with_native(&native).is_some());
        assert!(value(&[3, 5]).with_native(&native).is_none());
        assert!(value(&[3, 3]).with_native(&native).is_none());
        let nan = |counts| HistogramValue::new(&[1.0], counts, f64::NAN).unwrap();
        assert!(nan(&[3, 5]).with_native(&native).is_some());
        assert!(nan(&[3, 3]).with_native(&native).is_none(), "more in the buckets than there are");
        let floats = HistogramValue::float(&[1.0], &[3.0, 4.0], 2.0).unwrap();
        assert!(floats.with_native(&native).is_none(), "another kind of number");

        let buckets = [NativeBucket { index: 0, count: 0.1 }, NativeBucket { index: 1, count: 0.2 }];
        let native = NativeHistogram::float(3, 0.0, 0.3, &buckets, &[]).unwrap();
        let value = HistogramValue::float(&[1.0], &[0.3, 0.3], 2.0).unwrap().with_native(&native).unwrap();
        assert_eq!(value.native().map(NativeHistogram::schema), Some(3));
    }

    #[test]
    fn float_counts_agree_if_they_are_near() {
        let agree = |native, count, sum| agree(Number::F64(native), Number::F64(count), sum);
        assert!(agree(1e9 + 0.5, 1e9, 0.0) && agree(1e9 - 0.5, 1e9, 0.0));
        assert!(!agree(1e9 + 2.0, 1e9, 0.0) && !agree(1e9 - 2.0, 1e9, 0.0));
        assert!(agree(1.0, 2.0, f64::NAN) && !agree(3.0, 2.0, f64::NAN));
    }

    #[test]
    fn a_value_without_classic_buckets_says_so() {
        let buckets = [NativeBucket { index: 0, count: 3u64 }];
        let native = NativeHistogram::new(3, 1e-9, 1, &buckets, &[]).unwrap();
        let value = HistogramValue::native_only(&native, 4u64, 2.5).unwrap();
        assert!(value.is_native_only() && value.counts().is_empty() && value.native().is_some());
        assert_eq!((value.count(), value.sum(), value.bounds()), (Number::U64(4), 2.5, &[][..]));
        let value = HistogramValue::new(&[1.0], &[3, 1], 2.5).unwrap();
        assert!(!value.is_native_only() && !value.counts().is_empty() && value.native().is_none());
        let both = value.with_native(&native).unwrap();
        assert!(!both.is_native_only() && both.counts().len() == 2 && both.native().is_some());
    }

    #[cfg(feature = "std")]
    #[test]
    fn without_bounds_what_an_instrument_says_has_native_buckets_only() {
        let buckets = [NativeBucket { index: 0, count: 3u64 }];
        let native = NativeHistogram::new(3, 1e-9, 1, &buckets, &[]).unwrap();
        let value = HistogramValue::trusted(&[], &[4], 2.5).with_trusted(&native);
        assert!(value.is_native_only() && value.native().is_some());
        let value = HistogramValue::trusted(&[1.0], &[3, 1], 2.5).with_trusted(&native);
        assert!(!value.is_native_only() && value.native().is_some());
    }

    #[test]
    fn float_buckets_are_cumulative() {
        let value = HistogramValue::float(&[1.0, 2.0], &[0.5, 0.25, 0.25], 1.0).unwrap();
        let buckets: Vec<_> = value.buckets().map(|(bound, n)| (bound, n.as_f64())).collect();
        assert_eq!(buckets, [(1.0, 0.5), (2.0, 0.75), (f64::INFINITY, 1.0)]);
    }
}
