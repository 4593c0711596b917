//! What a web configuration asks for; nothing where there is none.

#[cfg(feature = "tls")]
pub(crate) use with_tls::Security;
#[cfg(not(feature = "tls"))]
pub(crate) use without_tls::Security;

#[cfg(feature = "tls")]
mod with_tls {
    use std::sync::Arc;

    use http::{HeaderMap, Response};

    use crate::WebConfig;
    use crate::body::Body;

    #[derive(Debug, Clone, Default)]
    pub(crate) struct Security {
        config: Option<WebConfig>,
    }

    impl Security {
        pub(crate) fn new(config: WebConfig) -> Self {
            Self { config: Some(config) }
        }

        pub(crate) async fn refusal(&self, headers: &HeaderMap) -> Option<Response<Body>> {
            self.config.as_ref()?.loaded().refusal(headers).await
        }

        pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
            if let Some(config) = &self.config {
                config.loaded().add_headers(headers);
            }
        }

        pub(crate) fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
            self.config.as_ref()?.loaded().tls()
        }

        /// Keeps the configuration up to date for as long as it is polled.
        pub(crate) async fn watch(self) {
            match &self.config {
                Some(config) => config.watch().await,
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(not(feature = "tls"))]
mod without_tls {
    use http::{HeaderMap, Response};

    use crate::body::Body;

    #[derive(Debug, Clone, Default)]
    pub(crate) struct Security {}

    #[allow(clippy::unused_self, reason = "the same as with TLS")]
    impl Security {
        #[allow(clippy::unused_async, reason = "the same as with TLS")]
        pub(crate) async fn refusal(&self, _: &HeaderMap) -> Option<Response<Body>> {
            None
        }

        pub(crate) fn add_headers(&self, _: &mut HeaderMap) {}

        pub(crate) async fn watch(self) {
            std::future::pending::<()>().await;
        }
    }
}
