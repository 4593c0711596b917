use metrics_core::{MetricType, Number, Timestamp};

use crate::cursor::Cursor;
use crate::number::{push_canonical_f64, push_f64, push_number, push_seconds};

/// What tells the text formats apart.
pub(crate) trait Dialect {
    /// Whether it is OpenMetrics: units, creation times, exemplars, types of its own, and a last line.
    const OPEN_METRICS: bool;

    /// Whether a histogram or a summary is one sample, and a name the same wherever it stands.
    const COMPOSITE: bool;

    /// Whether whole floats end with `.0`.
    const CANONICAL: bool;

    /// The type of a family, as the line `# TYPE` has it.
    fn type_word(metric_type: MetricType) -> &'static str {
        if Self::OPEN_METRICS {
            return metric_type.as_str();
        }
        match metric_type {
            MetricType::Info | MetricType::StateSet => "gauge",
            MetricType::GaugeHistogram => "histogram",
            MetricType::Unknown => "untyped",
            other => other.as_str(),
        }
    }

    fn push_f64(out: &mut Cursor<'_>, v: f64) {
        if Self::CANONICAL { push_canonical_f64(out, v) } else { push_f64(out, v) }
    }

    #[inline]
    fn push_number(out: &mut Cursor<'_>, number: Number) {
        match number {
            Number::F64(v) => Self::push_f64(out, v),
            other => push_number(out, other),
        }
    }

    /// When a value was taken.
    fn push_timestamp(out: &mut Cursor<'_>, time: Timestamp) {
        const NANOS_PER_MILLI: u32 = 1_000_000;
        if !Self::OPEN_METRICS {
            push_number(out, Number::I64(time.as_millis()));
        } else if Self::COMPOSITE {
            push_seconds(out, time);
        } else if time.subsec_nanos() % NANOS_PER_MILLI == 0 {
            // Nearer than by way of nanoseconds.
            push_canonical_f64(out, time.as_millis() as f64 / 1e3);
        } else {
            Self::push_time(out, time);
        }
    }

    /// When something was observed or began.
    fn push_time(out: &mut Cursor<'_>, time: Timestamp) {
        if Self::COMPOSITE {
            push_seconds(out, time);
        } else {
            let nanos = i128::from(time.seconds()) * 1_000_000_000 + i128::from(time.subsec_nanos());
            push_canonical_f64(out, nanos as f64 / 1e9);
        }
    }
}

/// The text format of Prometheus, of both versions.
pub(crate) struct Text;

impl Dialect for Text {
    const OPEN_METRICS: bool = false;
    const COMPOSITE: bool = false;
    const CANONICAL: bool = false;
}

/// OpenMetrics 1.0.
pub(crate) struct OpenMetrics1;

impl Dialect for OpenMetrics1 {
    const OPEN_METRICS: bool = true;
    const COMPOSITE: bool = false;
    const CANONICAL: bool = true;
}

/// OpenMetrics 2.0.
pub(crate) struct OpenMetrics2;

impl Dialect for OpenMetrics2 {
    const OPEN_METRICS: bool = true;
    const COMPOSITE: bool = true;
    const CANONICAL: bool = false;
}
