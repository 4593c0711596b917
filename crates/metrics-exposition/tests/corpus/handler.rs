//! A request to the handler of Go and its answer: the format that was chosen, and the page in it.

use metrics_core::{Collector, Scrape};
use metrics_exposition::Format;
use serde_json::Value as Json;

use crate::input::Family;
use crate::{base64, cases, text};

/// Where the answer is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deviation {
    /// The two encodings of protobuf for debugging are not written; a page in another format is.
    ProtobufAsText,
    /// Families that clash, and labels that cannot be, are an error page in Go. Here the one is left out,
    /// which the page says, and the other is refused before.
    Error,
}

fn families(json: Option<&Json>) -> Option<Vec<Family>> {
    let all = json.and_then(Json::as_array).into_iter().flatten();
    all.map(|family| Family::of(family).ok()).collect()
}

/// Go sorts families by name.
struct Sorted(Vec<Family>);

impl Collector for Sorted {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.iter().for_each(|family| family.collect(scrape));
    }
}

#[test]
fn answers_are_those_of_the_handler_of_go() {
    let Some(cases) = cases("registry_handler.json") else { return };
    let mut equal = 0;
    let mut deviations = std::collections::BTreeMap::<Deviation, usize>::new();
    for case in &cases {
        let accept = text(case, "accept");
        let format = Format::negotiate(accept);
        let all = families(case.get("external_families"));
        let all = all.zip(families(case.get("collector_families")));
        let page = all.map(|(mut all, collected)| {
            all.extend(collected);
            let mut page = Vec::new();
            format.encode(&Sorted(all), &mut page);
            page
        });
        let deviation = if case["status"] != 200 {
            Some(Deviation::Error)
        } else if text(case, "response_content_type").contains("text;")
            || text(case, "response_content_type").contains("compact-text")
        {
            Some(Deviation::ProtobufAsText)
        } else {
            None
        };
        if let Some(deviation) = deviation {
            *deviations.entry(deviation).or_default() += 1;
            continue;
        }
        let page = page.unwrap();
        assert_eq!(format.content_type(), text(case, "response_content_type"), "{accept}");
        let expected = match case.get("response_body_base64") {
            Some(body) => body.as_str().map(base64).unwrap_or_default(),
            None => text(case, "response_body").as_bytes().to_vec(),
        };
        assert!(page == expected, "{case}\n{}", String::from_utf8_lossy(&page));
        equal += 1;
    }
    println!("{equal} as in Go, otherwise {deviations:?}");
    assert_eq!(
        (equal, deviations.into_iter().collect::<Vec<_>>()),
        (15, vec![(Deviation::ProtobufAsText, 3), (Deviation::Error, 5)])
    );
}
