//! Instruments, labels and the push interface of [rutheus]: counters, gauges, histograms, summaries,
//! state sets and info, families of them under label values, and the traits by which they reach an
//! output format.
//!
//! A library that only counts, or a format, depends on this crate alone. An application depends on
//! the facade [rutheus], which adds registries, the text format and `metrics!`.
//!
//! [rutheus]: https://docs.rs/rutheus
//!
//! ```
//! use metrics_core::{Counter, Family, Histogram, Metric};
//!
//! static JOBS: Metric<Counter> = Metric::counter("jobs_total", "Jobs done.");
//! static REQUESTS: Family<Counter, 2> =
//!     Family::counter("requests_total", "Requests by method and status.", ["method", "status"]);
//! static SECONDS: Metric<Histogram> =
//!     Metric::histogram("job_seconds", "Time for a job.", &Histogram::DEFAULT_BUCKETS);
//!
//! SECONDS.time(|| JOBS.inc());
//! REQUESTS.with(("GET", 200)).inc();
//! assert_eq!(JOBS.get(), 1);
//! assert_eq!(REQUESTS.with(["GET", "200"]).get(), 1);
//! ```
//!
//! # Features
//!
//! | Feature | Default | What it adds | Dependencies |
//! |---|---|---|---|
//! | `std` | yes | histograms (which allocate late), timers, exemplars beside instruments, cells per thread under contention, isolation of panicking collectors | – |
//! | `labels` | yes | [`Family`] and what belongs to it; implies `std` | dashmap |
//!
//! Without features the crate has no dependencies and is `no_std` with `alloc`: counters, gauges,
//! summaries, info and state sets work, each in one word or under one spin lock.
//!
//! Where the target has no 64-bit atomics, a word is two halves under a spin lock; there an interrupt
//! handler must not update what the code it interrupts may be updating.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[doc(hidden)]
pub mod __private;
mod atomic;
mod collector;
mod computed;
mod counter;
mod created;
mod descriptor;
mod encoder;
mod escaping;
mod exemplar;
#[cfg(feature = "std")]
mod exemplar_labels;
#[cfg(feature = "std")]
mod exemplar_slot;
mod extension;
mod extras;
#[cfg(feature = "labels")]
mod family;
mod gauge;
mod hash;
#[cfg(feature = "std")]
mod histogram;
mod histogram_value;
mod increment;
mod info;
mod instrument;
mod labels;
mod metric;
mod name;
mod native;
mod scrape;
mod scrape_error;
mod select;
mod state_set;
mod stripes;
mod summary;
mod sync;
mod text_set;
#[cfg(feature = "std")]
mod timer;
mod timestamp;
mod value;

pub use crate::collector::Collector;
pub use crate::computed::{CollectFn, CounterFn, GaugeFn, collect_fn};
pub use crate::counter::{Counter, CounterValue};
pub use crate::descriptor::{Descriptor, MetricName, MetricType};
pub use crate::encoder::Encoder;
pub use crate::escaping::Escaping;
pub use crate::exemplar::{Exemplar, InvalidExemplar, InvalidExemplarReason};
#[cfg(feature = "std")]
pub use crate::exemplar_labels::{ExemplarLabels, remove_exemplar_source, set_exemplar_source};
pub use crate::extras::Extras;
#[cfg(feature = "labels")]
pub use crate::family::{
    Child, Family, Handle, LabelError, LabelErrorReason, LabelValue, LabelValues, Owned, Partial,
    PartialByName, SeriesLimitReached,
};
pub use crate::gauge::{Gauge, GaugeValue, InProgress};
#[cfg(feature = "std")]
pub use crate::histogram::{
    Buckets, Histogram, HistogramSnapshot, InvalidBuckets, InvalidBucketsReason, InvalidNative,
    InvalidNativeReason, Native,
};
pub use crate::histogram_value::{Counts, HistogramValue};
pub use crate::increment::InvalidIncrement;
#[cfg(feature = "std")]
pub use crate::increment::InvalidUpdate;
pub use crate::info::Info;
pub use crate::instrument::{FromOptions, Instrument};
pub use crate::labels::{LabelSet, Labels};
pub use crate::metric::Metric;
pub use crate::name::{InvalidDescriptor, InvalidReason};
pub use crate::native::{NativeBucket, NativeBuckets, NativeHistogram, NativeSpan};
pub use crate::scrape::{Samples, Scrape};
pub use crate::scrape_error::{ScrapeError, ScrapeErrorReason};
pub use crate::select::{Select, select};
pub use crate::state_set::{StateSet, States, UnknownState};
pub use crate::summary::Summary;
#[cfg(feature = "std")]
pub use crate::timer::Timer;
pub use crate::timestamp::Timestamp;
pub use crate::value::{Number, StateSetValue, SummaryValue, Value};

/// Runs the code of the README.
#[cfg(all(doctest, feature = "labels"))]
#[doc = include_str!("../README.md")]
struct Readme;
