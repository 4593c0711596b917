use metrics_core::{HistogramValue, Labels, MetricType, Number, SummaryValue, Value, collect_fn};
use metrics_exposition::Format;

use crate::{cases, text};

fn page(format: Format, metric_type: MetricType, value: Value<'_>) -> String {
    let mut page = Vec::new();
    let descriptor = metrics_core::Descriptor::new(metric_type, "m", "");
    let write = collect_fn(|scrape| scrape.family(&descriptor).sample(Labels::EMPTY, value));
    format.encode(&write, &mut page);
    String::from_utf8(page).unwrap()
}

#[test]
fn floats_are_those_of_go() {
    let Some(cases) = cases("floats.json") else { return };
    assert!(cases.len() >= 60);
    for case in &cases {
        let v = f64::from_bits(u64::from_str_radix(text(case, "bits"), 16).unwrap());
        let negative_zero = v == 0.0 && v.is_sign_negative();
        for (format, name, end) in
            [(Format::TEXT, "text", ""), (Format::OPEN_METRICS, "openmetrics", "# EOF\n")]
        {
            let print = |what: &str| text(&case["print"], &format!("go_{name}_{what}")).to_owned();
            // Go writes 0 for a negative zero; the value here keeps its bits.
            let sign = if negative_zero { "-" } else { "" };
            let gauge = page(format, MetricType::Gauge, Number::F64(v).into());
            assert_eq!(gauge, format!("# TYPE m gauge\nm {sign}{}\n{end}", print("value")));
            if v.is_finite() {
                let le = print("le");
                let bounds = [v];
                let value = HistogramValue::new(&bounds, &[1, 0], 0.0).unwrap();
                let histogram = page(format, MetricType::Histogram, Value::Histogram(value));
                assert!(histogram.contains(&format!("m_bucket{{le=\"{le}\"}} 1\n")), "{le}: {histogram}");
            }
            if (0.0..=1.0).contains(&v) {
                let quantiles = [(v, 1.5)];
                let value = SummaryValue::new(0, 0.0).with_quantiles(&quantiles).unwrap();
                let summary = page(format, MetricType::Summary, Value::Summary(value));
                let quantile = print("le");
                assert!(
                    summary.contains(&format!("m{{quantile=\"{quantile}\"}} 1.5\n")),
                    "{quantile}: {summary}"
                );
            }
        }
    }
}
