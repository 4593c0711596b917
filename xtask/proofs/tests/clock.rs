//! Clocks that go backwards: this test stands in for the system's, as the function by which the standard
//! library asks for the time is looked up in the program first.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use rutheus::{Gauge, Histogram, Summary};

/// What is added to both clocks.
static SECONDS: AtomicI64 = AtomicI64::new(0);

/// # Safety
///
/// `time` points to a `timespec` that can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the kernel writes to `time` only, which the caller says can be written.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 {
        // SAFETY: as above, and it was written just now.
        unsafe { (*time).tv_sec += SECONDS.load(Relaxed) };
    }
    result as libc::c_int
}

#[test]
fn a_clock_that_goes_backwards_makes_no_negative_duration() {
    let (seconds, rows, last) = (Histogram::new(&[1.0]), Summary::new(), Gauge::<f64>::new());
    let timers = (seconds.start_timer(), rows.start_timer());
    last.set_to_current_time();
    let before = last.get();
    assert!(before > 1e9);

    SECONDS.store(-3600, Relaxed);
    assert_eq!(timers.0.observe(), 0.0);
    drop(timers.1);
    assert_eq!((seconds.snapshot().count(), seconds.snapshot().sum()), (1, 0.0));
    assert_eq!((rows.count(), rows.sum()), (1, 0.0));
    // The time of day is told as it is.
    last.set_to_current_time();
    assert!(last.get() < before - 3000.0);

    // Before 1970, by less than an hour.
    SECONDS.store(-(before as i64) - 3600, Relaxed);
    last.set_to_current_time();
    assert!((-3600.0..0.0).contains(&last.get()), "{}", last.get());

    // And forwards again, while a timer runs.
    let timer = seconds.start_timer();
    SECONDS.store(0, Relaxed);
    assert!(timer.observe() >= before);
    assert_eq!(seconds.snapshot().count(), 2);
}
