//! What is emitted is valid, whatever a collector does.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{scrape, scrape_with};
use metrics_core::{
    Collector, Counter, CounterFn, Descriptor, Family, Gauge, HistogramValue, Info, LabelSet, Labels, Metric,
    MetricType, Scrape, ScrapeErrorReason, StateSet, StateSetValue, SummaryValue, Value, collect_fn,
};

const GAUGE: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "g", "A gauge.");
const COUNTER: Descriptor<'static> = Descriptor::new(MetricType::Counter, "c_total", "A counter.");
const HISTOGRAM: Descriptor<'static> = Descriptor::new(MetricType::Histogram, "h", "A histogram.");
const SUMMARY: Descriptor<'static> = Descriptor::new(MetricType::Summary, "s", "A summary.");
const STATES: Descriptor<'static> = Descriptor::new(MetricType::StateSet, "state", "A state set.");

/// The lines of the page before the family of errors, and the reasons of the errors.
fn reasons(f: impl FnOnce(&mut Scrape<'_>)) -> (Vec<String>, Vec<ScrapeErrorReason>) {
    let (mut lines, errors) = scrape_with(f);
    if let Some(at) = lines.iter().position(|line| line.starts_with("# rutheus_scrape_errors")) {
        assert_eq!(lines.len() - at - 1, errors.len(), "each error is on the page");
        lines.truncate(at);
    }
    (lines, errors.iter().map(|error| error.reason()).collect())
}

#[test]
fn a_family_without_samples_is_not_on_the_page() {
    let (lines, errors) = reasons(|scrape| {
        let _ = scrape.family(&GAUGE);
    });
    assert_eq!((lines.len(), errors.len()), (0, 0));
}

#[test]
fn a_second_family_of_a_name_is_left_out_and_reported() {
    let (lines, errors) = scrape_with(|scrape| {
        scrape.family(&GAUGE).push([], 1);
        scrape.family(&GAUGE).push([], 2);
        scrape.prefixed("p", |scrape| scrape.family(&GAUGE).push([], 3));
        scrape.prefixed("p", |scrape| scrape.family(&GAUGE).push([], 4));
    });
    assert_eq!(
        lines,
        [
            "# g gauge",
            "{} 1",
            "# p_g gauge",
            "{} 3",
            "# rutheus_scrape_errors gauge",
            r#"{family="g",reason="duplicate_family"} 1"#,
            r#"{family="p_g",reason="duplicate_family"} 1"#,
        ]
    );
    assert_eq!(errors.len(), 2);
    assert!(errors[0].to_string().contains("rename one of the two"), "{}", errors[0]);
}

#[test]
fn families_clash_by_the_names_that_their_types_add() {
    use MetricType::*;
    let clashes = [
        (Histogram, "a", Gauge, "a_count"),
        (Histogram, "a", Gauge, "a_bucket"),
        (Histogram, "a", Counter, "a_sum_total"), // its base is a_sum
        (Summary, "a", Gauge, "a_sum"),
        (Counter, "a_total", Gauge, "a"),
        (Counter, "a_total", Gauge, "a_created"),
        (Counter, "a", Gauge, "a_total"),
        (Info, "a", Gauge, "a_info"),
        (Info, "a_info", Gauge, "a"),
        (GaugeHistogram, "a", Gauge, "a_gsum"),
        (Histogram, "a", Counter, "a_total"),
    ];
    let neighbours = [
        (Gauge, "a", Gauge, "a_count"),
        (Gauge, "a", Gauge, "a_total"),
        (Histogram, "a", Gauge, "a_max"),
        (Summary, "a", Gauge, "a_bucket"),
        (Histogram, "a_b", Gauge, "a"),
    ];
    let both = |first_type, first, second_type, second| {
        let (first, second) =
            (Descriptor::new(first_type, first, ""), Descriptor::new(second_type, second, ""));
        let (_, errors) = reasons(|scrape| {
            let _ = scrape.family(&first);
            let _ = scrape.family(&second);
        });
        errors.len()
    };
    for (t1, n1, t2, n2) in clashes {
        assert_eq!(both(t1, n1, t2, n2), 1, "{t1} {n1}, then {t2} {n2}");
        assert_eq!(both(t2, n2, t1, n1), 1, "{t2} {n2}, then {t1} {n1}");
    }
    for (t1, n1, t2, n2) in neighbours {
        assert_eq!(both(t1, n1, t2, n2), 0, "{t1} {n1}, then {t2} {n2}");
        assert_eq!(both(t2, n2, t1, n1), 0, "{t2} {n2}, then {t1} {n1}");
    }
}

#[test]
fn a_series_comes_once_in_whatever_order_its_labels_are() {
    let (lines, errors) = scrape_with(|scrape| {
        let mut samples = scrape.family(&GAUGE);
        samples.push([("a", "1"), ("b", "2")], 1);
        samples.push([("b", "2"), ("a", "1")], 2);
        samples.push([("a", "1"), ("b", "2"), ("c", "")], 3);
        samples.push([("a", "1")], 4);
        samples.push([("a", "2"), ("b", "1")], 5);
        samples.push([("a", "")], 6);
        samples.push([], 7);
    });
    assert_eq!(
        lines[..5],
        ["# g gauge", r#"{a="1",b="2"} 1"#, r#"{a="1"} 4"#, r#"{a="2",b="1"} 5"#, r#"{a=""} 6"#]
    );
    assert_eq!((errors.len(), errors[0].count()), (1, 3));
}

#[test]
fn many_labels_are_told_apart_too() {
    let names: Vec<_> = (0..40).map(|i| format!("l{:02}", 39 - i)).collect();
    let (lines, errors) = reasons(|scrape| {
        let mut samples = scrape.family(&GAUGE);
        for last in ["x", "y", "x"] {
            let pairs = names.iter().map(|name| (&**name, if name == "l20" { last } else { "v" }));
            samples.sample(LabelSet::new(pairs).unwrap().labels(), 1.into());
        }
    });
    assert_eq!((lines.len(), errors), (3, vec![ScrapeErrorReason::DuplicateSeries]));
}

#[test]
fn invalid_labels_are_left_out_and_reported() {
    for bad in ["", "1a", "a-b", "__name__", "a:b", "ä"] {
        let (lines, errors) = reasons(|scrape| scrape.family(&GAUGE).push([(bad, "v")], 1));
        assert_eq!((lines.len(), errors), (0, vec![ScrapeErrorReason::InvalidLabel]), "{bad:?}");
    }
    let (_, errors) = reasons(|scrape| scrape.family(&GAUGE).push([("a", "1"), ("a", "2")], 1));
    assert_eq!(errors, [ScrapeErrorReason::InvalidLabel]);

    let set = |name| LabelSet::new([(name, "1")]).unwrap();
    let histogram = HistogramValue::new(&[1.0], &[1, 0], 1.0).unwrap();
    let (lines, errors) = reasons(|scrape| {
        scrape.family(&HISTOGRAM).sample(set("le").labels(), Value::Histogram(histogram));
        scrape.family(&SUMMARY).sample(set("quantile").labels(), Value::Summary(SummaryValue::new(1, 1.0)));
        let states = Value::StateSet(StateSetValue::new(&["on"], 0));
        scrape.family(&STATES).sample(set("state").labels(), states);
        let colon = Descriptor::new(MetricType::StateSet, "job:state", "");
        scrape.family(&colon).sample(set("job_state").labels(), states);
        scrape.family(&Descriptor::new(MetricType::StateSet, "__state", "")).sample(Labels::EMPTY, states);
        scrape.family(&GAUGE).sample(set("le").labels(), 1.into());
    });
    assert_eq!(lines, ["# g gauge", r#"{le="1"} 1"#], "`le` is reserved on histograms only");
    assert_eq!(errors, [ScrapeErrorReason::InvalidLabel; 5]);
}

#[test]
fn values_that_do_not_fit_the_type_are_left_out_and_reported() {
    let histogram = Value::Histogram(HistogramValue::new(&[1.0], &[1, 0], 1.0).unwrap());
    let bad = [
        (COUNTER, Value::from(-1)),
        (COUNTER, Value::from(f64::NAN)),
        (COUNTER, Value::from(-0.5)),
        (COUNTER, histogram),
        (HISTOGRAM, Value::from(1)),
        (SUMMARY, Value::from(1)),
        (GAUGE, histogram),
        (STATES, Value::from(1)),
        (STATES, Value::StateSet(StateSetValue::new(&["on", "off", "on"], 0))),
        (Descriptor::new(MetricType::Info, "i_info", ""), Value::from(2)),
    ];
    for (descriptor, value) in bad {
        let (lines, errors) = reasons(|scrape| scrape.family(&descriptor).sample(Labels::EMPTY, value));
        assert_eq!(lines.len(), 0, "{descriptor:?} {value:?}");
        assert_eq!(errors, [ScrapeErrorReason::InvalidValue], "{descriptor:?} {value:?}");
    }
    let (lines, errors) = reasons(|scrape| {
        let mut samples = scrape.family(&GAUGE);
        samples.push([("v", "nan")], f64::NAN);
        samples.push([("v", "negative")], -1);
        drop(samples);
        scrape.family(&COUNTER).push([], f64::INFINITY);
    });
    assert_eq!((lines.len(), errors.len()), (5, 0));
    assert!(HistogramValue::new(&[1.0], &[1], 1.0).is_none(), "a count is missing");
    assert!(HistogramValue::new(&[2.0, 1.0], &[1, 1, 1], 1.0).is_none());
    assert!(HistogramValue::new(&[f64::INFINITY], &[1, 1], 1.0).is_none());
    assert!(SummaryValue::new(1, 1.0).with_quantiles(&[(1.5, 1.0)]).is_none());
    assert!(SummaryValue::new(1, 1.0).with_quantiles(&[(0.9, 1.0), (0.5, 1.0)]).is_none());
}

#[test]
fn prefixes_nest_and_a_bad_one_is_refused() {
    let (lines, errors) = reasons(|scrape| {
        scrape.prefixed("outer", |scrape| {
            scrape.prefixed("inner", |scrape| scrape.family(&GAUGE).push([], 1));
            scrape.family(&GAUGE).push([], 2);
        });
        scrape.prefixed("9", |scrape| scrape.family(&GAUGE).push([], 3));
        scrape.prefixed("", |scrape| scrape.family(&GAUGE).push([], 4));
    });
    assert_eq!(lines, ["# outer_inner_g gauge", "{} 1", "# outer_g gauge", "{} 2"]);
    assert_eq!(errors, [ScrapeErrorReason::InvalidPrefix; 2]);
}

#[test]
fn added_labels_nest_and_the_nearest_to_the_series_wins() {
    static FAMILY: Family<Counter, 1> = Family::counter("f_total", "A family.", ["zone"]);
    FAMILY.with(["own"]).inc();
    let (lines, errors) = reasons(|scrape| {
        scrape.labelled(&[("env", "outer"), ("zone", "outer")], |scrape| {
            scrape.labelled(&[("env", "inner"), ("x", "\"")], |scrape| {
                FAMILY.collect(scrape);
                let mut samples = scrape.family(&GAUGE);
                samples.push([], 1);
                samples.push([("env", "own")], 2);
                samples.push([("env", "inner")], 3);
            });
            scrape.family(&COUNTER).push([], 4);
        });
        for bad in [&[("le", "1")][..], &[("quantile", "1")], &[("__a", "1")], &[("a", "1"), ("a", "2")]] {
            scrape.labelled(bad, |_| unreachable!("{bad:?}"));
        }
    });
    assert_eq!(
        lines,
        [
            "# f_total counter",
            r#"{env="inner",x="\"",zone="own"} 1"#,
            "# g gauge",
            r#"{zone="outer",env="inner",x="\""} 1"#,
            r#"{zone="outer",x="\"",env="own"} 2"#,
            "# c_total counter",
            r#"{env="outer",zone="outer"} 4"#,
        ]
    );
    // One for the series that the added label makes equal to another, four for the bad lists.
    assert_eq!(errors.len(), 5);
}

#[test]
fn a_panic_takes_back_its_own_output_only() {
    let (lines, errors) = scrape_with(|scrape| {
        scrape.isolate("first", |scrape| scrape.family(&GAUGE).push([], 1));
        scrape.isolate("second", |scrape| {
            scrape.prefixed("p", |scrape| {
                scrape.labelled(&[("a", "b")], |scrape| {
                    scrape.family(&GAUGE).push([], 2);
                    panic!("on purpose");
                });
            });
        });
        scrape.isolate("third", |scrape| scrape.family(&COUNTER).push([], 3));
    });
    assert_eq!(lines[..4], ["# g gauge", "{} 1", "# c_total counter", "{} 3"]);
    assert_eq!((errors[0].family(), errors[0].reason()), ("second", ScrapeErrorReason::Panicked));

    struct PanicOnDrop;
    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            panic!("the payload panics too");
        }
    }
    let isolated = catch_unwind(AssertUnwindSafe(|| {
        scrape_with(|scrape| scrape.isolate("x", |_| std::panic::panic_any(PanicOnDrop)))
    }));
    assert_eq!(isolated.unwrap().1.len(), 1);
}

#[test]
fn the_list_of_errors_is_bounded() {
    let (_, errors) = scrape_with(|scrape| {
        for i in 0..1000 {
            let name = format!("g{i}");
            scrape.family(&Descriptor::new(MetricType::Gauge, &name, "")).push([("1", "")], 1);
        }
    });
    assert!(errors.len() <= 66, "{}", errors.len());
    assert_eq!(errors.iter().map(|error| error.count()).sum::<u64>(), 1000);
}

#[test]
fn every_instrument_reaches_the_page() {
    static STATE: Metric<StateSet> = Metric::state_set("mode", "Mode.", &["idle", "busy"]);
    STATE.set("busy").unwrap();
    let build = Metric::new("b_info", "Build.", Info::try_new([("version", "1\"2")]).unwrap());
    let computed = Metric::try_new(String::from("up_seconds"), "Up.", CounterFn::new(|| 2.5)).unwrap();
    let down = Metric::counter_fn("down_total", "Bad.", || -1);
    let float: Metric<Gauge> = Metric::gauge("f", "Float.");
    float.set(0.25);
    let group = (
        &STATE,
        &build,
        (&computed, &down),
        [&float],
        vec![collect_fn(|scrape| drop(scrape.family(&GAUGE)))],
    );
    let (lines, errors) = scrape(&group);
    assert_eq!(
        lines[..8],
        [
            "# mode stateset",
            r#"{} [("idle", false), ("busy", true)]"#,
            "# b_info info",
            r#"{version="1\"2"} 1"#,
            "# up_seconds counter",
            "{} 2.5",
            "# f gauge",
            "{} 0.25",
        ]
    );
    assert_eq!((errors.len(), errors[0].family()), (1, "down_total"));

    let mut names = Vec::new();
    group.describe(&mut |name, _| names.push(name.to_string()));
    assert_eq!(names, ["mode", "b_info", "up_seconds", "down_total", "f", "g"]);
}
