use core::fmt;

use super::fits::fits;
use super::sort::sort_few;
use super::state::State;
use crate::labels::{Pairs, push_checked, push_checked_utf8};
use crate::name::check_label_name;
use crate::{Descriptor, Encoder, Exemplar, Extras, Labels, Number, ScrapeErrorReason, Timestamp, Value};

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
    pub(super) encoder: Option<&'s mut dyn Encoder>,
    pub(super) state: &'s mut State,
    pub(super) descriptor: Descriptor<'s>,
    pub(super) begun: bool,
    /// Whether names may have to be escaped.
    pub(super) escapes: bool,
    /// Whether labels are passed on as they come, and nothing beside the value.
    pub(super) is_plain: bool,
    /// Since when the next series of our own counts.
    pub(super) created: Option<Timestamp>,
}

impl Samples<'_> {
    /// Adds a series with the labels given as (name, value) pairs and a number as its value.
    ///
    /// A label name that is invalid, reserved or stands twice, a series that was there already, and a
    /// number that the type cannot have (a negative counter, any number for a histogram) leave the
    /// sample out and keep a [`ScrapeError`](crate::ScrapeError).
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
}

impl fmt::Debug for Samples<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples").field("descriptor", &self.descriptor).finish_non_exhaustive()
    }
}
