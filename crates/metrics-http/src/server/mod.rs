mod connection;
mod connections;
mod error;
mod handle;
mod index;
mod listen;
mod routes;
mod run;
mod security;
mod tally;

use std::time::Duration;

use metrics_core::Collector;

use self::listen::Listener;
use self::routes::Routes;
use self::security::Security;
use crate::Handler;
use crate::handler::{DEFAULT_AT_A_TIME, DEFAULT_TIME_LIMIT};

pub use self::error::ServeError;
pub use self::handle::Handle;
pub use self::listen::{Address, Listen};
pub use self::run::BoundServer;

/// Serves the page of `collector` at `/metrics` until the future is dropped, with an index at `/` and
/// `/-/healthy` for whoever wants to know whether the process lives.
///
/// `listen` is a port of 127.0.0.1, an address, or a listener that is there already: see [`Listen`].
/// [`Server`] has everything that can be set.
///
/// # Errors
///
/// If the address cannot be listened on: the error names it and says what to do.
///
/// ```no_run
/// use metrics_core::{Counter, Metric};
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
///
/// # async fn run() -> Result<(), metrics_http::ServeError> {
/// metrics_http::serve("127.0.0.1:9464", &HITS).await?;
/// # Ok(())
/// # }
/// ```
pub async fn serve(listen: impl Into<Listen>, collector: impl Collector + 'static) -> Result<(), ServeError> {
    Server::new().endpoint("/metrics", collector).bind(listen)?.run().await
}

/// The same for a program without a runtime: serves on a thread of its own and returns at once.
///
/// # Errors
///
/// If the address cannot be listened on, or the thread not be started.
///
/// ```
/// use metrics_core::{Counter, Metric};
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
///
/// let server = metrics_http::spawn(0, &HITS)?; // port 0: any that is free
/// println!("listening on {}", server.address());
/// server.shutdown()?;
/// # Ok::<(), metrics_http::ServeError>(())
/// ```
pub fn spawn(listen: impl Into<Listen>, collector: impl Collector + 'static) -> Result<Handle, ServeError> {
    Server::new().endpoint("/metrics", collector).bind(listen)?.spawn()
}

/// A server for metrics, before it listens: endpoints and limits.
///
/// ```
/// use std::time::Duration;
/// use metrics_core::{Counter, Gauge, Metric};
/// use metrics_http::Server;
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
/// static DEPTH: Metric<Gauge> = Metric::gauge("queue_depth", "Jobs that wait.");
///
/// let server = Server::new()
///     .endpoint("/metrics", &HITS)
///     .endpoint("/internal/metrics", &DEPTH)
///     .time_limit(Duration::from_secs(10))
///     .bind(0)?
///     .spawn()?;
/// server.shutdown()?;
/// # Ok::<(), metrics_http::ServeError>(())
/// ```
///
/// # Limits
///
/// | Limit | Unless given | What is beyond it |
/// |---|---|---|
/// | [`connections`](Self::connections) | 256 | the connection that has been idle for longest is closed |
/// | [`header_bytes`](Self::header_bytes) | 16 KiB, 100 headers | 431, and the connection is closed |
/// | [`idle_limit`](Self::idle_limit) | 30 s to send a request's head, also for the first and the next one | the connection is closed |
/// | [`stall_limit`](Self::stall_limit) | 10 s in which a client takes nothing of a response | the connection is closed |
/// | [`scrapes_at_a_time`](Self::scrapes_at_a_time) | 16, at each endpoint | waits; a client that takes nothing for a second gives way |
/// | [`time_limit`](Self::time_limit) | 60 s for a scrape | 503, or the page is cut off |
///
/// A connection needs about 20 KiB, and a scrape under way up to 600 KiB more, whatever the size of the
/// page: the server stays below 20 MiB. (zstd needs another 1 MiB for each scrape.)
#[derive(Debug)]
pub struct Server {
    endpoints: Vec<(String, Handler)>,
    scrapes_at_a_time: usize,
    time_limit: Duration,
    limits: Limits,
    title: String,
    security: Security,
}

/// What concerns connections.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) header_bytes: usize,
    pub(crate) idle: Duration,
    pub(crate) stall: Duration,
    pub(crate) grace: Duration,
    /// Longer than any request can take.
    pub(crate) stuck: Duration,
}

impl Server {
    /// A server without endpoints: `/` and `/-/healthy` only.
    #[must_use]
    pub fn new() -> Self {
        Self {
            endpoints: Vec::new(),
            scrapes_at_a_time: DEFAULT_AT_A_TIME,
            time_limit: DEFAULT_TIME_LIMIT,
            limits: Limits {
                connections: 256,
                header_bytes: 16 * 1024,
                idle: Duration::from_secs(30),
                stall: Duration::from_secs(10),
                grace: Duration::from_secs(3),
                stuck: Duration::MAX,
            },
            title: "Metrics".to_owned(),
            security: Security::default(),
        }
    }

    /// Serves the page of `collector` at `path`. A path that is given again is served anew.
    #[must_use]
    pub fn endpoint(mut self, path: impl Into<String>, collector: impl Collector + 'static) -> Self {
        let mut path = path.into();
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        self.endpoints.retain(|(other, _)| *other != path);
        self.endpoints.push((path, Handler::new(collector)));
        self
    }

    /// What the index calls this; "Metrics" unless given.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// How many pages each endpoint writes at a time.
    #[must_use]
    pub fn scrapes_at_a_time(mut self, limit: usize) -> Self {
        self.scrapes_at_a_time = limit;
        self
    }

    /// How long a scrape may take until its last byte.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many connections may be open, at least 1.
    #[must_use]
    pub fn connections(mut self, limit: usize) -> Self {
        self.limits.connections = limit.max(1);
        self
    }

    /// How large the head of a request may be, in bytes; at least 8 KiB. It is read in pieces, and the one
    /// that goes over the limit is the last that is.
    #[must_use]
    pub fn header_bytes(mut self, limit: usize) -> Self {
        self.limits.header_bytes = limit.max(8 * 1024);
        self
    }

    /// How long a connection may take to send the head of a request, also of the next one.
    #[must_use]
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// How long a client may take nothing of a response that is there.
    #[must_use]
    pub fn stall_limit(mut self, limit: Duration) -> Self {
        self.limits.stall = limit;
        self
    }

    /// How long requests under way may go on after the server was told to end; 3 seconds unless given.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// Serves with the TLS, the passwords and the headers of a web configuration, and reads it again when
    /// it changes.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn web_config(mut self, config: crate::WebConfig) -> Self {
        self.security = Security::new(config);
        self
    }

    /// Listens. From here on clients can connect; they are answered once the server runs.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on.
    pub fn bind(mut self, listen: impl Into<Listen>) -> Result<BoundServer, ServeError> {
        let listener = Listener::open(listen.into())?;
        let endpoints = self.endpoints.into_iter().map(|(path, handler)| {
            let handler = handler.scrapes_at_a_time(self.scrapes_at_a_time).time_limit(self.time_limit);
            (path, handler)
        });
        let routes = Routes::new(self.title, endpoints.collect());
        // Signing in and the index have a time limit each as well.
        self.limits.stuck = self.time_limit.saturating_mul(2).saturating_add(self.limits.stall);
        Ok(BoundServer::new(listener, routes, self.security, self.limits))
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}
