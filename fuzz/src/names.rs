use rutheus::{
    CollectorRegistry, Counter, Descriptor, Escaping, Family, Gauge, LabelSet, Metric, MetricType, Register,
};

use crate::readers::{Kind, page};
use crate::{pieces, read_back};

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
        for (_, families) in read_back(&registry, Escaping::AllowUtf8) {
            assert_eq!(families[0].name, format!("{prefix}_{name}"));
        }
    }
    if let Ok(family) = family {
        family.with(["x"]).inc();
        for (kind, families) in read_back(&family, Escaping::AllowUtf8) {
            // One of OpenMetrics has the name without its suffix.
            let base = name
                .strip_suffix("_total")
                .filter(|base| kind == Kind::OpenMetrics1 && !base.is_empty())
                .unwrap_or(&name);
            assert_eq!(families[0].name, base);
            assert_eq!(families[0].samples[0].labels, [(label.clone(), "x".to_owned())]);
        }
    }
    let utf8 = Metric::try_utf8(name.clone(), "", Gauge::<f64>::new());
    if let Ok(metric) = &utf8 {
        for (_, families) in read_back(metric, Escaping::AllowUtf8) {
            assert_eq!(families[0].name, name);
        }
    }
    for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        let (escaped, label) = (escaping.escape(&name), escaping.escape_label(&label));
        assert!(name.is_empty() || is_metric_name(&escaped), "{name:?} as {escaped:?}");
        assert!(label.is_empty() || is_metric_name(&label) && !label.contains(':'), "{label:?}");
        if let Ok(metric) = &utf8 {
            for (_, families) in read_back(metric, escaping) {
                assert_eq!(families[0].name, page::escape(escaping, &name));
            }
        }
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
