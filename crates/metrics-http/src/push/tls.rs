use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::PushError;

/// Connects by TLS to who has a certificate of an authority that is trusted.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Arc<ClientConfig>,
}

impl Connector {
    /// Trusts those that the system trusts.
    pub(crate) fn new(url: &str) -> Result<Self, PushError> {
        let mut roots = RootCertStore::empty();
        // Some that cannot be read are none of our business, as long as others can: the handshake tells.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::with_roots(url, roots)
    }

    pub(crate) fn trusting(url: &str, pem: &[u8]) -> Result<Self, PushError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string());
            certificate
                .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()))
                .map_err(|error| {
                    PushError::invalid(url, format!("a certificate that is to be trusted is broken: {error}"))
                })?;
        }
        if roots.is_empty() {
            return Err(PushError::invalid(url, "there is no certificate in PEM in what is to be trusted"));
        }
        Self::with_roots(url, roots)
    }

    fn with_roots(url: &str, roots: RootCertStore) -> Result<Self, PushError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|e| PushError::invalid(url, e.to_string()))?;
        Ok(Self { config: Arc::new(builder.with_root_certificates(roots).with_no_client_auth()) })
    }

    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(self.config.clone()).connect(name, stream).await
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}
