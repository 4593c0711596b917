use core::fmt;

use crate::name::{InvalidDescriptor, check_metric_name, check_unit, check_utf8_metric_name, strip_suffix};

/// What kind of numbers a family holds.
///
/// ```
/// use metrics_core::MetricType;
///
/// assert_eq!(MetricType::Histogram.as_str(), "histogram");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricType {
    /// A number that only goes up, until the process restarts.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// Observations counted in buckets, with their sum.
    Histogram,
    /// Observations, counted and summed; quantiles if the collector computes them.
    Summary,
    /// Facts that do not change while the process runs, as labels of the value 1.
    Info,
    /// One of a fixed set of states, each a series of value 0 or 1.
    StateSet,
    /// A histogram of what is there now; its buckets go up and down.
    GaugeHistogram,
    /// Of no known type.
    Unknown,
}

impl MetricType {
    /// The type's name in OpenMetrics, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Unknown => "unknown",
        }
    }

    /// The suffixes that samples of this type add to the [`base`](Descriptor::base) of the name,
    /// in one format or another. With the bare base, these are the names a family claims.
    pub const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Histogram => &["_bucket", "_sum", "_count", "_created"],
            Self::Summary => &["_sum", "_count", "_created"],
            Self::GaugeHistogram => &["_bucket", "_sum", "_count", "_gsum", "_gcount"],
            Self::Info => &["_info"],
            Self::Gauge | Self::StateSet | Self::Unknown => &[],
        }
    }

    pub(crate) const fn base(self, name: &str) -> &str {
        let suffix = match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            _ => return name,
        };
        match strip_suffix(name, suffix) {
            Some(base) => base,
            None => name,
        }
    }
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Name, help, type and unit of a family; a value of this type is always valid.
///
/// ```
/// use metrics_core::{Descriptor, MetricType};
///
/// const JOBS: Descriptor = Descriptor::new(MetricType::Gauge, "jobs_queued", "Jobs that wait.");
/// assert_eq!(JOBS.name(), "jobs_queued");
/// ```
///
/// A bad name in a constant does not compile:
///
/// ```compile_fail
/// use metrics_core::{Descriptor, MetricType};
///
/// const BAD: Descriptor = Descriptor::new(MetricType::Gauge, "jobs-queued", "A dash.");
/// println!("{BAD:?}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor<'a> {
    metric_type: MetricType,
    name: &'a str,
    help: &'a str,
    unit: Option<&'a str>,
    is_utf8: bool,
}

impl<'a> Descriptor<'a> {
    /// A descriptor of a name that is known to be good; in a constant, a bad one is a compile error.
    ///
    /// # Panics
    ///
    /// If `name` does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`. [`try_new`](Self::try_new) returns an
    /// error instead.
    #[track_caller]
    pub const fn new(metric_type: MetricType, name: &'a str, help: &'a str) -> Self {
        match Self::try_new(metric_type, name, help) {
            Ok(descriptor) => descriptor,
            Err(error) => panic!("{}", error.reason().explain()),
        }
    }

    /// A descriptor of a name that is only known at run time.
    ///
    /// # Errors
    ///
    /// If `name` does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    pub const fn try_new(
        metric_type: MetricType,
        name: &'a str,
        help: &'a str,
    ) -> Result<Self, InvalidDescriptor> {
        match check_metric_name(name) {
            Ok(()) => Ok(Self { metric_type, name, help, unit: None, is_utf8: false }),
            Err(reason) => Err(InvalidDescriptor::new(name, reason)),
        }
    }

    /// A descriptor of a family whose name, and the names of whose labels, may be any UTF-8.
    ///
    /// A reader that knows the classic letters only gets them as the [`Escaping`](crate::Escaping) of
    /// the scrape says. If two names are then the same, the later one is left out and reported.
    ///
    /// # Panics
    ///
    /// If `name` is empty.
    ///
    /// ```
    /// use metrics_core::{Descriptor, MetricType};
    ///
    /// const ACTIVE: Descriptor = Descriptor::utf8(MetricType::Gauge, "http.server.active_requests", "Now.");
    /// assert!(ACTIVE.is_utf8());
    /// ```
    #[track_caller]
    pub const fn utf8(metric_type: MetricType, name: &'a str, help: &'a str) -> Self {
        match Self::try_utf8(metric_type, name, help) {
            Ok(descriptor) => descriptor,
            Err(error) => panic!("{}", error.reason().explain()),
        }
    }

    /// The same for a name that is only known at run time.
    ///
    /// # Errors
    ///
    /// If `name` is empty.
    pub const fn try_utf8(
        metric_type: MetricType,
        name: &'a str,
        help: &'a str,
    ) -> Result<Self, InvalidDescriptor> {
        match check_utf8_metric_name(name) {
            Ok(()) => Ok(Self { metric_type, name, help, unit: None, is_utf8: true }),
            Err(reason) => Err(InvalidDescriptor::new(name, reason)),
        }
    }

    /// The same family with a unit, which must be the last word of the name, before `_total`.
    ///
    /// # Errors
    ///
    /// If the name does not end with `_` and the unit, or the type is info or state set.
    ///
    /// ```
    /// use metrics_core::{Descriptor, MetricType};
    ///
    /// let read = Descriptor::new(MetricType::Counter, "read_bytes_total", "Bytes read.").try_with_unit("bytes")?;
    /// assert_eq!(read.unit(), Some("bytes"));
    /// assert!(read.try_with_unit("seconds").is_err());
    /// # Ok::<(), metrics_core::InvalidDescriptor>(())
    /// ```
    pub const fn try_with_unit(self, unit: &'a str) -> Result<Self, InvalidDescriptor> {
        match check_unit(self.name, self.metric_type, unit) {
            Ok(()) => Ok(Self { unit: Some(unit), ..self }),
            Err(reason) => Err(InvalidDescriptor::with_label(self.name, unit, reason)),
        }
    }

    /// For what was validated when its metric was made.
    pub(crate) const fn trusted(
        metric_type: MetricType,
        name: &'a str,
        help: &'a str,
        unit: Option<&'a str>,
        is_utf8: bool,
    ) -> Self {
        Self { metric_type, name, help, unit, is_utf8 }
    }

    /// The family name as the user gave it, without the prefix of a registry.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The help text; any UTF-8, not escaped.
    pub const fn help(&self) -> &'a str {
        self.help
    }

    /// The type of the family.
    pub const fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// The unit, if one was given.
    pub const fn unit(&self) -> Option<&'a str> {
        self.unit
    }

    /// Whether it was made by [`utf8`](Self::utf8), so that names may have other characters than
    /// letters, digits, `_` and `:`.
    pub const fn is_utf8(&self) -> bool {
        self.is_utf8
    }

    /// The name without the suffix that its type implies: `_total` of a counter, `_info` of an info.
    pub const fn base(&self) -> &'a str {
        self.metric_type.base(self.name)
    }
}

/// The full name of a family in a scrape: the prefixes that apply, then the name.
///
/// ```
/// use metrics_core::MetricName;
///
/// assert_eq!(MetricName::new("service_a_", "jobs").to_string(), "service_a_jobs");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricName<'a> {
    prefix: &'a str,
    name: &'a str,
}

impl<'a> MetricName<'a> {
    /// A name under a prefix, which ends with its own `_` or is empty.
    pub const fn new(prefix: &'a str, name: &'a str) -> Self {
        Self { prefix, name }
    }

    /// What stands before the name: empty, or prefixes each followed by `_`.
    pub const fn prefix(&self) -> &'a str {
        self.prefix
    }

    /// The name without the prefix.
    pub const fn name(&self) -> &'a str {
        self.name
    }
}

impl fmt::Display for MetricName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str(self.name)
    }
}
