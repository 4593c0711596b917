//! Serves and pushes the metrics of rutheus, on `hyper`, `tower` and `tokio`.
//!
//! ```no_run
//! use metrics_core::{Counter, Metric};
//!
//! static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
//!
//! # async fn run() -> Result<(), metrics_http::ServeError> {
//! metrics_http::serve("127.0.0.1:9464", &HITS).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | To | Use |
//! |---|---|
//! | serve in one line | [`serve`], or [`spawn`] in a program without a runtime |
//! | serve with endpoints and limits | [`Server`] |
//! | answer scrapes in an application of `hyper`, `tower` or `axum` | [`Handler`] |
//! | serve with TLS, client certificates and passwords | `WebConfig` |
//! | push, from programs that nobody scrapes | `push` |
//! | measure the requests that a service answers, or a client sends | [`HttpMetrics`] |
//!
//! An application takes all of it from the facade `rutheus`, as `rutheus::http`.
//!
//! # Features
//!
//! | Feature | Default | What it adds | Dependencies |
//! |---|---|---|---|
//! | `server` | yes | the handler and the server, with gzip | hyper, tokio, flate2 |
//! | `push` | no | `push`: Pushgateway, textfile for the node exporter, remote write 1.0 and 2.0 | hyper, tokio, snap |
//! | `tls` | no | `WebConfig`: TLS, passwords and headers from a `web-config.yml`; HTTP/2; `https` for `push` | rustls, ring, bcrypt, h2, serde_norway |
//! | `zstd` | no | pages compressed with zstd where the client takes it | zstd, which builds C |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "server")]
mod body;
#[cfg(feature = "server")]
mod handler;
mod middleware;
#[cfg(feature = "push")]
#[cfg_attr(docsrs, doc(cfg(feature = "push")))]
pub mod push;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "tls")]
mod web_config;

#[cfg(feature = "server")]
pub use crate::body::{Body, BodyError};
#[cfg(feature = "server")]
pub use crate::handler::Handler;
pub use crate::middleware::{HttpLayer, HttpMetrics, MeasuredBody, MeasuredFuture, MeasuredService};
#[cfg(feature = "server")]
pub use crate::server::{Address, BoundServer, Handle, Listen, ServeError, Server, serve, spawn};
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use crate::web_config::{WebConfig, WebConfigError};

/// Runs the code of the README.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;
