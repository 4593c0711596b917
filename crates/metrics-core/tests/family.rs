//! Families of series under label values.

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use common::scrape;
use metrics_core::{
    Buckets, Counter, Family, Gauge, Histogram, Info, InvalidReason, LabelErrorReason, Native, StateSet,
    States, Summary,
};

#[test]
fn values_with_equal_concatenations_are_two_series() {
    let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["a", "b"]);
    family.with(["ab", "c"]).inc();
    family.with(["a", "bc"]).inc_by(2);
    assert_eq!(family.with(["ab", "c"]).get(), 1);
    assert_eq!(scrape(&family).0[1..], [r#"{a="ab",b="c"} 1"#, r#"{a="a",b="bc"} 2"#]);
}

#[test]
fn series_come_in_the_order_of_their_creation() {
    let family: Family<Gauge, 1> = Family::gauge("f", "F.", ["n"]);
    for n in [5, 3, 9, 1] {
        family.with((n,)).set(f64::from(n));
    }
    family.with((3,)).inc();
    family.remove((9,));
    family.with((9,)).set(0.0);
    let expected = [r#"{n="5"} 5"#, r#"{n="3"} 4"#, r#"{n="1"} 1"#, r#"{n="9"} 0"#];
    assert_eq!(scrape(&family).0[1..], expected);
}

#[test]
fn a_removed_series_counts_on_unseen_and_a_new_one_begins_at_zero() {
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]);
    let handle = family.handle(["x"]);
    handle.inc();
    assert!(family.remove(["x"]));
    assert!(!family.remove(["x"]));
    handle.inc();
    assert_eq!(handle.get(), 2);
    assert!(family.get(["x"]).is_none());
    assert_eq!(family.with(["x"]).get(), 0);
    family.clear();
    assert!(family.is_empty());
    assert_eq!(scrape(&family).0.len(), 0);
}

#[test]
fn no_way_of_removing_leaves_a_series_that_is_found_again() {
    let ways: [fn(&Family<Counter, 1>); 3] =
        [|f| assert!(f.remove(["x"])), |f| assert_eq!(f.remove_matching(&[("a", "x")]), 1), |f| f.clear()];
    for remove in ways {
        for series in [1, 10, 200, 3000] {
            let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]);
            family.with(["x"]).inc();
            (1..series).for_each(|i| family.with((i,)).inc());
            remove(&family);
            assert!(family.get(["x"]).is_none());
            assert_eq!(family.with(["x"]).get(), 0, "of {series}");
            family.with(["x"]).inc();
            assert_eq!(family.with(["x"]).get(), 1, "of {series}");
        }
    }
}

#[test]
fn timers_and_guards_of_a_series_need_no_binding_for_the_child() {
    let seconds: Family<Histogram, 1> = Family::histogram("h", "H.", ["a"], &[1.0]);
    let busy: Family<Gauge<i64>, 1> = Family::gauge_i64("g", "G.", ["a"]);
    // The first child of a series is owned, later ones are lent by the family.
    for round in 1..4 {
        let timer = seconds.with(["x"]).start_timer();
        let guard = busy.with(["x"]).track_in_progress();
        let (other_timer, other) =
            (seconds.handle(["x"]).start_timer(), busy.handle(["x"]).track_in_progress());
        assert_eq!(busy.with(["x"]).get(), 2);
        drop((timer, guard, other));
        other_timer.discard();
        assert_eq!((seconds.with(["x"]).snapshot().count(), busy.with(["x"]).get()), (round, 0));
    }
}

#[test]
fn matching_series_are_removed() {
    let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["a", "b"]);
    for a in ["1", "2", "q\"\\\n"] {
        for b in ["x", "y"] {
            family.with([a, b]).inc();
        }
    }
    assert_eq!(family.remove_matching(&[("a", "q\"\\\n")]), 2);
    assert_eq!(family.remove_matching(&[("a", "1"), ("b", "y")]), 1);
    assert_eq!(family.remove_matching(&[("c", "1")]), 0);
    assert_eq!(family.remove_matching(&[("a", "1"), ("a", "2")]), 0);
    assert_eq!(family.len(), 3);
    assert_eq!(family.remove_matching(&[]), 3);
}

#[test]
fn labels_by_name_come_in_any_order_and_wrong_ones_are_errors() {
    let family: Family<Counter, 3> =
        Family::counter("f_total", "F.", ["a", "b", "c"]).default_labels([None, Some("B"), None]);
    family.label("c", "3").unwrap().label("a", "1").unwrap().get().unwrap().inc();
    family.label("b", "2").unwrap().label("c", "3").unwrap().label("a", "1").unwrap().handle().unwrap().inc();
    assert_eq!(scrape(&family).0[1..], [r#"{a="1",b="B",c="3"} 1"#, r#"{a="1",b="2",c="3"} 1"#]);

    let unknown = family.label("d", "1").unwrap_err();
    assert_eq!(unknown.reason(), &LabelErrorReason::Unknown("d".into()));
    assert_eq!(unknown.to_string(), "family \"f_total\" has no label \"d\": its labels are a, b, c");
    let twice = family.label("a", "1").unwrap().label("a", "1").unwrap_err();
    assert_eq!(twice.reason(), &LabelErrorReason::Repeated("a".into()));
    let missing = family.label("c", "3").unwrap().get().unwrap_err();
    assert_eq!((missing.family(), missing.reason()), ("f_total", &LabelErrorReason::Missing("a".into())));
    assert!(family.with_defaults().is_err());
    assert_eq!(family.len(), 2, "an error makes no series");
}

#[test]
fn default_labels_of_different_families_do_not_collide() {
    let all: Family<Counter, 2> =
        Family::counter("f_total", "F.", ["a", "b"]).default_labels([Some("1"), Some("2")]);
    all.with_defaults().unwrap().inc();
    all.label("a", "3").unwrap().get().unwrap().inc();
    assert_eq!(scrape(&all).0[1..], [r#"{a="1",b="2"} 1"#, r#"{a="3",b="2"} 1"#]);
}

#[test]
fn bad_names_are_refused_with_the_metric_and_the_reason() {
    let reason = |name: &'static str, labels: [&'static str; 2]| {
        let error = Family::<Counter, 2>::try_new(name, "F.", labels, ()).unwrap_err();
        assert_eq!(error.metric(), name);
        assert!(error.to_string().contains(error.reason().to_string().as_str()));
        error.reason()
    };
    assert_eq!(reason("", ["a", "b"]), InvalidReason::EmptyName);
    assert_eq!(reason("a b", ["a", "b"]), InvalidReason::InvalidName);
    assert_eq!(reason("1a", ["a", "b"]), InvalidReason::InvalidName);
    assert_eq!(reason("ä", ["a", "b"]), InvalidReason::InvalidName);
    assert_eq!(reason("f", ["", "b"]), InvalidReason::EmptyLabelName);
    assert_eq!(reason("f", ["a", "b c"]), InvalidReason::InvalidLabelName);
    assert_eq!(reason("f", ["a", "a:b"]), InvalidReason::InvalidLabelName);
    assert_eq!(reason("f", ["a", "__b"]), InvalidReason::ReservedLabelName);
    assert_eq!(reason("f", ["a", "a"]), InvalidReason::DuplicateLabelName);

    let buckets = Buckets::try_new([1.0]).unwrap();
    assert!(Family::<Histogram, 1>::try_new("f", "F.", ["le"], buckets.clone()).is_err());
    assert!(Family::<Histogram, 1>::try_new("f", "F.", ["quantile"], buckets).is_ok());
    assert!(Family::<Summary, 1>::try_new("f", "F.", ["quantile"], ()).is_err());
    assert!(Family::<Gauge, 1>::try_new("f", "F.", ["quantile"], ()).is_ok());
    let states = States::try_new(["on", "off"]).unwrap();
    assert!(Family::<StateSet, 1>::try_new("f", "F.", ["f"], states).is_err());
}

#[test]
fn every_instrument_has_families() {
    let histograms: Family<Histogram, 1> = Family::histogram("h", "H.", ["a"], &[1.0, 2.0]);
    histograms.with(["x"]).observe(1.5);
    assert_eq!(scrape(&histograms).0[1], r#"{a="x"} [(1.0, 0), (2.0, 1), (inf, 1)] sum 1.5"#);
    let summaries: Family<Summary, 1> = Family::summary("s", "S.", ["a"]);
    summaries.with(["x"]).observe(1.5);
    assert_eq!(scrape(&summaries).0[1], r#"{a="x"} count 1 sum 1.5"#);
    let info: Family<Info, 1> = Family::info("i_info", "I.", ["a"]);
    let _ = info.with(["x"]);
    assert_eq!(scrape(&info).0[1], r#"{a="x"} 1"#);
    let states: Family<StateSet, 1> = Family::state_set("st", "S.", ["a"], &["on", "off"]);
    states.with(["x"]).set("off").unwrap();
    assert_eq!(scrape(&states).0[1], r#"{a="x"} [("on", false), ("off", true)]"#);
    let whole: Family<Gauge<i64>, 1> = Family::gauge_i64("w", "W.", ["a"]);
    whole.with(["x"]).set(i64::MIN);
    assert_eq!(scrape(&whole).0[1], format!(r#"{{a="x"}} {}"#, i64::MIN));
    let float: Family<Counter<f64>, 0> = Family::counter_f64("c_total", "C.", []);
    float.with(()).inc_by(0.5).unwrap();
    assert_eq!(scrape(&float).0[1], "{} 0.5");
}

#[test]
fn a_value_is_asked_for_its_text_once_and_its_panic_poisons_nothing() {
    struct Sly(AtomicUsize);
    impl AsRef<str> for Sly {
        fn as_ref(&self) -> &str {
            match self.0.fetch_add(1, Relaxed) {
                0 => "once",
                1 => panic!("asked twice"),
                _ => "again",
            }
        }
    }
    let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["a", "b"]);
    let sly = Sly(AtomicUsize::new(0));
    family.with((&sly, "b")).inc();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| family.with((&sly, "b")).inc()));
    assert!(panicked.is_err());
    family.with((&sly, "b")).inc();
    assert_eq!(scrape(&family).0[1..], [r#"{a="once",b="b"} 1"#, r#"{a="again",b="b"} 1"#]);
}

#[test]
fn a_held_child_does_not_stop_the_family() {
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]);
    let children: Vec<_> = (0..100).map(|i| family.with((i,))).collect();
    for i in 0..200 {
        family.with((i,)).inc();
        family.remove((i + 1,));
    }
    family.clear();
    assert_eq!(children.len(), 100);
}

#[test]
fn nothing_is_lost_or_doubled_while_threads_make_the_same_series_and_scrape() {
    const THREADS: usize = 4;
    const ROUNDS: u64 = 20_000;
    const SERIES: u64 = 97;
    let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["a", "b"]);
    let (start, done) = (Barrier::new(THREADS + 1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    for i in 0..ROUNDS {
                        family.with((i % SERIES, "x")).inc();
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            start.wait();
            while !done.load(Relaxed) {
                let (lines, errors) = scrape(&family);
                assert!(errors.is_empty());
                let series: std::collections::BTreeSet<_> =
                    lines.iter().map(|l| l.split(' ').next()).collect();
                assert_eq!(series.len(), lines.len(), "no series twice");
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Relaxed);
    });
    assert_eq!(family.len(), SERIES as usize);
    let total: u64 = (0..SERIES).map(|i| family.with((i, "x")).get()).sum();
    assert_eq!(total, THREADS as u64 * ROUNDS);
}

#[test]
fn an_update_that_loses_against_a_removal_is_in_the_old_series_or_the_new() {
    const ROUNDS: u64 = 20_000;
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]);
    let start = Barrier::new(3);
    let counted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..ROUNDS {
                    let child = family.with(["x"]);
                    child.inc();
                    counted.fetch_add(1, Relaxed);
                }
            });
        }
        start.wait();
        for _ in 0..ROUNDS / 10 {
            family.remove(["x"]);
        }
    });
    assert_eq!(counted.load(Relaxed), 2 * ROUNDS as usize);
    assert!(family.len() <= 1);
    assert_eq!(scrape(&family).0.len(), if family.is_empty() { 0 } else { 2 }, "index and order agree");
}

#[test]
fn a_family_has_native_buckets_alone_or_beside_classic_ones() {
    static ALONE: Family<Histogram, 1> = Family::native_histogram("n", "N.", ["a"], Native::with_schema(0));
    static BOTH: Family<Histogram, 1> =
        Family::histogram("b", "B.", ["a"], &[1.0]).with_native(Native::with_schema(0));
    for family in [&ALONE, &BOTH] {
        for (a, v) in [("x", 0.75), ("y", 3.0), ("x", 4.0)] {
            family.with([a]).observe(v);
        }
        let snapshot = family.with(["x"]).snapshot();
        let native = snapshot.native().unwrap();
        let indexes: Vec<_> = native.positive().iter().map(|(index, _)| index).collect();
        assert_eq!((snapshot.count(), indexes), (2, vec![0, 2]));
    }
    assert_eq!(scrape(&ALONE).0[1], r#"{a="x"} [(inf, 2)] sum 4.75"#);
    assert_eq!(scrape(&BOTH).0[1], r#"{a="x"} [(1.0, 1), (inf, 2)] sum 4.75"#);
}
