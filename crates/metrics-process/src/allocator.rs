use std::fmt;

use metrics_core::{Collector, Descriptor, MetricName, MetricType, Scrape};

/// What an allocator says of itself; what it does not know is `None`, and not on the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AllocatorStatistics {
    /// Bytes that the program asked for and did not give back.
    pub allocated_bytes: Option<u64>,
    /// Bytes in memory that the allocator holds.
    pub resident_bytes: Option<u64>,
    /// Bytes that the allocator has from the system, in memory or not.
    pub mapped_bytes: Option<u64>,
    /// Allocations since the start.
    pub allocations: Option<u64>,
    /// Bytes allocated since the start.
    pub requested_bytes: Option<u64>,
}

/// The statistics of an allocator, asked for by a closure at each scrape: for jemalloc, mimalloc, or one of
/// your own that counts.
///
/// ```
/// use metrics_process::{AllocatorMetrics, AllocatorStatistics};
///
/// let metrics = AllocatorMetrics::new(|| AllocatorStatistics {
///     // tikv_jemalloc_ctl::stats::allocated::read().ok().map(|bytes| bytes as u64)
///     allocated_bytes: Some(1_048_576),
///     ..AllocatorStatistics::default()
/// });
/// let page = metrics_exposition::generate_metrics(&metrics);
/// assert!(page.ends_with("\nallocator_allocated_bytes 1048576\n"));
/// assert!(!page.contains("allocator_resident_bytes"));
/// ```
pub struct AllocatorMetrics<F> {
    ask: F,
}

impl<F: Fn() -> AllocatorStatistics + Send + Sync> AllocatorMetrics<F> {
    /// Asks by calling `ask`.
    pub const fn new(ask: F) -> Self {
        Self { ask }
    }
}

const fn gauge(name: &'static str, help: &'static str) -> Descriptor<'static> {
    Descriptor::new(MetricType::Gauge, name, help)
}

const fn counter(name: &'static str, help: &'static str) -> Descriptor<'static> {
    Descriptor::new(MetricType::Counter, name, help)
}

const FAMILIES: [Descriptor<'_>; 5] = [
    gauge("allocator_allocated_bytes", "Bytes that are allocated."),
    gauge("allocator_resident_bytes", "Bytes in memory that the allocator holds."),
    gauge("allocator_mapped_bytes", "Bytes that the allocator has from the system."),
    counter("allocator_allocations_total", "Allocations."),
    counter("allocator_requested_bytes_total", "Bytes that were allocated since the start."),
];

impl<F: Fn() -> AllocatorStatistics + Send + Sync> Collector for AllocatorMetrics<F> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let statistics = (self.ask)();
        let values = [
            statistics.allocated_bytes,
            statistics.resident_bytes,
            statistics.mapped_bytes,
            statistics.allocations,
            statistics.requested_bytes,
        ];
        for (family, value) in FAMILIES.iter().zip(values) {
            if let Some(value) = value {
                scrape.family(family).push([], value);
            }
        }
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        for family in &FAMILIES {
            visit(MetricName::new("", family.name()), family);
        }
    }
}

impl<F> fmt::Debug for AllocatorMetrics<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllocatorMetrics")
    }
}
