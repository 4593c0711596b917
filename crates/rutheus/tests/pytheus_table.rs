//! One test for each row of what pytheus has and how it is written here. The row that swaps the global
//! registry is in `pytheus_swap.rs`, as the swap would be seen by the others.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use rutheus::{
    Collector, CollectorRegistry, Counter, Descriptor, Family, Metric, MetricName, REGISTRY, Register,
    RegisterError, Registry, Scrape, UnregisterError, gather, generate_metrics, metrics,
};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

metrics! {
    static DECLARED: Metric<Counter> = Metric::counter("declared_total", "Declared.");
}

/// `Counter('n', 'd')`, which is added to `REGISTRY`.
#[test]
fn a_counter_is_in_the_global_registry() -> Result {
    assert!(gather().contains("\ndeclared_total 0\n"), "from the start, with its zero");
    DECLARED.inc();
    assert!(
        gather()
            .contains("# HELP declared_total Declared.\n# TYPE declared_total counter\ndeclared_total 1\n")
    );

    let made = Metric::counter("made_total", "Made at run time.").register()?;
    made.inc_by(2);
    assert!(gather().contains("\nmade_total 2\n"));
    Ok(())
}

/// `Counter('n', 'd', registry=None)`.
#[test]
fn a_counter_that_is_not_registered_is_on_no_page() {
    let hits = Metric::counter("cache_hit_total", "description");
    hits.inc();
    assert_eq!(hits.get(), 1);
    assert!(!gather().contains("cache_hit_total"));
}

/// `Counter('n', 'd', registry=my_registry)`.
#[test]
fn a_counter_made_in_a_registry_is_there_and_not_in_the_global_one() -> Result {
    let my_registry = CollectorRegistry::new();
    let counter = Metric::counter("only_mine_total", "description").register_in(&my_registry)?;
    counter.inc();
    assert!(generate_metrics(&my_registry).ends_with("only_mine_total 1\n"));
    assert!(!gather().contains("only_mine_total"));
    Ok(())
}

/// `my_registry.register(counter)`.
#[test]
fn a_counter_of_the_global_registry_can_be_in_another_one_too() -> Result {
    let my_registry = CollectorRegistry::new();
    let counter = Metric::counter("in_both_total", "description").register()?;
    my_registry.register(counter.clone())?;
    counter.inc();
    assert!(generate_metrics(&my_registry).ends_with("in_both_total 1\n"));
    assert!(gather().contains("\nin_both_total 1\n"));
    Ok(())
}

/// `my_registry.unregister(counter)`.
#[test]
fn a_counter_that_is_unregistered_leaves_the_page_and_counts_on() -> Result {
    let my_registry = CollectorRegistry::new();
    let counter = Metric::counter("leaves_total", "description").register_in(&my_registry)?;
    my_registry.unregister("leaves_total")?;
    counter.inc();
    assert_eq!(generate_metrics(&my_registry), "");
    assert_eq!(counter.get(), 1);
    assert_eq!(
        my_registry.unregister("leaves_total").unwrap_err(),
        UnregisterError::not_registered("leaves_total")
    );
    Ok(())
}

/// `CollectorRegistry(prefix="service_a")`.
#[test]
fn a_prefix_is_put_before_every_name_when_it_is_scraped() -> Result {
    let my_registry = CollectorRegistry::with_prefix("service_a")?;
    let seconds = Metric::histogram("http_request_duration_seconds", "description", &[1.0])
        .register_in(&my_registry)?;
    seconds.observe(0.5);
    assert_eq!(
        generate_metrics(&my_registry),
        "# HELP service_a_http_request_duration_seconds description\n\
         # TYPE service_a_http_request_duration_seconds histogram\n\
         service_a_http_request_duration_seconds_bucket{le=\"1\"} 1\n\
         service_a_http_request_duration_seconds_bucket{le=\"+Inf\"} 1\n\
         service_a_http_request_duration_seconds_sum 0.5\n\
         service_a_http_request_duration_seconds_count 1\n",
    );
    assert_eq!(seconds.name(), "http_request_duration_seconds");
    Ok(())
}

/// `generate_metrics(my_registry)`: endpoints with different metrics.
#[test]
fn each_registry_has_a_page_of_its_own() -> Result {
    let (one, other) = (CollectorRegistry::new(), CollectorRegistry::new());
    Metric::counter("one_total", "One.").register_in(&one)?;
    Metric::gauge("other", "Other.").register_in(&other)?;
    assert_eq!(generate_metrics(&one), "# HELP one_total One.\n# TYPE one_total counter\none_total 0\n");
    assert_eq!(generate_metrics(&other), "# HELP other Other.\n# TYPE other gauge\nother 0\n");
    Ok(())
}

/// `class Mine(Registry)`: a registry of one's own by the protocol.
#[derive(Default)]
struct Mine {
    inner: CollectorRegistry,
}

impl Collector for Mine {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        scrape.labelled(&[("from", "mine")], |scrape| self.inner.collect(scrape));
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        self.inner.describe(visit);
    }
}

impl Registry for Mine {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn register(&self, collector: Arc<dyn Collector>) -> std::result::Result<(), RegisterError> {
        self.inner.register(collector)
    }

    fn unregister(&self, name: &str) -> std::result::Result<Arc<dyn Collector>, UnregisterError> {
        self.inner.unregister(name)
    }
}

#[test]
fn a_registry_of_ones_own_works_where_ours_does() -> Result {
    let mine = Mine::default();
    let counter = Metric::counter("own_total", "Own.").register_in(&mine)?;
    counter.inc();
    assert!(generate_metrics(&mine).ends_with("own_total{from=\"mine\"} 1\n"));

    let outer = CollectorRegistry::with_prefix("outer")?;
    outer.register(Arc::new(mine))?;
    assert!(generate_metrics(&outer).ends_with("outer_own_total{from=\"mine\"} 1\n"));
    Ok(())
}

/// `required_labels`, `default_labels`, partial `labels()`.
#[test]
fn labels_are_given_at_once_in_parts_by_name_or_by_default() -> Result {
    static REQUESTS: Family<Counter, 2> =
        Family::counter("requests_total", "Requests.", ["method", "status"])
            .default_labels([Some("GET"), None]);

    REQUESTS.with(["POST", "201"]).inc();
    REQUESTS.curry(["POST"]).with(["201"]).inc();
    REQUESTS.label("status", "201")?.label("method", "POST")?.get()?.inc();
    REQUESTS.label("status", "200")?.get()?.inc();
    assert!(REQUESTS.with_defaults().is_err(), "the status has no default");
    assert_eq!(REQUESTS.with(["POST", "201"]).get(), 3);
    assert_eq!(REQUESTS.with(["GET", "200"]).get(), 1);
    assert_eq!(REQUESTS.len(), 2);
    Ok(())
}

/// A duplicate: pytheus warns, keeps the first, and the second counts into nothing.
#[test]
fn a_duplicate_name_is_an_error_and_the_first_stays() -> Result {
    let my_registry = CollectorRegistry::new();
    let first = Metric::counter("twice_total", "The first.").register_in(&my_registry)?;
    let error = Metric::counter("twice_total", "The second.").register_in(&my_registry).unwrap_err();
    assert!(matches!(error, RegisterError::Duplicate { .. }));
    assert!(error.to_string().contains("\"twice_total\""), "{error}");
    first.inc();
    assert_eq!(
        generate_metrics(&my_registry),
        "# HELP twice_total The first.\n# TYPE twice_total counter\ntwice_total 1\n",
    );

    Metric::counter("global_twice_total", "The first.").register()?;
    assert!(Metric::counter("global_twice_total", "The second.").register().is_err());
    assert!(REGISTRY.register(Arc::new(&DECLARED)).is_err(), "declared metrics have their names too");
    Ok(())
}
