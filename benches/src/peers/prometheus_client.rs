use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::ops::{
    self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, Page, Registration, SEQUENCE, Shape, TEXTS,
};

pub struct PrometheusClient;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Constant {
    method: &'static str,
    path: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Text {
    method: String,
    path: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Number {
    path: String,
    status: u16,
}

type HistogramFamily = Family<Text, Histogram, fn() -> Histogram>;

impl Text {
    fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into() }
    }
}

impl Library for PrometheusClient {
    fn name(&self) -> &'static str {
        "prometheus-client"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["prometheus-client"]
    }

    fn histograms_are_consistent(&self) -> bool {
        true
    }

    fn counter(&self) -> Option<Op> {
        let counter = Counter::<u64>::default();
        let read = counter.clone();
        Some(Op::each(move |_| _ = counter.inc()).check(move |n| read.get() == n))
    }

    fn counter_f64(&self, amount: f64) -> Option<Op> {
        let counter = Counter::<f64, AtomicU64>::default();
        let read = counter.clone();
        Some(
            Op::each(move |_| _ = counter.inc_by(black_box(amount)))
                .check(move |n| read.get() == amount * n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Gauge::<f64, AtomicU64>::default();
        let read = gauge.clone();
        Some(Op::each(move |i| _ = gauge.set(i as f64)).check(move |n| read.get() == (n - 1) as f64))
    }

    fn gauge_add(&self) -> Option<Op> {
        let gauge = Gauge::<f64, AtomicU64>::default();
        let read = gauge.clone();
        Some(Op::each(move |_| _ = gauge.inc_by(black_box(1.0))).check(move |n| read.get() == n as f64))
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let histogram = Histogram::new(bounds.iter().copied());
        let mut registry = Registry::default();
        registry.register("seconds", "Seconds.", histogram.clone());
        Some(Op::each(move |i| histogram.observe(values[i % SEQUENCE])).check(move |n| {
            let mut page = String::new();
            text::encode(&mut page, &registry).unwrap();
            ops::sum_of(&page, "seconds_count") == n as f64
        }))
    }

    fn labelled_constant(&self) -> Option<Op> {
        let family = Family::<Constant, Counter>::default();
        for (method, path) in TEXTS.iter() {
            drop(family.get_or_create(&Constant { method, path }));
        }
        let read = family.clone();
        Some(
            Op::each(move |_| _ = family.get_or_create(&Constant { method: "GET", path: "/p7" }).inc())
                .check(move |n| read.get_or_create(&Constant { method: "GET", path: "/p7" }).get() == n),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let family = texts();
        let registry = registry_of(&family);
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                family.get_or_create(&Text::new(method, path)).inc();
            })
            .check(move |n| total(&registry) == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let family = Family::<Number, Counter>::default();
        let registry = registry_of(&family);
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                family.get_or_create(&Number { path: path.into(), status }).inc();
            })
            .check(move |n| total(&registry) == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let handle = texts().get_or_create_owned(&Text::new("GET", "/p7"));
        let read = handle.clone();
        Some(Op::each(move |_| _ = handle.inc()).check(move |n| read.get() == n))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let mut registry = Registry::default();
        let name = |i| format!("requests_{i}");
        Some(match shape.kind {
            Kind::Counters => {
                let families: Vec<Family<Text, Counter>> = (0..shape.families)
                    .map(|i| {
                        let family = Family::default();
                        registry.register(name(i), "Requests.", family.clone());
                        family
                    })
                    .collect();
                fill(shape, &families, |family, labels| _ = family.get_or_create(&labels).inc());
                Arc::new(Counters { registry, families })
            }
            Kind::Histograms => {
                let families: Vec<HistogramFamily> = (0..shape.families)
                    .map(|i| {
                        let family = Family::new_with_constructor(histogram as fn() -> Histogram);
                        registry.register(name(i), "Requests.", family.clone());
                        family
                    })
                    .collect();
                fill(shape, &families, |family, labels| family.get_or_create(&labels).observe(0.5));
                Arc::new(Histograms { registry, families })
            }
        })
    }

    fn registration(&self, n: usize) -> Option<Box<dyn Registration>> {
        let metrics = (0..n).map(|i| (format!("metric_{i}"), Counter::default())).collect();
        Some(Box::new(Registering { registry: Registry::default(), metrics }))
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "prometheus-client = \"0.25\"".into(),
            main: r#"
                fn main() {
                    let mut registry = prometheus_client::registry::Registry::default();
                    let hits = prometheus_client::metrics::counter::Counter::<u64>::default();
                    registry.register("hits", "Hits", hits.clone());
                    hits.inc();
                    let mut page = String::new();
                    prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
                    print!("{page}");
                }
            "#,
        })
    }
}

fn histogram() -> Histogram {
    Histogram::new(BOUNDS_11)
}

fn texts() -> Family<Text, Counter> {
    let family = Family::<Text, Counter>::default();
    for (method, path) in TEXTS.iter() {
        drop(family.get_or_create(&Text::new(method, path)));
    }
    family
}

fn registry_of<S>(family: &Family<S, Counter>) -> Registry
where
    S: Clone + std::hash::Hash + Eq + EncodeLabelSet + std::fmt::Debug + Send + Sync + 'static,
{
    let mut registry = Registry::default();
    registry.register("requests", "Requests.", family.clone());
    registry
}

fn total(registry: &Registry) -> f64 {
    let mut page = String::new();
    text::encode(&mut page, registry).unwrap();
    ops::sum_of(&page, "requests_total")
}

fn fill<F>(shape: Shape, families: &[F], update: impl Fn(&F, Text)) {
    for family in families {
        for i in 0..shape.series {
            let (method, path) = ops::series(i);
            update(family, Text::new(method, path));
        }
    }
}

struct Registering {
    registry: Registry,
    metrics: Vec<(String, Counter)>,
}

impl Registration for Registering {
    fn register_all(&mut self) {
        for (name, metric) in &self.metrics {
            self.registry.register(name, "A metric.", metric.clone());
        }
    }
}

struct Counters {
    registry: Registry,
    families: Vec<Family<Text, Counter>>,
}

impl Page for Counters {
    fn encode(&self, out: &mut String) {
        text::encode(out, &self.registry).unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].get_or_create(&Text::new(method, path)).inc();
    }
}

struct Histograms {
    registry: Registry,
    families: Vec<HistogramFamily>,
}

impl Page for Histograms {
    fn encode(&self, out: &mut String) {
        text::encode(out, &self.registry).unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].get_or_create(&Text::new(method, path)).observe(0.5);
    }
}
