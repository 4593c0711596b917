use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::io;

use metrics_core::{Collector, Escaping};

use crate::dialect::{OpenMetrics1, OpenMetrics2, Text};
use crate::negotiate::negotiate;
use crate::page::FamilyPage;
#[cfg(feature = "std")]
use crate::stream::Stream;
use crate::{protobuf, text};

/// A format and what becomes of names that it may not have as they are: what a reader is served.
///
/// A server asks the header `Accept` of a scrape for the best one, writes the page in it, and says so
/// in the header `Content-Type`.
///
/// ```
/// use metrics_core::Escaping;
/// use metrics_exposition::Format;
///
/// // Prometheus 3.
/// let format = Format::negotiate(
///     "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
///      application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
/// );
/// assert_eq!(format, Format::OPEN_METRICS.with_escaping(Escaping::AllowUtf8));
/// assert_eq!(
///     format.content_type(),
///     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
/// );
///
/// // A browser.
/// assert_eq!(Format::negotiate("text/html,application/xml;q=0.9,*/*;q=0.8"), Format::TEXT);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    protocol: Protocol,
    escaping: Escaping,
}

/// A format without regard to names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Text0_0_4,
    Text1_0_0,
    OpenMetrics0_0_1,
    OpenMetrics1_0_0,
    OpenMetrics2_0_0,
    Protobuf,
}

impl Format {
    /// The text format of Prometheus, version 0.0.4: what everything reads.
    pub const TEXT: Self = Self::of(Protocol::Text0_0_4);
    /// The text format of Prometheus, version 1.0.0: the same with names of any UTF-8, if they are
    /// allowed.
    pub const TEXT_1_0_0: Self = Self::of(Protocol::Text1_0_0);
    /// OpenMetrics 1.0: exemplars, creation times, units, and types of their own for info, state sets
    /// and gauge histograms.
    pub const OPEN_METRICS: Self = Self::of(Protocol::OpenMetrics1_0_0);
    /// OpenMetrics 1.0 for readers that ask for its draft 0.0.1: the page is the same.
    pub const OPEN_METRICS_0_0_1: Self = Self::of(Protocol::OpenMetrics0_0_1);
    /// OpenMetrics 2.0, as of its first release candidate: OpenMetrics with native histograms.
    /// An experiment, for readers that ask for it by its version only.
    pub const OPEN_METRICS_2: Self = Self::of(Protocol::OpenMetrics2_0_0);
    /// The protobuf format of Prometheus, each family behind its length: native histograms, exemplars
    /// and creation times.
    pub const PROTOBUF: Self = Self::of(Protocol::Protobuf);

    /// Any format, with names in the letters that every reader knows.
    const fn of(protocol: Protocol) -> Self {
        Self { protocol, escaping: Escaping::Underscores }
    }

    pub(crate) const fn new(protocol: Protocol, escaping: Escaping) -> Self {
        Self { protocol, escaping }
    }

    /// The best format for a reader that sends the header `Accept` with this value; an empty one
    /// stands for no header.
    ///
    /// It is chosen as Prometheus' own client library does: the first of those with the highest `q`
    /// that are known, or [`TEXT`](Self::TEXT) if none is; wildcards ask for nothing in particular.
    /// `escaping=` is heeded in the clause that is chosen and in those preferred to it.
    ///
    /// [`OPEN_METRICS_2`](Self::OPEN_METRICS_2) and [`TEXT_1_0_0`](Self::TEXT_1_0_0) are chosen where
    /// they are asked for by their versions. The two protobuf encodings that are meant for debugging
    /// are not known.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        negotiate(accept)
    }

    /// The value of the header `Content-Type` that belongs to the page.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        macro_rules! with_escaping {
            ($media_type:literal) => {
                match self.escaping {
                    Escaping::AllowUtf8 => concat!($media_type, "; escaping=allow-utf-8"),
                    Escaping::Dots => concat!($media_type, "; escaping=dots"),
                    Escaping::Values => concat!($media_type, "; escaping=values"),
                    Escaping::Underscores => concat!($media_type, "; escaping=underscores"),
                }
            };
        }
        match self.protocol {
            Protocol::Text0_0_4 => with_escaping!("text/plain; version=0.0.4; charset=utf-8"),
            Protocol::Text1_0_0 => with_escaping!("text/plain; version=1.0.0; charset=utf-8"),
            Protocol::OpenMetrics0_0_1 => {
                with_escaping!("application/openmetrics-text; version=0.0.1; charset=utf-8")
            }
            Protocol::OpenMetrics1_0_0 => {
                with_escaping!("application/openmetrics-text; version=1.0.0; charset=utf-8")
            }
            Protocol::OpenMetrics2_0_0 => {
                with_escaping!("application/openmetrics-text; version=2.0.0; charset=utf-8")
            }
            Protocol::Protobuf => with_escaping!(
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            ),
        }
    }

    /// Appends the page of `collector` to `out`.
    ///
    /// Clear and reuse `out` from scrape to scrape, and encoding allocates next to nothing.
    ///
    /// ```
    /// use metrics_core::{Counter, Metric};
    /// use metrics_exposition::Format;
    ///
    /// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "");
    /// let mut page = Vec::new();
    /// Format::OPEN_METRICS.encode(&HITS, &mut page);
    /// assert_eq!(page, b"# TYPE cache_hits counter\ncache_hits_total 0\n# EOF\n");
    /// ```
    pub fn encode(self, collector: &(impl Collector + ?Sized), out: &mut Vec<u8>) {
        self.put(collector, out);
    }

    /// Writes the page of `collector` to `writer`, in pieces of some tens of KiB.
    ///
    /// The memory that this needs does not grow with the page, only with its largest family where the
    /// format is [`PROTOBUF`](Self::PROTOBUF). In turn, when a collector panics, only what is still in
    /// the buffer can be taken back; samples of it that were written before stay, as whole lines or
    /// families.
    ///
    /// `writer` is not flushed.
    ///
    /// # Errors
    ///
    /// The first error of `writer`. Nothing is written after it, but `collector` runs to its end.
    ///
    /// ```
    /// use metrics_core::{Counter, Metric};
    /// use metrics_exposition::Format;
    ///
    /// static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "");
    /// let mut page = Vec::new();
    /// Format::negotiate("*/*").write(&HITS, &mut page)?;
    /// assert_eq!(page, b"# TYPE cache_hits_total counter\ncache_hits_total 0\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn write(
        self,
        collector: &(impl Collector + ?Sized),
        writer: &mut (impl io::Write + ?Sized),
    ) -> io::Result<()> {
        let mut stream = Stream::new(writer);
        self.put(collector, &mut stream);
        stream.finish()
    }

    fn put(self, collector: &(impl Collector + ?Sized), page: &mut impl FamilyPage) {
        match self.protocol {
            Protocol::Text0_0_4 | Protocol::Text1_0_0 => {
                text::scrape::<Text, _>(collector, self.escaping, page);
            }
            Protocol::OpenMetrics0_0_1 | Protocol::OpenMetrics1_0_0 => {
                text::scrape::<OpenMetrics1, _>(collector, self.escaping, page);
            }
            Protocol::OpenMetrics2_0_0 => text::scrape::<OpenMetrics2, _>(collector, self.escaping, page),
            Protocol::Protobuf => protobuf::scrape(collector, self.escaping, page),
        }
    }

    /// What becomes of names that have other characters than letters, digits, `_` and `:`.
    #[must_use]
    pub const fn escaping(self) -> Escaping {
        self.escaping
    }

    /// The same format with another scheme for such names.
    #[must_use]
    pub const fn with_escaping(self, escaping: Escaping) -> Self {
        Self { escaping, ..self }
    }
}

/// [`TEXT`](Self::TEXT).
impl Default for Format {
    fn default() -> Self {
        Self::TEXT
    }
}
