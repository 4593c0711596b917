//! What the file has, as the exporters of Prometheus read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::WebConfigError;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) tls_server_config: Option<Tls>,
    pub(crate) http_server_config: Http,
    pub(crate) basic_auth_users: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    pub(crate) cert_file: PathBuf,
    pub(crate) key_file: PathBuf,
    pub(crate) cert: String,
    pub(crate) key: String,
    pub(crate) client_auth_type: ClientAuth,
    pub(crate) client_ca_file: PathBuf,
    pub(crate) client_ca: String,
    pub(crate) client_allowed_sans: Vec<String>,
    pub(crate) min_version: Option<Version>,
    pub(crate) max_version: Option<Version>,
    pub(crate) cipher_suites: Vec<String>,
    pub(crate) curve_preferences: Vec<String>,
    pub(crate) prefer_server_cipher_suites: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            cert_file: PathBuf::new(),
            key_file: PathBuf::new(),
            cert: String::new(),
            key: String::new(),
            client_auth_type: ClientAuth::default(),
            client_ca_file: PathBuf::new(),
            client_ca: String::new(),
            client_allowed_sans: Vec::new(),
            min_version: None,
            max_version: None,
            cipher_suites: Vec::new(),
            curve_preferences: Vec::new(),
            prefer_server_cipher_suites: true,
        }
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum ClientAuth {
    #[default]
    #[serde(alias = "")]
    NoClientCert,
    RequestClientCert,
    RequireAnyClientCert,
    VerifyClientCertIfGiven,
    RequireAndVerifyClientCert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Version {
    #[serde(rename = "TLS10")]
    Tls10,
    #[serde(rename = "TLS11")]
    Tls11,
    #[serde(rename = "TLS12")]
    Tls12,
    #[serde(rename = "TLS13")]
    Tls13,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    pub(crate) http2: bool,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Default for Http {
    fn default() -> Self {
        Self { http2: true, headers: BTreeMap::new() }
    }
}

/// Headers that the file may set, as in every exporter.
pub(crate) const HEADERS: [&str; 5] = [
    "content-security-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
];

impl File {
    /// Reads `text`, which is what `path` holds.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, WebConfigError> {
        // An empty file is no value in YAML, and a configuration that asks for nothing.
        let file: Option<Self> =
            serde_norway::from_str(text).map_err(|error| WebConfigError::new(path, error.to_string()))?;
        Ok(file.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, String> {
        File::parse(Path::new("web.yml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_field_of_the_exporters_is_read() {
        let file = parse(
            "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n  client_auth_type: RequireAndVerifyClientCert\n  \
             client_ca_file: ca.crt\n  client_allowed_sans: [a.example]\n  min_version: TLS13\n  max_version: TLS13\n  \
             cipher_suites: [TLS_AES_128_GCM_SHA256]\n  curve_preferences: [X25519]\n  prefer_server_cipher_suites: false\n\
             http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n\
             basic_auth_users:\n  alice: $2y$10$abc\n",
        )
        .unwrap();
        let tls = file.tls_server_config.unwrap();
        assert_eq!(tls.client_auth_type, ClientAuth::RequireAndVerifyClientCert);
        assert_eq!((tls.min_version, tls.prefer_server_cipher_suites), (Some(Version::Tls13), false));
        assert_eq!(file.basic_auth_users["alice"], "$2y$10$abc");
        assert!(!file.http_server_config.http2);
    }

    #[test]
    fn an_empty_file_asks_for_nothing() {
        for text in ["", "# a comment\n", "{}", "basic_auth_users: {}\n"] {
            let file = parse(text).unwrap();
            assert!(file.tls_server_config.is_none() && file.http_server_config.http2, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_known_or_not_readable_is_named() {
        for (text, expected) in [
            ("tls_config: {}\n", "web.yml: unknown field `tls_config`"),
            ("tls_server_config: {cert_file: a, certs: b}\n", "unknown field `certs`"),
            ("tls_server_config: {min_version: TLS14}\n", "unknown variant `TLS14`"),
            ("tls_server_config: {client_auth_type: Maybe}\n", "unknown variant `Maybe`"),
            ("http_server_config: {http2: sometimes}\n", "invalid type: string \"sometimes\""),
            ("basic_auth_users: [a, b]\n", "basic_auth_users"),
            ("basic_auth_users: {a: b\n", "line"),
            ("a\n", "invalid type"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("web.yml: ") && error.contains(expected), "{text}: {error}");
        }
    }
}
