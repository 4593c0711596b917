#![allow(dead_code, reason = "each test file uses its own part")]

use metrics_core::{Collector, Descriptor, Encoder, Labels, MetricName, Scrape, ScrapeError, Value};

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
