//! What a page is written in. The only place that knows of formats.

use std::io;

use metrics_core::Collector;
use metrics_exposition::text;

/// The format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format;

impl Format {
    /// The text format that everything reads.
    #[cfg(feature = "push")]
    pub(crate) const PLAIN: Self = Self;

    #[cfg(feature = "server")]
    pub(crate) fn negotiate(_accept: &str) -> Self {
        Self
    }

    pub(crate) fn content_type(self) -> &'static str {
        text::CONTENT_TYPE
    }

    #[cfg(feature = "push")]
    pub(crate) fn encode(self, collector: &(impl Collector + ?Sized), out: &mut Vec<u8>) {
        // A vector takes everything.
        let _ = text::write(collector, out);
    }

    pub(crate) fn write(
        self,
        collector: &(impl Collector + ?Sized),
        writer: &mut (impl io::Write + ?Sized),
    ) -> io::Result<()> {
        text::write(collector, writer)
    }
}
