use std::time::Instant;

use http::StatusCode;
use metrics_core::{Gauge, Handle};

use super::HttpMetrics;
use super::metrics::OTHER;

/// One request and its response, from the first to the last byte. Recorded when it is dropped, however
/// that comes.
#[derive(Debug)]
pub(crate) struct Exchange {
    metrics: HttpMetrics,
    active: Handle<Gauge<i64>>,
    start: Instant,
    method: &'static str,
    route: Option<Box<str>>,
    status: Option<StatusCode>,
    request_size: Option<u64>,
    response_size: u64,
}

impl Exchange {
    pub(crate) fn begin(
        metrics: &HttpMetrics,
        method: &'static str,
        route: Option<&str>,
        request_size: Option<u64>,
    ) -> Self {
        let active = metrics.active(method);
        active.inc();
        Self {
            metrics: metrics.clone(),
            active,
            start: Instant::now(),
            method,
            route: route.map(Into::into),
            status: None,
            request_size,
            response_size: 0,
        }
    }

    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    pub(crate) fn passed(&mut self, bytes: usize) {
        self.response_size += bytes as u64;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let labels = [
            self.method,
            self.route.as_deref().unwrap_or(OTHER),
            self.status.as_ref().map_or("", StatusCode::as_str),
        ];
        let response_size = self.status.is_some().then_some(self.response_size);
        self.metrics.observe(labels, self.start.elapsed().as_secs_f64(), self.request_size, response_size);
        self.active.dec();
    }
}
