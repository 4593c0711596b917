use std::hint::black_box;
use std::sync::Arc;

use measured::metric::group::Encoding;
use measured::metric::histogram::Thresholds;
use measured::metric::name::MetricName;
use measured::text::TextEncoder;
use measured::{Counter, CounterVec, FloatGauge, Histogram, HistogramVec, LabelGroup, MetricGroup};
use paracord::ParaCord;

use crate::ops::{self, BOUNDS_11, Kind, Library, Minimal, NUMBERS, Op, Page, SEQUENCE, Shape, TEXTS};

pub struct Measured;

#[derive(Clone, Copy, LabelGroup)]
#[label(set = TextSet)]
struct Text<'a> {
    #[label(dynamic_with = ParaCord)]
    method: &'a str,
    #[label(dynamic_with = ParaCord)]
    path: &'a str,
}

fn text_set() -> TextSet {
    TextSet { method: ParaCord::default(), path: ParaCord::default() }
}

fn text<'a>(method: &'a str, path: &'a str) -> Text<'a> {
    Text { method, path }
}

macro_rules! pages {
    ($name:ident, $metric:ty, $($field:ident)*) => {
        #[derive(MetricGroup)]
        struct $name {
            $(
                /// Requests.
                $field: $metric,
            )*
        }
    };
}

pages!(OneCounter, CounterVec<TextSet>, requests_0);
pages!(OneHistogram, HistogramVec<TextSet, 11>, requests_0);
pages!(
    TenCounters, CounterVec<TextSet>,
    requests_0 requests_1 requests_2 requests_3 requests_4 requests_5 requests_6 requests_7 requests_8 requests_9
);
pages!(
    TenHistograms, HistogramVec<TextSet, 11>,
    requests_0 requests_1 requests_2 requests_3 requests_4 requests_5 requests_6 requests_7 requests_8 requests_9
);

impl Library for Measured {
    fn name(&self) -> &'static str {
        "measured"
    }

    fn packages(&self) -> &'static [&'static str] {
        &["measured"]
    }

    fn note(&self) -> Option<&'static str> {
        Some(
            "0.1 needs Rust 1.98; labels of run-time text are interned (`ParaCord`); no float counters; label values are not escaped",
        )
    }

    fn counter(&self) -> Option<Op> {
        let counter = Arc::new(Counter::new());
        let read = Arc::clone(&counter);
        Some(Op::each(move |_| counter.inc()).check(move |n| counter_of(&read) == n as f64))
    }

    fn gauge_set(&self) -> Option<Op> {
        let gauge = Arc::new(FloatGauge::new());
        let read = Arc::clone(&gauge);
        Some(
            Op::each(move |i| gauge.set(i as f64))
                .check(move |n| read.get_metric().count.get() == (n - 1) as f64),
        )
    }

    fn gauge_add(&self) -> Option<Op> {
        let gauge = Arc::new(FloatGauge::new());
        let read = Arc::clone(&gauge);
        Some(
            Op::each(move |_| gauge.inc_by(black_box(1.0)))
                .check(move |n| read.get_metric().count.get() == n as f64),
        )
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        match bounds.len() {
            11 => histogram::<11>(bounds, values),
            30 => histogram::<30>(bounds, values),
            100 => histogram::<100>(bounds, values),
            _ => None,
        }
    }

    fn labelled_constant(&self) -> Option<Op> {
        let family = texts();
        let read = Arc::clone(&family);
        Some(Op::each(move |_| family.inc(text("GET", "/p7"))).check(move |n| total(&read) == n as f64))
    }

    fn labelled_text(&self) -> Option<Op> {
        let family = texts();
        let read = Arc::clone(&family);
        Some(
            Op::each(move |i| {
                let (method, path) = TEXTS[i % SEQUENCE];
                family.inc(text(method, path));
            })
            .check(move |n| total(&read) == n as f64),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        // Its integers are label values of fixed sets only: the digits are made here.
        let family = Arc::new(CounterVec::with_label_set(text_set()));
        for (path, status) in NUMBERS.iter() {
            family.with_labels(text(path, itoa::Buffer::new().format(*status)));
        }
        let read = Arc::clone(&family);
        Some(
            Op::each(move |i| {
                let (path, status) = NUMBERS[i % SEQUENCE];
                family.inc(text(path, itoa::Buffer::new().format(status)));
            })
            .check(move |n| total(&read) == n as f64),
        )
    }

    fn handle(&self) -> Option<Op> {
        let family = texts();
        let read = Arc::clone(&family);
        let id = family.with_labels(text("GET", "/p7"));
        Some(Op::each(move |_| family.get_metric(id).inc()).check(move |n| total(&read) == n as f64))
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        let counter = || {
            let family = CounterVec::with_label_set(text_set());
            for i in 0..shape.series {
                let (method, path) = ops::series(i);
                family.inc(text(method, path));
            }
            family
        };
        let histogram = || {
            let family = HistogramVec::<_, 11>::with_label_set_and_metadata(
                text_set(),
                Thresholds::with_buckets(BOUNDS_11),
            );
            for i in 0..shape.series {
                let (method, path) = ops::series(i);
                family.observe(text(method, path), 0.5);
            }
            family
        };
        macro_rules! ten {
            ($name:ident, $make:expr) => {
                $name {
                    requests_0: $make(),
                    requests_1: $make(),
                    requests_2: $make(),
                    requests_3: $make(),
                    requests_4: $make(),
                    requests_5: $make(),
                    requests_6: $make(),
                    requests_7: $make(),
                    requests_8: $make(),
                    requests_9: $make(),
                }
            };
        }
        let count = |family: &CounterVec<TextSet>, method: &str, path: &str| family.inc(text(method, path));
        let observe = |family: &HistogramVec<TextSet, 11>, method: &str, path: &str| {
            family.observe(text(method, path), 0.5)
        };
        Some(match (shape.kind, shape.families) {
            (Kind::Counters, 1) => Arc::new(Group(
                OneCounter { requests_0: counter() },
                move |g: &OneCounter, m: &str, p: &str| count(&g.requests_0, m, p),
            )),
            (Kind::Counters, _) => {
                Arc::new(Group(ten!(TenCounters, counter), move |g: &TenCounters, m: &str, p: &str| {
                    count(&g.requests_0, m, p)
                }))
            }
            (Kind::Histograms, 1) => Arc::new(Group(
                OneHistogram { requests_0: histogram() },
                move |g: &OneHistogram, m: &str, p: &str| observe(&g.requests_0, m, p),
            )),
            (Kind::Histograms, _) => {
                Arc::new(Group(ten!(TenHistograms, histogram), move |g: &TenHistograms, m: &str, p: &str| {
                    observe(&g.requests_0, m, p)
                }))
            }
        })
    }

    fn minimal(&self) -> Option<Minimal> {
        Some(Minimal {
            dependencies: "measured = \"0.0.25\"".into(),
            main: r#"
                use measured::{Counter, MetricGroup, text::BufferedTextEncoder};
                #[derive(MetricGroup, Default)]
                struct Metrics {
                    /// Hits.
                    hits: Counter,
                }
                fn main() {
                    let metrics = Metrics::default();
                    metrics.hits.inc();
                    let mut encoder = BufferedTextEncoder::new();
                    metrics.collect_group_into(&mut encoder).unwrap();
                    print!("{}", String::from_utf8_lossy(&encoder.finish()));
                }
            "#,
        })
    }
}

fn histogram<const N: usize>(bounds: &[f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
    let thresholds = Thresholds::<N>::with_buckets(bounds.try_into().ok()?);
    let histogram = Arc::new(Histogram::with_metadata(thresholds));
    let read = Arc::clone(&histogram);
    Some(Op::each(move |i| histogram.observe(values[i % SEQUENCE])).check(move |n| {
        let mut page = String::new();
        let mut encoder = TextEncoder::new(ops::bytes(&mut page));
        use measured::metric::MetricFamilyEncoding;
        read.collect_family_into(MetricName::from_str("seconds"), &mut encoder).unwrap();
        encoder.flush().unwrap();
        ops::sum_of(&page, "seconds_count") == n as f64
    }))
}

fn texts() -> Arc<CounterVec<TextSet>> {
    let family = CounterVec::with_label_set(text_set());
    for (method, path) in TEXTS.iter() {
        family.with_labels(text(method, path));
    }
    Arc::new(family)
}

fn counter_of(counter: &Counter) -> f64 {
    use measured::metric::MetricFamilyEncoding;
    let mut page = String::new();
    let mut encoder = TextEncoder::new(ops::bytes(&mut page));
    counter.collect_family_into(MetricName::from_str("requests_total"), &mut encoder).unwrap();
    encoder.flush().unwrap();
    ops::sum_of(&page, "requests_total")
}

fn total(family: &CounterVec<TextSet>) -> f64 {
    use measured::metric::MetricFamilyEncoding;
    let mut page = String::new();
    let mut encoder = TextEncoder::new(ops::bytes(&mut page));
    family.collect_family_into(MetricName::from_str("requests_total"), &mut encoder).unwrap();
    encoder.flush().unwrap();
    ops::sum_of(&page, "requests_total")
}

/// A group, and how its first family is updated.
struct Group<G, F>(G, F);

impl<G, F> Page for Group<G, F>
where
    G: for<'a> MetricGroup<TextEncoder<&'a mut Vec<u8>>> + Send + Sync,
    F: Fn(&G, &str, &str) + Send + Sync,
    for<'a> TextEncoder<&'a mut Vec<u8>>: Encoding<Err = std::io::Error>,
{
    fn encode(&self, out: &mut String) {
        let mut encoder = TextEncoder::new(ops::bytes(out));
        self.0.collect_group_into(&mut encoder).unwrap();
        encoder.flush().unwrap();
    }

    fn update(&self, method: &str, path: &str) {
        (self.1)(&self.0, method, path);
    }
}
