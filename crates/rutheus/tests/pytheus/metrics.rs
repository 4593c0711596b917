use super::*;
use std::time::{Duration, SystemTime};

use rutheus::{
    Buckets, Counter, Descriptor, Family, Gauge, Histogram, InvalidBucketsReason, InvalidReason, Metric,
    MetricType, Summary, collect_fn,
};

/// Longer than the clock's step, so that the time of a body can be told from none.
const BODY: Duration = Duration::from_millis(2);

fn work() {
    std::thread::sleep(BODY);
}

async fn work_async() {
    pause().await;
    work();
}

fn counter() -> Metric<Counter<f64>> {
    Metric::counter_f64("failures_total", "Failures.")
}

fn gauge() -> Metric<Gauge> {
    Metric::gauge("level", "Level.")
}

fn histogram() -> Metric<Histogram> {
    Metric::histogram("seconds", "Seconds.", &Histogram::DEFAULT_BUCKETS)
}

fn summary() -> Metric<Summary> {
    Metric::summary("seconds", "Seconds.")
}

// ---- every metric

/// pytheus: test_metrics, the names that the best practices recommend are accepted.
#[test]
fn valid_names_are_accepted() -> Result {
    for name in [
        "prometheus_notifications_total",
        "process_cpu_seconds_total",
        "http_request_duration_seconds",
        "node_memory_usage_bytes",
        "http_requests_total",
        "foobar_build_info",
        "data_pipeline_last_record_processed_timestamp_seconds",
        "job:rate_5m",
    ] {
        let metric = Metric::try_new(name, "Help.", Gauge::<f64>::new())?;
        assert_eq!(samples(&metric), [format!("{name} 0")]);
    }
    Ok(())
}

/// pytheus: test_metrics, names with other characters raise.
#[test]
fn invalid_names_are_refused() {
    for name in ["invalid.name", "µspecialcharacter", "http_req@st_total", "http{request}", "5xx"] {
        let error = Metric::try_new(name, "Help.", Counter::<u64>::new()).unwrap_err();
        assert_eq!((error.metric(), error.reason()), (name, InvalidReason::InvalidName));
        assert!(Family::<Counter, 1>::try_new(name, "Help.", ["a"], ()).is_err());
    }
    let error = Metric::try_new("", "Help.", Counter::<u64>::new()).unwrap_err();
    assert_eq!(error.reason(), InvalidReason::EmptyName);
}

/// pytheus: test_metrics, a metric keeps its name and description and is of its type.
#[test]
fn every_metric_has_its_name_help_and_type() {
    let (counter, gauge, histogram, summary) = (counter(), gauge(), histogram(), summary());
    for (descriptor, name, help, metric_type) in [
        (counter.descriptor(), "failures_total", "Failures.", MetricType::Counter),
        (gauge.descriptor(), "level", "Level.", MetricType::Gauge),
        (histogram.descriptor(), "seconds", "Seconds.", MetricType::Histogram),
        (summary.descriptor(), "seconds", "Seconds.", MetricType::Summary),
    ] {
        assert_eq!((descriptor.name(), descriptor.help()), (name, help));
        assert_eq!(descriptor.metric_type(), metric_type);
    }
}

/// pytheus: test_metrics, the type of a metric that says nothing else is untyped.
#[test]
fn untyped_comes_from_collectors() {
    // differs: no instrument is without a type; a collector that passes on what it does not know
    // says so.
    const OTHER: Descriptor<'_> = Descriptor::new(MetricType::Unknown, "other", "Of another program.");
    let other = collect_fn(|scrape| scrape.family(&OTHER).push([], 7));
    assert_eq!(generate_metrics(&other), "# HELP other Of another program.\n# TYPE other untyped\nother 7\n",);
}

/// pytheus: test_metrics, a metric without labels has one sample, without labels and at zero.
#[test]
fn a_metric_without_labels_is_one_sample_at_zero() {
    assert_eq!(samples(&counter()), ["failures_total 0"]);
    assert_eq!(samples(&gauge()), ["level 0"]);
}

// ---- counter

/// pytheus: test_metrics, a counter goes up by one or by an amount, in fractions too.
#[test]
fn a_counter_goes_up() -> Result {
    let counter = counter();
    counter.inc();
    assert_eq!(counter.get(), 1.0);
    counter.inc_by(7.2)?;
    assert_eq!(counter.get(), 8.2);
    // differs: the counter that is meant when nothing else is said counts in whole numbers.
    let whole = Metric::counter("jobs_total", "Jobs.");
    whole.inc();
    whole.inc_by(7);
    assert_eq!(whole.get(), 8u64);
    Ok(())
}

/// pytheus: test_metrics, a counter does not go down.
#[test]
fn a_negative_increment_is_an_error() {
    let counter = counter();
    // differs: what is no amount at all is refused too, as it would spoil the counter for good.
    for amount in [-1.0, -0.001, f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
        let error = counter.inc_by(amount).unwrap_err();
        assert_eq!(error.metric(), "failures_total");
    }
    assert_eq!(counter.get(), 0.0);
}

/// pytheus: test_metrics, an exception is counted and goes on; a body that succeeds is not counted.
#[test]
fn a_failure_is_counted_and_handed_on() {
    let counter = counter();
    // differs: most failures are an `Err` here and some are a panic; each has its method.
    assert_eq!(counter.count_err(Err::<(), _>(Failure::Value)), Err(Failure::Value));
    assert_eq!(counter.get(), 1.0);
    unwind(|| counter.count_panics(fail));
    assert_eq!(counter.get(), 2.0);
    assert_eq!(counter.count_err(Ok::<_, Failure>(7)), Ok(7));
    assert_eq!(counter.count_panics(|| 7), 7);
    assert_eq!(counter.get(), 2.0);
}

/// pytheus: test_metrics, only the exceptions that were named are counted, all go on.
#[test]
fn chosen_failures_are_counted() {
    let (indices, both) = (counter(), Metric::counter("all_failures_total", "Failures."));
    // differs: no list of types is needed, as a `match` says which results are counted.
    let body = |failure| match failure {
        Failure::Index => both.count_err(indices.count_err(Err::<(), _>(failure))),
        Failure::Value => both.count_err(Err(failure)),
    };
    assert_eq!(body(Failure::Value), Err(Failure::Value));
    assert_eq!((indices.get(), both.get()), (0.0, 1));
    assert_eq!(body(Failure::Index), Err(Failure::Index));
    assert_eq!((indices.get(), both.get()), (1.0, 2));
}

/// pytheus: test_metrics, a counter decorates any number of functions and counts their failures.
#[test]
fn functions_count_their_failures_into_one_counter() {
    static FAILURES: Metric<Counter> = Metric::counter("failures_total", "Failures.");
    // differs: there are no decorators; the body of the function calls the method.
    fn first(text: &str) -> std::result::Result<u8, std::num::ParseIntError> {
        FAILURES.count_err(text.parse())
    }
    fn second(fails: bool) -> u8 {
        FAILURES.count_panics(|| {
            if fails {
                fail();
            }
            2
        })
    }
    assert!(first("one").is_err());
    assert_eq!(FAILURES.get(), 1);
    unwind(|| _ = second(true));
    assert_eq!(FAILURES.get(), 2);
    assert_eq!((first("1"), second(false)), (Ok(1), 2));
    assert_eq!(FAILURES.get(), 2);
}

/// pytheus: test_metrics, the same for coroutines, one or several, with all or named exceptions.
#[test]
fn futures_count_their_failures() {
    let counter = counter();
    let body = |result: std::result::Result<u8, Failure>| async {
        pause().await;
        result
    };
    assert_eq!(run(counter.count_err_future(body(Err(Failure::Value)))), (Err(Failure::Value), 2));
    assert_eq!(counter.get(), 1.0);
    assert_eq!(run(counter.count_err_future(body(Err(Failure::Index)))).0, Err(Failure::Index));
    assert_eq!(counter.get(), 2.0);
    assert_eq!(run(counter.count_err_future(body(Ok(7)))).0, Ok(7));
    assert_eq!(counter.get(), 2.0);

    let chosen = run(async {
        match body(Err(Failure::Value)).await {
            Err(Failure::Index) => counter.count_err(Err(Failure::Index)),
            other => other,
        }
    });
    assert_eq!((chosen.0, counter.get()), (Err(Failure::Value), 2.0));
}

// ---- gauge

/// pytheus: test_metrics, a gauge starts at zero and goes up and down by one or by an amount of
/// either sign.
#[test]
fn a_gauge_goes_up_and_down() {
    // differs: an amount is given to `add` and `sub`, as arguments have no default.
    let after = |update: fn(&Gauge)| {
        let gauge = gauge();
        assert_eq!(gauge.get(), 0.0);
        update(&gauge);
        gauge.get()
    };
    assert_eq!(after(|gauge| gauge.inc()), 1.0);
    assert_eq!(after(|gauge| gauge.add(7.2)), 7.2);
    assert_eq!(after(|gauge| gauge.add(-7.2)), -7.2);
    assert_eq!(after(|gauge| gauge.dec()), -1.0);
    assert_eq!(after(|gauge| gauge.sub(7.2)), -7.2);
    assert_eq!(after(|gauge| gauge.sub(-7.2)), 7.2);
}

/// pytheus: test_metrics, a gauge is set to any value.
#[test]
fn a_gauge_is_set() {
    let gauge = gauge();
    for value in [5.2, -5.2] {
        gauge.set(value);
        assert_eq!(gauge.get(), value);
    }
}

/// pytheus: test_metrics, a gauge is set to the seconds since the epoch.
#[test]
fn a_gauge_is_set_to_the_current_time() -> Result {
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs_f64());
    let gauge = gauge();
    let before = now()?;
    gauge.set_to_current_time();
    // A second to each side for a clock that is set meanwhile.
    assert!((before - 1.0..=now()? + 1.0).contains(&gauge.get()), "{}", gauge.get());
    Ok(())
}

/// pytheus: test_metrics, a gauge is up by one while a body runs, by two while two do.
#[test]
fn a_gauge_tracks_what_is_in_progress() {
    let gauge = gauge();
    {
        let _outer = gauge.track_in_progress();
        assert_eq!(gauge.get(), 1.0);
        {
            let _inner = gauge.track_in_progress();
            assert_eq!(gauge.get(), 2.0);
        }
        assert_eq!(gauge.get(), 1.0);
    }
    assert_eq!(gauge.get(), 0.0);
}

/// pytheus: metrics.py, the body of `track_inprogress` runs between an increment and a decrement.
#[test]
fn a_body_that_fails_is_not_in_progress_any_more() {
    let gauge = gauge();
    // differs: in pytheus the decrement is skipped if the body raises, and the gauge stays up.
    unwind(|| {
        let _guard = gauge.track_in_progress();
        assert_eq!(gauge.get(), 1.0);
        fail();
    });
    assert_eq!(gauge.get(), 0.0);
}

/// pytheus: test_metrics, as a decorator with `track_inprogress` a gauge is up while a function or
/// a coroutine runs.
#[test]
fn a_gauge_tracks_futures_in_progress() {
    let gauge = gauge();
    {
        let mut future = pin!(gauge.track_future(async {
            pause().await;
            7
        }));
        assert_eq!(gauge.get(), 0.0, "a future that nobody polls does nothing");
        assert_eq!(poll(future.as_mut()), Poll::Pending);
        assert_eq!(gauge.get(), 1.0);
        assert_eq!(poll(future.as_mut()), Poll::Ready(7));
        assert_eq!(gauge.get(), 0.0);
    }
    // A coroutine that is cancelled is a future that is dropped.
    let mut cancelled = Box::pin(gauge.track_future(pause()));
    assert_eq!(poll(cancelled.as_mut()), Poll::Pending);
    assert_eq!(gauge.get(), 1.0);
    drop(cancelled);
    assert_eq!(gauge.get(), 0.0);
}

/// pytheus: test_metrics, a gauge is set to the time that a body, a function or a coroutine took
/// (also as a decorator with `track_inprogress=False`).
#[test]
fn a_gauge_takes_the_time() {
    let after = |update: fn(&Gauge)| {
        let gauge = gauge();
        update(&gauge);
        gauge.get()
    };
    let least = BODY.as_secs_f64();
    let guard = |gauge: &Gauge| {
        let _timer = gauge.start_timer();
        work();
    };
    assert!(after(guard) >= least);
    assert!(after(|gauge| gauge.time(work)) >= least);
    assert!(after(|gauge| run(gauge.time_future(work_async())).0) >= least);
}

// ---- histogram

/// pytheus: test_metrics, `+Inf` is added to the buckets, whether it was among them or not.
#[test]
fn the_last_bucket_is_infinite() -> Result {
    let buckets = Buckets::try_new([0.2, 0.5, 1.0])?;
    let histogram = Histogram::with_buckets(buckets);
    let bounds: Vec<_> = histogram.snapshot().buckets().map(|(bound, _)| bound).collect();
    assert_eq!(bounds, [0.2, 0.5, 1.0, f64::INFINITY]);
    // differs: as it is implied it cannot be given; there is one way to write a list of buckets.
    let error = Buckets::try_new([0.2, 0.5, 1.0, f64::INFINITY]).unwrap_err();
    assert_eq!((error.index(), error.reason()), (3, InvalidBucketsReason::NotFinite));
    Ok(())
}

/// pytheus: test_metrics, buckets that are not in order raise.
#[test]
fn unsorted_buckets_are_an_error() -> Result {
    assert_eq!(Buckets::try_new([0.2, 0.5, 1.0])?.bounds(), [0.2, 0.5, 1.0]);
    let error = Buckets::try_new([0.2, 1.0, 0.5]).unwrap_err();
    assert_eq!((error.index(), error.reason()), (2, InvalidBucketsReason::NotAscending));
    // differs: a bound that stands twice is refused too, as the two would be one series.
    let error = Buckets::try_new([0.2, 0.2]).unwrap_err();
    assert_eq!((error.index(), error.reason()), (1, InvalidBucketsReason::NotAscending));
    Ok(())
}

/// pytheus: test_metrics, an empty list of buckets stands for the default ones.
#[test]
fn the_default_buckets_are_asked_for_by_name() {
    let defaults = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    assert_eq!(Histogram::DEFAULT_BUCKETS, defaults);
    // differs: an empty list is an error, since whoever computes one did not mean the default.
    assert_eq!(Buckets::try_new([]).unwrap_err().reason(), InvalidBucketsReason::Empty);
}

/// pytheus: test_metrics, a labelled histogram or summary has no buckets, sum or count of its own,
/// its children do, with the buckets it was given.
#[test]
fn series_have_the_buckets_of_their_family() -> Result {
    let histograms: Family<Histogram, 1> =
        Family::try_new("seconds", "Seconds.", ["bob"], Buckets::try_new([0.2, 0.5, 1.0])?)?;
    assert_eq!(samples(&histograms), [""; 0]);
    let child = histograms.with(["cat"]);
    let bounds: Vec<_> = child.snapshot().buckets().map(|(bound, _)| bound).collect();
    assert_eq!(bounds, [0.2, 0.5, 1.0, f64::INFINITY]);
    assert_eq!((child.snapshot().count(), child.snapshot().sum()), (0, 0.0));

    let summaries: Family<Summary, 1> = Family::summary("bytes", "Bytes.", ["bob"]);
    assert_eq!(samples(&summaries), [""; 0]);
    let child = summaries.with(["cat"]);
    assert_eq!((child.count(), child.sum()), (0, 0.0));
    Ok(())
}

/// pytheus: test_metrics, histograms and summaries are made with labels.
#[test]
fn histograms_and_summaries_have_labels() {
    let histograms: Family<Histogram, 2> = Family::histogram("seconds", "Seconds.", ["bob", "cat"], &[1.0]);
    histograms.with(["1", "2"]).observe(0.5);
    histograms.with(["1", "3"]).observe(0.25);
    assert_eq!(histograms.with(["1", "2"]).snapshot().sum(), 0.5);

    let summaries: Family<Summary, 2> = Family::summary("bytes", "Bytes.", ["bob", "cat"]);
    summaries.with(["1", "2"]).observe(0.5);
    summaries.with(["1", "3"]).observe(0.25);
    assert_eq!(summaries.with(["1", "2"]).sum(), 0.5);
}

/// pytheus: test_metrics, a histogram has a sample for each bucket, a sum and a count, and the
/// buckets are told by `le`.
#[test]
fn a_histogram_is_its_buckets_sum_and_count() {
    let histogram = Metric::histogram("seconds", "Seconds.", &[0.2, 0.5, 1.0]);
    let expected = [
        r#"seconds_bucket{le="0.2"} 0"#,
        r#"seconds_bucket{le="0.5"} 0"#,
        r#"seconds_bucket{le="1"} 0"#,
        r#"seconds_bucket{le="+Inf"} 0"#,
        "seconds_sum 0",
        "seconds_count 0",
    ];
    assert_eq!(samples(&histogram), expected);
}

/// pytheus: test_metrics, an observation is counted in each bucket that it does not exceed, and in
/// the sum and the count.
#[test]
fn an_observation_is_in_every_bucket_above_it() {
    let histogram = Metric::histogram("seconds", "Seconds.", &[0.2, 0.5, 1.0]);
    histogram.observe(0.4);
    let snapshot = histogram.snapshot();
    assert_eq!((snapshot.sum(), snapshot.count()), (0.4, 1));
    let counts: Vec<_> = snapshot.buckets().map(|(_, count)| count).collect();
    assert_eq!(counts, [0, 1, 1, 1]);
    // A bound belongs to its own bucket.
    histogram.observe(0.2);
    let counts: Vec<_> = histogram.snapshot().buckets().map(|(_, count)| count).collect();
    assert_eq!(counts, [1, 2, 2, 2]);
}

/// pytheus: test_metrics, a histogram takes the time of a body, of several decorated functions, and
/// of coroutines.
#[test]
fn a_histogram_takes_the_time() {
    let histogram = histogram();
    {
        let _timer = histogram.start_timer();
        work();
    }
    histogram.time(work);
    assert_eq!(histogram.snapshot().count(), 2);
    run(histogram.time_future(work_async()));
    run(histogram.time_future(work_async()));
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.count(), 4);
    assert!(snapshot.sum() >= 4.0 * BODY.as_secs_f64());
}

/// pytheus: metrics.py, the body of `time` runs before the observation.
#[test]
fn a_body_that_fails_is_timed() {
    let (histogram, summary, gauge) = (histogram(), summary(), gauge());
    gauge.set(-1.0);
    // differs: in pytheus a body that raises is observed by none of them.
    unwind(|| histogram.time(|| summary.time(|| gauge.time(fail))));
    assert_eq!((histogram.snapshot().count(), summary.count()), (1, 1));
    assert!(gauge.get() >= 0.0);
}

// ---- summary

/// pytheus: test_metrics, a summary has two samples, the sum and the count of what it observed.
#[test]
fn a_summary_is_its_sum_and_count() {
    let summary = summary();
    assert_eq!(samples(&summary), ["seconds_sum 0", "seconds_count 0"]);
    summary.observe(0.4);
    assert_eq!((summary.sum(), summary.count()), (0.4, 1));
    assert_eq!(samples(&summary), ["seconds_sum 0.4", "seconds_count 1"]);
}

/// pytheus: test_metrics, a summary takes the time of a body, of several decorated functions, and of
/// coroutines.
#[test]
fn a_summary_takes_the_time() {
    let summary = summary();
    {
        let _timer = summary.start_timer();
        work();
    }
    summary.time(work);
    assert_eq!(summary.count(), 2);
    run(summary.time_future(work_async()));
    run(summary.time_future(work_async()));
    assert_eq!(summary.count(), 4);
    assert!(summary.sum() >= 4.0 * BODY.as_secs_f64());
}
