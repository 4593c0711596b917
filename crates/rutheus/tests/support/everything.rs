//! A registry with everything that a page can have: each type, exemplars, times, units, native
//! histograms, what needs an escape, and if wanted names of any UTF-8.

use std::error::Error;
use std::sync::Arc;

use rutheus::{
    Collector, CollectorRegistry, Counter, Descriptor, Exemplar, Extras, Gauge, Histogram, HistogramValue,
    Info, LabelSet, Labels, Metric, MetricType, Native, NativeBucket, NativeHistogram, Registry, StateSet,
    SummaryValue, Timestamp, Value, collect_fn,
};

/// What was observed in `conf_native_seconds` and `conf_both_seconds`, ascending.
pub(crate) const OBSERVED: [f64; 100] = {
    let mut observed = [0.0; 100];
    let mut i = 0;
    while i < observed.len() {
        // From 2 ms to 2 s, every one in a bucket of its own at this resolution or beside another one.
        observed[i] = (i as f64 + 1.0) * (i as f64 + 1.0) * 0.0002;
        i += 1;
    }
    observed
};

/// The factor from one bound of a native histogram to the next one: schema 3.
pub(crate) const GROWTH: f64 = 1.0905077326652577;

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub(crate) fn registry(created: Timestamp, utf8: bool) -> Result<CollectorRegistry, Box<dyn Error>> {
    let registry = CollectorRegistry::builder().label("zone", "a").build()?;

    let counter = Metric::counter("conf_requests_total", "Requests.").with_created_at(created);
    counter.inc_by(41);
    counter.inc_with_exemplar([("trace_id", TRACE)])?;
    registry.register(Arc::new(counter))?;
    let counter = Metric::counter_f64("conf_cpu_seconds_total", "CPU time.").with_unit("seconds");
    counter.inc_by(0.25)?;
    registry.register(Arc::new(counter))?;
    registry.register(Arc::new(Metric::counter("conf_starts", "A counter without the suffix.")))?;

    let gauge =
        Metric::gauge("conf_room_celsius", "A backslash \\, a \"quote\",\na line feed.").with_unit("celsius");
    gauge.set(-0.5);
    registry.register(Arc::new(gauge))?;
    registry.register(Arc::new(Metric::new("conf_nan", "", {
        let gauge = Gauge::<f64>::new();
        gauge.set(f64::NAN);
        gauge
    })))?;

    let both = Metric::histogram("conf_both_seconds", "Classic and native.", &[0.01, 0.1, 1.0])
        .with_native(Native::with_schema(3))
        .with_created_at(created);
    let native = Metric::native_histogram("conf_native_seconds", "Native.", Native::with_schema(3))
        .with_created_at(created);
    for v in OBSERVED {
        both.observe(v);
        native.observe_with_exemplar(v, [("trace_id", TRACE)])?;
    }
    both.observe_with_exemplar(0.05, [("trace_id", TRACE)])?;
    registry.register(Arc::new(both))?;
    registry.register(Arc::new(native))?;
    registry.register(Arc::new(Metric::native_histogram(
        "conf_empty_seconds",
        "",
        Native::with_schema(3),
    )))?;

    let summary = Metric::summary("conf_rows", "Rows.").with_created_at(created);
    [1.0, 2.5, 4.0].into_iter().for_each(|v| summary.observe(v));
    registry.register(Arc::new(summary))?;
    registry.register(Arc::new(Metric::info(
        "conf_build_info",
        "What was built.",
        &[("version", "1.4.0")],
    )))?;
    registry.register(Arc::new(Metric::state_set("conf_mode", "Mode.", &["on", "off", "a \"\\\nb"])))?;
    registry.register(Arc::new(collect_fn(collect)))?;

    if utf8 {
        let latency = Metric::utf8("conf.rpc.latency", "Not a classic name.", Histogram::new(&[0.5]));
        latency.observe(0.25);
        registry.register(Arc::new(latency))?;
        let target = Info::utf8(&[("service.name", "checkout"), ("größe", "\"1\"")]);
        registry.register(Arc::new(Metric::utf8("conf.target_info", "", target)))?;
        registry.register(Arc::new(Metric::utf8("conf.phase", "", StateSet::new(&["on", "off"]))))?;
        let counter = Metric::utf8("conf.a\"b\\c_total", "", Counter::<u64>::new());
        counter.inc();
        registry.register(Arc::new(counter))?;
    }
    Ok(registry)
}

/// What only a collector of one's own can say.
fn collect(scrape: &mut rutheus::Scrape<'_>) {
    let disk = LabelSet::new([("device", "sda"), ("path", "/a\n\"\\")]).expect("valid labels");
    let quantiles = [(0.5, 0.25), (0.99, f64::NAN)];
    let value = SummaryValue::new(7, 1.75).with_quantiles(&quantiles).expect("ascending quantiles");
    const SUMMARY: Descriptor<'static> =
        Descriptor::new(MetricType::Summary, "conf_disk_seconds", "Computed quantiles.");
    scrape.family(&SUMMARY).sample(disk.labels(), Value::Summary(value));

    const QUEUE: Descriptor<'static> =
        Descriptor::new(MetricType::GaugeHistogram, "conf_queue_bytes", "What waits.");
    let value = HistogramValue::new(&[1024.0], &[2, 1], 4096.0).expect("ascending bounds");
    scrape.family(&QUEUE).sample(Labels::EMPTY, Value::Histogram(value));

    const UNKNOWN: Descriptor<'static> =
        Descriptor::new(MetricType::Unknown, "conf_unknown", "Of no known type.");
    scrape.family(&UNKNOWN).push([("empty", "")], u64::MAX);

    // Both sides of zero, and gaps of every kind.
    const NATIVE: Descriptor<'static> =
        Descriptor::new(MetricType::Histogram, "conf_balance", "Native, computed.");
    let positive = [-3, 0, 1, 9].map(|index| NativeBucket { index, count: 5u64 });
    let negative = [NativeBucket { index: 2, count: 1u64 }];
    let buckets = NativeHistogram::new(0, 0.001, 4, &positive, &negative).expect("ascending indexes");
    let value = HistogramValue::native_only(&buckets, 25u64, 300.0).expect("the same count");
    let trace = LabelSet::new([("trace_id", TRACE)]).expect("valid labels");
    let exemplar = Exemplar::new(trace.labels(), 1.5).expect("short labels").with_timestamp(Timestamp::now());
    scrape.family(&NATIVE).sample_with(
        Labels::EMPTY,
        Value::Histogram(value),
        &Extras::NONE.with_exemplars(&[exemplar]),
    );
}

/// The pages of the registry are for readers that it has to convince, so nothing of it is left out.
pub(crate) fn is_whole(collector: &impl Collector) -> bool {
    !rutheus::generate_metrics(collector).contains("rutheus_scrape_errors")
}
