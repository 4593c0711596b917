use core::cmp::Ordering;

use crate::{Exemplar, MetricType, Timestamp};

/// What can stand beside the value of a sample: when the series began, when the value was taken, and
/// exemplars.
///
/// ```
/// use metrics_core::{Exemplar, Extras, Labels, Timestamp};
///
/// let exemplars = [Exemplar::new(Labels::EMPTY, 0.5)?];
/// let extras = Extras::NONE.with_created(Timestamp::from_millis(1000)).with_exemplars(&exemplars);
/// assert_eq!(extras.created(), Timestamp::new(1, 0));
/// assert_eq!((extras.timestamp(), extras.exemplars().len()), (None, 1));
/// # Ok::<(), metrics_core::InvalidExemplar>(())
/// ```
///
/// A format writes what it has a place for. Before that, a scrape takes away what the type of the
/// family cannot have: exemplars are for counters (one, the last) and histograms, a time of creation is
/// for counters, histograms and summaries.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Extras<'a> {
    created: Option<Timestamp>,
    timestamp: Option<Timestamp>,
    exemplars: &'a [Exemplar<'a>],
}

impl<'a> Extras<'a> {
    /// Nothing.
    pub const NONE: Extras<'static> = Extras { created: None, timestamp: None, exemplars: &[] };

    /// The same with the time at which the series began to count, or was last set back.
    #[must_use]
    pub const fn with_created(mut self, created: Timestamp) -> Self {
        self.created = Some(created);
        self
    }

    /// The same with the time at which the value was taken, where that is not the time of the scrape.
    #[must_use]
    pub const fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The same with exemplars: one for a counter; for a histogram, each belongs to the bucket that
    /// holds its value.
    #[must_use]
    pub const fn with_exemplars<'b>(self, exemplars: &'b [Exemplar<'b>]) -> Extras<'b>
    where
        'a: 'b,
    {
        Extras { created: self.created, timestamp: self.timestamp, exemplars }
    }

    /// When the series began to count, or was last set back.
    pub const fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// When the value was taken, if that is not the time of the scrape.
    pub const fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// The exemplars; an encoder gets them ascending by value, NaN last. A classic bucket has room for
    /// one: where several fall into it, the newest.
    pub const fn exemplars(&self) -> &'a [Exemplar<'a>] {
        self.exemplars
    }

    pub(crate) fn is_none(&self) -> bool {
        self.created.is_none() && self.timestamp.is_none() && self.exemplars.is_empty()
    }

    /// Without what a family of this type cannot have.
    pub(crate) fn of_type(self, metric_type: MetricType) -> Self {
        use MetricType::{Counter, GaugeHistogram, Histogram, Summary};
        let exemplars = match metric_type {
            Counter => &self.exemplars[self.exemplars.len().saturating_sub(1)..],
            Histogram | GaugeHistogram => self.exemplars,
            _ => &[],
        };
        let created = self.created.filter(|_| matches!(metric_type, Counter | Histogram | Summary));
        Self { created, exemplars, ..self }
    }

    /// Whether the exemplars are in the order that encoders rely on.
    pub(crate) fn are_ordered(&self) -> bool {
        self.exemplars.is_sorted_by(|a, b| Exemplar::by_value(a, b) != Ordering::Greater)
    }
}
