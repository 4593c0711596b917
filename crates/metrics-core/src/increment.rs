use alloc::boxed::Box;
use core::fmt;

use crate::name::Excerpt;

/// The amount for a counter was negative, NaN or infinite.
///
/// ```
/// use metrics_core::Counter;
///
/// let error = Counter::<f64>::new().inc_by(f64::INFINITY).unwrap_err();
/// assert_eq!(error.value(), f64::INFINITY);
/// assert!(error.to_string().starts_with("a counter cannot go up by inf"));
/// ```
///
/// One pointer, so that a result of an update fits into a register.
#[derive(Debug, Clone, PartialEq)]
pub struct InvalidIncrement {
    details: Box<Details>,
}

#[derive(Debug, Clone, PartialEq)]
struct Details {
    value: f64,
    metric: Excerpt,
}

impl InvalidIncrement {
    #[cold]
    pub(crate) fn new(value: f64) -> Self {
        Self { details: Box::new(Details { value, metric: Excerpt::EMPTY }) }
    }

    pub(crate) fn of_metric(mut self, name: &str) -> Self {
        self.details.metric = Excerpt::new(name);
        self
    }

    /// The amount that was refused.
    pub fn value(&self) -> f64 {
        self.details.value
    }

    /// The metric's name, if the counter was updated through a [`Metric`](crate::Metric); a bare
    /// counter has none.
    pub fn metric(&self) -> &str {
        self.details.metric.as_str()
    }
}

impl fmt::Display for InvalidIncrement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.metric().is_empty() {
            write!(f, "metric {:?}: ", self.metric())?;
        }
        write!(
            f,
            "a counter cannot go up by {}: give a finite amount that is not negative, or use a gauge",
            self.value()
        )
    }
}

impl core::error::Error for InvalidIncrement {}

/// An update that carries an exemplar was refused, or its exemplar was.
///
/// ```
/// use metrics_core::{Counter, InvalidUpdate};
///
/// let seconds = Counter::<f64>::new();
/// let error = seconds.inc_by_with_exemplar(2.0, [("trace id", "a blank in the name")]).unwrap_err();
/// assert!(matches!(error, InvalidUpdate::Exemplar(_)));
/// assert_eq!(seconds.get(), 2.0);
/// ```
#[cfg(feature = "std")]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum InvalidUpdate {
    /// The amount cannot be added, and nothing changed.
    Increment(InvalidIncrement),
    /// The labels of the exemplar are invalid; the amount was added.
    Exemplar(crate::InvalidExemplar),
}

#[cfg(feature = "std")]
impl InvalidUpdate {
    pub(crate) fn of_metric(self, name: &str) -> Self {
        match self {
            Self::Increment(error) => Self::Increment(error.of_metric(name)),
            Self::Exemplar(_) => self,
        }
    }
}

#[cfg(feature = "std")]
impl From<InvalidIncrement> for InvalidUpdate {
    fn from(error: InvalidIncrement) -> Self {
        Self::Increment(error)
    }
}

#[cfg(feature = "std")]
impl From<crate::InvalidExemplar> for InvalidUpdate {
    fn from(error: crate::InvalidExemplar) -> Self {
        Self::Exemplar(error)
    }
}

#[cfg(feature = "std")]
impl fmt::Display for InvalidUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Increment(error) => error.fmt(f),
            Self::Exemplar(error) => error.fmt(f),
        }
    }
}

#[cfg(feature = "std")]
impl core::error::Error for InvalidUpdate {}
