//! The global registry as it is found; alone in its file, as it is global.

mod common;

use std::sync::Arc;

use common::{gauge, names};
use metrics_core::Metric;
use metrics_registry::{CollectorRegistry, REGISTRY, Register, RegisterError, Registry, RegistryProxy};

#[test]
fn the_global_registry_is_there_without_being_made_and_can_be_swapped() {
    assert!(REGISTRY.prefix().is_none());
    assert!(names(&REGISTRY).is_empty());
    let hits = Metric::counter("hits_total", "Hits.").register().unwrap();
    hits.inc();
    let twin = Metric::counter("hits_total", "Hits.").register().unwrap_err();
    assert!(matches!(twin, RegisterError::Duplicate { .. }));
    assert_eq!(common::page(&REGISTRY), ["hits_total 1"]);

    let first = REGISTRY.current();
    let mine = Arc::new(CollectorRegistry::with_prefix("mine").unwrap());
    let previous = REGISTRY.set_registry(mine.clone()).unwrap();
    assert!(Arc::ptr_eq(&first, &previous));
    assert_eq!(REGISTRY.prefix().as_deref(), Some("mine"));
    REGISTRY.register(gauge("a")).unwrap();
    assert_eq!(names(&REGISTRY), ["mine_a"]);
    assert!(mine.contains("a"));
    assert_eq!(names(&first), ["hits_total"]);
    REGISTRY.unregister("a").unwrap();
    assert!(mine.is_empty());

    // The one that was there before comes back with what it had.
    let previous = REGISTRY.set_registry(first).unwrap();
    assert_eq!(previous.prefix().as_deref(), Some("mine"));
    assert_eq!(common::page(&REGISTRY), ["hits_total 1"]);
    // To set the current one again changes nothing.
    let current = REGISTRY.current();
    assert!(Arc::ptr_eq(&REGISTRY.set_registry(current.clone()).unwrap(), &current));
}

#[test]
fn proxies_are_independent_of_each_other() {
    let (a, b) = (RegistryProxy::new(), RegistryProxy::default());
    a.register(gauge("x")).unwrap();
    assert_eq!(names(&a), ["x"]);
    assert!(names(&b).is_empty());
    assert!(!format!("{a:?}").is_empty());
}

/// As many threads as make the first registry of a proxy: one of them is kept, and nothing is lost.
#[test]
fn the_first_use_may_be_on_several_threads() {
    for _ in 0..300 {
        let (proxy, start) = (RegistryProxy::new(), std::sync::Barrier::new(4));
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (proxy, start) = (&proxy, &start);
                scope.spawn(move || {
                    start.wait();
                    proxy.register(gauge(name)).unwrap();
                });
            }
        });
        assert_eq!(names(&proxy).len(), 4);
    }
}
