use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::request::Parts;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::HttpMetrics;
use super::exchange::Exchange;
use super::metrics::method_label;

/// Measures the requests of the service it is put around; made by [`HttpMetrics::layer`].
#[derive(Debug, Clone)]
pub struct HttpLayer<R> {
    metrics: HttpMetrics,
    route: R,
}

impl<R> HttpLayer<R> {
    pub(crate) fn new(metrics: HttpMetrics, route: R) -> Self {
        Self { metrics, route }
    }
}

impl<S, R: Clone> Layer<S> for HttpLayer<R> {
    type Service = MeasuredService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        MeasuredService { inner, metrics: self.metrics.clone(), route: self.route.clone() }
    }
}

/// A service whose requests are measured.
#[derive(Debug, Clone)]
pub struct MeasuredService<S, R> {
    inner: S,
    metrics: HttpMetrics,
    route: R,
}

impl<S, R, B, ResponseBody> Service<Request<B>> for MeasuredService<S, R>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
    R: for<'a> Fn(&'a Parts) -> Option<&'a str>,
    B: Body,
{
    type Response = Response<MeasuredBody<ResponseBody>>;
    type Error = S::Error;
    type Future = MeasuredFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let exchange = Exchange::begin(
            &self.metrics,
            method_label(&parts.method),
            (self.route)(&parts),
            // Where the length is not known beforehand, it is not known at all: what the service leaves
            // unread was sent as well.
            body.size_hint().exact(),
        );
        let inner = self.inner.call(Request::from_parts(parts, body));
        MeasuredFuture { inner, exchange: Some(exchange) }
    }
}

pin_project! {
    /// The response of a [`MeasuredService`], when it comes.
    #[derive(Debug)]
    pub struct MeasuredFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F, B, E> Future for MeasuredFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<MeasuredBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(context));
        let mut exchange = this.exchange.take();
        Poll::Ready(result.map(|response| {
            if let Some(exchange) = &mut exchange {
                exchange.answered(response.status());
            }
            response.map(|inner| MeasuredBody { inner, exchange })
        }))
    }
}

pin_project! {
    /// The body of a response that is measured: with its end, or when it is dropped, the request ends.
    #[derive(Debug)]
    pub struct MeasuredBody<B> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
    }
}

impl<B: Body> Body for MeasuredBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(exchange), Some(data)) = (this.exchange.as_mut(), frame.data_ref()) {
                    exchange.passed(data.remaining());
                }
            }
            Some(Err(_)) | None => drop(this.exchange.take()),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
