//! What an encoder is told, what stands on a page, and whether that is what the model shows.

use rutheus::{Collector, Descriptor, Encoder, Labels, MetricName, MetricType, Number, Scrape, Value};

use crate::naive::{Cell, Shown, buckets};
use crate::page::{PageFamily, PageSample};
use crate::pool::{BOUNDS, Kind, STATES};

/// One family as an encoder is told of it.
#[derive(Debug)]
pub(crate) struct Told {
    name: String,
    help: String,
    metric_type: MetricType,
    series: Vec<(Vec<(String, String)>, ToldValue)>,
}

#[derive(Debug)]
enum ToldValue {
    Number(Number),
    /// Cumulative counts and the sum.
    Histogram(Vec<(f64, u64)>, f64),
    Summary(u64, f64),
    States(Vec<(String, bool)>),
}

#[derive(Default)]
struct Listener {
    families: Vec<Told>,
    samples: u64,
}

impl Encoder for Listener {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        self.families.push(Told {
            name: name.to_string(),
            help: descriptor.help().to_owned(),
            metric_type: descriptor.metric_type(),
            series: Vec::new(),
        });
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        let labels = labels.iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let value = match value {
            Value::Number(number) => ToldValue::Number(number),
            Value::Histogram(value) => {
                let whole = |n| if let Number::U64(n) = n { n } else { panic!("{n:?} is not whole") };
                let buckets = value.buckets().map(|(bound, n)| (bound, whole(n)));
                ToldValue::Histogram(buckets.collect(), value.sum())
            }
            Value::Summary(value) => ToldValue::Summary(value.count(), value.sum()),
            Value::StateSet(value) => {
                ToldValue::States(value.states().map(|(state, on)| (state.to_owned(), on)).collect())
            }
            other => panic!("{other:?}"),
        };
        self.families.last_mut().expect("a family comes before its samples").series.push((labels, value));
        self.samples += 1;
    }

    fn checkpoint(&mut self) -> u64 {
        (self.families.len() as u64) << 32 | self.samples
    }

    fn rollback(&mut self, checkpoint: u64) {
        // A registry takes back whole families only.
        self.families.truncate((checkpoint >> 32) as usize);
        self.samples = checkpoint & u64::from(u32::MAX);
    }
}

/// The families of one scrape, those of its errors last.
pub(crate) fn scrape(collector: &dyn Collector) -> Vec<Told> {
    let mut listener = Listener::default();
    let mut scrape = Scrape::new(&mut listener);
    scrape.isolate("collector", |scrape| collector.collect(scrape));
    scrape.finish();
    listener.families
}

pub(crate) fn compare(told: &[Told], expected: &[Shown]) {
    let names = |told: &[Told]| told.iter().map(|family| family.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(told), expected.iter().map(|family| family.name.clone()).collect::<Vec<_>>());
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!((&told.help, told.metric_type), (&expected.help, metric_type(expected.kind)));
        let labels: Vec<_> = told.series.iter().map(|(labels, _)| labels).collect();
        assert_eq!(labels, expected.series.iter().map(|(labels, _)| labels).collect::<Vec<_>>());
        for ((_, value), (labels, cell)) in told.series.iter().zip(&expected.series) {
            assert!(agrees(value, cell, expected.kind), "{} {labels:?}: {value:?}, not {cell:?}", told.name);
        }
    }
}

fn metric_type(kind: Kind) -> MetricType {
    match kind {
        Kind::Counter | Kind::CounterF64 => MetricType::Counter,
        Kind::Gauge | Kind::GaugeI64 => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
        Kind::Summary => MetricType::Summary,
        Kind::StateSet => MetricType::StateSet,
        Kind::Info => MetricType::Info,
    }
}

fn agrees(value: &ToldValue, cell: &Cell, kind: Kind) -> bool {
    match (value, cell) {
        (ToldValue::Number(number), Cell::U64(v)) => number.to_string() == v.to_string(),
        (ToldValue::Number(number), Cell::I64(v)) => number.to_string() == v.to_string(),
        (ToldValue::Number(number), Cell::F64(v)) => same(number.as_f64(), *v),
        (ToldValue::Number(number), Cell::One) => number.as_f64() == 1.0,
        (ToldValue::Histogram(counts, sum), Cell::Observed(all)) if kind == Kind::Histogram => {
            let (expected, expected_sum) = buckets(all);
            let bounds = BOUNDS.iter().copied().chain([f64::INFINITY]);
            *counts == bounds.zip(expected).collect::<Vec<_>>() && same(*sum, expected_sum)
        }
        (ToldValue::Summary(count, sum), Cell::Observed(all)) if kind == Kind::Summary => {
            *count == all.len() as u64 && same(*sum, buckets(all).1)
        }
        (ToldValue::States(states), Cell::State(on)) => {
            let expected = STATES.iter().enumerate().map(|(i, state)| ((*state).to_owned(), i == *on));
            *states == expected.collect::<Vec<_>>()
        }
        _ => false,
    }
}

pub(crate) fn compare_page(page: &[PageFamily], expected: &[Shown]) {
    let expected: Vec<_> = expected.iter().map(on_page).collect();
    let bare = |families: &[PageFamily]| {
        let bare = families.iter().map(|family| {
            let labels = family.samples.iter().map(|sample| (sample.name.clone(), sample.labels.clone()));
            (family.name.clone(), family.help.clone(), family.kind.clone(), labels.collect::<Vec<_>>())
        });
        bare.collect::<Vec<_>>()
    };
    assert_eq!(bare(page), bare(&expected));
    for (family, expected) in page.iter().zip(&expected) {
        for (sample, expected) in family.samples.iter().zip(&expected.samples) {
            assert!(same_text(&sample.value, &expected.value), "{sample:?}, expected {}", expected.value);
        }
    }
}

/// The lines of a family, the values in the simplest form.
fn on_page(family: &Shown) -> PageFamily {
    let name = match family.kind {
        Kind::Info => format!("{}_info", family.name.strip_suffix("_info").unwrap_or(&family.name)),
        _ => family.name.clone(),
    };
    let kind = match family.kind {
        Kind::Counter | Kind::CounterF64 => "counter",
        Kind::Gauge | Kind::GaugeI64 | Kind::StateSet | Kind::Info => "gauge",
        Kind::Histogram => "histogram",
        Kind::Summary => "summary",
    };
    let mut samples = Vec::new();
    for (labels, cell) in &family.series {
        let mut line = |suffix: &str, extra: Option<(&str, &str)>, value: String| {
            let extra = extra.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let labels = labels.iter().cloned().chain(extra).collect();
            samples.push(PageSample { name: format!("{name}{suffix}"), labels, value });
        };
        match cell {
            Cell::U64(v) => line("", None, v.to_string()),
            Cell::I64(v) => line("", None, v.to_string()),
            Cell::F64(v) => line("", None, format!("{v:?}")),
            Cell::One => line("", None, "1".to_owned()),
            Cell::State(on) => {
                let label = name.replace(':', "_");
                for (i, state) in STATES.iter().enumerate() {
                    line("", Some((&label, state)), u8::from(i == *on).to_string());
                }
            }
            Cell::Observed(all) => {
                let (counts, sum) = buckets(all);
                if family.kind == Kind::Histogram {
                    // As they are read on the page of a Go program.
                    for (le, count) in ["-1", "0.25", "2", "1e+06", "+Inf"].iter().zip(counts) {
                        line("_bucket", Some(("le", le)), count.to_string());
                    }
                }
                line("_sum", None, format!("{sum:?}"));
                line("_count", None, all.len().to_string());
            }
        }
    }
    PageFamily { name, help: family.help.clone(), kind: kind.to_owned(), samples }
}

/// Whole numbers to the digit, others to the bit.
fn same_text(text: &str, expected: &str) -> bool {
    text == expected
        || expected.contains(['.', 'e', 'f', 'N'])
            && matches!((text.parse::<f64>(), expected.parse::<f64>()), (Ok(a), Ok(b)) if same(a, b))
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}
