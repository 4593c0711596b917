//! What an encoder must refuse, escape or never write: one check for each rule. That pages of any
//! registry keep them is the business of the property tests; here each is tried with what would break
//! it.

use metrics_core::{
    Collector, Descriptor, Escaping, Exemplar, Extras, HistogramValue, Info, LabelSet, Labels, Metric,
    MetricType, NativeBucket, NativeHistogram, Scrape, StateSetValue, SummaryValue, Timestamp, Value,
    collect_fn,
};
use metrics_exposition::Format;
use serde_json::Value as Json;

use crate::{load, text};

const TEXTS: [Format; 3] = [Format::TEXT, Format::OPEN_METRICS, Format::OPEN_METRICS_2];

fn page(format: Format, collect: impl Fn(&mut Scrape<'_>) + Send + Sync) -> String {
    let mut page = Vec::new();
    format.encode(&collect_fn(collect), &mut page);
    String::from_utf8(page).unwrap()
}

fn descriptor(metric_type: MetricType, name: &str) -> Descriptor<'_> {
    Descriptor::try_new(metric_type, name, "Help.").unwrap()
}

fn one(format: Format, metric_type: MetricType, value: Value<'_>, extras: &Extras<'_>) -> String {
    page(format, |scrape| {
        scrape.family(&descriptor(metric_type, "m")).sample_with(Labels::EMPTY, value, extras);
    })
}

/// Whether a page says that something was left out, for this reason.
fn refused(page: &str, reason: &str) -> bool {
    page.contains(&format!("reason=\"{reason}\""))
}

/// The texts of a list in the examples of a rule.
fn list<'j>(rule: &'j Json, key: &str) -> Vec<&'j str> {
    let list = rule["examples"][key].as_array().unwrap_or_else(|| panic!("{key} of {rule}"));
    list.iter().map(|text| text.as_str().unwrap()).collect()
}

fn check(id: &str, rule: &Json) {
    use MetricType::{Counter, Gauge, GaugeHistogram, Histogram, StateSet, Summary, Unknown};
    let histogram = |bounds: &[f64], counts: &[u64], sum| {
        let value = HistogramValue::new(bounds, counts, sum).unwrap();
        one(Format::OPEN_METRICS, Histogram, Value::Histogram(value), &Extras::NONE)
    };
    let number = |metric_type, v: f64| one(Format::OPEN_METRICS, metric_type, v.into(), &Extras::NONE);
    let gauge = |format, name: &str| {
        page(format, |scrape| scrape.family(&Descriptor::try_utf8(Gauge, name, "").unwrap()).push([], 1))
    };
    match id {
        "metric-name-syntax" => {
            for name in list(rule, "reject_or_quote") {
                assert!(Descriptor::try_new(Gauge, name, "").is_err(), "{name:?}");
                let quoted = gauge(Format::TEXT.with_escaping(Escaping::AllowUtf8), name);
                assert!(quoted.starts_with("# TYPE \"") && quoted.contains("\n{\""), "{quoted}");
            }
            assert!(
                list(rule, "reject_always").iter().all(|name| Descriptor::try_utf8(Gauge, name, "").is_err())
            );
        }
        "label-name-syntax" => {
            for name in list(rule, "reject_or_quote") {
                assert!(LabelSet::new([(name, "")]).is_err(), "{name:?}");
                assert!(
                    LabelSet::utf8([(name, "")]).unwrap().labels().to_string().starts_with('"'),
                    "{name:?}"
                );
            }
            assert!(list(rule, "reject_always").iter().all(|name| LabelSet::utf8([(*name, "")]).is_err()));
        }
        "label-name-reserved" => {
            assert!(list(rule, "reject").iter().all(|name| LabelSet::utf8([(*name, "")]).is_err()));
            for (metric_type, key) in
                [(Histogram, "reject_histogram"), (Summary, "reject_summary"), (StateSet, "m")]
            {
                let name = if metric_type == StateSet { "m" } else { list(rule, key)[0] };
                let page = page(Format::TEXT, |scrape| {
                    let labels = LabelSet::new([(name, "x")]).unwrap();
                    let value = match metric_type {
                        Histogram => Value::Histogram(HistogramValue::new(&[], &[1], 1.0).unwrap()),
                        Summary => Value::Summary(SummaryValue::new(1, 1.0)),
                        _ => Value::StateSet(StateSetValue::new(&["on"], 0)),
                    };
                    scrape.family(&descriptor(metric_type, "m")).sample(labels.labels(), value);
                });
                assert!(refused(&page, "invalid_label"), "{page}");
            }
        }
        "label-name-duplicate" => {
            assert!(LabelSet::new([("a", "1"), ("a", "2")]).is_err());
            let collide = page(Format::TEXT, |scrape| {
                let family = Descriptor::utf8(Gauge, "m", "");
                scrape.family(&family).push([("a.b", "1"), ("a_b", "2")], 1);
            });
            assert!(refused(&collide, "invalid_label"), "{collide}");
        }
        "label-value-escape" | "exemplar-escape" => {
            let Some(pairs) = rule.get("examples").and_then(|examples| examples["escape"].as_array()) else {
                let trace = LabelSet::new([("t", "a\"\\\nb")]).unwrap();
                let exemplars = [Exemplar::new(trace.labels(), 1.0).unwrap()];
                let extras = Extras::NONE.with_exemplars(&exemplars);
                let page = page(Format::OPEN_METRICS, |scrape| {
                    scrape.family(&descriptor(Counter, "m_total")).sample_with(
                        Labels::EMPTY,
                        1u64.into(),
                        &extras,
                    );
                });
                return assert!(page.contains(r#"m_total 1 # {t="a\"\\\nb"} 1.0"#), "{page}");
            };
            for pair in pairs {
                let (value, escaped) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
                for format in TEXTS {
                    let page =
                        page(format, |scrape| scrape.family(&descriptor(Gauge, "m")).push([("l", value)], 1));
                    assert!(page.contains(&format!("m{{l=\"{escaped}\"}} 1\n")), "{page}");
                }
            }
        }
        // A `str` is UTF-8.
        "label-value-not-utf8" => {}
        "label-separators" => {
            let page = page(Format::OPEN_METRICS, |scrape| {
                scrape.labelled(&[("c", "0")], |scrape| {
                    scrape.family(&descriptor(Gauge, "m")).push([("a", "1"), ("b", "2")], 1);
                });
            });
            assert!(page.contains("\nm{c=\"0\",a=\"1\",b=\"2\"} 1\n"), "{page}");
        }
        "empty-label-value" | "duplicate-series" => {
            let page = page(Format::TEXT, |scrape| {
                let family = descriptor(Gauge, "m");
                let mut samples = scrape.family(&family);
                samples.push([], 1);
                samples.push([("a", "")], 2);
            });
            assert!(refused(&page, "duplicate_series") && !page.contains("\nm{a"), "{page}");
        }
        "help-escape-openmetrics" | "help-escape-text" => {
            let format = if id == "help-escape-text" { Format::TEXT } else { Format::OPEN_METRICS };
            let page = page(format, |scrape| {
                scrape.family(&Descriptor::new(Gauge, "m", "a\\b\nc\"d")).push([], 1);
            });
            let quote = if format == Format::TEXT { "\"" } else { "\\\"" };
            assert!(page.starts_with(&format!("# HELP m a\\\\b\\nc{quote}d\n")), "{page}");
        }
        "metadata-syntax"
        | "metadata-before-samples"
        | "eof"
        | "final-newline"
        | "no-blank-or-comment-lines" => {
            let page = |format| {
                page(format, |scrape| {
                    let family = descriptor(Gauge, "m_seconds").try_with_unit("seconds").unwrap();
                    scrape.family(&family).push([], 1);
                })
            };
            let start = "# HELP m_seconds Help.\n# TYPE m_seconds gauge\n";
            assert_eq!(page(Format::TEXT), format!("{start}m_seconds 1\n"));
            assert_eq!(
                page(Format::OPEN_METRICS),
                format!("{start}# UNIT m_seconds seconds\nm_seconds 1\n# EOF\n")
            );
        }
        "type-words" => {
            for (metric_type, value, text, open_metrics) in [
                (Unknown, Value::from(1u64), "untyped", "unknown"),
                (MetricType::Info, Value::from(1u64), "gauge", "info"),
                (StateSet, Value::StateSet(StateSetValue::new(&["on"], 0)), "gauge", "stateset"),
                (
                    GaugeHistogram,
                    Value::Histogram(HistogramValue::new(&[], &[1], 1.0).unwrap()),
                    "histogram",
                    "gaugehistogram",
                ),
            ] {
                for (format, word) in [(Format::TEXT, text), (Format::OPEN_METRICS, open_metrics)] {
                    let page = one(format, metric_type, value, &Extras::NONE);
                    assert!(page.contains(&format!(" {word}\n")), "{page}");
                }
            }
        }
        "metadata-once" | "grouping" | "name-clash" => {
            let page = page(Format::OPEN_METRICS, |scrape| {
                scrape.family(&descriptor(Counter, "a_total")).push([], 1);
                for (metric_type, name) in
                    [(Gauge, "a"), (Gauge, "a_created"), (Counter, "a_total"), (Gauge, "a_total")]
                {
                    scrape.family(&descriptor(metric_type, name)).push([], 2);
                }
            });
            assert!(refused(&page, "duplicate_family"), "{page}");
            assert_eq!(page.lines().filter(|line| line.starts_with("# TYPE a")).count(), 1, "{page}");
        }
        "unit-suffix" => {
            let pairs = |key: &str| rule["examples"][key].as_array().unwrap().clone();
            let pair =
                |pair: &Json| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned());
            for (name, unit) in pairs("reject").iter().map(pair) {
                assert!(descriptor(Gauge, &name).try_with_unit(&unit).is_err(), "{name} {unit}");
            }
            // An empty one is none.
            for (name, unit) in pairs("accept").iter().map(pair).filter(|(_, unit)| !unit.is_empty()) {
                assert!(descriptor(Gauge, &name).try_with_unit(&unit).is_ok(), "{name} {unit}");
            }
        }
        "unit-characters" => {
            assert!(Descriptor::utf8(Gauge, "a_µs", "").try_with_unit("µs").is_err());
        }
        "unit-on-info-stateset" => {
            for metric_type in [MetricType::Info, StateSet] {
                assert!(descriptor(metric_type, "a_seconds").try_with_unit("seconds").is_err());
            }
        }
        "counter-value" => {
            for v in [f64::NAN, -1.0, f64::NEG_INFINITY] {
                assert!(refused(&number(Counter, v), "invalid_value"));
            }
            assert!(number(Counter, f64::INFINITY).contains("\nm +Inf\n"));
            assert!(!histogram(&[1.0], &[1, 1], f64::NAN).contains("_sum"));
        }
        "gaugehistogram-value" => {
            assert!(HistogramValue::float(&[], &[f64::NAN], 0.0).is_none());
            assert!(HistogramValue::float(&[], &[-1.0], 0.0).is_none());
            let sum = |bounds: &[f64], sum| {
                let value = HistogramValue::new(bounds, &[1, 1], sum).unwrap();
                one(Format::OPEN_METRICS, GaugeHistogram, Value::Histogram(value), &Extras::NONE)
            };
            assert!(!sum(&[1.0], f64::NAN).contains("_gsum") && !sum(&[1.0], -1.0).contains("_gsum"));
            assert!(sum(&[-1.0], -1.0).contains("m_gsum -1.0\n"));
        }
        "negative-observations" | "histogram-sum-and-count" => {
            let page = histogram(&[-1.0, 1.0], &[1, 1, 1], 0.5);
            assert!(!page.contains("_sum") && !page.contains("_count"), "{page}");
            let page = histogram(&[1.0], &[1, 1], 0.5);
            assert!(page.contains("m_sum 0.5\nm_count 2\n"), "{page}");
        }
        "quantile-value" => {
            for quantile in [-0.1, 1.1, f64::NAN] {
                assert!(SummaryValue::new(1, 1.0).with_quantiles(&[(quantile, 1.0)]).is_none());
            }
            let value = SummaryValue::new(1, 1.0).with_quantiles(&[(0.5, -1.0), (0.9, 1.0)]).unwrap();
            let page = one(Format::OPEN_METRICS, Summary, Value::Summary(value), &Extras::NONE);
            assert!(!page.contains("0.5") && page.contains("m{quantile=\"0.9\"} 1.0\n"), "{page}");
        }
        "number-syntax" => {
            for (v, expected) in
                [(f64::NAN, "NaN"), (f64::INFINITY, "+Inf"), (f64::NEG_INFINITY, "-Inf"), (1e300, "1e+300")]
            {
                assert!(number(Gauge, v).contains(&format!("\nm {expected}\n")));
            }
        }
        "timestamp-syntax" => {
            // Whole numbers, so neither is NaN; before 1970 is refused.
            let extras = Extras::NONE.with_timestamp(Timestamp::from_millis(-1));
            assert!(refused(&one(Format::TEXT, Gauge, 1u64.into(), &extras), "invalid_value"));
            let extras = Extras::NONE.with_timestamp(Timestamp::from_millis(1500));
            assert!(one(Format::TEXT, Gauge, 1u64.into(), &extras).contains("\nm 1 1500\n"));
            assert!(one(Format::OPEN_METRICS, Gauge, 1u64.into(), &extras).contains("\nm 1 1.5\n"));
        }
        "timestamp-order" => {
            // Several points of one series are one too many, whatever their times.
            let page = page(Format::OPEN_METRICS, |scrape| {
                let family = descriptor(Gauge, "m");
                let mut samples = scrape.family(&family);
                samples.push([], 1);
                let later = Extras::NONE.with_timestamp(Timestamp::from_millis(1));
                samples.sample_with(Labels::EMPTY, 2u64.into(), &later);
            });
            assert!(refused(&page, "duplicate_series"), "{page}");
        }
        "histogram-inf-bucket" | "histogram-labels" => {
            let page = histogram(&[1.0], &[2, 3], 9.0);
            assert!(page.contains("m_bucket{le=\"+Inf\"} 5\nm_sum 9.0\nm_count 5\n"), "{page}");
            assert!(
                page.lines().filter(|line| line.starts_with("m_bucket")).all(|line| line.contains("le="))
            );
        }
        "histogram-order" => {
            for bounds in rule["examples"]["reject"].as_array().unwrap() {
                let bounds: Vec<f64> = bounds
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|bound| bound.as_str().unwrap().parse().unwrap())
                    .collect();
                assert!(
                    HistogramValue::new(&bounds, &vec![0; bounds.len() + 1], 0.0).is_none(),
                    "{bounds:?}"
                );
            }
        }
        "info-stateset-values" => {
            assert!(refused(&number(MetricType::Info, 2.0), "invalid_value"));
            assert!(refused(&number(StateSet, 1.0), "invalid_value"));
            let states = one(
                Format::TEXT,
                StateSet,
                Value::StateSet(StateSetValue::new(&["a", "b"], 1)),
                &Extras::NONE,
            );
            assert!(states.contains("m{m=\"a\"} 0\nm{m=\"b\"} 1\n"), "{states}");
        }
        "exemplar-length" => {
            for (count, is_short) in [(127, true), (128, false)] {
                let set = LabelSet::new([("a", &*"é".repeat(count))]).unwrap();
                assert_eq!(Exemplar::new(set.labels(), 1.0).is_ok(), is_short);
            }
        }
        "exemplar-place" | "exemplar-syntax" | "exemplar-timestamp" | "exemplar-bucket" => exemplars(),
        other => panic!("a rule that is not known: {other}"),
    }
}

/// Exemplars stand where they may, in the bucket that holds their value, native ones with a time.
fn exemplars() {
    let trace = LabelSet::new([("t", "1")]).unwrap();
    let exemplar = |v| Exemplar::new(trace.labels(), v).unwrap();
    let timed = exemplar(5.0).with_timestamp(Timestamp::from_millis(1500));
    let all = [exemplar(0.5), timed, exemplar(f64::NAN)];
    let extras = Extras::NONE.with_exemplars(&all).with_created(Timestamp::from_millis(1000));
    let buckets = [NativeBucket { index: 0, count: 3u64 }];
    let native = NativeHistogram::new(0, 0.0, 0, &buckets, &[]).unwrap();
    let value = HistogramValue::new(&[0.25, 1.0], &[1, 1, 1], 6.0).unwrap().with_native(&native).unwrap();
    let page = one(Format::OPEN_METRICS, MetricType::Histogram, Value::Histogram(value), &extras);
    assert!(
        page.contains(
            "m_bucket{le=\"0.25\"} 1\nm_bucket{le=\"1.0\"} 2 # {t=\"1\"} 0.5\n\
             m_bucket{le=\"+Inf\"} 3 # {t=\"1\"} 5.0 1.5\nm_sum 6.0\nm_count 3\nm_created 1.0\n"
        ),
        "{page}"
    );
    for metric_type in [MetricType::Gauge, MetricType::Unknown, MetricType::Info, MetricType::Counter] {
        // The last is a counter without `_total`, which is an unknown.
        let page = one(Format::OPEN_METRICS, metric_type, 1u64.into(), &extras);
        assert!(!page.contains("t=") && !page.contains("_created"), "{page}");
    }
    let summary = Value::Summary(SummaryValue::new(1, 1.0));
    assert!(!one(Format::OPEN_METRICS, MetricType::Summary, summary, &extras).contains("t="));
}

#[test]
fn every_rule_is_kept() {
    let Some(rules) = load("encoder_rules.json") else { return };
    let rules = rules["rules"].as_array().unwrap();
    for rule in rules {
        check(text(rule, "id"), rule);
    }
    assert_eq!(rules.len(), 41);
}

#[test]
fn a_label_of_an_info_is_not_one_of_its_series() {
    let info = Metric::new("build_info", "", Info::new(&[("version", "1")]));
    let page = page(Format::OPEN_METRICS, |scrape| {
        scrape.labelled(&[("version", "outer")], |scrape| info.collect(scrape));
    });
    assert!(page.contains("\nbuild_info{version=\"1\"} 1\n"), "{page}");
}
