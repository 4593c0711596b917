//! What values, times and errors say of themselves.

use metrics_core::{
    Buckets, Collector, Counter, Descriptor, Encoder, Escaping, Exemplar, ExemplarLabels, Extras, Family,
    Histogram, Info, InvalidDescriptor, InvalidReason, LabelSet, Labels, Metric, MetricName, MetricType,
    Native, NativeBucket, NativeHistogram, Number, Scrape, ScrapeErrorReason, StateSet, StateSetValue,
    States, SummaryValue, Timestamp, Value,
};

#[test]
fn numbers_are_told_in_their_own_type() {
    let told = [Number::U64(u64::MAX), Number::I64(-3), Number::F64(0.5)].map(|number| number.to_string());
    assert_eq!(told, ["18446744073709551615", "-3", "0.5"]);
    assert_eq!(
        (Number::U64(2).as_f64(), Number::I64(-3).as_f64(), Number::F64(0.5).as_f64()),
        (2.0, -3.0, 0.5)
    );
}

#[test]
fn times_are_seconds_and_nanoseconds() {
    let time = Timestamp::new(-2, 250_000_000).unwrap();
    assert_eq!((time.seconds(), time.subsec_nanos(), time.as_f64()), (-2, 250_000_000, -1.75));
    assert_eq!(Timestamp::new(1, 500_000_000).unwrap().as_f64(), 1.5);
    assert!(Timestamp::new(0, 1_000_000_000).is_none());
}

#[test]
fn quantiles_ascend_within_zero_and_one() {
    let summary = SummaryValue::new(3, 4.5);
    assert_eq!((summary.count(), summary.sum(), summary.quantiles()), (3, 4.5, &[][..]));
    let quantiles = [(0.0, 1.0), (0.5, 2.0), (1.0, 3.0)];
    assert_eq!(summary.with_quantiles(&quantiles).unwrap().quantiles(), quantiles);
    assert!(summary.with_quantiles(&[(0.5, 1.0), (0.5, 1.0)]).is_none());
    assert!(summary.with_quantiles(&[(0.9, 1.0), (0.5, 1.0)]).is_none());
    assert!(summary.with_quantiles(&[(0.5, 1.0), (1.5, 1.0)]).is_none());
    assert!(summary.with_quantiles(&[(-0.5, 1.0), (0.5, 1.0)]).is_none());
}

#[test]
fn states_are_told_in_order_and_one_is_on() {
    let value = StateSetValue::new(&["a", "b", "c"], 1);
    assert_eq!(value.states().collect::<Vec<_>>(), [("a", false), ("b", true), ("c", false)]);
    let states = States::try_new(["a", "b"]).unwrap();
    assert_eq!(states.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(States::new(&["x", "y"]).names().collect::<Vec<_>>(), ["x", "y"]);
    for bad in [&["a", "a"][..], &["a", ""], &[]] {
        assert!(States::try_new(bad.iter().copied()).is_err(), "{bad:?}");
    }
    let mode = StateSet::with_states(states);
    assert_eq!(mode.get(), "a");
    mode.set("b").unwrap();
    assert_eq!(mode.get(), "b");
    let error = mode.set("c").unwrap_err();
    assert_eq!((error.state(), mode.get()), ("c", "b"));
    assert_eq!(
        error.to_string(),
        "there is no state \"c\": set one of those that the state set was made with"
    );
}

#[test]
fn descriptors_and_names_give_their_parts() {
    let descriptor = Descriptor::try_new(MetricType::Counter, "a_seconds_total", "Help.").unwrap();
    let descriptor = descriptor.try_with_unit("seconds").unwrap();
    assert_eq!(
        (descriptor.name(), descriptor.help(), descriptor.unit()),
        ("a_seconds_total", "Help.", Some("seconds"))
    );
    assert_eq!((descriptor.metric_type(), descriptor.is_utf8()), (MetricType::Counter, false));
    assert!(Descriptor::try_utf8(MetricType::Gauge, "a.b", "").unwrap().is_utf8());
    let mut seen = Vec::new();
    let mut note = |name: MetricName<'_>, descriptor: &Descriptor<'_>| {
        seen.push((
            name.prefix().to_owned(),
            name.name().to_owned(),
            name.to_string(),
            descriptor.help().to_owned(),
        ));
    };
    let mut scrape = Scrape::dry(&mut note);
    scrape.prefixed("app", |scrape| _ = scrape.family(&descriptor));
    scrape.finish();
    let parts = ["app_", "a_seconds_total", "app_a_seconds_total", "Help."].map(str::to_owned);
    assert_eq!(seen, [parts.into()]);
}

#[test]
fn types_have_the_words_of_the_format() {
    use MetricType::{Counter, Gauge, GaugeHistogram, Histogram, Info, StateSet, Summary, Unknown};
    let types = [Counter, Gauge, GaugeHistogram, Histogram, Info, StateSet, Summary, Unknown];
    let words = types.map(|metric_type| metric_type.to_string());
    assert_eq!(
        words,
        ["counter", "gauge", "gaugehistogram", "histogram", "info", "stateset", "summary", "unknown"]
    );
    assert_eq!(types.map(MetricType::as_str), words.each_ref().map(String::as_str));
}

#[test]
fn extras_give_what_was_put_in() {
    let (created, time) = (Timestamp::new(1, 0).unwrap(), Timestamp::new(2, 0).unwrap());
    let set = LabelSet::new([("id", "7")]).unwrap();
    let exemplars = [Exemplar::new(set.labels(), 2.5).unwrap().with_timestamp(time)];
    let extras = Extras::NONE.with_created(created).with_timestamp(time).with_exemplars(&exemplars);
    assert_eq!(
        (extras.created(), extras.timestamp(), extras.exemplars().len()),
        (Some(created), Some(time), 1)
    );
    assert_eq!((exemplars[0].value(), exemplars[0].timestamp()), (2.5, Some(time)));
    assert_eq!(exemplars[0].labels().to_string(), "id=\"7\"");
    assert_eq!(
        (Extras::NONE.created(), Extras::NONE.timestamp(), Extras::NONE.exemplars().len()),
        (None, None, 0)
    );
}

#[test]
fn labels_of_exemplars_have_room_for_128_characters() {
    let mut labels = ExemplarLabels::default();
    assert!(labels.is_empty());
    labels.push("a", &"ü".repeat(100)).unwrap();
    assert!(!labels.is_empty());
    // The name counts too.
    assert!(labels.push("b", &"x".repeat(27)).is_err());
    labels.push("b", &"x".repeat(26)).unwrap();
    assert_eq!(labels.to_string(), format!("a=\"{}\",b=\"{}\"", "ü".repeat(100), "x".repeat(26)));
    assert!(labels.push("c", "").is_err());
}

#[test]
fn errors_name_the_metric_and_the_reason_and_what_to_do() {
    let counter = Metric::<Counter<f64>>::try_new("spent_total", "", Counter::new()).unwrap();
    let error = counter.inc_by(-1.0).unwrap_err();
    assert_eq!(error.metric(), "spent_total");
    let bare = Counter::<f64>::new().inc_by(f64::NAN).unwrap_err();
    assert_eq!(bare.metric(), "");
    let family = Family::<Counter, 1>::counter("f_total", "", ["path"]).max_series(1);
    family.with(["/"]).inc();
    assert_eq!(family.overflowed(), 0);
    assert!(family.try_with(["/a"]).is_err());
    let full = family.try_with(["/b"]).err().unwrap();
    assert_eq!(family.overflowed(), 2);
    assert_eq!((full.family(), full.limit()), ("f_total", 1));
    let label = family.label("no", "x").err().unwrap();
    assert_eq!(label.family(), "f_total");
    let messages = [
        error.to_string(),
        bare.to_string(),
        full.to_string(),
        label.to_string(),
        Buckets::try_new([2.0, 1.0]).unwrap_err().to_string(),
        Buckets::native(Native::with_factor(0.5)).unwrap_err().to_string(),
        Exemplar::new(LabelSet::new([("a", &*"x".repeat(200))]).unwrap().labels(), 1.0)
            .unwrap_err()
            .to_string(),
    ];
    for (message, parts) in messages.iter().zip([
        &["spent_total", "-1"][..],
        &["NaN"],
        &["f_total", "1", "series"],
        &["f_total", "no", "path"],
        &["1"],
        &["factor", "above 1"],
        &["128"],
    ]) {
        assert!(message.len() > 30 && parts.iter().all(|part| message.contains(part)), "{message} {parts:?}");
    }
}

struct Nothing;

impl Encoder for Nothing {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}
    fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
}

#[test]
fn what_a_scrape_left_out_is_told_with_its_reason_and_how_often() {
    let mut nothing = Nothing;
    assert_eq!(nothing.checkpoint(), 0, "an encoder need not be able to take anything back");
    let mut scrape = Scrape::new(&mut nothing);
    scrape.report("up", ScrapeErrorReason::Recursive);
    scrape.report("up", ScrapeErrorReason::Recursive);
    scrape.report("down", ScrapeErrorReason::InvalidPrefix);
    assert_eq!(scrape.errors().len(), 2);
    let errors = scrape.finish();
    let told: Vec<_> =
        errors.iter().map(|error| (error.family(), error.reason().as_str(), error.count())).collect();
    assert_eq!(told, [("up", "recursive", 2), ("down", "invalid_prefix", 1)]);
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(messages[0].starts_with("\"up\": ") && messages[0].ends_with(" (2 times)"), "{messages:?}");
    assert!(messages[1].starts_with("\"down\": ") && !messages[1].contains("times"), "{messages:?}");
    assert!(messages[1].contains(&ScrapeErrorReason::InvalidPrefix.to_string()));
    assert!(ScrapeErrorReason::InvalidPrefix.to_string().len() > 30);
}

#[test]
fn what_a_scrape_leaves_out_is_told_of_64_families_and_of_all_others_together() {
    use ScrapeErrorReason::{InvalidPrefix, Recursive};
    let mut nothing = Nothing;
    let mut scrape = Scrape::new(&mut nothing);
    (0..67).for_each(|i| scrape.report(&format!("f{i}"), Recursive));
    (0..2).for_each(|i| scrape.report(&format!("g{i}"), InvalidPrefix));
    scrape.report("f0", Recursive);
    let errors = scrape.finish();
    let told: Vec<_> = errors.iter().map(|error| (error.family(), error.reason(), error.count())).collect();
    assert_eq!((told.len(), told[0], told[63]), (66, ("f0", Recursive, 2), ("f63", Recursive, 1)));
    assert_eq!(told[64..], [("other", Recursive, 3), ("other", InvalidPrefix, 2)]);
}

#[test]
fn escapings_are_told_by_their_names() {
    assert_eq!(Escaping::Values.to_string(), "values");
}

/// What a constant is checked for when it is compiled, called at run time.
#[test]
fn what_is_made_of_bad_names_is_not_made() {
    let makes = |make: fn()| std::panic::catch_unwind(make).is_ok();
    assert!(makes(|| drop(Family::<Counter, 2>::counter("f_total", "", ["a", "b"]))));
    assert!(!makes(|| drop(Family::<Counter, 2>::counter("f_total", "", ["a", "9"]))));
    assert!(!makes(|| drop(Family::<Counter, 2>::counter("f_total", "", ["a", "a"]))));
    assert!(makes(|| drop(Info::new(&[("a", ""), ("b", "")]))));
    assert!(!makes(|| drop(Info::new(&[("a", ""), ("b:", "")]))));
    assert!(!makes(|| drop(Info::new(&[("a", ""), ("a", "")]))));
    assert!(makes(|| drop(Metric::counter("a_seconds_total", "").with_unit("seconds"))));
    assert!(!makes(|| drop(Metric::counter("a_seconds_total", "").with_unit("meters"))));
    assert!(makes(|| drop(StateSet::new(&["a", "b"]))));
    assert!(!makes(|| drop(StateSet::new(&["a", "a"]))));
    assert!(!makes(|| drop(StateSet::new(&["a", ""]))));
}

#[test]
fn values_of_the_first_labels_can_be_given_before_the_others() {
    let family = Family::<Counter, 3>::counter("f_total", "", ["a", "b", "c"]);
    family.curry::<1, _>(["x"]).with(["y", "z"]).inc();
    family.curry::<2, _>(["x", "y"]).handle(["z"]).inc();
    family.curry::<2, _>(["p", "q"]).with(["r"]).inc();
    assert_eq!(family.with(["x", "y", "z"]).get(), 2);
    assert_eq!((family.with(["p", "q", "r"]).get(), family.len()), (1, 2));
}

#[test]
fn a_metric_and_a_family_describe_themselves() {
    let described = |collector: &dyn Collector| {
        let mut seen = Vec::new();
        collector.describe(&mut |name, descriptor| {
            seen.push((name.to_string(), descriptor.unit().map(str::to_owned), descriptor.metric_type()));
        });
        seen
    };
    let metric = Metric::gauge("depth_meters", "").with_unit("meters");
    assert_eq!(metric.name(), "depth_meters");
    assert_eq!(described(&metric), [("depth_meters".into(), Some("meters".into()), MetricType::Gauge)]);
    let family = Family::<Counter, 1>::counter("f_total", "", ["a"]);
    assert_eq!(family.name(), "f_total");
    assert_eq!(described(&family), [("f_total".into(), None, MetricType::Counter)]);
}

#[test]
fn a_name_that_is_refused_is_told_with_the_rule() {
    let told = |error: InvalidDescriptor| error.to_string();
    let gauge = Descriptor::try_new(MetricType::Gauge, "depth", "").unwrap();
    assert_eq!(
        told(gauge.try_with_unit("meters").unwrap_err()),
        "metric \"depth\", unit \"meters\": the unit must be the last word of the metric name (before `_total`), \
         and info and state sets have none"
    );
    assert_eq!(
        told(States::try_new(["a", "a"]).unwrap_err()),
        "state \"a\": a state set needs at least one state, none empty, no two equal"
    );
    let label = LabelSet::new([("a", ""), ("a", "")]).unwrap_err();
    assert_eq!(told(label), "label \"a\": two labels have the same name: rename or drop one");
    assert_eq!((label.metric(), label.label(), label.reason()), ("", "a", InvalidReason::DuplicateLabelName));
    let name = Descriptor::try_new(MetricType::Gauge, "", "").unwrap_err();
    assert_eq!(
        told(name),
        "metric \"\": a metric needs a name: give it one that matches [a-zA-Z_:][a-zA-Z0-9_:]*"
    );
    let prefix = InvalidDescriptor::new("9", InvalidReason::InvalidPrefix);
    assert!(told(prefix).starts_with("prefix \"9\": a prefix must match"), "{prefix}");
}

#[test]
fn native_buckets_are_told_by_index_and_bound() {
    assert_eq!(NativeHistogram::index_of(0, 4.0), Some(2));
    assert_eq!(NativeHistogram::index_of(0, -4.5), Some(3));
    for (schema, v) in [(0, 0.0), (0, f64::NAN), (9, 4.0), (-5, 4.0)] {
        assert_eq!(NativeHistogram::index_of(schema, v), None, "{schema} {v}");
    }
    let (positive, negative) =
        ([NativeBucket { index: 2, count: 3u64 }], [NativeBucket { index: 1, count: 4u64 }]);
    let native = NativeHistogram::new(0, 0.5, 2, &positive, &negative).unwrap();
    assert_eq!(
        (native.count(), native.zero_count(), native.zero_threshold()),
        (Number::U64(9), Number::U64(2), 0.5)
    );
    assert_eq!((native.positive().len(), native.positive().is_empty()), (1, false));
    assert_eq!((native.upper_bound(2), native.upper_bound(-1)), (4.0, 0.5));
    let (positive, negative) =
        ([NativeBucket { index: 2, count: 0.5 }], [NativeBucket { index: 1, count: 0.25 }]);
    let native = NativeHistogram::float(0, 0.5, 2.0, &positive, &negative).unwrap();
    assert_eq!(native.count(), Number::F64(2.75));
    let native = NativeHistogram::float(0, 0.5, 2.0, &positive, &[]).unwrap();
    assert_eq!((native.negative().len(), native.negative().is_empty()), (0, true));
}

#[test]
fn native_buckets_can_be_added_to_a_constant() {
    static ONE: Metric<Histogram> = Metric::histogram("h", "", &[1.0]).with_native(Native::with_schema(0));
    static MANY: Family<Histogram, 1> =
        Family::histogram("f", "", ["a"], &[1.0]).with_native(Native::with_schema(0));
    ONE.observe(2.0);
    MANY.with(["x"]).observe(2.0);
    for snapshot in [ONE.snapshot(), MANY.with(["x"]).snapshot()] {
        assert_eq!(snapshot.native().map(|native| native.positive().len()), Some(1));
        assert_eq!(snapshot.buckets().count(), 2);
    }
}
