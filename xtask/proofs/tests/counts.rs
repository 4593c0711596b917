//! Nothing is missing and nothing is counted twice, whatever threads do to each other: more of them than
//! there are cores, preempted at odd places, while instruments grow cells, series are removed and made
//! again, and scrapes run.
//!
//! `RUTHEUS_INCREMENTS` is the number of increments of each test; `cargo xtask long` runs 10^9.

#[path = "../../../crates/rutheus/tests/support/page.rs"]
mod page;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use rutheus::{
    Collector, CollectorRegistry, Counter, Family, Gauge, Handle, Histogram, Metric, Registry, Summary,
    generate_metrics,
};

/// More than the cores of most machines that run this, so that threads are preempted half-way.
const THREADS: usize = 8;
const SCRAPERS: usize = 2;

fn increments() -> u64 {
    std::env::var("RUTHEUS_INCREMENTS").map_or(200_000, |n| n.parse().expect("a number of increments"))
}

/// Odd places to be preempted at: a linear sequence that passes for random.
struct Odd(u64);

impl Odd {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn preempt(&mut self) {
        match self.next() {
            n if n % 0x10000 == 0 => std::thread::sleep(Duration::from_micros(n % 50)),
            n if n % 0x400 == 0 => std::thread::yield_now(),
            _ => {}
        }
    }
}

/// Runs `work` on threads that start at once, and `watch` on some more over and over until all work is
/// done, also if a part of it fails.
fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync, watch: impl Fn() + Sync) -> Vec<T> {
    struct Done<'a>(&'a AtomicUsize);

    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Relaxed);
        }
    }

    let (start, running) = (Barrier::new(THREADS + SCRAPERS), AtomicUsize::new(THREADS));
    std::thread::scope(|scope| {
        let (start, running, work, watch) = (&start, &running, &work, &watch);
        for _ in 0..SCRAPERS {
            scope.spawn(move || {
                start.wait();
                while running.load(Relaxed) > 0 {
                    watch();
                    std::thread::yield_now();
                }
            });
        }
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let _done = Done(running);
                    start.wait();
                    work(thread)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    })
}

/// The value of the only sample of this name.
fn sample(page: &str, name: &str) -> f64 {
    let families = page::parse(page).unwrap_or_else(|error| panic!("{error}"));
    let mut samples = families.iter().flat_map(|family| &family.samples).filter(|sample| sample.name == name);
    let value = samples.next().expect("it is there").value.parse().unwrap();
    assert!(samples.next().is_none());
    value
}

#[test]
fn every_update_of_every_instrument_counts_once() {
    static WHOLE: Metric<Counter> = Metric::counter("whole_total", "W.");
    static FLOAT: Metric<Counter<f64>> = Metric::counter_f64("float_total", "F.");
    static LEVEL: Metric<Gauge<i64>> = Metric::gauge_i64("level", "L.");
    static DEPTH: Metric<Gauge> = Metric::gauge("depth", "D.");
    static SIZES: Metric<Histogram> = Metric::histogram("sizes", "S.", &[0.5, 1.5]);
    static ROWS: Metric<Summary> = Metric::summary("rows", "R.");

    let registry = CollectorRegistry::new();
    let all: [&'static dyn Collector; 6] = [&WHOLE, &FLOAT, &LEVEL, &DEPTH, &SIZES, &ROWS];
    for collector in all {
        registry.register(Arc::new(collector)).unwrap();
    }

    // Each round updates every instrument once.
    let rounds = increments() / THREADS as u64 / 6;
    let totals = at_once(
        |thread| {
            let mut odd = Odd(thread as u64);
            let (mut whole, mut quarters) = (0u64, 0u64);
            for _ in 0..rounds {
                let n = odd.next() % 4;
                WHOLE.inc_by(n);
                whole += n;
                odd.preempt();
                FLOAT.inc_by(n as f64 / 4.0).unwrap();
                quarters += n;
                LEVEL.add(n as i64 - 1);
                odd.preempt();
                DEPTH.add(n as f64 - 1.0);
                SIZES.observe(n as f64);
                odd.preempt();
                ROWS.observe(n as f64);
            }
            (whole, quarters)
        },
        || {
            let before = (WHOLE.get(), FLOAT.get(), ROWS.count(), SIZES.snapshot().count());
            let page = generate_metrics(&registry);
            // A scrape is whole, and never below what was there before it.
            let now = |name| sample(&page, name);
            assert!(now("whole_total") >= before.0 as f64 && now("float_total") >= before.1);
            assert!(now("rows_count") >= before.2 as f64 && now("sizes_count") >= before.3 as f64);
            assert!(now("rows_sum") <= 3.0 * now("rows_count"), "{page}");
            assert!(now("sizes_sum") <= 3.0 * now("sizes_count"), "{page}");
        },
    );
    let (whole, quarters) = totals.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let n = rounds * THREADS as u64;
    assert_eq!((WHOLE.get(), FLOAT.get()), (whole, quarters as f64 / 4.0));
    assert_eq!(LEVEL.get(), whole as i64 - n as i64);
    assert_eq!(DEPTH.get(), whole as f64 - n as f64);
    assert_eq!((SIZES.snapshot().count(), SIZES.snapshot().sum()), (n, whole as f64));
    assert_eq!((ROWS.count(), ROWS.sum()), (n, whole as f64));
}

#[test]
fn every_update_counts_once_while_series_are_removed_and_made_again() {
    static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "J.", ["queue", "kind"]);
    const QUEUES: [&str; 4] = ["mail", "print", "", "\"\n"];
    /// Some in the cache of the family, some only in its index.
    const KINDS: u64 = 1000;

    let registry = CollectorRegistry::new();
    registry.register(Arc::new(&JOBS as &dyn Collector)).unwrap();

    // Every series that a thread updated, by its address, which is its own as it is held.
    type Seen = HashMap<usize, Handle<Counter>>;
    let per_thread = increments() / THREADS as u64;
    let removed = AtomicUsize::new(0);
    let work = |thread: usize| {
        let (mut seen, mut odd) = (Seen::new(), Odd(thread as u64));
        let mut left = per_thread;
        while left > 0 {
            let (queue, kind) = (QUEUES[(odd.next() % 4) as usize], odd.next() % odd.next().clamp(1, KINDS));
            // In the long run more at a time, as what is removed stays in memory here.
            let at_a_time = (per_thread / 25_000).clamp(1, left);
            left -= at_a_time;
            let child = JOBS.with((queue, kind));
            for _ in 0..at_a_time {
                child.inc();
                odd.preempt();
            }
            let address = std::ptr::from_ref::<Counter>(&child) as usize;
            seen.entry(address).or_insert_with(|| child.to_handle());
            match odd.next() % 4096 {
                0 => JOBS.clear(),
                1..=8 => _ = JOBS.remove_matching(&[("queue", queue)]),
                9..=256 => _ = removed.fetch_add(usize::from(JOBS.remove((queue, kind))), Relaxed),
                _ => {}
            }
        }
        seen
    };
    let seen = at_once(work, || {
        let page = generate_metrics(&registry);
        page::parse(&page).unwrap_or_else(|error| panic!("{error}"));
    });

    let all: Seen = seen.into_iter().flatten().collect();
    let total: u64 = all.values().map(|handle| handle.get()).sum();
    assert_eq!(total, per_thread * THREADS as u64, "of {} series", all.len());
    assert!(removed.load(Relaxed) > 0, "nothing was removed");

    // What is on the page is what the family finds, and each of it is a series that was updated.
    let page = page::parse(&generate_metrics(&registry)).unwrap();
    let samples = &page[0].samples;
    assert_eq!(samples.len(), JOBS.len());
    for sample in samples {
        let child = JOBS.get([&sample.labels[0].1, &sample.labels[1].1]).expect("it is on the page");
        let address = std::ptr::from_ref::<Counter>(&child) as usize;
        assert_eq!(all[&address].get().to_string(), sample.value);
    }
}

#[test]
fn threads_that_ask_for_a_new_series_at_once_get_the_same_one() {
    for round in 0..increments() / 2000 {
        let family: Family<Summary, 1> = Family::summary("f", "F.", ["a"]);
        let handles = at_once(
            |thread| {
                // The second series of the round comes while others still make the first.
                let handle = family.handle(["x"]);
                handle.observe(1.0);
                family.with((thread % 2,)).observe(1.0);
                handle
            },
            || assert!(family.len() <= 3),
        );
        assert!(handles.iter().all(|handle| handle.count() == THREADS as u64), "round {round}");
        assert_eq!(family.len(), 3);
        assert_eq!((family.with((0,)).count(), family.with((1,)).count()), (4, 4));
        if round == 1000 {
            // More would only take longer.
            break;
        }
    }
}
