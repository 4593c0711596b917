//! The text format of Prometheus, version 0.0.4: the one that every server and agent reads.
//!
//! | Type | On the page |
//! |---|---|
//! | counter, gauge | one line, the name as it was given |
//! | histogram, gauge histogram | a `_bucket` for each bound and `+Inf`, cumulative, then `_sum` and `_count`; type `histogram` |
//! | summary | a line for each quantile, `_sum`, `_count` |
//! | info | a gauge whose name ends with `_info`, value 1 |
//! | state set | a gauge with one line per state, told by a label that has the name of the family; value 0 or 1 |
//! | unknown | type `untyped` |
//!
//! Integers are exact over the whole range of `u64` and `i64`. Floats read as they do on the page of
//! a Go program, `0.005`, `1e+06`, `+Inf`, `NaN`, in the fewest digits that parse back to the same
//! float; so does the text of `le`, and a service that changes its language keeps its series.
//! Negative zero stays `-0`.

use alloc::string::String;
#[cfg(feature = "std")]
use std::io;

use metrics_core::{Collector, Escaping, Scrape};

use crate::dialect::{Dialect, Text};
use crate::encoder::TextEncoder;
#[cfg(feature = "std")]
use crate::format::Format;
use crate::page::Page;

/// The value of the header `Content-Type` that belongs to this format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Appends the page of `collector` to `out`.
///
/// Clear and reuse `out` from scrape to scrape, and encoding allocates next to nothing.
///
/// What a scrape has to leave out, such as a family that comes twice or the output of a collector
/// that panics, is on the page as the gauge `rutheus_scrape_errors`.
///
/// ```
/// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
/// use metrics_exposition::text;
///
/// struct Up;
///
/// impl Collector for Up {
///     fn collect(&self, scrape: &mut Scrape<'_>) {
///         const UP: Descriptor = Descriptor::new(MetricType::Gauge, "worker_up", "");
///         scrape.family(&UP).push([], 1);
///     }
/// }
///
/// let mut page = String::new();
/// text::encode(&Up, &mut page);
/// assert_eq!(page, "# TYPE worker_up gauge\nworker_up 1\n");
/// ```
pub fn encode(collector: &(impl Collector + ?Sized), out: &mut String) {
    scrape::<Text, _>(collector, Escaping::default(), out);
}

/// Writes the page of `collector` to `writer`, in pieces of some tens of KiB.
///
/// The memory that this needs does not grow with the page: a piece is written whenever the buffer
/// is full and a sample ends. In turn, when a collector panics, only what is still in the buffer can
/// be taken back; samples of it that were written before stay, as whole lines.
///
/// `writer` is not flushed.
///
/// # Errors
///
/// The first error of `writer`. Nothing is written after it, but `collector` runs to its end.
///
/// ```
/// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
/// use metrics_exposition::text;
///
/// struct Up;
///
/// impl Collector for Up {
///     fn collect(&self, scrape: &mut Scrape<'_>) {
///         const UP: Descriptor = Descriptor::new(MetricType::Gauge, "worker_up", "");
///         scrape.family(&UP).push([], 1);
///     }
/// }
///
/// let mut page = Vec::new();
/// text::write(&Up, &mut page)?;
/// assert_eq!(page, b"# TYPE worker_up gauge\nworker_up 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "std")]
pub fn write(
    collector: &(impl Collector + ?Sized),
    writer: &mut (impl io::Write + ?Sized),
) -> io::Result<()> {
    Format::TEXT.write(collector, writer)
}

/// Puts the page of `collector` in a text format on `page`.
pub(crate) fn scrape<D: Dialect, P: Page>(
    collector: &(impl Collector + ?Sized),
    escaping: Escaping,
    page: &mut P,
) {
    let mut encoder = TextEncoder::<P, D>::new(page);
    let mut scrape = Scrape::new(&mut encoder).with_escaping(escaping);
    scrape.isolate("collector", |scrape| collector.collect(scrape));
    // What had to be left out is on the page.
    scrape.finish();
    encoder.finish();
}
