//! Families and the pages that the encoder of Go makes of them.
//!
//! Left out is what cannot be pushed or what this library deliberately writes differently, each kind
//! with its reason in [`Skip`].

use std::collections::BTreeMap;

use metrics_core::{
    Collector, Descriptor, HistogramValue, LabelSet, MetricType, Number, Scrape, SummaryValue, Value,
};
use metrics_exposition::generate_metrics;
use serde_json::Value as Json;

use crate::cases;

/// Why a case cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Skip {
    /// The Go encoder refuses the input.
    NoPage,
    /// A metric name or label name outside of the classic character set, or a reserved label name.
    Name,
    /// Timestamps cannot be pushed.
    Timestamp,
    /// Native histograms, and float counts of buckets.
    NativeHistogram,
    /// Buckets that are not cumulative or whose bounds do not ascend or are not finite.
    Buckets,
    /// Quantiles outside of 0..=1 or not ascending.
    Quantiles,
    /// A counter that is negative or not a number.
    Counter,
    /// An empty help has no line.
    EmptyHelp,
    /// Negative zero stays what it is.
    NegativeZero,
    /// Integers of a million and more are written exactly, where Go writes a float.
    ExactInteger,
}

enum Owned {
    Number(f64),
    Histogram { bounds: Vec<f64>, counts: Vec<u64>, sum: f64 },
    Summary { count: u64, sum: f64, quantiles: Vec<(f64, f64)> },
}

struct Family {
    name: String,
    help: String,
    metric_type: MetricType,
    series: Vec<(LabelSet, Owned)>,
}

impl Collector for Family {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let descriptor = Descriptor::try_new(self.metric_type, &self.name, &self.help).unwrap();
        let mut samples = scrape.family(&descriptor);
        for (labels, value) in &self.series {
            let value = match value {
                Owned::Number(v) => Value::Number(Number::F64(*v)),
                Owned::Histogram { bounds, counts, sum } => {
                    Value::Histogram(HistogramValue::new(bounds, counts, *sum).unwrap())
                }
                Owned::Summary { count, sum, quantiles } => {
                    Value::Summary(SummaryValue::new(*count, *sum).with_quantiles(quantiles).unwrap())
                }
            };
            samples.sample(labels.labels(), value);
        }
    }
}

fn float(json: &Json) -> f64 {
    json.as_str().unwrap().parse().unwrap()
}

/// A count, if Go writes it as an integer too.
fn count(json: &Json) -> Result<u64, Skip> {
    let count = json.as_u64().unwrap();
    if count < 1_000_000 { Ok(count) } else { Err(Skip::ExactInteger) }
}

fn family(json: &Json) -> Result<Family, Skip> {
    let name = json["name"].as_str().unwrap().to_owned();
    let help = json["help"].as_str();
    if help == Some("") {
        return Err(Skip::EmptyHelp);
    }
    let metric_type = match json["type"].as_str().unwrap() {
        "counter" => MetricType::Counter,
        "gauge" => MetricType::Gauge,
        "histogram" => MetricType::Histogram,
        "gauge_histogram" => MetricType::GaugeHistogram,
        "summary" => MetricType::Summary,
        "untyped" => MetricType::Unknown,
        other => panic!("{other}"),
    };
    Descriptor::try_new(metric_type, &name, "").map_err(|_| Skip::Name)?;
    let series = json["metrics"].as_array().unwrap().iter().map(|metric| series(metric, metric_type));
    Ok(Family {
        name,
        help: help.unwrap_or_default().to_owned(),
        metric_type,
        series: series.collect::<Result<_, _>>()?,
    })
}

fn series(metric: &Json, metric_type: MetricType) -> Result<(LabelSet, Owned), Skip> {
    if metric.get("timestamp_ms").is_some() {
        return Err(Skip::Timestamp);
    }
    let pairs = metric["labels"].as_array().unwrap();
    let labels =
        LabelSet::new(pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())))
            .map_err(|_| Skip::Name)?;
    let value = match metric_type {
        MetricType::Counter => {
            let v = float(&metric["counter"]["value"]);
            if v.is_nan() || v < 0.0 {
                return Err(Skip::Counter);
            }
            Owned::Number(v)
        }
        MetricType::Gauge => Owned::Number(float(&metric["gauge"]["value"])),
        MetricType::Unknown => Owned::Number(float(&metric["untyped"]["value"])),
        MetricType::Summary => {
            let summary = &metric["summary"];
            let pairs = summary["quantiles"].as_array().unwrap();
            let quantiles: Vec<_> = pairs.iter().map(|pair| (float(&pair[0]), float(&pair[1]))).collect();
            SummaryValue::new(0, 0.0).with_quantiles(&quantiles).ok_or(Skip::Quantiles)?;
            Owned::Summary {
                count: count(&summary["sample_count"])?,
                sum: float(&summary["sample_sum"]),
                quantiles,
            }
        }
        _ => histogram(&metric["histogram"])?,
    };
    match value {
        Owned::Number(v) if v == 0.0 && v.is_sign_negative() => Err(Skip::NegativeZero),
        value => Ok((labels, value)),
    }
}

fn histogram(json: &Json) -> Result<Owned, Skip> {
    if json.get("sample_count_float").is_some() {
        return Err(Skip::NativeHistogram);
    }
    let (mut bounds, mut counts, mut before) = (Vec::new(), Vec::new(), 0);
    let total = count(&json["sample_count"])?;
    for bucket in json["buckets"].as_array().unwrap() {
        let cumulative = count(&bucket["cumulative_count"])?;
        let bound = float(&bucket["upper_bound"]);
        if bound == f64::INFINITY {
            if cumulative != total {
                return Err(Skip::Buckets);
            }
        } else {
            bounds.push(bound);
            counts.push(cumulative.checked_sub(before).ok_or(Skip::Buckets)?);
            before = cumulative;
        }
    }
    if bounds.is_empty() && json.get("schema").is_some() {
        return Err(Skip::NativeHistogram);
    }
    counts.push(total.checked_sub(before).ok_or(Skip::Buckets)?);
    let sum = float(&json["sample_sum"]);
    HistogramValue::new(&bounds, &counts, sum).ok_or(Skip::Buckets)?;
    Ok(Owned::Histogram { bounds, counts, sum })
}

/// What our page and the expected one are, or why there is nothing to compare.
fn pages(case: &Json) -> Result<(String, &str), Skip> {
    let expected = case.get("expected_text").and_then(Json::as_str).ok_or(Skip::NoPage)?;
    let families = case["families"].as_array().unwrap().iter().map(family);
    let families = families.collect::<Result<Vec<_>, _>>()?;
    Ok((generate_metrics(&families), expected))
}

fn compare(file: &str, at_least: usize) {
    let Some(cases) = cases(file) else { return };
    let mut skipped = BTreeMap::<Skip, Vec<&str>>::new();
    let mut compared = 0;
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        match pages(case) {
            Ok((page, expected)) => {
                assert_eq!(page, expected, "{name}");
                compared += 1;
            }
            Err(skip) => skipped.entry(skip).or_default().push(name),
        }
    }
    println!("{file}: {compared} of {} compared; left out: {skipped:#?}", cases.len());
    assert!(compared >= at_least, "only {compared} cases of {file} ran: {skipped:#?}");
}

#[test]
fn pages_are_those_of_the_tests_of_go() {
    compare("expfmt_encode.json", 30);
}

#[test]
fn pages_of_edge_cases_are_those_of_go() {
    compare("hand_encode.json", 150);
}

#[test]
fn floats_are_those_of_go() {
    let Some(cases) = cases("floats.json") else { return };
    assert!(cases.len() >= 60);
    for case in &cases {
        let v = f64::from_bits(u64::from_str_radix(case["bits"].as_str().unwrap(), 16).unwrap());
        let print = |column: &str| case["print"][column].as_str().unwrap();
        let one = |metric_type, value| {
            let series = vec![(LabelSet::default(), value)];
            let family = Family { name: "m".to_owned(), help: String::new(), metric_type, series };
            generate_metrics(&family)
        };
        let negative_zero = v == 0.0 && v.is_sign_negative();
        // Go writes 0 for a negative zero; the value here keeps its bits.
        let expected = if negative_zero { "-0" } else { print("go_text_value") };
        assert_eq!(one(MetricType::Gauge, Owned::Number(v)), format!("# TYPE m gauge\nm {expected}\n"));
        if v.is_finite() {
            let histogram = Owned::Histogram { bounds: vec![v], counts: vec![1, 0], sum: 0.0 };
            let le = print("go_text_le");
            let page = one(MetricType::Histogram, histogram);
            assert!(page.contains(&format!("m_bucket{{le=\"{le}\"}} 1\n")), "{le}: {page}");
        }
    }
}
