use crate::{MetricType, Value};

/// Whether a family of this type can have the value.
pub(super) fn fits(metric_type: MetricType, value: Value<'_>) -> bool {
    match (metric_type, value) {
        (MetricType::Counter, Value::Number(number)) => number.is_count(),
        (MetricType::Gauge | MetricType::Unknown, Value::Number(_)) => true,
        (MetricType::Info, Value::Number(number)) => number.as_f64() == 1.0,
        (MetricType::Histogram | MetricType::GaugeHistogram, Value::Histogram(_)) => true,
        (MetricType::Summary, Value::Summary(_)) => true,
        (MetricType::StateSet, Value::StateSet(_)) => true,
        _ => false,
    }
}
