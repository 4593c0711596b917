//! The operations, and how they are drawn.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::pool::{REGISTRIES, SPECS, VALUES};

/// An update of an instrument; what it means depends on the type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action {
    pub(crate) verb: u8,
    pub(crate) whole: u64,
    pub(crate) float: f64,
}

/// An update that every instrument takes.
pub(crate) const NOTHING: Action = Action { verb: 0, whole: 0, float: 0.0 };

/// How a series is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    With,
    Handle,
    Get,
    Curry,
    ByName,
}

/// What can be in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Metric(usize),
    Registry(usize),
    Proxy,
    Mischief,
}

/// Where a collector goes: a registry, or whichever the proxy stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Registry(usize),
    Proxy,
}

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Update {
        metric: usize,
        way: Way,
        values: [String; 2],
        action: Action,
    },
    /// As many series as it takes to fill what a family keeps them in.
    Fill {
        metric: usize,
        from: usize,
        count: usize,
    },
    Hold {
        metric: usize,
        values: [String; 2],
    },
    UpdateHeld {
        held: usize,
        action: Action,
    },
    Remove {
        metric: usize,
        values: [String; 2],
    },
    /// Which labels are given is told by the bits.
    RemoveMatching {
        metric: usize,
        values: [String; 2],
        given: u8,
    },
    Clear {
        metric: usize,
    },
    Register {
        what: What,
        place: Place,
    },
    Unregister {
        name: usize,
        place: Place,
    },
    UnregisterCollector {
        what: What,
        registry: usize,
    },
    Swap {
        registry: usize,
    },
    Panic {
        on: bool,
    },
    Scrape(What),
}

pub(crate) fn sequence() -> impl Strategy<Value = Vec<Op>> {
    vec(op(), 1..80)
}

fn op() -> impl Strategy<Value = Op> {
    let metric = || 0..SPECS.len();
    let registry = || 0..REGISTRIES.len();
    let values = || [value(), value()];
    prop_oneof![
        12 => (metric(), way(), values(), action())
            .prop_map(|(metric, way, values, action)| Op::Update { metric, way, values, action }),
        1 => (metric(), 0..100usize, 1..120usize)
            .prop_map(|(metric, from, count)| Op::Fill { metric, from, count }),
        3 => (metric(), values()).prop_map(|(metric, values)| Op::Hold { metric, values }),
        4 => (any::<usize>(), action()).prop_map(|(held, action)| Op::UpdateHeld { held, action }),
        3 => (metric(), values()).prop_map(|(metric, values)| Op::Remove { metric, values }),
        2 => (metric(), values(), any::<u8>())
            .prop_map(|(metric, values, given)| Op::RemoveMatching { metric, values, given }),
        1 => metric().prop_map(|metric| Op::Clear { metric }),
        10 => (what(), place()).prop_map(|(what, place)| Op::Register { what, place }),
        3 => (0..NAMES.len(), place()).prop_map(|(name, place)| Op::Unregister { name, place }),
        2 => (what(), registry()).prop_map(|(what, registry)| Op::UnregisterCollector { what, registry }),
        2 => registry().prop_map(|registry| Op::Swap { registry }),
        1 => any::<bool>().prop_map(|on| Op::Panic { on }),
        4 => what().prop_map(Op::Scrape),
    ]
}

/// Names to unregister by: those of the metrics, with and without the prefixes of nested registries.
pub(crate) const NAMES: [&str; 14] = [
    "jobs_total",
    "jobs",
    "requests_total",
    "depth",
    "sizes",
    "mode",
    "build",
    "odd",
    "db_up",
    "db_jobs_total",
    "db_depth",
    "svc_work_total",
    "svc_db_up",
    "no_such_name",
];

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => (0..SPECS.len()).prop_map(What::Metric),
        3 => (0..REGISTRIES.len()).prop_map(What::Registry),
        1 => Just(What::Proxy),
        1 => Just(What::Mischief),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![3 => (0..REGISTRIES.len()).prop_map(Place::Registry), 1 => Just(Place::Proxy)]
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::With), Just(Way::Handle), Just(Way::Get), Just(Way::Curry), Just(Way::ByName)]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => (0..VALUES.len()).prop_map(|at| VALUES[at].to_owned()),
        1 => vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

/// Amounts whose sums are exact in any order, and those that no sum survives.
fn action() -> impl Strategy<Value = Action> {
    let whole = prop_oneof![4 => 0..5u64, 1 => any::<u64>()];
    let float = prop_oneof![
        8 => (-8..4096i32).prop_map(|quarters| f64::from(quarters) / 4.0),
        1 => prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0), Just(1e9), Just(-1.0)
        ],
    ];
    (any::<u8>(), whole, float).prop_map(|(verb, whole, float)| Action { verb, whole, float })
}
