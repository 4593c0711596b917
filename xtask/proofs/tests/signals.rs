//! A counter and a gauge may be updated from a signal handler, also one that interrupts an update of the
//! same instrument.
// Where words are halves under a lock, nothing may be updated from a handler.
#![cfg(all(unix, target_has_atomic = "64", not(metrics_core_no_atomic64)))]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rutheus::{Counter, Family, Gauge, Handle, Metric};

static WHOLE: Metric<Counter> = Metric::counter("whole_total", "W.");
static FLOAT: Metric<Counter<f64>> = Metric::counter_f64("float_total", "F.");
static LEVEL: Metric<Gauge> = Metric::gauge("level", "L.");
static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "J.", ["queue"]);
static MAIL: OnceLock<Handle<Counter>> = OnceLock::new();
static HANDLED: AtomicU64 = AtomicU64::new(0);

fn update() {
    WHOLE.inc();
    let _ = FLOAT.inc_by(0.25);
    LEVEL.add(2.0);
    if let Some(mail) = MAIL.get() {
        mail.inc();
    }
    // Looked up, in a family that nothing else changes meanwhile.
    JOBS.with(["print"]).inc();
}

extern "C" fn on_signal(_: libc::c_int) {
    update();
    HANDLED.fetch_add(1, Relaxed);
}

#[test]
fn updates_from_a_handler_that_interrupts_updates_are_all_counted() {
    const SIGNALS: u64 = 2_000;
    let _ = MAIL.set(JOBS.handle(["mail"]));
    let _ = JOBS.with(["print"]);
    let handler: extern "C" fn(libc::c_int) = on_signal;
    // SAFETY: the handler has the signature that is asked for, and does what a handler may: it changes
    // atomics, and neither allocates nor takes a lock.
    let before = unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    assert_ne!(before, libc::SIG_ERR);
    // SAFETY: it has no conditions.
    let this = unsafe { libc::pthread_self() };
    let sender = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(60);
        for sent in 1..=SIGNALS {
            // SAFETY: that thread joins this one, so it is there.
            let result = unsafe { libc::pthread_kill(this, libc::SIGUSR1) };
            assert_eq!(result, 0);
            // Two that are under way at once may be delivered as one.
            while HANDLED.load(Relaxed) < sent {
                assert!(Instant::now() < deadline, "a signal was not handled");
                std::thread::yield_now();
            }
        }
    });
    let mut own = 0;
    while !sender.is_finished() {
        update();
        own += 1;
    }
    sender.join().unwrap();
    let n = own + SIGNALS;
    assert_eq!((WHOLE.get(), FLOAT.get(), LEVEL.get()), (n, n as f64 / 4.0, n as f64 * 2.0));
    assert_eq!((JOBS.with(["mail"]).get(), JOBS.with(["print"]).get()), (n, n));
}
