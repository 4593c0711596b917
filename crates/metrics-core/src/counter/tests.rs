use core::sync::atomic::Ordering::Relaxed;

use super::Counter;
#[cfg(feature = "std")]
use super::float::Pair;
use super::whole::is_due;
#[cfg(feature = "std")]
use crate::atomic::AtomicU64;

#[test]
fn a_u64_counter_wraps() {
    let counter = Counter::<u64>::new();
    counter.inc_by(u64::MAX);
    counter.inc_by(2);
    assert_eq!(counter.get(), 1);
}

#[test]
fn a_float_counter_past_its_integer_goes_on_in_the_float() {
    let counter = Counter::<f64>::new();
    counter.cell.pair.whole.store((1 << 63) - 1, Relaxed);
    counter.inc();
    counter.inc_by(4_000_000_000.0).unwrap();
    assert_eq!(counter.cell.pair.whole.load(Relaxed), 1 << 63);
    assert_eq!(f64::from_bits(counter.cell.pair.float.load(Relaxed)), 4e9);
}

#[cfg(feature = "std")]
#[test]
fn an_increment_that_meets_others_is_added_like_any() {
    let counter = Counter::<f64>::new();
    counter.inc_by(2.0).unwrap();
    counter.add_contended(3);
    assert_eq!(counter.get(), 5.0);
}

#[cfg(feature = "std")]
#[test]
fn errors_and_panics_are_counted_and_nothing_else_is() {
    fn check<C: super::counting::Count + std::panic::RefUnwindSafe>(
        counter: &C,
        get: impl Fn() -> u64,
        count_err: impl Fn(Result<u8, u8>) -> Result<u8, u8>,
        count_panics: impl Fn(fn() -> u8) -> u8 + std::panic::RefUnwindSafe,
    ) {
        counter.count();
        assert_eq!((count_err(Ok(1)), get()), (Ok(1), 1));
        assert_eq!((count_err(Err(2)), get()), (Err(2), 2));
        assert_eq!((count_panics(|| 3), get()), (3, 2));
        assert!(std::panic::catch_unwind(|| count_panics(|| panic!("on purpose"))).is_err());
        assert_eq!(get(), 3);
    }
    let whole = Counter::<u64>::new();
    check(&whole, || whole.get(), |result| whole.count_err(result), |f| whole.count_panics(f));
    let float = Counter::<f64>::new();
    check(&float, || float.get() as u64, |result| float.count_err(result), |f| float.count_panics(f));
}

#[test]
fn bad_increments_change_nothing() {
    let counter = Counter::<f64>::new();
    counter.inc_by(0.5).unwrap();
    for v in [-1.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::MIN_POSITIVE] {
        let error = counter.inc_by(v).unwrap_err();
        assert!(error.value() == v || v.is_nan());
        assert_eq!(counter.get(), 0.5);
    }
    for v in [0.0, -0.0, 1e300, 5e-324, 4_294_967_296.0] {
        counter.inc_by(v).unwrap();
    }
    assert_eq!(counter.get(), 1e300);
}

#[cfg(feature = "std")]
#[test]
fn nothing_is_lost_while_stripes_grow() {
    const EACH: u64 = 200_000;
    let whole = Counter::<u64>::new();
    let float = Counter::<f64>::new();
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for i in 0..EACH {
                    whole.inc();
                    if i % 2 == 0 {
                        float.inc();
                    } else {
                        float.inc_by(0.5).unwrap();
                    }
                    if i == EACH / 2 {
                        whole.cell.extension.grow(|| AtomicU64::new(0));
                        float.cell.extension.grow(|| Pair::ZERO);
                    }
                }
            });
        }
    });
    assert_eq!(whole.get(), 4 * EACH);
    assert_eq!(float.get(), 3.0 * EACH as f64);
}

#[cfg(feature = "std")]
#[test]
fn one_thread_never_grows_stripes() {
    let counter = Counter::<u64>::new();
    (0..100_000).for_each(|_| counter.inc());
    assert!(counter.cell.extension.mine().is_none());
}

#[cfg(feature = "std")]
#[test]
fn a_word_that_another_thread_changes_again_and_again_grows_stripes() {
    use crate::stripes::meddle;
    use std::sync::Arc;

    let whole = Arc::new(Counter::<u64>::new());
    let other = Arc::clone(&whole);
    // Alone, it looks and stays small; with company, the update that looks makes the stripes.
    (0..100_000).for_each(|_| whole.inc());
    assert!(!whole.is_striped());
    meddle::with(
        move || _ = other.cell.word.fetch_add(1, Relaxed),
        || (0..100_000).for_each(|_| whole.inc()),
    );
    assert!(whole.is_striped());

    for amount in [2.0, 0.5] {
        let float = Arc::new(Counter::<f64>::new());
        let other = Arc::clone(&float);
        let lose_once = || match amount {
            0.5 => float.add_float_contended(amount),
            _ => float.add_contended(amount as u32),
        };
        lose_once();
        assert!(float.cell.extension.mine().is_none(), "one lost exchange is no reason");
        let meddler = move || {
            other.cell.pair.whole.fetch_add(1, Relaxed);
            other.cell.pair.add_float(1.0);
        };
        meddle::with(meddler, lose_once);
        assert!(float.cell.extension.mine().is_some(), "by {amount}");
    }
}

#[cfg(feature = "std")]
#[test]
fn a_float_counter_that_threads_hammer_loses_nothing() {
    const EACH: u32 = 1_000_000;
    for amount in [2.0, 0.5] {
        let counter = Counter::<f64>::new();
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    (0..EACH).for_each(|_| counter.inc_by(amount).unwrap());
                });
            }
        });
        assert_eq!(counter.get(), 2.0 * f64::from(EACH) * amount);
    }
}

#[test]
fn one_update_in_a_thousand_looks_whatever_the_amounts_are() {
    for amount in [1, 2, 7, 100, 1000, 1024, 1500, 4096, 65_536, 1 << 32] {
        let due = (0..1_000_000u64).filter(|i| is_due(i.wrapping_mul(amount))).count();
        assert!((300..3000).contains(&due), "{due} of 1000000 with {amount}");
    }
    assert!(!is_due(0));
}

#[cfg(feature = "std")]
#[test]
fn an_update_whose_slot_is_taken_counts_without_its_exemplar() {
    let counter = Counter::<u64>::new();
    counter.inc_with_exemplar([("id", "1")]).unwrap();
    let slot = counter.cell.extension.exemplars().unwrap();
    let held = slot.hold();
    counter.inc_with_exemplar([("id", "2")]).unwrap();
    drop(held);
    assert_eq!(counter.get(), 2);
    let mut copies = crate::exemplar_slot::Copies::default();
    slot.copy_to(&mut copies);
    copies.with(|exemplars| assert_eq!(exemplars[0].labels().parts()[1], "id=\"1\""));
}

#[cfg(all(
    feature = "std",
    target_pointer_width = "64",
    target_has_atomic = "64",
    not(metrics_core_no_atomic64)
))]
#[test]
fn a_counter_that_needs_nothing_else_is_three_words() {
    assert_eq!(size_of::<Counter<u64>>(), 24);
    assert_eq!(size_of::<crate::Histogram>(), 64);
}
