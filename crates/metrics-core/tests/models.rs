//! What threads do to one instrument or family, in every order of steps that two or three of them can
//! take: run by `cargo xtask loom`. In a model, an instrument has two cells for threads, and every update
//! that looks for contention finds it.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use metrics_core::__private::sync::explore;
use metrics_core::{
    Collector, Counter, Descriptor, Encoder, Extras, Gauge, Histogram, Labels, Metric, MetricName, Scrape,
    Summary, Value,
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
                counts.chain([histogram.sum()]).collect()
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
