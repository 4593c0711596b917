//! Declared metrics that cannot all be exposed; alone in its file, as the declared ones are global.
#![cfg(feature = "declare")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{error, names, register_all};
use metrics_core::{Collector, Counter, Descriptor, Gauge, Metric, MetricType, Scrape};
use metrics_registry::{CollectorRegistry, REGISTRY, Registry, metrics};

/// Panics whenever it is described, until it is told not to.
struct Faulty(AtomicBool);

impl Collector for Faulty {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        assert!(self.0.load(Ordering::Relaxed), "on purpose");
        scrape.family(&Descriptor::new(MetricType::Gauge, "mended", "M.")).push([], 1);
    }
}

metrics! {
    static FIRST: Metric<Counter> = Metric::counter("same_total", "First.");
    static FAULTY: Faulty = Faulty(AtomicBool::new(false));
    static SECOND: Metric<Gauge> = Metric::gauge("same", "Second.");
    static THIRD: Metric<Gauge> = Metric::gauge("other", "Third.");
}

#[test]
fn of_two_declared_metrics_of_one_name_the_first_stays_and_every_page_says_so() {
    let _ = (&FIRST, &SECOND, &THIRD);
    for _ in 0..2 {
        assert_eq!(
            names(&REGISTRY),
            ["same_total", "other", &error("FAULTY", "panicked"), &error("same", "duplicate_family")]
        );
    }
    let first = REGISTRY.current();
    FAULTY.0.store(true, Ordering::Relaxed);
    let second = CollectorRegistry::with_prefix("p").unwrap();
    register_all(&second, &["own"]);
    REGISTRY.set_registry(Arc::new(second)).unwrap();
    let expected = ["p_own", "p_same_total", "p_mended", "p_other", &error("p_same", "duplicate_family")]
        .map(str::to_owned);
    assert_eq!(names(&REGISTRY), expected);
    // It is the proxy that says so: the registry itself does not know of the metric.
    assert_eq!(names(&first), ["same_total", "other"]);
    let current = REGISTRY.current();
    assert_eq!(names(&current), expected[..4]);
    // Taken out by hand, a declared metric does not come back by itself.
    current.unregister("other").unwrap();
    REGISTRY.set_registry(current).unwrap();
    assert!(REGISTRY.register(common::gauge("other")).is_ok());
}
