use super::*;
use rutheus::{
    CollectorRegistry, Counter, Descriptor, Family, Metric, MetricName, MetricType, Register, RegisterError,
    Registry, Scrape,
};

/// Makes its metric anew at each scrape, as the collectors of pytheus's tests do.
struct Jobs;

impl Collector for Jobs {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let jobs = Metric::counter("jobs_total", "Jobs.");
        jobs.inc();
        jobs.collect(scrape);
    }
}

/// Two families of another program, one of them labelled.
struct Peers;

impl Collector for Peers {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        const SENT: Descriptor<'_> = Descriptor::new(MetricType::Counter, "sent_total", "Sent.");
        const OPEN: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "open", "Open.");
        scrape.family(&SENT).push([("bob", "cat")], 2.7);
        scrape.family(&OPEN).push([], 3);
    }
}

/// pytheus: test_metrics, a custom collector is tracked by a registry.
#[test]
fn a_collector_of_ones_own_is_registered() -> Result {
    let registry = CollectorRegistry::new();
    registry.register(Arc::new(Jobs))?;
    // differs: it goes by the names of its families; in pytheus by that of its class, in lower case.
    assert!(registry.contains("jobs_total"));
    assert!(!registry.contains("jobs"));
    assert_eq!(registry.len(), 1);
    Ok(())
}

/// pytheus: test_metrics, a custom collector yields its metrics.
#[test]
fn a_collector_pushes_its_metrics() {
    assert_eq!(generate_metrics(&Jobs), "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 1\n",);
}

/// pytheus: test_metrics, of two custom collectors of one class the first is kept.
#[test]
fn the_same_collector_is_not_registered_twice() -> Result {
    let registry = CollectorRegistry::new();
    let first: Arc<dyn Collector> = Arc::new((Jobs,));
    registry.register(Arc::clone(&first))?;
    // differs: an error and not a warning.
    let error = registry.register(Arc::new(Jobs)).unwrap_err();
    assert_eq!(error, RegisterError::duplicate("jobs_total", "jobs_total"));
    assert_eq!(registry.len(), 1);
    assert!(Arc::ptr_eq(&registry.unregister("jobs_total")?, &first));
    Ok(())
}

/// pytheus: metrics.py, a class of custom collectors is registered once, whatever its metrics are.
#[test]
fn collectors_of_one_type_with_different_families_are_both_registered() -> Result {
    struct Disk(&'static str);

    impl Collector for Disk {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            Metric::gauge(self.0, "Free space.").collect(scrape);
        }
    }

    let registry = CollectorRegistry::new();
    // differs: what must be unique is the name of a family, not that of a type.
    registry.register(Arc::new(Disk("sda_free_bytes")))?;
    registry.register(Arc::new(Disk("sdb_free_bytes")))?;
    assert_eq!(samples(&registry), ["sda_free_bytes 0", "sdb_free_bytes 0"]);
    Ok(())
}

/// pytheus: test_metrics, a registry hands out the custom collector itself, and removes it.
#[test]
fn a_collector_is_handed_back_and_removed() -> Result {
    let registry = CollectorRegistry::new();
    let peers: Arc<dyn Collector> = Arc::new(Peers);
    registry.register(Arc::clone(&peers))?;
    // Any of its families names it, and all of them go.
    assert!(Arc::ptr_eq(&registry.unregister("open")?, &peers));
    assert!(registry.is_empty() && !registry.contains("sent_total"));
    assert_eq!(generate_metrics(&registry), "");
    Ok(())
}

/// pytheus: test_metrics, a custom collector with the name of a registered metric is ignored.
#[test]
fn a_collector_with_a_name_that_is_taken_is_refused() -> Result {
    let registry = CollectorRegistry::new();
    let open = Metric::gauge("open", "Of the program.").register_in(&registry)?;
    // differs: an error and not a warning; none of its families gets in.
    let error = registry.register(Arc::new(Peers)).unwrap_err();
    assert_eq!(error, RegisterError::duplicate("open", "open"));
    open.set(1.0);
    assert_eq!(samples(&registry), ["open 1"]);
    Ok(())
}

/// pytheus: registry.py, the names of what a custom collector yields are compared when it is
/// registered, and not kept.
#[test]
fn the_names_of_a_collector_are_reserved() -> Result {
    let registry = CollectorRegistry::new();
    registry.register(Arc::new(Peers))?;
    // differs: in pytheus a metric of such a name gets in afterwards, and the page has it twice.
    let error = Metric::gauge("open", "Of the program.").register_in(&registry).unwrap_err();
    assert_eq!(error, RegisterError::duplicate("open", "open"));
    assert_eq!(samples(&registry), [r#"sent_total{bob="cat"} 2.7"#, "open 3"]);
    Ok(())
}

/// pytheus: test_exposition, the page of a custom collector with one metric or several.
#[test]
fn a_collector_is_written_with_all_its_metrics() -> Result {
    let registry = CollectorRegistry::new();
    registry.register(Arc::new(Peers))?;
    assert_eq!(
        generate_metrics(&registry),
        "# HELP sent_total Sent.\n\
             # TYPE sent_total counter\n\
             sent_total{bob=\"cat\"} 2.7\n\
             # HELP open Open.\n\
             # TYPE open gauge\n\
             open 3\n",
    );
    Ok(())
}

/// pytheus: test_exposition, a custom collector makes a labelled metric while it is collected.
#[test]
fn a_collector_pushes_a_family_of_its_own() {
    struct Sent;

    impl Collector for Sent {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            let sent: Family<Counter<f64>, 1> = Family::counter_f64("sent_total", "Sent.", ["bob"]);
            assert!(sent.with(["cat"]).inc_by(2.7).is_ok());
            sent.collect(scrape);
        }
    }

    assert_eq!(samples(&Sent), [r#"sent_total{bob="cat"} 2.7"#]);
}

/// pytheus: exposition.py, what a custom collector yields is written without the registry's prefix.
#[test]
fn a_collector_gets_the_prefix_too() -> Result {
    let registry = CollectorRegistry::with_prefix("app")?;
    registry.register(Arc::new(Peers))?;
    // differs: a prefix that some names have and others not is of no use to whoever looks for them.
    assert_eq!(samples(&registry), [r#"app_sent_total{bob="cat"} 2.7"#, "app_open 3"]);
    Ok(())
}

/// pytheus: registry.py, a custom collector runs when it is registered, to see its names.
#[test]
fn a_collector_that_says_its_names_does_not_run_to_be_registered() -> Result {
    struct Costly;

    impl Collector for Costly {
        fn collect(&self, _: &mut Scrape<'_>) {
            panic!("it was to be registered only");
        }

        // differs: a collector that is expensive to run can name its families instead.
        fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
            const OPEN: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "open", "Open.");
            visit(MetricName::new("", OPEN.name()), &OPEN);
        }
    }

    let registry = CollectorRegistry::new();
    registry.register(Arc::new(Costly))?;
    assert!(registry.contains("open"));
    Ok(())
}
