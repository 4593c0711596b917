//! The rules for names, checked in `const fn` so that a bad constant does not compile.
//!
//! Source of the rules: the Prometheus data model. A metric name matches
//! `[a-zA-Z_:][a-zA-Z0-9_:]*`, a label name `[a-zA-Z_][a-zA-Z0-9_]*`; label names that start with
//! two underscores belong to the server. Where a user asks for names of any UTF-8, the classic
//! letters are no limit, and the rest of the rules stays.

use core::fmt;

use crate::MetricType;

pub(crate) const fn is_metric_name(name: &str) -> bool {
    is_name(name.as_bytes(), true)
}

pub(crate) const fn is_label_name(name: &str) -> bool {
    is_name(name.as_bytes(), false)
}

const fn is_name(bytes: &[u8], colon: bool) -> bool {
    if bytes.is_empty() {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        let ok = match bytes[i] {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => true,
            b'0'..=b'9' => i > 0,
            b':' => colon,
            _ => false,
        };
        if !ok {
            return false;
        }
        i += 1;
    }
    true
}

pub(crate) const fn check_metric_name(name: &str) -> Result<(), InvalidReason> {
    if name.is_empty() {
        Err(InvalidReason::EmptyName)
    } else if !is_metric_name(name) {
        Err(InvalidReason::InvalidName)
    } else {
        Ok(())
    }
}

/// The same for a name of any UTF-8.
pub(crate) const fn check_utf8_metric_name(name: &str) -> Result<(), InvalidReason> {
    if name.is_empty() { Err(InvalidReason::EmptyName) } else { Ok(()) }
}

/// Whether `name` may be a label of a series of type `metric_type`.
pub(crate) const fn check_label_name(name: &str, metric_type: MetricType) -> Result<(), InvalidReason> {
    if !name.is_empty() && !is_label_name(name) {
        return Err(InvalidReason::InvalidLabelName);
    }
    check_utf8_label_name(name, metric_type)
}

/// The same for a name of any UTF-8.
pub(crate) const fn check_utf8_label_name(name: &str, metric_type: MetricType) -> Result<(), InvalidReason> {
    if name.is_empty() {
        return Err(InvalidReason::EmptyLabelName);
    }
    let bytes = name.as_bytes();
    if bytes.len() >= 2 && bytes[0] == b'_' && bytes[1] == b'_' {
        return Err(InvalidReason::ReservedLabelName);
    }
    let reserved = match metric_type {
        MetricType::Histogram | MetricType::GaugeHistogram => str_eq(name, "le"),
        MetricType::Summary => str_eq(name, "quantile"),
        _ => false,
    };
    if reserved { Err(InvalidReason::ReservedLabelName) } else { Ok(()) }
}

/// A unit is the last word of the name, before `_total` where that stands.
pub(crate) const fn check_unit(name: &str, metric_type: MetricType, unit: &str) -> Result<(), InvalidReason> {
    if matches!(metric_type, MetricType::Info | MetricType::StateSet) || unit.is_empty() {
        return Err(InvalidReason::InvalidUnit);
    }
    let base = metric_type.base(name).as_bytes();
    let unit = unit.as_bytes();
    if base.len() < unit.len() + 2 || base[base.len() - unit.len() - 1] != b'_' {
        return Err(InvalidReason::InvalidUnit);
    }
    let mut i = 0;
    while i < unit.len() {
        // Whatever the name has, a unit has the letters of a classic one.
        let is_classic = unit[i].is_ascii_alphanumeric() || unit[i] == b'_' || unit[i] == b':';
        if base[base.len() - unit.len() + i] != unit[i] || !is_classic {
            return Err(InvalidReason::InvalidUnit);
        }
        i += 1;
    }
    Ok(())
}

pub(crate) const fn str_eq(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// `name` without `suffix`, if it ends with it and something is left.
pub(crate) const fn strip_suffix<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    if name.len() <= suffix.len() {
        return None;
    }
    // The suffixes are ASCII, so a match cannot begin inside a character.
    let (head, tail) = name.as_bytes().split_at(name.len() - suffix.len());
    let mut i = 0;
    while i < tail.len() {
        if tail[i] != suffix.as_bytes()[i] {
            return None;
        }
        i += 1;
    }
    match core::str::from_utf8(head) {
        Ok(head) => Some(head),
        Err(_) => None,
    }
}

/// Why a name, a label name, a unit or a prefix was refused.
///
/// ```
/// use metrics_core::{InvalidReason, LabelSet};
///
/// let error = LabelSet::new([("__name__", "x")]).unwrap_err();
/// assert_eq!((error.label(), error.reason()), ("__name__", InvalidReason::ReservedLabelName));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReason {
    /// The metric name is empty.
    EmptyName,
    /// The metric name does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    InvalidName,
    /// A label name is empty.
    EmptyLabelName,
    /// A label name does not match `[a-zA-Z_][a-zA-Z0-9_]*`.
    InvalidLabelName,
    /// A label name starts with `__`, or is `le` on a histogram or `quantile` on a summary.
    ReservedLabelName,
    /// Two labels have the same name.
    DuplicateLabelName,
    /// The unit is not the last word of the metric name, or the type cannot have one.
    InvalidUnit,
    /// The prefix of a registry does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    InvalidPrefix,
    /// A state set has no states, two equal ones, or an empty one.
    InvalidStates,
}

impl InvalidReason {
    pub(crate) const fn explain(self) -> &'static str {
        match self {
            Self::EmptyName => "a metric needs a name: give it one that matches [a-zA-Z_:][a-zA-Z0-9_:]*",
            Self::InvalidName => {
                "the metric name must match [a-zA-Z_:][a-zA-Z0-9_:]*: use letters, digits, `_` and `:`, and no digit first"
            }
            Self::EmptyLabelName => "a label name is empty: give it one that matches [a-zA-Z_][a-zA-Z0-9_]*",
            Self::InvalidLabelName => {
                "a label name must match [a-zA-Z_][a-zA-Z0-9_]*: use letters, digits and `_`, and no digit first"
            }
            Self::ReservedLabelName => {
                "a label name is reserved: choose one that does not start with `__`, is not `le` on a histogram and not `quantile` on a summary"
            }
            Self::DuplicateLabelName => "two labels have the same name: rename or drop one",
            Self::InvalidUnit => {
                "the unit must be the last word of the metric name (before `_total`), and info and state sets have none"
            }
            Self::InvalidPrefix => {
                "a prefix must match [a-zA-Z_:][a-zA-Z0-9_:]*: use letters, digits, `_` and `:`, and no digit first"
            }
            Self::InvalidStates => "a state set needs at least one state, none empty, no two equal",
        }
    }
}

impl fmt::Display for InvalidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.explain())
    }
}

/// A metric's name, labels, unit or prefix break a rule; says which metric and which rule.
///
/// ```
/// use metrics_core::{Descriptor, InvalidReason, MetricType};
///
/// let error = Descriptor::try_new(MetricType::Counter, "9 lives", "Lives.").unwrap_err();
/// assert_eq!(error.metric(), "9 lives");
/// assert_eq!(error.reason(), InvalidReason::InvalidName);
/// assert!(error.to_string().starts_with("metric \"9 lives\": the metric name must match"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidDescriptor {
    metric: Excerpt,
    label: Excerpt,
    reason: InvalidReason,
}

impl InvalidDescriptor {
    /// An error for the metric (or, with [`InvalidReason::InvalidPrefix`], the prefix) `metric`.
    pub const fn new(metric: &str, reason: InvalidReason) -> Self {
        Self { metric: Excerpt::new(metric), label: Excerpt::EMPTY, reason }
    }

    /// An error that concerns the label (or state, or unit) `label` of `metric`.
    pub const fn with_label(metric: &str, label: &str, reason: InvalidReason) -> Self {
        Self { metric: Excerpt::new(metric), label: Excerpt::new(label), reason }
    }

    /// The name of the metric, or its beginning if it is longer than 46 bytes.
    pub fn metric(&self) -> &str {
        self.metric.as_str()
    }

    /// The label, unit or state that was refused; empty where the reason concerns none.
    pub fn label(&self) -> &str {
        self.label.as_str()
    }

    /// The rule that was broken.
    pub const fn reason(&self) -> InvalidReason {
        self.reason
    }
}

impl fmt::Display for InvalidDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            InvalidReason::InvalidUnit => "unit",
            InvalidReason::InvalidStates => "state",
            _ => "label",
        };
        match (self.metric(), self.label()) {
            (metric, "") => {
                let subject = if self.reason == InvalidReason::InvalidPrefix { "prefix" } else { "metric" };
                write!(f, "{subject} {metric:?}")?;
            }
            // Labels and states that are made apart from any metric.
            ("", label) => write!(f, "{what} {label:?}")?,
            (metric, label) => write!(f, "metric {metric:?}, {what} {label:?}")?,
        }
        write!(f, ": {}", self.reason)
    }
}

impl fmt::Debug for InvalidDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidDescriptor({self})")
    }
}

impl core::error::Error for InvalidDescriptor {}

/// The beginning of a text, kept inline so that an error can be made in a `const fn`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Excerpt {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl Excerpt {
    const CAPACITY: usize = 46;
    pub(crate) const EMPTY: Self = Self::new("");

    pub(crate) const fn new(text: &str) -> Self {
        let text = text.as_bytes();
        let mut len = if text.len() < Self::CAPACITY { text.len() } else { Self::CAPACITY };
        // Never end inside a character: its continuation bytes are 0b10xx_xxxx.
        while len < text.len() && text[len] & 0b1100_0000 == 0b1000_0000 {
            len -= 1;
        }
        let mut bytes = [0; Self::CAPACITY];
        let mut i = 0;
        while i < len {
            bytes[i] = text[i];
            i += 1;
        }
        Self { bytes, len: len as u8 }
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_suffix_is_stripped_if_something_is_left() {
        assert_eq!(strip_suffix("hits_total", "_total"), Some("hits"));
        assert_eq!(strip_suffix("hits_tenth", "_total"), None);
        assert_eq!(strip_suffix("hits_totas", "_total"), None);
        assert_eq!(strip_suffix("_total", "_total"), None);
        assert_eq!(strip_suffix("al", "_total"), None);
    }

    #[test]
    fn an_excerpt_ends_between_characters() {
        let text = "ä".repeat(40);
        assert_eq!(Excerpt::new(&text).as_str(), "ä".repeat(23));
        assert_eq!(Excerpt::new(&format!("a{text}")).as_str(), format!("a{}", "ä".repeat(22)));
        assert_eq!(Excerpt::new("short").as_str(), "short");
    }

    #[test]
    fn a_unit_is_the_last_word() {
        use MetricType::*;
        assert!(check_unit("a_seconds", Gauge, "seconds").is_ok());
        assert!(check_unit("a_seconds_total", Counter, "seconds").is_ok());
        assert!(check_unit("a_square_meters", Gauge, "square_meters").is_ok());
        assert!(check_unit("a_b:c", Gauge, "b:c").is_ok());
        assert!(check_unit("a_milliseconds", Gauge, "seconds").is_err());
        assert!(check_unit("seconds", Gauge, "seconds").is_err());
        assert!(check_unit("_seconds", Gauge, "seconds").is_err());
        assert!(check_unit("a_seconds_total", Gauge, "seconds").is_err());
        assert!(check_unit("a_seconds", Info, "seconds").is_err());
        assert!(check_unit("a_", Gauge, "").is_err());
        assert!(check_unit("a_µs", Gauge, "µs").is_err());
    }
}
