//! Metrics declared by `metrics!` follow the global registry; alone in its file, as that is global.
#![cfg(feature = "declare")]
#![forbid(unsafe_code)]
#![deny(warnings)]

mod common;

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use common::{Finally, gauge, names, register_all};
use metrics_core::{Collector, Counter, Gauge, Metric, Scrape};
use metrics_registry::{
    CollectorRegistry, REGISTRY, RegisterError, Registry, RegistryProxy, SetRegistryError, UnregisterError,
    metrics,
};

mod inner {
    use super::*;

    metrics! {
        /// Declared in a module, for the crate.
        #[allow(dead_code)]
        pub(crate) static DEEP: Metric<Gauge> = Metric::gauge("deep", "Deep.");
    }
}

metrics! {
    /// Hits.
    pub static HITS: Metric<Counter> = Metric::counter("hits_total", "Hits.");
    static SIZE: Metric<Gauge> = Metric::gauge("size", "Size.");

    #[cfg(any())]
    static NOT_COMPILED: NoSuchType = nothing;

    /// Another type of collector.
    static GROUP: (Metric<Gauge>, Metric<Gauge>) = (Metric::gauge("group_a", "A."), Metric::gauge("group_b", "B."));
}

metrics! {}

metrics! {
    static LATER: Metric<Gauge> = Metric::gauge("later", "Later.");
}

const ALL: [&str; 6] = ["hits_total", "size", "group_a", "group_b", "later", "deep"];

fn with_prefix(prefix: &str) -> Vec<String> {
    ALL.iter().map(|name| format!("{prefix}{name}")).collect()
}

/// Refuses one name, and counts what it is asked for.
struct Picky {
    inner: CollectorRegistry,
    refused: &'static str,
    registered: AtomicUsize,
}

impl Picky {
    fn new(refused: &'static str) -> Arc<Self> {
        Arc::new(Self { inner: CollectorRegistry::new(), refused, registered: AtomicUsize::new(0) })
    }
}

impl Collector for Picky {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        self.inner.collect(scrape);
    }
}

impl Registry for Picky {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        if common::described(&collector).contains(&self.refused.to_owned()) {
            assert_ne!(self.refused, "group_b", "on purpose");
            return Err(RegisterError::refused(self.refused, "not here"));
        }
        self.registered.fetch_add(1, Ordering::Relaxed);
        self.inner.register(collector)
    }

    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        self.inner.unregister(name)
    }
}

/// One test, so that the steps come in this order.
#[test]
fn declared_metrics_follow_the_global_registry() {
    // There from the first scrape, in the order of the source, with their zeros.
    assert_eq!(names(&REGISTRY), with_prefix(""));
    assert_eq!(common::page(&REGISTRY)[0], "hits_total 0");
    HITS.inc();
    SIZE.set(2.0);
    assert_eq!(common::page(&REGISTRY)[..2], ["hits_total 1", "size 2"]);
    let _ = (&GROUP, &LATER);

    // Only in the global one.
    assert!(names(&RegistryProxy::new()).is_empty());

    // A registered name of theirs is taken.
    assert!(matches!(REGISTRY.register(gauge("size")), Err(RegisterError::Duplicate { .. })));

    // Into each new one, before it can be seen; the previous one keeps them.
    let first = REGISTRY.current();
    let second = Arc::new(CollectorRegistry::with_prefix("two").unwrap());
    register_all(&*second, &["own"]);
    REGISTRY.set_registry(second.clone()).unwrap();
    let mut expected = with_prefix("two_");
    expected.insert(0, "two_own".to_owned());
    assert_eq!(names(&REGISTRY), expected);
    assert_eq!(names(&first), with_prefix(""));
    assert_eq!(common::page(&REGISTRY)[1], "two_hits_total 1");

    // Back and forth: each has them once.
    for _ in 0..3 {
        REGISTRY.set_registry(first.clone()).unwrap();
        assert_eq!(names(&REGISTRY), with_prefix(""));
        REGISTRY.set_registry(second.clone()).unwrap();
        assert_eq!(names(&REGISTRY), expected);
    }

    // A clash with a declared one: nothing is changed, in neither of them.
    let clashing = Arc::new(CollectorRegistry::with_prefix("three").unwrap());
    register_all(&*clashing, &["own", "later"]);
    let error = REGISTRY.set_registry(clashing.clone()).unwrap_err();
    match &error {
        SetRegistryError::Duplicate { name, existing, .. } => {
            assert_eq!((&**name, &**existing), ("later", "later"));
        }
        other => panic!("{other}"),
    }
    assert!(error.to_string().contains("\"later\""));
    assert_eq!(names(&*clashing), ["three_own", "three_later"]);
    assert_eq!(names(&REGISTRY), expected);
    // Mended, it is taken.
    clashing.unregister("later").unwrap();
    REGISTRY.set_registry(clashing).unwrap();
    assert_eq!(names(&REGISTRY).len(), 7);

    // A registry of one's own that refuses one, or panics over one.
    let picky = Picky::new("group_a");
    let error = REGISTRY.set_registry(picky.clone()).unwrap_err();
    assert!(matches!(error, SetRegistryError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("\"group_a\"") && error.to_string().contains("not here"));
    assert!(picky.inner.is_empty());
    let panicking = Picky::new("group_b");
    let set = panicking.clone();
    assert!(
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || REGISTRY.set_registry(set))).is_err()
    );
    assert!(panicking.inner.is_empty());
    assert!(panicking.registered.load(Ordering::Relaxed) > 0);
    assert_eq!(names(&REGISTRY)[0], "three_own");

    // The same new registry from several threads: they are in it once, and one call at least sets it.
    for _ in 0..200 {
        let new: Arc<dyn Registry> = Arc::new(CollectorRegistry::with_prefix("new").unwrap());
        let start = Barrier::new(4);
        let set = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    match REGISTRY.set_registry(new.clone()) {
                        Ok(_) => drop(set.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert_eq!(error, SetRegistryError::Busy),
                    }
                });
            }
        });
        assert!(set.into_inner() > 0);
        assert_eq!(names(&REGISTRY), with_prefix("new_"));
    }

    // No page through the proxy ever lacks one, while registries come and go.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _done = Finally(&done);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let page = names(&REGISTRY);
                    let prefix = page[0].strip_suffix("hits_total").unwrap();
                    assert_eq!(page, with_prefix(prefix));
                }
            });
        }
        for swap in 0..500 {
            let registry = CollectorRegistry::with_prefix(format!("s{swap}")).unwrap();
            REGISTRY.set_registry(Arc::new(registry)).unwrap();
        }
    });
}
