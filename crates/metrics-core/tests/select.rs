//! A scrape of some families passes those on and reads no others.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{scrape, scrape_with};
use metrics_core::{
    Collector, Descriptor, Escaping, Family, Gauge, Histogram, LabelSet, Metric, MetricType, Scrape,
    ScrapeErrorReason, collect_fn, select,
};

const GAUGE: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "g", "A gauge.");

/// The families that a scrape of `collector` has.
fn families(collector: &impl Collector) -> Vec<String> {
    let (lines, errors) = scrape(collector);
    assert!(errors.is_empty(), "{errors:?}");
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("# "))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

fn described(collector: &impl Collector) -> Vec<String> {
    let mut names = Vec::new();
    collector.describe(&mut |name, _| names.push(name.to_string()));
    names
}

#[test]
fn a_family_is_asked_for_by_its_name_or_that_of_a_sample() {
    let metrics = (
        Metric::counter("hits_total", "H."),
        Metric::counter("plain", "P."),
        Metric::histogram("h", "H.", &[1.0]),
        Metric::summary("s", "S."),
        Metric::gauge("h_max", "G."),
        Metric::info("build", "B.", &[("version", "1")]),
    );
    for (asked, found) in [
        ("hits_total", &["hits_total"][..]),
        ("hits", &["hits_total"]),
        ("hits_created", &["hits_total"]),
        ("hit", &[]),
        ("plain", &["plain"]),
        ("plain_total", &["plain"]),
        ("h", &["h"]),
        ("h_bucket", &["h"]),
        ("h_sum", &["h"]),
        ("h_max", &["h_max"]),
        ("h_gsum", &[]),
        ("s_count", &["s"]),
        ("s_bucket", &[]),
        ("build_info", &["build"]),
        ("", &[]),
    ] {
        let selected = select(&metrics, [asked]);
        assert_eq!(families(&selected), found, "{asked:?}");
        assert_eq!(described(&selected), found, "{asked:?}");
    }
    assert_eq!(families(&select(&metrics, ["s", "nothing", "hits", "hits"])), ["hits_total", "s"]);
    assert!(families(&select(&metrics, Vec::<String>::new())).is_empty());
    assert_eq!(select(&metrics, ["s", "hits"]).names().collect::<Vec<_>>(), ["s", "hits"]);
}

#[test]
fn prefixes_belong_to_the_name_and_selections_nest() {
    let inner = collect_fn(|scrape| {
        scrape.prefixed("a", |scrape| {
            scrape.family(&GAUGE).push([], 1);
            scrape.prefixed("b", |scrape| scrape.family(&GAUGE).push([], 2));
        });
        scrape.family(&GAUGE).push([], 3);
    });
    assert_eq!(families(&select(&inner, ["a_g"])), ["a_g"]);
    assert_eq!(families(&select(&inner, ["a_b_g", "g"])), ["a_b_g", "g"]);
    assert_eq!(families(&select(select(&inner, ["a_b_g", "g"]), ["g", "a_g"])), ["g"]);
    assert_eq!(described(&select(&inner, ["a_b_g"])), ["a_b_g"]);

    // It ends with the collector that it is about.
    let some = select(&inner, ["a_g"]);
    let all = Metric::gauge("z", "Z.");
    assert_eq!(families(&(&some, &all)), ["a_g", "z"]);
}

#[test]
fn what_nobody_asked_for_is_not_computed() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let computed = || {
        CALLS.fetch_add(1, Relaxed);
        1u64
    };
    let metrics = (
        Metric::gauge_fn("a", "A.", computed),
        Metric::counter_fn("b_total", "B.", computed),
        Metric::gauge("c", "C."),
        collect_fn(|scrape| {
            if scrape.wants(&GAUGE) {
                CALLS.fetch_add(1, Relaxed);
                scrape.family(&GAUGE).push([], 1);
            }
        }),
    );
    assert_eq!(families(&select(&metrics, ["c"])), ["c"]);
    assert_eq!(CALLS.load(Relaxed), 0);
    assert_eq!(families(&select(&metrics, ["a", "b_total", "g"])), ["a", "b_total", "g"]);
    assert_eq!(CALLS.load(Relaxed), 3);
}

#[test]
fn a_collector_that_pushes_what_it_does_not_describe_is_filtered_too() {
    struct Liar;

    impl Collector for Liar {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            scrape.family(&GAUGE).push([], 1);
            let labels = LabelSet::new([("a", "b")]).unwrap();
            let hidden = Descriptor::new(MetricType::Gauge, "hidden", "");
            scrape.family(&hidden).sample(labels.labels(), 2u64.into());
        }

        fn describe(&self, visit: &mut dyn FnMut(metrics_core::MetricName<'_>, &Descriptor<'_>)) {
            visit(metrics_core::MetricName::new("", "g"), &GAUGE);
        }
    }

    assert_eq!(scrape(&select(Liar, ["hidden"])).0, ["# hidden gauge", r#"{a="b"} 2"#]);
    assert_eq!(scrape(&select(Liar, ["g"])).0, ["# g gauge", "{} 1"]);
}

#[test]
fn series_and_labels_of_what_was_asked_for_are_whole() {
    let family: Family<Histogram, 1> = Family::histogram("h", "H.", ["a"], &[1.0]);
    family.with(["x"]).observe(0.5);
    family.with(["y"]).observe(2.0);
    let other = Metric::gauge("other", "O.");
    assert_eq!(scrape(&select((&other, &family), ["h"])).0, scrape(&family).0);
}

#[test]
fn a_name_of_any_utf8_is_asked_for_as_it_is_and_as_it_is_escaped() {
    let metric = Metric::utf8("rpc.latency", "L.", Gauge::<f64>::new());
    for asked in ["rpc.latency", "rpc_latency"] {
        assert_eq!(families(&select(&metric, [asked])), ["rpc_latency"], "{asked}");
    }
    let mut page = common::Page::default();
    let mut scrape = Scrape::new(&mut page).with_escaping(Escaping::Values);
    select(&metric, ["U__rpc_2e_latency"]).collect(&mut scrape);
    assert_eq!(page.lines.len(), 2);
}

#[test]
fn errors_are_on_the_page_and_a_panic_does_not_leave_a_selection_behind() {
    let (lines, errors) = scrape_with(|scrape| {
        scrape.isolate("broken", |scrape| {
            scrape.selected(&["nothing"], |_| std::panic::resume_unwind(Box::new("on purpose")));
        });
        scrape.family(&GAUGE).push([], 1);
    });
    assert_eq!(errors[0].reason(), ScrapeErrorReason::Panicked);
    assert_eq!(lines[..2], ["# g gauge", "{} 1"]);
    assert!(lines[2].starts_with("# rutheus_scrape_errors"));
}
