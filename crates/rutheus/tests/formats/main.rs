//! Any registry, in every format: the page is one that a reader of the format accepts, and it means
//! what is in the registry.
//!
//! `PROPTEST_CASES` is the number of registries, 1,000 otherwise; `cargo xtask long` takes 100,000.

mod expected;
mod protobuf;
mod readers;
mod spec;

use proptest::prelude::*;
use readers::Kind;
use readers::page::by_value;
use rutheus::{Escaping, Format};

const SCHEMES: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_format_says_what_is_in_a_registry(spec in spec::specs(), scheme in 0usize..4) {
        let registry = spec.build();
        let escaping = SCHEMES[scheme];
        for (format, kind) in [
            (Format::TEXT, Kind::Text),
            (Format::TEXT_1_0_0, Kind::Text),
            (Format::OPEN_METRICS, Kind::OpenMetrics1),
            (Format::OPEN_METRICS_2, Kind::OpenMetrics2),
        ] {
            let mut page = Vec::new();
            format.with_escaping(escaping).encode(&registry, &mut page);
            let page = String::from_utf8(page).unwrap();
            let families = readers::text::read(&page, kind);
            prop_assert!(families.is_ok(), "{}\n{}", families.unwrap_err(), page);
            let expected = expected::families(&spec, kind, escaping);
            prop_assert_eq!(by_value(families.unwrap()), by_value(expected), "{}", page);
        }
        let mut page = Vec::new();
        Format::PROTOBUF.with_escaping(escaping).encode(&registry, &mut page);
        prop_assert_eq!(readers::protobuf::read(&page), Ok(protobuf::families(&spec, escaping)));
    }

    #[test]
    fn a_stream_is_the_same_page(spec in spec::specs(), scheme in 0usize..4) {
        let registry = spec.build();
        for format in [Format::TEXT, Format::OPEN_METRICS, Format::OPEN_METRICS_2, Format::PROTOBUF] {
            let format = format.with_escaping(SCHEMES[scheme]);
            let (mut page, mut stream) = (Vec::new(), Vec::new());
            format.encode(&registry, &mut page);
            format.write(&registry, &mut stream).unwrap();
            prop_assert_eq!(page, stream);
        }
    }
}
