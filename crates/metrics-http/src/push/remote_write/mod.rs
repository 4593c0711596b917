mod float;
mod metrics;
mod protobuf;
mod queue;
mod request;
mod series;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use metrics_core::{Collector, InvalidDescriptor, LabelSet};

use self::writer::OnError;
use super::PushError;
use super::guard::print;
use super::target::Target;

pub use self::metrics::RemoteWriteMetrics;
pub use self::writer::RemoteWriter;

/// Sends metrics to whatever takes Prometheus' remote writes: Prometheus itself
/// (`--web.enable-remote-write-receiver`), VictoriaMetrics, Mimir, Thanos.
///
/// They are collected at every interval and wait in a queue until the server took them. What may pass (no
/// connection, no answer in time, 429, 5xx) is tried again, with growing pauses or as long as the server
/// asks for; what the server calls wrong is given up. The queue is bounded; when it is full, its oldest
/// requests go: counters go on where they are, so what is missing then is points of a curve, not counts.
///
/// ```no_run
/// use metrics_core::{Counter, Metric};
/// use metrics_http::push::RemoteWrite;
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let _writer = RemoteWrite::new("http://127.0.0.1:9090/api/v1/write")?
///     .label("job", "cache")?
///     .label("instance", "eu-1")?
///     .spawn(&HITS)?;
/// // … the program …
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteWrite {
    target: Target,
    labels: Vec<(String, String)>,
    version: RemoteWriteVersion,
    interval: Duration,
    queue: usize,
    on_error: Arc<OnError>,
}

/// The version of the protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteWriteVersion {
    /// 1.0, which every server takes.
    #[default]
    V1,
    /// 2.0, which takes about half the bytes and has type and help with each series: Prometheus from 3.0
    /// on. A server that does not know it answers 415.
    V2,
}

impl RemoteWrite {
    /// To the server of this URL, which may have a user and a password before its host.
    ///
    /// # Errors
    ///
    /// If it is no URL of a server.
    pub fn new(url: impl AsRef<str>) -> Result<Self, PushError> {
        Ok(Self {
            target: Target::parse(url.as_ref(), Duration::from_secs(30))?,
            labels: Vec::new(),
            version: RemoteWriteVersion::default(),
            interval: Duration::from_secs(15),
            queue: 1000,
            on_error: Arc::new(print),
        })
    }

    /// A label on every series that has none of that name itself. Give at least `job` and `instance`, as a
    /// server that scrapes would.
    ///
    /// # Errors
    ///
    /// If the name is invalid.
    pub fn label(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, InvalidDescriptor> {
        let (name, value) = (name.into(), value.into());
        LabelSet::new([(&*name, &*value)])?;
        self.labels.retain(|(other, _)| *other != name);
        self.labels.push((name, value));
        Ok(self)
    }

    /// The version of the protocol; [`V1`](RemoteWriteVersion::V1) unless given.
    #[must_use]
    pub fn version(mut self, version: RemoteWriteVersion) -> Self {
        self.version = version;
        self
    }

    /// How often the metrics are collected; every 15 seconds unless given.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long the server may take for one request; 30 seconds unless given.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.target.time_limit = limit;
        self
    }

    /// How many requests may wait, of 5,000 samples at most each; 1,000 unless given.
    #[must_use]
    pub fn queue(mut self, requests: usize) -> Self {
        self.queue = requests;
        self
    }

    /// Sends a token, as some servers want (`Authorization: Bearer`).
    ///
    /// # Errors
    ///
    /// If no header can have it.
    pub fn bearer_token(self, token: &str) -> Result<Self, PushError> {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// Sends a header, such as `X-Scope-OrgID`.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, PushError> {
        let invalid =
            || PushError::invalid(self.target.url(), format!("{name:?} is no header, or its value none"));
        let header: HeaderName = name.parse().map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        self.target.headers.insert(header, value);
        Ok(self)
    }

    /// For a URL with `https`: trusts the certificates in `pem` instead of those that the system trusts.
    ///
    /// # Errors
    ///
    /// If there is no certificate in it, or a broken one.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn trust(mut self, pem: impl AsRef<[u8]>) -> Result<Self, PushError> {
        self.target.trust(pem.as_ref())?;
        Ok(self)
    }

    /// Hands errors to `f` instead of printing them to the standard error.
    #[must_use]
    pub fn on_error(mut self, f: impl Fn(&PushError) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(f);
        self
    }

    /// Sends the metrics of `collector`, at once and at every interval, until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn spawn(self, collector: impl Collector + 'static) -> Result<RemoteWriter, PushError> {
        RemoteWriter::start(self, Arc::new(collector))
    }
}

impl fmt::Debug for RemoteWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWrite")
            .field("url", &self.target.url())
            .field("version", &self.version)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
