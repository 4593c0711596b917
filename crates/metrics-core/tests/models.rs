//! What threads do to one instrument or family, in every order of steps that two or three of them can
//! take: run by `cargo xtask loom`. In a model, an instrument has two cells for threads, and every update
//! that looks for contention finds it.
#![cfg(loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use loom::thread;
use metrics_core::__private::sync::explore;
use metrics_core::{
    Collector, Counter, Descriptor, Encoder, Extras, Family, Gauge, Histogram, Labels, Metric, MetricName,
    Native, Scrape, Summary, Value,
};

/// What a scrape of one metric tells: numbers of each series, and its exemplars.
#[derive(Debug, Default)]
struct Seen {
    labels: Vec<String>,
    values: Vec<Vec<f64>>,
    exemplars: Vec<(String, f64)>,
}

impl Encoder for Seen {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        self.labels.push(labels.to_string());
        self.values.push(match value {
            Value::Number(number) => vec![number.as_f64()],
            Value::Summary(summary) => vec![summary.count() as f64, summary.sum()],
            Value::Histogram(histogram) => {
                let counts = histogram.buckets().map(|(_, count)| count.as_f64());
                let native = histogram.native().map(|native| native.count().as_f64());
                counts.chain(native).chain([histogram.sum()]).collect()
            }
            other => panic!("{other:?}"),
        });
    }

    fn sample_with(&mut self, labels: Labels<'_>, value: Value<'_>, extras: &Extras<'_>) {
        let exemplars = extras.exemplars().iter();
        self.exemplars.extend(exemplars.map(|exemplar| (exemplar.labels().to_string(), exemplar.value())));
        self.sample(labels, value);
    }
}

fn scrape(collector: &impl Collector) -> Seen {
    let mut seen = Seen::default();
    let mut scrape = Scrape::new(&mut seen);
    collector.collect(&mut scrape);
    assert!(scrape.finish().is_empty());
    seen
}

/// Runs `other` on another thread while `this` runs on this one.
///
/// What only reads is to be `other`, as loom then runs it second: it does not see that an update conflicts
/// with an earlier read of another thread if the update has read the same before.
fn beside<T: Send + Sync + 'static>(shared: T, other: fn(&T), this: impl FnOnce(&T)) -> Arc<T> {
    let shared = Arc::new(shared);
    let its = Arc::clone(&shared);
    let thread = thread::spawn(move || other(&its));
    this(&shared);
    thread.join().unwrap();
    shared
}

#[test]
fn a_counter_that_grows_loses_nothing() {
    explore("counter, two updates each", || {
        let update = |counter: &Counter| (0..2).for_each(|_| counter.inc());
        let counter = beside(Counter::<u64>::new(), update, update);
        assert_eq!(counter.get(), 4);
    });
}

#[test]
fn a_counter_that_grows_never_goes_down() {
    explore("counter, two updates against two reads", || {
        let read = |counter: &Counter| {
            let first = counter.get();
            let second = counter.get();
            assert!(first <= second && second <= 2, "{first} {second}");
        };
        beside(Counter::<u64>::new(), read, |counter| (0..2).for_each(|_| counter.inc()));
    });
}

#[test]
fn a_float_counter_that_grows_loses_nothing() {
    for amount in [1.0, 0.5] {
        explore(&format!("float counter, two updates by {amount} each"), move || {
            let update = move |counter: &Counter<f64>| (0..2).for_each(|_| counter.inc_by(amount).unwrap());
            let shared = Arc::new(Counter::<f64>::new());
            let its = Arc::clone(&shared);
            let thread = thread::spawn(move || update(&its));
            update(&shared);
            thread.join().unwrap();
            assert_eq!(shared.get(), 4.0 * amount);
        });
    }
}

#[test]
fn a_float_counter_never_goes_down() {
    explore("float counter, a whole and a fraction against two reads", || {
        let read = |counter: &Counter<f64>| {
            let first = counter.get();
            let second = counter.get();
            assert!(first <= second && second <= 1.5, "{first} {second}");
        };
        let update = |counter: &Counter<f64>| [1.0, 0.5].into_iter().for_each(|v| counter.inc_by(v).unwrap());
        beside(Counter::<f64>::new(), read, update);
    });
}

#[test]
fn a_float_gauge_loses_no_addition() {
    explore("gauge, two additions each", || {
        let update = |gauge: &Gauge<f64>| (0..2).for_each(|_| gauge.add(1.5));
        assert_eq!(beside(Gauge::<f64>::new(), update, update).get(), 6.0);
    });
}

#[test]
fn a_summary_that_grows_loses_nothing() {
    explore("summary, two observations each", || {
        let observe = |summary: &Metric<Summary>| (0..2).for_each(|_| summary.observe(3.0));
        let summary = beside(Metric::summary("s", ""), observe, observe);
        assert_eq!(scrape(&*summary).values, [[4.0, 12.0]]);
    });
}

#[test]
fn a_summary_is_whole_whenever_it_is_scraped() {
    explore("summary, two observations against a scrape", || {
        let read = |summary: &Metric<Summary>| {
            let [count, sum] = scrape(summary).values[0][..] else { panic!("two numbers") };
            assert_eq!(sum, 3.0 * count);
        };
        let observe = |summary: &Metric<Summary>| (0..2).for_each(|_| summary.observe(3.0));
        beside(Metric::summary("s", ""), read, observe);
    });
}

#[test]
fn a_histogram_that_grows_loses_nothing() {
    explore("histogram, two observations each", || {
        let observe =
            |histogram: &Metric<Histogram>| [1.0, 2.0].into_iter().for_each(|v| histogram.observe(v));
        // Made by the first of the two.
        let histogram = beside(Metric::histogram("h", "", &[1.5]), observe, observe);
        assert_eq!(scrape(&*histogram).values, [[2.0, 4.0, 6.0]]);
    });
}

#[test]
fn a_histogram_is_whole_whenever_it_is_scraped() {
    explore("histogram, two observations against a scrape", || {
        let observe =
            |histogram: &Metric<Histogram>| [1.0, 2.0].into_iter().for_each(|v| histogram.observe(v));
        beside(Metric::histogram("h", "", &[1.5]), observe, |histogram| {
            let [below, all, sum] = scrape(histogram).values[0][..] else { panic!("three numbers") };
            assert_eq!(sum, below + (all - below) * 2.0, "{below} of {all}");
        });
    });
}

/// Which of 1, 2, 4 … were observed, of which there is one bucket for each.
fn observed(histogram: &Metric<Histogram>) -> u32 {
    let [small, all, native, sum] = scrape(histogram).values[0][..] else { panic!("four numbers") };
    let bits = sum as u32;
    let expected = (f64::from(bits & 1), f64::from(bits.count_ones()));
    assert_eq!((small, all, native), (expected.0, expected.1, expected.1), "{bits:b}");
    bits
}

/// Of one bucket.
fn native_histogram(native: Native) -> Metric<Histogram> {
    Metric::histogram("h", "", &[1.5]).with_native(native.max_buckets(1))
}

#[test]
fn a_native_histogram_is_whole_whenever_it_is_scraped() {
    explore("native histogram: an observation against two and a scrape", || {
        let histogram = beside(
            native_histogram(Native::with_schema(0)),
            |histogram| histogram.observe(4.0),
            |histogram| {
                [1.0, 2.0].into_iter().for_each(|v| histogram.observe(v));
                assert!([0b011, 0b111].contains(&observed(histogram)));
            },
        );
        assert_eq!(observed(&histogram), 0b111);
    });
}

#[test]
fn a_native_histogram_that_is_set_back_holds_what_came_after() {
    explore("native histogram that is set back: observations against a scrape", || {
        // In a model, time passes whenever it is asked for: each bucket too many sets the histogram back.
        let native = Native::with_schema(0).reset_after(Duration::from_millis(1));
        let histogram = beside(
            native_histogram(native),
            |histogram| histogram.observe(2.0),
            |histogram| histogram.observe(1.0),
        );
        // There may be a stripe for each thread by now, or one.
        let before = observed(&histogram);
        assert!([0b01, 0b10, 0b11].contains(&before));
        let its = Arc::clone(&histogram);
        let thread = thread::spawn(move || observed(&its));
        [4.0, 8.0].into_iter().for_each(|v| histogram.observe(v));
        let meanwhile = thread.join().unwrap();
        let possible = [before, before | 0b0100, 0b0100, 0b1000, before | 0b1100, 0b1100];
        assert!(possible.contains(&meanwhile), "{before:b} {meanwhile:b}");
        // Nobody is in the way now, so both of these go to the same stripe.
        [16.0, 32.0].into_iter().for_each(|v| histogram.observe(v));
        assert_eq!(observed(&histogram), 32);
    });
}

#[test]
fn an_exemplar_has_the_labels_and_the_value_of_one_update() {
    explore("exemplar, two updates against a scrape and an update", || {
        fn update(counter: &Metric<Counter>, n: u64) {
            counter.inc_by_with_exemplar(n, [("n", &*n.to_string())]).unwrap();
        }
        let counter = beside(
            Metric::counter("c", ""),
            |counter| [1, 2].into_iter().for_each(|n| update(counter, n)),
            |counter| {
                update(counter, 3);
                for (labels, value) in scrape(counter).exemplars {
                    assert_eq!(labels, format!("n=\"{value}\""));
                }
            },
        );
        assert_eq!((counter.get(), scrape(&*counter).exemplars.len()), (6, 1));
    });
}

fn family() -> Family<Counter, 1> {
    Family::counter("f_total", "", ["a"])
}

#[test]
fn two_threads_that_ask_for_a_new_series_get_the_same_one() {
    explore("creation of one series by two", || {
        let count = |family: &Family<Counter, 1>| family.with(["x"]).inc();
        let family = beside(family(), count, count);
        assert_eq!((family.len(), family.with(["x"]).get()), (1, 2));
        assert_eq!(scrape(&*family).labels, ["a=\"x\""]);
    });
}

#[test]
fn two_series_that_are_made_at_once_are_both_there() {
    explore("creation of two series", || {
        let other = |family: &Family<Counter, 1>| family.with(["y"]).inc();
        let family = beside(family(), other, |family| family.with(["x"]).inc());
        assert_eq!((family.with(["x"]).get(), family.with(["y"]).get(), family.len()), (1, 1, 2));
    });
}

#[test]
fn a_series_is_found_while_others_fill_its_block_and_the_next() {
    explore("lookup against creation", || {
        let shared = family();
        shared.with(["x"]).inc();
        let look = |family: &Family<Counter, 1>| {
            assert!(family.get(["x"]).is_some_and(|child| child.get() == 1));
            // Either of them may be there or not, and is itself if it is.
            assert!(family.get(["z"]).is_none_or(|child| child.get() <= 3));
        };
        beside(shared, look, |family| {
            family.with(["y"]).inc_by(2);
            family.with(["z"]).inc_by(3);
        });
    });
}

#[test]
fn a_scrape_sees_each_series_with_its_own_labels_while_others_are_made() {
    explore("scrape against creation", || {
        let shared = family();
        shared.with(["x"]).inc();
        let look = |family: &Family<Counter, 1>| {
            let seen = scrape(family);
            let all = ["a=\"x\"", "a=\"yy\"", "a=\"z\""];
            assert_eq!(seen.labels, all[..seen.labels.len()]);
            assert!(!seen.labels.is_empty() && seen.values[0] == [1.0]);
        };
        beside(shared, look, |family| {
            let _ = (family.with(["yy"]), family.with(["z"]));
        });
    });
}

#[test]
fn an_update_during_a_removal_is_in_the_old_series_or_in_a_new_one() {
    explore("removal against lookup and update", || {
        let shared = family();
        let old = shared.handle(["x"]);
        let update = |family: &Family<Counter, 1>| family.with(["x"]).inc();
        let family = beside(shared, update, |family| assert!(family.remove(["x"])));
        let new = family.get(["x"]).map_or(0, |child| child.get());
        assert_eq!(old.get() + new, 1);
        assert_eq!(family.len() as u64, new);
        // A new series does not count what the old one did.
        assert_eq!(family.with(["x"]).get(), new);
    });
}

#[test]
fn a_scrape_during_a_removal_sees_the_series_or_not() {
    explore("scrape against removal", || {
        let shared = family();
        ["x", "y", "z"].into_iter().for_each(|value| shared.with([value]).inc());
        let look = |family: &Family<Counter, 1>| {
            let seen = scrape(family).labels;
            assert!(seen == ["a=\"x\"", "a=\"y\"", "a=\"z\""] || seen == ["a=\"x\"", "a=\"z\""], "{seen:?}");
        };
        let family = beside(shared, look, |family| assert!(family.remove(["y"])));
        assert_eq!(scrape(&*family).labels.len(), 2);
    });
}

#[test]
fn one_of_two_removals_takes_a_series_out() {
    explore("removal against removal", || {
        let shared = family();
        let _ = shared.with(["x"]);
        let family = Arc::new(shared);
        let its = Arc::clone(&family);
        let thread = thread::spawn(move || its.remove(["x"]));
        let removed = family.remove(["x"]);
        assert_ne!(thread.join().unwrap(), removed);
        assert!(family.is_empty() && family.get(["x"]).is_none());
    });
}

#[test]
fn what_is_made_while_a_family_is_cleared_is_there_or_not() {
    explore("clearing against creation and update", || {
        let shared = family();
        let old = shared.handle(["x"]);
        let update =
            |family: &Family<Counter, 1>| ["y", "x"].into_iter().for_each(|value| family.with([value]).inc());
        let family = beside(shared, update, |family| family.clear());
        let new = family.get(["x"]).map_or(0, |child| child.get());
        assert_eq!(old.get() + new, 1);
        let labels = scrape(&*family).labels;
        let expected: Vec<_> =
            ["y", "x"].into_iter().filter(|value| family.get([*value]).is_some()).collect();
        assert_eq!(labels, expected.iter().map(|value| format!("a=\"{value}\"")).collect::<Vec<_>>());
        assert_eq!(family.len(), expected.len());
    });
}

/// Counts 1 and 2 by `count` while another thread scrapes, and scrapes until the series is gone. What the
/// family needs for that is there, but nothing was counted: see [`beside`].
fn each_count_is_seen_before_the_series_goes(
    family: Family<Counter, 1>,
    count: impl Fn(&Family<Counter, 1>, u64),
) {
    type Shared = (Family<Counter, 1>, AtomicU64);
    let look = |(family, seen): &Shared| {
        let bits = scrape(family).values.iter().fold(0, |bits, value| bits | value[0] as u64);
        seen.fetch_or(bits, Relaxed);
    };
    let shared = (family, AtomicU64::new(0));
    let shared = beside(shared, look, |(family, _)| (1..=2).for_each(|bit| count(family, bit)));
    (0..2).for_each(|_| look(&shared));
    assert_eq!(shared.1.load(Relaxed), 3, "each of the two updates was seen");
    assert!(shared.0.is_empty() && scrape(&shared.0).labels.is_empty());
}

#[test]
fn what_an_owner_did_last_is_scraped_before_the_series_goes() {
    explore("owner against a scrape", || {
        let family = family();
        drop(family.owned(["x"]));
        each_count_is_seen_before_the_series_goes(family, |family, n| family.owned(["x"]).inc_by(n));
    });
}

#[test]
fn an_idle_series_is_scraped_once_more_before_it_goes() {
    explore("idle series: two updates against a scrape", || {
        let family = family().expire_after(Duration::ZERO);
        drop(family.with(["x"]));
        each_count_is_seen_before_the_series_goes(family, |family, n| family.with(["x"]).inc_by(n));
    });
}

#[test]
fn a_series_that_is_held_does_not_go() {
    explore("idle series: held against a scrape", || {
        let look = |family: &Family<Counter, 1>| drop(scrape(family));
        let shared = family().expire_after(Duration::ZERO);
        drop(shared.with(["x"]));
        beside(shared, look, |family| {
            let held = family.with(["x"]);
            held.inc();
            assert_eq!(family.with(["x"]).get(), 1, "it is the same");
        });
    });
}
