use std::hint::black_box;
use std::sync::Arc;

use vise::{Buckets, Counter, EncodeLabelSet, Family, Format, Gauge, Histogram, Metrics, Registry};

use crate::ops::{
    self, BOUNDS_11, BOUNDS_30, BOUNDS_100, Kind, Library, Minimal, NUMBERS, Op, Page, SEQUENCE, Shape, TEXTS,
};

pub struct Vise;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Constant {
    method: &'static str,
    path: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Text {
    method: String,
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Number {
    path: String,
    status: u16,
}

impl Text {
    fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into() }
    }
}

#[derive(Debug, Metrics)]
struct Gauges {
    requests: Gauge<f64>,
}

#[derive(Debug, Metrics)]
struct Constants {
    requests: Family<Constant, Counter>,
}

#[derive(Debug, Metrics)]
struct Texts {
    requests: Family<Text, Counter>,
}

#[derive(Debug, Metrics)]
struct Numbers {
    requests: Family<Number, Counter>,
}

#[derive(Debug, Metrics)]
struct Seconds {
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    bounds_11: Histogram<f64>,
    #[metrics(buckets = Buckets::from(&*BOUNDS_30))]
    bounds_30: Histogram<f64>,
    #[metrics(buckets = Buckets::from(&*BOUNDS_100))]
    bounds_100: Histogram<f64>,
}

macro_rules! pages {
    ($name:ident, $ty:ty, $($meta:meta)?, $($field:ident)*) => {
        #[derive(Debug, Metrics)]
        struct $name {
            $(
                /// Requests
                $field: $ty,
            )*
        }
    };
}

pages!(OneCounter, Family<Text, Counter>, , requests_0);
pages!(
    TenCounters, Family<Text, Counter>, ,
    requests_0 requests_1 requests_2 requests_3 requests_4 requests_5 requests_6 requests_7 requests_8 requests_9
);

#[derive(Debug, Metrics)]
struct OneHistogram {
    /// Requests
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_0: Family<Text, Histogram<f64>>,
}

#[derive(Debug, Metrics)]
struct TenHistograms {
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_0: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_1: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_2: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_3: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_4: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_5: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_6: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_7: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_8: Family<Text, Histogram<f64>>,
    #[metrics(buckets = Buckets::from(&BOUNDS_11))]
    requests_9: Family<Text, Histogram<f64>>,
}

impl Library for Vise {
    fn name(&self) -> &'static str {
        "vise"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["vise"]
    }

    fn note(&self) -> Option<&'static str> {
        Some(
            "its counter is that of prometheus-client 0.23; names are known at compile time; encoded as OpenMetrics",
        )
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
        let counter = Counter::<f64, std::sync::atomic::AtomicU64>::default();
        let read = counter.clone();
        Some(
            Op::each(move |_| _ = counter.inc_by(black_box(amount)))
                .check(move |n| read.get() == amount * n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Gauges::default().requests;
        let read = gauge.clone();
        Some(Op::each(move |i| _ = gauge.set(i as f64)).check(move |n| read.get() == (n - 1) as f64))
    }

    fn gauge_add(&self) -> Option<Op> {
        let gauge = Gauges::default().requests;
        let read = gauge.clone();
        Some(Op::each(move |_| _ = gauge.inc_by(black_box(1.0))).check(move |n| read.get() == n as f64))
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let metrics = Seconds::default();
        let histogram = match bounds.len() {
            11 => &metrics.bounds_11,
            30 => &metrics.bounds_30,
            _ => &metrics.bounds_100,
        };
        let histogram = histogram.clone();
        let name = format!("bounds_{}_count", bounds.len());
        let registry = registry_of(&metrics);
        Some(
            Op::each(move |i| histogram.observe(values[i % SEQUENCE]))
                .check(move |n| total(&registry, &name) == n as f64),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let metrics = Constants::default();
        for (method, path) in TEXTS.iter() {
            let _ = &metrics.requests[&Constant { method, path }];
        }
        let registry = registry_of(&metrics);
        Some(
            Op::each(move |_| _ = metrics.requests[&Constant { method: "GET", path: "/p7" }].inc())
                .check(move |n| total(&registry, "requests_total") == n as f64),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let metrics = texts();
        let registry = registry_of(&metrics);
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                metrics.requests[&Text::new(method, path)].inc();
            })
            .check(move |n| total(&registry, "requests_total") == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let metrics = Numbers::default();
        let registry = registry_of(&metrics);
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                metrics.requests[&Number { path: path.into(), status }].inc();
            })
            .check(move |n| total(&registry, "requests_total") == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let handle = texts().requests[&Text::new("GET", "/p7")].clone();
        let read = handle.clone();
        Some(Op::each(move |_| _ = handle.inc()).check(move |n| read.get() == n))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        macro_rules! page {
            ($ty:ty, $update:expr, $($field:ident)*) => {{
                let metrics = <$ty>::default();
                $(
                    for i in 0..shape.series {
                        let (method, path) = ops::series(i);
                        $update(&metrics.$field[&Text::new(method, path)]);
                    }
                )*
                let registry = registry_of(&metrics);
                Arc::new(Collected {
                    registry,
                    update: move |method: &str, path: &str| $update(&metrics.requests_0[&Text::new(method, path)]),
                })
            }};
        }
        let count = |counter: &Counter| _ = counter.inc();
        let observe = |histogram: &Histogram<f64>| histogram.observe(0.5);
        Some(match (shape.kind, shape.families) {
            (Kind::Counters, 1) => page!(OneCounter, count, requests_0),
            (Kind::Counters, _) => page!(
                TenCounters, count,
                requests_0 requests_1 requests_2 requests_3 requests_4 requests_5 requests_6 requests_7 requests_8 requests_9
            ),
            (Kind::Histograms, 1) => page!(OneHistogram, observe, requests_0),
            (Kind::Histograms, _) => page!(
                TenHistograms, observe,
                requests_0 requests_1 requests_2 requests_3 requests_4 requests_5 requests_6 requests_7 requests_8 requests_9
            ),
        })
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "vise = \"0.3\"".into(),
            main: r#"
                use vise::{Counter, Format, Metrics, Registry};
                #[derive(Debug, Metrics)]
                struct Hits {
                    /// Hits.
                    hits: Counter,
                }
                fn main() {
                    let hits = Hits::default();
                    hits.hits.inc();
                    let mut registry = Registry::empty();
                    registry.register_metrics(&hits);
                    let mut page = String::new();
                    registry.encode(&mut page, Format::OpenMetrics).unwrap();
                    print!("{page}");
                }
            "#,
        })
    }
}

fn texts() -> Texts {
    let metrics = Texts::default();
    for (method, path) in TEXTS.iter() {
        let _ = &metrics.requests[&Text::new(method, path)];
    }
    metrics
}

fn registry_of(metrics: &impl Metrics) -> Registry {
    let mut registry = Registry::empty();
    registry.register_metrics(metrics);
    registry
}

fn total(registry: &Registry, name: &str) -> f64 {
    let mut page = String::new();
    registry.encode(&mut page, Format::OpenMetrics).unwrap();
    ops::sum_of(&page, name)
}

struct Collected<F> {
    registry: Registry,
    update: F,
}

impl<F: Fn(&str, &str) + Send + Sync> Page for Collected<F> {
    fn encode(&self, out: &mut String) {
        self.registry.encode(out, Format::OpenMetrics).unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        (self.update)(method, path);
    }
}
