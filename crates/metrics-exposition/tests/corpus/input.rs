//! Families of the cases as collectors.

use metrics_core::{
    Collector, Descriptor, Exemplar, Extras, HistogramValue, LabelSet, MetricType, NativeBucket,
    NativeHistogram, Number, Scrape, SummaryValue, Timestamp, Value,
};
use serde_json::Value as Json;

/// Why a case cannot be given to this library: it does not take what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// An empty name.
    NoName,
    /// A label name that is empty, reserved or stands twice.
    Label,
    /// A metric whose value is not of the type of its family.
    OtherType,
    /// Buckets that are not cumulative or whose bounds do not ascend or are not finite.
    Buckets,
    /// Quantiles outside of 0..=1 or not ascending.
    Quantiles,
    /// A counter that is negative or not a number.
    Counter,
    /// The labels of an exemplar: more than 128 characters, or names that are not classic.
    Exemplar,
    /// A time before 1970, or whose nanoseconds are not part of a second.
    Time,
    /// A unit that is not the last word of the name.
    Unit,
}

pub(crate) struct Family {
    pub(crate) name: String,
    help: String,
    pub(crate) metric_type: MetricType,
    unit: Option<String>,
    pub(crate) series: Vec<Series>,
}

pub(crate) struct Series {
    pub(crate) labels: LabelSet,
    pub(crate) value: Owned,
    pub(crate) created: Option<Timestamp>,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) exemplars: Vec<OwnedExemplar>,
}

pub(crate) type OwnedExemplar = (LabelSet, f64, Option<Timestamp>);

pub(crate) enum Owned {
    Number(f64),
    Histogram(Histogram),
    Summary { count: u64, sum: f64, quantiles: Vec<(f64, f64)> },
}

pub(crate) struct Histogram {
    pub(crate) bounds: Vec<f64>,
    /// As many as bounds and one more.
    counts: Vec<Number>,
    pub(crate) sum: f64,
    pub(crate) native: Option<Native>,
}

pub(crate) struct Native {
    schema: i8,
    zero_threshold: f64,
    zero_count: Number,
    positive: Vec<(i32, f64)>,
    negative: Vec<(i32, f64)>,
}

impl Collector for Family {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let mut samples = scrape.family(&self.descriptor().unwrap());
        for series in &self.series {
            let exemplars: Vec<_> =
                series.exemplars.iter().map(|exemplar| exemplar_of(exemplar).unwrap()).collect();
            let mut extras = Extras::NONE.with_exemplars(&exemplars);
            if let Some(created) = series.created {
                extras = extras.with_created(created);
            }
            if let Some(timestamp) = series.timestamp {
                extras = extras.with_timestamp(timestamp);
            }
            series.value.with(|value| samples.sample_with(series.labels.labels(), value.unwrap(), &extras));
        }
    }
}

fn exemplar_of((labels, value, timestamp): &OwnedExemplar) -> Option<Exemplar<'_>> {
    let exemplar = Exemplar::new(labels.labels(), *value).ok()?;
    Some(timestamp.map_or(exemplar, |timestamp| exemplar.with_timestamp(timestamp)))
}

impl Family {
    pub(crate) fn of(json: &Json) -> Result<Self, Refused> {
        let metric_type = match json["type"].as_str().unwrap() {
            "counter" => MetricType::Counter,
            "gauge" => MetricType::Gauge,
            "histogram" => MetricType::Histogram,
            "gauge_histogram" => MetricType::GaugeHistogram,
            "summary" => MetricType::Summary,
            "untyped" => MetricType::Unknown,
            other => panic!("{other}"),
        };
        let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let metrics = json["metrics"].as_array().unwrap();
        let family = Self {
            name: text("name"),
            help: text("help"),
            metric_type,
            unit: Some(text("unit")).filter(|unit| !unit.is_empty()),
            series: metrics.iter().map(|metric| Series::of(metric, metric_type)).collect::<Result<_, _>>()?,
        };
        family.descriptor()?;
        Ok(family)
    }

    fn descriptor(&self) -> Result<Descriptor<'_>, Refused> {
        let descriptor = Descriptor::try_utf8(self.metric_type, &self.name, &self.help);
        let descriptor = descriptor.map_err(|_| Refused::NoName)?;
        match &self.unit {
            Some(unit) => descriptor.try_with_unit(unit).map_err(|_| Refused::Unit),
            None => Ok(descriptor),
        }
    }
}

impl Series {
    fn of(json: &Json, metric_type: MetricType) -> Result<Self, Refused> {
        let timestamp = match json.get("timestamp_ms").and_then(Json::as_i64) {
            Some(millis) if millis < 0 => return Err(Refused::Time),
            millis => millis.map(Timestamp::from_millis),
        };
        let field = match metric_type {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Unknown => "untyped",
            MetricType::Summary => "summary",
            _ => "histogram",
        };
        let value = json.get(field).filter(|value| !value.is_null()).ok_or(Refused::OtherType)?;
        let labels = labels(&json["labels"])?;
        let reserved = match metric_type {
            MetricType::Summary => "quantile",
            MetricType::Histogram | MetricType::GaugeHistogram => "le",
            _ => "",
        };
        if labels.labels().iter().any(|(name, _)| name == reserved) {
            return Err(Refused::Label);
        }
        Ok(Self {
            labels,
            value: Owned::of(value, metric_type)?,
            created: value.get("created").map(time).transpose()?,
            timestamp,
            exemplars: exemplars(value)?,
        })
    }
}

impl Owned {
    fn of(json: &Json, metric_type: MetricType) -> Result<Self, Refused> {
        match metric_type {
            MetricType::Counter => {
                let v = float(&json["value"]);
                if v >= 0.0 { Ok(Self::Number(v)) } else { Err(Refused::Counter) }
            }
            MetricType::Gauge | MetricType::Unknown => Ok(Self::Number(float(&json["value"]))),
            MetricType::Summary => {
                let pairs = json["quantiles"].as_array().unwrap();
                let quantiles: Vec<_> = pairs.iter().map(|pair| (float(&pair[0]), float(&pair[1]))).collect();
                SummaryValue::new(0, 0.0).with_quantiles(&quantiles).ok_or(Refused::Quantiles)?;
                let count = json["sample_count"].as_u64().unwrap();
                Ok(Self::Summary { count, sum: float(&json["sample_sum"]), quantiles })
            }
            _ => Histogram::of(json).map(Self::Histogram),
        }
    }

    fn with(&self, f: impl FnOnce(Option<Value<'_>>)) {
        match self {
            Self::Number(v) => f(Some(Value::Number(Number::F64(*v)))),
            Self::Histogram(histogram) => histogram.with(|value| f(value.map(Value::Histogram))),
            Self::Summary { count, sum, quantiles } => {
                f(SummaryValue::new(*count, *sum).with_quantiles(quantiles).map(Value::Summary));
            }
        }
    }
}

impl Histogram {
    fn of(json: &Json) -> Result<Self, Refused> {
        let is_float = json.get("sample_count_float").is_some();
        let (total_key, bucket_key) = match is_float {
            true => ("sample_count_float", "cumulative_count_float"),
            false => ("sample_count", "cumulative_count"),
        };
        let total = number(&json[total_key], is_float);
        let (mut bounds, mut counts) = (Vec::new(), Vec::new());
        let mut before = if is_float { Number::F64(0.0) } else { Number::U64(0) };
        for bucket in json["buckets"].as_array().unwrap() {
            let cumulative = number(&bucket[bucket_key], is_float);
            let bound = float(&bucket["upper_bound"]);
            if bound == f64::INFINITY {
                if cumulative != total {
                    return Err(Refused::Buckets);
                }
            } else {
                bounds.push(bound);
                counts.push(minus(cumulative, before).ok_or(Refused::Buckets)?);
                before = cumulative;
            }
        }
        counts.push(minus(total, before).ok_or(Refused::Buckets)?);
        let native = json.get("schema").map(|schema| Native::of(json, schema, is_float));
        let histogram = Self { bounds, counts, sum: float(&json["sample_sum"]), native };
        let mut is_valid = false;
        histogram.with(|value| is_valid = value.is_some());
        if is_valid { Ok(histogram) } else { Err(Refused::Buckets) }
    }

    pub(crate) fn count(&self) -> f64 {
        self.counts.iter().map(|count| count.as_f64()).sum()
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self.counts[0], Number::F64(_))
    }

    fn with(&self, f: impl FnOnce(Option<HistogramValue<'_>>)) {
        let (bounds, sum) = (&self.bounds, self.sum);
        let (whole, floats) = both(&self.counts);
        let classic = match self.is_float() {
            true => HistogramValue::float(bounds, &floats, sum),
            false => HistogramValue::new(bounds, &whole, sum),
        };
        let Some(native) = &self.native else { return f(classic) };
        native.with(|native| {
            f(match bounds.is_empty() {
                true => HistogramValue::native_only(native, self.counts[0], sum),
                false => classic.and_then(|classic| classic.with_native(native)),
            });
        });
    }
}

impl Native {
    fn of(json: &Json, schema: &Json, is_float: bool) -> Self {
        let zero_count = json.get("zero_count_float").unwrap_or(&json["zero_count"]);
        Self {
            schema: schema.as_i64().unwrap() as i8,
            zero_threshold: float(&json["zero_threshold"]),
            zero_count: number(zero_count, is_float),
            positive: side(json, "positive"),
            negative: side(json, "negative"),
        }
    }

    fn with(&self, f: impl FnOnce(&NativeHistogram<'_>)) {
        let floats = |side: &[(i32, f64)]| -> Vec<_> {
            side.iter().map(|(index, count)| NativeBucket { index: *index, count: *count }).collect()
        };
        let whole = |side: &[(i32, f64)]| -> Vec<_> {
            side.iter().map(|(index, count)| NativeBucket { index: *index, count: *count as u64 }).collect()
        };
        let (schema, threshold) = (self.schema, self.zero_threshold);
        match self.zero_count {
            Number::U64(zero) => {
                let (positive, negative) = (whole(&self.positive), whole(&self.negative));
                f(&NativeHistogram::new(schema, threshold, zero, &positive, &negative).unwrap());
            }
            zero => {
                let (positive, negative) = (floats(&self.positive), floats(&self.negative));
                f(&NativeHistogram::float(schema, threshold, zero.as_f64(), &positive, &negative).unwrap());
            }
        }
    }

    /// Whether buckets that hold something have one or two empty ones between them.
    pub(crate) fn has_small_gaps(&self) -> bool {
        let gaps =
            |side: &[(i32, f64)]| side.windows(2).any(|pair| (2..=3).contains(&(pair[1].0 - pair[0].0)));
        gaps(&self.positive) || gaps(&self.negative)
    }
}

/// The same counts as integers and as floats.
fn both(counts: &[Number]) -> (Vec<u64>, Vec<f64>) {
    let whole = counts.iter().map(|count| if let Number::U64(count) = count { *count } else { 0 });
    (whole.collect(), counts.iter().map(|count| count.as_f64()).collect())
}

fn minus(a: Number, b: Number) -> Option<Number> {
    match (a, b) {
        (Number::U64(a), Number::U64(b)) => a.checked_sub(b).map(Number::U64),
        (a, b) => Some(a.as_f64() - b.as_f64()).filter(|difference| *difference >= 0.0).map(Number::F64),
    }
}

/// Index and count of each bucket that the spans tell of.
fn side(json: &Json, side: &str) -> Vec<(i32, f64)> {
    let list =
        |what: &str| json.get(format!("{side}_{what}")).and_then(Json::as_array).cloned().unwrap_or_default();
    let mut before = 0.0;
    let deltas = list("deltas").into_iter().map(|delta| {
        before += delta.as_f64().unwrap();
        before
    });
    let mut counts: Vec<f64> = deltas.collect();
    counts.extend(list("counts").iter().map(float));
    let (mut at, mut buckets) = (0, Vec::new());
    let mut counts = counts.into_iter();
    for span in list("spans") {
        at += span[0].as_i64().unwrap() as i32;
        for _ in 0..span[1].as_u64().unwrap() {
            buckets.push((at, counts.next().unwrap()));
            at += 1;
        }
    }
    buckets
}

fn exemplars(json: &Json) -> Result<Vec<OwnedExemplar>, Refused> {
    let buckets = json.get("buckets").and_then(Json::as_array).into_iter().flatten();
    let single = buckets.chain([json]).filter_map(|json| json.get("exemplar"));
    let native = json.get("exemplars").and_then(Json::as_array).into_iter().flatten();
    let all = single.chain(native).map(|json| {
        let labels = labels(&json["labels"])?;
        let exemplar = (labels, float(&json["value"]), json.get("timestamp").map(time).transpose()?);
        exemplar_of(&exemplar).ok_or(Refused::Exemplar)?;
        Ok(exemplar)
    });
    all.collect()
}

fn labels(json: &Json) -> Result<LabelSet, Refused> {
    let pairs = json.as_array().unwrap().iter();
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let pairs: Vec<_> = pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
    LabelSet::utf8(pairs.iter().map(|(name, value)| (&**name, &**value))).map_err(|_| Refused::Label)
}

fn time(json: &Json) -> Result<Timestamp, Refused> {
    let nanos = u32::try_from(json["nanos"].as_i64().unwrap()).map_err(|_| Refused::Time)?;
    Timestamp::new(json["seconds"].as_i64().unwrap(), nanos).ok_or(Refused::Time)
}

pub(crate) fn float(json: &Json) -> f64 {
    json.as_str().unwrap().parse().unwrap()
}

/// A count, which is an integer of JSON or a float in a text.
fn number(json: &Json, is_float: bool) -> Number {
    match json.as_u64() {
        Some(count) if !is_float => Number::U64(count),
        Some(count) => Number::F64(count as f64),
        None => Number::F64(float(json)),
    }
}
