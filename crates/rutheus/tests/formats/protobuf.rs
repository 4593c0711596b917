//! What a page in protobuf has to say of a registry.

use rutheus::{Escaping, MetricType};

use crate::expected::{
    cumulative, full_name, labels, num, of_bucket, ordered, spans, state_label, total, unit,
};
use crate::readers::page::Num;
use crate::readers::protobuf::Field;
use crate::spec::{ExemplarSpec, FamilySpec, SeriesSpec, Spec, ValueSpec};

/// What the page has to say.
pub(crate) fn families(spec: &Spec, escaping: Escaping) -> Vec<Field> {
    spec.families.iter().map(|family| expected_family(spec, family, escaping)).collect()
}

fn expected_family(spec: &Spec, family: &FamilySpec, escaping: Escaping) -> Field {
    let full = full_name(spec, family, escaping);
    let name = match family.metric_type {
        MetricType::Info => format!("{}_info", full.strip_suffix("_info").unwrap_or(&full)),
        _ => full.clone(),
    };
    let mut fields = vec![(1, Field::Text(name))];
    if !family.help.is_empty() {
        fields.push((2, Field::Text(family.help.clone())));
    }
    fields.push((
        3,
        Field::Varint(match family.metric_type {
            MetricType::Counter => 0,
            MetricType::Gauge | MetricType::Info | MetricType::StateSet => 1,
            MetricType::Summary => 2,
            MetricType::Histogram => 4,
            MetricType::GaugeHistogram => 5,
            _ => 3,
        }),
    ));
    for series in &family.series {
        let labels = labels(spec, series, escaping);
        metrics(family, series, &full, labels, &mut fields);
    }
    let unit = unit(family, &full);
    if !unit.is_empty() {
        fields.push((5, Field::Text(unit.to_owned())));
    }
    Field::Message(fields)
}

fn metrics(
    family: &FamilySpec,
    series: &SeriesSpec,
    full: &str,
    labels: Vec<(String, String)>,
    fields: &mut Vec<(u32, Field)>,
) {
    let created = series.created.filter(|_| family.metric_type != MetricType::GaugeHistogram);
    let time = |field: u32| created.map(|time| (field, time_of(time)));
    let mut metric = |more: Option<(String, String)>, number: u32, value: Vec<(u32, Field)>| {
        let pairs = labels.iter().cloned().chain(more).map(|pair| (1, label(pair)));
        let mut all: Vec<_> = pairs.collect();
        let timestamp = series.timestamp.map(|time| (6, Field::Varint(time.as_millis() as u64)));
        let value = (number, Field::Message(value));
        if number < 6 {
            all.extend([value].into_iter().chain(timestamp));
        } else {
            all.extend(timestamp.into_iter().chain([value]));
        }
        fields.push((4, Field::Message(all)));
    };
    match &series.value {
        ValueSpec::Number(v) => {
            let mut value = vec![(1, double(num(*v).as_f64()))];
            let field = match family.metric_type {
                MetricType::Counter => 3,
                MetricType::Gauge | MetricType::Info => 2,
                _ => 5,
            };
            if family.metric_type == MetricType::Counter {
                value.extend(series.exemplars.last().map(|last| (2, exemplar(last))));
                value.extend(time(3));
            }
            metric(None, field, value);
        }
        ValueSpec::States { names, active } => {
            for (i, name) in names.iter().enumerate() {
                let label = (state_label(full), name.clone());
                metric(Some(label), 2, vec![(1, double(f64::from(u8::from(i == *active))))]);
            }
        }
        ValueSpec::Summary { count, sum, quantiles } => {
            let mut value = vec![(1, Field::Varint(*count)), (2, double(*sum))];
            for (quantile, v) in quantiles {
                value.push((3, Field::Message(vec![(1, double(*quantile)), (2, double(*v))])));
            }
            value.extend(time(4));
            metric(None, 4, value);
        }
        ValueSpec::Histogram(histogram) => {
            let integer = |v: Num| match v {
                Num::Integer(v) => Field::Varint(v as u64),
                Num::Float(_) => unreachable!(),
            };
            let mut value = vec![(1, integer(total(histogram))), (2, double(histogram.sum))];
            let exemplars = ordered(series);
            let mut lower = f64::NEG_INFINITY;
            for (bound, count) in cumulative(histogram) {
                let exemplar = of_bucket(&exemplars, lower, bound).map(|found| (3, exemplar(found)));
                lower = bound;
                let is_shown = bound.is_finite() || exemplar.is_some() && !histogram.is_native_only();
                if is_shown {
                    let bucket = [(1, integer(count)), (2, double(bound))].into_iter().chain(exemplar);
                    value.push((3, Field::Message(bucket.collect())));
                }
            }
            if let Some(native) = &histogram.native {
                value.push((5, zigzag(native.schema.into())));
                value.push((6, double(native.zero_threshold)));
                value.push((7, Field::Varint(native.zero_count)));
                for (field, side) in [(9, &native.negative), (12, &native.positive)] {
                    let (spans, counts) = spans(side);
                    for (offset, length) in spans {
                        let span = vec![(1, zigzag(offset.into())), (2, Field::Varint(length.into()))];
                        value.push((field, Field::Message(span)));
                    }
                    let mut before = 0;
                    for count in counts {
                        value.push((field + 1, zigzag(count as i64 - before)));
                        before = count as i64;
                    }
                }
                if native.positive.is_empty() && native.negative.is_empty() {
                    value.push((12, Field::Message(vec![(1, zigzag(0)), (2, Field::Varint(0))])));
                }
            }
            value.extend(time(15));
            if histogram.native.is_some() {
                let timed = exemplars.iter().filter(|exemplar| exemplar.timestamp.is_some());
                value.extend(timed.map(|found| (16, exemplar(found))));
            }
            metric(None, 7, value);
        }
    }
}

fn label((name, value): (String, String)) -> Field {
    Field::Message(vec![(1, Field::Text(name)), (2, Field::Text(value))])
}

fn exemplar(spec: &ExemplarSpec) -> Field {
    let labels = spec.labels.iter().map(|pair| (1, label(pair.clone())));
    let time = spec.timestamp.map(|time| (3, time_of(time)));
    Field::Message(labels.chain([(2, double(spec.value))]).chain(time).collect())
}

fn time_of(time: rutheus::Timestamp) -> Field {
    let parts = [(1, time.seconds() as u64), (2, u64::from(time.subsec_nanos()))];
    Field::Message(
        parts.into_iter().filter(|(_, v)| *v != 0).map(|(field, v)| (field, Field::Varint(v))).collect(),
    )
}

fn double(v: f64) -> Field {
    Field::Double(Num::Float(v))
}

fn zigzag(v: i64) -> Field {
    Field::Varint((v << 1 ^ v >> 63) as u64)
}
