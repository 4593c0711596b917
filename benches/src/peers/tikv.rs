use std::hint::black_box;
use std::sync::Arc;

use prometheus::{Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts};
use prometheus::{Registry, TextEncoder};

use crate::ops::{
    self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, Page, Registration, SEQUENCE, Shape, TEXTS,
};

pub struct Tikv;

impl Library for Tikv {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["prometheus"]
    }

    fn note(&self) -> Option<&'static str> {
        Some(
            "without its default feature `protobuf`; two sets of label values whose texts join to the same are one series",
        )
    }

    fn histograms_are_consistent(&self) -> bool {
        true
    }

    fn counter(&self) -> Option<Op> {
        let counter = IntCounter::new("requests_total", "Requests.").unwrap();
        let read = counter.clone();
        Some(Op::each(move |_| counter.inc()).check(move |n| read.get() == n))
    }

    fn counter_f64(&self, amount: f64) -> Option<Op> {
        let counter = Counter::new("requests_total", "Requests.").unwrap();
        let read = counter.clone();
        Some(
            Op::each(move |_| counter.inc_by(black_box(amount)))
                .check(move |n| read.get() == amount * n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Gauge::new("requests", "Requests.").unwrap();
        let read = gauge.clone();
        Some(Op::each(move |i| gauge.set(i as f64)).check(move |n| read.get() == (n - 1) as f64))
    }

    fn gauge_add(&self) -> Option<Op> {
        let gauge = Gauge::new("requests", "Requests.").unwrap();
        let read = gauge.clone();
        Some(Op::each(move |_| gauge.add(black_box(1.0))).check(move |n| read.get() == n as f64))
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let opts = HistogramOpts::new("request_seconds", "Requests.").buckets(bounds.to_vec());
        let histogram = Histogram::with_opts(opts).unwrap();
        let read = histogram.clone();
        Some(
            Op::each(move |i| histogram.observe(values[i % SEQUENCE]))
                .check(move |n| read.get_sample_count() == n),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let family = texts();
        let read = family.clone();
        Some(
            Op::each(move |_| family.with_label_values(&["GET", "/p7"]).inc())
                .check(move |n| read.with_label_values(&["GET", "/p7"]).get() == n),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let family = texts();
        let read = family.clone();
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                family.with_label_values(&[method, path]).inc();
            })
            .check(move |n| total(&read) == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let family = counters("requests_total", &["path", "status"]);
        for (path, status) in NUMBERS.iter() {
            family.with_label_values(&[*path, &status.to_string()]);
        }
        let read = family.clone();
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                family.with_label_values(&[path, itoa::Buffer::new().format(status)]).inc();
            })
            .check(move |n| total(&read) == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let handle = texts().with_label_values(&["GET", "/p7"]);
        let read = handle.clone();
        Some(Op::each(move |_| handle.inc()).check(move |n| read.get() == n))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let registry = Registry::new();
        let labels = ["method", "path"];
        let name = |i| format!("requests_{i}");
        Some(match shape.kind {
            Kind::Counters => {
                let families: Vec<_> = (0..shape.families)
                    .map(|i| {
                        let family = counters(&name(i), &labels);
                        registry.register(Box::new(family.clone())).unwrap();
                        family
                    })
                    .collect();
                fill(shape, &families, |family, values| family.with_label_values(values).inc());
                Arc::new(Counters { registry, families })
            }
            Kind::Histograms => {
                let families: Vec<_> = (0..shape.families)
                    .map(|i| {
                        let opts = HistogramOpts::new(name(i), "Requests.").buckets(BOUNDS_11.to_vec());
                        let family = HistogramVec::new(opts, &labels).unwrap();
                        registry.register(Box::new(family.clone())).unwrap();
                        family
                    })
                    .collect();
                fill(shape, &families, |family, values| family.with_label_values(values).observe(0.5));
                Arc::new(Histograms { registry, families })
            }
        })
    }

    fn registration(&self, n: usize) -> Option<Box<dyn Registration>> {
        let metrics = (0..n).map(|i| IntCounter::new(format!("metric_{i}"), "A metric.").unwrap()).collect();
        Some(Box::new(Registering { registry: Registry::new(), metrics }))
    }

    fn registration_checks(&self) -> bool {
        true
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "prometheus = { version = \"0.14\", default-features = false }".into(),
            main: r#"
                fn main() {
                    let hits = prometheus::register_int_counter!("hits_total", "Hits.").unwrap();
                    hits.inc();
                    print!("{}", prometheus::TextEncoder::new().encode_to_string(&prometheus::gather()).unwrap());
                }
            "#,
        })
    }
}

fn counters(name: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, "Requests."), labels).unwrap()
}

fn texts() -> IntCounterVec {
    let family = counters("requests_total", &["method", "path"]);
    for (method, path) in TEXTS.iter() {
        family.with_label_values(&[method, path]);
    }
    family
}

fn total(family: &IntCounterVec) -> f64 {
    let registry = Registry::new();
    registry.register(Box::new(family.clone())).unwrap();
    let mut page = String::new();
    TextEncoder::new().encode_utf8(&registry.gather(), &mut page).unwrap();
    ops::sum_of(&page, "requests_total")
}

fn fill<F>(shape: Shape, families: &[F], update: impl Fn(&F, &[&str])) {
    for family in families {
        for i in 0..shape.series {
            let (method, path) = ops::series(i);
            update(family, &[method, path]);
        }
    }
}

struct Registering {
    registry: Registry,
    metrics: Vec<IntCounter>,
}

impl Registration for Registering {
    fn register_all(&mut self) {
        for metric in &self.metrics {
            self.registry.register(Box::new(metric.clone())).unwrap();
        }
    }

    fn unregister_all(&mut self) -> bool {
        for metric in &self.metrics {
            self.registry.unregister(Box::new(metric.clone())).unwrap();
        }
        true
    }
}

struct Counters {
    registry: Registry,
    families: Vec<IntCounterVec>,
}

impl Page for Counters {
    fn encode(&self, out: &mut String) {
        TextEncoder::new().encode_utf8(&self.registry.gather(), out).unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].with_label_values(&[method, path]).inc();
    }
}

struct Histograms {
    registry: Registry,
    families: Vec<HistogramVec>,
}

impl Page for Histograms {
    fn encode(&self, out: &mut String) {
        TextEncoder::new().encode_utf8(&self.registry.gather(), out).unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].with_label_values(&[method, path]).observe(0.5);
    }
}
