//! The protobuf format of Prometheus: messages `io.prometheus.client.MetricFamily`, each behind its
//! length.
//!
//! It is what a Prometheus server asks for that collects native histograms or the times at which
//! series began.
//!
//! | Type | Message |
//! |---|---|
//! | counter | `Counter`, with an exemplar and the time of creation |
//! | gauge | `Gauge` |
//! | histogram | `Histogram`: classic buckets, native ones or both, with exemplars and the time of creation |
//! | gauge histogram | the same, type `GAUGE_HISTOGRAM` |
//! | summary | `Summary`, with the time of creation |
//! | info | a `Gauge` of 1 whose name ends with `_info` |
//! | state set | a `Gauge` for each state, told by a label that has the name of the family |
//! | unknown | `Untyped` |
//!
//! Numbers are floats here, but for the counts of histograms and summaries. Nothing is generated at
//! build time: the few fields that there are are written by hand.

mod encoder;
mod families;
mod histogram;
mod labels;
mod wire;

use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::io;

use metrics_core::{Collector, Escaping, Scrape};

use self::encoder::ProtobufEncoder;
use crate::format::Format;
use crate::page::FamilyPage;

/// The value of the header `Content-Type` that belongs to this format.
pub const CONTENT_TYPE: &str = Format::PROTOBUF.content_type();

/// Appends the page of `collector` to `out`, names in the letters that every reader knows.
///
/// Clear and reuse `out` from scrape to scrape, and encoding allocates next to nothing.
///
/// ```
/// use metrics_core::{Counter, Metric};
/// use metrics_exposition::protobuf;
///
/// static HITS: Metric<Counter> = Metric::counter("hits_total", "Hits.");
/// let mut page = Vec::new();
/// protobuf::encode(&HITS, &mut page);
/// assert_eq!(&page[..21], b"\x22\x0a\x0ahits_total\x12\x05Hits.\x18");
/// ```
pub fn encode(collector: &(impl Collector + ?Sized), out: &mut Vec<u8>) {
    Format::PROTOBUF.encode(collector, out);
}

/// Writes the page of `collector` to `writer`, a few families at a time.
///
/// The length of a family stands before it, so the memory that this needs is that of the largest one.
///
/// # Errors
///
/// The first error of `writer`. Nothing is written after it, but `collector` runs to its end.
#[cfg(feature = "std")]
pub fn write(
    collector: &(impl Collector + ?Sized),
    writer: &mut (impl io::Write + ?Sized),
) -> io::Result<()> {
    Format::PROTOBUF.write(collector, writer)
}

pub(crate) fn scrape(collector: &(impl Collector + ?Sized), escaping: Escaping, page: &mut impl FamilyPage) {
    let mut encoder = ProtobufEncoder::new(page);
    let mut scrape = Scrape::new(&mut encoder).with_escaping(escaping);
    scrape.isolate("collector", |scrape| collector.collect(scrape));
    scrape.finish();
    encoder.finish();
}
