use metrics_core::{Counter, Descriptor, Escaping, Family, Gauge, LabelSet, Metric, MetricType};
use metrics_exposition::generate_metrics;
use metrics_registry::{CollectorRegistry, Register};

use crate::page;
use crate::pieces;

/// A name is taken if it is of the letters that every reader knows and refused if it is not, wherever it
/// is given; what is taken is on the page, and what any UTF-8 becomes is of those letters.
pub fn names(data: &[u8]) {
    let mut pieces = pieces(data);
    let (name, label, prefix) = (
        pieces.next().unwrap_or_default(),
        pieces.next().unwrap_or_default(),
        pieces.next().unwrap_or_default(),
    );

    let (good_name, good_prefix) = (is_metric_name(&name), is_metric_name(&prefix));
    assert_eq!(Descriptor::try_new(MetricType::Gauge, &name, "").is_ok(), good_name);
    assert_eq!(CollectorRegistry::with_prefix(&*prefix).is_ok(), good_prefix);
    assert_eq!(LabelSet::new([(&*label, "")]).is_ok(), is_label_name(&label));
    let metric = Metric::try_new(name.clone(), "", Gauge::<f64>::new());
    assert_eq!(metric.is_ok(), good_name);
    let family = Family::<Counter, 1>::try_new(name.clone(), "", [label.clone()], ());
    assert_eq!(family.is_ok(), good_name && is_label_name(&label));

    if let (Ok(registry), Ok(metric)) = (CollectorRegistry::with_prefix(&*prefix), metric) {
        metric.register_in(&registry).unwrap().set(1.0);
        let families = page::parse(&generate_metrics(&registry)).unwrap();
        assert_eq!(families[0].name, format!("{prefix}_{name}"));
    }
    if let Ok(family) = family {
        family.with(["x"]).inc();
        let families = page::parse(&generate_metrics(&family)).unwrap();
        assert_eq!(
            (&families[0].name, &families[0].samples[0].labels),
            (&name, &vec![(label.clone(), "x".to_owned())])
        );
    }
    for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        let (escaped, label) = (escaping.escape(&name), escaping.escape_label(&label));
        assert!(name.is_empty() || is_metric_name(&escaped), "{name:?} as {escaped:?}");
        assert!(label.is_empty() || is_metric_name(&label) && !label.contains(':'), "{label:?}");
    }
    // Whatever a name of any UTF-8 is, the page for a reader that does not know it is of the format.
    if let Ok(metric) = Metric::try_utf8(name, "", Gauge::<f64>::new()) {
        let text = generate_metrics(&metric);
        page::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
fn is_metric_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':') && !name.starts_with("__")
}
