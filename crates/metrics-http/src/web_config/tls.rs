//! From the file to what `rustls` serves with.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::clients::{AllowedNames, AnyCertificate};
use super::file::{ClientAuth, Tls, Version};
use super::{Stamp, WebConfigError, stamp};

/// Where the files are that the configuration names, and which were read.
pub(crate) struct Files<'a> {
    pub(crate) config: &'a Path,
    /// Each as it was just before, so that a change meanwhile is a change.
    pub(crate) read: Vec<(PathBuf, Stamp)>,
}

impl Files<'_> {
    /// Reads `file`, whose path is as seen from the configuration, or takes what stands in its place.
    fn get(&mut self, field: &str, file: &Path, inline: &str) -> Result<(PathBuf, Vec<u8>), WebConfigError> {
        match (file.as_os_str().is_empty(), inline.is_empty()) {
            (true, true) => Err(self.error(format!("{field} is missing"))),
            (false, false) => Err(self.error(format!("{field} is given twice, as a file and inline"))),
            (true, false) => Ok((self.config.to_owned(), inline.as_bytes().to_vec())),
            (false, true) => {
                let path = self.config.parent().unwrap_or(Path::new("")).join(file);
                self.read.push((path.clone(), stamp(&path)));
                let content = std::fs::read(&path).map_err(|error| WebConfigError::read(&path, &error))?;
                Ok((path, content))
            }
        }
    }

    fn error(&self, problem: impl Into<String>) -> WebConfigError {
        WebConfigError::new(self.config, problem)
    }
}

pub(crate) fn server_config(
    tls: &Tls,
    http2: bool,
    files: &mut Files<'_>,
) -> Result<ServerConfig, WebConfigError> {
    let (cert_path, cert) = files.get("tls_server_config.cert_file", &tls.cert_file, &tls.cert)?;
    let certificates = certificates(&cert_path, &cert)?;
    let (key_path, key) = files.get("tls_server_config.key_file", &tls.key_file, &tls.key)?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|error| WebConfigError::new(&key_path, format!("is not a private key in PEM: {error}")))?;

    let provider = Arc::new(provider(tls, files)?);
    let versions = versions(tls, files)?;
    let verifier = client_verifier(tls, &provider, files)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|error| files.error(format!("tls_server_config: {error}")))?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(certificates, key).map_err(|error| {
        WebConfigError::new(
            &key_path,
            format!("does not fit the certificate {}: {error}", cert_path.display()),
        )
    })?;
    config.ignore_client_order = tls.prefer_server_cipher_suites;
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, WebConfigError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(WebConfigError::new(path, "has no certificate in PEM")),
        Err(error) => Err(WebConfigError::new(path, format!("has a broken certificate: {error}"))),
    }
}

/// The ciphers and curves that the file allows, of those that there are.
fn provider(tls: &Tls, files: &Files<'_>) -> Result<CryptoProvider, WebConfigError> {
    let mut provider = ring::default_provider();
    if !tls.cipher_suites.is_empty() {
        let mut chosen = Vec::new();
        for name in &tls.cipher_suites {
            // Those of TLS 1.3 are named with their version here, and without it in the file.
            let found = provider.cipher_suites.iter().find(|suite| {
                let known = format!("{:?}", suite.suite());
                known == *name || known.replace("TLS13_", "TLS_") == *name
            });
            let found = found.ok_or_else(|| {
                files.error(format!(
                    "tls_server_config.cipher_suites: {name:?} is not known here, or not safe"
                ))
            })?;
            chosen.push(*found);
        }
        provider.cipher_suites = chosen;
    }
    if !tls.curve_preferences.is_empty() {
        let mut chosen = Vec::new();
        for name in &tls.curve_preferences {
            let known = match &**name {
                "CurveP256" => "secp256r1",
                "CurveP384" => "secp384r1",
                "X25519" => "X25519",
                _ => "",
            };
            let found = provider.kx_groups.iter().find(|group| format!("{:?}", group.name()) == known);
            let found = found.ok_or_else(|| {
                files.error(format!("tls_server_config.curve_preferences: {name:?} is not known here"))
            })?;
            chosen.push(*found);
        }
        provider.kx_groups = chosen;
    }
    Ok(provider)
}

fn versions(tls: &Tls, files: &Files<'_>) -> Result<Vec<&'static SupportedProtocolVersion>, WebConfigError> {
    // Older versions are not safe, and not spoken, whatever the file allows.
    let from = tls.min_version.unwrap_or(Version::Tls12);
    let to = tls.max_version.unwrap_or(Version::Tls13);
    let known = [(Version::Tls12, &TLS12), (Version::Tls13, &TLS13)];
    let versions: Vec<_> =
        known.iter().filter(|(version, _)| (from..=to).contains(version)).map(|(_, known)| *known).collect();
    if versions.is_empty() {
        return Err(
            files.error("tls_server_config: no version from min_version to max_version is TLS 1.2 or 1.3")
        );
    }
    Ok(versions)
}

fn client_verifier(
    tls: &Tls,
    provider: &Arc<CryptoProvider>,
    files: &mut Files<'_>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, WebConfigError> {
    let verifies = matches!(
        tls.client_auth_type,
        ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert
    );
    let has_ca = !tls.client_ca_file.as_os_str().is_empty() || !tls.client_ca.is_empty();
    if !verifies && (has_ca || !tls.client_allowed_sans.is_empty()) {
        return Err(files.error(
            "tls_server_config: client_ca_file or client_allowed_sans is given, but client_auth_type verifies nobody",
        ));
    }
    if tls.client_auth_type == ClientAuth::RequireAnyClientCert {
        return Ok(Some(Arc::new(AnyCertificate::new(provider.clone()))));
    }
    if !verifies {
        // What nobody looks at need not be asked for.
        return Ok(None);
    }
    let (path, pem) = files.get("tls_server_config.client_ca_file", &tls.client_ca_file, &tls.client_ca)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&path, &pem)? {
        roots.add(certificate).map_err(|error| {
            WebConfigError::new(&path, format!("has a certificate that cannot be used: {error}"))
        })?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let builder = match tls.client_auth_type {
        ClientAuth::VerifyClientCertIfGiven => builder.allow_unauthenticated(),
        _ => builder,
    };
    let verifier = builder.build().map_err(|error| WebConfigError::new(&path, error.to_string()))?;
    if tls.client_allowed_sans.is_empty() {
        return Ok(Some(verifier));
    }
    let names: Result<Vec<_>, _> =
        tls.client_allowed_sans.iter().map(|name| allowed_name(name, files)).collect();
    Ok(Some(Arc::new(AllowedNames::new(verifier, names?))))
}

fn allowed_name(name: &str, files: &Files<'_>) -> Result<ServerName<'static>, WebConfigError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    ServerName::try_from(name.to_owned()).map_err(|_| {
        files.error(format!(
            "tls_server_config.client_allowed_sans: {name:?} is neither the name of a host nor an address"
        ))
    })
}
