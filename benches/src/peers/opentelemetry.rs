use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider};
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
use prometheus::{Registry, TextEncoder};

use crate::ops::{self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, Page, SEQUENCE, Shape, TEXTS};

pub struct OpenTelemetry;

struct Setup {
    registry: Registry,
    /// Its meters stop when it is dropped.
    _provider: SdkMeterProvider,
    meter: Meter,
}

impl Setup {
    fn new(series: usize) -> Self {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder()
            .with_reader(exporter)
            .with_view(move |_: &Instrument| {
                Stream::builder().with_cardinality_limit(series.max(2000) * 2).build().ok()
            })
            .build();
        let meter = provider.meter("bench");
        Self { registry, _provider: provider, meter }
    }

    fn encode(&self, out: &mut String) {
        TextEncoder::new().encode_utf8(&self.registry.gather(), out).unwrap();
    }

    fn total(&self, name: &str) -> f64 {
        let mut page = String::new();
        self.encode(&mut page);
        ops::sum_of(&page, name)
    }
}

fn attributes(method: &str, path: &str) -> [KeyValue; 2] {
    [KeyValue::new("method", method.to_owned()), KeyValue::new("path", path.to_owned())]
}

impl Library for OpenTelemetry {
    fn name(&self) -> &'static str {
        "opentelemetry"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["opentelemetry", "opentelemetry-prometheus"]
    }

    fn note(&self) -> Option<&'static str> {
        Some("with its limit of series raised above what is made; it has no handle of one series")
    }

    fn histograms_are_consistent(&self) -> bool {
        true
    }

    fn counter(&self) -> Option<Op> {
        let setup = Setup::new(0);
        let counter = setup.meter.u64_counter("requests").build();
        Some(Op::each(move |_| counter.add(1, &[])).check(move |n| setup.total("requests_total") == n as f64))
    }

    fn counter_f64(&self, amount: f64) -> Option<Op> {
        let setup = Setup::new(0);
        let counter = setup.meter.f64_counter("requests").build();
        Some(
            Op::each(move |_| counter.add(std::hint::black_box(amount), &[]))
                .check(move |n| setup.total("requests_total") == amount * n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let setup = Setup::new(0);
        let gauge = setup.meter.f64_gauge("requests").build();
        Some(
            Op::each(move |i| gauge.record(i as f64, &[]))
                .check(move |n| setup.total("requests") == (n - 1) as f64),
        )
    }

    fn gauge_add(&self) -> Option<Op> {
        let setup = Setup::new(0);
        let gauge = setup.meter.f64_up_down_counter("requests").build();
        Some(
            Op::each(move |_| gauge.add(std::hint::black_box(1.0), &[]))
                .check(move |n| setup.total("requests") == n as f64),
        )
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let setup = Setup::new(0);
        let histogram = setup.meter.f64_histogram("seconds").with_boundaries(bounds.to_vec()).build();
        Some(
            Op::each(move |i| histogram.record(values[i % SEQUENCE], &[]))
                .check(move |n| setup.total("seconds_count") == n as f64),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let (setup, counter) = texts();
        Some(
            Op::each(move |_| {
                counter.add(1, &[KeyValue::new("method", "GET"), KeyValue::new("path", "/p7")]);
            })
            .check(move |n| setup.total("requests_total") == n as f64),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let (setup, counter) = texts();
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                counter.add(1, &attributes(method, path));
            })
            .check(move |n| setup.total("requests_total") == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let setup = Setup::new(1000);
        let counter = setup.meter.u64_counter("requests").build();
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                counter.add(
                    1,
                    &[KeyValue::new("path", path.to_owned()), KeyValue::new("status", i64::from(status))],
                );
            })
            .check(move |n| setup.total("requests_total") == n as f64),
        )
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let setup = Setup::new(shape.series);
        Some(match shape.kind {
            Kind::Counters => {
                let families: Vec<_> = (0..shape.families)
                    .map(|i| {
                        setup.meter.u64_counter(format!("requests_{i}")).with_description("Requests.").build()
                    })
                    .collect();
                fill(shape, &families, |family, labels| family.add(1, labels));
                Arc::new(Counters { setup, families })
            }
            Kind::Histograms => {
                let families: Vec<_> = (0..shape.families)
                    .map(|i| {
                        setup
                            .meter
                            .f64_histogram(format!("requests_{i}"))
                            .with_description("Requests.")
                            .with_boundaries(BOUNDS_11.to_vec())
                            .build()
                    })
                    .collect();
                fill(shape, &families, |family, labels| family.record(0.5, labels));
                Arc::new(Histograms { setup, families })
            }
        })
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "opentelemetry = { version = \"0.33\", default-features = false, features = [\"metrics\"] }\n\
                opentelemetry_sdk = { version = \"0.33\", default-features = false, features = [\"metrics\"] }\n\
                opentelemetry-prometheus = { version = \"0.33\", default-features = false }\n\
                prometheus = { version = \"0.14\", default-features = false }"
                .into(),
            main: r#"
                use opentelemetry::metrics::MeterProvider;
                fn main() {
                    let registry = prometheus::Registry::new();
                    let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
                    let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder().with_reader(exporter).build();
                    provider.meter("minimal").u64_counter("hits").build().add(1, &[]);
                    print!("{}", prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap());
                }
            "#,
        })
    }
}

fn texts() -> (Setup, Counter<u64>) {
    let setup = Setup::new(1000);
    let counter = setup.meter.u64_counter("requests").build();
    for (method, path) in TEXTS.iter() {
        counter.add(0, &attributes(method, path));
    }
    (setup, counter)
}

fn fill<F>(shape: Shape, families: &[F], update: impl Fn(&F, &[KeyValue])) {
    for family in families {
        for i in 0..shape.series {
            let (method, path) = ops::series(i);
            update(family, &attributes(method, path));
        }
    }
}

struct Counters {
    setup: Setup,
    families: Vec<Counter<u64>>,
}

impl Page for Counters {
    fn encode(&self, out: &mut String) {
        self.setup.encode(out);
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].add(1, &attributes(method, path));
    }
}

struct Histograms {
    setup: Setup,
    families: Vec<Histogram<f64>>,
}

impl Page for Histograms {
    fn encode(&self, out: &mut String) {
        self.setup.encode(out);
    }

    fn update(&self, method: &str, path: &str) {
        self.families[0].record(0.5, &attributes(method, path));
    }
}
