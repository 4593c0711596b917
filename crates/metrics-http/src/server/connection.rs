use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;

use super::Limits;
use super::connections::Place;
use super::routes::Routes;

/// Serves one connection until it ends, has to make room, or the server ends.
pub(crate) async fn serve<S>(
    stream: S,
    routes: Arc<Routes>,
    limits: Limits,
    place: Place,
    mut end: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.stall));
    let stream = Box::pin(stream);

    let requests = place.requests();
    let service = service_fn(move |request: Request<Incoming>| {
        let (routes, busy) = (routes.clone(), requests.begin());
        async move {
            let mut response = routes.respond(&request).await;
            if let Ok(response) = &mut response {
                response.body_mut().guard = Some(Box::new(busy));
            }
            response
        }
    });
    let connection = builder(&limits).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let mut ending = false;
    loop {
        tokio::select! {
            // A client that goes away in the middle is no concern of ours.
            _ = &mut connection => return,
            () = place.closed() => return,
            // An error means that the server is gone.
            _ = end.wait_for(|end| *end), if !ending => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.idle).max_buf_size(limits.header_bytes);
    builder
}
