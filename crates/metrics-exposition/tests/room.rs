//! An encoder asks for as much room as a sample takes, whatever is in it.

mod common;

use common::{sized, varint};
use metrics_core::{
    Collector, Descriptor, Exemplar, Extras, HistogramValue, LabelSet, MetricType, NativeBucket,
    NativeHistogram, Scrape, StateSetValue, SummaryValue, Timestamp, Value,
};
use metrics_exposition::{Escaping, Format};

/// The longest floats, of either sign.
const FLOATS: [f64; 2] = [-f64::MIN_POSITIVE, f64::MIN_POSITIVE];

/// Every kind of sample, with the longest numbers, under a label.
struct Longest<'l> {
    own: &'l str,
    constant: &'l str,
    /// How many there are of what a sample may have many of.
    many: usize,
    extras: bool,
    /// Which of them is there: bytes that were made for one are not to help another.
    only: usize,
}

/// How many kinds there are.
const KINDS: usize = 20;

impl Longest<'_> {
    fn push(
        &self,
        at: &mut usize,
        scrape: &mut Scrape<'_>,
        metric_type: MetricType,
        name: &str,
        value: Value<'_>,
    ) {
        *at += 1;
        if *at != self.only {
            return;
        }
        let descriptor = Descriptor::try_new(metric_type, name, self.own).unwrap();
        let set = LabelSet::new(if self.own.is_empty() { None } else { Some(("own", self.own)) }).unwrap();
        let exemplar_set = LabelSet::new(
            [("exemplar", "\"".repeat(Exemplar::MAX_CHARS - 8))]
                .iter()
                .map(|(name, value)| (*name, &**value)),
        )
        .unwrap();
        let time = |seconds| Timestamp::new(seconds, 999_999_999).unwrap();
        // Only a value may not be of before 1970.
        let (early, late, future) = (time(-9_000_000_000), time(i64::MIN), time(i64::MAX));
        let mut values: Vec<_> = (0..self.many).map(|i| FLOATS[0] * (i as f64 + 1.0)).collect();
        values.reverse();
        let exemplars: Vec<_> = values
            .iter()
            .map(|v| Exemplar::new(exemplar_set.labels(), *v).unwrap().with_timestamp(late))
            .collect();
        let extras = match self.extras {
            true => Extras::NONE.with_created(early).with_timestamp(future).with_exemplars(&exemplars),
            false => Extras::NONE,
        };
        let mut samples = scrape.family(&descriptor);
        samples.sample_with(set.labels(), value, &extras);
    }
}

impl Collector for Longest<'_> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let constant = [("constant", self.constant)];
        let constant: &[(&str, &str)] = if self.constant.is_empty() { &[] } else { &constant };
        let at = &mut 0;
        scrape.labelled(constant, |scrape| {
            for (i, float) in FLOATS.into_iter().enumerate() {
                self.push(at, scrape, MetricType::Gauge, &format!("gauge_{i}"), float.into());
                self.push(at, scrape, MetricType::Unknown, &format!("unknown_{i}"), float.into());
            }
            self.push(at, scrape, MetricType::Gauge, "whole", i64::MIN.into());
            self.push(at, scrape, MetricType::Counter, "counter_total", u64::MAX.into());
            self.push(at, scrape, MetricType::Counter, "counter_float_total", FLOATS[1].into());
            self.push(at, scrape, MetricType::Info, "build_info", 1u64.into());

            // A histogram of floats, and one of whole numbers.
            let (mut bounds, mut far) = (Vec::new(), Vec::new());
            for i in 0..self.many {
                bounds.push(FLOATS[0] * (self.many - i) as f64);
                far.push(-250_000 + 1_900 * i as i32);
            }
            let counts = vec![FLOATS[1]; self.many + 1];
            let floats = HistogramValue::float(&bounds, &counts, FLOATS[0]).unwrap();
            let mut counts = vec![0; self.many + 1];
            counts[0] = u64::MAX;
            let whole = HistogramValue::new(&bounds, &counts, FLOATS[0]).unwrap();
            let buckets: Vec<_> =
                far.iter().map(|index| NativeBucket { index: *index, count: FLOATS[1] }).collect();
            let native = NativeHistogram::float(8, FLOATS[1], FLOATS[1], &buckets, &buckets).unwrap();
            let mut ones: Vec<_> =
                far.iter().map(|index| NativeBucket { index: *index, count: 0u64 }).collect();
            if let Some(first) = ones.first_mut() {
                first.count = u64::MAX;
            }
            let whole_native =
                NativeHistogram::new(8, FLOATS[1], u64::from(self.many == 0).wrapping_neg(), &ones, &[])
                    .unwrap();
            for (name, metric_type) in
                [("histogram", MetricType::Histogram), ("gauge_histogram", MetricType::GaugeHistogram)]
            {
                self.push(at, scrape, metric_type, &format!("{name}_float"), Value::Histogram(floats));
                self.push(at, scrape, metric_type, &format!("{name}_whole"), Value::Histogram(whole));
                let only = HistogramValue::native_only(&native, native.count(), FLOATS[1]).unwrap();
                self.push(at, scrape, metric_type, &format!("{name}_native_float"), Value::Histogram(only));
                let native = &whole_native;
                let both = whole.with_native(native).unwrap();
                self.push(at, scrape, metric_type, &format!("{name}_both"), Value::Histogram(both));
                let only = HistogramValue::native_only(native, native.count(), FLOATS[1]).unwrap();
                self.push(at, scrape, metric_type, &format!("{name}_native"), Value::Histogram(only));
            }

            let quantiles: Vec<_> =
                (0..self.many).map(|i| (f64::MIN_POSITIVE * (i as f64 + 1.0), FLOATS[1])).collect();
            let summary = SummaryValue::new(u64::MAX, FLOATS[1]).with_quantiles(&quantiles).unwrap();
            self.push(at, scrape, MetricType::Summary, "summary", Value::Summary(summary));
            let states: Vec<_> = (0..=self.many).map(|i| "\"".repeat(i + 1)).collect();
            let states: Vec<_> = states.iter().map(String::as_str).collect();
            self.push(
                at,
                scrape,
                MetricType::StateSet,
                "mode",
                Value::StateSet(StateSetValue::new(&states, 0)),
            );
        });
        assert_eq!(*at, KINDS);
    }
}

const FORMATS: [Format; 6] = [
    Format::TEXT,
    Format::TEXT_1_0_0,
    Format::OPEN_METRICS,
    Format::OPEN_METRICS_0_0_1,
    Format::OPEN_METRICS_2,
    Format::PROTOBUF,
];

fn page(format: Format, longest: Longest<'_>) -> Vec<u8> {
    let mut page = Vec::new();
    format.with_escaping(Escaping::AllowUtf8).encode(&longest, &mut page);
    page
}

/// Samples that are longer than the bytes that an encoder has anyway get exactly what it asks for: if that
/// is too little, they are not on the page.
#[test]
fn the_longest_samples_have_room() {
    for format in FORMATS {
        let cases = [(5000, 0, 0), (5000, 0, 3), (0, 5000, 3), (4500, 4500, 3), (100, 0, 256)];
        for (own, constant, many) in cases {
            for (only, extras) in (1..=KINDS).flat_map(|only| [(only, false), (only, true)]) {
                let long = ["x".repeat(own), "y".repeat(constant)];
                let [own, constant] = &long;
                let seen = page(format, Longest { own, constant, many, extras, only });
                let short = [own, constant].map(|label| if label.is_empty() { "" } else { &label[..1] });
                let expected =
                    page(format, Longest { own: short[0], constant: short[1], many, extras, only });
                let has_errors = |page: &[u8]| page.windows(6).any(|word| word == b"errors");
                assert!(!has_errors(&seen) && !has_errors(&expected));
                if format == Format::PROTOBUF {
                    assert_eq!(series(&seen), series(&expected));
                    continue;
                }
                let mut seen = String::from_utf8(seen).unwrap();
                for (long, short) in [own, constant].into_iter().zip(short) {
                    if !long.is_empty() {
                        seen = seen.replace(&**long, short);
                    }
                }
                assert_eq!(seen, String::from_utf8(expected).unwrap());
            }
        }
    }
}

/// All that is said of a family is there, however long it is.
#[test]
fn heads_have_room() {
    struct Long;

    fn name() -> String {
        format!("{}_{}", "n".repeat(2000), unit())
    }

    fn unit() -> String {
        "u".repeat(1000)
    }

    impl Collector for Long {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            let (name, unit, help) = (name(), unit(), "\\".repeat(3000));
            let descriptor = Descriptor::try_new(MetricType::Gauge, &name, &help).unwrap();
            scrape.family(&descriptor.try_with_unit(&unit).unwrap()).push([], 1);
        }
    }

    let (name, unit, help) = (name(), unit(), "\\".repeat(6000));
    let mut page = Vec::new();
    Format::OPEN_METRICS.encode(&Long, &mut page);
    let expected =
        format!("# HELP {name} {help}\n# TYPE {name} gauge\n# UNIT {name} {unit}\n{name} 1\n# EOF\n");
    assert!(String::from_utf8(page).unwrap() == expected);
    let page = metrics_exposition::generate_metrics(&Long);
    assert!(page == format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} 1\n"));
}

/// The quick way that most samples take has room wherever in the bytes of an encoder they come to lie.
#[test]
fn short_samples_have_room_at_the_end_of_the_bytes() {
    struct Short;

    impl Collector for Short {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            let mut samples = scrape.family(&Descriptor::try_new(MetricType::Counter, "c", "").unwrap());
            for i in 0..2000 {
                samples.push(
                    [("a", &*format!("{i:0$}", 4 + i % 61))],
                    if i % 2 == 0 { u64::MAX } else { i as u64 % 10 },
                );
            }
        }
    }

    let page = metrics_exposition::generate_metrics(&Short);
    assert_eq!(page.lines().count(), 2001);
    for (i, line) in page.lines().skip(1).enumerate() {
        let value = if i % 2 == 0 { u64::MAX } else { i as u64 % 10 };
        assert_eq!(line, format!("c{{a=\"{i:0$}\"}} {value}", 4 + i % 61));
    }
}

/// How many series each family of a page in protobuf has.
fn series(mut page: &[u8]) -> Vec<usize> {
    let mut families = Vec::new();
    while !page.is_empty() {
        let mut family = sized(&mut page);
        let mut count = 0;
        while !family.is_empty() {
            let tag = varint(&mut family);
            match tag & 7 {
                0 => _ = varint(&mut family),
                2 => _ = sized(&mut family),
                wire => panic!("wire type {wire} in a family"),
            }
            count += usize::from(tag >> 3 == 4);
        }
        families.push(count);
    }
    assert!(!families.is_empty() && families.iter().all(|count| *count > 0), "{families:?}");
    families
}
