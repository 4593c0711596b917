//! What is counted of requests, served and sent.

mod common;

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::routing::{get, post};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use metrics_exposition::generate_metrics;
use metrics_http::HttpMetrics;
use tower::{Layer, Service, ServiceExt, service_fn};

fn matched(request: &Parts) -> Option<&str> {
    request.extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

fn has(metrics: &HttpMetrics, line: &str) {
    let page = generate_metrics(metrics);
    assert!(page.lines().any(|other| other == line), "{line} is not on the page:\n{page}");
}

fn request(method: &str, path: &str, body: &'static str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn requests_of_axum_are_counted_by_method_matched_route_and_status() {
    let metrics = HttpMetrics::server();
    let app = Router::new()
        .route("/users/{id}", get(|| async { "a user" }))
        .route("/users", post(|body: String| async move { (StatusCode::CREATED, body) }))
        .layer(metrics.layer(matched));
    for (method, path, body, status) in [
        ("GET", "/users/1", "", 200),
        ("GET", "/users/2", "", 200),
        ("POST", "/users", "four", 201),
        ("GET", "/nothing/here", "", 404),
        ("GET", "/nothing/there", "", 404),
        ("BREW", "/users", "", 405),
        ("MELT", "/users", "", 405),
    ] {
        let response = app.clone().oneshot(request(method, path, body)).await.unwrap();
        assert_eq!(response.status(), status);
        response.into_body().collect().await.unwrap();
    }
    for line in [
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/users/{id}",http_response_status_code="200"} 2"#,
        r#"http_server_response_body_size_bytes_sum{http_request_method="GET",http_route="/users/{id}",http_response_status_code="200"} 12"#,
        r#"http_server_request_body_size_bytes_sum{http_request_method="POST",http_route="/users",http_response_status_code="201"} 4"#,
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="_OTHER",http_response_status_code="404"} 2"#,
        r#"http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="/users",http_response_status_code="405"} 2"#,
        r#"http_server_active_requests{http_request_method="GET"} 0"#,
        r#"http_server_active_requests{http_request_method="_OTHER"} 0"#,
    ] {
        has(&metrics, line);
    }
    assert!(!generate_metrics(&metrics).contains("nothing"));
}

#[tokio::test]
async fn a_request_is_under_way_until_the_last_byte_of_its_body() {
    let metrics = HttpMetrics::server_like_pytheus();
    let pieces = || {
        let mut left = 3;
        StreamBody::new(stream(move || {
            left -= 1;
            (left >= 0)
                .then(|| Ok::<_, Infallible>(http_body::Frame::data(bytes::Bytes::from_static(b"piece"))))
        }))
    };
    let service = service_fn(move |_: Request<Full<&'static [u8]>>| async move {
        Ok::<_, Infallible>(Response::new(pieces()))
    });
    let mut service = metrics.layer(|_| Some("/large")).layer(service);
    let mut call = || service.call(Request::new(Full::new(&b""[..])));
    let running = |count| has(&metrics, &format!("http_requests_in_progress{{method=\"GET\"}} {count}"));
    let seconds = r#"http_request_duration_seconds_count{method="GET",route="/large",status_code="200"}"#;

    let mut body = call().await.unwrap().into_body();
    running(1);
    assert!(!generate_metrics(&metrics).contains(seconds));
    while body.frame().await.is_some() {}
    running(0);
    has(&metrics, &format!("{seconds} 1"));
    // Once, although the body is dropped only now.
    drop(body);
    has(&metrics, &format!("{seconds} 1"));
    let bytes = r#"http_response_size_bytes_sum{method="GET",route="/large",status_code="200"}"#;
    has(&metrics, &format!("{bytes} 15"));

    // A client that goes away in the middle ends the request too, with what it got.
    let mut body = call().await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    running(1);
    drop(body);
    running(0);
    has(&metrics, &format!("{seconds} 2"));
    has(&metrics, &format!("{bytes} 20"));
}

#[tokio::test]
async fn a_request_without_a_response_has_no_status() {
    let metrics = HttpMetrics::server();
    let service = service_fn(|request: Request<Full<&'static [u8]>>| async move {
        if request.uri().path() == "/hang" {
            pending::<()>().await;
        }
        Err::<Response<Full<&'static [u8]>>, _>("it failed")
    });
    let mut service = metrics.layer(|request| Some(request.uri.path())).layer(service);
    let mut call = |path| service.call(Request::get(path).body(Full::new(&b""[..])).unwrap());
    assert_eq!(call("/fail").await.unwrap_err(), "it failed");
    let mut hangs = Box::pin(call("/hang"));
    poll_fn(|context| {
        assert!(hangs.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    has(&metrics, r#"http_server_active_requests{http_request_method="GET"} 1"#);
    drop(hangs);
    has(&metrics, r#"http_server_active_requests{http_request_method="GET"} 0"#);
    for path in ["/fail", "/hang"] {
        has(
            &metrics,
            &format!(
                "http_server_request_duration_seconds_count{{http_request_method=\"GET\",http_route=\"{path}\",http_response_status_code=\"\"}} 1"
            ),
        );
    }
}

#[tokio::test]
async fn requests_that_are_sent_are_counted_by_server() {
    let metrics = HttpMetrics::client();
    let client = service_fn(|_: Request<Full<&'static [u8]>>| async {
        Ok::<_, Infallible>(Response::new(Full::new(&b"hello"[..])))
    });
    let client = metrics.layer(|request| request.uri.host()).layer(client);
    let request = Request::post("http://db.example:8080/query").body(Full::new(&b"abc"[..])).unwrap();
    client.oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    for (name, value) in [("duration_seconds_count", 1), ("body_size_bytes_sum", 3)] {
        has(
            &metrics,
            &format!(
                "http_client_request_{name}{{http_request_method=\"POST\",server_address=\"db.example\",http_response_status_code=\"200\"}} {value}"
            ),
        );
    }
}

#[test]
fn known_methods_have_their_name() {
    let metrics = HttpMetrics::server();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"] {
        let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::new(&b""[..]))) });
        let service = metrics.layer(|_| None).layer(service);
        let mut request = Request::new(Full::new(&b""[..]));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        drop(runtime.block_on(service.oneshot(request)));
        has(&metrics, &format!("http_server_active_requests{{http_request_method=\"{method}\"}} 0"));
    }
}

/// A stream of what `next` returns, which is all that a body needs.
fn stream<T>(next: impl FnMut() -> Option<T>) -> impl futures_core::Stream<Item = T> {
    struct Next<F>(F);
    impl<T, F: FnMut() -> Option<T> + Unpin> futures_core::Stream for Next<F> {
        type Item = T;
        fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Option<T>> {
            Poll::Ready((self.0)())
        }
    }
    Next(Box::new(next))
}
