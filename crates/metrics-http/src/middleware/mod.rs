//! What measures requests, served or sent.

mod exchange;
mod metrics;
mod service;

pub use self::metrics::HttpMetrics;
pub use self::service::{HttpLayer, MeasuredBody, MeasuredFuture, MeasuredService};
