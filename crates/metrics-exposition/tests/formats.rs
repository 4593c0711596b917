//! One page in each of the text formats, to the letter.

mod common;

use common::{sized, varint};
use metrics_core::{
    Collector, Descriptor, Exemplar, Extras, HistogramValue, LabelSet, MetricType, NativeBucket,
    NativeHistogram, Scrape, StateSetValue, SummaryValue, Timestamp, Value,
};
use metrics_exposition::{Escaping, Format, open_metrics, protobuf, text};

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
        let starts = Descriptor::try_new(MetricType::Counter, "starts", "").unwrap();
        scrape.family(&starts).sample_with(labels.labels(), 2u64.into(), &created);
        let twice = Descriptor::try_new(MetricType::Counter, "twice_total", "").unwrap();
        scrape.family(&twice).sample_with(labels.labels(), 2u64.into(), &created);
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
        scrape.labelled(&[("k", "v")], |scrape| {
            let both = Descriptor::try_new(MetricType::Gauge, "both", "").unwrap();
            let mut samples = scrape.family(&both);
            samples.sample(labels.labels(), 1u64.into());
            samples.sample_with(LabelSet::new([]).unwrap().labels(), 0.5.into(), &Extras::NONE);
        });
        let unknown = Descriptor::try_new(MetricType::Unknown, "odd", "Odd.").unwrap();
        scrape.family(&unknown).sample(labels.labels(), 7u64.into());
        for (name, help) in [("build_info", "Build."), ("target", "")] {
            let info = Descriptor::try_new(MetricType::Info, name, help).unwrap();
            scrape.family(&info).sample(labels.labels(), 1u64.into());
        }
        let states = StateSetValue::new(&["on", "o\"ff"], 1);
        for name in ["mode", "app:mode", "app.mode", "app:mode.of"] {
            let mode = Descriptor::try_utf8(MetricType::StateSet, name, "Mode.").unwrap();
            scrape.family(&mode).sample(labels.labels(), Value::StateSet(states));
        }

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
    format.with_escaping(Escaping::AllowUtf8).encode(&Everything, &mut page);
    String::from_utf8(page).unwrap()
}

#[test]
fn text_page() {
    assert_eq!(page(Format::TEXT), include_str!("formats/text.txt"));
    assert_eq!(page(Format::TEXT_1_0_0), include_str!("formats/text.txt"));
}

#[test]
fn open_metrics_page() {
    assert_eq!(page(Format::OPEN_METRICS), include_str!("formats/open_metrics.txt"));
    assert_eq!(page(Format::OPEN_METRICS_0_0_1), include_str!("formats/open_metrics.txt"));
}

#[test]
fn open_metrics_2_page() {
    assert_eq!(page(Format::OPEN_METRICS_2), include_str!("formats/open_metrics_2.txt"));
}

/// The functions of each format, and what is streamed, are the same page.
#[test]
fn every_way_writes_the_same_page() {
    for format in [Format::TEXT, Format::OPEN_METRICS, Format::OPEN_METRICS_2, Format::PROTOBUF] {
        let (mut page, mut streamed) = (Vec::new(), Vec::new());
        format.encode(&Everything, &mut page);
        format.write(&Everything, &mut streamed).unwrap();
        assert!(page.len() > 1000 && page == streamed);
        let (mut text, mut bytes, mut streamed) = (String::new(), Vec::new(), Vec::new());
        match format {
            Format::TEXT => {
                text::encode(&Everything, &mut text);
                text::write(&Everything, &mut streamed).unwrap();
            }
            Format::OPEN_METRICS => {
                open_metrics::encode(&Everything, &mut text);
                open_metrics::write(&Everything, &mut streamed).unwrap();
            }
            Format::PROTOBUF => {
                protobuf::encode(&Everything, &mut bytes);
                protobuf::write(&Everything, &mut streamed).unwrap();
            }
            _ => continue,
        }
        bytes.extend_from_slice(text.as_bytes());
        assert!(bytes == page && streamed == page);
    }
}

/// What a collector has written before it panics is taken back, in every format.
#[test]
fn half_of_a_collector_is_not_on_the_page() {
    struct Halves(bool);

    impl Collector for Halves {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            let gauge = |name| Descriptor::try_new(MetricType::Gauge, name, "Help.").unwrap();
            scrape.family(&gauge("first")).push([("a", "x")], 1);
            scrape.isolate("second", |scrape| {
                if self.0 {
                    let second = gauge("second");
                    let mut samples = scrape.family(&second);
                    (0..100).for_each(|i| samples.push([("a", &*i.to_string())], i));
                }
                std::panic::panic_any(());
            });
            scrape.family(&gauge("third")).push([("a", "x")], 1);
        }
    }

    for format in [Format::TEXT, Format::OPEN_METRICS, Format::OPEN_METRICS_2, Format::PROTOBUF] {
        let [page, expected] = [true, false].map(|half| {
            let mut page = Vec::new();
            format.encode(&Halves(half), &mut page);
            page
        });
        let has = |word: &[u8]| page.windows(word.len()).any(|part| part == word);
        assert!(page == expected, "{}", String::from_utf8_lossy(&page));
        assert!(has(b"first") && has(b"third") && has(b"panicked"));
    }
}

/// The wire format as text: the number of each field and its value, one below the other.
#[test]
fn protobuf_page() {
    let mut page = Vec::new();
    Format::PROTOBUF.with_escaping(Escaping::AllowUtf8).encode(&Everything, &mut page);
    let (mut text, mut rest) = (String::new(), &page[..]);
    while !rest.is_empty() {
        text.push_str("family\n");
        dump(sized(&mut rest), Message::Family, 1, &mut text);
    }
    assert_eq!(text, include_str!("formats/protobuf.txt"));
}

#[derive(Clone, Copy, PartialEq)]
enum Message {
    Family,
    Label,
    Other,
}

fn dump(mut bytes: &[u8], message: Message, depth: usize, text: &mut String) {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = tag >> 3;
        text.push_str(&format!("{:1$}{field}", "", 2 * depth));
        match tag & 7 {
            0 => text.push_str(&format!(": {}\n", varint(&mut bytes))),
            1 => {
                let (double, rest) = bytes.split_at(8);
                bytes = rest;
                text.push_str(&format!(": {:?}\n", f64::from_le_bytes(double.try_into().unwrap())));
            }
            2 if message == Message::Label || message == Message::Family && field != 4 => {
                text.push_str(&format!(": {:?}\n", std::str::from_utf8(sized(&mut bytes)).unwrap()));
            }
            2 => {
                text.push('\n');
                // The labels come first, in whatever may have some.
                let is_label = message == Message::Other && field == 1;
                let inner = if is_label { Message::Label } else { Message::Other };
                dump(sized(&mut bytes), inner, depth + 1, text);
            }
            wire => panic!("wire type {wire}"),
        }
    }
}
