use metrics_core::{Buckets, Collector};
use metrics_core::{Counter, Family, Histogram, Info, Metric, StateSet, States, Summary};
use metrics_exposition::generate_metrics;
use metrics_registry::{CollectorRegistry, Register};

use crate::page::{self, PageFamily};
use crate::pieces;

/// Label values, help texts and states of any text stand on the page so that they read back as they
/// were, and never make a line more or less.
pub fn labels(data: &[u8]) {
    let mut pieces = pieces(data);
    let mut next = || pieces.next().unwrap_or_default();
    let (help, constant) = (next(), next());
    let registry = CollectorRegistry::builder().label("constant", &*constant).build().unwrap();
    let pairs: Vec<[String; 2]> = (0..8).map(|_| [next(), next()]).collect();

    let hits = Family::<Counter, 2>::try_new("hits_total", help.clone(), ["a", "b"], ()).unwrap();
    let hits = hits.register_in(&registry).unwrap();
    let buckets = Buckets::try_new([0.5]).unwrap();
    let sizes = Family::<Histogram, 2>::try_new("sizes", help.clone(), ["a", "b"], buckets).unwrap();
    let sizes = sizes.register_in(&registry).unwrap();
    let rows = Family::<Summary, 2>::try_new("rows", help.clone(), ["a", "b"], ()).unwrap();
    let rows = rows.register_in(&registry).unwrap();
    for (i, [a, b]) in pairs.iter().enumerate() {
        hits.with([a, b]).inc_by(1 << i);
        sizes.with([a, b]).observe(0.25);
        rows.with([a, b]).observe(0.25);
    }
    let facts =
        Info::try_new(pairs.iter().enumerate().map(|(i, [a, _])| (format!("fact_{i}"), a.clone()))).unwrap();
    Metric::try_new("facts", help.clone(), facts).unwrap().register_in(&registry).unwrap();
    if let Ok(states) = States::try_new(pairs.iter().map(|[a, _]| a.as_str())) {
        let mode = Metric::try_new("mode", help.clone(), StateSet::with_states(states)).unwrap();
        mode.register_in(&registry).unwrap();
    }

    let text = generate_metrics(&registry);
    let families = page::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let lines: usize =
        families.iter().map(|family| family.samples.len() + 1 + usize::from(!family.help.is_empty())).sum();
    assert_eq!(text.lines().count(), lines.max(text.matches('\n').count()));
    assert!(families.iter().all(|family| family.help == help), "{text}");

    let mut distinct: Vec<&[String; 2]> = Vec::new();
    pairs.iter().for_each(|pair| {
        if !distinct.contains(&pair) {
            distinct.push(pair)
        }
    });
    check(&families[0], "hits_total", &distinct, 1, &constant);
    check(&families[1], "sizes", &distinct, 4, &constant);
    check(&families[2], "rows", &distinct, 2, &constant);
    for (family, [a, b]) in std::iter::repeat(&hits).zip(&distinct) {
        let expected = pairs.iter().enumerate().filter(|(_, pair)| *pair == &[a.clone(), b.clone()]);
        assert_eq!(family.with([a, b]).get(), expected.map(|(i, _)| 1u64 << i).sum());
    }
    let facts = &families[3].samples[0].labels;
    assert!(facts.iter().skip(1).map(|(_, value)| value).eq(pairs.iter().map(|[a, _]| a)));
    assert!(matches!(families.get(4), None) || families[4].samples.len() == 8);
    // Streamed, it is the same page.
    let mut streamed = Vec::new();
    metrics_exposition::text::write(&registry as &dyn Collector, &mut streamed).unwrap();
    assert_eq!(streamed, text.as_bytes());
}

/// The samples are those of the pairs, in order, `lines` for each.
fn check(family: &PageFamily, name: &str, pairs: &[&[String; 2]], lines: usize, constant: &str) {
    assert_eq!(family.name, name);
    assert_eq!(family.samples.len(), pairs.len() * lines);
    for (samples, [a, b]) in family.samples.chunks(lines).zip(pairs) {
        for sample in samples {
            let values: Vec<_> = sample.labels.iter().take(3).map(|(_, value)| &**value).collect();
            assert_eq!(values, [constant, a, b]);
        }
    }
}
