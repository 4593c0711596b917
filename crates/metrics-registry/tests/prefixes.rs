//! Prefixes and constant labels.

mod common;

use std::sync::Arc;

use common::{described, page, register_all};
use metrics_core::{Descriptor, InvalidReason, MetricType, Scrape, collect_fn};
use metrics_registry::{CollectorRegistry, Registry};

#[test]
fn prefixes_and_labels_of_nested_registries_add_up() {
    let outer = CollectorRegistry::builder().prefix("a").label("l", "outer").label("o", "1").build().unwrap();
    let inner = CollectorRegistry::builder().prefix("b").label("l", "inner").label("i", "2").build().unwrap();
    let inner = Arc::new(inner);
    let plain = Arc::new(CollectorRegistry::new());
    register_all(&*plain, &["x"]);
    inner
        .register(Arc::new(collect_fn(|scrape: &mut Scrape<'_>| {
            let mut samples = scrape.family(&Descriptor::new(MetricType::Gauge, "y", "Y."));
            samples.push([], 1);
            samples.push([("i", "own")], 2);
        })))
        .unwrap();
    inner.register(plain).unwrap();
    register_all(&outer, &["first"]);
    outer.register(inner).unwrap();
    register_all(&outer, &["last"]);
    assert_eq!(
        page(&outer),
        [
            r#"a_first{l="outer",o="1"} 1"#,
            r#"a_b_y{o="1",l="inner",i="2"} 1"#,
            r#"a_b_y{o="1",l="inner",i="own"} 2"#,
            r#"a_b_x{o="1",l="inner",i="2"} 1"#,
            r#"a_last{l="outer",o="1"} 1"#,
        ]
    );
    assert_eq!(described(&outer), ["a_first", "a_b_y", "a_b_x", "a_last"]);
    assert_eq!(outer.prefix().as_deref(), Some("a"));
}

#[test]
fn an_invalid_prefix_is_refused() {
    for prefix in ["", "9a", "a-b", "a b", "ä", "a\n"] {
        let error = CollectorRegistry::with_prefix(prefix).unwrap_err();
        assert_eq!(error.reason(), InvalidReason::InvalidPrefix, "{prefix:?}");
        assert_eq!(error.metric(), prefix);
    }
    for prefix in ["a", "_", "a:b", "A9"] {
        assert!(CollectorRegistry::with_prefix(prefix).is_ok(), "{prefix:?}");
    }
}

#[test]
fn an_invalid_constant_label_is_refused() {
    use InvalidReason::*;
    for (name, reason) in [
        ("", EmptyLabelName),
        ("a:b", InvalidLabelName),
        ("9", InvalidLabelName),
        ("__name__", ReservedLabelName),
        ("le", ReservedLabelName),
        ("quantile", ReservedLabelName),
        ("twice", DuplicateLabelName),
    ] {
        let builder = CollectorRegistry::builder().label("twice", "1").label(name, "2");
        let error = builder.build().unwrap_err();
        assert_eq!(error.reason(), reason, "{name:?}");
        assert_eq!(error.label(), name);
    }
    let odd = CollectorRegistry::builder().label("quote", "\"\n\\").build().unwrap();
    register_all(&odd, &["x"]);
    assert_eq!(page(&odd), ["x{quote=\"\\\"\\n\\\\\"} 1"]);
}
