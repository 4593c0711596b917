use std::sync::Arc;

use http::Method;
use http::request::Parts;
use metrics_core::{Buckets, Collector, Descriptor, Family, Gauge, Histogram, MetricName, Scrape};

use super::HttpLayer;

/// The metrics of HTTP requests, served or sent: durations (and with them the number of requests), sizes
/// of bodies, and requests under way.
///
/// Register it, and put its [`layer`](Self::layer) around the service. Clones are the same metrics.
///
/// | | Metrics | Labels |
/// |---|---|---|
/// | [`server`](Self::server) | `http_server_request_duration_seconds`, `http_server_request_body_size_bytes`, `http_server_response_body_size_bytes` | `http_request_method`, `http_route`, `http_response_status_code` |
/// | | `http_server_active_requests` | `http_request_method` |
/// | [`client`](Self::client) | the same with `client` | `server_address` in place of the route |
/// | [`server_like_pytheus`](Self::server_like_pytheus) | `http_request_duration_seconds`, `http_request_size_bytes`, `http_response_size_bytes` | `method`, `route`, `status_code` |
/// | | `http_requests_in_progress` | `method` |
///
/// The first two follow the conventions of OpenTelemetry. A method that HTTP does not know is `_OTHER`,
/// and so is a route (or server) where there is none: no client can make series. The status is empty
/// where there was no response: the service failed, or the client went away before.
///
/// A request ends with the last byte of the response's body, or when the client goes away.
///
/// ```
/// use std::sync::Arc;
/// use metrics_http::HttpMetrics;
/// use metrics_registry::{REGISTRY, Registry};
/// # use axum::extract::MatchedPath;
/// # use axum::{Router, routing::get};
///
/// let metrics = HttpMetrics::server();
/// REGISTRY.register(Arc::new(metrics.clone()))?;
/// let app: Router = Router::new()
///     .route("/users/{id}", get(|| async { "a user" }))
///     .layer(metrics.layer(|request| request.extensions.get::<MatchedPath>().map(MatchedPath::as_str)));
/// # Ok::<(), metrics_registry::RegisterError>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    families: Arc<Families>,
}

#[derive(Debug)]
struct Families {
    names: &'static Names,
    active: Family<Gauge<i64>, 1>,
    durations: Family<Histogram, 3>,
    request_sizes: Family<Histogram, 3>,
    response_sizes: Family<Histogram, 3>,
}

/// What the families are called.
#[derive(Debug)]
struct Names {
    active: &'static str,
    duration: &'static str,
    request_size: &'static str,
    response_size: &'static str,
    labels: [&'static str; 3],
}

const SERVER: Names = Names {
    active: "http_server_active_requests",
    duration: "http_server_request_duration_seconds",
    request_size: "http_server_request_body_size_bytes",
    response_size: "http_server_response_body_size_bytes",
    labels: ["http_request_method", "http_route", "http_response_status_code"],
};

const CLIENT: Names = Names {
    active: "http_client_active_requests",
    duration: "http_client_request_duration_seconds",
    request_size: "http_client_request_body_size_bytes",
    response_size: "http_client_response_body_size_bytes",
    labels: ["http_request_method", "server_address", "http_response_status_code"],
};

const PYTHEUS: Names = Names {
    active: "http_requests_in_progress",
    duration: "http_request_duration_seconds",
    request_size: "http_request_size_bytes",
    response_size: "http_response_size_bytes",
    labels: ["method", "route", "status_code"],
};

/// Those of OpenTelemetry's convention, in seconds.
const DURATIONS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// From a header's worth to a film, in bytes.
const SIZES: &[f64] = &[100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Where there is no value that somebody named.
pub(crate) const OTHER: &str = "_OTHER";

impl HttpMetrics {
    /// For requests that are served, named by OpenTelemetry's conventions.
    #[must_use]
    pub fn server() -> Self {
        Self::named(&SERVER, constant(DURATIONS), constant(SIZES))
    }

    /// For requests that are sent, named by OpenTelemetry's conventions.
    #[must_use]
    pub fn client() -> Self {
        Self::named(&CLIENT, constant(DURATIONS), constant(SIZES))
    }

    /// For requests that are served, named as those of pytheus.
    #[must_use]
    pub fn server_like_pytheus() -> Self {
        Self::named(&PYTHEUS, constant(DURATIONS), constant(SIZES))
    }

    /// The same metrics, new and without series, with other buckets: of durations in seconds, and of sizes
    /// in bytes.
    ///
    /// ```
    /// use metrics_core::Buckets;
    /// use metrics_http::HttpMetrics;
    ///
    /// let metrics = HttpMetrics::server()
    ///     .with_buckets(Buckets::try_new([0.1, 1.0, 10.0])?, Buckets::exponential(1024.0, 16.0, 4)?);
    /// # Ok::<(), metrics_core::InvalidBuckets>(())
    /// ```
    #[must_use]
    pub fn with_buckets(self, durations: Buckets, sizes: Buckets) -> Self {
        Self::named(self.families.names, durations, sizes)
    }

    fn named(names: &'static Names, durations: Buckets, sizes: Buckets) -> Self {
        let histogram = |name: &'static str, help: &'static str, buckets: Buckets| {
            Family::try_new(name, help, names.labels, buckets).expect("the names above are valid")
        };
        let active = Family::try_new(names.active, "Requests under way.", [names.labels[0]], ());
        Self {
            families: Arc::new(Families {
                names,
                active: active.expect("the names above are valid"),
                durations: histogram(
                    names.duration,
                    "Time from a request until the last byte of its response.",
                    durations,
                ),
                request_sizes: histogram(names.request_size, "Size of the body of a request.", sizes.clone()),
                response_sizes: histogram(names.response_size, "Size of the body of a response.", sizes),
            }),
        }
    }

    /// A layer that measures the requests of a service.
    ///
    /// `route` says where a request goes: the route that matched, such as `/users/{id}`, never the path
    /// itself; for a client, the server's address, such as `request.uri.host()`. Each distinct answer is a
    /// label value that stays.
    pub fn layer<R>(&self, route: R) -> HttpLayer<R>
    where
        R: for<'a> Fn(&'a Parts) -> Option<&'a str> + Clone,
    {
        HttpLayer::new(self.clone(), route)
    }

    pub(crate) fn active(&self, method: &'static str) -> metrics_core::Handle<Gauge<i64>> {
        self.families.active.handle([method])
    }

    pub(crate) fn observe(&self, labels: [&str; 3], seconds: f64, sent: Option<u64>, received: Option<u64>) {
        let families = &*self.families;
        families.durations.with(labels).observe(seconds);
        if let Some(size) = sent {
            families.request_sizes.with(labels).observe(size as f64);
        }
        if let Some(size) = received {
            families.response_sizes.with(labels).observe(size as f64);
        }
    }
}

fn constant(bounds: &[f64]) -> Buckets {
    Buckets::try_new(bounds).expect("the bounds above ascend")
}

/// The method as a label value.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => OTHER,
    }
}

impl Collector for HttpMetrics {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let families = &*self.families;
        families.active.collect(scrape);
        families.durations.collect(scrape);
        families.request_sizes.collect(scrape);
        families.response_sizes.collect(scrape);
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        let families = &*self.families;
        families.active.describe(visit);
        families.durations.describe(visit);
        families.request_sizes.describe(visit);
        families.response_sizes.describe(visit);
    }
}
