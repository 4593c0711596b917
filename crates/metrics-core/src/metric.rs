use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt;
use core::ops::Deref;

use crate::created::Created;
use crate::name::{InvalidDescriptor, InvalidReason, check_metric_name, check_unit, check_utf8_metric_name};
use crate::{
    Collector, Counter, CounterFn, Descriptor, Gauge, GaugeFn, Info, Instrument, InvalidIncrement,
    MetricName, MetricType, Number, Scrape, StateSet, Summary, Timestamp,
};

/// An instrument with a name and help: one series without labels.
///
/// It dereferences to its instrument, and it is a [`Collector`]. A constant one lives in a `static`;
/// a bad name there is a compile error.
///
/// ```
/// use metrics_core::{Counter, Gauge, Metric};
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
/// HITS.inc();
/// assert_eq!(HITS.get(), 1);
///
/// let depth = Metric::try_new(format!("{}_depth", "queue"), "Jobs that wait.", Gauge::<i64>::new())?;
/// depth.set(4);
/// assert_eq!((depth.name(), depth.get()), ("queue_depth", 4));
/// # Ok::<(), metrics_core::InvalidDescriptor>(())
/// ```
///
/// ```compile_fail
/// use metrics_core::{Counter, Metric};
///
/// static HITS: Metric<Counter> = Metric::counter("cache hits", "A space in the name.");
/// ```
pub struct Metric<M> {
    meta: Meta,
    created: Created,
    instrument: M,
}

impl<M: Instrument> Metric<M> {
    /// Names an instrument with constants.
    ///
    /// # Panics
    ///
    /// If `name` does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`; in a constant, that is a compile error.
    pub const fn new(name: &'static str, help: &'static str, instrument: M) -> Self {
        Self::of(Meta::from_static(M::TYPE, name, help), instrument)
    }

    /// Names an instrument with what is known at run time.
    ///
    /// # Errors
    ///
    /// If `name` does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    pub fn try_new(
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        instrument: M,
    ) -> Result<Self, InvalidDescriptor> {
        Ok(Self::of(Meta::try_new(name.into(), help.into())?, instrument))
    }

    /// Names an instrument with a constant of any UTF-8; [`Descriptor::utf8`] says what readers get.
    ///
    /// # Panics
    ///
    /// If `name` is empty; in a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Gauge, Metric};
    ///
    /// static ACTIVE: Metric<Gauge> = Metric::utf8("http.server.active_requests", "Requests now.", Gauge::<f64>::new());
    /// ACTIVE.set(2.0);
    /// assert_eq!(ACTIVE.name(), "http.server.active_requests");
    /// ```
    pub const fn utf8(name: &'static str, help: &'static str, instrument: M) -> Self {
        Self::of(Meta::from_static_utf8(M::TYPE, name, help), instrument)
    }

    /// Names an instrument with any UTF-8 that is known at run time.
    ///
    /// # Errors
    ///
    /// If `name` is empty.
    pub fn try_utf8(
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        instrument: M,
    ) -> Result<Self, InvalidDescriptor> {
        Ok(Self::of(Meta::try_utf8(name.into(), help.into())?, instrument))
    }

    /// The same metric with a unit, which must be the last word of its name, before `_total`.
    ///
    /// # Panics
    ///
    /// If it is not; in a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Counter, Metric};
    ///
    /// static READ: Metric<Counter> = Metric::counter("read_bytes_total", "Bytes read.").with_unit("bytes");
    /// assert_eq!(READ.descriptor().unit(), Some("bytes"));
    /// ```
    #[must_use]
    pub const fn with_unit(mut self, unit: &'static str) -> Self {
        self.meta.set_unit(M::TYPE, unit);
        self
    }

    /// The same metric with the time since when it counts beside its value: since it is registered, or
    /// scraped for the first time if it never is. A clock that is set later does not change it.
    ///
    /// # Panics
    ///
    /// If it is not a counter, a histogram or a summary; in a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Counter, Metric, Timestamp};
    ///
    /// static SENT: Metric<Counter> = Metric::counter("sent_total", "Messages sent.").with_created();
    /// assert!(SENT.created().unwrap() <= Timestamp::now());
    /// assert_eq!(SENT.created(), SENT.created());
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub const fn with_created(mut self) -> Self {
        self.created.tell_since_asked(M::TYPE);
        self
    }

    /// The same metric with `time` as the time since when it counts.
    ///
    /// # Panics
    ///
    /// If it is not a counter, a histogram or a summary; in a constant, that is a compile error.
    #[must_use]
    pub const fn with_created_at(mut self, time: Timestamp) -> Self {
        self.created.tell_at(M::TYPE, time);
        self
    }

    /// Since when it counts, if it tells that.
    pub fn created(&self) -> Option<Timestamp> {
        self.created.get()
    }

    const fn of(meta: Meta, instrument: M) -> Self {
        Self { meta, created: Created::untold(), instrument }
    }

    /// The name, without the prefix of any registry.
    pub fn name(&self) -> &str {
        self.meta.name()
    }

    /// Name, help, type and unit.
    pub fn descriptor(&self) -> Descriptor<'_> {
        self.meta.descriptor(M::TYPE)
    }
}

macro_rules! constructor {
    ($name:ident, $instrument:ty, $make:expr, $doc:literal) => {
        impl Metric<$instrument> {
            #[doc = $doc]
            ///
            /// # Panics
            ///
            /// If the name is invalid; in a constant, that is a compile error.
            pub const fn $name(name: &'static str, help: &'static str) -> Self {
                Self::new(name, help, $make)
            }
        }
    };
}

constructor!(counter, Counter, Counter::<u64>::new(), "A `u64` counter at 0.");
constructor!(counter_f64, Counter<f64>, Counter::<f64>::new(), "An `f64` counter at 0.");
constructor!(gauge, Gauge, Gauge::<f64>::new(), "An `f64` gauge at 0.");
constructor!(gauge_i64, Gauge<i64>, Gauge::<i64>::new(), "An `i64` gauge at 0.");
constructor!(summary, Summary, Summary::new(), "A summary without observations.");

impl Metric<Info> {
    /// Facts of a constant, as (label name, value); the series is exposed as `name` with `_info`
    /// added unless it ends so.
    ///
    /// # Panics
    ///
    /// If a name is invalid or stands twice; in a constant, that is a compile error.
    pub const fn info(
        name: &'static str,
        help: &'static str,
        pairs: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self::new(name, help, Info::new(pairs))
    }
}

impl Metric<StateSet> {
    /// A state set of constants, the first of which is on.
    ///
    /// # Panics
    ///
    /// If the name is invalid, or there are no states, an empty one or two equal ones; in a
    /// constant, that is a compile error.
    pub const fn state_set(name: &'static str, help: &'static str, states: &'static [&'static str]) -> Self {
        Self::new(name, help, StateSet::new(states))
    }
}

#[cfg(feature = "std")]
impl Metric<crate::Histogram> {
    /// A histogram with the upper bounds of a constant.
    ///
    /// # Panics
    ///
    /// If the name is invalid, or the bounds are not finite and ascending; in a constant, that is a
    /// compile error.
    pub const fn histogram(name: &'static str, help: &'static str, bounds: &'static [f64]) -> Self {
        Self::new(name, help, crate::Histogram::new(bounds))
    }

    /// A histogram with native buckets alone.
    ///
    /// # Panics
    ///
    /// If the name is invalid, or a number of `native` is out of its range; in a constant, that is a
    /// compile error.
    ///
    /// ```
    /// use metrics_core::{Histogram, Metric, Native};
    ///
    /// static SECONDS: Metric<Histogram> =
    ///     Metric::native_histogram("job_seconds", "Time for a job.", Native::DEFAULT);
    /// SECONDS.observe(0.25);
    /// assert_eq!(SECONDS.snapshot().count(), 1);
    /// ```
    pub const fn native_histogram(name: &'static str, help: &'static str, native: crate::Native) -> Self {
        Self::new(name, help, crate::Histogram::native(native))
    }

    /// The same histogram with native buckets beside the classic ones: each observation is counted in
    /// both.
    ///
    /// # Panics
    ///
    /// If a number of `native` is out of its range, or the histogram was made at run time: give
    /// [`Buckets::with_native`](crate::Buckets::with_native) to it there. In a constant, that is a compile
    /// error.
    ///
    /// ```
    /// use metrics_core::{Histogram, Metric, Native};
    ///
    /// static SECONDS: Metric<Histogram> =
    ///     Metric::histogram("job_seconds", "Time for a job.", &Histogram::DEFAULT_BUCKETS)
    ///         .with_native(Native::with_factor(1.1).max_buckets(100));
    /// SECONDS.observe(0.3);
    /// let snapshot = SECONDS.snapshot();
    /// assert_eq!(snapshot.native().unwrap().count().as_f64(), 1.0);
    /// assert_eq!(snapshot.buckets().nth(6), Some((0.5, 1)));
    /// ```
    #[must_use]
    pub const fn with_native(mut self, native: crate::Native) -> Self {
        self.instrument.set_native(native);
        self
    }
}

impl<F, N> Metric<GaugeFn<F>>
where
    F: Fn() -> N + Send + Sync + 'static,
    N: Into<Number>,
{
    /// A gauge whose value `compute` gives at each scrape.
    ///
    /// # Panics
    ///
    /// If the name is invalid; in a constant, that is a compile error.
    pub const fn gauge_fn(name: &'static str, help: &'static str, compute: F) -> Self {
        Self::new(name, help, GaugeFn::new(compute))
    }
}

impl<F, N> Metric<CounterFn<F>>
where
    F: Fn() -> N + Send + Sync + 'static,
    N: Into<Number>,
{
    /// A counter whose value `compute` gives at each scrape.
    ///
    /// # Panics
    ///
    /// If the name is invalid; in a constant, that is a compile error.
    pub const fn counter_fn(name: &'static str, help: &'static str, compute: F) -> Self {
        Self::new(name, help, CounterFn::new(compute))
    }
}

impl Metric<Counter<f64>> {
    /// Adds `v`, which must be finite and not negative.
    ///
    /// # Errors
    ///
    /// If `v` is negative, NaN or infinite: the error names this metric, and the counter keeps its
    /// value.
    ///
    /// ```
    /// use metrics_core::{Counter, Metric};
    ///
    /// static SECONDS: Metric<Counter<f64>> = Metric::counter_f64("cpu_seconds_total", "CPU time.");
    /// let error = SECONDS.inc_by(-0.5).unwrap_err();
    /// assert!(error.to_string().starts_with("metric \"cpu_seconds_total\": a counter cannot go up by -0.5"));
    /// ```
    #[inline]
    pub fn inc_by(&self, v: f64) -> Result<(), InvalidIncrement> {
        self.instrument.inc_by(v).map_err(|error| error.of_metric(self.meta.name()))
    }

    /// Adds `v`, which must be finite and not negative, and keeps its labels as the exemplar of the
    /// counter, with the time of now.
    ///
    /// # Errors
    ///
    /// As for [`Counter::inc_by_with_exemplar`]; the error names this metric if `v` was refused.
    #[cfg(feature = "std")]
    pub fn inc_by_with_exemplar<'l>(
        &self,
        v: f64,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), crate::InvalidUpdate> {
        self.instrument.inc_by_with_exemplar(v, labels).map_err(|error| error.of_metric(self.meta.name()))
    }
}

impl<M> Deref for Metric<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.instrument
    }
}

impl<M: Instrument> Collector for Metric<M> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let descriptor = self.descriptor();
        let created = self.created();
        let mut samples = scrape.family(&descriptor);
        if let Some(created) = created {
            samples.set_created(Some(created));
        }
        self.instrument.emit("", &mut samples);
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        // A registry asks this when the metric is registered.
        let _ = self.created();
        let descriptor = self.descriptor();
        visit(MetricName::new("", descriptor.name()), &descriptor);
    }
}

impl<M: fmt::Debug> fmt::Debug for Metric<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metric")
            .field("name", &self.meta.name())
            .field("instrument", &self.instrument)
            .finish_non_exhaustive()
    }
}

/// A name and help that were checked.
pub(crate) struct Meta {
    name: Text,
    help: Text,
    unit: Option<&'static str>,
    is_utf8: bool,
}

/// Unlike a `Cow`, readable in a `const fn` in both forms.
enum Text {
    Static(&'static str),
    Owned(Box<str>),
}

impl Meta {
    pub(crate) const fn from_static(metric_type: MetricType, name: &'static str, help: &'static str) -> Self {
        Self::from_descriptor(Descriptor::new(metric_type, name, help))
    }

    pub(crate) const fn from_static_utf8(
        metric_type: MetricType,
        name: &'static str,
        help: &'static str,
    ) -> Self {
        Self::from_descriptor(Descriptor::utf8(metric_type, name, help))
    }

    const fn from_descriptor(descriptor: Descriptor<'static>) -> Self {
        let (name, help) = (Text::Static(descriptor.name()), Text::Static(descriptor.help()));
        Self { name, help, unit: None, is_utf8: descriptor.is_utf8() }
    }

    pub(crate) fn try_new(
        name: Cow<'static, str>,
        help: Cow<'static, str>,
    ) -> Result<Self, InvalidDescriptor> {
        Self::checked(check_metric_name(&name), name, help, false)
    }

    pub(crate) fn try_utf8(
        name: Cow<'static, str>,
        help: Cow<'static, str>,
    ) -> Result<Self, InvalidDescriptor> {
        Self::checked(check_utf8_metric_name(&name), name, help, true)
    }

    fn checked(
        check: Result<(), InvalidReason>,
        name: Cow<'static, str>,
        help: Cow<'static, str>,
        is_utf8: bool,
    ) -> Result<Self, InvalidDescriptor> {
        match check {
            Ok(()) => Ok(Self { name: name.into(), help: help.into(), unit: None, is_utf8 }),
            Err(reason) => Err(InvalidDescriptor::new(&name, reason)),
        }
    }

    pub(crate) const fn set_unit(&mut self, metric_type: MetricType, unit: &'static str) {
        if let Err(reason) = check_unit(self.name(), metric_type, unit) {
            panic!("{}", reason.explain());
        }
        self.unit = Some(unit);
    }

    pub(crate) const fn name(&self) -> &str {
        self.name.as_str()
    }

    #[cfg(feature = "labels")]
    pub(crate) const fn is_utf8(&self) -> bool {
        self.is_utf8
    }

    pub(crate) const fn descriptor(&self, metric_type: MetricType) -> Descriptor<'_> {
        Descriptor::trusted(metric_type, self.name.as_str(), self.help.as_str(), self.unit, self.is_utf8)
    }
}

impl Text {
    const fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl From<Cow<'static, str>> for Text {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Static(text),
            Cow::Owned(text) => Self::Owned(text.into()),
        }
    }
}
