//! From a scrape to the series that are sent.

use std::borrow::Cow;

use metrics_core::{
    Collector, Descriptor, Encoder, HistogramValue, Labels, MetricName, MetricType, Scrape, SummaryValue,
    Value,
};

use super::float::label_of;

/// Takes series one by one.
pub(crate) trait Sink {
    /// Begins a family.
    fn family(&mut self, family: &Family<'_>);

    /// Adds a series of it. The labels, `__name__` among them, ascend by name.
    fn series(&mut self, labels: &[(Cow<'_, str>, Cow<'_, str>)], value: f64);
}

/// What is known of a family.
pub(crate) struct Family<'a> {
    pub(crate) name: &'a str,
    pub(crate) metric_type: MetricType,
    pub(crate) help: &'a str,
    pub(crate) unit: &'a str,
}

/// Hands every series of `collector` to `sink`, each with the labels of whoever sends.
pub(crate) fn collect(collector: &dyn Collector, labels: &[(String, String)], sink: &mut dyn Sink) {
    let mut flatten = Flatten { sink, common: labels, name: String::new() };
    let mut scrape = Scrape::new(&mut flatten);
    scrape.isolate("collector", |scrape| collector.collect(scrape));
    scrape.finish();
}

/// Makes of each value the series that it has on a page.
struct Flatten<'s> {
    sink: &'s mut dyn Sink,
    common: &'s [(String, String)],
    name: String,
}

impl Flatten<'_> {
    fn push(&mut self, suffix: &str, labels: Labels<'_>, more: Option<(&str, &str)>, value: f64) {
        let name = [&*self.name, suffix].concat();
        let mut all: Vec<(Cow<'_, str>, Cow<'_, str>)> = vec![("__name__".into(), name.into())];
        // To a server, an empty value is no label.
        all.extend(labels.iter().filter(|(_, value)| !value.is_empty()));
        all.extend(more.map(|(name, value)| (name.into(), value.into())));
        for (name, value) in self.common {
            if !value.is_empty() && all.iter().all(|(other, _)| *other != **name) {
                all.push((name.into(), value.into()));
            }
        }
        all.sort_unstable();
        self.sink.series(&all, value);
    }

    fn histogram(&mut self, labels: Labels<'_>, value: &HistogramValue<'_>) {
        for (bound, count) in value.buckets() {
            self.push("_bucket", labels, Some(("le", &label_of(bound))), count.as_f64());
        }
        self.push("_sum", labels, None, value.sum());
        self.push("_count", labels, None, value.count().as_f64());
    }

    fn summary(&mut self, labels: Labels<'_>, value: &SummaryValue<'_>) {
        for (quantile, v) in value.quantiles() {
            self.push("", labels, Some(("quantile", &label_of(*quantile))), *v);
        }
        self.push("_sum", labels, None, value.sum());
        self.push("_count", labels, None, value.count() as f64);
    }
}

impl Encoder for Flatten<'_> {
    fn family(&mut self, name: MetricName<'_>, descriptor: &Descriptor<'_>) {
        let metric_type = descriptor.metric_type();
        self.name = match metric_type {
            MetricType::Info => format!("{}{}_info", name.prefix(), descriptor.base()),
            _ => name.to_string(),
        };
        let unit = descriptor.unit().unwrap_or_default();
        let family = Family { name: &self.name, metric_type, help: descriptor.help(), unit };
        self.sink.family(&family);
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        match value {
            Value::Number(number) => self.push("", labels, None, number.as_f64()),
            Value::Histogram(value) => self.histogram(labels, &value),
            Value::Summary(value) => self.summary(labels, &value),
            Value::StateSet(value) => {
                let label = self.name.replace(':', "_");
                for (state, active) in value.states() {
                    self.push("", labels, Some((&label, state)), if active { 1.0 } else { 0.0 });
                }
            }
            // A value of no type that can be sent.
            _ => {}
        }
    }
}
