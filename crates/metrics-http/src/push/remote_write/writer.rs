use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use metrics_core::Collector;
use tokio::runtime;
use tokio::sync::oneshot;

use super::queue::Queue;
use super::request::{Batch, batches};
use super::{RemoteWrite, RemoteWriteMetrics, RemoteWriteVersion};
use crate::push::PushError;
use crate::push::error::PushProblem;
use crate::push::target::{Message, Target};

/// Sends metrics to a server at every interval, on a thread of its own; made by [`RemoteWrite::spawn`].
///
/// When it is dropped, the metrics are sent a last time, and what waits gets ten seconds.
#[must_use = "nothing is sent any more once this is dropped"]
pub struct RemoteWriter {
    metrics: RemoteWriteMetrics,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the tasks of a writer share.
struct Shared {
    target: Target,
    labels: Vec<(String, String)>,
    version: RemoteWriteVersion,
    collector: Arc<dyn Collector>,
    queue: Queue,
    metrics: RemoteWriteMetrics,
    on_error: Arc<OnError>,
}

pub(crate) type OnError = dyn Fn(&PushError) + Send + Sync;

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");

/// The first wait after an error that may pass, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(30), Duration::from_secs(5));

/// How long what waits may take at the end.
const LAST: Duration = Duration::from_secs(10);

impl RemoteWriter {
    pub(crate) fn start(settings: RemoteWrite, collector: Arc<dyn Collector>) -> Result<Self, PushError> {
        let metrics = RemoteWriteMetrics::new();
        let url = settings.target.url().to_owned();
        let failed = |error: std::io::Error| {
            let problem = PushProblem::Connection(format!("no thread can be started: {error}"));
            PushError::new(url.clone(), problem)
        };
        let interval = settings.interval;
        let shared = Arc::new(Shared {
            target: settings.target,
            labels: settings.labels,
            version: settings.version,
            collector,
            queue: Queue::new(settings.queue, metrics.clone()),
            metrics: metrics.clone(),
            on_error: settings.on_error,
        });
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            // One that collects, one that resolves names.
            .max_blocking_threads(2)
            .build()
            .map_err(failed)?;
        let (end, ended) = oneshot::channel();
        let run = move || {
            runtime.block_on(shared.run(interval, ended));
            // A collector that hangs must not keep whoever waits for the end.
            runtime.shutdown_background();
        };
        let thread =
            std::thread::Builder::new().name("metrics-push".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { metrics, end: Some(end), thread: Some(thread) })
    }

    /// What became of what was to be sent.
    pub fn metrics(&self) -> &RemoteWriteMetrics {
        &self.metrics
    }
}

impl Drop for RemoteWriter {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // It has said already what went wrong.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for RemoteWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWriter").field("metrics", &self.metrics).finish_non_exhaustive()
    }
}

impl Shared {
    async fn run(self: Arc<Self>, interval: Duration, mut ended: oneshot::Receiver<()>) {
        let sender = tokio::spawn(self.clone().send_all());
        let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
        // What could not be collected in time is not made up for: it would be the same numbers twice.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.collect().await,
                _ = &mut ended => break,
            }
        }
        let last = async {
            self.collect().await;
            while self.metrics.0.waiting.get() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout(LAST, last).await;
        sender.abort();
        let _ = sender.await;
        self.queue.clear();
    }

    /// Puts what there is now into the queue.
    async fn collect(self: &Arc<Self>) {
        let shared = self.clone();
        let collected = tokio::task::spawn_blocking(move || {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            batches(&*shared.collector, &shared.labels, shared.version, now.as_millis() as i64)
        });
        for batch in collected.await.unwrap_or_default() {
            self.queue.push(batch);
        }
    }

    /// Sends one request after the other, each until it is taken or refused for good. A request that is
    /// sent again is the same to the byte, its times included: a server that had taken it already finds
    /// nothing new in it.
    async fn send_all(self: Arc<Self>) {
        loop {
            let turn = self.queue.turn().await;
            let mut wait = BACK_OFF.0;
            loop {
                let error = match self.target.send(self.message(&turn.batch)).await {
                    Ok(()) => break turn.sent(),
                    Err(error) => error,
                };
                (self.on_error)(&error);
                if !error.is_temporary() {
                    break turn.refused();
                }
                tokio::time::sleep(error.retry_after().unwrap_or_default().max(wait)).await;
                if self.queue.is_full() {
                    // It is the oldest.
                    break;
                }
                wait = (wait * 2).min(BACK_OFF.1);
                self.metrics.0.retries.inc();
            }
        }
    }

    fn message(&self, batch: &Batch) -> Message {
        let (content_type, version) = match self.version {
            RemoteWriteVersion::V1 => ("application/x-protobuf", "0.1.0"),
            RemoteWriteVersion::V2 => {
                ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0")
            }
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
        headers.insert(VERSION, HeaderValue::from_static(version));
        Message { method: Method::POST, path: self.target.path.clone(), headers, body: batch.body.clone() }
    }
}
