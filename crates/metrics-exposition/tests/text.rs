//! What the page looks like, type by type.

use metrics_core::{
    Collector, Descriptor, HistogramValue, LabelSet, Labels, MetricType, Scrape, StateSetValue, SummaryValue,
    Value,
};
use metrics_exposition::{generate_metrics, text};
use proptest::prelude::*;

/// A collector made of a closure.
struct Collect<F>(F);

impl<F: Fn(&mut Scrape<'_>) + Send + Sync> Collector for Collect<F> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        (self.0)(scrape);
    }
}

fn page(collect: impl Fn(&mut Scrape<'_>) + Send + Sync) -> String {
    generate_metrics(&Collect(collect))
}

fn descriptor<'a>(metric_type: MetricType, name: &'a str, help: &'a str) -> Descriptor<'a> {
    Descriptor::try_new(metric_type, name, help).unwrap()
}

#[test]
fn counters_and_gauges_keep_their_names() {
    let page = page(|scrape| {
        let hits = descriptor(MetricType::Counter, "cache_hits_total", "Cache hits.");
        let mut samples = scrape.family(&hits);
        samples.push([("cache", "users"), ("tier", "memory")], u64::MAX);
        samples.push([("cache", "users"), ("tier", "disk")], 0.5);
        let plain = descriptor(MetricType::Counter, "starts", "Starts.");
        scrape.family(&plain).push([], 3);
        let offset = descriptor(MetricType::Gauge, "clock_offset_seconds", "Offset.");
        let mut samples = scrape.family(&offset);
        samples.push([], -0.25);
        samples.push([("server", "a")], i64::MIN);
    });
    assert_eq!(
        page,
        r#"# HELP cache_hits_total Cache hits.
# TYPE cache_hits_total counter
cache_hits_total{cache="users",tier="memory"} 18446744073709551615
cache_hits_total{cache="users",tier="disk"} 0.5
# HELP starts Starts.
# TYPE starts counter
starts 3
# HELP clock_offset_seconds Offset.
# TYPE clock_offset_seconds gauge
clock_offset_seconds -0.25
clock_offset_seconds{server="a"} -9223372036854775808
"#
    );
}

#[test]
fn a_histogram_is_cumulative_and_ends_with_infinity() {
    let page = page(|scrape| {
        let seconds = descriptor(MetricType::Histogram, "read_seconds", "Time to read.");
        let mut samples = scrape.family(&seconds);
        let bounds = [-1.0, 0.005, 1.0, 2.5e6];
        let value = HistogramValue::new(&bounds, &[1, 0, 2, 10, 100], 12.75).unwrap();
        samples.sample(Labels::EMPTY, Value::Histogram(value));
        let sda = LabelSet::new([("device", "sda"), ("mount", "/")]).unwrap();
        let value = HistogramValue::new(&bounds, &[0; 5], 0.0).unwrap();
        samples.sample(sda.labels(), Value::Histogram(value));
        // Bounds of its own, and the sum of it all not a number.
        let sdb = LabelSet::new([("device", "sdb")]).unwrap();
        let value = HistogramValue::new(&[], &[7], f64::NAN).unwrap();
        samples.sample(sdb.labels(), Value::Histogram(value));
        let sdc = LabelSet::new([("device", "sdc")]).unwrap();
        let value = HistogramValue::new(&[5.0], &[u64::MAX - 1, 1], f64::INFINITY).unwrap();
        samples.sample(sdc.labels(), Value::Histogram(value));
    });
    assert_eq!(
        page,
        r#"# HELP read_seconds Time to read.
# TYPE read_seconds histogram
read_seconds_bucket{le="-1"} 1
read_seconds_bucket{le="0.005"} 1
read_seconds_bucket{le="1"} 3
read_seconds_bucket{le="2.5e+06"} 13
read_seconds_bucket{le="+Inf"} 113
read_seconds_sum 12.75
read_seconds_count 113
read_seconds_bucket{device="sda",mount="/",le="-1"} 0
read_seconds_bucket{device="sda",mount="/",le="0.005"} 0
read_seconds_bucket{device="sda",mount="/",le="1"} 0
read_seconds_bucket{device="sda",mount="/",le="2.5e+06"} 0
read_seconds_bucket{device="sda",mount="/",le="+Inf"} 0
read_seconds_sum{device="sda",mount="/"} 0
read_seconds_count{device="sda",mount="/"} 0
read_seconds_bucket{device="sdb",le="+Inf"} 7
read_seconds_sum{device="sdb"} NaN
read_seconds_count{device="sdb"} 7
read_seconds_bucket{device="sdc",le="5"} 18446744073709551614
read_seconds_bucket{device="sdc",le="+Inf"} 18446744073709551615
read_seconds_sum{device="sdc"} +Inf
read_seconds_count{device="sdc"} 18446744073709551615
"#
    );
}

#[test]
fn a_gauge_histogram_is_a_histogram() {
    let page = page(|scrape| {
        let sizes = descriptor(MetricType::GaugeHistogram, "queue_item_bytes", "");
        let value = HistogramValue::new(&[1024.0], &[2, 1], 4096.0).unwrap();
        scrape.family(&sizes).sample(Labels::EMPTY, Value::Histogram(value));
    });
    assert_eq!(
        page,
        r#"# TYPE queue_item_bytes histogram
queue_item_bytes_bucket{le="1024"} 2
queue_item_bytes_bucket{le="+Inf"} 3
queue_item_bytes_sum 4096
queue_item_bytes_count 3
"#
    );
}

#[test]
fn a_summary_has_its_quantiles_first() {
    let page = page(|scrape| {
        let seconds = descriptor(MetricType::Summary, "rpc_seconds", "Calls.");
        let mut samples = scrape.family(&seconds);
        samples.sample(Labels::EMPTY, Value::Summary(SummaryValue::new(2, 0.5)));
        let quantiles = [(0.0, f64::NAN), (0.5, 0.25), (0.99, 1e-9), (1.0, 3.0)];
        let value = SummaryValue::new(1_000_000, 1e9).with_quantiles(&quantiles).unwrap();
        let get = LabelSet::new([("method", "get")]).unwrap();
        samples.sample(get.labels(), Value::Summary(value));
    });
    assert_eq!(
        page,
        r#"# HELP rpc_seconds Calls.
# TYPE rpc_seconds summary
rpc_seconds_sum 0.5
rpc_seconds_count 2
rpc_seconds{method="get",quantile="0"} NaN
rpc_seconds{method="get",quantile="0.5"} 0.25
rpc_seconds{method="get",quantile="0.99"} 1e-09
rpc_seconds{method="get",quantile="1"} 3
rpc_seconds_sum{method="get"} 1e+09
rpc_seconds_count{method="get"} 1000000
"#
    );
}

#[test]
fn an_info_is_a_gauge_that_ends_with_info() {
    let page = page(|scrape| {
        scrape.family(&descriptor(MetricType::Info, "build_info", "Build.")).push([("version", "1.2.3")], 1);
        scrape.prefixed("app", |scrape| {
            scrape.family(&descriptor(MetricType::Info, "host", "Host.")).push([("os", "linux")], 1);
        });
    });
    assert_eq!(
        page,
        r#"# HELP build_info Build.
# TYPE build_info gauge
build_info{version="1.2.3"} 1
# HELP app_host_info Host.
# TYPE app_host_info gauge
app_host_info{os="linux"} 1
"#
    );
}

#[test]
fn a_state_set_has_a_line_for_each_state() {
    let page = page(|scrape| {
        scrape.prefixed("db", |scrape| {
            let phase = descriptor(MetricType::StateSet, "node:phase", "Phase.");
            let mut samples = scrape.family(&phase);
            let states = ["starting", "rea\"dy", "back\\slash", "two\nlines"];
            samples.sample(Labels::EMPTY, Value::StateSet(StateSetValue::new(&states, 1)));
            let node = LabelSet::new([("node", "a")]).unwrap();
            samples.sample(node.labels(), Value::StateSet(StateSetValue::new(&["up", "down"], usize::MAX)));
        });
    });
    assert_eq!(
        page,
        r#"# HELP db_node:phase Phase.
# TYPE db_node:phase gauge
db_node:phase{db_node_phase="starting"} 0
db_node:phase{db_node_phase="rea\"dy"} 1
db_node:phase{db_node_phase="back\\slash"} 0
db_node:phase{db_node_phase="two\nlines"} 0
db_node:phase{node="a",db_node_phase="up"} 0
db_node:phase{node="a",db_node_phase="down"} 0
"#
    );
}

#[test]
fn an_unknown_is_untyped() {
    let page = page(|scrape| scrape.family(&descriptor(MetricType::Unknown, "x", "X.")).push([], 1));
    assert_eq!(page, "# HELP x X.\n# TYPE x untyped\nx 1\n");
}

#[test]
fn the_help_escapes_backslash_and_line_feed_and_nothing_else() {
    let page = page(|scrape| {
        let help = "a \"quote\", a \\ and\na line, \r \t \u{0} ü \u{2028}\n\\";
        scrape.family(&descriptor(MetricType::Gauge, "g", help)).push([], 1);
    });
    assert_eq!(
        page,
        "# HELP g a \"quote\", a \\\\ and\\na line, \r \t \u{0} ü \u{2028}\\n\\\\\n# TYPE g gauge\ng 1\n"
    );
}

#[test]
fn label_values_are_escaped_once() {
    let page = page(|scrape| {
        let value = "a \"quote\", a \\ and\na line, \r \t ü {}=,\\";
        scrape.family(&descriptor(MetricType::Gauge, "g", "")).push([("l", value), ("empty", "")], 1);
    });
    assert_eq!(
        page,
        "# TYPE g gauge\ng{l=\"a \\\"quote\\\", a \\\\ and\\na line, \r \t ü {}=,\\\\\",empty=\"\"} 1\n"
    );
}

#[test]
fn labels_of_the_scrape_stand_before_those_of_the_series() {
    let page = page(|scrape| {
        scrape.labelled(&[("zone", "a\"b")], |scrape| {
            let value = HistogramValue::new(&[1.0], &[1, 0], 0.5).unwrap();
            let h = descriptor(MetricType::Histogram, "h", "");
            let mut samples = scrape.family(&h);
            samples.sample(Labels::EMPTY, Value::Histogram(value));
            let own = LabelSet::new([("l", "v")]).unwrap();
            samples.sample(own.labels(), Value::Histogram(value));
            let g = descriptor(MetricType::Gauge, "g", "");
            let mut samples = scrape.family(&g);
            samples.push([], 1);
            samples.push([("l", "v")], 2);
        });
    });
    assert_eq!(
        page,
        r#"# TYPE h histogram
h_bucket{zone="a\"b",le="1"} 1
h_bucket{zone="a\"b",le="+Inf"} 1
h_sum{zone="a\"b"} 0.5
h_count{zone="a\"b"} 1
h_bucket{zone="a\"b",l="v",le="1"} 1
h_bucket{zone="a\"b",l="v",le="+Inf"} 1
h_sum{zone="a\"b",l="v"} 0.5
h_count{zone="a\"b",l="v"} 1
# TYPE g gauge
g{zone="a\"b"} 1
g{zone="a\"b",l="v"} 2
"#
    );
}

#[test]
fn a_page_is_appended_and_an_empty_one_is_empty() {
    let up = Collect(|scrape: &mut Scrape<'_>| {
        scrape.family(&descriptor(MetricType::Gauge, "up", "")).push([], 1);
    });
    let mut out = String::from("before\n");
    text::encode(&up, &mut out);
    assert_eq!(out, "before\n# TYPE up gauge\nup 1\n");

    let up: &dyn Collector = &up;
    assert_eq!(generate_metrics(up), "# TYPE up gauge\nup 1\n");
    assert_eq!(page(|_| ()), "");
    assert_eq!(page(|scrape| drop(scrape.family(&descriptor(MetricType::Gauge, "up", "Help.")))), "");
}

#[test]
fn what_was_left_out_is_on_the_page() {
    let page = page(|scrape| {
        scrape.family(&descriptor(MetricType::Gauge, "up", "")).push([], 1);
        scrape.family(&descriptor(MetricType::Gauge, "up", "Again.")).push([], 2);
    });
    assert_eq!(
        page,
        r#"# TYPE up gauge
up 1
# HELP rutheus_scrape_errors What this scrape had to leave out, by family and reason.
# TYPE rutheus_scrape_errors gauge
rutheus_scrape_errors{family="up",reason="duplicate_family"} 1
"#
    );
}

#[test]
fn a_collector_that_panics_leaves_no_trace_but_the_error() {
    let good = |name| {
        move |scrape: &mut Scrape<'_>| scrape.family(&descriptor(MetricType::Gauge, name, "")).push([], 1)
    };
    let bad = |scrape: &mut Scrape<'_>| {
        let half = descriptor(MetricType::Histogram, "half", "Half done.");
        let value = HistogramValue::new(&[1.0], &[1, 0], 0.5).unwrap();
        scrape.family(&half).sample(Labels::EMPTY, Value::Histogram(value));
        panic!("the disk is gone");
    };
    let error = |name: &str| {
        format!(
            "# HELP rutheus_scrape_errors What this scrape had to leave out, by family and reason.\n\
             # TYPE rutheus_scrape_errors gauge\n\
             rutheus_scrape_errors{{family=\"{name}\",reason=\"panicked\"}} 1\n"
        )
    };
    let page = page(|scrape| {
        scrape.isolate("first", good("a"));
        scrape.isolate("second", bad);
        scrape.isolate("third", good("b"));
    });
    assert_eq!(page, format!("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n{}", error("second")));

    // Where nobody isolates the collector, the page does.
    let mut out = String::from("before\n");
    text::encode(&Collect(bad), &mut out);
    assert_eq!(out, format!("before\n{}", error("collector")));
}

/// Name, labels and value.
type Sample = (String, Vec<(String, String)>, f64);

/// The samples of a page, read as a server reads them.
fn read(page: &str) -> Vec<Sample> {
    page.lines().filter(|line| !line.starts_with('#')).map(read_sample).collect()
}

fn read_sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("no such escape: {c}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break rest = rest.strip_prefix('}').unwrap(),
            }
        }
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').unwrap().parse().unwrap())
}

proptest! {
    #[test]
    fn any_label_value_help_and_float_read_back(
        value in any::<String>(),
        lines in "[a\\\\\n\"]{0,9}",
        help in any::<String>(),
        bits: u64,
    ) {
        let number = f64::from_bits(bits);
        let page = page(|scrape| {
            let g = descriptor(MetricType::Gauge, "g", &help);
            scrape.family(&g).push([("a", &*value), ("b", &*lines)], number);
            let s = descriptor(MetricType::StateSet, "s", &lines);
            let states = [&*value];
            scrape.family(&s).sample(Labels::EMPTY, Value::StateSet(StateSetValue::new(&states, 0)));
        });
        let samples = read(&page);
        prop_assert_eq!(samples.len(), 2);
        let (_, labels, read_number) = &samples[0];
        prop_assert_eq!(labels, &[("a".to_owned(), value.clone()), ("b".to_owned(), lines)]);
        prop_assert!(read_number.to_bits() == number.to_bits() || (read_number.is_nan() && number.is_nan()));
        prop_assert_eq!(&samples[1], &("s".to_owned(), vec![("s".to_owned(), value)], 1.0));
    }

    #[test]
    fn buckets_ascend_and_the_last_is_the_count(
        mut bounds in prop::collection::vec(-1e9..1e9f64, 0..20),
        seed in prop::collection::vec(0u64..1 << 40, 21),
        sum in any::<f64>(),
    ) {
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let counts = &seed[..bounds.len() + 1];
        let page = page(|scrape| {
            let h = descriptor(MetricType::Histogram, "h", "");
            let value = HistogramValue::new(&bounds, counts, sum).unwrap();
            scrape.family(&h).sample(Labels::EMPTY, Value::Histogram(value));
        });
        let samples = read(&page);
        prop_assert_eq!(samples.len(), bounds.len() + 3);
        let mut total = 0;
        for (i, (name, labels, value)) in samples[..bounds.len() + 1].iter().enumerate() {
            total += counts[i];
            prop_assert_eq!(name, "h_bucket");
            let le: f64 = labels[0].1.parse().unwrap();
            prop_assert_eq!(le, bounds.get(i).copied().unwrap_or(f64::INFINITY));
            prop_assert_eq!(*value, total as f64);
        }
        prop_assert_eq!(&samples[bounds.len() + 1].0, "h_sum");
        prop_assert_eq!(&samples[bounds.len() + 2], &("h_count".to_owned(), vec![], total as f64));
    }
}

#[test]
fn native_buckets_alone_are_one_classic_bucket_and_float_counts_are_cumulative() {
    use metrics_core::{NativeBucket, NativeHistogram, collect_fn};
    const NATIVE: Descriptor<'static> = Descriptor::new(MetricType::Histogram, "native", "");
    const FLOAT: Descriptor<'static> = Descriptor::new(MetricType::GaugeHistogram, "float", "");
    let page = generate_metrics(&collect_fn(|scrape| {
        let buckets = [NativeBucket { index: 0, count: 4u64 }];
        let native = NativeHistogram::new(3, 0.0, 1, &buckets, &[]).unwrap();
        let value = HistogramValue::native_only(&native, 5u64, 4.5).unwrap();
        scrape.family(&NATIVE).sample(Labels::EMPTY, Value::Histogram(value));
        let value = HistogramValue::float(&[1.0], &[0.25, 0.5], 2.0).unwrap();
        scrape.family(&FLOAT).sample(Labels::EMPTY, Value::Histogram(value));
    }));
    assert_eq!(
        page,
        "# TYPE native histogram\nnative_bucket{le=\"+Inf\"} 5\nnative_sum 4.5\nnative_count 5\n\
         # TYPE float histogram\nfloat_bucket{le=\"1\"} 0.25\nfloat_bucket{le=\"+Inf\"} 0.75\nfloat_sum 2\nfloat_count 0.75\n"
    );
}
