pub(crate) mod bounds;

use core::ops::Range;

use self::bounds::{index_of, index_of_power, upper_bound};
use crate::Number;

/// Buckets whose bounds grow by a factor that the schema gives, of which only those are told that hold
/// something: the native histogram of Prometheus.
///
/// With `growth` = 2^(2^−schema), the positive bucket `index` holds what is above
/// growth^(index − 1) and not above growth^index; the negative bucket `index` holds the same with the
/// sign turned. What is not further from zero than the zero threshold is in the zero bucket.
///
/// ```
/// use metrics_core::{NativeBucket, NativeHistogram, Number};
///
/// // Schema 0: each bound is twice the one before.
/// let positive = [NativeBucket { index: 1, count: 4u64 }, NativeBucket { index: 3, count: 2 }];
/// let native = NativeHistogram::new(0, 0.001, 1, &positive, &[]).unwrap();
/// assert_eq!(native.upper_bound(3), 8.0);
/// assert_eq!(native.count(), Number::U64(7));
///
/// // Not ascending.
/// let twice = [NativeBucket { index: 1, count: 4u64 }; 2];
/// assert!(NativeHistogram::new(0, 0.001, 1, &twice, &[]).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NativeHistogram<'a> {
    schema: i8,
    zero_threshold: f64,
    zero_count: Number,
    positive: NativeBuckets<'a>,
    negative: NativeBuckets<'a>,
}

/// One bucket of a [`NativeHistogram`] and how much it holds.
///
/// ```
/// use metrics_core::NativeBucket;
///
/// let counted = NativeBucket { index: -3, count: 17u64 };
/// let computed = NativeBucket { index: -3, count: 17.25 };
/// assert_eq!(counted.index, computed.index);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeBucket<C = u64> {
    /// Which one it is; above 0 for what is above 1.
    pub index: i32,
    /// What it holds, by itself.
    pub count: C,
}

/// The buckets on one side of zero, ascending by index.
///
/// ```
/// use metrics_core::{NativeBucket, NativeHistogram, NativeSpan, Number};
///
/// let positive = [0, 1, 3, 9].map(|index| NativeBucket { index, count: 5u64 });
/// let native = NativeHistogram::new(0, 0.0, 0, &positive, &[]).unwrap();
/// // A gap of one or two is told as empty buckets, a longer one begins a new span.
/// let spans: Vec<_> = native.positive().spans().collect();
/// assert_eq!(spans, [NativeSpan { offset: 0, length: 4 }, NativeSpan { offset: 5, length: 1 }]);
/// let counts: Vec<_> = native.positive().span_counts().map(Number::as_f64).collect();
/// assert_eq!(counts, [5.0, 5.0, 0.0, 5.0, 5.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NativeBuckets<'a> {
    /// Of a histogram that counts.
    Integers(&'a [NativeBucket]),
    /// Of a histogram that was computed.
    Floats(&'a [NativeBucket<f64>]),
}

/// Buckets in a row, as the protobuf format and OpenMetrics 2.0 tell them.
///
/// ```
/// use metrics_core::NativeSpan;
///
/// let span = NativeSpan { offset: -2, length: 3 };
/// assert_eq!(span.length, 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeSpan {
    /// For the first span the index of its first bucket, for the others the number of buckets that are
    /// left out since the one before.
    pub offset: i32,
    /// How many buckets there are.
    pub length: u32,
}

impl<'a> NativeHistogram<'a> {
    /// The schemas that there are, from few wide buckets to many narrow ones.
    pub const SCHEMAS: core::ops::RangeInclusive<i8> = -4..=8;

    /// A histogram that counts.
    ///
    /// `None` if `schema` is not one of [`SCHEMAS`](Self::SCHEMAS), `zero_threshold` is negative, NaN or
    /// infinite, or buckets do not ascend or have an index that no float has.
    pub fn new(
        schema: i8,
        zero_threshold: f64,
        zero_count: u64,
        positive: &'a [NativeBucket],
        negative: &'a [NativeBucket],
    ) -> Option<Self> {
        Self {
            schema,
            zero_threshold,
            zero_count: Number::U64(zero_count),
            positive: NativeBuckets::Integers(positive),
            negative: NativeBuckets::Integers(negative),
        }
        .checked()
    }

    /// A histogram with counts that are not whole, as one that was computed.
    ///
    /// `None` also if a count is negative, NaN or infinite.
    pub fn float(
        schema: i8,
        zero_threshold: f64,
        zero_count: f64,
        positive: &'a [NativeBucket<f64>],
        negative: &'a [NativeBucket<f64>],
    ) -> Option<Self> {
        let counts = positive.iter().chain(negative).map(|bucket| bucket.count).chain([zero_count]);
        if counts.into_iter().any(|n| !(n >= 0.0 && n.is_finite())) {
            return None;
        }
        Self {
            schema,
            zero_threshold,
            zero_count: Number::F64(zero_count),
            positive: NativeBuckets::Floats(positive),
            negative: NativeBuckets::Floats(negative),
        }
        .checked()
    }

    #[cfg(feature = "std")]
    pub(crate) fn trusted(
        schema: i8,
        zero_threshold: f64,
        zero_count: u64,
        positive: &'a [NativeBucket],
        negative: &'a [NativeBucket],
    ) -> Self {
        let native = Self {
            schema,
            zero_threshold,
            zero_count: Number::U64(zero_count),
            positive: NativeBuckets::Integers(positive),
            negative: NativeBuckets::Integers(negative),
        };
        debug_assert!(native.checked().is_some());
        native
    }

    fn checked(self) -> Option<Self> {
        let valid = Self::SCHEMAS.contains(&self.schema)
            && self.zero_threshold >= 0.0
            && self.zero_threshold.is_finite()
            && self.positive.are_valid(self.schema)
            && self.negative.are_valid(self.schema);
        valid.then_some(self)
    }

    /// The index of the bucket that `v` belongs to, by its distance from zero: the same for `v` and
    /// `-v`.
    ///
    /// `None` for zero, which only the zero bucket can hold, for NaN, which no bucket holds, and if
    /// `schema` is not one of [`SCHEMAS`](Self::SCHEMAS).
    ///
    /// ```
    /// use metrics_core::NativeHistogram;
    ///
    /// assert_eq!(NativeHistogram::index_of(0, 4.0), Some(2));
    /// assert_eq!(NativeHistogram::index_of(0, -4.5), Some(3));
    /// assert_eq!(NativeHistogram::index_of(3, f64::NAN), None);
    /// ```
    pub fn index_of(schema: i8, v: f64) -> Option<i32> {
        let has_one = Self::SCHEMAS.contains(&schema) && v != 0.0 && !v.is_nan();
        has_one.then(|| index_of(schema, v))
    }

    /// The schema: each power of two is cut into 2^schema buckets.
    pub const fn schema(&self) -> i8 {
        self.schema
    }

    /// The greatest distance from zero that belongs to the zero bucket.
    pub const fn zero_threshold(&self) -> f64 {
        self.zero_threshold
    }

    /// What the zero bucket holds.
    pub const fn zero_count(&self) -> Number {
        self.zero_count
    }

    /// The buckets above zero.
    pub const fn positive(&self) -> NativeBuckets<'a> {
        self.positive
    }

    /// The buckets below zero.
    pub const fn negative(&self) -> NativeBuckets<'a> {
        self.negative
    }

    /// What all buckets hold together, that of zero included.
    pub fn count(&self) -> Number {
        match (self.zero_count, self.positive, self.negative) {
            (Number::U64(zero), NativeBuckets::Integers(positive), NativeBuckets::Integers(negative)) => {
                let counts = positive.iter().chain(negative).map(|bucket| bucket.count);
                Number::U64(counts.fold(zero, u64::wrapping_add))
            }
            (zero, positive, negative) => Number::F64(zero.as_f64() + positive.total() + negative.total()),
        }
    }

    /// The upper bound of the positive bucket `index`; +Inf for the one that holds it alone.
    pub fn upper_bound(&self, index: i32) -> f64 {
        upper_bound(self.schema, index)
    }
}

impl<'a> NativeBuckets<'a> {
    /// The number of buckets that are told.
    pub const fn len(&self) -> usize {
        match self {
            Self::Integers(buckets) => buckets.len(),
            Self::Floats(buckets) => buckets.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index and count of each bucket.
    pub fn iter(&self) -> impl Iterator<Item = (i32, Number)> + use<'a> {
        let (integers, floats) = match *self {
            Self::Integers(buckets) => (buckets, &[][..]),
            Self::Floats(buckets) => (&[][..], buckets),
        };
        let integers = integers.iter().map(|bucket| (bucket.index, Number::U64(bucket.count)));
        integers.chain(floats.iter().map(|bucket| (bucket.index, Number::F64(bucket.count))))
    }

    /// The buckets in rows. A gap of one or two empty buckets belongs to the row around it, since a new
    /// row would take as much room.
    pub fn spans(&self) -> impl Iterator<Item = NativeSpan> + use<'a> {
        let mut buckets = self.indexes().peekable();
        let mut end = 0;
        core::iter::from_fn(move || {
            let first = buckets.next()?;
            let offset = first - end;
            end = first + 1;
            while let Some(next) = buckets.next_if(|next| *next - end <= MAX_GAP) {
                end = next + 1;
            }
            Some(NativeSpan { offset, length: (end - first) as u32 })
        })
    }

    /// The count of each bucket of the [`spans`](Self::spans), the empty ones in their gaps included.
    pub fn span_counts(&self) -> impl Iterator<Item = Number> + use<'a> {
        let zero = match self {
            Self::Integers(_) => Number::U64(0),
            Self::Floats(_) => Number::F64(0.0),
        };
        let mut end = None;
        self.iter().flat_map(move |(index, count)| {
            let gap = end.map_or(0, |end| index - end);
            end = Some(index + 1);
            let empty = if gap <= MAX_GAP { gap } else { 0 };
            (0..empty).map(move |_| zero).chain([count])
        })
    }

    fn indexes(&self) -> impl Iterator<Item = i32> + use<'a> {
        self.iter().map(|(index, _)| index)
    }

    fn total(&self) -> f64 {
        self.iter().map(|(_, count)| count.as_f64()).sum()
    }

    fn are_valid(&self, schema: i8) -> bool {
        let range = indexes_of(schema);
        let mut last = i32::MIN;
        self.indexes().all(|index| {
            let valid = last < index && range.contains(&index);
            last = index;
            valid
        })
    }
}

const MAX_GAP: i32 = 2;

/// The indexes that floats have, and one more, that of the infinities.
fn indexes_of(schema: i8) -> Range<i32> {
    const SMALLEST: i32 = f64::MIN_EXP - f64::MANTISSA_DIGITS as i32;
    index_of_power(schema, SMALLEST)..index_of_power(schema, f64::MAX_EXP) + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn bucket(index: i32) -> NativeBucket {
        NativeBucket { index, count: 1 }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let valid = |schema, threshold, positive: &[NativeBucket]| {
            NativeHistogram::new(schema, threshold, 0, positive, &[]).is_some()
                && NativeHistogram::new(schema, threshold, 0, &[], positive).is_some()
        };
        assert!(valid(-4, 0.0, &[]) && valid(8, 1e9, &[bucket(-3), bucket(7)]));
        assert!(!valid(-5, 0.0, &[]) && !valid(9, 0.0, &[]));
        for threshold in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(!valid(0, threshold, &[]), "{threshold}");
        }
        assert!(!valid(0, 0.0, &[bucket(1), bucket(1)]) && !valid(0, 0.0, &[bucket(2), bucket(1)]));
        assert!(valid(0, 0.0, &[bucket(-1074), bucket(1025)]), "the smallest float and infinity");
        assert!(!valid(0, 0.0, &[bucket(-1075)]) && !valid(0, 0.0, &[bucket(1026)]));
        for count in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(NativeHistogram::float(0, 0.0, 0.0, &[NativeBucket { index: 0, count }], &[]).is_none());
            assert!(NativeHistogram::float(0, 0.0, count, &[], &[]).is_none());
        }
    }

    #[test]
    fn spans_and_their_counts_tell_the_buckets() {
        for indexes in [&[][..], &[-7], &[5], &[0, 1, 2], &[-3, 0], &[-3, -2, 0, 3, 4, 8, 9, 12, 20]] {
            let buckets: Vec<_> = indexes.iter().map(|index| bucket(*index)).collect();
            let native = NativeHistogram::new(0, 0.0, 0, &buckets, &[]).unwrap();
            let mut counts = native.positive().span_counts();
            let (mut at, mut seen) = (0, Vec::new());
            for span in native.positive().spans() {
                at += span.offset;
                for _ in 0..span.length {
                    if counts.next().unwrap() != Number::U64(0) {
                        seen.push(at);
                    }
                    at += 1;
                }
            }
            assert_eq!(seen, indexes);
            assert_eq!(counts.next(), None);
        }
    }
}
