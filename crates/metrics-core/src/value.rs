use alloc::boxed::Box;
use core::fmt;

use crate::HistogramValue;

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
