use std::hint::black_box;
use std::sync::Arc;

use fastmetrics::derive::LabelSet;
use fastmetrics::format::text::{self, TextProfile};
use fastmetrics::metrics::counter::Counter;
use fastmetrics::metrics::family::Family;
use fastmetrics::metrics::gauge::Gauge;
use fastmetrics::metrics::histogram::Histogram;
use fastmetrics::registry::Registry;

use crate::ops::{
    self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, Page, Registration, SEQUENCE, Shape, TEXTS,
};

pub struct Fastmetrics;

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Constant {
    method: &'static str,
    path: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Text {
    method: String,
    path: String,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Number {
    path: String,
    status: u16,
}

impl Text {
    fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into() }
    }
}

impl Library for Fastmetrics {
    fn name(&self) -> &'static str {
        "fastmetrics"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["fastmetrics"]
    }

    fn counter(&self) -> Option<Op> {
        let counter = Counter::<u64>::default();
        let read = counter.clone();
        Some(Op::each(move |_| counter.inc()).check(move |n| read.total() == n))
    }

    fn counter_f64(&self, amount: f64) -> Option<Op> {
        let counter = Counter::<f64>::default();
        let read = counter.clone();
        Some(
            Op::each(move |_| counter.inc_by(black_box(amount)))
                .check(move |n| read.total() == amount * n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Gauge::<f64>::default();
        let read = gauge.clone();
        Some(Op::each(move |i| gauge.set(i as f64)).check(move |n| read.get() == (n - 1) as f64))
    }

    fn gauge_add(&self) -> Option<Op> {
        let gauge = Gauge::<f64>::default();
        let read = gauge.clone();
        Some(Op::each(move |_| gauge.inc_by(black_box(1.0))).check(move |n| read.get() == n as f64))
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let histogram = Arc::new(Histogram::new(bounds.iter().copied()));
        let read = Arc::clone(&histogram);
        Some(
            Op::each(move |i| histogram.observe(values[i % SEQUENCE]))
                .check(move |n| read.with_snapshot(|snapshot| snapshot.count()) == n),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let family = Family::<Constant, Counter>::default();
        for (method, path) in TEXTS.iter() {
            family.with_or_new(&Constant { method, path }, |_| ());
        }
        let read = family.clone();
        Some(
            Op::each(move |_| family.with_or_new(&Constant { method: "GET", path: "/p7" }, |c| c.inc()))
                .check(move |n| {
                    read.with(&Constant { method: "GET", path: "/p7" }, |c| c.total()) == Some(n)
                }),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let family = texts();
        let registry = registry_of(family.clone());
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                family.with_or_new(&Text::new(method, path), |counter| counter.inc());
            })
            .check(move |n| total(&registry) == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let family = Family::<Number, Counter>::default();
        for (path, status) in NUMBERS.iter() {
            family.with_or_new(&Number { path: (*path).into(), status: *status }, |_| ());
        }
        let mut registry = Registry::default();
        registry.register("requests", "Requests", family.clone()).unwrap();
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                family.with_or_new(&Number { path: path.into(), status }, |counter| counter.inc());
            })
            .check(move |n| total(&registry) == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let handle = texts().with_or_new(&Text::new("GET", "/p7"), Clone::clone);
        let read = handle.clone();
        Some(Op::each(move |_| handle.inc()).check(move |n| read.total() == n))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let mut registry = Registry::default();
        let name = |i| format!("requests_{i}");
        Some(match shape.kind {
            Kind::Counters => {
                let families: Vec<Family<Text, Counter>> = (0..shape.families)
                    .map(|i| {
                        let family = Family::default();
                        registry.register(name(i), "Requests", family.clone()).unwrap();
                        family
                    })
                    .collect();
                fill(shape, &families, |family, labels| family.with_or_new(&labels, |counter| counter.inc()));
                Arc::new(Counters { registry, families })
            }
            Kind::Histograms => {
                let families: Vec<Family<Text, Histogram>> = (0..shape.families)
                    .map(|i| {
                        let family = Family::new(|| Histogram::new(BOUNDS_11));
                        registry.register(name(i), "Requests", family.clone()).unwrap();
                        family
                    })
                    .collect();
                fill(shape, &families, |family, labels| family.with_or_new(&labels, |h| h.observe(0.5)));
                Arc::new(Histograms { registry, families })
            }
        })
    }

    fn registration(&self, n: usize) -> Option<Box<dyn Registration>> {
        let metrics = (0..n).map(|i| (format!("metric_{i}"), Counter::default())).collect();
        Some(Box::new(Registering { registry: Registry::default(), metrics }))
    }

    fn registration_checks(&self) -> bool {
        true
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "fastmetrics = \"0.7\"".into(),
            main: r#"
                use fastmetrics::format::text::{self, TextProfile};
                fn main() {
                    let mut registry = fastmetrics::registry::Registry::default();
                    let hits = fastmetrics::metrics::counter::Counter::<u64>::default();
                    registry.register("hits", "Hits", hits.clone()).unwrap();
                    hits.inc();
                    let mut page = String::new();
                    text::encode(&mut page, &registry, TextProfile::default()).unwrap();
                    print!("{page}");
                }
            "#,
        })
    }
}

fn texts() -> Family<Text, Counter> {
    let family = Family::<Text, Counter>::default();
    for (method, path) in TEXTS.iter() {
        family.with_or_new(&Text::new(method, path), |_| ());
    }
    family
}

fn registry_of(family: Family<Text, Counter>) -> Registry {
    let mut registry = Registry::default();
    registry.register("requests", "Requests", family).unwrap();
    registry
}

fn encode(registry: &Registry, out: &mut String) {
    text::encode(out, registry, TextProfile::default()).unwrap();
}

fn total(registry: &Registry) -> f64 {
    let mut page = String::new();
    encode(registry, &mut page);
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
            self.registry.register(name.clone(), "A metric", metric.clone()).unwrap();
        }
    }
}

struct Counters {
    registry: Registry,
    families: Vec<Family<Text, Counter>>,
}

impl Page for Counters {
    fn encode(&self, out: &mut String) {
        encode(&self.registry, out);
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].with_or_new(&Text::new(method, path), |counter| counter.inc());
    }
}

struct Histograms {
    registry: Registry,
    families: Vec<Family<Text, Histogram>>,
}

impl Page for Histograms {
    fn encode(&self, out: &mut String) {
        encode(&self.registry, out);
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].with_or_new(&Text::new(method, path), |histogram| histogram.observe(0.5));
    }
}
