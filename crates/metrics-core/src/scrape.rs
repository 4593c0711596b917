use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

#[cfg(feature = "std")]
use crate::exemplar_slot::Copies;
#[cfg(feature = "std")]
use crate::histogram::Room;
use crate::labels::{
    Pairs, has_name, has_quoted_name, push_checked, push_checked_utf8, push_escaped_pairs, push_name,
    push_pair,
};
use crate::name::{
    check_label_name, check_metric_name, check_unit, check_utf8_label_name, is_label_name, is_metric_name,
};
use crate::select::{is_asked_for, set_of};
use crate::text_set::TextSet;
use crate::{
    Descriptor, Encoder, Escaping, Exemplar, Extras, Labels, MetricName, MetricType, Number, ScrapeError,
    ScrapeErrorReason, StateSetValue, SummaryValue, Timestamp, Value,
};

/// One pass over collectors: keeps the names valid and unique, and hands what is left to an
/// [`Encoder`].
///
/// What has to be left out (a family that comes twice, an invalid label, the output of a collector
/// that panicked) is kept as a [`ScrapeError`], and [`finish`](Self::finish) puts it on the page as
/// the gauge `rutheus_scrape_errors`.
///
/// A format makes one around its encoder, hands it to a collector, and finishes it:
///
/// ```
/// use metrics_core::{Collector, Counter, Descriptor, Encoder, Labels, Metric, MetricName, Scrape, Value};
///
/// /// Counts what it is told.
/// #[derive(Default)]
/// struct Tally {
///     families: usize,
///     samples: usize,
/// }
///
/// impl Encoder for Tally {
///     fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {
///         self.families += 1;
///     }
///     fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {
///         self.samples += 1;
///     }
/// }
///
/// let mut tally = Tally::default();
/// let mut scrape = Scrape::new(&mut tally);
/// Metric::counter("jobs_total", "Jobs.").collect(&mut scrape);
/// assert!(scrape.finish().is_empty());
/// assert_eq!((tally.families, tally.samples), (1, 1));
/// ```
pub struct Scrape<'a> {
    sink: Sink<'a>,
    state: State,
}

enum Sink<'a> {
    Encode(&'a mut dyn Encoder),
    Describe(&'a mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)),
}

#[derive(Default)]
struct State {
    /// Prefixes that apply, each followed by `_`.
    prefix: String,
    /// Rendered labels that apply to every sample.
    constant: String,
    /// Bases of the full names of the families so far.
    families: TextSet,
    types: Vec<MetricType>,
    /// Canonical labels of the pushed series of the current family.
    series: TextSet,
    errors: Vec<ScrapeError>,
    name: String,
    own: String,
    canonical: String,
    filtered: String,
    /// What becomes of names that have other than the classic letters.
    escaping: Escaping,
    /// The full name of the current family, where it was escaped.
    escaped_name: String,
    escaped_own: String,
    /// Names that were asked for; a family must be in each of the sets.
    selections: Vec<TextSet>,
    #[cfg(feature = "std")]
    room: Room,
    #[cfg(feature = "std")]
    exemplars: Copies,
}

impl<'a> Scrape<'a> {
    /// A scrape into `encoder`.
    pub fn new(encoder: &'a mut dyn Encoder) -> Self {
        Self { sink: Sink::Encode(encoder), state: State::default() }
    }

    /// The same scrape with names of any UTF-8 as `escaping` makes them, which is
    /// [`Underscores`](Escaping::Underscores) otherwise: an encoder gets other than classic names with
    /// [`AllowUtf8`](Escaping::AllowUtf8) only.
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, Escaping, Gauge, Metric, Scrape};
    /// # use metrics_core::{Encoder, Labels, MetricName, Value};
    /// # #[derive(Default)]
    /// # struct Names(Vec<String>);
    /// # impl Encoder for Names {
    /// #     fn family(&mut self, name: MetricName<'_>, _: &Descriptor<'_>) { self.0.push(name.to_string()); }
    /// #     fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
    /// # }
    /// # let mut encoder = Names::default();
    ///
    /// static LATENCY: Metric<Gauge> = Metric::utf8("rpc.latency", "Seconds.", Gauge::<f64>::new());
    /// for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Values] {
    ///     LATENCY.collect(&mut Scrape::new(&mut encoder).with_escaping(escaping));
    /// }
    /// assert_eq!(encoder.0, ["rpc.latency", "rpc_latency", "U__rpc_2e_latency"]);
    /// ```
    #[must_use]
    pub fn with_escaping(mut self, escaping: Escaping) -> Self {
        self.state.escaping = escaping;
        self
    }

    /// A scrape that shows each family to `visit` and ignores the samples.
    pub fn dry(visit: &'a mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) -> Self {
        Self { sink: Sink::Describe(visit), state: State::default() }
    }

    /// Begins a family. Its samples go into what is returned.
    ///
    /// If the scrape already has a family that claims one of its names, the samples are left out
    /// and a [`ScrapeError`] is kept.
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
    ///
    /// const UP: Descriptor = Descriptor::new(MetricType::Gauge, "up", "Whether it is up.");
    /// let mut names = Vec::new();
    /// let mut visit = |name: metrics_core::MetricName<'_>, _: &Descriptor<'_>| names.push(name.to_string());
    /// let mut scrape = Scrape::dry(&mut visit);
    /// scrape.prefixed("db", |scrape| scrape.family(&UP).push([], 1));
    /// drop(scrape);
    /// assert_eq!(names, ["db_up"]);
    /// ```
    pub fn family<'s>(&'s mut self, descriptor: &Descriptor<'s>) -> Samples<'s> {
        let encoder: Option<&'s mut dyn Encoder> = match &mut self.sink {
            _ if !self.state.wants(descriptor) => None,
            Sink::Describe(visit) => {
                visit(MetricName::new(&self.state.prefix, descriptor.name()), descriptor);
                None
            }
            Sink::Encode(encoder) => {
                if self.state.claim(descriptor) {
                    Some(&mut **encoder)
                } else {
                    self.state.report(descriptor.name(), ScrapeErrorReason::DuplicateFamily);
                    None
                }
            }
        };
        let escapes = descriptor.is_utf8() && self.state.escaping != Escaping::AllowUtf8;
        let is_plain = self.state.constant.is_empty() && !escapes;
        let state = &mut self.state;
        Samples { encoder, state, descriptor: *descriptor, begun: false, escapes, is_plain, created: None }
    }

    /// Runs `f` with `prefix` and an underscore before every name; prefixes nest.
    ///
    /// With a prefix that does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`, `f` is not run and a
    /// [`ScrapeError`] is kept.
    pub fn prefixed(&mut self, prefix: &str, f: impl FnOnce(&mut Scrape<'_>)) {
        if check_metric_name(prefix).is_err() {
            return self.report(prefix, ScrapeErrorReason::InvalidPrefix);
        }
        let len = self.state.prefix.len();
        self.state.prefix.push_str(prefix);
        self.state.prefix.push('_');
        f(self);
        self.state.prefix.truncate(len);
    }

    /// Runs `f` with `labels` on every sample; labels nest. Where a name stands several times, the
    /// one nearest to the series wins, and a label of the series itself wins over all.
    ///
    /// With a label that is invalid, stands twice, or is `le` or `quantile`, `f` is not run and a
    /// [`ScrapeError`] is kept.
    pub fn labelled(&mut self, labels: &[(&str, &str)], f: impl FnOnce(&mut Scrape<'_>)) {
        let mut inner = String::new();
        for (name, value) in labels {
            let valid = check_label_name(name, MetricType::Histogram)
                .and_then(|()| push_checked(&mut inner, name, value, MetricType::Summary));
            if valid.is_err() {
                return self.report(name, ScrapeErrorReason::InvalidLabel);
            }
        }
        let mut all = String::new();
        filter(&mut all, &self.state.constant, &inner);
        if !all.is_empty() && !inner.is_empty() {
            all.push(',');
        }
        all.push_str(&inner);
        let outer = core::mem::replace(&mut self.state.constant, all);
        f(self);
        self.state.constant = outer;
    }

    /// Runs `f` with only the families passed on that answer to one of `names`, as
    /// [`select`](crate::select) has it; selections nest, and a family has to be in each.
    pub fn selected(&mut self, names: &[impl AsRef<str>], f: impl FnOnce(&mut Scrape<'_>)) {
        let len = self.state.selections.len();
        self.state.selections.push(set_of(names));
        f(self);
        self.state.selections.truncate(len);
    }

    /// Whether the samples of this family would be passed on: for a collector that is to skip what is
    /// expensive when nobody asked for it.
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
    ///
    /// struct Disk;
    ///
    /// impl Collector for Disk {
    ///     fn collect(&self, scrape: &mut Scrape<'_>) {
    ///         const FREE: Descriptor = Descriptor::new(MetricType::Gauge, "disk_free_bytes", "Free.");
    ///         if scrape.wants(&FREE) {
    ///             let bytes = 1 << 30; // found out at great expense
    ///             scrape.family(&FREE).push([], bytes);
    ///         }
    ///     }
    ///
    ///     fn describe(&self, visit: &mut dyn FnMut(metrics_core::MetricName<'_>, &Descriptor<'_>)) {
    ///         const FREE: Descriptor = Descriptor::new(MetricType::Gauge, "disk_free_bytes", "Free.");
    ///         visit(metrics_core::MetricName::new("", FREE.name()), &FREE);
    ///     }
    /// }
    ///
    /// let mut visit = |_: metrics_core::MetricName<'_>, _: &Descriptor<'_>| {};
    /// let mut dry = Scrape::dry(&mut visit);
    /// Disk.collect(&mut dry);
    /// # const FREE: Descriptor = Descriptor::new(MetricType::Gauge, "disk_free_bytes", "Free.");
    /// assert!(!dry.wants(&FREE), "a dry scrape wants no samples");
    /// ```
    pub fn wants(&mut self, descriptor: &Descriptor<'_>) -> bool {
        matches!(self.sink, Sink::Encode(_)) && self.state.wants(descriptor)
    }

    /// Runs `f`, and if it panics takes back what it wrote, as far as the encoder can, and keeps a
    /// [`ScrapeError`] under `name`. A registry runs each of its collectors in one of these.
    ///
    /// Without the feature `std` a panic cannot be caught, and `f` just runs.
    pub fn isolate(&mut self, name: &str, f: impl FnOnce(&mut Scrape<'_>)) {
        #[cfg(not(feature = "std"))]
        {
            let _ = name;
            f(self);
        }
        #[cfg(feature = "std")]
        {
            use std::panic::{AssertUnwindSafe, catch_unwind};
            let checkpoint = match &mut self.sink {
                Sink::Encode(encoder) => encoder.checkpoint(),
                Sink::Describe(_) => return f(self),
            };
            let (prefix, selections) = (self.state.prefix.len(), self.state.selections.len());
            // Only restored after a panic, and an empty one costs no allocation.
            let constant = self.state.constant.clone();
            // The state that `f` may leave half-done is the encoder's, which is rolled back, and the
            // scrape's, which is restored below.
            let Err(payload) = catch_unwind(AssertUnwindSafe(|| f(self))) else { return };
            self.state.prefix.truncate(prefix);
            self.state.selections.truncate(selections);
            self.state.constant = constant;
            if let Sink::Encode(encoder) = &mut self.sink {
                encoder.rollback(checkpoint);
            }
            self.report(name, ScrapeErrorReason::Panicked);
            // The payload is the user's, and its drop may panic in turn.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
        }
    }

    /// Keeps an error: something under `family` had to be left out.
    pub fn report(&mut self, family: &str, reason: ScrapeErrorReason) {
        if matches!(self.sink, Sink::Encode(_)) {
            self.state.report(family, reason);
        }
    }

    /// What had to be left out so far.
    pub fn errors(&self) -> &[ScrapeError] {
        &self.state.errors
    }

    /// Ends the scrape: if anything had to be left out, adds the gauge `rutheus_scrape_errors` with
    /// what and why, without any prefix. Returns the same as values.
    pub fn finish(mut self) -> Vec<ScrapeError> {
        const ERRORS: Descriptor<'static> = Descriptor::new(
            MetricType::Gauge,
            "rutheus_scrape_errors",
            "What this scrape had to leave out, by family and reason.",
        );
        let errors = core::mem::take(&mut self.state.errors);
        if !errors.is_empty() {
            self.state.prefix.clear();
            self.state.constant.clear();
            self.state.selections.clear();
            let mut samples = self.family(&ERRORS);
            for error in &errors {
                samples.push([("family", &*error.family), ("reason", error.reason.as_str())], error.count);
            }
        }
        errors
    }
}

impl fmt::Debug for Scrape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").field("prefix", &self.state.prefix).finish_non_exhaustive()
    }
}

/// Takes the samples of one family.
///
/// ```
/// use metrics_core::{Collector, Descriptor, MetricType, collect_fn};
///
/// const LOAD: Descriptor = Descriptor::new(MetricType::Gauge, "load", "Load.");
/// let load = collect_fn(|scrape| {
///     let mut samples = scrape.family(&LOAD);
///     samples.push([("core", "0")], 0.5);
///     samples.push([("core", "1")], 0.25);
/// });
/// # let mut families = 0;
/// # load.describe(&mut |_, _| families += 1);
/// # assert_eq!(families, 1);
/// ```
///
/// The label sets that are pushed are remembered until the next family begins, so that none comes
/// twice; those of a [`Family`](crate::Family) need no memory.
#[must_use = "a family without samples is not written"]
pub struct Samples<'s> {
    /// `None` in a dry scrape and for a family that was refused.
    encoder: Option<&'s mut dyn Encoder>,
    state: &'s mut State,
    descriptor: Descriptor<'s>,
    begun: bool,
    /// Whether names may have to be escaped.
    escapes: bool,
    /// Whether labels are passed on as they come, and nothing beside the value.
    is_plain: bool,
    /// Since when the next series of our own counts.
    created: Option<Timestamp>,
}

impl Samples<'_> {
    /// Adds a series with the labels given as (name, value) pairs and a number as its value.
    ///
    /// A label name that is invalid, reserved or stands twice, a series that was there already, and a
    /// number that the type cannot have (a negative counter, any number for a histogram) leave the
    /// sample out and keep a [`ScrapeError`].
    pub fn push<const K: usize>(&mut self, labels: [(&str, &str); K], value: impl Into<Number>) {
        self.push_slice(&labels, Value::Number(value.into()));
    }

    /// Adds a series of any type, with labels made by a [`LabelSet`](crate::LabelSet) (or [`Labels::EMPTY`]); the
    /// rules are those of [`push`](Self::push).
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, HistogramValue, LabelSet, MetricType, Scrape, Value};
    ///
    /// struct Disk;
    ///
    /// impl Collector for Disk {
    ///     fn collect(&self, scrape: &mut Scrape<'_>) {
    ///         const SECONDS: Descriptor =
    ///             Descriptor::new(MetricType::Histogram, "disk_read_seconds", "Time to read.");
    ///         let device = LabelSet::new([("device", "sda")]).unwrap();
    ///         let value = HistogramValue::new(&[0.1, 1.0], &[7, 2, 0], 1.25).unwrap();
    ///         scrape.family(&SECONDS).sample(device.labels(), Value::Histogram(value));
    ///     }
    /// }
    /// # let mut n = 0;
    /// # Disk.describe(&mut |_, _| n += 1);
    /// # assert_eq!(n, 1);
    /// ```
    pub fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        self.sample_with(labels, value, &Extras::NONE);
    }

    /// The same, with what stands beside the value. What the type of the family cannot have is left
    /// out, and of several exemplars of a counter all but the last. A sample whose time is before 1970,
    /// which readers of the text format cannot read, is left out and reported.
    ///
    /// ```
    /// use metrics_core::{
    ///     Collector, Descriptor, Extras, Labels, MetricType, Timestamp, Value, collect_fn,
    /// };
    ///
    /// const READ: Descriptor = Descriptor::new(MetricType::Counter, "disk_read_bytes_total", "Bytes read.");
    /// let disk = collect_fn(|scrape| {
    ///     let extras = Extras::NONE.with_created(Timestamp::from_millis(1_700_000_000_000));
    ///     scrape.family(&READ).sample_with(Labels::EMPTY, Value::from(512u64), &extras);
    /// });
    /// # let mut n = 0;
    /// # disk.describe(&mut |_, _| n += 1);
    /// # assert_eq!(n, 1);
    /// ```
    pub fn sample_with(&mut self, labels: Labels<'_>, value: Value<'_>, extras: &Extras<'_>) {
        if self.encoder.is_none() {
            return;
        }
        let own = labels.own();
        let metric_type = self.descriptor.metric_type();
        // What a label set has in quotes was checked for any type, and no type reserves such a name.
        let is_valid = |name: &str| match name.starts_with('"') {
            true => self.descriptor.is_utf8(),
            false => check_label_name(name, metric_type).is_ok(),
        };
        if !Pairs(own).all(|(name, _)| is_valid(name)) {
            return self.refuse(ScrapeErrorReason::InvalidLabel);
        }
        self.push_rendered(own, value, extras);
    }

    fn push_slice(&mut self, labels: &[(&str, &str)], value: Value<'_>) {
        if self.encoder.is_none() {
            return;
        }
        let mut own = core::mem::take(&mut self.state.own);
        own.clear();
        let metric_type = self.descriptor.metric_type();
        let push = if self.descriptor.is_utf8() { push_checked_utf8 } else { push_checked };
        if labels.iter().all(|(name, value)| push(&mut own, name, value, metric_type).is_ok()) {
            self.push_rendered(&own, value, &Extras::NONE);
        } else {
            self.refuse(ScrapeErrorReason::InvalidLabel);
        }
        self.state.own = own;
    }

    fn push_rendered(&mut self, own: &str, value: Value<'_>, extras: &Extras<'_>) {
        // Before anything is compared, as two series can become one.
        self.with_escaped(own, |samples, own| samples.push_valid(own, value, extras));
    }

    fn push_valid(&mut self, own: &str, value: Value<'_>, extras: &Extras<'_>) {
        if !fits(self.descriptor.metric_type(), value) {
            return self.refuse(ScrapeErrorReason::InvalidValue);
        }
        if let Value::StateSet(states) = value {
            if !self.can_name_a_label(own) {
                return self.refuse(ScrapeErrorReason::InvalidLabel);
            }
            if states.has_duplicates() {
                return self.refuse(ScrapeErrorReason::InvalidValue);
            }
        }
        if extras.timestamp().is_some_and(|time| time.seconds() < 0) {
            return self.refuse(ScrapeErrorReason::InvalidValue);
        }
        if !self.state.series_is_new(own) {
            return self.refuse(ScrapeErrorReason::DuplicateSeries);
        }
        if extras.is_none() {
            return self.emit(own, value);
        }
        let extras = extras.of_type(self.descriptor.metric_type());
        if extras.are_ordered() {
            return self.emit_with(own, value, &extras);
        }
        let mut exemplars = extras.exemplars().to_vec();
        sort_few(&mut exemplars, Exemplar::by_value);
        self.emit_with(own, value, &extras.with_exemplars(&exemplars));
    }

    /// A state set is told by a label that has the full name of the family (with `_` for `:`, which
    /// a classic label name cannot have), so that name must be free and not reserved.
    fn can_name_a_label(&mut self, own: &str) -> bool {
        let state = &mut *self.state;
        if !state.escape_name(&self.descriptor) {
            state.full_name(self.descriptor.name(), "");
            core::mem::swap(&mut state.name, &mut state.escaped_name);
        }
        let label = match is_metric_name(&state.escaped_name) {
            true => state.escaped_name.replace(':', "_"),
            false => core::mem::take(&mut state.escaped_name),
        };
        state.name.clear();
        push_name(&mut state.name, &label);
        let taken = has_name(own, &state.name) || has_name(&state.constant, &state.name);
        !taken && check_utf8_label_name(&label, MetricType::StateSet).is_ok()
    }

    /// Runs `f` with the labels as the scrape has to name them, or refuses them if two names become
    /// one or a reserved one.
    #[inline]
    fn with_escaped(&mut self, own: &str, f: impl FnOnce(&mut Self, &str)) {
        if !self.escapes || !has_quoted_name(own) {
            return f(self, own);
        }
        let mut escaped = core::mem::take(&mut self.state.escaped_own);
        escaped.clear();
        match push_escaped_pairs(&mut escaped, own, self.state.escaping) {
            Ok(()) => f(self, &escaped),
            Err(_) => self.refuse(ScrapeErrorReason::InvalidLabel),
        }
        self.state.escaped_own = escaped;
    }

    /// A sample whose labels are unique in the family and whose value fits: what our own
    /// instruments and families push.
    #[inline]
    pub(crate) fn emit(&mut self, own: &str, value: Value<'_>) {
        match &mut self.encoder {
            Some(encoder) if self.begun && self.is_plain => {
                encoder.sample(Labels::rendered("", own), value);
            }
            _ => self.emit_first_or_escaped(own, value),
        }
    }

    #[inline(never)]
    fn emit_first_or_escaped(&mut self, own: &str, value: Value<'_>) {
        if self.created.is_some() {
            return self.emit_with(own, value, &Extras::NONE);
        }
        self.begin();
        self.emit_escaped(own, |encoder, labels| encoder.sample(labels, value));
    }

    /// The same, with extras that its type can have, the exemplars in order.
    pub(crate) fn emit_with(&mut self, own: &str, value: Value<'_>, extras: &Extras<'_>) {
        let extras = self.created.map_or(*extras, |created| extras.with_created(created));
        self.begin();
        self.emit_escaped(own, |encoder, labels| encoder.sample_with(labels, value, &extras));
    }

    /// Tells since when the series that follow count, until it is told anew. A clock that stood before
    /// 1970 tells nothing.
    pub(crate) fn set_created(&mut self, created: Option<Timestamp>) {
        self.created = created.filter(|time| time.seconds() >= 0);
        // Which knows whether there is something beside the value.
        self.is_plain = false;
    }

    /// Tells that the next series was set back, if it is told since when it counts.
    #[cfg(feature = "std")]
    pub(crate) fn set_reset(&mut self, reset: Timestamp) {
        if self.created.is_some() {
            self.set_created(Some(reset));
        }
    }

    #[inline(never)]
    fn emit_escaped(&mut self, own: &str, emit: impl FnOnce(&mut dyn Encoder, Labels<'_>)) {
        self.with_escaped(own, |samples, own| {
            let Some(encoder) = &mut samples.encoder else { return };
            samples.state.filtered.clear();
            filter(&mut samples.state.filtered, &samples.state.constant, own);
            emit(&mut **encoder, Labels::rendered(&samples.state.filtered, own));
        });
    }

    #[inline]
    fn begin(&mut self) {
        if !self.begun {
            self.begin_family();
        }
    }

    #[cold]
    fn begin_family(&mut self) {
        self.begun = true;
        let Some(encoder) = &mut self.encoder else { return };
        if self.state.escape_name(&self.descriptor) {
            let name = &*self.state.escaped_name;
            let (metric_type, help) = (self.descriptor.metric_type(), self.descriptor.help());
            // An escape can part the unit from the end of the name.
            let unit = self.descriptor.unit().filter(|unit| check_unit(name, metric_type, unit).is_ok());
            let descriptor = Descriptor::trusted(metric_type, name, help, unit, false);
            encoder.family(MetricName::new("", name), &descriptor);
        } else {
            encoder.family(MetricName::new(&self.state.prefix, self.descriptor.name()), &self.descriptor);
        }
    }

    /// The same for rendered labels that come with the instrument, as those of an info.
    pub(crate) fn emit_pairs<'p>(
        &mut self,
        own: &str,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        value: Value<'_>,
    ) {
        let mut all = core::mem::take(&mut self.state.own);
        all.clear();
        all.push_str(own);
        let is_utf8 = self.descriptor.is_utf8();
        for (name, value) in pairs {
            if has_name(own, name) || !is_utf8 && !is_label_name(name) {
                self.refuse(ScrapeErrorReason::InvalidLabel);
                continue;
            }
            push_pair(&mut all, name, value);
        }
        self.emit(&all, value);
        self.state.own = all;
    }

    pub(crate) fn emit_state_set(&mut self, own: &str, value: StateSetValue<'_>) {
        if !self.can_name_a_label(own) {
            return self.refuse(ScrapeErrorReason::InvalidLabel);
        }
        self.emit(own, Value::StateSet(value));
    }

    pub(crate) fn emit_summary(&mut self, own: &str, count: u64, sum: f64) {
        self.emit(own, Value::Summary(SummaryValue::new(count, sum)));
    }

    /// The same, with exemplars that `copy` takes out of where they are kept.
    #[cfg(feature = "std")]
    #[inline(never)]
    pub(crate) fn emit_with_exemplars(
        &mut self,
        own: &str,
        value: Value<'_>,
        copy: impl FnOnce(&mut Copies),
    ) {
        if !self.is_wanted() {
            return;
        }
        let mut copies = core::mem::take(&mut self.state.exemplars);
        copies.clear();
        copy(&mut copies);
        copies.with(|exemplars| self.emit_with(own, value, &Extras::NONE.with_exemplars(exemplars)));
        self.state.exemplars = copies;
    }

    /// Whether anything that is pushed will be written; a dry scrape only wants the family.
    pub(crate) fn is_wanted(&self) -> bool {
        self.encoder.is_some()
    }

    /// Room to read a histogram into, used again from sample to sample.
    #[cfg(feature = "std")]
    pub(crate) fn take_room(&mut self) -> Room {
        core::mem::take(&mut self.state.room)
    }

    #[cfg(feature = "std")]
    pub(crate) fn give_room(&mut self, room: Room) {
        self.state.room = room;
    }

    fn refuse(&mut self, reason: ScrapeErrorReason) {
        self.state.report(self.descriptor.name(), reason);
    }
}

impl fmt::Debug for Samples<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples").field("descriptor", &self.descriptor).finish_non_exhaustive()
    }
}

impl State {
    /// Takes the names of a family, or returns false if one of them is taken in this scrape.
    ///
    /// A family claims its base and its base with each suffix of its type. Two families clash if
    /// their bases are equal, or if a base of one is a suffixed name of the other; suffixed names of
    /// both cannot be equal unless the bases are, as no suffix ends with another.
    fn claim(&mut self, descriptor: &Descriptor<'_>) -> bool {
        let escapes = self.escape_name(descriptor);
        for suffix in descriptor.metric_type().suffixes().iter().chain([&""]) {
            if escapes {
                self.name.clear();
                self.name.push_str(descriptor.metric_type().base(&self.escaped_name));
                self.name.push_str(suffix);
            } else {
                self.full_name(descriptor.base(), suffix);
            }
            if self.families.find(&self.name).is_some() {
                return false;
            }
        }
        if let Some(underscore) = self.name.rfind('_') {
            let (shorter, suffix) = self.name.split_at(underscore);
            let owner = self.families.find(shorter);
            if owner.is_some_and(|at| self.types[at].suffixes().contains(&suffix)) {
                return false;
            }
        }
        if !self.families.insert(&self.name) {
            return false;
        }
        self.types.push(descriptor.metric_type());
        self.series.clear();
        true
    }

    /// Whether a family is in every selection, by its full name or that of one of its samples.
    #[inline]
    fn wants(&mut self, descriptor: &Descriptor<'_>) -> bool {
        self.selections.is_empty() || self.is_selected(descriptor)
    }

    #[cold]
    fn is_selected(&mut self, descriptor: &Descriptor<'_>) -> bool {
        let metric_type = descriptor.metric_type();
        let escapes = self.escape_name(descriptor);
        let Self { selections, prefix, escaped_name, name, .. } = self;
        selections.iter().all(|names| {
            let mut has = |prefix: &str, of: &str| is_asked_for(names, metric_type, [prefix, of], name);
            has(prefix, descriptor.name()) || escapes && has("", escaped_name)
        })
    }

    /// Whether the full name of the family has to be escaped, which is then kept.
    fn escape_name(&mut self, descriptor: &Descriptor<'_>) -> bool {
        if !descriptor.is_utf8() || self.escaping == Escaping::AllowUtf8 {
            return false;
        }
        self.full_name(descriptor.name(), "");
        if is_metric_name(&self.name) {
            return false;
        }
        let escaped = self.escaping.escape(&self.name);
        self.escaped_name.clear();
        self.escaped_name.push_str(&escaped);
        true
    }

    fn full_name(&mut self, name: &str, suffix: &str) {
        self.name.clear();
        self.name.push_str(&self.prefix);
        self.name.push_str(name);
        self.name.push_str(suffix);
    }

    /// Whether the label set of a pushed sample is new in its family. To a server an empty label is
    /// no label, and the order does not matter.
    fn series_is_new(&mut self, own: &str) -> bool {
        const STACK: usize = 16;
        let plain = self.constant.is_empty() && is_canonical(own);
        if plain {
            return self.series.insert(own);
        }
        self.filtered.clear();
        filter(&mut self.filtered, &self.constant, own);
        let pairs = Pairs(&self.filtered).chain(Pairs(own)).filter(|(_, value)| !value.is_empty());
        self.canonical.clear();
        let mut on_stack = [("", ""); STACK];
        let mut on_heap = Vec::new();
        let mut len = 0;
        for pair in pairs {
            if len < STACK {
                on_stack[len] = pair;
            } else {
                if on_heap.is_empty() {
                    on_heap.extend_from_slice(&on_stack);
                }
                on_heap.push(pair);
            }
            len += 1;
        }
        let sorted = if on_heap.is_empty() { &mut on_stack[..len] } else { &mut on_heap[..] };
        sort_few(sorted, Ord::cmp);
        for (name, value) in sorted {
            self.canonical.push_str(name);
            self.canonical.push_str("=\"");
            self.canonical.push_str(value);
            self.canonical.push_str("\",");
        }
        // The same form that a plain one has.
        self.canonical.pop();
        self.series.insert(&self.canonical)
    }

    fn report(&mut self, name: &str, reason: ScrapeErrorReason) {
        const KEPT: usize = 64;
        let mut family = String::with_capacity(self.prefix.len() + name.len());
        family.push_str(&self.prefix);
        family.push_str(name);
        if let Some(known) = self.errors.iter_mut().find(|e| e.reason == reason && e.family == family) {
            known.count += 1;
            return;
        }
        if self.errors.len() >= KEPT {
            // One more for all the others, so that the list stays bounded.
            family = String::from("other");
            if let Some(other) = self.errors.iter_mut().find(|e| e.reason == reason && e.family == family) {
                other.count += 1;
                return;
            }
        }
        self.errors.push(ScrapeError { family, reason, count: 1 });
    }
}

/// Sorts a list of a length that a line can have, equal ones staying in order: the sort of the
/// standard library is several KiB of code, in the smallest program too.
fn sort_few<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    for end in 1..list.len() {
        let mut at = end;
        while at > 0 && compare(&list[at - 1], &list[at]) == Ordering::Greater {
            list.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// Adds the pairs of `rendered` whose names are not in `without`.
fn filter(out: &mut String, rendered: &str, without: &str) {
    if without.is_empty() {
        return out.push_str(rendered);
    }
    for (name, value) in Pairs(rendered) {
        if !has_name(without, name) {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(name);
            out.push_str("=\"");
            out.push_str(value);
            out.push('"');
        }
    }
}

/// Names ascending and no value empty.
fn is_canonical(rendered: &str) -> bool {
    let mut last = "";
    Pairs(rendered).all(|(name, value)| {
        let ok = last < name && !value.is_empty();
        last = name;
        ok
    })
}

fn fits(metric_type: MetricType, value: Value<'_>) -> bool {
    match (metric_type, value) {
        (MetricType::Counter, Value::Number(number)) => number.is_count(),
        (MetricType::Gauge | MetricType::Unknown, Value::Number(_)) => true,
        (MetricType::Info, Value::Number(number)) => number.as_f64() == 1.0,
        (MetricType::Histogram | MetricType::GaugeHistogram, Value::Histogram(_)) => true,
        (MetricType::Summary, Value::Summary(_)) => true,
        (MetricType::StateSet, Value::StateSet(_)) => true,
        _ => false,
    }
}
