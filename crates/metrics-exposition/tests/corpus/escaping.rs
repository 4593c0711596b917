use metrics_core::{Descriptor, Escaping, LabelSet, MetricType};

use crate::{load, text};

#[test]
fn names_are_escaped_as_go_does() {
    let Some(cases) = load("escaping.json") else { return };
    let names = cases["escape"].as_array().unwrap();
    assert!(names.len() >= 8);
    for case in names {
        let name = text(case, "name");
        for scheme in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            assert_eq!(scheme.escape(name), text(case, scheme.as_str()), "{scheme} {name:?}");
        }
        assert_eq!(Escaping::AllowUtf8.escape(name), name);
    }
}

#[test]
fn names_are_valid_where_go_says_so() {
    let Some(cases) = load("escaping.json") else { return };
    let cases = |kind: &str| cases[kind].as_array().unwrap().clone();
    for case in cases("metric_name_valid") {
        let valid = Descriptor::try_new(MetricType::Gauge, text(&case, "name"), "").is_ok();
        assert_eq!(valid, case["legacy"].as_bool().unwrap(), "{case}");
    }
    for case in cases("label_name_valid") {
        let valid = LabelSet::new([(text(&case, "name"), "")]).is_ok();
        assert_eq!(valid, case["legacy"].as_bool().unwrap(), "{case}");
    }
}
