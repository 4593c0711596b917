//! A collector of one's own: values that live elsewhere and are read when they are scraped.
//!
//! `cargo run --example custom_collector`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rutheus::{
    Collector, CollectorRegistry, Descriptor, Metric, MetricType, Register, Registry, Scrape, collect_fn,
    generate_metrics,
};

/// The program's own structure, which knows nothing of metrics.
#[derive(Default)]
struct Queues {
    waiting: Mutex<BTreeMap<&'static str, Vec<u32>>>,
}

impl Collector for Queues {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        const WAITING: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "queue_jobs", "Jobs that wait.");
        const OLDEST: Descriptor<'_> =
            Descriptor::new(MetricType::Gauge, "queue_first_job", "The number of the job that is next.");

        let queues = self.waiting.lock().expect("nothing panics with the lock");
        let mut samples = scrape.family(&WAITING);
        for (queue, jobs) in &*queues {
            samples.push([("queue", queue)], jobs.len() as u64);
        }
        let mut samples = scrape.family(&OLDEST);
        for (queue, jobs) in &*queues {
            if let Some(first) = jobs.first() {
                samples.push([("queue", queue)], *first);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = CollectorRegistry::with_prefix("mailer")?;

    let queues = Arc::new(Queues::default());
    registry.register(queues.clone())?;

    // For a single value a closure will do, and for a few samples a closure that pushes them.
    let for_metric = queues.clone();
    Metric::gauge_fn("queues", "Queues in use.", move || {
        for_metric.waiting.lock().expect("nothing panics with the lock").len() as u64
    })
    .register_in(&registry)?;
    registry.register(Arc::new(collect_fn(|scrape| {
        const LIMIT: Descriptor<'_> =
            Descriptor::new(MetricType::Gauge, "queue_limit", "Jobs that may wait.");
        scrape.family(&LIMIT).push([], 100);
    })))?;

    queues
        .waiting
        .lock()
        .expect("nothing panics with the lock")
        .extend([("newsletters", vec![7, 8, 9]), ("receipts", Vec::new())]);
    print!("{}", generate_metrics(&registry));

    // Its names are taken, like those of any metric.
    let refused = Metric::gauge("queue_jobs", "Another one.").register_in(&registry).unwrap_err();
    println!("\n{refused}");
    Ok(())
}
