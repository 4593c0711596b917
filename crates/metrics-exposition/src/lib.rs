//! Turns anything that can be collected into a page that Prometheus reads.
//!
//! [`generate_metrics`] returns the page of a metric, a family, a registry or a collector of one's
//! own in the text format; the module [`text`] writes it into a string that is reused or into a writer.
//! [`Format`] is any of the formats, [`text`], [`open_metrics`] and [`protobuf`], and chooses the one that
//! a reader asks for.
//!
//! ```
//! use metrics_core::{Counter, Metric};
//! use metrics_exposition::generate_metrics;
//!
//! static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
//!
//! HITS.inc();
//! let page = generate_metrics(&HITS);
//! assert_eq!(page.lines().collect::<Vec<_>>(), [
//!     "# HELP cache_hits_total Cache hits.",
//!     "# TYPE cache_hits_total counter",
//!     "cache_hits_total 1",
//! ]);
//! ```
//!
//! Depend on this crate from a library or a small binary that serves or prints its own page and wants
//! nothing else; an application has all of it in the facade, `rutheus`.
//!
//! The page of one collector is encoded in one pass with no model in between: labels are copied as
//! they were rendered when their series was made, and a sample costs no allocation.
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `std` | yes | writing to `std::io::Write`; a collector that panics loses its own output only |
//!
//! Without `std` the crate needs `alloc` only.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod bounds;
mod composite;
mod cursor;
mod dialect;
mod encoder;
mod exemplars;
mod extras;
mod format;
mod head;
mod lines;
mod negotiate;
mod number;
pub mod open_metrics;
mod page;
pub mod protobuf;
#[cfg(feature = "std")]
mod stream;
pub mod text;

/// Runs the example of the README.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

use alloc::string::String;

use metrics_core::Collector;

pub use metrics_core::Escaping;

pub use crate::format::Format;

/// The page of `collector` in the text format, as a new string.
///
/// A server that answers scrapes rather keeps one string and hands it to [`text::encode`].
///
/// ```
/// let nothing: [&dyn metrics_core::Collector; 0] = [];
/// assert_eq!(metrics_exposition::generate_metrics(&nothing), "");
/// ```
#[must_use]
pub fn generate_metrics(collector: &(impl Collector + ?Sized)) -> String {
    let mut page = String::new();
    text::encode(collector, &mut page);
    page
}
