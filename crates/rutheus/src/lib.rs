//! Metrics for Rust programs, exposed to Prometheus and everything that speaks its formats.
//!
//! Declare a metric as a static and update it from anywhere; [`gather`] returns the page that a
//! Prometheus server scrapes.
//!
//! ```standalone_crate
//! # #[cfg(all(feature = "declare", feature = "labels"))]
//! # mod example {
//! use rutheus::{Counter, Family, Histogram, Metric};
//!
//! rutheus::metrics! {
//!     /// Every lookup that found something.
//!     pub static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
//!
//!     static REQUESTS: Family<Counter, 2> =
//!         Family::counter("requests_total", "Requests by method and status.", ["method", "status"]);
//!
//!     static SECONDS: Metric<Histogram> =
//!         Metric::histogram("request_seconds", "Time for a request.", &Histogram::DEFAULT_BUCKETS);
//! }
//!
//! # pub fn main() {
//! SECONDS.time(|| HITS.inc());
//! REQUESTS.with(("GET", 200)).inc();
//!
//! let page = rutheus::gather();
//! assert!(page.starts_with("# HELP cache_hits_total Cache hits.\n# TYPE cache_hits_total counter\n"));
//! assert!(page.contains("\ncache_hits_total 1\n"));
//! assert!(page.contains("\nrequests_total{method=\"GET\",status=\"200\"} 1\n"));
//! assert!(page.contains("\nrequest_seconds_count 1\n"));
//! # }
//! # }
//! # #[cfg(all(feature = "declare", feature = "labels"))]
//! # example::main();
//! ```
//!
//! # Where to look
//!
//! | To | Use |
//! |---|---|
//! | count, measure, state | [`Counter`], [`Gauge`], [`Histogram`], [`Summary`], [`StateSet`], [`Info`] |
//! | name one series | [`Metric`] |
//! | name series with labels | `Family` |
//! | compute a value when it is scraped | [`GaugeFn`], [`CounterFn`], [`collect_fn`], or a [`Collector`] of one's own |
//! | have it in the global registry | `metrics!`, or [`Register::register`] |
//! | have it in a registry of one's own | [`CollectorRegistry`] and [`Register::register_in`] |
//! | replace the global registry | [`REGISTRY`]`.`[`set_registry`](RegistryProxy::set_registry) |
//! | get the page | [`gather`], [`generate_metrics`], [`text`] |
//!
//! # Who depends on what
//!
//! An application, or a library that wants no decisions, depends on this crate: it re-exports three
//! others, flat. A library that only counts depends on `metrics-core`, which without default features
//! has no dependencies at all; one that registers metrics and leaves the format to the application
//! depends on `metrics-registry`; a small binary that prints its own page depends on `metrics-core` and
//! `metrics-exposition`. The types are the same everywhere.
//!
//! # Features
//!
//! | Feature | Default | What it adds | Dependencies |
//! |---|---|---|---|
//! | `declare` | yes | `metrics!`: statics that are in the global registry from the start | inventory |
//! | `labels` | yes | `Family`: series under label values | – |
//! | `http` | no | `http`: a handler for hyper, tower and axum, a server in one line | hyper, tokio, flate2 |
//! | `http-full` | no | `http::WebConfig`: TLS, client certificates, passwords, HTTP/2; pages compressed with zstd | rustls, ring, bcrypt, h2, serde_norway, zstd |
//! | `push` | no | `push`: Pushgateway, textfile for the node exporter, remote write | hyper, tokio, snap |
//! | `process` | no | `process`: the standard `process_*` metrics, build info, allocators, tokio runtimes | tokio |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use metrics_core::{
    Buckets, CollectFn, Collector, Counter, CounterFn, CounterValue, Counts, Descriptor, Encoder, Escaping,
    Exemplar, ExemplarLabels, Extras, FromOptions, Gauge, GaugeFn, GaugeValue, Histogram, HistogramSnapshot,
    HistogramValue, InProgress, Info, Instrument, InvalidBuckets, InvalidBucketsReason, InvalidDescriptor,
    InvalidExemplar, InvalidExemplarReason, InvalidIncrement, InvalidNative, InvalidNativeReason,
    InvalidReason, InvalidUpdate, LabelSet, Labels, Metric, MetricName, MetricType, Native, NativeBucket,
    NativeBuckets, NativeHistogram, NativeSpan, Number, Samples, Scrape, ScrapeError, ScrapeErrorReason,
    Select, StateSet, StateSetValue, States, Summary, SummaryValue, Timer, Timestamp, UnknownState, Value,
    collect_fn, remove_exemplar_source, select, set_exemplar_source,
};
#[cfg(feature = "labels")]
pub use metrics_core::{
    Child, Family, Handle, LabelError, LabelErrorReason, LabelValue, LabelValues, Owned, Partial,
    PartialByName, SeriesLimitReached,
};
pub use metrics_exposition::{Format, generate_metrics, open_metrics, protobuf, text};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use metrics_http as http;
#[cfg(feature = "push")]
#[cfg_attr(docsrs, doc(cfg(feature = "push")))]
pub use metrics_http::push;
#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
pub use metrics_process as process;
#[cfg(feature = "declare")]
pub use metrics_registry::metrics;
pub use metrics_registry::{
    CollectorRegistry, CollectorRegistryBuilder, REGISTRY, Register, RegisterError, Registry, RegistryProxy,
    SetRegistryError, UnregisterError,
};

/// The page of the global [`REGISTRY`] in the text format: `generate_metrics(&REGISTRY)`.
///
/// Serve it with the content type [`text::CONTENT_TYPE`]. A server that answers many scrapes of large
/// pages can keep one string and hand it to [`text::encode`], or stream with [`text::write`].
///
/// ```standalone_crate
/// use rutheus::{Metric, Register};
///
/// let jobs = Metric::gauge("jobs_queued", "Jobs that wait.").register()?;
/// jobs.set(3.0);
/// assert_eq!(
///     rutheus::gather(),
///     "# HELP jobs_queued Jobs that wait.\n# TYPE jobs_queued gauge\njobs_queued 3\n",
/// );
/// # Ok::<(), rutheus::RegisterError>(())
/// ```
#[must_use]
pub fn gather() -> String {
    generate_metrics(&REGISTRY)
}

#[cfg(all(doctest, feature = "labels"))]
mod must_not_compile;

/// Runs the code of the guide and the READMEs.
#[cfg(all(
    doctest,
    feature = "declare",
    feature = "labels",
    feature = "http-full",
    feature = "process",
    feature = "push"
))]
mod pages {
    #[doc = include_str!("../../../docs/guide.md")]
    struct Guide;

    #[doc = include_str!("../README.md")]
    struct OfTheCrate;

    #[doc = include_str!("../../../README.md")]
    struct OfTheWorkspace;
}
