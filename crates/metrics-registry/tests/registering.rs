//! Registering and unregistering: names, order, refusals.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use common::{described, error, gauge, names, one, register_all};
use metrics_core::{Collector, Counter, Descriptor, Histogram, Metric, MetricType, Scrape, collect_fn};
use metrics_registry::{CollectorRegistry, Register, RegisterError, Registry, UnregisterError};

#[test]
fn a_duplicate_name_is_refused_and_the_first_stays() {
    let registry = CollectorRegistry::new();
    let first = Metric::counter("hits_total", "Hits.").register_in(&registry).unwrap();
    let second = Metric::counter("hits_total", "Others.").register_in(&registry).unwrap_err();
    assert_eq!(second, RegisterError::duplicate("hits_total", "hits_total"));
    let message = second.to_string();
    assert!(message.contains("\"hits_total\"") && message.contains("unregister"), "{message}");
    first.inc();
    assert_eq!(common::page(&registry), ["hits_total 1"]);
    assert_eq!(registry.len(), 1);
}

#[test]
fn collectors_are_exposed_in_the_order_of_registration() {
    let registry = CollectorRegistry::new();
    let all = ["z", "a", "m", "b"];
    register_all(&registry, &all);
    assert_eq!(names(&registry), all);
    registry.unregister("a").unwrap();
    registry.register(gauge("a")).unwrap();
    assert_eq!(names(&registry), ["z", "m", "b", "a"]);
    assert_eq!(described(&registry), ["z", "m", "b", "a"]);
}

#[test]
fn unregistering_returns_the_collector_and_frees_every_name() {
    let registry = CollectorRegistry::new();
    let group: Arc<dyn Collector> = Arc::new((
        Metric::counter("a_total", "A."),
        Metric::<Histogram>::histogram("b", "B.", &[1.0]),
        Metric::gauge("c", "C."),
    ));
    registry.register(group.clone()).unwrap();
    registry.register(gauge("d")).unwrap();
    assert!(registry.contains("a_total") && registry.contains("b") && registry.contains("c"));
    assert!(!registry.contains("a") && !registry.contains("b_count") && !registry.contains("x"));
    let returned = registry.unregister("b").unwrap();
    assert!(Arc::ptr_eq(&returned, &group));
    assert_eq!(registry.len(), 1);
    register_all(&registry, &["a", "b_count", "c"]);
    assert_eq!(names(&registry), ["d", "a", "b_count", "c"]);
}

#[test]
fn unregistering_what_is_not_there_is_an_error_that_names_it() {
    let registry = CollectorRegistry::with_prefix("p").unwrap();
    register_all(&registry, &["a"]);
    registry.register(one(MetricType::Counter, "b_total")).unwrap();
    for name in ["x", "", "p_a", "b", "b_created", "a_total"] {
        let error = registry.unregister(name).unwrap_err();
        assert_eq!(error, UnregisterError::not_registered(name));
        assert!(error.to_string().contains(name) || name.is_empty());
    }
    registry.unregister("a").unwrap();
    assert!(registry.unregister("a").is_err());
    registry.unregister("b_total").unwrap();
    assert!(registry.is_empty());
}

/// Bases and suffixes: every pair clashes, whichever comes first.
#[test]
fn names_that_clash_after_their_suffixes_are_refused() {
    use MetricType::*;
    let clashing = [
        ((Gauge, "a"), (Gauge, "a")),
        ((Gauge, "a"), (Counter, "a")),
        ((Histogram, "a"), (Gauge, "a_count")),
        ((Histogram, "a"), (Gauge, "a_sum")),
        ((Histogram, "a"), (Gauge, "a_bucket")),
        ((Histogram, "a"), (Unknown, "a_created")),
        ((Histogram, "a"), (Counter, "a_count_total")),
        ((Histogram, "a"), (Histogram, "a_count")),
        ((Summary, "a"), (Gauge, "a_sum")),
        ((Summary, "a"), (Counter, "a_count")),
        ((Counter, "a_total"), (Gauge, "a")),
        ((Counter, "a_total"), (Gauge, "a_total")),
        ((Counter, "a"), (Gauge, "a_total")),
        ((Counter, "a"), (Counter, "a_total")),
        ((Counter, "a_total"), (Gauge, "a_created")),
        ((Info, "a"), (Gauge, "a_info")),
        ((Info, "a_info"), (Gauge, "a")),
        ((Info, "a_info"), (Info, "a")),
        ((GaugeHistogram, "a"), (Gauge, "a_gcount")),
        ((GaugeHistogram, "a"), (Gauge, "a_gsum")),
        ((StateSet, "a"), (Gauge, "a")),
    ];
    for (first, second) in clashing {
        for ((a, a_name), (b, b_name)) in [(first, second), (second, first)] {
            let registry = CollectorRegistry::new();
            registry.register(one(a, a_name)).unwrap();
            let refused = registry.register(one(b, b_name));
            assert_eq!(refused, Err(RegisterError::duplicate(b_name, a_name)), "{a} {a_name}, {b} {b_name}");
            assert_eq!(described(&registry), [a_name]);
        }
    }
}

#[test]
fn names_that_only_look_alike_are_accepted() {
    use MetricType::*;
    let registry = CollectorRegistry::new();
    let all = [
        (Gauge, "a"),
        (Gauge, "a_count"),
        (Gauge, "a_total"),
        (Summary, "b"),
        (Gauge, "b_bucket"),
        (Histogram, "c"),
        (Gauge, "c_total"),
        (Gauge, "c_counts"),
        (Gauge, "_count"),
        (Counter, "total"),
        (Counter, "d_total_total"),
        (Gauge, "d"),
    ];
    for (metric_type, name) in all {
        registry.register(one(metric_type, name)).unwrap();
    }
    assert_eq!(registry.len(), all.len());
}

#[test]
fn a_nested_name_is_claimed_under_its_prefix() {
    let outer = CollectorRegistry::with_prefix("outer").unwrap();
    let inner = Arc::new(CollectorRegistry::with_prefix("in").unwrap());
    inner.register(one(MetricType::Histogram, "seconds")).unwrap();
    inner.register(one(MetricType::Counter, "total")).unwrap();
    outer.register(inner.clone()).unwrap();
    for (name, existing) in
        [("in_seconds", "in_seconds"), ("in_seconds_count", "in_seconds"), ("in_total", "in_total")]
    {
        assert_eq!(outer.register(gauge(name)), Err(RegisterError::duplicate(name, existing)));
    }
    register_all(&outer, &["seconds", "outer_in_seconds"]);
    assert!(outer.contains("in_seconds"));
    let returned = outer.unregister("in_total").unwrap();
    assert_eq!(described(&*returned), ["in_seconds", "in_total"]);
    outer.register(gauge("in_seconds_count")).unwrap();

    // The other way about.
    let error = outer.register(inner.clone()).unwrap_err();
    assert_eq!(error, RegisterError::duplicate("in_seconds", "in_seconds_count"));
    assert_eq!(outer.len(), 3);
}

#[test]
fn a_collector_that_clashes_with_itself_is_refused() {
    let registry = CollectorRegistry::new();
    for (pair, existing, name) in [
        ((gauge("a"), gauge("a")), "a", "a"),
        ((one(MetricType::Histogram, "a"), gauge("a_sum")), "a", "a_sum"),
        ((gauge("a_sum"), one(MetricType::Summary, "a")), "a_sum", "a"),
    ] {
        match registry.register(Arc::new(pair)).unwrap_err() {
            RegisterError::ClashesWithItself { name: n, existing: e, .. } => {
                assert_eq!((&*n, &*e), (name, existing));
            }
            other => panic!("{other}"),
        }
    }
    assert!(registry.is_empty() && !registry.contains("a"));
}

#[test]
fn a_refused_group_claims_nothing() {
    let registry = CollectorRegistry::new();
    register_all(&registry, &["c"]);
    let group = || Arc::new((gauge("a"), gauge("b"), gauge("c")));
    assert_eq!(registry.register(group()), Err(RegisterError::duplicate("c", "c")));
    assert!(!registry.contains("a") && !registry.contains("b"));
    assert_eq!(names(&registry), ["c"]);
    registry.unregister("c").unwrap();
    registry.register(group()).unwrap();
    assert_eq!(names(&registry), ["a", "b", "c"]);
}

#[test]
fn a_panic_while_describing_leaves_the_registry_as_it_was() {
    let registry = CollectorRegistry::new();
    register_all(&registry, &["a"]);
    let faulty = collect_fn(|scrape: &mut Scrape<'_>| {
        scrape.family(&Descriptor::new(MetricType::Gauge, "b", "B.")).push([], 1);
        panic!("on purpose");
    });
    let faulty = Arc::new(faulty);
    // Twice, as nothing of the first time is left behind.
    for _ in 0..2 {
        let panicked = catch_unwind(AssertUnwindSafe(|| registry.register(faulty.clone())));
        assert!(panicked.is_err());
    }
    register_all(&registry, &["b"]);
    assert_eq!(names(&registry), ["a", "b"]);
}

#[test]
fn an_empty_registry_can_be_nested_and_fills_later() {
    let (outer, inner) = (CollectorRegistry::new(), Arc::new(CollectorRegistry::with_prefix("in").unwrap()));
    outer.register(inner.clone()).unwrap();
    register_all(&outer, &["last"]);
    register_all(&*inner, &["a"]);
    assert_eq!(names(&outer), ["in_a", "last"]);

    // What clashes inside can only be seen by the scrape: the later one is left out, and it says so.
    register_all(&outer, &["in_b"]);
    register_all(&*inner, &["b"]);
    assert_eq!(names(&outer), ["in_a", "in_b", "last", &error("in_b", "duplicate_family")]);

    assert!(outer.unregister("in_a").is_err());
    assert!(outer.unregister_collector(&inner));
    assert!(!outer.unregister_collector(&inner));
    assert_eq!(names(&outer), ["last", "in_b"]);
}

#[test]
fn one_metric_can_be_in_two_registries() {
    let metric = Arc::new(Metric::<Counter>::counter("hits_total", "Hits."));
    let (a, b) = (CollectorRegistry::with_prefix("a").unwrap(), CollectorRegistry::with_prefix("b").unwrap());
    a.register(metric.clone()).unwrap();
    b.register(metric.clone()).unwrap();
    metric.inc();
    assert_eq!(
        (common::page(&a), common::page(&b)),
        (vec!["a_hits_total 1".into()], vec!["b_hits_total 1".into()])
    );
}

#[test]
fn shared_and_dynamic_registries_are_registries() {
    let shared = Arc::new(CollectorRegistry::new());
    shared.register(gauge("a")).unwrap();
    let dynamic: Arc<dyn Registry> = shared.clone();
    dynamic.register(gauge("b")).unwrap();
    let counter = Metric::counter("c_total", "C.").register_in(&shared).unwrap();
    Metric::gauge("d", "D.").register_in(&*dynamic).unwrap();
    collect_fn(|scrape: &mut Scrape<'_>| {
        scrape.family(&Descriptor::new(MetricType::Gauge, "e", "E.")).push([], 1);
    })
    .register_in(&dynamic)
    .unwrap();
    counter.inc();
    assert_eq!(names(&dynamic), ["a", "b", "c_total", "d", "e"]);
}

#[cfg(feature = "labels")]
#[test]
fn a_family_registers_itself() {
    use metrics_core::Family;

    let registry = CollectorRegistry::new();
    let requests =
        Family::<Counter, 1>::counter("requests_total", "R.", ["code"]).register_in(&registry).unwrap();
    requests.with(["200"]).inc();
    assert_eq!(common::page(&registry), ["requests_total{code=\"200\"} 1"]);
}

#[test]
fn registries_are_for_every_thread() {
    fn shared<T: Send + Sync + ?Sized + 'static>() {}
    shared::<CollectorRegistry>();
    shared::<metrics_registry::RegistryProxy>();
    shared::<metrics_registry::CollectorRegistryBuilder>();
    shared::<dyn Registry>();
    shared::<RegisterError>();
    shared::<UnregisterError>();
    shared::<metrics_registry::SetRegistryError>();
}

#[test]
fn a_hundred_thousand_are_registered_scraped_and_unregistered() {
    const N: usize = 100_000;
    let registry = CollectorRegistry::new();
    for i in 0..N {
        registry.register(gauge(&format!("g{i}"))).unwrap();
    }
    assert_eq!(registry.len(), N);
    assert_eq!(names(&registry).len(), N);
    for i in (0..N).step_by(2).chain((1..N).step_by(2).rev()) {
        registry.unregister(&format!("g{i}")).unwrap();
    }
    assert!(registry.is_empty());
    assert!(names(&registry).is_empty());
}
