//! Collectors that panic.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{described, error, gauge, names, register_all};
use metrics_core::{Collector, Descriptor, MetricName, MetricType, Scrape};
use metrics_registry::{CollectorRegistry, Registry};

const BAD: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "bad", "Panics.");

/// Writes one sample and then panics, as long as it is armed.
struct Faulty(AtomicBool);

impl Collector for Faulty {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        scrape.prefixed("deep", |scrape| {
            scrape.labelled(&[("half", "done")], |scrape| {
                scrape.family(&BAD).push([], 1);
                assert!(!self.0.load(Ordering::Relaxed), "on purpose");
            });
        });
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        visit(MetricName::new("", BAD.name()), &BAD);
    }
}

#[test]
fn of_three_collectors_one_panics_and_two_are_exposed() {
    let registry = CollectorRegistry::with_prefix("p").unwrap();
    let faulty = Arc::new(Faulty(AtomicBool::new(true)));
    registry.register(gauge("a")).unwrap();
    registry.register(faulty.clone()).unwrap();
    registry.register(gauge("c")).unwrap();
    for _ in 0..2 {
        assert_eq!(names(&registry), ["p_a", "p_c", &error("p_bad", "panicked")]);
    }
    faulty.0.store(false, Ordering::Relaxed);
    assert_eq!(names(&registry), ["p_a", "p_deep_bad{half=\"done\"}", "p_c"]);
}

#[test]
fn a_panic_in_a_nested_registry_loses_that_collector_only() {
    let inner = Arc::new(CollectorRegistry::with_prefix("in").unwrap());
    register_all(&*inner, &["a"]);
    inner.register(Arc::new(Faulty(AtomicBool::new(true)))).unwrap();
    register_all(&*inner, &["b"]);
    let outer = CollectorRegistry::with_prefix("out").unwrap();
    outer.register(inner).unwrap();
    register_all(&outer, &["z"]);
    assert_eq!(names(&outer), ["out_in_a", "out_in_b", "out_z", &error("out_in_bad", "panicked")]);
    assert_eq!(described(&outer), ["out_in_a", "out_in_bad", "out_in_b", "out_z"]);
}

/// Unregisters itself while it is collected, so that the scrape drops it, and panics in its drop.
struct LastWill(Arc<CollectorRegistry>);

impl Collector for LastWill {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        scrape.family(&Descriptor::new(MetricType::Gauge, "will", "W.")).push([], 1);
        drop(self.0.unregister("will"));
    }
}

impl Drop for LastWill {
    fn drop(&mut self) {
        if !self.0.contains("will") && self.0.contains("armed") {
            panic!("on purpose");
        }
    }
}

#[test]
fn a_panicking_drop_does_not_lose_the_page() {
    let registry = Arc::new(CollectorRegistry::new());
    register_all(&*registry, &["armed"]);
    registry.register(Arc::new(LastWill(registry.clone()))).unwrap();
    register_all(&*registry, &["z"]);
    let all = ["armed", "will", "z", &error("dropped_collector", "panicked")].map(str::to_owned);
    assert_eq!(names(&*registry), all);
    assert_eq!(names(&*registry), ["armed", "z"]);
}
