//! A scrape of a histogram is a whole, and counters never go down, while threads update.

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use metrics_core::{
    Collector, Counter, Counts, Descriptor, Encoder, Family, Histogram, Labels, Metric, MetricName, Native,
    Number, Scrape, Value,
};

const BOUNDS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];

/// Checks each histogram: bucket i holds observations of 2^i only, so that the sum tells exactly
/// which observations it adds up.
struct Checker {
    last_count: u64,
}

impl Encoder for Checker {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}

    fn sample(&mut self, _: Labels<'_>, value: Value<'_>) {
        let Value::Histogram(value) = value else { panic!("not a histogram") };
        let Counts::Integers(counts) = value.counts() else { panic!("not counted") };
        let sum: u64 = counts.iter().enumerate().map(|(i, n)| n << i).sum();
        assert_eq!(value.sum(), sum as f64, "{value:?}");
        if let Some(native) = value.native() {
            let expected = counts.iter().enumerate().filter(|(_, n)| **n > 0);
            let expected = expected.map(|(i, n)| (i as i32, Number::U64(*n)));
            assert!(native.positive().iter().eq(expected), "{value:?}");
        }
        let (bound, cumulative) = value.buckets().last().unwrap();
        assert_eq!((bound, cumulative), (f64::INFINITY, value.count()));
        let Number::U64(count) = value.count() else { panic!("not counted") };
        assert!(count >= self.last_count, "a count went down");
        self.last_count = count;
    }
}

struct StopOnDrop<'a>(&'a AtomicUsize, usize);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Relaxed);
    }
}

#[test]
fn eight_threads_observe_while_each_of_100_000_scrapes_is_whole() {
    static FAMILY: Family<Histogram, 1> = Family::histogram("f", "F.", ["a"], &BOUNDS);
    observe_and_scrape(&FAMILY, 100_000);
}

#[test]
fn eight_threads_observe_while_classic_and_native_buckets_count_the_same() {
    static FAMILY: Family<Histogram, 1> =
        Family::histogram("n", "N.", ["a"], &BOUNDS).with_native(Native::with_schema(0));
    observe_and_scrape(&FAMILY, 5_000);
}

fn observe_and_scrape(family: &Family<Histogram, 1>, until: usize) {
    const WRITERS: usize = 8;
    let handle = family.handle(["x"]);
    let start = Barrier::new(WRITERS + 1);
    let (scrapes, observed) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (handle, start, scrapes, observed) = (&handle, &start, &scrapes, &observed);
            scope.spawn(move || {
                start.wait();
                let mut n = 0u64;
                while scrapes.load(Relaxed) < until {
                    for i in 0..64 {
                        handle.observe(f64::from(1u32 << ((writer + i) % 5)));
                        n += 1;
                    }
                    // There are more threads than cores: let the one that scrapes have its turn.
                    std::thread::yield_now();
                }
                observed.fetch_add(n, Relaxed);
            });
        }
        start.wait();
        // The writers stop also when a check fails.
        let _stop = StopOnDrop(&scrapes, until);
        let mut checker = Checker { last_count: 0 };
        for _ in 0..until {
            family.collect(&mut Scrape::new(&mut checker));
            scrapes.fetch_add(1, Relaxed);
        }
    });
    let snapshot = handle.snapshot();
    assert_eq!(snapshot.count(), observed.load(Relaxed), "nothing lost, nothing double");
}

#[test]
fn a_counter_never_goes_down_while_threads_count() {
    static WHOLE: Metric<Counter> = Metric::counter("w_total", "W.");
    static FLOAT: Metric<Counter<f64>> = Metric::counter_f64("f_total", "F.");
    let start = Barrier::new(5);
    let running = AtomicUsize::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for i in 0..100_000u32 {
                    WHOLE.inc();
                    FLOAT.inc_by(if i % 2 == 0 { 1.0 } else { 0.25 }).unwrap();
                }
                running.fetch_sub(1, Relaxed);
            });
        }
        start.wait();
        let (mut whole, mut float) = (0, 0.0);
        while running.load(Relaxed) > 0 {
            let now = (WHOLE.get(), FLOAT.get());
            assert!(now.0 >= whole && now.1 >= float);
            (whole, float) = now;
        }
    });
    assert_eq!((WHOLE.get(), FLOAT.get()), (400_000, 250_000.0));
}
