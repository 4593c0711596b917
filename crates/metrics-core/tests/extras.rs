//! What stands beside a value reaches the encoder as far as the type can have it, and in order.

mod common;

use metrics_core::{
    Descriptor, Encoder, Exemplar, Extras, HistogramValue, LabelSet, Labels, MetricName, MetricType, Scrape,
    ScrapeErrorReason, StateSetValue, SummaryValue, Timestamp, Value,
};

/// Keeps what it is told beside the values.
#[derive(Default)]
struct Beside(Vec<String>);

impl Encoder for Beside {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}

    fn sample(&mut self, labels: Labels<'_>, _: Value<'_>) {
        self.0.push(format!("{labels:?} nothing"));
    }

    fn sample_with(&mut self, labels: Labels<'_>, _: Value<'_>, extras: &Extras<'_>) {
        let seconds = |time: Option<Timestamp>| time.map(Timestamp::seconds);
        let exemplars: Vec<_> = extras.exemplars().iter().map(Exemplar::value).collect();
        let (created, timestamp) = (seconds(extras.created()), seconds(extras.timestamp()));
        self.0.push(format!("{labels:?} created {created:?} at {timestamp:?} exemplars {exemplars:?}"));
    }
}

fn beside(f: impl FnOnce(&mut Scrape<'_>)) -> Vec<String> {
    let mut encoder = Beside::default();
    let mut scrape = Scrape::new(&mut encoder);
    f(&mut scrape);
    assert!(scrape.finish().is_empty());
    encoder.0
}

fn everything<'a>(exemplars: &'a [Exemplar<'a>]) -> Extras<'a> {
    let at = |seconds| Timestamp::new(seconds, 0).unwrap();
    Extras::NONE.with_created(at(1)).with_timestamp(at(2)).with_exemplars(exemplars)
}

#[test]
fn each_type_gets_what_it_can_have() {
    use MetricType::*;
    let labels = LabelSet::new([("trace_id", "7")]).unwrap();
    let exemplars = [0.5, 1.5].map(|value| Exemplar::new(labels.labels(), value).unwrap());
    let histogram = Value::Histogram(HistogramValue::new(&[1.0], &[1, 1], 2.0).unwrap());
    let summary = Value::Summary(SummaryValue::new(1, 1.0));
    let states = Value::StateSet(StateSetValue::new(&["on", "off"], 0));
    for (metric_type, value, expected) in [
        (Counter, Value::from(1u64), "{} created Some(1) at Some(2) exemplars [1.5]"),
        (Histogram, histogram, "{} created Some(1) at Some(2) exemplars [0.5, 1.5]"),
        (GaugeHistogram, histogram, "{} created None at Some(2) exemplars [0.5, 1.5]"),
        (Summary, summary, "{} created Some(1) at Some(2) exemplars []"),
        (Gauge, Value::from(1u64), "{} created None at Some(2) exemplars []"),
        (Unknown, Value::from(1u64), "{} created None at Some(2) exemplars []"),
        (Info, Value::from(1u64), "{} created None at Some(2) exemplars []"),
        (StateSet, states, "{} created None at Some(2) exemplars []"),
    ] {
        let descriptor = Descriptor::new(metric_type, "a", "");
        let told = beside(|scrape| {
            scrape.family(&descriptor).sample_with(Labels::EMPTY, value, &everything(&exemplars));
        });
        assert_eq!(told, [expected], "{metric_type}");
    }
}

#[test]
fn exemplars_come_in_order_and_under_the_labels_of_registries() {
    const H: Descriptor<'static> = Descriptor::new(MetricType::Histogram, "h", "");
    let exemplars =
        [3.0, f64::NAN, -1.0, f64::INFINITY, 2.0].map(|value| Exemplar::new(Labels::EMPTY, value).unwrap());
    let value = Value::Histogram(HistogramValue::new(&[1.0], &[1, 4], f64::NAN).unwrap());
    let told = beside(|scrape| {
        scrape.labelled(&[("site", "a")], |scrape| {
            let extras = Extras::NONE.with_exemplars(&exemplars);
            scrape.family(&H).sample_with(Labels::EMPTY, value, &extras);
        });
    });
    assert_eq!(told, [r#"{site="a"} created None at None exemplars [-1.0, 2.0, 3.0, inf, NaN]"#]);
}

#[test]
fn a_format_without_a_place_for_extras_writes_the_value() {
    let (lines, _) = common::scrape_with(|scrape| {
        let descriptor = Descriptor::new(MetricType::Counter, "a_total", "");
        scrape.family(&descriptor).sample_with(Labels::EMPTY, Value::from(3u64), &everything(&[]));
    });
    assert_eq!(lines, ["# a_total counter", "{} 3"]);
}

#[test]
fn nothing_beside_a_value_is_a_plain_sample() {
    let told = beside(|scrape| {
        let descriptor = Descriptor::new(MetricType::Gauge, "a", "");
        scrape.family(&descriptor).sample_with(Labels::EMPTY, Value::from(3u64), &Extras::NONE);
    });
    assert_eq!(told, ["{} nothing"]);
}

#[test]
fn a_value_of_before_1970_is_refused() {
    let mut encoder = Beside::default();
    let mut scrape = Scrape::new(&mut encoder);
    let gauge = Descriptor::try_new(MetricType::Gauge, "g", "").unwrap();
    let mut samples = scrape.family(&gauge);
    for (seconds, a) in [(-2, "v"), (-1, "x"), (0, "y"), (1, "z")] {
        let set = LabelSet::new([("a", a)]).unwrap();
        let time = Timestamp::new(seconds, 0).unwrap();
        samples.sample_with(set.labels(), 1.0.into(), &Extras::NONE.with_timestamp(time));
    }
    let errors = scrape.finish();
    assert_eq!((errors.len(), errors[0].count()), (1, 2));
    assert_eq!(errors[0].reason(), ScrapeErrorReason::InvalidValue);
    assert_eq!(encoder.0.iter().filter(|line| line.contains("at Some")).count(), 2, "{:?}", encoder.0);
}
