//! What a page has to say of a registry, format by format.

use rutheus::{Escaping, MetricType, Number, Timestamp};

use crate::readers::Kind;
use crate::readers::page::{Content, Num, PageFamily, Part, Sample, SeenExemplar, Time, escape, is_classic};
use crate::spec::{ExemplarSpec, FamilySpec, HistogramSpec, SeriesSpec, Spec, ValueSpec};

pub(crate) fn families(spec: &Spec, kind: Kind, escaping: Escaping) -> Vec<PageFamily> {
    spec.families.iter().map(|family| Names::new(spec, family, kind, escaping).family()).collect()
}

struct Names<'s> {
    spec: &'s Spec,
    family: &'s FamilySpec,
    kind: Kind,
    escaping: Escaping,
    /// With the prefix and escaped.
    full: String,
    /// What comes before the suffixes of samples.
    base: String,
    /// What its lines call it.
    metric_type: MetricType,
}

/// The full name of a family, prefixed and escaped.
pub(crate) fn full_name(spec: &Spec, family: &FamilySpec, escaping: Escaping) -> String {
    let prefix = spec.prefix.as_ref().map(|prefix| format!("{prefix}_")).unwrap_or_default();
    escape(escaping, &format!("{prefix}{}", family.name))
}

/// The unit, unless an escape has parted it from the end of the name.
pub(crate) fn unit(family: &FamilySpec, full: &str) -> &'static str {
    let base = match family.metric_type {
        MetricType::Counter => full.strip_suffix("_total").unwrap_or(full),
        _ => full,
    };
    family.unit.filter(|unit| base.ends_with(&format!("_{unit}"))).unwrap_or_default()
}

/// All labels of a series, as the page has them.
pub(crate) fn labels(spec: &Spec, series: &SeriesSpec, escaping: Escaping) -> Vec<(String, String)> {
    let own =
        series.labels.iter().map(|(name, value)| (escaping.escape_label(name).into_owned(), value.clone()));
    spec.constant.iter().cloned().chain(own).collect()
}

pub(crate) fn state_label(full: &str) -> String {
    if is_classic(full) { full.replace(':', "_") } else { full.to_owned() }
}

/// The exemplars that belong to the bucket up to `bound`, the newest last.
pub(crate) fn of_bucket<'s>(
    exemplars: &[&'s ExemplarSpec],
    lower: f64,
    bound: f64,
) -> Option<&'s ExemplarSpec> {
    let mut here: Vec<_> =
        exemplars.iter().filter(|exemplar| lower < exemplar.value && exemplar.value <= bound).collect();
    if lower == f64::NEG_INFINITY {
        here.extend(exemplars.iter().filter(|exemplar| exemplar.value == f64::NEG_INFINITY));
    }
    here.sort_by(|a, b| a.value.partial_cmp(&b.value).unwrap());
    here.into_iter().max_by_key(|exemplar| exemplar.timestamp).copied()
}

impl<'s> Names<'s> {
    fn new(spec: &'s Spec, family: &'s FamilySpec, kind: Kind, escaping: Escaping) -> Self {
        let full = full_name(spec, family, escaping);
        let mut metric_type = family.metric_type;
        let mut base = full.clone();
        match metric_type {
            MetricType::Counter if kind == Kind::OpenMetrics1 => match full.strip_suffix("_total") {
                Some(total) => base = total.to_owned(),
                None => metric_type = MetricType::Unknown,
            },
            MetricType::Info => {
                base = full.strip_suffix("_info").unwrap_or(&full).to_owned();
            }
            _ => {}
        }
        Self { spec, family, kind, escaping, full, base, metric_type }
    }

    fn family(&self) -> PageFamily {
        let is_text = self.kind == Kind::Text;
        let metric_type = match self.metric_type {
            MetricType::Info | MetricType::StateSet if is_text => "gauge",
            MetricType::GaugeHistogram if is_text => "histogram",
            MetricType::Unknown if is_text => "untyped",
            MetricType::StateSet if is_classic(&self.full) && self.full.contains(':') => "gauge",
            other => other.as_str(),
        };
        let name = match self.metric_type {
            MetricType::Info if self.kind != Kind::OpenMetrics1 => format!("{}_info", self.base),
            _ => self.base.clone(),
        };
        PageFamily {
            name,
            metric_type: metric_type.to_owned(),
            help: self.family.help.clone(),
            unit: if is_text { String::new() } else { unit(self.family, &self.full).to_owned() },
            samples: self.family.series.iter().flat_map(|series| self.samples(series)).collect(),
        }
    }

    fn samples(&self, series: &SeriesSpec) -> Vec<Sample> {
        let labels = labels(self.spec, series, self.escaping);
        let sample = |suffix: &str, more: Option<(&str, String)>, value: Content| {
            let more = more.map(|(name, value)| (name.to_owned(), value));
            Sample {
                name: format!("{}{suffix}", self.base),
                labels: labels.iter().cloned().chain(more).collect(),
                value,
                timestamp: series.timestamp.map(|time| self.timestamp(time)),
                created: None,
                exemplars: Vec::new(),
            }
        };
        let number = |suffix: &str, v: Num| sample(suffix, None, Content::Number(v));
        let mut samples = match &series.value {
            ValueSpec::Number(v) => {
                let suffix = match self.metric_type {
                    MetricType::Counter if self.kind == Kind::OpenMetrics1 => "_total",
                    MetricType::Info => "_info",
                    _ => "",
                };
                let mut only = number(suffix, num(*v));
                if self.metric_type == MetricType::Counter {
                    // The last one, if the format takes it; whole lists are ordered by value.
                    let last = ordered(series).last().copied();
                    only.exemplars = last
                        .filter(|last| self.takes(last))
                        .map(|last| self.exemplar(last))
                        .into_iter()
                        .collect();
                }
                vec![only]
            }
            ValueSpec::States { names, active } => {
                let label = state_label(&self.full);
                let states = names.iter().enumerate();
                let value = |on| Content::Number(Num::Integer(i128::from(on)));
                states
                    .map(|(i, name)| sample("", Some((&label, name.clone())), value(i == *active)))
                    .collect()
            }
            ValueSpec::Summary { count, sum, quantiles } if self.kind == Kind::OpenMetrics2 => {
                let quantiles = quantiles.iter().map(|(q, v)| (Num::Float(*q), Num::Float(*v))).collect();
                let parts = vec![
                    ("count".to_owned(), Part::Number(Num::Integer((*count).into()))),
                    ("sum".to_owned(), Part::Number(Num::Float(*sum))),
                    ("quantile".to_owned(), Part::Pairs(quantiles)),
                ];
                vec![sample("", None, Content::Parts(parts))]
            }
            ValueSpec::Summary { count, sum, quantiles } => {
                let is_open_metrics = self.kind == Kind::OpenMetrics1;
                let quantiles = quantiles.iter().filter(|(_, v)| !is_open_metrics || v.is_nan() || *v >= 0.0);
                let mut all: Vec<_> = quantiles
                    .map(|(q, v)| {
                        sample("", Some(("quantile", self.bound(*q))), Content::Number(Num::Float(*v)))
                    })
                    .collect();
                if !is_open_metrics || *sum >= 0.0 {
                    all.push(number("_sum", Num::Float(*sum)));
                }
                all.push(number("_count", Num::Integer((*count).into())));
                all
            }
            ValueSpec::Histogram(histogram) if self.kind == Kind::OpenMetrics2 => {
                let exemplars = ordered(series);
                let mut only = sample("", None, Content::Parts(self.parts(histogram)));
                only.exemplars = exemplars
                    .iter()
                    .filter(|exemplar| self.takes(exemplar))
                    .map(|exemplar| self.exemplar(exemplar))
                    .collect();
                vec![only]
            }
            ValueSpec::Histogram(histogram) => {
                let exemplars: Vec<_> =
                    ordered(series).into_iter().filter(|exemplar| self.takes(exemplar)).collect();
                let mut lower = f64::NEG_INFINITY;
                let mut all = Vec::new();
                for (bound, count) in cumulative(histogram) {
                    let mut bucket =
                        sample("_bucket", Some(("le", self.bound(bound))), Content::Number(count));
                    let exemplar = of_bucket(&exemplars, lower, bound);
                    bucket.exemplars = exemplar.map(|exemplar| self.exemplar(exemplar)).into_iter().collect();
                    all.push(bucket);
                    lower = bound;
                }
                let is_gauge = self.metric_type == MetricType::GaugeHistogram;
                let negative = histogram.bounds.first().is_some_and(|bound| *bound < 0.0);
                let has_sum = match self.kind {
                    Kind::Text => true,
                    _ if is_gauge => histogram.sum >= 0.0 || negative && !histogram.sum.is_nan(),
                    _ => histogram.sum >= 0.0 && !negative,
                };
                if has_sum {
                    let [sum, count] = match self.kind {
                        Kind::OpenMetrics1 if is_gauge => ["_gsum", "_gcount"],
                        _ => ["_sum", "_count"],
                    };
                    all.push(number(sum, Num::Float(histogram.sum)));
                    all.push(number(count, total(histogram)));
                }
                all
            }
        };
        let has_created =
            matches!(self.metric_type, MetricType::Counter | MetricType::Histogram | MetricType::Summary);
        if let Some(created) = series.created.filter(|_| has_created) {
            match self.kind {
                Kind::Text => {}
                Kind::OpenMetrics1 => samples.push(number("_created", Num::Float(seconds(created)))),
                Kind::OpenMetrics2 => samples[0].created = Some(Time::exact(created)),
            }
        }
        samples
    }

    fn parts(&self, histogram: &HistogramSpec) -> Vec<(String, Part)> {
        let prefix = if self.metric_type == MetricType::GaugeHistogram { "g" } else { "" };
        let mut parts = vec![
            (format!("{prefix}count"), Part::Number(total(histogram))),
            (format!("{prefix}sum"), Part::Number(Num::Float(histogram.sum))),
        ];
        if let Some(native) = &histogram.native {
            let integer = |v: i128| Part::Number(Num::Integer(v));
            parts.push(("schema".to_owned(), integer(native.schema.into())));
            parts.push(("zero_threshold".to_owned(), Part::Number(Num::Float(native.zero_threshold))));
            parts.push(("zero_count".to_owned(), integer(native.zero_count.into())));
            for (name, side) in [("negative", &native.negative), ("positive", &native.positive)] {
                if !side.is_empty() {
                    let (spans, counts) = spans(side);
                    let pair = |(offset, length): (i32, u32)| {
                        (Num::Integer(offset.into()), Num::Integer(length.into()))
                    };
                    parts.push((format!("{name}_spans"), Part::Pairs(spans.into_iter().map(pair).collect())));
                    let counts = counts.into_iter().map(|count| Num::Integer(count.into()));
                    parts.push((format!("{name}_buckets"), Part::List(counts.collect())));
                }
            }
        }
        if !histogram.is_native_only() {
            let buckets =
                cumulative(histogram).into_iter().map(|(bound, count)| (Num::Float(bound + 0.0), count));
            parts.push(("bucket".to_owned(), Part::Pairs(buckets.collect())));
        }
        parts
    }

    /// The text of `le` and `quantile`.
    fn bound(&self, bound: f64) -> String {
        let bound = bound + 0.0;
        let text = go(bound);
        let is_whole = bound == bound.trunc() && !text.contains('e') && bound.is_finite();
        if is_whole && self.kind == Kind::OpenMetrics1 { format!("{text}.0") } else { text }
    }

    fn takes(&self, exemplar: &ExemplarSpec) -> bool {
        match self.kind {
            Kind::Text => false,
            Kind::OpenMetrics1 => !exemplar.labels.is_empty(),
            Kind::OpenMetrics2 => !exemplar.labels.is_empty() && exemplar.timestamp.is_some(),
        }
    }

    fn exemplar(&self, exemplar: &ExemplarSpec) -> SeenExemplar {
        let time = |time| match self.kind {
            Kind::OpenMetrics2 => Time::exact(time),
            _ => Time::Seconds(seconds(time)),
        };
        SeenExemplar {
            labels: exemplar.labels.clone(),
            value: Num::Float(exemplar.value),
            timestamp: exemplar.timestamp.map(time),
        }
    }

    fn timestamp(&self, time: Timestamp) -> Time {
        match self.kind {
            Kind::Text => Time::Nanos(i128::from(time.as_millis()) * 1_000_000),
            Kind::OpenMetrics1 if time.subsec_nanos() % 1_000_000 == 0 => {
                Time::Seconds(time.as_millis() as f64 / 1000.0)
            }
            Kind::OpenMetrics1 => Time::Seconds(seconds(time)),
            Kind::OpenMetrics2 => Time::exact(time),
        }
    }
}

/// As Go computes them.
fn seconds(time: Timestamp) -> f64 {
    let nanos = i128::from(time.seconds()) * 1_000_000_000 + i128::from(time.subsec_nanos());
    nanos as f64 / 1e9
}

/// The exemplars by value, NaN last, which is the order that a histogram has them in; a counter keeps
/// the last one given.
pub(crate) fn ordered(series: &SeriesSpec) -> Vec<&ExemplarSpec> {
    let mut all: Vec<_> = series.exemplars.iter().collect();
    if !matches!(series.value, ValueSpec::Number(_)) {
        all.sort_by(|a, b| {
            a.value.partial_cmp(&b.value).unwrap_or_else(|| a.value.is_nan().cmp(&b.value.is_nan()))
        });
    }
    all
}

pub(crate) fn total(histogram: &HistogramSpec) -> Num {
    Num::Integer(histogram.counts.iter().map(|count| i128::from(*count)).sum())
}

pub(crate) fn cumulative(histogram: &HistogramSpec) -> Vec<(f64, Num)> {
    let mut total = 0;
    let bounds = histogram.bounds.iter().copied().chain([f64::INFINITY]);
    bounds
        .zip(&histogram.counts)
        .map(|(bound, count)| {
            total += i128::from(*count);
            (bound, Num::Integer(total))
        })
        .collect()
}

/// Spans with their offsets, and a count for each bucket of them: gaps of up to two are filled.
pub(crate) fn spans(side: &[(i32, u64)]) -> (Vec<(i32, u32)>, Vec<u64>) {
    let (mut spans, mut counts): (Vec<(i32, u32)>, _) = (Vec::new(), Vec::new());
    let mut next = 0;
    for (index, count) in side {
        let gap = index - next;
        match spans.last_mut() {
            Some((_, length)) if gap <= 2 => {
                *length += gap as u32 + 1;
                counts.extend((0..gap).map(|_| 0));
            }
            _ => spans.push((gap, 1)),
        }
        counts.push(*count);
        next = index + 1;
    }
    (spans, counts)
}

pub(crate) fn num(number: Number) -> Num {
    match number {
        Number::U64(v) => Num::Integer(v.into()),
        Number::I64(v) => Num::Integer(v.into()),
        other => Num::Float(other.as_f64()),
    }
}

/// A float as Go writes it, from the digits of the standard library.
fn go(v: f64) -> String {
    if v.is_infinite() {
        return "+Inf".to_owned();
    }
    let scientific = format!("{v:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if v == 0.0 || (-4..6).contains(&exponent) {
        format!("{v}")
    } else {
        format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}
