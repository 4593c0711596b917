//! Readers of every format, which take nothing but what a careful writer writes.

pub(crate) mod page;
pub(crate) mod protobuf;
pub(crate) mod text;

/// The formats that are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    OpenMetrics1,
    OpenMetrics2,
}
