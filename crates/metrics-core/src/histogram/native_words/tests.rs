use core::cell::Cell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use super::*;
use crate::{Buckets, Histogram, HistogramSnapshot, NativeBuckets};

std::thread_local! {
    /// What the clock shows, where a test says so.
    pub(super) static MILLIS: Cell<Option<u64>> = const { Cell::new(None) };
}

/// What the clock shows when a test with a clock begins.
const START: u64 = 1_000_000_000;

/// Observes one value a minute, beginning a minute after the histogram was made.
fn a_value_a_minute(native: Native, values: &[f64]) -> Histogram {
    MILLIS.set(Some(START));
    let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
    for v in values {
        MILLIS.set(MILLIS.get().map(|millis| millis + 60_000));
        histogram.observe(*v);
    }
    histogram
}

fn buckets(side: NativeBuckets<'_>) -> BTreeMap<i32, u64> {
    side.iter().map(|(index, count)| (index, count.as_f64() as u64)).collect()
}

/// A histogram that remembers every value and counts when it is asked.
fn naive(values: &[f64], schema: i8, threshold: f64) -> (u64, [BTreeMap<i32, u64>; 2]) {
    let mut zero = 0;
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    for v in values.iter().filter(|v| !v.is_nan()) {
        if v.abs() <= threshold {
            zero += 1;
            continue;
        }
        // The first bound that is not below it, found one by one in both directions.
        let mut index = (v.abs().log2() * 2f64.powi(i32::from(schema))).round().clamp(-3e5, 3e5) as i32;
        while upper_bound(schema, index) < v.abs() {
            index += 1;
        }
        while upper_bound(schema, index - 1) >= v.abs() {
            index -= 1;
        }
        *sides[usize::from(*v < 0.0)].entry(index).or_default() += 1;
    }
    (zero, sides)
}

#[test]
fn native_buckets_agree_with_a_naive_count_in_every_schema() {
    let mut bits = 7u64;
    let mut random = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 11) as f64 / (1u64 << 53) as f64
    };
    for schema in NativeHistogram::SCHEMAS {
        for spread in [1.0, 20.0, 600.0] {
            let values: Vec<f64> = (0..2000)
                .map(|i| match i % 50 {
                    0 => 0.0,
                    1 => -0.0,
                    2 => 2f64.powi(i / 50 - 20),
                    3 => f64::from_bits(i as u64),
                    _ => ((random() - 0.5) * spread).exp2() * if random() < 0.2 { -1.0 } else { 1.0 },
                })
                .collect();
            let native = Native::with_schema(schema).max_buckets(Native::MOST_BUCKETS);
            let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
            values.iter().for_each(|v| histogram.observe(*v));
            let snapshot = histogram.snapshot();
            let told = snapshot.native().unwrap();
            let (zero, [positive, negative]) = naive(&values, schema, native.threshold());
            assert_eq!(told.schema(), schema);
            assert_eq!(told.zero_count().as_f64() as u64, zero);
            assert_eq!(buckets(told.positive()), positive, "schema {schema} spread {spread}");
            assert_eq!(buckets(told.negative()), negative, "schema {schema} spread {spread}");
            assert_eq!(snapshot.count(), 2000);
        }
    }
}

#[test]
fn infinities_have_buckets_and_nan_has_none() {
    let classic = Buckets::try_new([1.0]).unwrap().with_native(Native::with_schema(2)).unwrap();
    let histogram = Histogram::with_buckets(classic);
    for v in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN, f64::MAX, 0.5] {
        histogram.observe(v);
    }
    let snapshot = histogram.snapshot();
    let native = snapshot.native().unwrap();
    assert_eq!(buckets(native.positive()), BTreeMap::from([(-4, 1), (4096, 1), (4097, 1)]));
    assert_eq!(buckets(native.negative()), BTreeMap::from([(4097, 1)]));
    assert_eq!(native.count().as_f64(), 4.0);
    assert_eq!(snapshot.buckets().collect::<Vec<_>>(), [(1.0, 2), (f64::INFINITY, 6)]);
    assert!(snapshot.sum().is_nan());
    assert!(snapshot.value().with_native(&native).is_some());
}

#[test]
fn however_wild_the_values_there_are_never_too_many_buckets() {
    for most in [1, 2, 3, 20, 160] {
        for widest in [0.0, 1e-3, 1e300] {
            let native = Native::with_schema(8).max_buckets(most).widen_zero_up_to(widest);
            let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
            let (mut bits, mut schema, mut threshold) = (1u64, 8, 0.0);
            for n in 1..=3000 {
                bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let v = f64::from_bits(bits);
                histogram.observe(if v.is_nan() { 1.0 } else { v });
                if n % 100 == 0 {
                    let snapshot = histogram.snapshot();
                    let told = snapshot.native().unwrap();
                    assert!(told.positive().len() + told.negative().len() <= usize::from(most));
                    assert_eq!(told.count().as_f64(), f64::from(n));
                    assert!(told.schema() <= schema && told.zero_threshold() >= threshold);
                    (schema, threshold) = (told.schema(), told.zero_threshold());
                }
            }
        }
    }
}

#[test]
fn stripes_of_different_resolution_are_one_histogram() {
    let native = Native::with_schema(3).max_buckets(8);
    let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
    let cells = histogram.cells();
    let mut values = Vec::new();
    let mut observe_in = |stripe: &Stripe, v: f64| {
        values.push(v);
        let _held = stripe.hold();
        let words = NativeWords::of(cells.layout(), stripe).unwrap();
        words.observe(NativeWords::shared(cells.layout().native().unwrap(), cells.first()), 0, v);
    };
    let stripe = cells.striped();
    // Few buckets in one stripe, many in the other, which halves its resolution.
    for v in [1.0, 1.1, 1.2] {
        observe_in(cells.first(), v);
    }
    for i in 0..30 {
        observe_in(stripe, 1.1f64.powi(i));
    }
    let snapshot = histogram.snapshot();
    let told = snapshot.native().unwrap();
    assert!(told.schema() < 3 && told.positive().len() <= 8);
    let (zero, [positive, _]) = naive(&values, told.schema(), native.threshold());
    assert_eq!((zero, buckets(told.positive())), (0, positive));
    assert_eq!(snapshot.count(), 33);
    let (first, second) = values.split_at(3);
    assert_eq!(snapshot.sum(), first.iter().sum::<f64>() + second.iter().sum::<f64>());
}

#[test]
fn a_histogram_that_is_set_back_forgets_what_every_stripe_held() {
    MILLIS.set(Some(START));
    let native = Native::with_schema(3).max_buckets(2).reset_after(Duration::from_secs(60));
    let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
    let cells = histogram.cells();
    assert_eq!(cells.reset_time(), None);
    cells.striped();
    {
        // Into another stripe than that of this thread.
        let _held = cells.first().hold();
        let words = NativeWords::of(cells.layout(), cells.first()).unwrap();
        words.observe(NativeWords::shared(cells.layout().native().unwrap(), cells.first()), 0, 7.0);
    }
    histogram.observe(1.0);
    histogram.observe(2.0);
    assert_eq!(histogram.snapshot().count(), 3);
    MILLIS.set(Some(START + 60_000));
    histogram.observe(4.0); // one too many, and old enough
    let snapshot = histogram.snapshot();
    assert_eq!((snapshot.count(), snapshot.sum()), (1, 4.0));
    assert!(cells.reset_time() > Timestamp::new(1_600_000_000, 0));

    // Too many before it is old enough: less precise, and set back as soon as it may be.
    MILLIS.set(Some(START + 90_000));
    for v in [1.0, 16.0] {
        histogram.observe(v);
    }
    assert!(histogram.snapshot().native().unwrap().schema() < 3);
    assert_eq!(histogram.snapshot().count(), 3);
    MILLIS.set(Some(START + 119_999));
    histogram.observe(16.0);
    assert_eq!(histogram.snapshot().count(), 4);
    MILLIS.set(Some(START + 120_000));
    histogram.observe(16.0);
    let snapshot = histogram.snapshot();
    assert_eq!((snapshot.count(), snapshot.native().unwrap().schema()), (1, 3));
}

#[test]
fn the_tables_of_the_go_client_hold() {
    let Some(corpus) = corpus() else { return };
    let mut cases = 0;
    for case in corpus["native_histogram"].as_array().unwrap() {
        let factor = case["factor"].as_f64().unwrap();
        if factor <= 1.0 {
            continue; // classic buckets only
        }
        let test = case["test"].as_str().unwrap();
        let number = |value: &serde_json::Value| -> f64 { value.as_str().unwrap().parse().unwrap() };
        let mut native = Native::with_factor(factor)
            .widen_zero_up_to(number(&case["max_zero_threshold"]))
            .reset_after(Duration::from_secs(case["min_reset_duration_s"].as_u64().unwrap()));
        // There 0 is unlimited, and none of those cases comes near our limit.
        if let most @ 1.. = case["max_buckets"].as_u64().unwrap() {
            native = native.max_buckets(most as u16);
        }
        // There 0 is the default, and a negative one is 0.
        let threshold = number(&case["zero_threshold"]);
        if threshold != 0.0 {
            native = native.zero_threshold(threshold.max(0.0));
        }
        let values: Vec<f64> = match case["observations"].as_array() {
            Some(values) => values.iter().map(number).collect(),
            None => Vec::new(),
        };
        let histogram = a_value_a_minute(native, &values);
        let began =
            NativeWords::shared(histogram.cells().layout().native().unwrap(), histogram.cells().first())
                .words[BEGAN]
                .load(Relaxed);
        let snapshot = histogram.snapshot();
        let want = &case["want"];
        check_value(test, &snapshot, want);
        if native.reset_millis() > 0 {
            let created = case["created_after_start_s"].as_u64().unwrap();
            assert_eq!(began - START, created * 1000, "{test}");
        }
        cases += 1;
    }
    assert_eq!(cases, 24);
    for case in corpus["bucket_upper_bound"].as_array().unwrap() {
        let (schema, key) = (case["schema"].as_i64().unwrap(), case["key"].as_i64().unwrap());
        let want: f64 = case["want"].as_str().unwrap().parse().unwrap();
        assert_eq!(upper_bound(schema as i8, key as i32), want, "schema {schema} key {key}");
    }
}

fn check_value(test: &str, snapshot: &HistogramSnapshot, want: &serde_json::Value) {
    let number = |name: &str| -> f64 { want[name].as_str().unwrap().parse().unwrap() };
    let native = snapshot.native().unwrap();
    assert_eq!(snapshot.count(), want["sample_count"].as_u64().unwrap(), "{test}");
    assert!(
        snapshot.sum() == number("sample_sum") || snapshot.sum().is_nan() && number("sample_sum").is_nan(),
        "{test}: {}",
        snapshot.sum()
    );
    assert_eq!(i64::from(native.schema()), want["schema"].as_i64().unwrap(), "{test}");
    assert_eq!(native.zero_threshold(), number("zero_threshold"), "{test}");
    assert_eq!(native.zero_count().as_f64() as u64, want["zero_count"].as_u64().unwrap(), "{test}");
    for (side, name) in [(native.positive(), "positive"), (native.negative(), "negative")] {
        let list = |kind: &str| -> Vec<serde_json::Value> {
            want[std::format!("{name}_{kind}")].as_array().cloned().unwrap_or_default()
        };
        let spans: Vec<_> =
            side.spans().map(|span| [i64::from(span.offset), i64::from(span.length)]).collect();
        let mut wanted: Vec<_> =
            list("spans").iter().map(|span| [span[0].as_i64().unwrap(), span[1].as_i64().unwrap()]).collect();
        // What an encoder adds to tell an empty native histogram from a classic one.
        wanted.retain(|span| *span != [0, 0]);
        assert_eq!(spans, wanted, "{test} {name}");
        let mut last = 0;
        let deltas: Vec<_> = side
            .span_counts()
            .map(|count| {
                let count = count.as_f64() as i64;
                count - core::mem::replace(&mut last, count)
            })
            .collect();
        let wanted: Vec<_> = list("deltas").iter().map(|delta| delta.as_i64().unwrap()).collect();
        assert_eq!(deltas, wanted, "{test} {name}");
    }
}

/// Cases that were taken from the tests of the Go client, beside the repository or where
/// `RUTHEUS_CONFORMANCE` says.
fn corpus() -> Option<serde_json::Value> {
    use std::path::{Path, PathBuf};

    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("RUTHEUS_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let path = folder.join("corpus/native_histogram.json");
    let Ok(text): Result<String, _> = std::fs::read_to_string(&path) else {
        std::eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn an_observation_made_while_a_stripe_is_held_goes_to_another() {
    let histogram = Histogram::with_buckets(Buckets::native(Native::with_schema(0)).unwrap());
    histogram.observe(1.0);
    let held = histogram.cells().first().hold();
    histogram.observe(2.0);
    assert!(histogram.is_striped());
    drop(held);
    let snapshot = histogram.snapshot();
    let native = snapshot.native().unwrap();
    assert_eq!(buckets(native.positive()), BTreeMap::from([(0, 1), (1, 1)]));
    assert_eq!((snapshot.count(), snapshot.sum()), (2, 3.0));
}

/// A histogram with these values in one stripe, and one in another.
fn in_two_stripes(native: Native, first: &[f64], second: f64) -> HistogramSnapshot {
    let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
    first.iter().for_each(|v| histogram.observe(*v));
    let held = histogram.cells().first().hold();
    histogram.observe(second);
    drop(held);
    assert!(histogram.is_striped());
    histogram.snapshot()
}

#[test]
fn the_zero_bucket_of_one_stripe_takes_in_what_another_counted_apart() {
    let native = Native::with_schema(0).max_buckets(2).zero_threshold(0.001).widen_zero_up_to(1.0);
    let snapshot = in_two_stripes(native, &[0.01, 0.1, 0.9], 0.005);
    let native = snapshot.native().unwrap();
    assert_eq!((native.zero_threshold(), native.zero_count().as_f64()), (0.015625, 2.0));
    assert_eq!(buckets(native.positive()), BTreeMap::from([(-3, 1), (0, 1)]));
}

#[test]
fn stripes_with_different_buckets_become_coarser_before_any_is_taken_for_zero() {
    let snapshot = in_two_stripes(Native::with_schema(0).max_buckets(1), &[1.5], 3.0);
    let native = snapshot.native().unwrap();
    assert_eq!((native.schema(), native.zero_count().as_f64()), (-1, 0.0));
    assert_eq!(buckets(native.positive()), BTreeMap::from([(1, 2)]));
}

#[test]
fn stripes_with_different_buckets_keep_the_limit_in_the_coarsest_schema_too() {
    let snapshot =
        in_two_stripes(Native::with_schema(-4).zero_threshold(0.0).max_buckets(1), &[1e300], 1e-300);
    let native = snapshot.native().unwrap();
    assert_eq!((native.schema(), native.zero_count().as_f64(), native.positive().len()), (-4, 1.0, 1));
    assert!(native.zero_threshold() >= 1e-300 && native.zero_threshold() < 1e300);
}

#[test]
fn the_zero_bucket_widens_up_to_its_limit_and_no_further() {
    for (limit, threshold, schema) in [(0.01, 0.001, -1), (0.015625, 0.015625, 0), (1.0, 0.015625, 0)] {
        let native = Native::with_schema(0).max_buckets(2).zero_threshold(0.001).widen_zero_up_to(limit);
        let histogram = Histogram::with_buckets(Buckets::native(native).unwrap());
        [0.01, 0.3, 0.9].into_iter().for_each(|v| histogram.observe(v));
        let snapshot = histogram.snapshot();
        let native = snapshot.native().unwrap();
        assert_eq!((native.zero_threshold(), native.schema()), (threshold, schema), "up to {limit}");
    }
}

#[test]
fn hundreds_of_buckets_are_merged_as_few_are() {
    let histogram =
        Histogram::with_buckets(Buckets::native(Native::with_schema(8).max_buckets(300)).unwrap());
    (0..301).for_each(|i| histogram.observe(1.01f64.powi(i)));
    let snapshot = histogram.snapshot();
    let native = snapshot.native().unwrap();
    assert_eq!((native.schema(), native.count().as_f64()), (6, 301.0));
    assert!(native.positive().len() <= 300 && native.positive().len() > 150);
}

#[test]
fn the_time_to_a_reset_is_at_most_49_days() {
    let millis = |time| Native::with_schema(0).reset_after(time).reset_millis();
    assert_eq!(millis(Duration::from_millis(7)), 7);
    assert_eq!(millis(Duration::MAX), u64::from(u32::MAX));
    assert_eq!(millis(Duration::from_millis(1 << 32)), u64::from(u32::MAX));
}
