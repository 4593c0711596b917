use metrics_core::{Collector, Descriptor, MetricName, MetricType, Scrape};
use tokio::runtime::Handle;

/// What a `tokio` runtime says of itself:
///
/// | Metric | Meaning |
/// |---|---|
/// | `tokio_workers` | threads that run tasks |
/// | `tokio_alive_tasks` | tasks that were spawned and are not done |
/// | `tokio_global_queue_depth` | tasks that wait for any worker |
/// | `tokio_worker_busy_seconds_total` | time in which a worker was at work, by worker |
/// | `tokio_worker_parks_total` | how often a worker had nothing to do, by worker |
///
/// Those by worker need a target with 64-bit atomics. For several runtimes, register each in a registry with
/// a label of its own.
///
/// ```
/// use metrics_process::TokioMetrics;
///
/// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// let page = metrics_exposition::generate_metrics(&TokioMetrics::new(runtime.handle().clone()));
/// assert!(page.contains("\ntokio_workers 2\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TokioMetrics {
    runtime: Handle,
}

impl TokioMetrics {
    /// The metrics of the runtime of this handle, such as `tokio::runtime::Handle::current()`.
    #[must_use]
    pub const fn new(runtime: Handle) -> Self {
        Self { runtime }
    }
}

const WORKERS: Descriptor<'_> =
    Descriptor::new(MetricType::Gauge, "tokio_workers", "Threads that run tasks.");
const TASKS: Descriptor<'_> =
    Descriptor::new(MetricType::Gauge, "tokio_alive_tasks", "Tasks that are not done.");
const QUEUE: Descriptor<'_> =
    Descriptor::new(MetricType::Gauge, "tokio_global_queue_depth", "Tasks that wait for any worker.");
const BUSY: Descriptor<'_> = Descriptor::new(
    MetricType::Counter,
    "tokio_worker_busy_seconds_total",
    "Time in which a worker was at work.",
);
const PARKS: Descriptor<'_> =
    Descriptor::new(MetricType::Counter, "tokio_worker_parks_total", "How often a worker had nothing to do.");

impl Collector for TokioMetrics {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let metrics = self.runtime.metrics();
        scrape.family(&WORKERS).push([], metrics.num_workers());
        scrape.family(&TASKS).push([], metrics.num_alive_tasks());
        scrape.family(&QUEUE).push([], metrics.global_queue_depth());
        #[cfg(target_has_atomic = "64")]
        {
            let workers = || (0..metrics.num_workers()).map(|worker| (worker, worker.to_string()));
            let mut busy = scrape.family(&BUSY);
            for (worker, name) in workers() {
                let seconds = metrics.worker_total_busy_duration(worker).as_secs_f64();
                busy.push([("worker", &*name)], seconds);
            }
            let mut parks = scrape.family(&PARKS);
            for (worker, name) in workers() {
                parks.push([("worker", &*name)], metrics.worker_park_count(worker));
            }
        }
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        for descriptor in [WORKERS, TASKS, QUEUE, BUSY, PARKS] {
            visit(MetricName::new("", descriptor.name()), &descriptor);
        }
    }
}
