use alloc::string::String;
use core::fmt;

/// Something that a scrape had to leave out.
///
/// ```
/// use metrics_core::{Descriptor, MetricType, Scrape, ScrapeErrorReason};
/// # use metrics_core::{Encoder, Labels, MetricName, Value};
/// # struct Ignore;
/// # impl Encoder for Ignore {
/// #     fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}
/// #     fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
/// # }
/// # let mut encoder = Ignore;
///
/// const UP: Descriptor = Descriptor::new(MetricType::Gauge, "up", "Whether it is up.");
/// let mut scrape = Scrape::new(&mut encoder);
/// scrape.family(&UP).push([], 1);
/// scrape.family(&UP).push([], 0);
/// let errors = scrape.finish();
/// assert_eq!(errors[0].family(), "up");
/// assert_eq!(errors[0].reason(), ScrapeErrorReason::DuplicateFamily);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeError {
    pub(crate) family: String,
    pub(crate) reason: ScrapeErrorReason,
    pub(crate) count: u64,
}

impl ScrapeError {
    /// The full name of the family, or what stands for it where there is none: a collector, a
    /// prefix, a label.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Why it was left out.
    pub const fn reason(&self) -> ScrapeErrorReason {
        self.reason
    }

    /// How often that happened in this scrape.
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl fmt::Display for ScrapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.family, self.reason)?;
        if self.count > 1 {
            write!(f, " ({} times)", self.count)?;
        }
        Ok(())
    }
}

impl core::error::Error for ScrapeError {}

/// Why something was left out of a scrape.
///
/// ```
/// use metrics_core::ScrapeErrorReason;
///
/// assert_eq!(ScrapeErrorReason::DuplicateFamily.as_str(), "duplicate_family");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScrapeErrorReason {
    /// The collector panicked; nothing of it is on the page.
    Panicked,
    /// A family that claims one of the names was there already.
    DuplicateFamily,
    /// The series was there already in this family.
    DuplicateSeries,
    /// A label name is invalid, reserved, or stands twice.
    InvalidLabel,
    /// The value does not fit the type: a negative counter, a number for a histogram; or its time is
    /// before 1970.
    InvalidValue,
    /// The prefix does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    InvalidPrefix,
    /// A collector was reached again while it was being collected.
    Recursive,
}

impl ScrapeErrorReason {
    /// The value of the label `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::DuplicateFamily => "duplicate_family",
            Self::DuplicateSeries => "duplicate_series",
            Self::InvalidLabel => "invalid_label",
            Self::InvalidValue => "invalid_value",
            Self::InvalidPrefix => "invalid_prefix",
            Self::Recursive => "recursive",
        }
    }
}

impl fmt::Display for ScrapeErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panicked => "the collector panicked, and its output was left out: mend the collector",
            Self::DuplicateFamily => {
                "the family was left out because its name is taken: rename one of the two"
            }
            Self::DuplicateSeries => {
                "a series was left out because its labels stood there already: push each label set once"
            }
            Self::InvalidLabel => {
                "left out because of a label name that is invalid, reserved or stands twice: rename it"
            }
            Self::InvalidValue => {
                "a sample was left out because its value does not fit the type of the family, or its time is before 1970"
            }
            Self::InvalidPrefix => "left out because the prefix does not match [a-zA-Z_:][a-zA-Z0-9_:]*",
            Self::Recursive => {
                "left out because it was being collected already: a collector or registry contains itself"
            }
        })
    }
}
