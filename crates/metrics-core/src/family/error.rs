use alloc::string::String;
use core::fmt;

/// A series was asked for with labels that its family does not have, or without some that it has.
///
/// ```
/// use metrics_core::{Counter, Family, LabelErrorReason};
///
/// static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "Jobs.", ["queue", "kind"]);
/// let error = JOBS.label("queue", "main").unwrap().get().unwrap_err();
/// assert_eq!(error.reason(), &LabelErrorReason::Missing("kind".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelError {
    family: String,
    label_names: String,
    reason: LabelErrorReason,
}

/// What is wrong with the labels that were given.
///
/// ```
/// use metrics_core::{Counter, Family, LabelErrorReason};
///
/// static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "Jobs.", ["queue"]);
/// let error = JOBS.label("kind", "mail").unwrap_err();
/// assert_eq!(error.reason(), &LabelErrorReason::Unknown("kind".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelErrorReason {
    /// The family has no label of this name.
    Unknown(String),
    /// This label has neither a value nor a default.
    Missing(String),
    /// This label was given twice.
    Repeated(String),
}

impl LabelError {
    #[cold]
    pub(super) fn new<'n>(
        family: &str,
        label_names: impl Iterator<Item = &'n str>,
        reason: LabelErrorReason,
    ) -> Self {
        let mut joined = String::new();
        for name in label_names {
            if !joined.is_empty() {
                joined.push_str(", ");
            }
            joined.push_str(name);
        }
        Self { family: family.into(), label_names: joined, reason }
    }

    /// The name of the family.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// What is wrong.
    pub fn reason(&self) -> &LabelErrorReason {
        &self.reason
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, label_names, reason } = self;
        match reason {
            LabelErrorReason::Unknown(name) => {
                write!(f, "family {family:?} has no label {name:?}: its labels are {label_names}")
            }
            LabelErrorReason::Missing(name) => {
                write!(f, "family {family:?} needs a value for label {name:?}: give one, or a default")
            }
            LabelErrorReason::Repeated(name) => {
                write!(f, "family {family:?} was given label {name:?} twice: give each label once")
            }
        }
    }
}

impl core::error::Error for LabelError {}

/// A family has as many series as it may have, and was asked for one more.
///
/// ```
/// use metrics_core::{Counter, Family};
///
/// static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "Jobs.", ["queue"]).max_series(0);
/// let error = JOBS.try_with(["mail"]).unwrap_err();
/// assert_eq!((error.family(), error.limit()), ("jobs_total", 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesLimitReached {
    family: String,
    limit: usize,
}

impl SeriesLimitReached {
    #[cold]
    pub(super) fn new(family: &str, limit: usize) -> Self {
        Self { family: family.into(), limit }
    }

    /// The name of the family.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// How many series it may have.
    pub const fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for SeriesLimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, limit } = self;
        write!(
            f,
            "family {family:?} has {limit} series, which is its limit: raise it, or give fewer label values"
        )
    }
}

impl core::error::Error for SeriesLimitReached {}
