//! OpenMetrics 1.0: the text format with exemplars, creation times, units and more types.
//!
//! | Type | On the page |
//! |---|---|
//! | counter | `_total`, with an exemplar, then `_created`; a counter whose name does not end with `_total` is an `unknown`, so that the series has the same name in every format |
//! | gauge, unknown | one line |
//! | histogram | a `_bucket` for each bound and `+Inf`, with exemplars, then `_sum`, `_count` and `_created` |
//! | gauge histogram | the same with `_gsum` and `_gcount`, never created |
//! | summary | a line for each quantile, `_sum`, `_count`, `_created` |
//! | info | `_info`, value 1 |
//! | state set | a line for each state, told by a label that has the name of the family; value 0 or 1 |
//!
//! The format does not allow everything that can be observed: a histogram with a bound below zero, or
//! whose sum is negative or not a number, has neither `_sum` nor `_count`; a summary has no negative
//! quantile and no such `_sum`. Native histograms are the `+Inf` bucket only, unless they have classic
//! ones beside. Floats and the texts of `le` and `quantile` that are whole numbers end with `.0`, so
//! that series of histograms have other labels here than in the text format; Prometheus 3 makes them
//! the same again.

use alloc::string::String;
#[cfg(feature = "std")]
use std::io;

use metrics_core::Collector;

use crate::format::Format;
use crate::{dialect::OpenMetrics1, text::scrape};

/// The value of the header `Content-Type` that belongs to this format.
pub const CONTENT_TYPE: &str = Format::OPEN_METRICS.content_type();

/// Appends the page of `collector` to `out`, names in the letters that every reader knows.
///
/// Clear and reuse `out` from scrape to scrape, and encoding allocates next to nothing.
///
/// ```
/// use metrics_core::{Counter, Metric};
/// use metrics_exposition::open_metrics;
///
/// static READ: Metric<Counter> = Metric::counter("read_bytes_total", "Bytes read.").with_unit("bytes");
/// READ.inc_by(512);
/// let mut page = String::new();
/// open_metrics::encode(&READ, &mut page);
/// assert_eq!(page.lines().collect::<Vec<_>>(), [
///     "# HELP read_bytes Bytes read.",
///     "# TYPE read_bytes counter",
///     "# UNIT read_bytes bytes",
///     "read_bytes_total 512",
///     "# EOF",
/// ]);
/// ```
pub fn encode(collector: &(impl Collector + ?Sized), out: &mut String) {
    scrape::<OpenMetrics1, _>(collector, Format::OPEN_METRICS.escaping(), out);
}

/// Writes the page of `collector` to `writer`, in pieces of some tens of KiB, as
/// [`text::write`](crate::text::write) does.
///
/// # Errors
///
/// The first error of `writer`. Nothing is written after it, but `collector` runs to its end.
#[cfg(feature = "std")]
pub fn write(
    collector: &(impl Collector + ?Sized),
    writer: &mut (impl io::Write + ?Sized),
) -> io::Result<()> {
    Format::OPEN_METRICS.write(collector, writer)
}
