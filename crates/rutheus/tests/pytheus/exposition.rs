use super::*;
use rutheus::{Collector, CollectorRegistry, Counter, Family, Gauge, Histogram, Metric, Register, text};

/// Two families and a metric that count, as pytheus's tests of its pages have them.
fn fill(registry: &CollectorRegistry) -> Result {
    let requests: Family<Counter, 2> =
        Family::counter("http_requests_total", "Requests.", ["path", "method"]);
    requests.with(["/a", "GET"]).inc_by(3);
    requests.with(["/b", "PUT"]).inc();
    requests.register_in(registry)?;
    let hits: Family<Counter, 1> = Family::counter("cache_hits_total", "Hits.", ["name"]);
    hits.with(["redis"]).inc_by(5);
    hits.register_in(registry)?;
    Metric::counter("exceptions_total", "Exceptions.").register_in(registry)?.inc_by(4);
    Ok(())
}

/// pytheus: test_exposition, a page has each metric with its help, its type and its samples.
#[test]
fn a_page_has_help_type_and_samples() -> Result {
    let registry = CollectorRegistry::new();
    fill(&registry)?;
    // differs: whole numbers are written as such, `3` and not `3.0`, as on the page of a Go program.
    assert_eq!(
        generate_metrics(&registry),
        "# HELP http_requests_total Requests.\n\
             # TYPE http_requests_total counter\n\
             http_requests_total{path=\"/a\",method=\"GET\"} 3\n\
             http_requests_total{path=\"/b\",method=\"PUT\"} 1\n\
             # HELP cache_hits_total Hits.\n\
             # TYPE cache_hits_total counter\n\
             cache_hits_total{name=\"redis\"} 5\n\
             # HELP exceptions_total Exceptions.\n\
             # TYPE exceptions_total counter\n\
             exceptions_total 4\n",
    );
    Ok(())
}

/// pytheus: test_exposition, the prefix of a registry is on every line of its page.
#[test]
fn a_prefix_is_on_every_line() -> Result {
    let registry = CollectorRegistry::with_prefix("testing")?;
    fill(&registry)?;
    assert_eq!(
        generate_metrics(&registry),
        "# HELP testing_http_requests_total Requests.\n\
             # TYPE testing_http_requests_total counter\n\
             testing_http_requests_total{path=\"/a\",method=\"GET\"} 3\n\
             testing_http_requests_total{path=\"/b\",method=\"PUT\"} 1\n\
             # HELP testing_cache_hits_total Hits.\n\
             # TYPE testing_cache_hits_total counter\n\
             testing_cache_hits_total{name=\"redis\"} 5\n\
             # HELP testing_exceptions_total Exceptions.\n\
             # TYPE testing_exceptions_total counter\n\
             testing_exceptions_total 4\n",
    );
    Ok(())
}

/// The lines of one series of a histogram `took_seconds` with the default buckets, of which
/// `below` are below its only observation.
fn series(label: &str, below: usize, sum: &str, count: usize) -> Vec<String> {
    let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
    let (before, alone) = match label {
        "" => (String::new(), String::new()),
        label => (format!("{label},"), format!("{{{label}}}")),
    };
    let bucket = |(i, bound)| {
        let n = if i < below { 0 } else { count };
        format!("took_seconds_bucket{{{before}le=\"{bound}\"}} {n}")
    };
    let mut lines: Vec<_> = bounds.iter().enumerate().map(bucket).collect();
    lines.push(format!("took_seconds_sum{alone} {sum}"));
    lines.push(format!("took_seconds_count{alone} {count}"));
    lines
}

/// pytheus: test_exposition, the page of a histogram: cumulative buckets up to `+Inf`, sum, count.
#[test]
fn a_histogram_is_written_with_cumulative_buckets() -> Result {
    let registry = CollectorRegistry::new();
    let seconds =
        Metric::histogram("took_seconds", "Time.", &Histogram::DEFAULT_BUCKETS).register_in(&registry)?;
    seconds.observe(0.4);
    let page = generate_metrics(&registry);
    assert!(page.starts_with("# HELP took_seconds Time.\n# TYPE took_seconds histogram\n"), "{page}");
    assert_eq!(samples(&registry), series("", 6, "0.4", 1));
    Ok(())
}

/// pytheus: test_exposition, the page of a labelled histogram: child by child, `le` last.
#[test]
fn a_labelled_histogram_is_written_series_by_series() -> Result {
    let registry = CollectorRegistry::new();
    let seconds: Arc<Family<Histogram, 1>> =
        Family::histogram("took_seconds", "Time.", ["bob"], &Histogram::DEFAULT_BUCKETS)
            .register_in(&registry)?;
    seconds.with(["a"]).observe(0.4);
    seconds.with(["b"]).observe(7.0);
    let expected = [series("bob=\"a\"", 6, "0.4", 1), series("bob=\"b\"", 10, "7", 1)].concat();
    assert_eq!(samples(&registry), expected);
    Ok(())
}

/// pytheus: test_exposition, a labelled histogram with defaults has the series of those at zero.
#[test]
fn a_histogram_with_default_labels_is_written_with_both_series() -> Result {
    let registry = CollectorRegistry::new();
    let seconds: Arc<Family<Histogram, 1>> =
        Family::histogram("took_seconds", "Time.", ["bob"], &Histogram::DEFAULT_BUCKETS)
            .default_labels([Some("default")])
            .register_in(&registry)?;
    // differs: the series of the defaults is on the page from when it is asked for.
    assert_eq!(generate_metrics(&registry), "");
    let _ = seconds.with_defaults()?;
    seconds.with(["a"]).observe(0.4);
    let expected = [series("bob=\"default\"", 12, "0", 0), series("bob=\"a\"", 6, "0.4", 1)].concat();
    assert_eq!(samples(&registry), expected);
    Ok(())
}

/// pytheus: test_exposition, backslashes and line feeds are escaped in help and label values, quotes
/// in label values only.
#[test]
fn help_and_label_values_are_escaped() -> Result {
    let registry = CollectorRegistry::new();
    let text = "slash\\ quote\" newline\n";
    let requests =
        Family::<Counter, 1>::try_new("requests_total", text, ["bob"], ())?.register_in(&registry)?;
    let _ = requests.with([text]);
    assert_eq!(
        generate_metrics(&registry),
        r#"# HELP requests_total slash\\ quote" newline\n
# TYPE requests_total counter
requests_total{bob="slash\\ quote\" newline\n"} 0
"#,
    );
    Ok(())
}

/// pytheus: test_utils, infinity is `+Inf` in the label of a bucket.
#[test]
fn infinity_is_written_as_servers_read_it() {
    // differs: as a value too, where pytheus writes `inf`, `-inf` and `nan` as Python does.
    let level: Metric<Gauge> = Metric::gauge("level", "Level.");
    for (value, written) in [(f64::INFINITY, "+Inf"), (f64::NEG_INFINITY, "-Inf"), (f64::NAN, "NaN")] {
        level.set(value);
        assert_eq!(samples(&level), [format!("level {written}")]);
    }
    let seconds = Metric::histogram("seconds", "Seconds.", &[1.0]);
    seconds.observe(f64::INFINITY);
    assert_eq!(
        samples(&seconds),
        [
            r#"seconds_bucket{le="1"} 0"#,
            r#"seconds_bucket{le="+Inf"} 1"#,
            "seconds_sum +Inf",
            "seconds_count 1",
        ],
    );
}

/// pytheus: exposition.py, a page is served as the text format of version 0.0.4 in UTF-8.
#[test]
fn the_page_is_of_the_text_format() {
    let parts: Vec<_> = text::CONTENT_TYPE.split("; ").collect();
    assert_eq!(parts, ["text/plain", "version=0.0.4", "charset=utf-8"]);
}

/// pytheus: exposition.py, a page is made of a registry, and of nothing else.
#[test]
fn a_page_is_made_of_any_collector() {
    // differs: a metric or a group of them has a page as a registry has.
    let (jobs, level) = (Metric::counter("jobs_total", "Jobs."), Metric::gauge("level", "Level."));
    let group: &dyn Collector = &(&jobs, &level);
    assert_eq!(samples(&group), ["jobs_total 0", "level 0"]);
}
