//! What a page is written in. The only place that knows of formats.

use std::io;

use metrics_core::Collector;
use metrics_exposition::text;

/// The format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format;

impl Format {
    pub(crate) fn negotiate(_accept: &str) -> Self {
        Self
    }

    pub(crate) fn content_type(self) -> &'static str {
        text::CONTENT_TYPE
    }

    pub(crate) fn write(
        self,
        collector: &(impl Collector + ?Sized),
        writer: &mut (impl io::Write + ?Sized),
    ) -> io::Result<()> {
        text::write(collector, writer)
    }
}
