use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;

use super::Limits;
use super::connections::{Place, Requests};
use super::routes::Routes;
use super::security::Security;
use crate::body::Body;

/// What every connection of a server has in common.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) routes: Arc<Routes>,
    pub(crate) security: Security,
    pub(crate) limits: Limits,
    /// Becomes true when the server ends.
    pub(crate) end: watch::Receiver<bool>,
}

/// Serves one connection until it ends, has to make room, or the server ends.
pub(crate) async fn serve<S>(stream: S, shared: Shared, place: Place)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    tokio::select! {
        () = place.closed() => {}
        () = serve_stream(stream, &shared, place.requests()) => {}
    }
}

async fn serve_stream<S>(stream: S, shared: &Shared, requests: Requests)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(shared.limits.stall));
    let stream = Box::pin(stream);
    let service = ConnectionService { shared: shared.clone(), requests };
    #[cfg(feature = "tls")]
    if let Some(config) = shared.security.tls() {
        return serve_tls(stream, config, shared, service).await;
    }
    serve_http1(stream, shared, service).await;
}

async fn serve_http1<S>(stream: S, shared: &Shared, service: ConnectionService)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &shared.limits;
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.idle).max_buf_size(limits.header_bytes);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A client that goes away in the middle is no concern of ours.
        _ = &mut connection => return,
        () = shared.ended() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(feature = "tls")]
async fn serve_tls<S>(
    stream: S,
    config: Arc<rustls::ServerConfig>,
    shared: &Shared,
    service: ConnectionService,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = tokio_rustls::TlsAcceptor::from(config).accept(stream);
    let stream = tokio::select! {
        result = tokio::time::timeout(shared.limits.idle, handshake) => match result {
            Ok(Ok(stream)) => stream,
            // Not a client of TLS, without the certificate that it needs, or too slow.
            _ => return,
        },
        () = shared.ended() => return,
    };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        serve_http2(stream, shared, service).await;
    } else {
        serve_http1(stream, shared, service).await;
    }
}

#[cfg(feature = "tls")]
async fn serve_http2<S>(stream: S, shared: &Shared, service: ConnectionService)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Requests of one connection at a time.
    const STREAMS: u32 = 16;

    let limits = &shared.limits;
    let mut builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(limits.header_bytes.try_into().unwrap_or(u32::MAX))
        .max_send_buf_size(64 * 1024)
        .keep_alive_interval(limits.idle)
        .keep_alive_timeout(limits.stall);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = &mut connection => return,
        () = shared.ended() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Shared {
    async fn ended(&self) {
        // An error means that the server is gone.
        let _ = self.end.clone().wait_for(|end| *end).await;
    }

    async fn respond(&self, request: &Request<Incoming>) -> Response<Body> {
        let mut response = match self.security.refusal(request.headers()).await {
            Some(refusal) => refusal,
            None => self.routes.respond(request).await,
        };
        self.security.add_headers(response.headers_mut());
        response
    }
}

/// Answers the requests of one connection.
#[derive(Debug)]
struct ConnectionService {
    shared: Shared,
    requests: Requests,
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (shared, busy) = (self.shared.clone(), self.requests.begin());
        Box::pin(async move {
            let mut response = shared.respond(&request).await;
            response.body_mut().guard = Some(Box::new(busy));
            Ok(response)
        })
    }
}
