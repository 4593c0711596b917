use alloc::boxed::Box;
use core::cmp::Ordering;
use core::fmt;

use crate::name::is_label_name;
use crate::{InvalidDescriptor, InvalidReason, Labels, Timestamp};

/// One observation that stands for many, with labels that lead to more about it, such as the id of
/// its trace.
///
/// ```
/// use metrics_core::{Exemplar, LabelSet, Timestamp};
///
/// let trace = LabelSet::new([("trace_id", "4bf92f35")])?;
/// let exemplar = Exemplar::new(trace.labels(), 0.25)?.with_timestamp(Timestamp::from_millis(1_700_000_000_000));
/// assert_eq!(exemplar.value(), 0.25);
/// assert_eq!(exemplar.timestamp().map(Timestamp::seconds), Some(1_700_000_000));
///
/// let long = "x".repeat(200);
/// let too_long = LabelSet::new([("trace_id", &*long)])?;
/// assert!(Exemplar::new(too_long.labels(), 0.25).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar<'a> {
    labels: Labels<'a>,
    value: f64,
    timestamp: Option<Timestamp>,
}

impl<'a> Exemplar<'a> {
    /// How many characters the names and values of the labels may have together.
    pub const MAX_CHARS: usize = 128;

    /// An exemplar without a time.
    ///
    /// # Errors
    ///
    /// If names and values of the labels together have more than [`MAX_CHARS`](Self::MAX_CHARS)
    /// characters, or a name is not a classic one: those are not escaped.
    pub fn new(labels: Labels<'a>, value: f64) -> Result<Self, InvalidExemplar> {
        if let Some((name, _)) = labels.iter().find(|(name, _)| !is_label_name(name)) {
            let reason = InvalidReason::InvalidLabelName;
            return Err(InvalidDescriptor::with_label("", &name, reason).into());
        }
        let chars = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
        if chars > Self::MAX_CHARS {
            return Err(InvalidExemplar::too_long(chars));
        }
        Ok(Self { labels, value, timestamp: None })
    }

    /// One whose labels were checked.
    #[cfg(feature = "std")]
    pub(crate) const fn checked(labels: Labels<'a>, value: f64) -> Self {
        Self { labels, value, timestamp: None }
    }

    /// The same with the time of the observation.
    #[must_use]
    pub const fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The labels.
    pub const fn labels(&self) -> Labels<'a> {
        self.labels
    }

    /// What was observed, or what the counter went up by.
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// When it was observed, if that is known.
    pub const fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// Ascending by value, NaN last.
    pub(crate) fn by_value(&self, other: &Self) -> Ordering {
        let (a, b) = (self.value, other.value);
        a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    }
}

/// The labels of an exemplar were refused.
///
/// ```
/// use metrics_core::{Exemplar, InvalidExemplarReason, LabelSet};
///
/// let labels = LabelSet::new([("user", "ä".repeat(125).as_str())])?;
/// let error = Exemplar::new(labels.labels(), 1.0).unwrap_err();
/// assert_eq!(error.reason(), InvalidExemplarReason::TooLong);
/// assert!(error.to_string().starts_with("the labels of an exemplar may have 128 characters"));
/// # Ok::<(), metrics_core::InvalidDescriptor>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidExemplar {
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    TooLong {
        chars: usize,
    },
    /// Boxed, so that the result of an update is small.
    Label(Box<InvalidDescriptor>),
}

impl InvalidExemplar {
    #[cold]
    pub(crate) fn too_long(chars: usize) -> Self {
        Self { cause: Cause::TooLong { chars } }
    }

    /// The rule that was broken.
    pub const fn reason(&self) -> InvalidExemplarReason {
        match self.cause {
            Cause::TooLong { .. } => InvalidExemplarReason::TooLong,
            Cause::Label(_) => InvalidExemplarReason::InvalidLabel,
        }
    }
}

impl From<InvalidDescriptor> for InvalidExemplar {
    fn from(error: InvalidDescriptor) -> Self {
        Self { cause: Cause::Label(Box::new(error)) }
    }
}

impl fmt::Display for InvalidExemplar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::TooLong { chars } => write!(
                f,
                "the labels of an exemplar may have {} characters, names and values together, and not \
                 {chars}: keep what leads to more, such as the id of a trace",
                Exemplar::MAX_CHARS
            ),
            Cause::Label(error) => {
                let (label, reason) = (error.label(), error.reason());
                write!(f, "label {label:?} of an exemplar: {}", reason.explain())
            }
        }
    }
}

impl core::error::Error for InvalidExemplar {}

/// Why the labels of an exemplar were refused.
///
/// ```
/// use metrics_core::{InvalidExemplar, InvalidExemplarReason, LabelSet};
///
/// let error = InvalidExemplar::from(LabelSet::new([("trace id", "4bf92f35")]).unwrap_err());
/// assert_eq!(error.reason(), InvalidExemplarReason::InvalidLabel);
/// assert!(error.to_string().starts_with("label \"trace id\" of an exemplar: "));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidExemplarReason {
    /// Names and values together have more than [`Exemplar::MAX_CHARS`] characters.
    TooLong,
    /// A name is invalid or stands twice.
    InvalidLabel,
}
