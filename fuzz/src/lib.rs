//! The fuzz targets: each takes any bytes, and panics if the library does with them what it must not.

mod labels;
mod names;
mod negotiation;
#[path = "../../crates/rutheus/tests/support/page.rs"]
mod page;
#[cfg(feature = "web-config")]
mod web_config;

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
