//! Exemplars that are given with an update are on the page, and never cost the update.

mod common;

use common::Beside;
use metrics_core::{
    Buckets, Counter, Family, Histogram, InvalidExemplarReason, InvalidUpdate, Metric, Native, Timestamp,
};

#[test]
fn a_counter_keeps_its_last_exemplar() {
    let whole = Metric::counter("a_total", "A.");
    assert_eq!(Beside::of(&whole), ["{} 0"]);
    whole.inc_with_exemplar([("trace_id", "1")]).unwrap();
    whole.inc();
    assert_eq!(Beside::of(&whole), [r#"{} 2 # {trace_id="1"} 1"#]);
    whole.inc_by_with_exemplar(5, [("trace_id", "2"), ("span_id", "\"3\"\n")]).unwrap();
    assert_eq!(Beside::of(&whole), [r#"{} 7 # {trace_id="2",span_id="\"3\"\n"} 5"#]);
    whole.inc_with_exemplar([]).unwrap();
    assert_eq!(Beside::of(&whole), ["{} 8 # {} 1"]);

    let float = Metric::counter_f64("b_total", "B.");
    float.inc_by_with_exemplar(0.5, [("trace_id", "1")]).unwrap();
    assert_eq!(Beside::of(&float), [r#"{} 0.5 # {trace_id="1"} 0.5"#]);
    float.inc_with_exemplar([("trace_id", "2")]).unwrap();
    assert_eq!(Beside::of(&float), [r#"{} 1.5 # {trace_id="2"} 1"#]);
}

#[test]
fn a_refused_exemplar_is_an_error_and_its_update_counts() {
    let long = "ü".repeat(121); // with the name one too many
    let counter = Counter::<u64>::new();
    counter.inc_with_exemplar([("trace_id", &long[..240])]).unwrap();
    let error = counter.inc_by_with_exemplar(2, [("trace_id", &*long)]).unwrap_err();
    assert_eq!(error.reason(), InvalidExemplarReason::TooLong);
    assert!(error.to_string().contains("and not 129"), "{error}");
    let error = counter.inc_with_exemplar([("a", "1"), ("a", "2")]).unwrap_err();
    assert_eq!(error.reason(), InvalidExemplarReason::InvalidLabel);
    assert!(error.to_string().starts_with("label \"a\" of an exemplar: "), "{error}");
    assert_eq!(counter.get(), 4);

    let histogram = Histogram::new(&[1.0]);
    let error = histogram.observe_with_exemplar(0.5, [("1", "")]).unwrap_err();
    assert_eq!(error.reason(), InvalidExemplarReason::InvalidLabel);
    assert_eq!(histogram.snapshot().count(), 1);

    let float = Metric::counter_f64("b_total", "B.");
    assert!(float.inc_with_exemplar([("", "")]).is_err());
    assert_eq!(float.get(), 1.0);
    let error = float.inc_by_with_exemplar(-1.0, [("trace_id", "1")]).unwrap_err();
    assert!(matches!(error, InvalidUpdate::Increment(_)));
    assert!(error.to_string().starts_with("metric \"b_total\": "), "{error}");
    assert!(matches!(float.inc_by_with_exemplar(2.0, [("", "")]), Err(InvalidUpdate::Exemplar(_))));
    assert_eq!(float.get(), 3.0);
    let kept = Beside::of(&float);
    assert_eq!(kept, ["{} 3"], "no exemplar was kept");
}

#[test]
fn a_histogram_keeps_the_last_exemplar_of_each_bucket() {
    let family: Family<Histogram, 1> = Family::histogram("h", "H.", ["a"], &[1.0, 2.0, 3.0]);
    let histogram = family.handle(["x"]);
    for (v, id) in [(0.5, "1"), (1.0, "2"), (f64::NAN, "3"), (9.0, "4"), (2.5, "5"), (0.25, "6")] {
        histogram.observe_with_exemplar(v, [("id", id)]).unwrap();
    }
    histogram.observe(0.75);
    assert_eq!(
        Beside::of(&family),
        [r#"{a="x"} 7 # {id="6"} 0.25 # {id="5"} 2.5 # {id="4"} 9"#],
        "ascending, and none for the bucket in which there was none"
    );
}

#[test]
fn a_native_histogram_keeps_ten_over_its_range() {
    let buckets = Buckets::try_new([8.0]).unwrap().with_native(Native::with_schema(0)).unwrap();
    let histogram = Metric::new("h", "H.", Histogram::with_buckets(buckets));
    for i in 0..10 {
        histogram.observe_with_exemplar(2f64.powi(i), [("i", &*i.to_string())]).unwrap();
    }
    // Close to 32, which makes room for it.
    histogram.observe_with_exemplar(33.0, [("i", "new")]).unwrap();
    let page = Beside::of(&histogram).remove(0);
    assert_eq!(page.matches('#').count(), 10);
    assert!(page.contains(r#"# {i="4"} 16 # {i="new"} 33 # {i="6"} 64"#), "{page}");
}

#[test]
fn an_exemplar_has_the_time_of_its_update() {
    let counter = Metric::counter("a_total", "A.");
    let before = Timestamp::now();
    counter.inc_with_exemplar([("trace_id", "1")]).unwrap();
    let after = Timestamp::now();
    let times = Beside::times_of(&counter);
    assert!(matches!(times[..], [time] if before <= time && time <= after), "{times:?}");
}

#[test]
fn an_encoder_may_use_the_metric_whose_exemplar_it_writes() {
    use metrics_core::{Collector, Descriptor, Encoder, Extras, Labels, MetricName, Scrape, Value};
    static COUNTER: Metric<Counter> = Metric::counter("a_total", "A.");

    struct Nested;

    impl Encoder for Nested {
        fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}
        fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
        fn sample_with(&mut self, _: Labels<'_>, _: Value<'_>, _: &Extras<'_>) {
            COUNTER.inc_with_exemplar([("trace_id", "2")]).unwrap();
            assert_eq!(Beside::of(&COUNTER), [r#"{} 2 # {trace_id="2"} 1"#]);
        }
    }

    COUNTER.inc_with_exemplar([("trace_id", "1")]).unwrap();
    COUNTER.collect(&mut Scrape::new(&mut Nested));
    assert_eq!(COUNTER.get(), 2);
}
