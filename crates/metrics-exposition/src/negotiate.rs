use metrics_core::Escaping;

use crate::format::{Format, Protocol};

/// The format for the value of a header `Accept`.
///
/// Two passes over the header, so that none of it is kept: one finds the clause that wins, one what
/// the clauses up to that one say of names.
pub(crate) fn negotiate(accept: &str) -> Format {
    let mut best: Option<(f64, usize, Protocol)> = None;
    for (at, clause) in clauses(accept).enumerate() {
        if let Some(protocol) = clause.protocol() {
            if best.is_none_or(|(q, _, _)| clause.q > q) {
                best = Some((clause.q, at, protocol));
            }
        }
    }
    let (least, last, protocol) = best.unwrap_or((f64::NEG_INFINITY, usize::MAX, Protocol::Text0_0_4));

    let mut escaping = Escaping::default();
    let mut rank = f64::INFINITY;
    for (at, clause) in clauses(accept).enumerate() {
        let is_before = clause.q > least || clause.q == least && at <= last;
        // The last word is that of the clause that comes last in the order of preference.
        if is_before && clause.q <= rank {
            if let Some(scheme) = clause.escaping() {
                (escaping, rank) = (scheme, clause.q);
            }
        }
    }
    Format::new(protocol, escaping)
}

/// One media type of the header, with its parameters.
struct Clause<'a> {
    media_type: &'a str,
    subtype: &'a str,
    parameters: &'a str,
    q: f64,
}

impl<'a> Clause<'a> {
    /// `None` if it is not a type and a subtype with a slash between them.
    fn parse(text: &'a str) -> Option<Self> {
        let (range, parameters) = text.split_once(';').unwrap_or((text, ""));
        let (media_type, subtype) = range.split_once('/')?;
        if subtype.contains('/') {
            return None;
        }
        let (media_type, subtype) = (media_type.trim(), subtype.trim());
        let mut clause = Self { media_type, subtype, parameters, q: 1.0 };
        if let Some(q) = clause.parameter("q") {
            // What cannot be read is the least.
            clause.q = q.parse().ok().filter(|q: &f64| !q.is_nan()).unwrap_or(0.0);
        }
        Some(clause)
    }

    fn protocol(&self) -> Option<Protocol> {
        let version = self.parameter("version").unwrap_or_default();
        match (self.media_type, self.subtype) {
            ("application", "vnd.google.protobuf") => {
                let is_ours = self.parameter("proto") == Some("io.prometheus.client.MetricFamily")
                    && self.parameter("encoding") == Some("delimited");
                is_ours.then_some(Protocol::Protobuf)
            }
            ("application", "openmetrics-text") => match version {
                "2.0.0" => Some(Protocol::OpenMetrics2_0_0),
                "1.0.0" => Some(Protocol::OpenMetrics1_0_0),
                "0.0.1" | "" => Some(Protocol::OpenMetrics0_0_1),
                _ => None,
            },
            ("text", "plain") => match version {
                "1.0.0" => Some(Protocol::Text1_0_0),
                "0.0.4" | "" => Some(Protocol::Text0_0_4),
                _ => None,
            },
            _ => None,
        }
    }

    fn escaping(&self) -> Option<Escaping> {
        Escaping::from_name(self.parameter("escaping")?)
    }

    /// The value of a parameter; where one stands twice, the last counts.
    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.rsplit(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            (key.trim() == name && !value.is_empty() && !value.contains('=')).then(|| value.trim())
        })
    }
}

fn clauses(accept: &str) -> impl Iterator<Item = Clause<'_>> {
    accept.split(',').filter_map(Clause::parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_clause_with_the_highest_q_wins_and_the_first_of_equals() {
        let open_metrics = "application/openmetrics-text;version=1.0.0";
        for (accept, format) in [
            ("", Format::TEXT),
            ("text/plain", Format::TEXT),
            ("text/plain; version=0.0.4", Format::TEXT),
            ("text/plain;version=0.0.3", Format::TEXT),
            ("text/plain;version=1.0.0", Format::TEXT_1_0_0),
            ("application/openmetrics-text", Format::OPEN_METRICS_0_0_1),
            ("application/openmetrics-text;version=2.0.0", Format::OPEN_METRICS_2),
            ("application/openmetrics-text;version=3.0.0", Format::TEXT),
            (&format!("text/plain;q=0.5,{open_metrics}"), Format::OPEN_METRICS),
            (&format!("text/plain;q=0.5,{open_metrics};q=0.5"), Format::TEXT),
            (&format!("text/plain;q=0.5,{open_metrics};q=0.51"), Format::OPEN_METRICS),
            (&format!("text/plain;q=0.1,{open_metrics};q=x"), Format::TEXT),
            (&format!("text/plain;q=0.1,{open_metrics};q=nan"), Format::TEXT),
            (&format!("text/plain;q=0.1,{open_metrics};q=0.05;q=1"), Format::OPEN_METRICS),
            (&format!("*/*,{open_metrics};q=0.1"), Format::OPEN_METRICS),
            ("text/plain/x,application/openmetrics-text/x", Format::TEXT),
        ] {
            assert_eq!(negotiate(accept), format, "{accept}");
        }
    }

    #[test]
    fn escaping_is_that_of_the_last_clause_up_to_the_chosen_one() {
        for (accept, escaping) in [
            ("text/plain", Escaping::Underscores),
            ("text/plain;escaping=dots", Escaping::Dots),
            ("text/plain;escaping=any", Escaping::Underscores),
            ("a/b;escaping=values,text/plain;escaping=dots", Escaping::Dots),
            ("a/b;escaping=values,text/plain", Escaping::Values),
            ("a/b;q=0.5;escaping=values,c/d;escaping=dots,text/plain;q=0.1", Escaping::Values),
            ("text/plain,a/b;escaping=values", Escaping::Underscores),
            ("text/plain;q=0.5,a/b;escaping=values;q=0.4", Escaping::Underscores),
            // Nothing is chosen, so all of them count.
            ("a/b;escaping=values;q=0.1,c/d;escaping=dots", Escaping::Values),
        ] {
            assert_eq!(negotiate(accept), Format::TEXT.with_escaping(escaping), "{accept}");
        }
    }

    /// The rule of the client library of Go: sort, then take the first that is known.
    fn model(accept: &str) -> Format {
        let mut clauses: std::vec::Vec<_> = clauses(accept).collect();
        clauses.sort_by(|a, b| b.q.total_cmp(&a.q));
        let mut escaping = Escaping::Underscores;
        for clause in clauses {
            escaping = clause.escaping().unwrap_or(escaping);
            if let Some(protocol) = clause.protocol() {
                return Format::new(protocol, escaping);
            }
        }
        Format::new(Protocol::Text0_0_4, escaping)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_header_is_answered(accept in any::<std::string::String>()) {
            prop_assert_eq!(negotiate(&accept), model(&accept));
        }

        #[test]
        fn any_preferences_are_heeded(clauses in prop::collection::vec((0usize..6, 0usize..6, 0usize..6), 0..6)) {
            let types = [
                "*/*", "a/b", "text/plain", "text/plain;version=1.0.0", "application/openmetrics-text;version=1.0.0",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
            ];
            let qs = ["", ";q=0", ";q=0.2", ";q=0.5", ";q=1", ";q=x"];
            let schemes = ["", "", ";escaping=dots", ";escaping=values", ";escaping=allow-utf-8", ";escaping=?"];
            let clauses: std::vec::Vec<_> = clauses
                .iter()
                .map(|(t, q, scheme)| format!("{}{}{}", types[*t], qs[*q], schemes[*scheme]))
                .collect();
            let accept = clauses.join(", ");
            prop_assert_eq!(negotiate(&accept), model(&accept));
        }
    }
}
