use super::*;
use rutheus::{
    Child, CollectorRegistry, Counter, Family, Gauge, Handle, Histogram, InvalidReason, LabelErrorReason,
    Metric, Partial, PartialByName, Register, Summary,
};

type Two = Family<Counter, 2>;

fn two() -> Two {
    Family::counter("jobs_total", "Jobs.", ["queue", "kind"])
}

/// pytheus: test_metrics, labels of letters, digits and underscores are accepted.
#[test]
fn valid_label_names_are_accepted() -> Result {
    let family = Family::<Counter, 4>::try_new("f", "F.", ["action", "method", "_type", "v2"], ())?;
    assert_eq!(family.label_names().collect::<Vec<_>>(), ["action", "method", "_type", "v2"]);
    Ok(())
}

/// pytheus: test_metrics, reserved labels and labels with other characters are refused.
#[test]
fn invalid_label_names_are_refused() {
    for (label, reason) in [
        ("__private", InvalidReason::ReservedLabelName),
        ("microµ", InvalidReason::InvalidLabelName),
        ("@type", InvalidReason::InvalidLabelName),
        ("2nd", InvalidReason::InvalidLabelName),
        ("", InvalidReason::EmptyLabelName),
    ] {
        let error = Family::<Counter, 2>::try_new("f", "F.", ["good", label], ()).unwrap_err();
        assert_eq!((error.metric(), error.label(), error.reason()), ("f", label, reason));
    }
    // differs: a label that stands twice is refused, as its page would be; pytheus keeps one.
    let error = Family::<Counter, 2>::try_new("f", "F.", ["a", "a"], ()).unwrap_err();
    assert_eq!(error.reason(), InvalidReason::DuplicateLabelName);
}

/// pytheus: test_metrics, a histogram has no label `le` and a summary no label `quantile`.
#[test]
fn the_labels_that_a_type_adds_itself_are_reserved() -> Result {
    let bounds = rutheus::Buckets::try_new([1.0])?;
    let le = Family::<Histogram, 2>::try_new("f", "F.", ["bob", "le"], bounds.clone()).unwrap_err();
    assert_eq!((le.label(), le.reason()), ("le", InvalidReason::ReservedLabelName));
    let quantile = Family::<Summary, 2>::try_new("f", "F.", ["bob", "quantile"], ()).unwrap_err();
    assert_eq!((quantile.label(), quantile.reason()), ("quantile", InvalidReason::ReservedLabelName));
    // Each is a label like any other elsewhere.
    assert!(Family::<Histogram, 1>::try_new("f", "F.", ["quantile"], bounds).is_ok());
    assert!(Family::<Summary, 1>::try_new("f", "F.", ["le"], ()).is_ok());
    Ok(())
}

/// pytheus: test_metrics, a metric with required labels keeps its name, help and labels.
#[test]
fn a_family_keeps_its_name_help_and_labels() {
    let family = two();
    let descriptor = family.descriptor();
    assert_eq!((family.name(), descriptor.help()), ("jobs_total", "Jobs."));
    // differs: the labels have an order, that of the declaration; in pytheus they are a set.
    assert_eq!(family.label_names().collect::<Vec<_>>(), ["queue", "kind"]);
}

/// pytheus: test_metrics, a child shares the collector of the metric that it was made from.
#[test]
fn every_way_to_a_series_leads_to_the_same_one() -> Result {
    let family = two();
    family.with(["mail", "bulk"]).inc();
    family.with(("mail", "bulk")).inc();
    family.handle(["mail", "bulk"]).inc();
    family.curry(["mail"]).with(["bulk"]).inc();
    family.label("kind", "bulk")?.label("queue", "mail")?.get()?.inc();
    assert_eq!(samples(&family), [r#"jobs_total{queue="mail",kind="bulk"} 5"#]);
    Ok(())
}

/// pytheus: test_metrics, values for labels cannot be set when a metric is made.
#[test]
fn a_new_family_has_no_series() -> Result {
    // differs: there is no such argument to refuse. Labels that are the same on every series belong
    // to the registry.
    let registry = CollectorRegistry::builder().label("zone", "eu").build()?;
    let family = two().register_in(&registry)?;
    assert_eq!(samples(&registry).len(), 0);
    family.with(["mail", "bulk"]).inc();
    assert_eq!(samples(&registry), [r#"jobs_total{zone="eu",queue="mail",kind="bulk"} 1"#]);
    Ok(())
}

/// pytheus: test_metrics, only what has a value for each label can be observed, and what cannot
/// raises when it is tried (counter, histogram and summary alike).
#[test]
fn only_what_has_all_its_labels_can_be_updated() {
    // differs: what cannot be observed has no `inc` or `observe`, so it does not compile. What can
    // be dereferences to its instrument.
    let observable = [
        Observable::<Metric<Counter>>::IS,
        Observable::<Child<'_, Histogram>>::IS,
        Observable::<Handle<Summary>>::IS,
    ];
    assert_eq!(observable, [true; 3]);
    let unobservable = [
        Observable::<Family<Counter, 2>>::IS,
        Observable::<Family<Histogram, 1>>::IS,
        Observable::<Family<Summary, 1>>::IS,
        Observable::<Partial<'_, Counter, 2, 1>>::IS,
        Observable::<PartialByName<'_, Gauge, 2>>::IS,
    ];
    assert_eq!(unobservable, [false; 5]);
}

/// pytheus: test_metrics, what is observable without labels, with some, and with all of them.
#[test]
fn a_series_needs_a_value_for_each_label() -> Result {
    let missing = |label: &str| LabelErrorReason::Missing(label.into());
    let family = two();
    assert_eq!(family.with_defaults().unwrap_err().reason(), &missing("queue"));
    let some = family.label("queue", "mail")?;
    assert_eq!(some.clone().get().unwrap_err().reason(), &missing("kind"));
    assert!(family.is_empty(), "what is refused leaves nothing");
    some.label("kind", "bulk")?.get()?.inc();
    assert_eq!(family.with(["mail", "bulk"]).get(), 1);
    Ok(())
}

/// pytheus: test_metrics, what is observable with defaults for all labels, for some, and with a
/// default that is overridden.
#[test]
fn a_default_stands_for_a_value_that_is_not_given() -> Result {
    let all = two().default_labels([Some("mail"), Some("bulk")]);
    all.with_defaults()?.inc();
    assert_eq!(samples(&all), [r#"jobs_total{queue="mail",kind="bulk"} 1"#]);

    let some = two().default_labels([Some("mail"), None]);
    let error = some.with_defaults().unwrap_err();
    assert_eq!(error.reason(), &LabelErrorReason::Missing("kind".into()));
    assert!(some.is_empty());
    some.label("kind", "bulk")?.get()?.inc();
    some.label("kind", "bulk")?.label("queue", "push")?.get()?.inc_by(2);
    assert_eq!(
        samples(&some),
        [r#"jobs_total{queue="mail",kind="bulk"} 1"#, r#"jobs_total{queue="push",kind="bulk"} 2"#],
    );
    Ok(())
}

/// pytheus: test_metrics, labels are given as a dictionary or as keyword arguments.
#[test]
fn values_are_given_by_place_or_by_name() -> Result {
    let family: Family<Counter, 1> = Family::counter("jobs_total", "Jobs.", ["queue"]);
    family.with(["mail"]).inc();
    family.label("queue", "mail")?.get()?.inc();
    assert_eq!(samples(&family), [r#"jobs_total{queue="mail"} 2"#]);
    // Other values than text are written as text is.
    family.with((1,)).inc();
    assert_eq!(family.with(["1"]).get(), 1);
    Ok(())
}

/// pytheus: test_metrics, a dictionary and keyword arguments together raise.
#[test]
fn a_label_is_given_once() -> Result {
    let family = two();
    // differs: a second value is refused, whichever way it comes; a second call of `labels()`
    // in pytheus overrides what the first one said.
    let error = family.label("queue", "mail")?.label("queue", "push").unwrap_err();
    assert_eq!(error.reason(), &LabelErrorReason::Repeated("queue".into()));
    Ok(())
}

/// pytheus: test_metrics, `labels()` without a label gives the same metric.
#[test]
fn no_labels_lead_to_the_same_series() {
    let unlabelled: Family<Counter, 0> = Family::counter("jobs_total", "Jobs.", []);
    unlabelled.with(()).inc();
    unlabelled.with(()).inc();
    assert_eq!(samples(&unlabelled), ["jobs_total 2"]);

    let family = two();
    family.curry(()).with(["mail", "bulk"]).inc();
    assert_eq!(family.with(["mail", "bulk"]).get(), 1);
}

/// pytheus: test_metrics, a label that is not among the required ones raises, and any does where
/// there are none.
#[test]
fn an_unknown_label_is_an_error() -> Result {
    let unknown = |label: &str| LabelErrorReason::Unknown(label.into());
    let family = two();
    assert_eq!(family.label("verb", "GET").unwrap_err().reason(), &unknown("verb"));
    let error = family.label("queue", "mail")?.label("verb", "GET").unwrap_err();
    assert_eq!(error.reason(), &unknown("verb"));
    assert_eq!(error.to_string(), r#"family "jobs_total" has no label "verb": its labels are queue, kind"#);

    let unlabelled: Family<Counter, 0> = Family::counter("jobs_total", "Jobs.", []);
    assert_eq!(unlabelled.label("queue", "mail").unwrap_err().reason(), &unknown("queue"));
    Ok(())
}

/// pytheus: test_metrics, incomplete labels make no child, complete ones do.
#[test]
fn a_series_is_made_when_its_labels_are_complete() -> Result {
    let family = two();
    let _queue = family.label("queue", "mail")?;
    let mail = family.curry(["mail"]);
    assert_eq!(family.len(), 0);
    let _ = mail.with(["bulk"]);
    assert_eq!(family.len(), 1);
    assert!(family.get(["mail", "bulk"]).is_some() && family.get(["mail", "single"]).is_none());
    Ok(())
}

/// pytheus: test_metrics, the same labels give the child that is there.
#[test]
fn the_same_labels_give_the_same_series() {
    let family = two();
    let first = family.with(["mail", "bulk"]);
    let second = family.with(["mail", "bulk"]);
    assert!(std::ptr::eq::<Counter>(&*first, &*second));
    assert_eq!(family.len(), 1);
}

/// pytheus: test_metrics, defaults without required labels, or for others than those, raise.
#[test]
fn there_is_a_default_for_each_label_or_none() -> Result {
    // differs: defaults are given by place, one or none for each label, so that a wrong one does
    // not compile. The signature is what says so.
    let set: fn(Two, [Option<&'static str>; 2]) -> Two = Family::default_labels;
    let family = set(two(), [None, Some("bulk")]);
    assert!(family.label("bulk", "x").is_err(), "a default is a value, not a label");
    family.label("queue", "mail")?.get()?.inc();
    assert_eq!(family.with(["mail", "bulk"]).get(), 1);
    Ok(())
}

/// pytheus: test_metrics, a metric with labels has a sample for each child whose labels are
/// complete, in the order of creation, and none for the others.
#[test]
fn complete_series_are_collected_in_the_order_of_their_creation() -> Result {
    let family: Family<Counter, 2> = Family::counter("f", "F.", ["a", "b"]).default_labels([Some("3"), None]);
    let _ = family.with(["1", "2"]);
    let _ = family.label("a", "7")?.label("b", "8")?.get()?;
    assert!(family.label("a", "6")?.get().is_err());
    let _ = family.label("b", "5")?.get()?;
    let expected = [r#"f{a="1",b="2"} 0"#, r#"f{a="7",b="8"} 0"#, r#"f{a="3",b="5"} 0"#];
    assert_eq!(samples(&family), expected);
    Ok(())
}

/// pytheus: test_metrics, a metric with a default for each label has a sample with those.
#[test]
fn the_series_of_the_defaults_is_collected_once_it_is_used() -> Result {
    let family: Family<Counter, 1> = Family::counter("f", "F.", ["a"]).default_labels([Some("1")]);
    // differs: it is a series like the others, made when it is first asked for; in pytheus it is on
    // the page from the start and is never a child.
    assert_eq!(samples(&family), [""; 0]);
    let _ = family.with_defaults()?;
    assert_eq!(samples(&family), [r#"f{a="1"} 0"#]);
    assert!(family.remove(["1"]));
    assert_eq!(samples(&family), [""; 0]);
    Ok(())
}

/// pytheus: test_metrics, the defaults are added to the labels of a child, and a value that was
/// given is not overridden by them.
#[test]
fn defaults_fill_in_and_do_not_override() -> Result {
    let family: Family<Gauge, 2> =
        Family::gauge("f", "F.", ["bob", "cat"]).default_labels([Some("bobvalue"), None]);
    let _ = family.label("cat", "2")?.get()?;
    let _ = family.label("cat", "2")?.label("bob", "newvalue")?.get()?;
    // Where every value is given by place, there is nothing for a default to fill in.
    let _ = family.with(["other", "2"]);
    let expected =
        [r#"f{bob="bobvalue",cat="2"} 0"#, r#"f{bob="newvalue",cat="2"} 0"#, r#"f{bob="other",cat="2"} 0"#];
    assert_eq!(samples(&family), expected);
    Ok(())
}

/// pytheus: metrics.py, a child is known by the values that were given, without the defaults.
#[test]
fn series_by_default_do_not_collide() -> Result {
    let family: Family<Counter, 2> =
        Family::counter("f", "F.", ["a", "b"]).default_labels([Some("A"), Some("B")]);
    // differs: in pytheus `labels(a="x")` and `labels(b="x")` are the same child, and
    // `labels(a="A")` is another one than `labels(a="A", b="B")`, which has the same labels.
    family.label("a", "x")?.get()?.inc();
    family.label("b", "x")?.get()?.inc_by(2);
    family.label("a", "A")?.get()?.inc_by(4);
    family.with(["A", "B"]).inc_by(8);
    family.with_defaults()?.inc_by(16);
    assert_eq!(samples(&family), [r#"f{a="x",b="B"} 1"#, r#"f{a="A",b="x"} 2"#, r#"f{a="A",b="B"} 28"#]);
    Ok(())
}

/// pytheus: metrics.py, the same labels in another order are the same child.
#[test]
fn the_order_in_which_labels_are_given_does_not_matter() -> Result {
    let family = two();
    // differs: the page has them in the order of the declaration; in pytheus it is that of the call
    // that made the child, so that two children of a metric can differ in it.
    family.label("kind", "bulk")?.label("queue", "mail")?.get()?.inc();
    family.label("queue", "mail")?.label("kind", "bulk")?.get()?.inc();
    assert_eq!(samples(&family), [r#"jobs_total{queue="mail",kind="bulk"} 2"#]);
    Ok(())
}
