//! The fuzz targets: each takes any bytes, and panics if the library does with them what it must not.

mod labels;
mod names;
mod negotiation;
#[allow(dead_code, reason = "the tests of the formats ask more of a page")]
#[path = "../../crates/rutheus/tests/formats/readers/mod.rs"]
mod readers;
#[cfg(feature = "web-config")]
mod web_config;

use readers::Kind;
use readers::page::PageFamily;
use rutheus::{Collector, Escaping, Format};

pub use labels::labels;
pub use names::names;
pub use negotiation::negotiation;
#[cfg(feature = "web-config")]
pub use web_config::web_config;

/// A target by the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("labels", labels),
    ("names", names),
    ("negotiation", negotiation),
    #[cfg(feature = "web-config")]
    ("web_config", web_config),
];

/// The pieces of the input between bytes that no UTF-8 has, each made text.
fn pieces(data: &[u8]) -> impl Iterator<Item = String> + '_ {
    data.split(|byte| *byte == 0xFF).map(|piece| String::from_utf8_lossy(piece).into_owned())
}

/// What is read back from the page of each format that is text.
fn read_back(collector: &dyn Collector, escaping: Escaping) -> Vec<(Kind, Vec<PageFamily>)> {
    [
        (Format::TEXT, Kind::Text),
        (Format::TEXT_1_0_0, Kind::Text),
        (Format::OPEN_METRICS, Kind::OpenMetrics1),
        (Format::OPEN_METRICS_2, Kind::OpenMetrics2),
    ]
    .map(|(format, kind)| {
        let mut page = Vec::new();
        format.with_escaping(escaping).encode(collector, &mut page);
        let page = String::from_utf8(page).unwrap();
        let families = readers::text::read(&page, kind);
        (kind, families.unwrap_or_else(|error| panic!("{error}\n{page}")))
    })
    .into()
}
