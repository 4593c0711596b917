//! A declared collector that uses the global registry while that is made; alone in its file, as it
//! is about the first use.
#![cfg(feature = "declare")]

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{gauge, in_time, names};
use metrics_core::{Collector, Descriptor, Gauge, Metric, MetricType, Scrape};
use metrics_registry::{REGISTRY, Registry, metrics};

static RUNS: AtomicUsize = AtomicUsize::new(0);

struct Eager;

impl Collector for Eager {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        REGISTRY.register(gauge(&format!("eager_{run}"))).unwrap();
        let _ = names(&REGISTRY);
        scrape.family(&Descriptor::new(MetricType::Gauge, "eager", "Eager.")).push([], 1);
    }
}

metrics! {
    static BEFORE: Metric<Gauge> = Metric::gauge("before", "Before.");
    static EAGER: Eager = Eager;
    static AFTER: Metric<Gauge> = Metric::gauge("after", "After.");
}

#[test]
fn a_declared_collector_may_use_the_registry_that_is_being_made() {
    in_time(|| {
        let _ = (&BEFORE, &EAGER, &AFTER);
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    REGISTRY.register(gauge(&format!("thread_{thread}"))).unwrap();
                });
            }
        });
        let page = names(&REGISTRY);
        let runs = RUNS.load(Ordering::Relaxed);
        let made = page.iter().filter(|name| name.starts_with("eager_")).count();
        // What was registered while the page was under way comes with the next one.
        assert_eq!((made, runs), (runs - 1, made + 1), "{page:?}");
        for name in ["before", "eager", "after", "thread_0", "thread_1", "thread_2", "thread_3"] {
            assert_eq!(page.iter().filter(|other| *other == name).count(), 1, "{name}: {page:?}");
        }
        assert!(!page.iter().any(|name| name.contains("errors")), "{page:?}");
    });
}
