//! A source of exemplars that panics loses the exemplar, and not the update.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rutheus::{Counter, Family, Histogram, remove_exemplar_source, set_exemplar_source};

struct OnPurpose;

#[test]
fn a_source_that_panics_loses_no_update() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<OnPurpose>() {
            before(info);
        }
    }));
    let armed = Arc::new(AtomicBool::new(true));
    let trap = Arc::clone(&armed);
    set_exemplar_source(move |labels| {
        let _ = labels.push("trace_id", "half of it");
        if trap.load(Relaxed) {
            std::panic::panic_any(OnPurpose);
        }
    });
    let (hits, sizes) = (Counter::<u64>::new(), Histogram::new(&[1.0]));
    let jobs: Family<Counter<f64>, 1> = Family::counter_f64("jobs_total", "J.", ["queue"]);
    let update = || {
        hits.inc();
        sizes.observe(0.5);
        jobs.with(["mail"]).inc();
    };
    (0..3).for_each(|_| update());
    armed.store(false, Relaxed);
    update();
    remove_exemplar_source();
    update();
    assert_eq!((hits.get(), sizes.snapshot().count(), jobs.with(["mail"]).get()), (5, 5, 5.0));
}
