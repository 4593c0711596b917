//! Families that limit how many series they have, and how long.

mod common;

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use common::scrape;
use metrics_core::{Counter, Family, Gauge, Histogram, Summary};

const IDLE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(1 << 30);

fn labels<M: metrics_core::FromOptions, const N: usize>(family: &Family<M, N>) -> Vec<String> {
    let lines = scrape(family).0;
    lines
        .iter()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn threads_that_reach_the_limit_at_once_do_not_pass_it() {
    const THREADS: u64 = 8;
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]).max_series(50);
    let start = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (family, start) = (&family, &start);
            scope.spawn(move || {
                start.wait();
                for i in 0..1000 {
                    family.with((thread * 1_000_000 + i,)).inc();
                    assert!(family.len() <= 51);
                }
            });
        }
    });
    assert_eq!(family.len(), 51);
    assert_eq!(family.with([Family::<Counter, 1>::OVERFLOW]).get(), THREADS * 1000 - 50);
}

#[test]
fn what_is_refused_makes_no_series_and_what_is_removed_makes_room() {
    let family: Family<Gauge, 1> = Family::gauge("f", "F.", ["a"]).max_series(2);
    family.try_with(["x"]).unwrap().set(1.0);
    family.try_handle(["y"]).unwrap().set(2.0);
    let error = family.try_with(["z"]).unwrap_err();
    assert_eq!((error.family(), error.limit()), ("f", 2));
    assert_eq!(
        error.to_string(),
        "family \"f\" has 2 series, which is its limit: raise it, or give fewer label values"
    );
    assert!(family.get(["z"]).is_none() && family.try_with(["x"]).is_ok());
    assert_eq!((family.len(), family.overflowed()), (2, 1));
    // The overflow series stands beside the others, and does not take the room of one.
    family.with(["z"]).set(3.0);
    assert_eq!(labels(&family), ["{a=\"x\"}", "{a=\"y\"}", "{a=\"_overflow\"}"]);
    assert!(family.remove(["x"]));
    family.try_with(["z"]).unwrap().set(4.0);
    assert!(family.try_with(["w"]).is_err());
    assert_eq!(labels(&family), ["{a=\"y\"}", "{a=\"_overflow\"}", "{a=\"z\"}"]);
    let none: Family<Gauge, 1> = Family::gauge("none", "N.", ["a"]).max_series(0);
    none.with(["x"]).set(1.0);
    assert_eq!(labels(&none), ["{a=\"_overflow\"}"]);
}

#[test]
fn an_idle_series_is_shown_once_more_and_one_that_is_held_stays() {
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]).expire_after(IDLE);
    family.with(["idle"]).inc();
    let handle = family.handle(["handle"]);
    let child = family.with(["child"]);
    let other = child.to_handle();
    assert_eq!(scrape(&family).0.len(), 4);
    assert_eq!(labels(&family), ["{a=\"handle\"}", "{a=\"child\"}"]);
    drop(child);
    assert_eq!(labels(&family).len(), 2);
    drop(other.clone());
    assert_eq!(labels(&family).len(), 2, "a clone is held");
    drop((other, handle));
    assert_eq!(labels(&family).len(), 2, "shown once more");
    assert!(labels(&family).is_empty() && family.is_empty());
    // It begins anew.
    family.with(["idle"]).inc();
    assert_eq!(family.get(["idle"]).unwrap().get(), 1);
}

#[test]
fn timers_and_guards_hold_their_series() {
    let seconds: Family<Histogram, 1> = Family::histogram("s", "S.", ["a"], &[1e9]).expire_after(IDLE);
    let rows: Family<Summary, 1> = Family::summary("r", "R.", ["a"]).expire_after(IDLE);
    let busy: Family<Gauge<i64>, 1> = Family::gauge_i64("b", "B.", ["a"]).expire_gauges_after(IDLE);
    let timers = (seconds.with(["x"]).start_timer(), rows.handle(["x"]).start_timer());
    let guards = (busy.with(["x"]).track_in_progress(), busy.handle(["y"]).track_in_progress());
    for _ in 0..3 {
        assert_eq!((labels(&seconds).len(), labels(&rows).len(), labels(&busy).len()), (1, 1, 2));
    }
    assert_eq!(scrape(&busy).0[1..], [r#"{a="x"} 1"#, r#"{a="y"} 1"#]);
    drop((timers, guards));
    // Shown once more, with what the timers observed.
    assert!(scrape(&seconds).0[1].starts_with(r#"{a="x"} [(1000000000.0, 1), (inf, 1)]"#));
    assert!(scrape(&rows).0[1].starts_with(r#"{a="x"} count 1 "#));
    assert!(labels(&seconds).is_empty() && labels(&rows).is_empty());
    assert_eq!(scrape(&busy).0[1..], [r#"{a="x"} 0"#, r#"{a="y"} 0"#]);
    assert!(labels(&busy).is_empty());
}

#[test]
fn a_series_that_is_not_idle_for_long_enough_stays() {
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]).expire_after(LONG);
    family.with(["x"]).inc();
    (0..3).for_each(|_| assert_eq!(labels(&family).len(), 1));
    let never: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]).expire_after(Duration::MAX);
    never.with(["x"]).inc();
    (0..3).for_each(|_| assert_eq!(labels(&never).len(), 1));
}

#[test]
fn an_owned_series_goes_with_its_last_owner_after_one_more_scrape() {
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]);
    family.with(["stays"]).inc();
    let owner = family.owned(["x"]);
    let other = (owner.clone(), family.owned(["x"]));
    owner.inc();
    (0..2).for_each(|_| assert_eq!(labels(&family).len(), 2));
    drop(owner);
    (0..2).for_each(|_| assert_eq!(labels(&family).len(), 2));
    let handle = other.0.handle();
    drop(other);
    handle.inc();
    assert_eq!(scrape(&family).0[1..], [r#"{a="stays"} 1"#, r#"{a="x"} 2"#]);
    assert_eq!(labels(&family), [r#"{a="stays"}"#]);
    // A new owner before that scrape goes on with the same series.
    let first = family.owned(["y"]);
    first.inc();
    drop(first);
    let second = family.owned(["y"]);
    second.inc();
    (0..2).for_each(|_| assert_eq!(scrape(&family).0[2], r#"{a="y"} 2"#));
    drop(second);
    // What is removed by hand is not removed again when it is there anew.
    let third = family.owned(["y"]);
    assert!(family.remove(["y"]));
    family.with(["y"]).inc();
    drop((third.clone(), third));
    (0..2).for_each(|_| assert_eq!(scrape(&family).0[2], r#"{a="y"} 1"#));
}

#[test]
fn an_owner_beyond_the_limit_does_not_take_the_overflow_series_along() {
    let family: Family<Counter, 1> = Family::counter("f_total", "F.", ["a"]).max_series(1);
    let (first, second) = (family.owned(["x"]), family.owned(["y"]));
    first.inc();
    second.inc();
    drop((first, second));
    assert_eq!(labels(&family), [r#"{a="x"}"#, r#"{a="_overflow"}"#]);
    assert_eq!(labels(&family), [r#"{a="_overflow"}"#]);
}

/// Each update adds a bit of its own, so that what the scrapes show tells exactly which were seen.
fn nothing_leaves_unseen(family: &Family<Counter, 2>, update: impl Fn(u64, u64, u64) + Sync) {
    const THREADS: u64 = 4;
    const SERIES: u64 = 50;
    const BITS: u64 = 12;
    let (start, running) = (Barrier::new(THREADS as usize + 1), AtomicUsize::new(THREADS as usize));
    let stop = AtomicBool::new(false);
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut look = || {
        for line in scrape(family).0.iter().filter(|line| !line.starts_with('#')) {
            let (labels, value) = line.rsplit_once(' ').unwrap();
            *seen.entry(labels.to_owned()).or_default() |= value.parse::<u64>().unwrap();
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (start, running, update, stop) = (&start, &running, &update, &stop);
            scope.spawn(move || {
                start.wait();
                for series in 0..SERIES {
                    for bit in 0..BITS {
                        update(thread, series, 1 << bit);
                        if (series + bit) % 3 == 0 {
                            std::thread::yield_now();
                        }
                    }
                }
                if running.fetch_sub(1, Relaxed) == 1 {
                    stop.store(true, Relaxed);
                }
            });
        }
        start.wait();
        while !stop.load(Relaxed) {
            look();
        }
    });
    look();
    assert_eq!(seen.len() as u64, THREADS * SERIES);
    assert!(seen.values().all(|bits| *bits == (1 << BITS) - 1), "{seen:?}");
    assert!(labels(family).is_empty());
}

#[test]
fn no_update_is_lost_when_a_series_expires_under_threads_and_scrapes() {
    let family: Family<Counter, 2> =
        Family::counter("f_total", "F.", ["thread", "series"]).expire_after(IDLE);
    nothing_leaves_unseen(&family, |thread, series, bit| family.with((thread, series)).inc_by(bit));
}

#[test]
fn no_update_of_an_owner_is_lost_when_the_series_goes_with_it() {
    let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["thread", "series"]);
    nothing_leaves_unseen(&family, |thread, series, bit| family.owned((thread, series)).inc_by(bit));
}
