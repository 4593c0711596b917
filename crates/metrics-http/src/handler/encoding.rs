use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// How a page is compressed on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

/// In the order of preference where a client has none.
const KNOWN: &[(&str, Encoding)] = &[
    #[cfg(feature = "zstd")]
    ("zstd", Encoding::Zstd),
    ("gzip", Encoding::Gzip),
    ("identity", Encoding::Identity),
];

impl Encoding {
    /// The one that the client would rather have; plain where it takes none of those that are here.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Self {
        let mut clauses = Vec::new();
        for value in headers.get_all(ACCEPT_ENCODING) {
            clauses.extend(value.to_str().unwrap_or_default().split(',').filter_map(clause));
        }
        let weight = |name: &str| {
            let of = |wanted: &str| clauses.iter().find(|(n, _)| n.eq_ignore_ascii_case(wanted));
            of(name).or_else(|| of("*")).map(|(_, weight)| *weight)
        };
        // What is not named is not wanted, but for the plain page, which is the last resort.
        let mut best = (0, Self::Identity);
        for (name, encoding) in KNOWN {
            let implied = if *encoding == Self::Identity { 1 } else { 0 };
            let weight = weight(name).unwrap_or(implied);
            if weight > best.0 {
                best = (weight, *encoding);
            }
        }
        best.1
    }

    /// The value of the header `Content-Encoding`.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    /// Lets `write` write a page, and passes it on to `out` compressed.
    pub(crate) fn write<W: Write>(
        self,
        mut out: W,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<W> {
        match self {
            Self::Identity => {
                write(&mut out)?;
                Ok(out)
            }
            Self::Gzip => {
                // A page is so repetitive that the fastest level takes most of it.
                let mut encoder = GzEncoder::new(out, Compression::fast());
                write(&mut encoder)?;
                encoder.finish()
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, 1)?;
                write(&mut encoder)?;
                encoder.finish()
            }
        }
    }
}

/// Name and weight, in thousandths, of one clause of the header; `None` if it is not readable.
fn clause(text: &str) -> Option<(&str, u16)> {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let mut weight = 1000;
    for parameter in parameters.split(';') {
        if let Some((name, value)) = parameter.split_once('=') {
            if name.trim().eq_ignore_ascii_case("q") {
                let value: f32 = value.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
                weight = (value * 1000.0) as u16;
            }
        }
    }
    let name = name.trim();
    (!name.is_empty()).then_some((name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiate(values: &[&'static str]) -> Encoding {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, http::HeaderValue::from_static(value));
        }
        Encoding::negotiate(&headers)
    }

    #[test]
    fn the_weights_of_the_client_decide() {
        use Encoding::{Gzip, Identity};
        for (values, expected) in [
            (&[][..], Identity),
            (&[""], Identity),
            (&["gzip"], Gzip),
            (&["GZIP"], Gzip),
            (&["br, gzip"], Gzip),
            (&["br", "gzip;q=0.5"], Gzip),
            (&["gzip;q=0"], Identity),
            (&["gzip; q=0.4, identity;q=0.6"], Identity),
            (&["gzip;q=0.6, identity ; q=0.4"], Gzip),
            (&["identity;q=0"], Identity),
            (&["*;q=0"], Identity),
            (&["*;q=0, gzip;q=0.1"], Gzip),
            (&["gzip;q=nonsense"], Identity),
            (&["gzip;q=2"], Identity),
            (&["deflate, br"], Identity),
            (&[",,;;,"], Identity),
        ] {
            assert_eq!(negotiate(values), expected, "{values:?}");
        }
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_comes_before_gzip_unless_the_client_says_otherwise() {
        assert_eq!(negotiate(&["gzip, zstd"]), Encoding::Zstd);
        assert_eq!(negotiate(&["*"]), Encoding::Zstd);
        assert_eq!(negotiate(&["gzip, zstd;q=0.9"]), Encoding::Gzip);
        assert_eq!(negotiate(&["*;q=0.5, zstd;q=0"]), Encoding::Gzip);
    }
}
