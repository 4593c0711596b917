use std::sync::Arc;

use http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::index;
use crate::Handler;
use crate::body::Body;
use crate::handler::{not_allowed, text};

const POLICY: HeaderName = http::header::CONTENT_SECURITY_POLICY;

/// What is at which path.
#[derive(Debug)]
pub(crate) struct Routes {
    title: String,
    endpoints: Vec<(String, Handler)>,
}

impl Routes {
    pub(crate) fn new(title: String, endpoints: Vec<(String, Handler)>) -> Arc<Self> {
        Arc::new(Self { title, endpoints })
    }

    pub(crate) fn page_threads(&self) -> usize {
        self.endpoints.iter().map(|(_, handler)| handler.at_a_time()).fold(0, usize::saturating_add)
    }

    pub(crate) async fn respond<B>(&self, request: &Request<B>) -> Response<Body> {
        let path = request.uri().path();
        let mut response = match self.endpoints.iter().find(|(other, _)| other == path) {
            Some((_, handler)) => handler.respond(request).await,
            None if !matches!(path, "/" | "/-/healthy") => {
                text(StatusCode::NOT_FOUND, "Nothing is here; the index at / says what there is.\n")
            }
            None if !matches!(*request.method(), Method::GET | Method::HEAD) => not_allowed(),
            // Nobody sees what it would cost.
            None if path == "/" && request.method() == Method::HEAD => index::head(),
            None if path == "/" => index::respond(&self.title, &self.endpoints).await,
            None => text(StatusCode::OK, "Healthy.\n"),
        };
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if path == "/" {
            // The index brings its style and script with it, and loads nothing.
            let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
            headers.insert(POLICY, HeaderValue::from_static(policy));
        }
        response
    }
}
