use alloc::boxed::Box;
use core::fmt;

/// A number of a sample, exact in its own type.
///
/// ```
/// use metrics_core::Number;
///
/// assert_eq!(Number::from(u64::MAX), Number::U64(18_446_744_073_709_551_615));
/// assert_eq!(Number::from(0.5).as_f64(), 0.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// A whole number that is not negative.
    U64(u64),
    /// A whole number.
    I64(i64),
    /// Any float, NaN and the infinities included.
    F64(f64),
}

impl Number {
    /// The nearest float.
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::U64(v) => v as f64,
            Self::I64(v) => v as f64,
            Self::F64(v) => v,
        }
    }

    /// Whether a counter may have this value: not negative and not NaN.
    pub(crate) fn is_count(self) -> bool {
        match self {
            Self::U64(_) => true,
            Self::I64(v) => v >= 0,
            Self::F64(v) => v >= 0.0,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U64(v) => v.fmt(f),
            Self::I64(v) => v.fmt(f),
            Self::F64(v) => v.fmt(f),
        }
    }
}

macro_rules! number_from {
    ($($from:ty => $variant:ident),*) => {
        $(impl From<$from> for Number {
            fn from(value: $from) -> Self {
                Self::$variant(value as _)
            }
        })*
    };
}

number_from!(u64 => U64, u32 => U64, u16 => U64, u8 => U64, usize => U64, bool => U64);
number_from!(i64 => I64, i32 => I64, i16 => I64, i8 => I64, isize => I64);
number_from!(f64 => F64, f32 => F64);

/// The value of one series at one scrape.
///
/// ```
/// use metrics_core::{Number, SummaryValue, Value};
///
/// assert_eq!(Value::from(7u64), Value::Number(Number::U64(7)));
/// let Value::Summary(summary) = Value::Summary(SummaryValue::new(2, 0.5)) else { unreachable!() };
/// assert_eq!(summary.count(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Of a counter, a gauge, an unknown, or (always 1) an info.
    Number(Number),
    /// Of a histogram or a gauge histogram.
    Histogram(HistogramValue<'a>),
    /// Of a summary.
    Summary(SummaryValue<'a>),
    /// Of a state set.
    StateSet(StateSetValue<'a>),
}

impl<N: Into<Number>> From<N> for Value<'_> {
    fn from(number: N) -> Self {
        Self::Number(number.into())
    }
}

/// The buckets and the sum of one histogram at one moment.
///
/// ```
/// use metrics_core::HistogramValue;
///
/// // Two observations up to 1, three between 1 and 5, one above 5.
/// let value = HistogramValue::new(&[1.0, 5.0], &[2, 3, 1], 18.5).unwrap();
/// let buckets: Vec<_> = value.buckets().collect();
/// assert_eq!(buckets, [(1.0, 2), (5.0, 5), (f64::INFINITY, 6)]);
/// assert_eq!(value.count(), 6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistogramValue<'a> {
    bounds: &'a [f64],
    counts: &'a [u64],
    sum: f64,
}

impl<'a> HistogramValue<'a> {
    /// Counts per bucket (not cumulative): one for each of the ascending upper bounds, and a last
    /// one for what is above them all.
    ///
    /// `None` if there is not one more count than bounds, or the bounds are not finite and ascending.
    pub fn new(bounds: &'a [f64], counts: &'a [u64], sum: f64) -> Option<Self> {
        let ascending =
            bounds.windows(2).all(|pair| pair[0] < pair[1]) && bounds.iter().all(|b| b.is_finite());
        (ascending && counts.len() == bounds.len() + 1).then_some(Self { bounds, counts, sum })
    }

    #[cfg(feature = "std")]
    pub(crate) fn trusted(bounds: &'a [f64], counts: &'a [u64], sum: f64) -> Self {
        debug_assert_eq!(bounds.len() + 1, counts.len());
        Self { bounds, counts, sum }
    }

    /// The finite upper bounds, ascending.
    pub const fn bounds(&self) -> &'a [f64] {
        self.bounds
    }

    /// The number of observations in each bucket, not cumulative; the last is above every bound.
    pub const fn counts(&self) -> &'a [u64] {
        self.counts
    }

    /// The sum of the observations.
    pub const fn sum(&self) -> f64 {
        self.sum
    }

    /// The number of observations: always the sum of the buckets.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |total, n| total.wrapping_add(*n))
    }

    /// Upper bound and cumulative count of each bucket, `+Inf` last.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + use<'a> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts).scan(0u64, |total, (bound, n)| {
            *total = total.wrapping_add(*n);
            Some((bound, *total))
        })
    }
}

/// Count, sum and quantiles of one summary at one moment.
///
/// ```
/// use metrics_core::SummaryValue;
///
/// let value = SummaryValue::new(10, 2.5).with_quantiles(&[(0.5, 0.2), (0.99, 0.9)]).unwrap();
/// assert_eq!(value.quantiles().len(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummaryValue<'a> {
    count: u64,
    sum: f64,
    quantiles: &'a [(f64, f64)],
}

impl<'a> SummaryValue<'a> {
    /// A summary without quantiles.
    pub const fn new(count: u64, sum: f64) -> Self {
        Self { count, sum, quantiles: &[] }
    }

    /// The same with (quantile, value) pairs, the quantiles ascending and within 0..=1.
    ///
    /// `None` if a quantile is outside of 0..=1 or they do not ascend.
    pub fn with_quantiles(self, quantiles: &'a [(f64, f64)]) -> Option<Self> {
        let ascending = quantiles.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let in_range = quantiles.iter().all(|(q, _)| (0.0..=1.0).contains(q));
        (ascending && in_range).then_some(Self { quantiles, ..self })
    }

    /// The number of observations.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the observations.
    pub const fn sum(&self) -> f64 {
        self.sum
    }

    /// (quantile, value) pairs, ascending.
    pub const fn quantiles(&self) -> &'a [(f64, f64)] {
        self.quantiles
    }
}

/// The states of one state set at one moment.
///
/// ```
/// use metrics_core::StateSetValue;
///
/// let value = StateSetValue::new(&["starting", "ready"], 1);
/// let states: Vec<_> = value.states().collect();
/// assert_eq!(states, [("starting", false), ("ready", true)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateSetValue<'a> {
    names: StateNames<'a>,
    active: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StateNames<'a> {
    Borrowed(&'a [&'a str]),
    Owned(&'a [Box<str>]),
}

impl<'a> StateSetValue<'a> {
    /// The names of the states and the index of the one that is on; with an index past the end,
    /// none is.
    pub const fn new(names: &'a [&'a str], active: usize) -> Self {
        Self { names: StateNames::Borrowed(names), active }
    }

    pub(crate) const fn owned(names: &'a [Box<str>], active: usize) -> Self {
        Self { names: StateNames::Owned(names), active }
    }

    pub(crate) fn has_duplicates(&self) -> bool {
        self.states().enumerate().any(|(i, (name, _))| self.states().take(i).any(|(other, _)| other == name))
    }

    /// Every state and whether it is on.
    pub fn states(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let (borrowed, owned): (&[&str], &[Box<str>]) = match self.names {
            StateNames::Borrowed(names) => (names, &[]),
            StateNames::Owned(names) => (&[], names),
        };
        let active = self.active;
        let names = borrowed.iter().copied().chain(owned.iter().map(|name| &**name));
        names.enumerate().map(move |(i, name)| (name, i == active))
    }
}
