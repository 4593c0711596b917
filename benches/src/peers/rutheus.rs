use std::hint::black_box;
use std::sync::Arc;

use metrics_core::{Buckets, Collector, Counter, Family, Gauge, Histogram, Metric};
use metrics_exposition::{Format, text};
use metrics_registry::{CollectorRegistry, Register, Registry};

use crate::ops::{
    self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, OtherFormat, Page, Registration, SEQUENCE, Shape,
    TEXTS,
};

pub struct Rutheus;

impl Library for Rutheus {
    fn name(&self) -> &'static str {
        "rutheus"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["metrics-core"]
    }

    fn histograms_are_consistent(&self) -> bool {
        true
    }

    fn counter(&self) -> Option<Op> {
        let counter = Arc::new(Metric::counter("requests_total", "Requests."));
        let read = Arc::clone(&counter);
        Some(Op::each(move |_| counter.inc()).check(move |n| read.get() == n))
    }

    fn counter_f64(&self, amount: f64) -> Option<Op> {
        let counter = Arc::new(Counter::<f64>::new());
        let read = Arc::clone(&counter);
        Some(
            Op::each(move |_| counter.inc_by(black_box(amount)).unwrap())
                .check(move |n| read.get() == amount * n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Arc::new(Gauge::<f64>::new());
        let read = Arc::clone(&gauge);
        Some(Op::each(move |i| gauge.set(i as f64)).check(move |n| read.get() == (n - 1) as f64))
    }

    fn gauge_add(&self) -> Option<Op> {
        let gauge = Arc::new(Gauge::<f64>::new());
        let read = Arc::clone(&gauge);
        Some(Op::each(move |_| gauge.add(black_box(1.0))).check(move |n| read.get() == n as f64))
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let histogram = Arc::new(Histogram::new(bounds));
        let read = Arc::clone(&histogram);
        Some(
            Op::each(move |i| histogram.observe(values[i % SEQUENCE]))
                .check(move |n| read.snapshot().count() == n),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let family = texts();
        let read = Arc::clone(&family);
        Some(
            Op::each(move |_| family.with(["GET", "/p7"]).inc())
                .check(move |n| read.with(["GET", "/p7"]).get() == n),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let family = texts();
        let read = Arc::clone(&family);
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                family.with([method, path]).inc();
            })
            .check(move |n| total(&*read) == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let family = Arc::new(Family::counter("requests_total", "Requests.", ["path", "status"]));
        for values in NUMBERS.iter() {
            let _ = family.with(*values);
        }
        let read = Arc::clone(&family);
        Some(
            Op::each(move |i| family.with(NUMBERS[i % SEQUENCE]).inc())
                .check(move |n| total(&*read) == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let handle = texts().handle(["GET", "/p7"]);
        let read = handle.clone();
        Some(Op::each(move |_| handle.inc()).check(move |n| read.get() == n))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let registry = CollectorRegistry::new();
        let labels = ["method", "path"];
        let name = |i| (format!("requests_{i}"), "Requests.");
        Some(match shape.kind {
            Kind::Counters => {
                let families = (0..shape.families)
                    .map(|i| {
                        let (name, help) = name(i);
                        let family = Family::<Counter, 2>::try_new(name, help, labels, ()).unwrap();
                        let family = family.register_in(&registry).unwrap();
                        for i in 0..shape.series {
                            let (method, path) = ops::series(i);
                            family.with([method, path]).inc();
                        }
                        family
                    })
                    .collect();
                Arc::new(Counters { registry, families })
            }
            Kind::Histograms => {
                let families = (0..shape.families)
                    .map(|i| {
                        let (name, help) = name(i);
                        let buckets = Buckets::try_new(BOUNDS_11).unwrap();
                        let family = Family::<Histogram, 2>::try_new(name, help, labels, buckets).unwrap();
                        let family = family.register_in(&registry).unwrap();
                        for i in 0..shape.series {
                            let (method, path) = ops::series(i);
                            family.with([method, path]).observe(0.5);
                        }
                        family
                    })
                    .collect();
                Arc::new(Histograms { registry, families })
            }
        })
    }

    fn registration(&self, n: usize) -> Option<Box<dyn Registration>> {
        let metrics = (0..n)
            .map(|i| Arc::new(Metric::try_new(format!("metric_{i}"), "A metric.", Counter::new()).unwrap()))
            .collect();
        Some(Box::new(Registering { registry: CollectorRegistry::new(), metrics }))
    }

    fn registration_checks(&self) -> bool {
        true
    }

    fn minimal(&self) -> Option<Minimal> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");
        Some(Minimal {
            dependencies: format!("rutheus = {{ path = \"{root}/rutheus\" }}"),
            main: r#"
                rutheus::metrics! {
                    static HITS: rutheus::Metric<rutheus::Counter> = rutheus::Metric::counter("hits_total", "Hits.");
                }
                fn main() {
                    HITS.inc();
                    print!("{}", rutheus::gather());
                }
            "#,
        })
    }

    fn minimal_small(&self) -> Option<Minimal> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");
        Some(Minimal {
            dependencies: format!(
                "metrics-core = {{ path = \"{root}/metrics-core\", default-features = false, features = [\"std\"] }}\n\
                 metrics-exposition = {{ path = \"{root}/metrics-exposition\" }}"
            ),
            main: r#"
                use metrics_core::{Counter, Metric};
                static HITS: Metric<Counter> = Metric::counter("hits_total", "Hits.");
                fn main() {
                    HITS.inc();
                    print!("{}", metrics_exposition::generate_metrics(&HITS));
                }
            "#,
        })
    }
}

struct Registering {
    registry: CollectorRegistry,
    metrics: Vec<Arc<Metric<Counter>>>,
}

impl Registration for Registering {
    fn register_all(&mut self) {
        for metric in &self.metrics {
            self.registry.register(Arc::clone(metric) as Arc<dyn Collector>).unwrap();
        }
    }

    fn unregister_all(&mut self) -> bool {
        for metric in &self.metrics {
            drop(self.registry.unregister(metric.name()).unwrap());
        }
        true
    }
}

fn texts() -> Arc<Family<Counter, 2>> {
    let family = Arc::new(Family::counter("requests_total", "Requests.", ["method", "path"]));
    for (method, path) in TEXTS.iter() {
        let _ = family.with([method, path]);
    }
    family
}

fn total(collector: &dyn Collector) -> f64 {
    let mut page = String::new();
    text::encode(collector, &mut page);
    ops::sum_of(&page, "requests_total")
}

struct Counters {
    registry: CollectorRegistry,
    families: Vec<Arc<Family<Counter, 2>>>,
}

impl Page for Counters {
    fn encode(&self, out: &mut String) {
        text::encode(&self.registry, out);
    }

    fn encode_as(&self, format: OtherFormat, out: &mut Vec<u8>) -> bool {
        encode_as(&self.registry, format, out)
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].with([method, path]).inc();
    }
}

struct Histograms {
    registry: CollectorRegistry,
    families: Vec<Arc<Family<Histogram, 2>>>,
}

impl Page for Histograms {
    fn encode(&self, out: &mut String) {
        text::encode(&self.registry, out);
    }

    fn encode_as(&self, format: OtherFormat, out: &mut Vec<u8>) -> bool {
        encode_as(&self.registry, format, out)
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].with([method, path]).observe(0.5);
    }
}

fn encode_as(registry: &CollectorRegistry, format: OtherFormat, out: &mut Vec<u8>) -> bool {
    let format = match format {
        OtherFormat::OpenMetrics => Format::OPEN_METRICS,
        OtherFormat::OpenMetrics2 => Format::OPEN_METRICS_2,
        OtherFormat::Protobuf => Format::PROTOBUF,
    };
    format.encode(registry, out);
    true
}
