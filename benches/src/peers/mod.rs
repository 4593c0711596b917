//! One module per library. Adding one is a file and its two lines here.

use crate::ops::Library;

mod fastmetrics;
mod limit;
mod measured;
mod metrics_rs;
mod metriken;
mod opentelemetry;
mod prometheus_client;
mod rutheus;
mod tikv;
mod vise;

/// What the machine does without any library, then ours, then the peers.
pub fn all() -> Vec<&'static dyn Library> {
    vec![
        &limit::Limit,
        &rutheus::Rutheus,
        &tikv::Tikv,
        &prometheus_client::PrometheusClient,
        &measured::Measured,
        &metrics_rs::MetricsRs,
        &fastmetrics::Fastmetrics,
        &vise::Vise,
        &metriken::Metriken,
        &opentelemetry::OpenTelemetry,
    ]
}
