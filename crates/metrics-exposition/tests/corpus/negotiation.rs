use std::collections::BTreeMap;

use metrics_exposition::Format;
use serde_json::Value as Json;

use crate::{load, text};

/// Where another format is chosen than by the released library of Go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deviation {
    /// The two encodings of protobuf for debugging, whose text Go does not keep stable, are not
    /// written: the next best format is chosen.
    ProtobufAsText,
    /// OpenMetrics 2.0 is written for whoever asks for it; the released library has none yet.
    OpenMetrics2,
    /// Who asks for version 1.0.0 of the text format is told that it gets it. Go writes the same page
    /// and calls it 0.0.4, a version that has no quoted names.
    Text1,
}

impl Deviation {
    fn of(accept: &str) -> Option<Self> {
        let is = |part: &str| accept.contains(part);
        if is("encoding=text") || is("encoding=compact-text") {
            Some(Self::ProtobufAsText)
        } else if is("openmetrics-text;version=2.0.0") {
            Some(Self::OpenMetrics2)
        } else if accept.starts_with("text/plain;version=1.0.0") {
            Some(Self::Text1)
        } else {
            None
        }
    }
}

#[test]
fn the_format_is_the_one_that_go_chooses() {
    let Some(cases) = load("negotiation.json") else { return };
    let observed = cases["observed_and_edge"].as_array().unwrap();
    // Those of the tables that ask for what a server offers; in the others it offers something else
    // than all it has.
    let tables = cases["tables_prometheus_common_main"].as_array().unwrap();
    let tables = tables.iter().filter(|case| case["function"] != "NegotiateAccept");

    let mut deviations = BTreeMap::<Deviation, usize>::new();
    let mut compared = 0;
    for case in observed.iter().chain(tables) {
        let accept = text(case, "accept");
        let expected = match case.get("prometheus_common_0.69_released") {
            Some(released) => text(released, "with_openmetrics"),
            None => text(case, "expected"),
        };
        let content_type = Format::negotiate(accept).content_type();
        if let Some(deviation) = Deviation::of(accept) {
            assert_ne!(content_type, expected, "{accept:?} is no deviation");
            *deviations.entry(deviation).or_default() += 1;
        } else {
            // The tables of Go call this the default, which theirs is by a variable.
            let default = case.get("default_escaping").and_then(Json::as_str).unwrap_or("underscores");
            let is_default = !accept.contains("escaping=");
            let expected =
                if is_default { expected.replace(default, "underscores") } else { expected.to_owned() };
            assert_eq!(content_type, expected, "{accept:?}");
            compared += 1;
        }
    }
    println!("{compared} as in Go, otherwise: {deviations:?}");
    assert!(compared >= 50, "{compared}");
    assert_eq!(
        deviations.into_iter().collect::<Vec<_>>(),
        [(Deviation::ProtobufAsText, 10), (Deviation::OpenMetrics2, 3), (Deviation::Text1, 1)],
    );
}
