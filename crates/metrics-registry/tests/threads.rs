//! Registries used from several threads.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use common::{Finally, gauge, names, register_all};
use metrics_registry::{CollectorRegistry, RegisterError, Registry, RegistryProxy};

#[test]
fn four_threads_register_and_unregister_while_two_scrape() {
    const ROUNDS: usize = 2_000;
    let registry = CollectorRegistry::with_prefix("p").unwrap();
    // They stand among the others, and are on every page in this order.
    for i in 0..600 {
        registry.register(gauge(&format!("fixed_{i}"))).unwrap();
    }
    let fixed: Vec<_> = (0..600).map(|i| format!("p_fixed_{i}")).collect();
    let (done, start) = (AtomicBool::new(false), Barrier::new(6));
    std::thread::scope(|scope| {
        let _done = Finally(&done);
        let writers: Vec<_> = (0..4)
            .map(|thread| {
                let (registry, start) = (&registry, &start);
                scope.spawn(move || {
                    start.wait();
                    for round in 0..ROUNDS {
                        let name = format!("t{thread}_{}", round % 7);
                        registry.register(gauge(&name)).unwrap();
                        assert!(registry.contains(&name));
                        assert!(registry.register(gauge(&name)).is_err());
                        registry.unregister(&name).unwrap();
                        assert!(registry.unregister(&name).is_err());
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                while !done.load(Ordering::Relaxed) {
                    let page = names(&registry);
                    assert!(!page.iter().any(|line| line.contains("errors")), "{page:?}");
                    assert_eq!(page[..600], fixed);
                    // At most what each writer has at one moment.
                    assert!(page.len() <= 604, "{:?}", &page[600..]);
                }
            });
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert_eq!(names(&registry), fixed);
    assert_eq!(registry.len(), 600);
}

#[test]
fn of_threads_that_register_one_name_exactly_one_succeeds() {
    for round in 0..500 {
        let registry = CollectorRegistry::new();
        let (start, taken) = (Barrier::new(4), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (registry, start, taken) = (&registry, &start, &taken);
                scope.spawn(move || {
                    // Different names, of which each clashes with each.
                    let name = ["a", "a_count", "a_count", "a"][thread];
                    let metric_type = match thread {
                        0 | 3 => metrics_core::MetricType::Histogram,
                        _ => metrics_core::MetricType::Gauge,
                    };
                    start.wait();
                    match registry.register(common::one(metric_type, name)) {
                        Ok(()) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert!(matches!(error, RegisterError::Duplicate { .. }), "{error}"),
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 1, "round {round}");
        assert_eq!(registry.len(), 1);
    }
}

#[test]
fn of_threads_that_unregister_one_name_exactly_one_gets_the_collector() {
    for _ in 0..500 {
        let registry = CollectorRegistry::new();
        register_all(&registry, &["a"]);
        let (start, taken) = (Barrier::new(4), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    if registry.unregister("a").is_ok() {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 1);
        assert!(registry.is_empty());
        register_all(&registry, &["a"]);
    }
}

#[test]
fn every_swap_returns_what_it_replaced() {
    let proxy = RegistryProxy::new();
    let first = proxy.current();
    let (start, registries) = (Barrier::new(4), 400);
    let all: Vec<Arc<dyn Registry>> =
        (0..registries).map(|_| Arc::new(CollectorRegistry::new()) as _).collect();
    let mut replaced: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = all
            .chunks(registries / 4)
            .map(|mine| {
                let (proxy, start) = (&proxy, &start);
                scope.spawn(move || {
                    start.wait();
                    mine.iter()
                        .map(|registry| {
                            Arc::as_ptr(&proxy.set_registry(registry.clone()).unwrap()).cast::<()>() as usize
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    replaced.push(Arc::as_ptr(&proxy.current()).cast::<()>() as usize);
    let mut expected: Vec<_> =
        all.iter().chain([&first]).map(|r| Arc::as_ptr(r).cast::<()>() as usize).collect();
    replaced.sort_unstable();
    expected.sort_unstable();
    assert_eq!(replaced, expected);
}
