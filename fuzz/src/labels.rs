use rutheus::{Buckets, Collector, CollectorRegistry, Register};
use rutheus::{Counter, Escaping, Family, Format, Histogram, Info, Metric, StateSet, States, Summary};

use crate::readers::Kind;
use crate::readers::page::PageFamily;
use crate::readers::protobuf::{self, Field};
use crate::{pieces, read_back};

/// Label values, help texts and states of any text stand on the page of every format so that they read back
/// as they were, and never make a line more or less.
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

    let mut distinct: Vec<&[String; 2]> = Vec::new();
    pairs.iter().for_each(|pair| {
        if !distinct.contains(&pair) {
            distinct.push(pair)
        }
    });
    for pair in &distinct {
        let [a, b] = pair;
        let expected = pairs.iter().enumerate().filter(|(_, other)| other == pair);
        assert_eq!(hits.with([a, b]).get(), expected.map(|(i, _)| 1u64 << i).sum());
    }

    for (kind, families) in read_back(&registry, Escaping::AllowUtf8) {
        assert!(families.iter().all(|family| family.help == help), "{families:?}");
        let lines = if kind == Kind::OpenMetrics2 { [1, 1, 1] } else { [1, 4, 2] };
        let hits = if kind == Kind::OpenMetrics1 { "hits" } else { "hits_total" };
        for ((family, name), lines) in families.iter().zip([hits, "sizes", "rows"]).zip(lines) {
            check(family, name, &distinct, lines, &constant);
        }
        let facts = &families[3].samples[0].labels;
        assert!(facts.iter().skip(1).map(|(_, value)| value).eq(pairs.iter().map(|[a, _]| a)));
        assert!(families.get(4).is_none_or(|mode| mode.samples.len() == 8));
    }
    let mut page = Vec::new();
    Format::PROTOBUF.encode(&registry, &mut page);
    let families = protobuf::read(&page).unwrap();
    for (family, name) in families.iter().zip(["hits_total", "sizes", "rows"]) {
        let family = fields(family);
        assert_eq!(family[0], (1, Field::Text(name.to_owned())));
        let helps: Vec<_> = family.iter().filter(|(n, _)| *n == 2).map(|(_, help)| help).collect();
        assert!(if help.is_empty() { helps.is_empty() } else { helps == [&Field::Text(help.clone())] });
        let series: Vec<_> =
            family.iter().filter(|(n, _)| *n == 4).map(|(_, series)| labels_of(series)).collect();
        assert!(series.iter().map(|values| &values[..]).eq(distinct.iter().map(|[a, b]| [&constant, a, b])));
    }

    // Streamed, it is the same page.
    for format in [Format::TEXT, Format::OPEN_METRICS, Format::OPEN_METRICS_2, Format::PROTOBUF] {
        let (mut page, mut streamed) = (Vec::new(), Vec::new());
        format.encode(&registry, &mut page);
        format.write(&registry as &dyn Collector, &mut streamed).unwrap();
        assert_eq!(streamed, page);
    }
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

fn fields(message: &Field) -> &[(u32, Field)] {
    let Field::Message(fields) = message else { panic!("{message:?}") };
    fields
}

/// The values of the labels of a series in protobuf.
fn labels_of(series: &Field) -> Vec<&String> {
    let labels = fields(series).iter().filter(|(n, _)| *n == 1).map(|(_, label)| fields(label));
    labels
        .map(|label| match label {
            [(1, _), (2, Field::Text(value))] => value,
            _ => panic!("{label:?}"),
        })
        .collect()
}
