//! Processes that end while they are scraped, and processes that are forked while others register.
// Where words are halves under a lock, a child may find it held.
#![cfg(all(unix, target_has_atomic = "64", not(metrics_core_no_atomic64)))]

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rutheus::{
    Collector, CollectorRegistry, Counter, Family, Gauge, Histogram, Metric, Register, Registry, Summary,
    generate_metrics,
};

const PATIENCE: Duration = Duration::from_secs(60);

static HITS: Metric<Counter> = Metric::counter("hits_total", "H.");
static SECONDS: Metric<Counter<f64>> = Metric::counter_f64("busy_seconds_total", "B.");
static LEVEL: Metric<Gauge> = Metric::gauge("level", "L.");
static SIZES: Metric<Histogram> = Metric::histogram("sizes", "S.", &[1.0]);
static ROWS: Metric<Summary> = Metric::summary("rows", "R.");
static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "J.", ["queue"]);

/// Set for the process that a test starts of itself.
const ROLE: &str = "RUTHEUS_TEST_ROLE";

#[test]
fn a_process_that_ends_while_it_is_scraped_ends() {
    const NAME: &str = "a_process_that_ends_while_it_is_scraped_ends";
    if std::env::var_os(ROLE).is_some() {
        end_while_scraped();
    }
    for _ in 0..5 {
        let this = std::env::current_exe().expect("a test knows where it is");
        let child = Command::new(this)
            .args(["--exact", NAME])
            .env(ROLE, "ends")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(wait(child).code(), Some(7));
    }
}

fn end_while_scraped() -> ! {
    static SCRAPES: AtomicUsize = AtomicUsize::new(0);
    let registry = Arc::new(CollectorRegistry::new());
    let all: [&'static dyn Collector; 4] = [&HITS, &SIZES, &ROWS, &JOBS];
    for collector in all {
        registry.register(Arc::new(collector)).unwrap();
    }
    for thread in 0..4 {
        let registry = Arc::clone(&registry);
        std::thread::spawn(move || {
            loop {
                (0..100).for_each(|n| JOBS.with((n,)).inc());
                HITS.inc();
                SIZES.observe(1.0);
                ROWS.observe(1.0);
                if thread % 2 == 0 {
                    JOBS.clear();
                }
                assert!(!generate_metrics(&*registry).is_empty());
                SCRAPES.fetch_add(1, Relaxed);
            }
        });
    }
    let deadline = Instant::now() + PATIENCE;
    while SCRAPES.load(Relaxed) < 20 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    std::process::exit(7)
}

/// Waits for a child, and ends it and fails if it does not end itself.
fn wait(mut child: Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the process does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_forked_child_counts_on_whatever_the_other_threads_were_doing() {
    let registry = CollectorRegistry::new();
    registry.register(Arc::new(&JOBS as &dyn Collector)).unwrap();
    let mail = JOBS.handle(["mail"]);
    let _ = JOBS.with(["print"]);
    SIZES.observe(0.5);
    ROWS.observe(0.5);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Every lock there is is taken all the time, by threads that the child does not have.
        for thread in 0..4 {
            let (registry, done) = (&registry, &done);
            scope.spawn(move || {
                for n in 0u64.. {
                    if done.load(Relaxed) {
                        break;
                    }
                    let name = format!("gauge_{thread}_{}", n % 8);
                    let _ = Metric::try_new(name.clone(), "G.", Gauge::<f64>::new())
                        .unwrap()
                        .register_in(registry);
                    JOBS.with((n % 50,)).inc();
                    JOBS.remove((n % 50,));
                    HITS.inc();
                    SECONDS.inc_by(0.5).unwrap();
                    assert!(!generate_metrics(registry).is_empty());
                    let _ = registry.unregister(&name);
                }
            });
        }
        let _finally = Finally(&done);
        for _ in 0..30 {
            fork(|| {
                let hits = HITS.get();
                for _ in 0..10_000 {
                    HITS.inc();
                    let _ = SECONDS.inc_by(0.5);
                    LEVEL.inc();
                    SIZES.observe(0.5);
                    ROWS.observe(0.5);
                    mail.inc();
                    JOBS.with(["print"]).inc();
                }
                // No thread but this one counts here.
                HITS.get() == hits + 10_000 && mail.get() == 10_000
            });
        }
    });
    assert_eq!((mail.get(), LEVEL.get(), ROWS.count()), (0, 0.0, 1), "the child's memory is its own");
}

struct Finally<'a>(&'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Runs `f` in a child, which must end with true in time.
fn fork(f: impl FnOnce() -> bool) {
    // SAFETY: the child, which has this thread only, updates metrics that exist and ends without running
    // anything else of the process.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let code = i32::from(!f());
        // SAFETY: it has no conditions.
        unsafe { libc::_exit(code) };
    }
    assert!(child > 0, "no child");
    let deadline = Instant::now() + PATIENCE;
    let mut status = 0;
    loop {
        // SAFETY: `status` can be written.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        if ended == child {
            break;
        }
        assert_eq!(ended, 0, "the child is gone");
        if Instant::now() > deadline {
            // SAFETY: it is the process that was forked above, and was not waited for yet.
            unsafe { libc::kill(child, libc::SIGKILL) };
            panic!("the child does not end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(status, 0, "what the child counted is not what it finds");
}
