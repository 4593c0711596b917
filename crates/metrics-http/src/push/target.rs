//! A server that takes what is pushed, and how it is reached.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, RETRY_AFTER, USER_AGENT};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::PushError;
use super::error::PushProblem;

/// The server of a URL.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Without the password, for messages.
    url: String,
    host: String,
    port: u16,
    authority: HeaderValue,
    /// The path of the URL, without a slash at its end.
    pub(crate) path: String,
    query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) time_limit: Duration,
    #[cfg(feature = "tls")]
    tls: Option<super::tls::Connector>,
}

/// What is sent.
pub(crate) struct Message {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A reason for a refusal is a line; more of it is not read.
const LONGEST_ANSWER: usize = 16 * 1024;

impl Target {
    pub(crate) fn parse(url: &str, time_limit: Duration) -> Result<Self, PushError> {
        // A password must not stand in a message.
        let without_user = match (url.find("://"), url.find('@')) {
            (Some(start), Some(at)) if at > start => format!("{}{}", &url[..start + 3], &url[at + 1..]),
            _ => url.to_owned(),
        };
        let invalid = |problem: &str| PushError::invalid(&*without_user, problem);
        let uri: Uri = url.parse().map_err(|error| invalid(&format!("it is no URL: {error}")))?;
        let no_server = "it is no URL of a server: it begins with http://, or https://";
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(invalid(no_server));
        };
        let secure = *scheme == Scheme::HTTPS;
        if !secure && *scheme != Scheme::HTTP {
            return Err(invalid(no_server));
        }
        #[cfg(not(feature = "tls"))]
        if secure {
            return Err(invalid("https:// needs the feature `tls` of metrics-http"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("rutheus/", env!("CARGO_PKG_VERSION"))));
        let (user, server) = match authority.as_str().rsplit_once('@') {
            Some((user, server)) => (Some(user), server),
            None => (None, authority.as_str()),
        };
        if let Some(user) = user {
            let decoded: Vec<u8> = percent_encoding::percent_decode_str(user).collect();
            let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(decoded)));
            headers.insert(AUTHORIZATION, value.map_err(|_| invalid("its user is not readable"))?);
        }
        // Without one there is nothing after the host.
        let has_port = server.len() > authority.host().len();
        let port = match authority.port_u16() {
            None if has_port => return Err(invalid("it is no URL of a server: its port is none")),
            port => port.unwrap_or(if secure { 443 } else { 80 }),
        };
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self {
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            authority: HeaderValue::from_str(server).map_err(|_| invalid("its host is not readable"))?,
            path,
            query: uri.query().map(str::to_owned),
            headers,
            time_limit,
            #[cfg(feature = "tls")]
            tls: if secure { Some(super::tls::Connector::new(&without_user)?) } else { None },
            url: without_user,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Trusts the certificates in `pem` and no others.
    #[cfg(feature = "tls")]
    pub(crate) fn trust(&mut self, pem: &[u8]) -> Result<(), PushError> {
        let connector = super::tls::Connector::trusting(&self.url, pem)?;
        if self.tls.is_some() {
            self.tls = Some(connector);
        }
        Ok(())
    }

    /// Sends a message, and waits until it is taken.
    pub(crate) async fn send(&self, message: Message) -> Result<(), PushError> {
        let url = match message.path.as_str() {
            path if path == self.path => self.url.clone(),
            path => {
                let end = self.url.find("://").map_or(0, |start| start + 3);
                let end = self.url[end..].find('/').map_or(self.url.len(), |slash| end + slash);
                format!("{}{path}", &self.url[..end])
            }
        };
        match tokio::time::timeout(self.time_limit, self.exchange(message)).await {
            Ok(result) => result.map_err(|problem| PushError::new(url, problem)),
            Err(_) => Err(PushError::new(url, PushProblem::Late(self.time_limit))),
        }
    }

    async fn exchange(&self, message: Message) -> Result<(), PushProblem> {
        let stream = TcpStream::connect((&*self.host, self.port));
        let stream = stream.await.map_err(|e| PushProblem::Connection(format!("cannot connect: {e}")))?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let stream = tls.connect(&self.host, stream).await;
            let stream = stream.map_err(|e| PushProblem::Connection(format!("cannot connect: {e}")))?;
            return self.exchange_over(stream, message).await;
        }
        self.exchange_over(stream, message).await
    }

    async fn exchange_over<S>(&self, stream: S, message: Message) -> Result<(), PushProblem>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| PushProblem::Connection(format!("the connection broke: {error}"));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let mut connection = std::pin::pin!(connection);
        let exchange = async {
            let response = sender.send_request(self.request(message)?).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            if head.status.is_success() {
                return Ok(());
            }
            Err(PushProblem::Status {
                status: head.status.as_u16(),
                body: reason(body).await,
                retry_after: retry_after(&head.headers),
            })
        };
        let mut exchange = std::pin::pin!(exchange);
        let mut connected = true;
        loop {
            tokio::select! {
                result = &mut exchange => return result,
                // The exchange knows how it ended.
                _ = &mut connection, if connected => connected = false,
            }
        }
    }

    fn request(&self, message: Message) -> Result<Request<Full<Bytes>>, PushProblem> {
        let path = match &self.query {
            Some(query) => format!("{}?{query}", message.path),
            None => message.path,
        };
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let path: PathAndQuery =
            path.parse().map_err(|error| PushProblem::Invalid(format!("{path:?} is no path: {error}")))?;
        let mut request = Request::new(Full::new(message.body));
        *request.method_mut() = message.method;
        *request.uri_mut() = path.into();
        *request.headers_mut() = message.headers;
        request.headers_mut().extend(self.headers.clone());
        request.headers_mut().insert(HOST, self.authority.clone());
        Ok(request)
    }
}

/// What a server says of a refusal, on one line.
async fn reason<B: Body>(body: B) -> String
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let read = Limited::new(body, LONGEST_ANSWER).collect().await;
    let text = read.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let target = Target::parse("http://al:s%3Acret@gateway.example/base/?a=b", Duration::ZERO).unwrap();
        assert_eq!((&*target.host, target.port, &*target.path), ("gateway.example", 80, "/base"));
        assert_eq!(target.headers[AUTHORIZATION], format!("Basic {}", STANDARD.encode("al:s:cret")));
        assert_eq!(target.url(), "http://gateway.example/base/?a=b");
        assert_eq!(target.query.as_deref(), Some("a=b"));

        let target = Target::parse("http://[::1]:9091", Duration::ZERO).unwrap();
        assert_eq!((&*target.host, target.port, &*target.path), ("::1", 9091, ""));
        assert_eq!(target.authority, "[::1]:9091");
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "gateway:9091",
            "/metrics",
            "ftp://gateway",
            "http://",
            "http://a b",
            "http://host:port",
            "http://host:",
            "http://host:99999",
        ] {
            let error = Target::parse(url, Duration::ZERO).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{url}: it is no URL")), "{error}");
        }
    }
}
