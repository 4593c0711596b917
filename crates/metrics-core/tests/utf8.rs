//! Names of any UTF-8: as they are for a reader that allows them, escaped for the others, and never
//! two that are one.

mod common;

use common::Page;
use metrics_core::{
    Collector, Counter, Descriptor, Escaping, Exemplar, Family, Gauge, Info, InvalidExemplarReason,
    InvalidReason, LabelSet, Labels, Metric, MetricType, Scrape, ScrapeErrorReason, StateSet, collect_fn,
};

const LATENCY: Descriptor<'static> = Descriptor::utf8(MetricType::Gauge, "rpc.latency", "Seconds.");

/// The lines of the page before the family of errors, and the reasons of the errors.
fn page(escaping: Escaping, f: impl FnOnce(&mut Scrape<'_>)) -> (Vec<String>, Vec<ScrapeErrorReason>) {
    let mut page = Page::default();
    let mut scrape = Scrape::new(&mut page).with_escaping(escaping);
    f(&mut scrape);
    let errors = scrape.finish();
    let lines = page.lines.into_iter().take_while(|line| !line.starts_with("# rutheus_scrape_errors"));
    (lines.collect(), errors.iter().map(|error| error.reason()).collect())
}

fn lines(escaping: Escaping, collector: &dyn Collector) -> Vec<String> {
    let (lines, errors) = page(escaping, |scrape| collector.collect(scrape));
    assert_eq!(errors, []);
    lines
}

#[test]
fn names_are_as_they_are_or_escaped() {
    let latency = collect_fn(|scrape| {
        let mut samples = scrape.family(&LATENCY);
        samples.push([("k8s.pod", "web.1"), ("zone", "a")], 1);
        samples.push([], 2);
        let pod = LabelSet::utf8([("zone", "b"), ("ü", "ü")]).unwrap();
        samples.sample(pod.labels(), 3.into());
    });
    assert_eq!(
        lines(Escaping::AllowUtf8, &latency),
        ["# rpc.latency gauge", r#"{"k8s.pod"="web.1",zone="a"} 1"#, "{} 2", r#"{zone="b","ü"="ü"} 3"#]
    );
    assert_eq!(
        lines(Escaping::Underscores, &latency),
        ["# rpc_latency gauge", r#"{k8s_pod="web.1",zone="a"} 1"#, "{} 2", r#"{zone="b",_="ü"} 3"#]
    );
    assert_eq!(
        lines(Escaping::Dots, &latency),
        ["# rpc_dot_latency gauge", r#"{k8s_dot_pod="web.1",zone="a"} 1"#, "{} 2", r#"{zone="b",__="ü"} 3"#]
    );
}

#[test]
fn the_whole_name_is_escaped_with_the_prefix() {
    let (lines, _) = page(Escaping::Values, |scrape| {
        scrape.prefixed("app", |scrape| {
            scrape.labelled(&[("job", "x")], |scrape| scrape.family(&LATENCY).push([("a.b", "c")], 1));
            // With the prefix, this one is a classic name.
            let lives = Descriptor::utf8(MetricType::Gauge, "9_lives", "");
            scrape.family(&lives).push([], 9);
        });
    });
    assert_eq!(
        lines,
        ["# U__app__rpc_2e_latency gauge", r#"{job="x",U__a_2e_b="c"} 1"#, "# app_9_lives gauge", "{} 9",]
    );
}

#[test]
fn two_families_that_escape_to_one_name_are_not_both_on_the_page() {
    let both = |scrape: &mut Scrape<'_>| {
        scrape.family(&LATENCY).push([], 1);
        scrape.family(&Descriptor::new(MetricType::Gauge, "rpc_latency", "")).push([], 2);
        let counter = Descriptor::utf8(MetricType::Counter, "a.b_total", "");
        scrape.family(&counter).push([], 3);
        scrape.family(&Descriptor::new(MetricType::Gauge, "a_b_created", "")).push([], 4);
        scrape.family(&Descriptor::utf8(MetricType::Gauge, "a-b_total", "")).push([], 5);
    };
    let (lines, errors) = page(Escaping::AllowUtf8, both);
    assert_eq!((lines.len(), errors), (10, vec![]));
    let (lines, errors) = page(Escaping::Underscores, both);
    assert_eq!(lines, ["# rpc_latency gauge", "{} 1", "# a_b_total counter", "{} 3"]);
    assert_eq!(errors, [ScrapeErrorReason::DuplicateFamily; 3]);
}

#[test]
fn labels_that_escape_to_one_name_or_a_reserved_one_are_refused() {
    static BY_POD: Metric<Info> = Metric::utf8("target_info", "", Info::utf8(&[("a.b", "1"), ("a_b", "2")]));
    let all = |scrape: &mut Scrape<'_>| {
        let mut samples = scrape.family(&LATENCY);
        samples.push([("a.b", "1"), ("a_b", "2")], 1);
        samples.push([("a-b", "1")], 2);
        samples.push([("a.b", "1")], 3);
        samples.push([("..name..", "x")], 4);
        BY_POD.collect(scrape);
    };
    let (lines, errors) = page(Escaping::AllowUtf8, all);
    assert_eq!((lines.len(), errors), (7, vec![]));
    let (lines, errors) = page(Escaping::Underscores, all);
    assert_eq!(lines, ["# rpc_latency gauge", r#"{a_b="1"} 2"#, "# target_info info"]);
    assert_eq!(
        errors,
        [
            ScrapeErrorReason::InvalidLabel,
            ScrapeErrorReason::DuplicateSeries,
            ScrapeErrorReason::InvalidLabel
        ]
    );
}

#[test]
fn only_a_family_that_says_so_has_such_labels() {
    let set = LabelSet::utf8([("a.b", "1")]).unwrap();
    static INFO: Metric<Info> = Metric::info("build_info", "", &[]);
    let (lines, errors) = page(Escaping::AllowUtf8, |scrape| {
        let mut samples = scrape.family(&Descriptor::new(MetricType::Gauge, "g", ""));
        samples.sample(set.labels(), 1.into());
        samples.push([("a.b", "1")], 1);
        Metric::new("target_info", "", Info::utf8(&[("service.name", "x"), ("zone", "a")])).collect(scrape);
        INFO.collect(scrape);
    });
    assert_eq!(lines, ["# target_info info", r#"{zone="a"} 1"#, "# build_info info", "{} 1"]);
    assert_eq!(
        errors,
        [ScrapeErrorReason::InvalidLabel; 2],
        "the third has the reason and the family of the second"
    );
}

#[test]
fn a_state_set_is_told_by_its_name() {
    static STATE: Metric<StateSet> = Metric::utf8("job.state", "", StateSet::new(&["on", "off"]));
    assert_eq!(lines(Escaping::AllowUtf8, &STATE)[0], "# job.state stateset");
    let (lines, errors) = page(Escaping::Underscores, |scrape| {
        scrape.labelled(&[("job_state", "taken")], |scrape| STATE.collect(scrape));
    });
    assert_eq!((lines, errors), (vec![], vec![ScrapeErrorReason::InvalidLabel]));
}

#[test]
fn a_unit_goes_where_its_place_is_lost() {
    let unit = |escaping| {
        let mut units = Units::default();
        let counter = Descriptor::utf8(MetricType::Counter, "disk.read_bytes_total", "");
        let counter = counter.try_with_unit("bytes").unwrap();
        Scrape::new(&mut units).with_escaping(escaping).family(&counter).push([], 1);
        units.0
    };
    assert_eq!(unit(Escaping::AllowUtf8), [Some("bytes".to_owned())]);
    assert_eq!(unit(Escaping::Underscores), [Some("bytes".to_owned())]);
    // U__disk_2e_read__bytes__total
    assert_eq!(unit(Escaping::Values), [None]);
}

/// The units of families.
#[derive(Default)]
struct Units(Vec<Option<String>>);

impl metrics_core::Encoder for Units {
    fn family(&mut self, _: metrics_core::MetricName<'_>, descriptor: &Descriptor<'_>) {
        self.0.push(descriptor.unit().map(str::to_owned));
    }

    fn sample(&mut self, _: Labels<'_>, _: metrics_core::Value<'_>) {}
}

#[test]
fn exemplars_have_classic_labels() {
    let set = LabelSet::utf8([("trace.id", "1")]).unwrap();
    let error = Exemplar::new(set.labels(), 1.0).unwrap_err();
    assert_eq!(error.reason(), InvalidExemplarReason::InvalidLabel);
}

#[test]
fn an_empty_name_is_refused() {
    let error = Metric::try_utf8("", "", Gauge::<f64>::new()).unwrap_err();
    assert_eq!(error.reason(), InvalidReason::EmptyName);
    assert!(Info::try_utf8([("__a", "1")]).is_err());
    assert!(Info::try_utf8([("a.b", "1"), ("a.b", "2")]).is_err());
    assert!(Info::try_utf8([("a.b", "1"), ("a_b", "2")]).is_ok());
}

#[test]
fn a_family_tells_its_series_apart_by_their_values_alone() {
    static CALLS: Family<Counter, 3> = Family::utf8("rpc.calls", "", ["a.b", "c\"d", "e"], ());
    let values = ["", "1", "\"", "1\",\"c", "\\", "=\"", ",\"c\\\"d\"=\"", "12345", "a\",\"", "ö"];
    let mut made = 0;
    for a in values {
        for b in values {
            for c in values {
                CALLS.with([a, b, c]).inc();
                made += 1;
                assert_eq!(CALLS.len(), made, "{a:?} {b:?} {c:?}");
            }
        }
    }
    for a in values {
        for b in values {
            assert!(values.iter().all(|c| CALLS.with([a, b, c]).get() == 1));
        }
    }
    let (lines, errors) = page(Escaping::Underscores, |scrape| CALLS.collect(scrape));
    assert_eq!((lines.len(), errors), (made + 1, vec![]));
    assert_eq!(lines[1], r#"{a_b="",c_d="",e=""} 1"#);
    assert!(Family::<Counter, 2>::try_utf8("a.b", "", ["x.y", "x.y"], ()).is_err());
    assert!(Family::<Counter, 1>::try_utf8("a.b", "", ["__x.y"], ()).is_err());
}
