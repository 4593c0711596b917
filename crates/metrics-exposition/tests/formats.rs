//! One page in each of the text formats, to the letter.

use metrics_core::{
    Collector, Descriptor, Exemplar, Extras, HistogramValue, LabelSet, MetricType, NativeBucket,
    NativeHistogram, Scrape, StateSetValue, SummaryValue, Timestamp, Value,
};
use metrics_exposition::Format;

struct Everything;

impl Collector for Everything {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let labels = LabelSet::new([("a", "x")]).unwrap();
        let time = |seconds, nanos| Timestamp::new(seconds, nanos).unwrap();
        let created = Extras::NONE.with_created(time(1_700_000_000, 250_000_000));
        let id = LabelSet::new([("id", "7")]).unwrap();
        let exemplar = |value| Exemplar::new(id.labels(), value).unwrap();
        let timed = |value| exemplar(value).with_timestamp(time(1_700_000_001, 123_456_789));

        let counter =
            Descriptor::try_new(MetricType::Counter, "hits_total", "Hits: \"all\" of \\\n.").unwrap();
        let exemplars = [timed(1.0)];
        scrape.family(&counter).sample_with(
            labels.labels(),
            3u64.into(),
            &created.with_exemplars(&exemplars),
        );
        let gauge = Descriptor::try_new(MetricType::Gauge, "depth_meters", "").unwrap();
        let gauge = gauge.try_with_unit("meters").unwrap();
        let mut samples = scrape.family(&gauge);
        samples.sample(labels.labels(), (-1.5).into());
        samples.sample_with(
            LabelSet::new([]).unwrap().labels(),
            2.0.into(),
            &created.with_timestamp(time(5, 0)),
        );
        let other = LabelSet::new([("a", "y")]).unwrap();
        samples.sample_with(
            other.labels(),
            f64::NAN.into(),
            &Extras::NONE.with_timestamp(time(1, 999_999_999)),
        );
        let unknown = Descriptor::try_new(MetricType::Unknown, "odd", "Odd.").unwrap();
        scrape.family(&unknown).sample(labels.labels(), 7u64.into());
        let info = Descriptor::try_new(MetricType::Info, "build_info", "Build.").unwrap();
        scrape.family(&info).sample(labels.labels(), 1u64.into());
        let mode = Descriptor::try_new(MetricType::StateSet, "mode", "Mode.").unwrap();
        let states = StateSetValue::new(&["on", "o\"ff"], 1);
        scrape.family(&mode).sample(labels.labels(), Value::StateSet(states));

        let buckets = |indexes: &[(i32, u64)]| {
            indexes
                .iter()
                .map(|(index, count)| NativeBucket { index: *index, count: *count })
                .collect::<Vec<_>>()
        };
        let (positive, negative) = (buckets(&[(1, 2), (2, 1), (5, 1)]), buckets(&[(-3, 1)]));
        let native = NativeHistogram::new(0, 0.001, 1, &positive, &negative).unwrap();
        let value = HistogramValue::new(&[1.0, 2.5], &[1, 3, 2], 9.25).unwrap();
        let exemplars = [exemplar(0.5), timed(2.0), timed(1e3)];
        let extras = created.with_exemplars(&exemplars).with_timestamp(time(1_700_000_002, 250_000_000));
        for (name, metric_type) in [("sizes", MetricType::Histogram), ("queue", MetricType::GaugeHistogram)] {
            let histogram = Descriptor::try_new(metric_type, name, "Sizes.").unwrap();
            let mut samples = scrape.family(&histogram);
            samples.sample(labels.labels(), Value::Histogram(value));
            samples.sample_with(
                other.labels(),
                Value::Histogram(value.with_native(&native).unwrap()),
                &extras,
            );
        }
        let only = Descriptor::try_new(MetricType::Histogram, "native", "").unwrap();
        let value = HistogramValue::native_only(&native, 6u64, 9.25).unwrap();
        scrape.family(&only).sample(labels.labels(), Value::Histogram(value));
        // Sums that can go down, and some that look so.
        for (name, metric_type, bound, sum) in [
            ("drops", MetricType::Histogram, -1.0, -4.0),
            ("levels", MetricType::GaugeHistogram, -1.0, -4.0),
            ("rises", MetricType::Histogram, -1.0, 4.0),
            ("zero", MetricType::Histogram, 0.0, 4.0),
            ("sinks", MetricType::GaugeHistogram, 1.0, -4.0),
            ("lost", MetricType::GaugeHistogram, -1.0, f64::NAN),
        ] {
            let histogram = Descriptor::try_new(metric_type, name, "").unwrap();
            let (bounds, counts) = ([bound], [1, 0]);
            let value = HistogramValue::new(&bounds, &counts, sum).unwrap();
            scrape.family(&histogram).sample(labels.labels(), Value::Histogram(value));
        }

        let summary = Descriptor::try_new(MetricType::Summary, "rows", "Rows.").unwrap();
        let value = SummaryValue::new(4, 10.0);
        let mut samples = scrape.family(&summary);
        samples.sample_with(
            labels.labels(),
            Value::Summary(value.with_quantiles(&[(0.5, 2.0), (0.99, -4.0)]).unwrap()),
            &created,
        );
        samples.sample(other.labels(), Value::Summary(SummaryValue::new(1, -10.0)));
    }
}

fn page(format: Format) -> String {
    let mut page = Vec::new();
    format.encode(&Everything, &mut page);
    String::from_utf8(page).unwrap()
}

#[test]
fn text() {
    assert_eq!(page(Format::TEXT), include_str!("formats/text.txt"));
    assert_eq!(page(Format::TEXT_1_0_0), include_str!("formats/text.txt"));
}

#[test]
fn open_metrics() {
    assert_eq!(page(Format::OPEN_METRICS), include_str!("formats/open_metrics.txt"));
    assert_eq!(page(Format::OPEN_METRICS_0_0_1), include_str!("formats/open_metrics.txt"));
}

#[test]
fn open_metrics_2() {
    assert_eq!(page(Format::OPEN_METRICS_2), include_str!("formats/open_metrics_2.txt"));
}
