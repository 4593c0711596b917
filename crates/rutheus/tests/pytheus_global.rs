//! What the tests of pytheus 0.6.1 hold its global registry to, held here; the other behaviours are in
//! `pytheus/`. The process is shared by these tests only, and each puts an empty registry behind
//! `REGISTRY` first, as the fixture `set_empty_registry` does.

#![cfg(feature = "labels")]

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rutheus::{
    Collector, CollectorRegistry, Counter, Family, Metric, MetricName, REGISTRY, Register, Registry, gather,
    generate_metrics,
};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// `registry` behind `REGISTRY`, for one test at a time.
fn set(registry: CollectorRegistry) -> Result<MutexGuard<'static, ()>> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    REGISTRY.set_registry(Arc::new(registry))?;
    Ok(guard)
}

fn names(collector: &impl Collector) -> Vec<String> {
    let mut names = Vec::new();
    collector.describe(&mut |name: MetricName<'_>, _| names.push(name.to_string()));
    names
}

fn fill() -> Result {
    let requests: Arc<Family<Counter, 2>> =
        Family::counter("http_requests_total", "Requests.", ["path", "method"]).register()?;
    requests.with(["/a", "GET"]).inc_by(3);
    requests.with(["/b", "PUT"]).inc();
    Metric::counter("exceptions_total", "Exceptions.").register()?.inc_by(4);
    Ok(())
}

/// pytheus: test_metrics, a metric made with `registry=None` is not in the global registry.
#[test]
fn a_metric_is_in_the_global_registry_only_if_it_is_registered() -> Result {
    let _guard = set(CollectorRegistry::new())?;
    // differs: to make a metric registers it nowhere, so that none is registered by accident.
    let jobs = Metric::counter("jobs_total", "Jobs.");
    jobs.inc();
    assert_eq!((jobs.get(), gather()), (1, String::new()));
    REGISTRY.register(Arc::new(jobs))?;
    assert_eq!(names(&REGISTRY), ["jobs_total"]);
    Ok(())
}

/// pytheus: test_exposition, the page of the global registry, which is what is scraped by default.
#[test]
fn the_page_by_default_is_that_of_the_global_registry() -> Result {
    let _guard = set(CollectorRegistry::new())?;
    fill()?;
    let page = gather();
    assert_eq!(page, generate_metrics(&REGISTRY));
    assert_eq!(
        page,
        "# HELP http_requests_total Requests.\n\
         # TYPE http_requests_total counter\n\
         http_requests_total{path=\"/a\",method=\"GET\"} 3\n\
         http_requests_total{path=\"/b\",method=\"PUT\"} 1\n\
         # HELP exceptions_total Exceptions.\n\
         # TYPE exceptions_total counter\n\
         exceptions_total 4\n",
    );
    Ok(())
}

/// pytheus: test_exposition, a registry with a prefix behind the global one prefixes its page.
#[test]
fn the_global_registry_has_the_prefix_of_the_one_behind_it() -> Result {
    let _guard = set(CollectorRegistry::with_prefix("testing")?)?;
    fill()?;
    assert_eq!(REGISTRY.prefix().as_deref(), Some("testing"));
    assert_eq!(names(&REGISTRY), ["testing_http_requests_total", "testing_exceptions_total"]);
    assert!(gather().ends_with("\ntesting_exceptions_total 4\n"));
    Ok(())
}

/// pytheus: test_exposition and test_metrics, an empty registry behind the global one hides what
/// earlier tests have made.
#[test]
fn a_swap_leaves_behind_what_was_registered() -> Result {
    let _guard = set(CollectorRegistry::new())?;
    fill()?;
    // differs: the registry that is replaced is handed back.
    let before = REGISTRY.set_registry(Arc::new(CollectorRegistry::new()))?;
    assert_eq!(gather(), "");
    assert_eq!(names(&before), ["http_requests_total", "exceptions_total"]);
    // The names are free in the new one.
    fill()?;
    assert_eq!(gather(), generate_metrics(&*before));
    Ok(())
}

/// pytheus: test_exposition, a metric that a custom collector makes without `registry=None` is put into
/// the global registry by every collection.
#[test]
fn a_collector_that_makes_metrics_leaves_the_global_registry_alone() -> Result {
    let _guard = set(CollectorRegistry::new())?;
    let mine = CollectorRegistry::new();
    // differs: the metric is of the collection and of nothing else.
    let second = rutheus::collect_fn(|scrape| Metric::counter("second_total", "Second.").collect(scrape));
    second.register_in(&mine)?;
    assert!(generate_metrics(&mine).ends_with("\nsecond_total 0\n"));
    assert_eq!(gather(), "");
    Ok(())
}
