use std::hint::black_box;
use std::sync::Arc;

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::ops::{self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, Page, SEQUENCE, Shape, TEXTS};

pub struct MetricsRs;

static METADATA: Metadata<'static> = Metadata::new("bench", Level::INFO, None);

/// What the macros do, without the lookup of the global recorder.
fn key(name: &'static str, method: &str, path: &str) -> Key {
    Key::from_parts(name, vec![Label::new("method", method.to_owned()), Label::new("path", path.to_owned())])
}

const NAMES: [&str; 10] = [
    "requests_0",
    "requests_1",
    "requests_2",
    "requests_3",
    "requests_4",
    "requests_5",
    "requests_6",
    "requests_7",
    "requests_8",
    "requests_9",
];

impl Library for MetricsRs {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["metrics", "metrics-exporter-prometheus"]
    }

    fn note(&self) -> Option<&'static str> {
        Some(
            "metrics with metrics-exporter-prometheus; one counter, gauge or histogram is updated through its handle; \
             an observation is put on a list, and the upkeep that turns lists into buckets is not timed; no float \
             counters",
        )
    }

    fn histograms_are_consistent(&self) -> bool {
        true
    }

    fn counter(&self) -> Option<Op> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let counter = recorder.register_counter(&Key::from_name("requests_total"), &METADATA);
        let handle = recorder.handle();
        Some(
            Op::each(move |_| counter.increment(1))
                .check(move |n| total(&handle, "requests_total") == n as f64),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let gauge = recorder.register_gauge(&Key::from_name("requests"), &METADATA);
        let handle = recorder.handle();
        Some(
            Op::each(move |i| gauge.set(i as f64))
                .check(move |n| total(&handle, "requests") == (n - 1) as f64),
        )
    }

    fn gauge_add(&self) -> Option<Op> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let gauge = recorder.register_gauge(&Key::from_name("requests"), &METADATA);
        let handle = recorder.handle();
        Some(
            Op::each(move |_| gauge.increment(black_box(1.0)))
                .check(move |n| total(&handle, "requests") == n as f64),
        )
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let recorder = PrometheusBuilder::new().set_buckets(bounds).unwrap().build_recorder();
        let histogram = recorder.register_histogram(&Key::from_name("seconds"), &METADATA);
        let (handle, upkeep) = (recorder.handle(), recorder.handle());
        Some(
            Op::each(move |i| histogram.record(values[i % SEQUENCE]))
                .check(move |n| total(&handle, "seconds_count") == n as f64)
                .after(move || upkeep.run_upkeep()),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let recorder = texts();
        let handle = recorder.handle();
        static LABELS: [Label; 2] =
            [Label::from_static_parts("method", "GET"), Label::from_static_parts("path", "/p7")];
        static KEY: Key = Key::from_static_parts("requests_total", &LABELS);
        Some(
            Op::each(move |_| recorder.register_counter(&KEY, &METADATA).increment(1))
                .check(move |n| total(&handle, "requests_total") == n as f64),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let recorder = texts();
        let handle = recorder.handle();
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                recorder.register_counter(&key("requests_total", method, path), &METADATA).increment(1);
            })
            .check(move |n| total(&handle, "requests_total") == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                let labels =
                    vec![Label::new("path", path.to_owned()), Label::new("status", status.to_string())];
                recorder.register_counter(&Key::from_parts("requests_total", labels), &METADATA).increment(1);
            })
            .check(move |n| total(&handle, "requests_total") == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let recorder = texts();
        let counter = recorder.register_counter(&key("requests_total", "GET", "/p7"), &METADATA);
        let handle = recorder.handle();
        Some(
            Op::each(move |_| counter.increment(1))
                .check(move |n| total(&handle, "requests_total") == n as f64),
        )
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS_11).unwrap().build_recorder();
        let page = Recorded { handle: recorder.handle(), recorder, kind: shape.kind };
        for name in &NAMES[..shape.families] {
            for i in 0..shape.series {
                let (method, path) = ops::series(i);
                page.update_in(name, method, path);
            }
            page.recorder.describe_counter((*name).into(), None, "Requests.".into());
        }
        page.handle.run_upkeep();
        Some(Arc::new(page))
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "metrics = \"0.24\"\nmetrics-exporter-prometheus = { version = \"0.18\", default-features = false }"
                .into(),
            main: r#"
                fn main() {
                    let handle = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().unwrap();
                    metrics::counter!("hits_total").increment(1);
                    print!("{}", handle.render());
                }
            "#,
        })
    }
}

fn texts() -> PrometheusRecorder {
    let recorder = PrometheusBuilder::new().build_recorder();
    for (method, path) in TEXTS.iter() {
        recorder.register_counter(&key("requests_total", method, path), &METADATA).increment(0);
    }
    recorder
}

fn total(handle: &PrometheusHandle, name: &str) -> f64 {
    ops::sum_of(&handle.render(), name)
}

struct Recorded {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    kind: Kind,
}

impl Recorded {
    fn update_in(&self, name: &'static str, method: &str, path: &str) {
        let key = key(name, method, path);
        match self.kind {
            Kind::Counters => self.recorder.register_counter(&key, &METADATA).increment(1),
            Kind::Histograms => self.recorder.register_histogram(&key, &METADATA).record(0.5),
        }
    }
}

impl Page for Recorded {
    fn encode(&self, out: &mut String) {
        self.handle.render_to_write(ops::bytes(out)).unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        self.update_in(NAMES[0], method, path);
    }
}
