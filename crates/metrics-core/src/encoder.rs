use crate::{Descriptor, Extras, Labels, MetricName, Value};

/// What a scrape writes into: one per output format.
///
/// A scrape calls [`family`](Self::family) once for each family that has a sample, and then
/// [`sample`](Self::sample) or [`sample_with`](Self::sample_with) for each of its series. Names and labels are valid, no family comes twice
/// and no series comes twice in its family, the value fits the type, label values are escaped.
///
/// ```
/// use metrics_core::{Collector, Counter, Descriptor, Encoder, Labels, Metric, MetricName, Scrape, Value};
///
/// #[derive(Default)]
/// struct Lines(Vec<String>);
///
/// impl Encoder for Lines {
///     fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
///         self.0.push(format!("{name} is a {}", descriptor.metric_type()));
///     }
///     fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
///         self.0.push(format!("{labels:?} {value:?}"));
///     }
/// }
///
/// static HITS: Metric<Counter> = Metric::counter("hits_total", "Hits.");
/// HITS.inc();
/// let mut lines = Lines::default();
/// HITS.collect(&mut Scrape::new(&mut lines));
/// assert_eq!(lines.0, ["hits_total is a counter", "{} Number(U64(1))"]);
/// ```
pub trait Encoder {
    /// Begins a family; every sample until the next call belongs to it.
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>);

    /// Adds one series of the current family.
    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>);

    /// The same, with what stands beside the value.
    ///
    /// The default leaves that out: for a format that has no place for it.
    fn sample_with(&mut self, labels: Labels<'_>, value: Value<'_>, extras: &Extras<'_>) {
        let _ = extras;
        self.sample(labels, value);
    }

    /// A mark of how much was written, to come back to with [`rollback`](Self::rollback).
    fn checkpoint(&mut self) -> u64 {
        0
    }

    /// Takes back what was written since `checkpoint`, as far as it can be taken back.
    ///
    /// Called when a collector panics, so that half of what it says is not on the page.
    fn rollback(&mut self, checkpoint: u64) {
        let _ = checkpoint;
    }
}
