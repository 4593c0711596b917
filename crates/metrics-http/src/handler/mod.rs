mod encoding;
pub(crate) mod pipe;
mod query;
mod scrapes;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{ACCEPT, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use metrics_core::{Collector, select};
use metrics_exposition::Format;
use tokio::time::Instant;

use self::encoding::Encoding;
use self::scrapes::{Scrapes, Turn};
use crate::body::{Body, Watchdog};

/// Says how long the server that scrapes waits, in seconds.
const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// Answers scrapes with the page of a collector, mostly a registry: a `tower` service for `hyper`, `axum`
/// and whatever else takes one.
///
/// It answers GET and HEAD in the format and the compression that the client asks for, with all families or
/// those that it asks for (`/metrics?name[]=up&name[]=jobs_total`). The page is made
/// on a thread for blocking work, so that a slow collector never stalls the runtime, and leaves it piece
/// by piece: a scrape needs some hundreds of KiB, however large the page is. What does not fit into the
/// limits waits for its turn, within the time that the server that scrapes has
/// (`X-Prometheus-Scrape-Timeout-Seconds`), and is answered with 503 after that.
///
/// Clones share the limit. It must be called within a `tokio` runtime with its timer enabled.
///
/// ```
/// use http::Request;
/// use http_body_util::BodyExt;
/// use metrics_core::{Counter, Metric};
/// use metrics_http::Handler;
///
/// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// HITS.inc();
/// let handler = Handler::new(&HITS);
/// let response = handler.respond(&Request::get("/metrics").body(())?).await;
/// assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
/// let page = response.into_body().collect().await?.to_bytes();
/// assert!(page.ends_with(b"\ncache_hits_total 1\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handler {
    collector: Arc<dyn Collector>,
    scrapes: Arc<Scrapes>,
    time_limit: Duration,
}

impl Handler {
    /// Answers with the page of `collector`.
    pub fn new(collector: impl Collector + 'static) -> Self {
        Self {
            collector: Arc::new(collector),
            scrapes: Arc::new(Scrapes::new(DEFAULT_AT_A_TIME)),
            time_limit: DEFAULT_TIME_LIMIT,
        }
    }

    /// How many pages are written at a time; 16 unless given, at least 1. Further scrapes wait, and a
    /// client that takes nothing for a second has to give way to them.
    #[must_use]
    pub fn scrapes_at_a_time(mut self, limit: usize) -> Self {
        self.scrapes = Arc::new(Scrapes::new(limit));
        self
    }

    /// How long a scrape may take until its last byte; a minute unless given. A server that scrapes and
    /// says that it waits less long gets less.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    pub(crate) fn at_a_time(&self) -> usize {
        self.scrapes.at_a_time()
    }

    /// What `f` makes of the collector on a thread for blocking work, within the limits of a scrape.
    pub(crate) async fn collect_with<T: Send + 'static>(
        &self,
        f: impl FnOnce(&dyn Collector) -> T + Send + 'static,
    ) -> Option<T> {
        let collect = async {
            let turn = self.scrapes.turn().await;
            let collector = self.collector.clone();
            let collected = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                f(&*collector)
            });
            collected.await.ok()
        };
        tokio::time::timeout(self.time_limit, collect).await.ok().flatten()
    }

    /// The response to `request`, whose path and body do not matter.
    pub async fn respond<B>(&self, request: &Request<B>) -> Response<Body> {
        self.respond_to(Scrape::of(request)).await
    }

    async fn respond_to(&self, scrape: Scrape) -> Response<Body> {
        match scrape.method {
            Method::GET => {}
            Method::HEAD => return scrape.head(Body::default()),
            _ => return not_allowed(),
        }
        if tokio::runtime::Handle::try_current().is_err() {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The handler was called outside of a tokio runtime.\n",
            );
        }
        let deadline = Instant::now() + scrape.patience.map_or(self.time_limit, |p| p.min(self.time_limit));
        match tokio::time::timeout_at(deadline, self.first_piece(&scrape, deadline)).await {
            Ok(Some(body)) => scrape.head(body),
            Ok(None) => text(StatusCode::INTERNAL_SERVER_ERROR, "The metrics could not be collected.\n"),
            Err(_) => {
                let mut response = text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The metrics were not collected in time: a collector is slow, or too many scrapes run.\n",
                );
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
        }
    }

    /// Begins to write the page; returns when its first piece is there. `None` if nothing was written.
    async fn first_piece(&self, scrape: &Scrape, deadline: Instant) -> Option<Body> {
        let turn = self.scrapes.turn().await;
        let (writer, reader) = pipe::pipe();
        self.scrapes.add(&writer.line());
        self.write(scrape, writer, turn);
        let first = reader.next().await?;
        if first.last {
            return Some(Body::whole(first.bytes));
        }
        let line = reader.line();
        let watchdog = tokio::spawn(async move {
            tokio::time::sleep_until(deadline).await;
            line.cut();
        });
        Some(Body::written(first, reader, Watchdog(watchdog.abort_handle())))
    }

    /// Writes the page on a thread for blocking work.
    fn write(&self, scrape: &Scrape, writer: pipe::Writer, turn: Turn) {
        let (format, encoding, names) = (scrape.format, scrape.encoding, scrape.names.clone());
        let collector = self.collector.clone();
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let written = encoding.write(writer, |mut out| {
                if names.is_empty() {
                    format.write(&collector, &mut out)
                } else {
                    format.write(&select(collector, names), &mut out)
                }
            });
            // The only error is that nobody takes the page any more.
            let _ = written.and_then(pipe::Writer::finish);
        });
    }
}

pub(crate) const DEFAULT_AT_A_TIME: usize = 16;
pub(crate) const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(60);

/// What a request asks for.
struct Scrape {
    method: Method,
    format: Format,
    encoding: Encoding,
    /// The families that are wanted; all if there are none.
    names: Vec<String>,
    /// How long the client waits, if it says so.
    patience: Option<Duration>,
}

impl Scrape {
    fn of<B>(request: &Request<B>) -> Self {
        let headers = request.headers();
        Self {
            method: request.method().clone(),
            format: Format::negotiate(&accept(headers)),
            encoding: Encoding::negotiate(headers),
            names: query::names(request.uri().query()),
            patience: patience(headers),
        }
    }

    fn head(&self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.format.content_type()));
        headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
        if let Some(name) = self.encoding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }
}

/// The header `Accept`, which may come in several lines.
fn accept(headers: &HeaderMap) -> String {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

/// The time that the client says it waits, less what the answer needs to reach it.
fn patience(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(SCRAPE_TIMEOUT)?.to_str().ok()?.parse().ok()?;
    let for_us = seconds - (seconds / 10.0).min(0.5);
    // Neither NaN nor nonsense.
    (for_us > 0.0).then(|| Duration::try_from_secs_f64(for_us).ok()).flatten()
}

pub(crate) fn not_allowed() -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "This address answers GET and HEAD.\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

pub(crate) fn text(status: StatusCode, body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

impl<B> tower_service::Service<Request<B>> for Handler {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let handler = self.clone();
        let scrape = Scrape::of(&request);
        Box::pin(async move { Ok(handler.respond_to(scrape).await) })
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("scrapes", &self.scrapes)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}
