//! Updates and scrapes from the destructor of a thread-local count, whether the thread used the library
//! before or not.

use std::cell::RefCell;
use std::sync::{Arc, Barrier};

use rutheus::{
    Collector, CollectorRegistry, Counter, Family, Gauge, Histogram, Metric, Registry, Summary,
    generate_metrics,
};

static WHOLE: Metric<Counter> = Metric::counter("whole_total", "W.");
static FLOAT: Metric<Counter<f64>> = Metric::counter_f64("float_total", "F.");
static LEVEL: Metric<Gauge> = Metric::gauge("level", "L.");
static SIZES: Metric<Histogram> = Metric::histogram("sizes", "S.", &[1.0]);
static ROWS: Metric<Summary> = Metric::summary("rows", "R.");
static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "J.", ["thread"]);

const THREADS: usize = 8;
const UPDATES: usize = 5_000;

/// Updates and scrapes everything when it is dropped, which is the last that its thread does.
struct Last {
    thread: usize,
    registry: Arc<CollectorRegistry>,
    start: Arc<Barrier>,
}

impl Drop for Last {
    fn drop(&mut self) {
        self.start.wait();
        for _ in 0..UPDATES {
            WHOLE.inc();
            FLOAT.inc_by(0.5).unwrap();
            LEVEL.inc();
            SIZES.observe(0.5);
            ROWS.observe(0.5);
            JOBS.with(["all"]).inc();
        }
        JOBS.with((self.thread,)).inc();
        assert!(generate_metrics(&*self.registry).contains("\nwhole_total "));
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

#[test]
fn what_a_thread_does_while_it_ends_counts() {
    let registry = Arc::new(CollectorRegistry::new());
    let all: [&'static dyn Collector; 6] = [&WHOLE, &FLOAT, &LEVEL, &SIZES, &ROWS, &JOBS];
    for collector in all {
        registry.register(Arc::new(collector)).unwrap();
    }
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let last = Last { thread, registry: Arc::clone(&registry), start: Arc::clone(&start) };
            std::thread::spawn(move || {
                // Thread-locals of the library begin before ours in half of the threads, after it in the
                // others; which are gone first then differs.
                let first_use = || assert!(generate_metrics(&*last.registry).len() > 1);
                if thread % 2 == 0 {
                    first_use();
                }
                LAST.set(Some(last));
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let n = THREADS * UPDATES;
    assert_eq!(WHOLE.get(), n as u64);
    assert_eq!((FLOAT.get(), LEVEL.get()), (n as f64 / 2.0, n as f64));
    assert_eq!((SIZES.snapshot().count(), SIZES.snapshot().sum()), (n as u64, n as f64 / 2.0));
    assert_eq!((ROWS.count(), ROWS.sum()), (n as u64, n as f64 / 2.0));
    assert_eq!((JOBS.with(["all"]).get(), JOBS.len()), (n as u64, THREADS + 1));
}
