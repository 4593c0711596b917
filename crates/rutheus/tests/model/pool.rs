//! The metrics and registries that the operations work on: few, so that they meet, with names, helps,
//! labels and prefixes that are chosen to clash.

use std::sync::Arc;

use rutheus::{
    Buckets, CollectorRegistry, Counter, Family, Gauge, Histogram, Info, Metric, StateSet, States, Summary,
};

use crate::live::Live;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    CounterF64,
    Gauge,
    GaugeI64,
    Histogram,
    Summary,
    StateSet,
    Info,
}

/// A metric, or with label names a family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    /// `None` for a metric, as a family may have no labels.
    pub(crate) labels: Option<&'static [&'static str]>,
}

const fn spec(
    name: &'static str,
    help: &'static str,
    kind: Kind,
    labels: Option<&'static [&'static str]>,
) -> Spec {
    Spec { name, help, kind, labels }
}

pub(crate) const SPECS: [Spec; 18] = [
    spec("jobs_total", "Jobs.", Kind::Counter, None),
    // Clashes with the first: both have the base `jobs`.
    spec("jobs", "Jobs, now.", Kind::Gauge, None),
    spec("requests_total", "Requests \"\\\n.", Kind::Counter, Some(&["method", "status"])),
    spec("depth", "", Kind::Gauge, Some(&["queue"])),
    spec("sizes", "Sizes\n", Kind::Histogram, Some(&["kind"])),
    // Clashes with what the histogram before is exposed under.
    spec("sizes_count", "Not a histogram.", Kind::Gauge, None),
    spec("busy_seconds_total", "Busy.", Kind::CounterF64, None),
    spec("level", "Level.", Kind::GaugeI64, Some(&["a", "b"])),
    spec("rows", "\\", Kind::Summary, Some(&["table"])),
    spec("mode", "Mode.", Kind::StateSet, Some(&["unit"])),
    spec("build", "Build.", Kind::Info, Some(&["version"])),
    spec("latency_seconds", "Latency.", Kind::Histogram, None),
    spec("work_total", "Work.", Kind::CounterF64, Some(&["region"])),
    spec("batch", "Batch.", Kind::Summary, None),
    // Clashes with the next one, if that is in a registry with the prefix `db`.
    spec("db_up", "Up.", Kind::Gauge, None),
    spec("up", "Up.", Kind::Gauge, None),
    spec("lone_total", "A family without labels.", Kind::Counter, Some(&[])),
    spec("app:level", "Level.", Kind::GaugeI64, None),
];

pub(crate) const BOUNDS: [f64; 4] = [-1.0, 0.25, 2.0, 1e6];
pub(crate) const STATES: [&str; 3] = ["off", "on \"q\"", "\n"];

/// Label values; the first ones have equal concatenations.
pub(crate) const VALUES: [&str; 12] = [
    "a",
    "ab",
    "b",
    "bc",
    "",
    "\"",
    "\\",
    "\n",
    "x\",b=\"y",
    "\\n",
    "\u{e9}\u{1F980}\u{0}",
    "a value that is longer than what a series keeps beside its pointer",
];

type PrefixAndLabels = (Option<&'static str>, &'static [(&'static str, &'static str)]);

/// The first is the one that a proxy begins with.
pub(crate) const REGISTRIES: [PrefixAndLabels; 5] = [
    (None, &[]),
    (None, &[]),
    (Some("db"), &[]),
    (Some("svc"), &[("region", "eu")]),
    (None, &[("queue", "constant"), ("zone", "\"b\\\n")]),
];

pub(crate) fn make_registry(at: usize) -> CollectorRegistry {
    let (prefix, labels) = REGISTRIES[at];
    let mut builder = CollectorRegistry::builder();
    if let Some(prefix) = prefix {
        builder = builder.prefix(prefix);
    }
    for (name, value) in labels {
        builder = builder.label(*name, *value);
    }
    builder.build().unwrap()
}

pub(crate) fn make_metrics() -> Vec<Arc<dyn Live>> {
    SPECS.iter().map(make_metric).collect()
}

fn make_metric(spec: &Spec) -> Arc<dyn Live> {
    macro_rules! metric {
        ($instrument:expr) => {
            Arc::new(Metric::try_new(spec.name, spec.help, $instrument).unwrap())
        };
    }
    macro_rules! family {
        ($instrument:ty, $labels:expr, $options:expr) => {
            match *$labels {
                [] => Arc::new(
                    Family::<$instrument, 0>::try_new(spec.name, spec.help, [""; 0], $options).unwrap(),
                ),
                [a] => {
                    Arc::new(Family::<$instrument, 1>::try_new(spec.name, spec.help, [a], $options).unwrap())
                }
                [a, b] => Arc::new(
                    Family::<$instrument, 2>::try_new(spec.name, spec.help, [a, b], $options).unwrap(),
                ),
                _ => unreachable!("no more labels in the pool"),
            }
        };
    }
    let buckets = || Buckets::try_new(BOUNDS).unwrap();
    let states = || States::try_new(STATES).unwrap();
    match (spec.kind, spec.labels) {
        (Kind::Counter, None) => metric!(Counter::<u64>::new()),
        (Kind::CounterF64, None) => metric!(Counter::<f64>::new()),
        (Kind::Gauge, None) => metric!(Gauge::<f64>::new()),
        (Kind::GaugeI64, None) => metric!(Gauge::<i64>::new()),
        (Kind::Histogram, None) => metric!(Histogram::with_buckets(buckets())),
        (Kind::Summary, None) => metric!(Summary::new()),
        (Kind::StateSet, None) => metric!(StateSet::with_states(states())),
        (Kind::Info, None) => metric!(Info::new(&[])),
        (Kind::Counter, Some(labels)) => family!(Counter, labels, ()),
        (Kind::CounterF64, Some(labels)) => family!(Counter<f64>, labels, ()),
        (Kind::Gauge, Some(labels)) => family!(Gauge, labels, ()),
        (Kind::GaugeI64, Some(labels)) => family!(Gauge<i64>, labels, ()),
        (Kind::Histogram, Some(labels)) => family!(Histogram, labels, buckets()),
        (Kind::Summary, Some(labels)) => family!(Summary, labels, ()),
        (Kind::StateSet, Some(labels)) => family!(StateSet, labels, states()),
        (Kind::Info, Some(labels)) => family!(Info, labels, ()),
    }
}
