//! Families and the pages that the encoders of Go make of them, in every format.

use std::collections::BTreeMap;

use metrics_core::{Escaping, MetricType};
use metrics_exposition::Format;
use serde_json::Value as Json;

use crate::input::{Family, Histogram, Owned, Refused, Series, float};
use crate::{base64, cases, text};

/// Where a page is another one than in Go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deviation {
    /// A help or a unit that is there and empty has no line and no field.
    EmptyText,
    /// A family without samples is not written.
    NoSamples,
    /// A label set that comes twice in a family, which Go writes if the times are different: the later
    /// one is left out and reported.
    SeriesTwice,
    /// Negative zero stays what it is.
    NegativeZero,
    /// Integers of a million and more are written exactly, where Go writes a float in the text format.
    ExactInteger,
    /// A label name with a colon is in quotes, or escaped. Go takes it for a classic one, and no
    /// reader can read the page.
    ColonInLabel,
    /// The samples of a gauge histogram end with `_gsum` and `_gcount`, as OpenMetrics has them.
    GaugeHistogram,
    /// What OpenMetrics 1.0 forbids is left out: the sum and the count of a histogram with negative
    /// bounds, a sum that is negative or not a number, a negative quantile.
    ForbiddenValue,
    /// A counter whose name is nothing but `_total` is an unknown. In Go its name is empty.
    NothingButTotal,
    /// The exemplar of a native histogram is beside the classic bucket that it belongs to, too.
    ExemplarOfNative,
    /// The time of creation has the time of its sample, as OpenMetrics wants it.
    CreatedWithTime,
    /// A time that Go cannot hold, or writes wrong, is exact.
    ExactTime,
    /// Protobuf: the bucket above all bounds goes without saying.
    LastBucket,
    /// Protobuf: a gap of one or two empty buckets is told as buckets, as instruments in Go do it.
    SmallGap,
}

/// One page of Go: how it is made, and what it is.
struct Expected {
    key: &'static str,
    format: Format,
    page: Vec<u8>,
}

const TEXT: &str = "expected_text";
const OPEN_METRICS: &str = "expected_openmetrics";
const OPEN_METRICS_CREATED: &str = "expected_openmetrics_created";
const OPEN_METRICS_2: &str = "expected_openmetrics2";
const PROTOBUF: &str = "expected_protobuf_base64";

fn expected(case: &Json) -> Vec<Expected> {
    let plain = [
        (TEXT, Format::TEXT),
        (OPEN_METRICS, Format::OPEN_METRICS),
        (OPEN_METRICS_CREATED, Format::OPEN_METRICS),
        (OPEN_METRICS_2, Format::OPEN_METRICS_2),
        (PROTOBUF, Format::PROTOBUF),
    ];
    let mut all = Vec::new();
    for (key, format) in plain {
        if let Some(page) = case.get(key).and_then(Json::as_str) {
            let page = if key == PROTOBUF { base64(page) } else { page.as_bytes().to_vec() };
            all.push(Expected { key, format: format.with_escaping(Escaping::AllowUtf8), page });
        }
        let escaped = case.get(format!("{key}_escaped")).and_then(Json::as_object);
        for (scheme, page) in escaped.into_iter().flatten() {
            let format = format.with_escaping(Escaping::from_name(scheme).unwrap());
            all.push(Expected { key, format, page: page.as_str().unwrap().as_bytes().to_vec() });
        }
    }
    all
}

impl Deviation {
    fn of(case: &Json, families: &[Family], expected: &Expected) -> Option<Self> {
        let inputs = || case["families"].as_array().unwrap().iter();
        let is = |keys: &[&str]| keys.contains(&expected.key);
        let is_open_metrics_1 = is(&[OPEN_METRICS, OPEN_METRICS_CREATED]);
        let is_text = !is(&[PROTOBUF]);
        let any = |f: &dyn Fn(&Family, &Series) -> bool| {
            families.iter().any(|family| family.series.iter().any(|series| f(family, series)))
        };
        let histogram = |f: &dyn Fn(&Histogram) -> bool| {
            any(&|_, series| matches!(&series.value, Owned::Histogram(histogram) if f(histogram)))
        };
        let is_empty = |key: &str| inputs().any(|family| family.get(key).is_some_and(|text| text == ""));

        if is_empty("help") || is_empty("unit") && !is(&[TEXT]) {
            return Some(Self::EmptyText);
        }
        if families.iter().any(|family| family.series.is_empty()) {
            return Some(Self::NoSamples);
        }
        let twice = |family: &Family| {
            let mut labels = family.series.iter().enumerate();
            labels.any(|(i, series)| family.series[..i].iter().any(|other| other.labels == series.labels))
        };
        if families.iter().any(twice) {
            return Some(Self::SeriesTwice);
        }
        let is_negative_zero =
            |v: &Owned| matches!(v, Owned::Number(v) if v.to_bits() == (-0.0f64).to_bits());
        if is_text && any(&|_, series| is_negative_zero(&series.value)) {
            return Some(Self::NegativeZero);
        }
        if is(&[TEXT]) && histogram(&|histogram| !histogram.is_float() && histogram.count() >= 1e6) {
            return Some(Self::ExactInteger);
        }
        let has_colon = |series: &Series| series.labels.labels().iter().any(|(name, _)| name.contains(':'));
        if is_text && any(&|_, series| has_colon(series)) {
            return Some(Self::ColonInLabel);
        }
        if is_open_metrics_1 && any(&|family, _| family.metric_type == MetricType::GaugeHistogram) {
            return Some(Self::GaugeHistogram);
        }
        let is_forbidden = |value: &Owned| match value {
            Owned::Number(_) => false,
            Owned::Histogram(histogram) => {
                histogram.sum.is_nan()
                    || histogram.sum < 0.0
                    || histogram.bounds.first() < Some(&0.0) && !histogram.bounds.is_empty()
            }
            Owned::Summary { sum, quantiles, .. } => {
                sum.is_nan() || *sum < 0.0 || quantiles.iter().any(|(_, v)| *v < 0.0)
            }
        };
        if is_open_metrics_1 && any(&|_, series| is_forbidden(&series.value)) {
            return Some(Self::ForbiddenValue);
        }
        if is_open_metrics_1 && any(&|family, _| family.name == "_total") {
            return Some(Self::NothingButTotal);
        }
        if histogram(&|histogram| histogram.native.as_ref().is_some_and(|native| native.has_small_gaps()))
            && is(&[PROTOBUF])
        {
            return Some(Self::SmallGap);
        }
        let is_native = |series: &Series| matches!(&series.value, Owned::Histogram(h) if h.native.is_some());
        if !is(&[TEXT]) && any(&|_, series| is_native(series) && !series.exemplars.is_empty()) {
            return Some(Self::ExemplarOfNative);
        }
        if is(&[OPEN_METRICS_CREATED])
            && any(&|_, series| series.created.is_some() && series.timestamp.is_some())
        {
            return Some(Self::CreatedWithTime);
        }
        // Go holds them in 64 bits of nanoseconds, or as floats.
        let far =
            |series: &Series| series.created.is_some_and(|time| time.seconds().unsigned_abs() > 1 << 33);
        let before = |series: &Series| series.created.is_some_and(|time| time.seconds() < 0);
        let long = |series: &Series| series.timestamp.is_some_and(|time| time.as_millis() > 1 << 53);
        if is(&[OPEN_METRICS_CREATED]) && any(&|_, series| far(series))
            || is(&[OPEN_METRICS_2]) && any(&|_, series| before(series) || long(series))
        {
            return Some(Self::ExactTime);
        }
        let is_last = |bucket: &Json| {
            float(&bucket["upper_bound"]) == f64::INFINITY && bucket.get("exemplar").is_none()
        };
        let metrics = |family: &Json| family["metrics"].as_array().cloned().unwrap_or_default();
        let buckets = inputs().flat_map(metrics).flat_map(|metric| {
            metric
                .get("histogram")
                .map(|histogram| histogram["buckets"].as_array().cloned().unwrap_or_default())
        });
        if is(&[PROTOBUF]) && buckets.flatten().any(|bucket| is_last(&bucket)) {
            return Some(Self::LastBucket);
        }
        None
    }
}

fn page(families: &mut [Family], expected: &Expected) -> Vec<u8> {
    let mut page = Vec::new();
    // Go writes times of creation if it is told to.
    let is_without = expected.key == OPEN_METRICS;
    let mut created = Vec::new();
    for series in families.iter_mut().flat_map(|family| &mut family.series) {
        created.push(series.created);
        series.created = series.created.filter(|_| !is_without);
    }
    expected.format.encode(families, &mut page);
    for (series, created) in families.iter_mut().flat_map(|family| &mut family.series).zip(created) {
        series.created = created;
    }
    page
}

#[derive(Default)]
struct Tally {
    equal: BTreeMap<&'static str, usize>,
    deviations: BTreeMap<Deviation, usize>,
    refused: BTreeMap<Refused, usize>,
}

fn compare(file: &str) -> Option<Tally> {
    let mut tally = Tally::default();
    for case in &cases(file)? {
        let name = text(case, "name");
        let families =
            case["families"].as_array().unwrap().iter().map(Family::of).collect::<Result<Vec<_>, _>>();
        let mut families = match families {
            Ok(families) => families,
            Err(refused) => {
                *tally.refused.entry(refused).or_default() += 1;
                continue;
            }
        };
        for expected in expected(case) {
            let (key, escaping) = (expected.key, expected.format.escaping());
            let page = page(&mut families, &expected);
            let shown = |page: &[u8]| String::from_utf8_lossy(page).into_owned();
            if let Some(deviation) = Deviation::of(case, &families, &expected) {
                assert_ne!(page, expected.page, "{name} {key} {escaping}: {deviation:?} is no deviation");
                *tally.deviations.entry(deviation).or_default() += 1;
            } else {
                assert!(
                    page == expected.page,
                    "{name} {key} {escaping}\nours:\n{}\nGo:\n{}",
                    shown(&page),
                    shown(&expected.page)
                );
                *tally.equal.entry(key).or_default() += 1;
            }
        }
    }
    println!(
        "{file}: as in Go {:?}, otherwise {:?}, not taken {:?}",
        tally.equal, tally.deviations, tally.refused
    );
    Some(tally)
}

fn list<K: Copy + Ord>(counts: &BTreeMap<K, usize>) -> Vec<(K, usize)> {
    counts.iter().map(|(key, count)| (*key, *count)).collect()
}

#[test]
fn pages_are_those_of_the_tests_of_go() {
    use Deviation::{CreatedWithTime, ForbiddenValue, GaugeHistogram, LastBucket, NoSamples, SeriesTwice};
    let Some(tally) = compare("expfmt_encode.json") else { return };
    assert_eq!(
        list(&tally.equal),
        [(OPEN_METRICS, 72), (OPEN_METRICS_2, 28), (OPEN_METRICS_CREATED, 5), (PROTOBUF, 43), (TEXT, 87)]
    );
    assert_eq!(
        list(&tally.deviations),
        [
            (NoSamples, 9),
            (SeriesTwice, 20),
            (GaugeHistogram, 5),
            (ForbiddenValue, 3),
            (CreatedWithTime, 1),
            (LastBucket, 11),
        ]
    );
    use Refused::{Counter, Label, NoName, OtherType, Time, Unit};
    assert_eq!(
        list(&tally.refused),
        [(NoName, 3), (Label, 2), (OtherType, 7), (Counter, 5), (Time, 3), (Unit, 1)]
    );
}

#[test]
fn pages_of_edge_cases_are_those_of_go() {
    let Some(tally) = compare("hand_encode.json") else { return };
    assert_eq!(
        list(&tally.equal),
        [(OPEN_METRICS, 271), (OPEN_METRICS_2, 168), (OPEN_METRICS_CREATED, 8), (PROTOBUF, 192), (TEXT, 277)]
    );
    assert_eq!(
        list(&tally.deviations),
        [
            (Deviation::EmptyText, 7),
            (Deviation::NoSamples, 3),
            (Deviation::NegativeZero, 3),
            (Deviation::ExactInteger, 1),
            (Deviation::ColonInLabel, 6),
            (Deviation::GaugeHistogram, 1),
            (Deviation::ForbiddenValue, 2),
            (Deviation::NothingButTotal, 1),
            (Deviation::ExemplarOfNative, 1),
            (Deviation::ExactTime, 3),
            (Deviation::LastBucket, 2),
            (Deviation::SmallGap, 2),
        ]
    );
    use Refused::{Buckets, Exemplar, Label, NoName, Time, Unit};
    assert_eq!(
        list(&tally.refused),
        [(NoName, 1), (Label, 1), (Buckets, 1), (Exemplar, 2), (Time, 1), (Unit, 2)]
    );
}
