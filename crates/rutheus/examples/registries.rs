//! Registries of one's own: two endpoints with different metrics, a prefix, and a swap of the global
//! registry.
//!
//! `cargo run --example registries`

use std::error::Error;
use std::sync::Arc;

use rutheus::{Collector, CollectorRegistry, Metric, REGISTRY, Register, Registry, gather, generate_metrics};

/// What a server would do with the path of a request.
struct Endpoints {
    public: CollectorRegistry,
    internal: CollectorRegistry,
}

impl Endpoints {
    fn page(&self, path: &str) -> Option<String> {
        match path {
            "/metrics" => Some(generate_metrics(&self.public)),
            "/internal/metrics" => Some(generate_metrics(&self.internal)),
            _ => None,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    two_endpoints()?;
    swap_of_the_global()
}

fn two_endpoints() -> Result<(), Box<dyn Error>> {
    let endpoints = Endpoints {
        public: CollectorRegistry::new(),
        internal: CollectorRegistry::with_prefix("service_a")?,
    };

    let hits = Metric::counter("cache_hits_total", "Cache hits.").register_in(&endpoints.public)?;
    let depth = Metric::gauge("queue_depth", "Jobs that wait.").register_in(&endpoints.internal)?;
    // The same counter on both pages. The prefix belongs to the registry, not to the counter.
    endpoints.internal.register(hits.clone())?;

    hits.inc_by(3);
    depth.set(2.0);

    for path in ["/metrics", "/internal/metrics"] {
        println!("GET {path}");
        println!("{}", endpoints.page(path).ok_or("a page that is there")?);
    }
    assert_eq!(endpoints.page("/other"), None);

    // What is taken out of one registry stays in the other.
    endpoints.public.unregister("cache_hits_total")?;
    assert_eq!(endpoints.page("/metrics").as_deref(), Some(""));
    assert!(generate_metrics(&endpoints.internal).contains("service_a_cache_hits_total 3"));
    Ok(())
}

fn swap_of_the_global() -> Result<(), Box<dyn Error>> {
    let before = Metric::counter("jobs_total", "Jobs done.").register()?;
    before.inc();

    // Everything that uses `REGISTRY` sees the new registry from here on; the old one is handed back.
    let old = REGISTRY.set_registry(Arc::new(CollectorRegistry::with_prefix("service_b")?))?;
    let after = Metric::counter("jobs_total", "Jobs done.").register()?;
    after.inc_by(5);

    println!("the global registry after the swap");
    println!("{}", gather());
    println!("the one before it, with {} family", families(&old));
    print!("{}", generate_metrics(&*old));
    Ok(())
}

fn families(collector: &dyn Collector) -> usize {
    let mut count = 0;
    collector.describe(&mut |_, _| count += 1);
    count
}
