//! Every public item of the three crates is in the facade, under its own name.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each path, so that one that goes is seen here.
#[allow(unused_imports)]
mod paths {
    use rutheus::open_metrics::encode as _;
    use rutheus::protobuf::encode as _;
    use rutheus::text::{CONTENT_TYPE, encode, write};
    use rutheus::{
        Buckets, Child, CollectFn, Collector, CollectorRegistry, CollectorRegistryBuilder, Counter,
        CounterFn, CounterValue, Counts, Descriptor, Encoder, Escaping, Exemplar, ExemplarLabels, Extras,
        Family, Format, FromOptions, Gauge, GaugeFn, GaugeValue, Handle, Histogram, HistogramSnapshot,
        HistogramValue, InProgress, Info, Instrument, InvalidBuckets, InvalidBucketsReason,
        InvalidDescriptor, InvalidExemplar, InvalidExemplarReason, InvalidIncrement, InvalidNative,
        InvalidNativeReason, InvalidReason, InvalidUpdate, LabelError, LabelErrorReason, LabelSet,
        LabelValue, LabelValues, Labels, Metric, MetricName, MetricType, Native, NativeBucket, NativeBuckets,
        NativeHistogram, NativeSpan, Number, Owned, Partial, PartialByName, REGISTRY, Register,
        RegisterError, Registry, RegistryProxy, Samples, Scrape, ScrapeError, ScrapeErrorReason, Select,
        SeriesLimitReached, SetRegistryError, StateSet, StateSetValue, States, Summary, SummaryValue, Timer,
        Timestamp, UnknownState, UnregisterError, Value, collect_fn, gather, generate_metrics, metrics,
        remove_exemplar_source, select, set_exemplar_source,
    };
}

/// What a crate exports for its own macros.
const HIDDEN: [&str; 2] = ["__private", "submit"];

#[test]
fn every_item_that_a_crate_exports_is_re_exported() {
    let facade = exported("rutheus");
    for name in ["metrics-core", "metrics-registry", "metrics-exposition"] {
        let exported = exported(name);
        assert!(exported.len() > 1, "{name}: {exported:?}");
        let missing: Vec<_> =
            exported.difference(&facade).filter(|item| !HIDDEN.contains(&item.as_str())).collect();
        assert!(missing.is_empty(), "of {name}, the facade lacks {missing:?}");
    }
}

/// The names after `pub use` and of the public items in a `lib.rs`, which has nothing else to export.
fn exported(name: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src/lib.rs");
    let source = fs::read_to_string(&path).expect("a crate has a lib.rs");
    let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut items = BTreeSet::new();
    for statement in code.split([';', ']']) {
        let statement = statement.trim();
        if let Some(path) = statement.strip_prefix("pub use ") {
            let list = path.rsplit_once("::").map_or(path, |(_, last)| last);
            let list = path.split_once('{').map_or(list, |(_, list)| list.trim_end_matches('}'));
            items.extend(list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()));
        } else if let Some(item) =
            ["pub mod ", "pub fn "].iter().find_map(|keyword| statement.strip_prefix(keyword))
        {
            items.insert(item.split([' ', '(']).next().unwrap_or_default().to_owned());
        }
    }
    items
}

#[test]
fn a_type_of_the_facade_is_that_of_its_crate() {
    assert_eq!(
        TypeId::of::<rutheus::Metric<rutheus::Counter>>(),
        TypeId::of::<metrics_core::Metric<metrics_core::Counter>>()
    );
    assert_eq!(
        TypeId::of::<rutheus::CollectorRegistry>(),
        TypeId::of::<metrics_registry::CollectorRegistry>()
    );
    assert!(std::ptr::eq(&rutheus::REGISTRY, &metrics_registry::REGISTRY));
    assert_eq!(rutheus::text::CONTENT_TYPE, metrics_exposition::text::CONTENT_TYPE);
}
