use super::*;
use rutheus::{
    CollectorRegistry, Family, Metric, Register, RegisterError, Registry, RegistryProxy, UnregisterError,
};

/// pytheus: test_registry, a registry is made without anything and is empty.
#[test]
fn a_new_registry_is_empty() {
    let registry = CollectorRegistry::new();
    assert_eq!((registry.len(), registry.prefix()), (0, None));
    // differs: the page of nothing is empty; pytheus writes an empty line.
    assert_eq!(generate_metrics(&registry), "");
}

/// pytheus: test_registry, a registry with a prefix tells which.
#[test]
fn a_registry_knows_its_prefix() -> Result {
    let registry = CollectorRegistry::with_prefix("myprefix")?;
    assert_eq!(registry.prefix().as_deref(), Some("myprefix"));
    // differs: a prefix that would spoil every name is refused; pytheus takes any text.
    for bad in ["", "my prefix", "9", "my-prefix"] {
        assert!(CollectorRegistry::with_prefix(bad).is_err(), "{bad:?}");
    }
    Ok(())
}

/// pytheus: test_registry, a metric that is registered is found by its name, and is that metric.
#[test]
fn a_registered_metric_is_tracked_under_its_name() -> Result {
    let registry = CollectorRegistry::new();
    let jobs: Arc<dyn Collector> = Arc::new(Metric::counter("jobs_total", "Jobs."));
    registry.register(Arc::clone(&jobs))?;
    assert!(registry.contains("jobs_total") && !registry.contains("jobs"));
    assert!(Arc::ptr_eq(&registry.unregister("jobs_total")?, &jobs));
    Ok(())
}

/// pytheus: test_registry, of two metrics of one name the first is kept.
#[test]
fn a_duplicate_is_refused_and_the_first_is_kept() -> Result {
    let registry = CollectorRegistry::new();
    let first = Metric::counter("jobs_total", "The first.").register_in(&registry)?;
    let second = Arc::new(Metric::counter("jobs_total", "The second."));
    // differs: an error and not a warning, as what the second counts would be lost unseen.
    let error = registry.register(second.clone()).unwrap_err();
    assert_eq!(error, RegisterError::duplicate("jobs_total", "jobs_total"));
    first.inc();
    second.inc_by(100);
    assert_eq!(registry.len(), 1);
    assert_eq!(
        generate_metrics(&registry),
        "# HELP jobs_total The first.\n# TYPE jobs_total counter\njobs_total 1\n",
    );
    // differs: names are compared as they are exposed, with the suffixes of their types.
    Metric::summary("wait_seconds", "Wait.").register_in(&registry)?;
    assert!(Metric::gauge("wait_seconds_count", "Waits.").register_in(&registry).is_err());
    Ok(())
}

/// pytheus: test_registry, a metric that is unregistered is not tracked any more.
#[test]
fn an_unregistered_metric_is_gone_and_its_name_is_free() -> Result {
    let registry = CollectorRegistry::new();
    let jobs = Metric::counter("jobs_total", "Jobs.").register_in(&registry)?;
    registry.unregister(jobs.name())?;
    assert!(!registry.contains("jobs_total"));
    assert_eq!(generate_metrics(&registry), "");
    registry.register(jobs)?;
    assert_eq!(registry.len(), 1);
    Ok(())
}

/// pytheus: registry.py, to unregister what is not there changes nothing.
#[test]
fn an_unknown_name_cannot_be_unregistered() -> Result {
    let registry = CollectorRegistry::with_prefix("app")?;
    Metric::counter("jobs_total", "Jobs.").register_in(&registry)?;
    // differs: an error and not a warning. The name is the metric's own, without the prefix.
    for name in ["tasks_total", "app_jobs_total"] {
        assert_eq!(registry.unregister(name).unwrap_err(), UnregisterError::not_registered(name));
    }
    assert_eq!(registry.len(), 1);
    Ok(())
}

/// pytheus: test_registry, a collection visits one registered metric, or all of several.
#[test]
fn a_scrape_visits_every_metric_in_the_order_of_registration() -> Result {
    let registry = CollectorRegistry::new();
    let visited = |registry: &CollectorRegistry| {
        let mut names = Vec::new();
        registry.describe(&mut |name, _| names.push(name.to_string()));
        names
    };
    Metric::counter("z_total", "A counter.").register_in(&registry)?;
    assert_eq!(visited(&registry), ["z_total"]);
    Metric::histogram("a_seconds", "A histogram.", &[1.0]).register_in(&registry)?;
    assert_eq!(visited(&registry), ["z_total", "a_seconds"]);
    let page = generate_metrics(&registry);
    let types: Vec<_> = page.lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert_eq!(types, ["# TYPE z_total counter", "# TYPE a_seconds histogram"]);
    Ok(())
}

/// pytheus: test_registry, a labelled metric is one collector with one sample for each child.
#[test]
fn a_family_is_one_collector_with_a_sample_for_each_series() -> Result {
    let registry = CollectorRegistry::new();
    let jobs = Family::counter("jobs_total", "Jobs.", ["queue", "kind"]).register_in(&registry)?;
    let _ = jobs.with(["mail", "bulk"]);
    assert_eq!(registry.len(), 1);
    assert_eq!(samples(&registry), [r#"jobs_total{queue="mail",kind="bulk"} 0"#]);
    Ok(())
}

/// pytheus: test_registry, a labelled metric without children is tracked and has no samples.
#[test]
fn a_family_without_series_is_tracked_without_samples() -> Result {
    let registry = CollectorRegistry::new();
    let jobs = Family::counter("jobs_total", "Jobs.", ["queue", "kind"]).register_in(&registry)?;
    assert!(registry.contains("jobs_total") && jobs.is_empty());
    // differs: its HELP and TYPE are left out as well, which pytheus writes without any sample.
    assert_eq!(generate_metrics(&registry), "");
    Ok(())
}

/// pytheus: registry.py, the proxy hands every call on to the registry behind it.
#[test]
fn a_proxy_acts_for_the_registry_behind_it() -> Result {
    let behind = Arc::new(CollectorRegistry::with_prefix("app")?);
    let proxy = RegistryProxy::new();
    // differs: the registry that is replaced is handed back, so that nothing in it is lost.
    assert_eq!(proxy.set_registry(behind.clone())?.prefix(), None);
    assert_eq!(proxy.prefix().as_deref(), Some("app"));
    Metric::counter("jobs_total", "Jobs.").register_in(&proxy)?.inc();
    assert!(behind.contains("jobs_total"));
    assert_eq!(samples(&proxy), ["app_jobs_total 1"]);
    proxy.unregister("jobs_total")?;
    assert!(behind.is_empty());
    Ok(())
}

/// pytheus: registry.py, a swap takes the new registry and its prefix, one after the other.
#[test]
fn a_swap_during_a_scrape_does_not_mix_two_registries() -> Result {
    let old = CollectorRegistry::with_prefix("old")?;
    let new = Arc::new(CollectorRegistry::with_prefix("new")?);
    Metric::counter("after_total", "In the new one.").register_in(&*new)?;
    let proxy = Arc::new(RegistryProxy::new());
    let swap = {
        let (proxy, new) = (Arc::clone(&proxy), Arc::clone(&new));
        move || proxy.set_registry(new.clone()).is_ok()
    };
    Metric::gauge_fn("swapped", "Swaps the registry while it is scraped.", swap).register_in(&old)?;
    Metric::counter("before_total", "In the old one.").register_in(&old)?;
    proxy.set_registry(Arc::new(old))?;
    // differs: a scrape stays with the registry it began with; a page of pytheus that meets the
    // swap can have the collectors of one and the prefix of the other.
    assert_eq!(samples(&proxy), ["old_swapped 1", "old_before_total 0"]);
    assert_eq!(samples(&proxy), ["new_after_total 0"]);
    Ok(())
}
