#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt::Write;

use metrics_core::{
    Collector, Descriptor, Encoder, Extras, Labels, MetricName, Scrape, ScrapeError, Timestamp, Value,
};

/// An encoder that writes one readable line for each thing it is told.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) lines: Vec<String>,
}

impl Encoder for Page {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        self.lines.push(format!("# {name} {}", descriptor.metric_type()));
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        let value = match value {
            Value::Number(number) => number.to_string(),
            Value::Histogram(value) => {
                let buckets = value.buckets().map(|(bound, count)| format!("({bound:?}, {count})"));
                format!("[{}] sum {}", buckets.collect::<Vec<_>>().join(", "), value.sum())
            }
            Value::Summary(value) => format!("count {} sum {}", value.count(), value.sum()),
            Value::StateSet(value) => format!("{:?}", value.states().collect::<Vec<_>>()),
            other => format!("{other:?}"),
        };
        self.lines.push(format!("{labels:?} {value}"));
    }

    fn checkpoint(&mut self) -> u64 {
        self.lines.len() as u64
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.lines.truncate(checkpoint as usize);
    }
}

/// What a scrape of `collector` writes and leaves out.
pub(crate) fn scrape(collector: &(impl Collector + ?Sized)) -> (Vec<String>, Vec<ScrapeError>) {
    scrape_with(|scrape| collector.collect(scrape))
}

/// What a scrape of `f` writes and leaves out.
pub(crate) fn scrape_with(f: impl FnOnce(&mut Scrape<'_>)) -> (Vec<String>, Vec<ScrapeError>) {
    let mut page = Page::default();
    let mut scrape = Scrape::new(&mut page);
    f(&mut scrape);
    let errors = scrape.finish();
    (page.lines, errors)
}

/// An encoder that writes each value with its exemplars, as `labels value # labels value`.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    lines: Vec<String>,
    times: Vec<Timestamp>,
    created: Vec<Option<Timestamp>>,
}

impl Beside {
    fn scrape(collector: &(impl Collector + ?Sized)) -> Self {
        let mut beside = Self::default();
        let mut scrape = Scrape::new(&mut beside);
        collector.collect(&mut scrape);
        assert!(scrape.finish().is_empty());
        beside
    }

    pub(crate) fn of(collector: &(impl Collector + ?Sized)) -> Vec<String> {
        Self::scrape(collector).lines
    }

    /// The times of the exemplars.
    pub(crate) fn times_of(collector: &(impl Collector + ?Sized)) -> Vec<Timestamp> {
        Self::scrape(collector).times
    }

    /// When each series was created.
    pub(crate) fn created_of(collector: &(impl Collector + ?Sized)) -> Vec<Option<Timestamp>> {
        Self::scrape(collector).created
    }
}

impl Encoder for Beside {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        self.sample_with(labels, value, &Extras::NONE);
    }

    fn sample_with(&mut self, labels: Labels<'_>, value: Value<'_>, extras: &Extras<'_>) {
        let number = match value {
            Value::Number(number) => number,
            Value::Histogram(value) => value.count(),
            other => panic!("{other:?} has no exemplars"),
        };
        let mut line = format!("{labels:?} {number}");
        for exemplar in extras.exemplars() {
            write!(line, " # {:?} {}", exemplar.labels(), exemplar.value()).unwrap();
            self.times.extend(exemplar.timestamp());
        }
        self.lines.push(line);
        self.created.push(extras.created());
    }
}
