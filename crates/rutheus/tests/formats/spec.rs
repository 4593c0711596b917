//! Registries at random: what is in them, and how they are built through the public API.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use rutheus::{
    Buckets, Collector, CollectorRegistry, Counter, Descriptor, Exemplar, Extras, Family, Gauge, Histogram,
    HistogramValue, Info, LabelSet, Metric, MetricType, NativeBucket, NativeHistogram, Number, Registry,
    Scrape, StateSet, StateSetValue, States, SummaryValue, Timestamp, Value,
};

pub(crate) type Pairs = Vec<(String, String)>;

#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) prefix: Option<String>,
    pub(crate) constant: Pairs,
    pub(crate) families: Vec<FamilySpec>,
}

#[derive(Debug, Clone)]
pub(crate) struct FamilySpec {
    pub(crate) metric_type: MetricType,
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) unit: Option<&'static str>,
    pub(crate) is_utf8: bool,
    /// Whether it is an instrument of the library, and not a collector of one's own.
    is_instrument: bool,
    pub(crate) series: Vec<SeriesSpec>,
}

#[derive(Debug, Clone)]
pub(crate) struct SeriesSpec {
    pub(crate) labels: Pairs,
    pub(crate) value: ValueSpec,
    pub(crate) created: Option<Timestamp>,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) exemplars: Vec<ExemplarSpec>,
}

#[derive(Debug, Clone)]
pub(crate) struct ExemplarSpec {
    pub(crate) labels: Pairs,
    pub(crate) value: f64,
    pub(crate) timestamp: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) enum ValueSpec {
    Number(Number),
    Histogram(HistogramSpec),
    Summary { count: u64, sum: f64, quantiles: Vec<(f64, f64)> },
    States { names: Vec<String>, active: usize },
}

#[derive(Debug, Clone)]
pub(crate) struct HistogramSpec {
    pub(crate) bounds: Vec<f64>,
    /// One more than bounds, or one alone if there are native buckets only.
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: f64,
    pub(crate) native: Option<NativeSpec>,
}

#[derive(Debug, Clone)]
pub(crate) struct NativeSpec {
    pub(crate) schema: i8,
    pub(crate) zero_threshold: f64,
    pub(crate) zero_count: u64,
    pub(crate) positive: Vec<(i32, u64)>,
    pub(crate) negative: Vec<(i32, u64)>,
    pub(crate) is_alone: bool,
}

impl HistogramSpec {
    pub(crate) fn is_native_only(&self) -> bool {
        self.native.as_ref().is_some_and(|native| native.is_alone)
    }

    fn with(&self, f: impl FnOnce(HistogramValue<'_>)) {
        let classic = HistogramValue::new(&self.bounds, &self.counts, self.sum);
        let Some(native) = &self.native else { return f(classic.unwrap()) };
        let side = |side: &[(i32, u64)]| -> Vec<_> {
            side.iter().map(|(index, count)| NativeBucket { index: *index, count: *count }).collect()
        };
        let (positive, negative) = (side(&native.positive), side(&native.negative));
        let (threshold, zero) = (native.zero_threshold, native.zero_count);
        let buckets = NativeHistogram::new(native.schema, threshold, zero, &positive, &negative).unwrap();
        if native.is_alone {
            f(HistogramValue::native_only(&buckets, self.counts[0], self.sum).unwrap());
        } else {
            f(classic.unwrap().with_native(&buckets).unwrap());
        }
    }
}

impl Spec {
    pub(crate) fn build(&self) -> CollectorRegistry {
        let mut builder = CollectorRegistry::builder();
        if let Some(prefix) = &self.prefix {
            builder = builder.prefix(prefix.clone());
        }
        for (name, value) in &self.constant {
            builder = builder.label(name.clone(), value.clone());
        }
        let registry = builder.build().unwrap();
        for family in &self.families {
            let collector: Arc<dyn Collector> = match family.instrument() {
                Some(instrument) => instrument,
                None => Arc::new(family.clone()),
            };
            registry.register(collector).unwrap();
        }
        registry
    }
}

impl Collector for FamilySpec {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let make = if self.is_utf8 { Descriptor::try_utf8 } else { Descriptor::try_new };
        let mut descriptor = make(self.metric_type, &self.name, &self.help).unwrap();
        if let Some(unit) = self.unit {
            descriptor = descriptor.try_with_unit(unit).unwrap();
        }
        let mut samples = scrape.family(&descriptor);
        for series in &self.series {
            let labels = series.labels.iter().map(|(name, value)| (&**name, &**value));
            let labels = if self.is_utf8 { LabelSet::utf8(labels) } else { LabelSet::new(labels) };
            let labels = labels.unwrap();
            let sets: Vec<_> = series.exemplars.iter().map(ExemplarSpec::labels).collect();
            let exemplars: Vec<_> = series.exemplars.iter().zip(&sets).map(ExemplarSpec::exemplar).collect();
            let mut extras = Extras::NONE.with_exemplars(&exemplars);
            extras = series.created.map_or(extras, |time| extras.with_created(time));
            extras = series.timestamp.map_or(extras, |time| extras.with_timestamp(time));
            let mut push = |value: Value<'_>| samples.sample_with(labels.labels(), value, &extras);
            match &series.value {
                ValueSpec::Number(number) => push(Value::Number(*number)),
                ValueSpec::Histogram(histogram) => histogram.with(|value| push(Value::Histogram(value))),
                ValueSpec::Summary { count, sum, quantiles } => {
                    let value = SummaryValue::new(*count, *sum).with_quantiles(quantiles).unwrap();
                    push(Value::Summary(value));
                }
                ValueSpec::States { names, active } => {
                    let names: Vec<_> = names.iter().map(|name| &**name).collect();
                    push(Value::StateSet(StateSetValue::new(&names, *active)));
                }
            }
        }
    }
}

impl ExemplarSpec {
    fn labels(&self) -> LabelSet {
        LabelSet::new(self.labels.iter().map(|(name, value)| (&**name, &**value))).unwrap()
    }

    fn exemplar<'a>((spec, labels): (&Self, &'a LabelSet)) -> Exemplar<'a> {
        let exemplar = Exemplar::new(labels.labels(), spec.value).unwrap();
        spec.timestamp.map_or(exemplar, |time| exemplar.with_timestamp(time))
    }
}

impl FamilySpec {
    /// The same as a metric or a family of the library, if it can be one.
    fn instrument(&self) -> Option<Arc<dyn Collector>> {
        let plain = |series: &SeriesSpec| {
            series.created.is_none() && series.timestamp.is_none() && series.exemplars.is_empty()
        };
        if !self.is_instrument || self.unit.is_some() || !self.series.iter().all(plain) {
            return None;
        }
        if let [SeriesSpec { labels, value, .. }] = &self.series[..] {
            if labels.is_empty() || self.metric_type == MetricType::Info {
                return self.metric(labels, value);
            }
        }
        if self.is_utf8 {
            return None;
        }
        self.family()
    }

    fn metric(&self, labels: &Pairs, value: &ValueSpec) -> Option<Arc<dyn Collector>> {
        macro_rules! metric {
            ($instrument:expr) => {{
                let (name, help) = (self.name.clone(), self.help.clone());
                match self.is_utf8 {
                    true => Metric::try_utf8(name, help, $instrument).unwrap(),
                    false => Metric::try_new(name, help, $instrument).unwrap(),
                }
            }};
        }
        Some(match (self.metric_type, value) {
            (MetricType::Counter, ValueSpec::Number(Number::U64(v))) => {
                let counter = metric!(Counter::<u64>::new());
                counter.inc_by(*v);
                Arc::new(counter)
            }
            (MetricType::Gauge, ValueSpec::Number(Number::F64(v))) => {
                let gauge = metric!(Gauge::<f64>::new());
                gauge.set(*v);
                Arc::new(gauge)
            }
            (MetricType::Gauge, ValueSpec::Number(Number::I64(v))) => {
                let gauge = metric!(Gauge::<i64>::new());
                gauge.set(*v);
                Arc::new(gauge)
            }
            (MetricType::Info, _) => {
                let pairs = labels.clone();
                Arc::new(match self.is_utf8 {
                    true => metric!(Info::try_utf8(pairs).unwrap()),
                    false => metric!(Info::try_new(pairs).unwrap()),
                })
            }
            (MetricType::StateSet, ValueSpec::States { names, active }) if *active < names.len() => {
                let states = metric!(StateSet::with_states(States::try_new(names.clone()).unwrap()));
                states.set(&names[*active]).unwrap();
                Arc::new(states)
            }
            _ => return None,
        })
    }

    fn family(&self) -> Option<Arc<dyn Collector>> {
        let all_names =
            |series: &SeriesSpec| series.labels.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let names = all_names(&self.series[0]);
        if self.series.iter().any(|series| all_names(series) != names) {
            return None;
        }
        let names: [String; 2] = names.try_into().ok()?;
        let values = |series: &SeriesSpec| [series.labels[0].1.clone(), series.labels[1].1.clone()];
        let (name, help) = (self.name.clone(), self.help.clone());
        match self.metric_type {
            MetricType::Counter => {
                let family: Family<Counter, 2> = Family::try_new(name, help, names, ()).unwrap();
                for series in &self.series {
                    let ValueSpec::Number(Number::U64(v)) = series.value else { return None };
                    family.with(values(series)).inc_by(v);
                }
                Some(Arc::new(family))
            }
            MetricType::Histogram => {
                let bounds = |series: &SeriesSpec| match &series.value {
                    ValueSpec::Histogram(histogram) if histogram.native.is_none() => {
                        Some(histogram.bounds.clone())
                    }
                    _ => None,
                };
                let shared = bounds(&self.series[0])?;
                let buckets = Buckets::try_new(shared.clone()).ok()?;
                let family: Family<Histogram, 2> = Family::try_new(name, help, names, buckets).unwrap();
                for series in &self.series {
                    let ValueSpec::Histogram(histogram) = &series.value else { return None };
                    // What can be observed within reason, and adds up without rounding.
                    let is_small = histogram.counts.iter().all(|count| *count < 9) && histogram.sum.is_nan();
                    if bounds(series)? != shared || !is_small {
                        return None;
                    }
                    let child = family.with(values(series));
                    for (bound, count) in shared.iter().zip(&histogram.counts) {
                        (0..*count).for_each(|_| child.observe(*bound));
                    }
                    let (last, _) = histogram.counts.split_last()?;
                    (0..*last).for_each(|_| child.observe(f64::NAN));
                    if *last == 0 {
                        return None;
                    }
                }
                Some(Arc::new(family))
            }
            _ => None,
        }
    }
}

pub(crate) fn specs() -> impl Strategy<Value = Spec> {
    // Not `_` or `:` first, as a state set is told by a label of its name, which must not begin with two.
    let prefix = of("[a-zA-Z][a-zA-Z0-9_:]{0,5}");
    let constant = of(texts()).prop_map(|value| value.map(|value| ("c".to_owned(), value)));
    (prefix, constant, vec(families(), 0..6)).prop_map(|(prefix, constant, mut families)| {
        for (i, family) in families.iter_mut().enumerate() {
            family.finish_name(i);
        }
        Spec { prefix, constant: constant.into_iter().collect(), families }
    })
}

/// Any text, with what needs an escape more often than by chance.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z]{0,8}", 1 => "[a-z ]{9,40}", 2 => "(.|\n|\"|\\\\){0,8}"]
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        (-1000i32..1_000_000).prop_map(f64::from),
        (-1000i32..1000).prop_map(|v| f64::from(v) / 8.0),
        prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e6, 1e-5, 5e-324]),
    ]
}

fn times() -> impl Strategy<Value = Timestamp> {
    let nanos = prop_oneof![Just(0), (0u32..1000).prop_map(|v| v * 1_000_000), 0u32..1_000_000_000];
    (0i64..5_000_000_000, nanos).prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

fn families() -> impl Strategy<Value = FamilySpec> {
    use MetricType::{Counter, Gauge, GaugeHistogram, Histogram, Info, StateSet, Summary, Unknown};
    let types = vec![Counter, Gauge, Histogram, Summary, Info, StateSet, GaugeHistogram, Unknown];
    (prop::sample::select(types), any::<bool>()).prop_flat_map(|(metric_type, is_utf8)| {
        let name = match is_utf8 {
            true => "m(.|\"|\\\\|\n){1,5}".boxed(),
            false => "m[a-zA-Z0-9_:]{0,5}".boxed(),
        };
        let label = if is_utf8 { "[^_]{0,4}".boxed() } else { "[a-z0-9]{0,3}".boxed() };
        let has_suffix = any::<bool>();
        let names = vec(label, 0..3);
        let series = vec((vec(texts(), 3), series(metric_type)), 1..4);
        (name, has_suffix, texts(), any::<[bool; 2]>(), names, series).prop_map(
            move |(mut name, has_suffix, help, [unit, is_instrument], names, series)| {
                name.push(if has_suffix { '+' } else { '-' });
                let names: Vec<_> = names.iter().enumerate().map(|(i, name)| format!("l{i}{name}")).collect();
                let count = series.len();
                let series = series.into_iter().enumerate().map(|(i, (values, mut series))| {
                    series.labels = names.iter().cloned().zip(values).collect();
                    if count > 1 {
                        series.labels.push(("n".to_owned(), i.to_string()));
                    }
                    series
                });
                let unit = (unit && !matches!(metric_type, Info | StateSet)).then_some("seconds");
                let series = series.collect();
                FamilySpec { metric_type, name, help, unit, is_utf8, is_instrument, series }
            },
        )
    })
}

impl FamilySpec {
    /// Makes the name one of its own, with the suffixes of its unit and type.
    fn finish_name(&mut self, index: usize) {
        let has_suffix = self.name.pop() == Some('+');
        self.name += &format!("_{index}");
        if let Some(unit) = self.unit {
            self.name += &format!("_{unit}");
        }
        if has_suffix {
            match self.metric_type {
                MetricType::Counter => self.name += "_total",
                MetricType::Info => self.name += "_info",
                _ => {}
            }
        }
    }
}

fn series(metric_type: MetricType) -> impl Strategy<Value = SeriesSpec> {
    (values(metric_type), of(times()), of(times()), vec(exemplars(), 0..4), any::<bool>()).prop_map(
        |(value, created, timestamp, exemplars, is_plain)| {
            if is_plain {
                return SeriesSpec {
                    labels: Vec::new(),
                    value,
                    created: None,
                    timestamp: None,
                    exemplars: Vec::new(),
                };
            }
            SeriesSpec { labels: Vec::new(), value, created, timestamp, exemplars }
        },
    )
}

fn exemplars() -> impl Strategy<Value = ExemplarSpec> {
    let labels = of(texts()).prop_map(|value| value.map(|value| ("trace_id".to_owned(), value)));
    (labels, floats(), of(times())).prop_map(|(labels, value, timestamp)| ExemplarSpec {
        labels: labels.into_iter().collect(),
        value,
        timestamp,
    })
}

fn values(metric_type: MetricType) -> BoxedStrategy<ValueSpec> {
    let numbers = prop_oneof![
        any::<u64>().prop_map(Number::U64),
        (0u64..20).prop_map(Number::U64),
        any::<i64>().prop_map(Number::I64),
        floats().prop_map(Number::F64)
    ];
    match metric_type {
        MetricType::Counter => numbers
            .prop_map(|number| match number {
                Number::I64(v) => Number::U64(v.unsigned_abs()),
                Number::F64(v) if v.is_nan() => Number::F64(0.5),
                Number::F64(v) => Number::F64(v.abs()),
                other => other,
            })
            .prop_map(ValueSpec::Number)
            .boxed(),
        MetricType::Info => Just(ValueSpec::Number(Number::U64(1))).boxed(),
        MetricType::StateSet => (vec(texts(), 1..4), 0usize..5)
            .prop_map(|(names, active)| {
                let names = names.iter().enumerate().map(|(i, name)| format!("{i}{name}")).collect();
                ValueSpec::States { names, active }
            })
            .boxed(),
        MetricType::Summary => (any::<u64>(), floats(), vec((0u32..=100, floats()), 0..4))
            .prop_map(|(count, sum, mut quantiles)| {
                quantiles.sort_by_key(|(q, _)| *q);
                quantiles.dedup_by_key(|(q, _)| *q);
                let quantiles = quantiles.into_iter().map(|(q, v)| (f64::from(q) / 100.0, v)).collect();
                ValueSpec::Summary { count, sum, quantiles }
            })
            .boxed(),
        MetricType::Histogram | MetricType::GaugeHistogram => {
            histograms().prop_map(ValueSpec::Histogram).boxed()
        }
        _ => numbers.prop_map(ValueSpec::Number).boxed(),
    }
}

fn histograms() -> impl Strategy<Value = HistogramSpec> {
    let counts = || prop_oneof![3 => 0u64..9, 1 => 0u64..1 << 40];
    let sum = prop_oneof![2 => floats(), 1 => Just(f64::NAN)];
    (vec(floats(), 0..6), vec(counts(), 6), sum, of(natives())).prop_map(
        |(mut bounds, mut counts, sum, native)| {
            bounds.retain(|bound| bound.is_finite());
            bounds.sort_by(f64::total_cmp);
            bounds.dedup_by(|a, b| a == b);
            counts.truncate(bounds.len() + 1);
            counts.resize(bounds.len() + 1, 0);
            let mut histogram = HistogramSpec { bounds, counts, sum, native };
            if let Some(native) = &mut histogram.native {
                if native.is_alone {
                    histogram.bounds.clear();
                    histogram.counts = vec![0];
                }
                // The same observations in both.
                let classic: u64 = histogram.counts.iter().sum();
                let buckets: u64 =
                    native.positive.iter().chain(&native.negative).map(|(_, count)| count).sum();
                let total = classic.max(buckets + native.zero_count);
                native.zero_count = total - buckets;
                *histogram.counts.last_mut().unwrap() += total - classic;
            }
            histogram
        },
    )
}

fn natives() -> impl Strategy<Value = NativeSpec> {
    let side = || {
        vec((-30i32..30, 0u64..50), 0..8).prop_map(|mut buckets| {
            buckets.sort();
            buckets.dedup_by_key(|(index, _)| *index);
            buckets
        })
    };
    let thresholds = prop::sample::select(vec![0.0, 2.938735877055719e-39, 0.001, 1.0]);
    (-4i8..=8, thresholds, 0u64..9, side(), side(), any::<bool>()).prop_map(
        |(schema, zero_threshold, zero_count, positive, negative, is_alone)| NativeSpec {
            schema,
            zero_threshold,
            zero_count,
            positive,
            negative,
            is_alone,
        },
    )
}
