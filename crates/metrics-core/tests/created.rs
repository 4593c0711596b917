//! A metric tells since when it counts, where that was asked for.

mod common;

use std::time::Duration;

use common::Beside;
use metrics_core::{
    Buckets, Collector, Counter, CounterFn, Family, Histogram, Metric, MetricName, Native, Timestamp,
};

fn describe(collector: &impl Collector) {
    collector.describe(&mut |_: MetricName<'_>, _| {});
}

#[test]
fn only_a_metric_that_was_asked_to_tells_since_when_it_counts() {
    static PLAIN: Metric<Counter> = Metric::counter("a_total", "A.");
    static TOLD: Metric<Counter> = Metric::counter("b_total", "B.").with_created();
    static AT: Metric<Histogram> =
        Metric::histogram("c", "C.", &[1.0]).with_created_at(Timestamp::from_millis(1500));
    assert_eq!(Beside::created_of(&PLAIN), [None]);
    let before = Timestamp::now();
    describe(&TOLD); // as a registry does
    let after = Timestamp::now();
    std::thread::sleep(Duration::from_millis(2));
    let created = Beside::created_of(&TOLD)[0].unwrap();
    assert!(before <= created && created <= after);
    assert_eq!(Beside::created_of(&TOLD), [Some(created)]);
    assert_eq!(TOLD.created(), Some(created));
    assert_eq!(Beside::created_of(&AT), [Timestamp::new(1, 500_000_000)]);
}

#[test]
fn it_stands_beside_exemplars() {
    let counter = Metric::counter("a_total", "A.").with_created_at(Timestamp::from_millis(0));
    counter.inc_with_exemplar([("id", "1")]).unwrap();
    assert_eq!(Beside::of(&counter), [r#"{} 1 # {id="1"} 1"#]);
    assert_eq!(Beside::created_of(&counter), [Timestamp::new(0, 0)]);
    let computed = Metric::new("b_total", "B.", CounterFn::new(|| 7u64)).with_created();
    assert!(Beside::created_of(&computed)[0].is_some());
}

#[test]
fn a_clock_before_the_epoch_tells_nothing() {
    let counter = Metric::counter("a_total", "A.").with_created_at(Timestamp::from_millis(-1));
    assert_eq!(Beside::created_of(&counter), [None]);
}

#[test]
fn a_histogram_that_was_set_back_counts_since_then() {
    let native = Native::with_schema(3).max_buckets(1).reset_after(Duration::from_millis(1));
    let buckets = Buckets::native(native).unwrap();
    let long_ago = Timestamp::from_millis(0);
    let told = Metric::new("a", "A.", Histogram::with_buckets(buckets.clone())).with_created_at(long_ago);
    let untold = Metric::new("b", "B.", Histogram::with_buckets(buckets));
    assert_eq!(Beside::created_of(&told), [Some(long_ago)]);
    for histogram in [&told, &untold] {
        histogram.observe(1.0);
        std::thread::sleep(Duration::from_millis(5));
        histogram.observe(100.0);
        assert_eq!(histogram.snapshot().count(), 1, "set back for the second bucket");
    }
    assert!(Beside::created_of(&told)[0] > Timestamp::new(1_600_000_000, 0));
    assert_eq!(Beside::created_of(&untold), [None]);
}

#[test]
fn each_series_of_a_family_tells_when_it_was_made() {
    static TOLD: Family<Counter, 1> = Family::counter("a_total", "A.", ["a"]).with_created();
    static PLAIN: Family<Counter, 1> = Family::counter("b_total", "B.", ["a"]);
    PLAIN.with(["x"]).inc();
    assert_eq!(Beside::created_of(&PLAIN), [None]);

    let before = Timestamp::now();
    for i in 0..40 {
        TOLD.with((i,)).inc();
    }
    let made = Beside::created_of(&TOLD);
    std::thread::sleep(Duration::from_millis(5));
    for i in 0..40 {
        TOLD.with((i,)).inc();
    }
    TOLD.with(["late"]).inc();
    let created = Beside::created_of(&TOLD);
    assert_eq!(created[..40], made[..], "an update does not change it");
    assert!(made.iter().all(|time| before.as_millis() <= time.unwrap().as_millis()));
    assert!(created[40] > made[39]);

    // One that comes back is a new one.
    assert!(TOLD.remove((7,)));
    TOLD.with((7,)).inc();
    assert_eq!(Beside::created_of(&TOLD).len(), 41);
    assert!(Beside::created_of(&TOLD)[40] >= created[40]);
}

#[test]
fn a_series_with_exemplars_and_one_that_was_set_back_tell_it_too() {
    let native = Native::with_schema(3).max_buckets(1).reset_after(Duration::from_millis(1));
    let buckets = Buckets::native(native).unwrap();
    let family: Family<Histogram, 1> = Family::try_new("h", "H.", ["a"], buckets).unwrap().with_created();
    for a in ["x", "y"] {
        family.with([a]).observe_with_exemplar(1.0, [("id", "1")]).unwrap();
    }
    let made = Beside::created_of(&family);
    std::thread::sleep(Duration::from_millis(5));
    family.with(["x"]).observe(100.0);
    let created = Beside::created_of(&family);
    assert!(created[0] > made[0], "it was set back");
    assert_eq!(created[1], made[1], "and this one was not");
    assert_eq!(Beside::of(&family)[1], r#"{a="y"} 1 # {id="1"} 1"#);
}

#[test]
#[should_panic(expected = "only a counter, a histogram or a summary")]
fn a_gauge_has_no_time_of_creation() {
    let _ = Metric::gauge("g", "G.").with_created();
}
