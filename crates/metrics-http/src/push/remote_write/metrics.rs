use std::sync::Arc;

use metrics_core::{Collector, Counter, Descriptor, Gauge, Metric, MetricName, Scrape};

/// What became of what was to be sent: a collector, to be registered where somebody looks at it. Clones are
/// the same metrics.
#[derive(Debug, Clone)]
pub struct RemoteWriteMetrics(pub(crate) Arc<Metrics>);

#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) sent: Metric<Counter>,
    pub(crate) refused: Metric<Counter>,
    pub(crate) dropped: Metric<Counter>,
    pub(crate) retries: Metric<Counter>,
    pub(crate) waiting: Metric<Gauge<i64>>,
}

impl RemoteWriteMetrics {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Metrics {
            sent: Metric::counter("remote_write_samples_total", "Samples that were taken."),
            refused: Metric::counter(
                "remote_write_samples_refused_total",
                "Samples that were refused for good: the server says that they are wrong.",
            ),
            dropped: Metric::counter(
                "remote_write_samples_dropped_total",
                "Samples that were given up because the queue was full, or the end came.",
            ),
            retries: Metric::counter("remote_write_retries_total", "Requests that were sent again."),
            waiting: Metric::gauge_i64("remote_write_requests_waiting", "Requests that wait to be sent."),
        }))
    }

    /// Samples that were taken.
    pub fn sent(&self) -> u64 {
        self.0.sent.get()
    }

    /// Samples that were refused for good.
    pub fn refused(&self) -> u64 {
        self.0.refused.get()
    }

    /// Samples that were given up.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.get()
    }

    /// Requests that were sent again.
    pub fn retries(&self) -> u64 {
        self.0.retries.get()
    }
}

impl Collector for RemoteWriteMetrics {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let Metrics { sent, refused, dropped, retries, waiting } = &*self.0;
        (sent, refused, dropped, retries, waiting).collect(scrape);
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        let Metrics { sent, refused, dropped, retries, waiting } = &*self.0;
        (sent, refused, dropped, retries, waiting).describe(visit);
    }
}
