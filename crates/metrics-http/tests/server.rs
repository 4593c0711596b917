//! What the server answers.

mod common;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use common::{Gate, Large, PATIENCE, answer, connect, exchange, get, is_closed, wait_until};
use flate2::read::GzDecoder;
use metrics_core::{Collector, Counter, Gauge, Metric, Scrape};
use metrics_http::{Handle, ServeError, Server};

static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");
static DEPTH: Metric<Gauge> = Metric::gauge("queue_depth", "Jobs that wait.");

const HITS_PAGE: &str =
    "# HELP cache_hits_total Cache hits.\n# TYPE cache_hits_total counter\ncache_hits_total 0\n";

fn server() -> Handle {
    metrics_http::spawn(0, &HITS).unwrap()
}

#[test]
fn a_scrape_gets_the_page_with_its_type_and_length() {
    let server = server();
    let page = get(&server, "/metrics", "");
    assert_eq!((page.status, page.text()), (200, HITS_PAGE));
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
    );
    assert_eq!(page.header("content-length"), Some(&*HITS_PAGE.len().to_string()));
    assert_eq!(page.header("content-encoding"), None);
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("vary"), Some("accept, accept-encoding"));
    // A query that nobody knows does not matter.
    assert_eq!(get(&server, "/metrics?x=1", "").text(), HITS_PAGE);
    server.shutdown().unwrap();
}

#[test]
fn other_paths_and_methods_are_answered() {
    let server = server();
    assert_eq!(get(&server, "/-/healthy", "").text(), "Healthy.\n");
    assert_eq!(get(&server, "/nothing", "").status, 404);
    assert_eq!(get(&server, "/metrics/", "").status, 404);

    let head = exchange(&server, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        head.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
    );
    assert_eq!(head.header("content-length"), None);
    let head = exchange(&server, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(head.header("content-length"), None);
    for path in ["/metrics", "/", "/-/healthy"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            let refused = exchange(
                &server,
                &format!(
                    "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
                ),
            );
            assert_eq!(refused.status, 405, "{method} {path}");
            assert_eq!(refused.header("allow"), Some("GET, HEAD"));
        }
    }
    server.shutdown().unwrap();
}

#[test]
fn endpoints_have_registries_of_their_own() {
    let server = Server::new()
        .endpoint("/metrics", Large(1))
        .endpoint("internal", &DEPTH)
        .endpoint("/metrics", &HITS)
        .bind(0)
        .unwrap()
        .spawn()
        .unwrap();
    assert_eq!(get(&server, "/metrics", "").text(), HITS_PAGE);
    assert!(get(&server, "/internal", "").text().ends_with("queue_depth 0\n"));
    server.shutdown().unwrap();
}

#[test]
fn a_page_is_compressed_if_the_client_takes_it() {
    let server = metrics_http::spawn(0, Large(10_000)).unwrap();
    let plain = get(&server, "/metrics", "");
    assert!(plain.whole && plain.header("content-length").is_none(), "a large page is streamed");
    assert_eq!(plain.text().lines().count(), 10_002);

    let zipped = get(&server, "/metrics", "Accept-Encoding: gzip;q=0.8, identity;q=0.1\r\n");
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert!(zipped.whole && zipped.body.len() * 5 < plain.body.len());
    let mut page = String::new();
    GzDecoder::new(&*zipped.body).read_to_string(&mut page).unwrap();
    assert!(page == plain.text());

    #[cfg(feature = "zstd")]
    {
        let packed = get(&server, "/metrics", "Accept-Encoding: gzip, zstd\r\n");
        assert_eq!(packed.header("content-encoding"), Some("zstd"));
        assert!(zstd::decode_all(&*packed.body).unwrap() == plain.body);
    }
    server.shutdown().unwrap();
}

#[test]
fn a_client_gets_the_families_that_it_asks_for() {
    let server = metrics_http::spawn(0, (&HITS, &DEPTH)).unwrap();
    let depth = "# HELP queue_depth Jobs that wait.\n# TYPE queue_depth gauge\nqueue_depth 0\n";
    let all = format!("{HITS_PAGE}{depth}");
    for (query, expected) in [
        ("name[]=queue_depth", depth),
        ("name%5B%5D=cache%5Fhits_total", HITS_PAGE),
        ("name[]=queue_depth&name[]=cache_hits_total&name[]=nothing", &all),
        ("name[]=nothing", ""),
        ("name=queue_depth", &all),
        ("", &all),
    ] {
        let page = get(&server, &format!("/metrics?{query}"), "");
        assert_eq!((page.status, page.text()), (200, expected), "{query}");
    }
    server.shutdown().unwrap();
}

#[test]
fn a_page_is_in_the_format_that_the_client_would_rather_have() {
    let server = server();
    let protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    for (accept, content_type, end) in [
        (
            "text/html, */*;q=0.1",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            "_total 0\n",
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8, text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            "cache_hits_total 0\n# EOF\n",
        ),
        (
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=underscores",
            "# EOF\n",
        ),
        (
            protobuf,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; \
             escaping=underscores",
            "",
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let page = exchange(
                &server,
                &format!(
                    "{method} /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: {accept}\r\n\r\n"
                ),
            );
            assert_eq!((page.status, page.header("content-type")), (200, Some(content_type)), "{accept}");
            assert!(method == "HEAD" || page.body.ends_with(end.as_bytes()), "{accept}: {page:?}");
        }
    }
    // In several lines it is one header.
    let lines = "Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text;version=1.0.0\r\n";
    assert!(get(&server, "/metrics", lines).text().ends_with("# EOF\n"));
    let zipped = get(&server, "/metrics", &format!("Accept-Encoding: gzip\r\nAccept: {protobuf}\r\n"));
    let mut page = Vec::new();
    GzDecoder::new(&*zipped.body).read_to_end(&mut page).unwrap();
    let name = b"cache_hits_total";
    assert!(page.windows(name.len()).any(|window| window == name));
    server.shutdown().unwrap();
}

#[test]
fn a_connection_serves_many_requests() {
    let server = server();
    let mut stream = connect(&server);
    for _ in 0..100 {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut bytes = vec![0; 1024];
        let mut read = 0;
        while !bytes[..read].ends_with(b"cache_hits_total 0\n") {
            let more = stream.read(&mut bytes[read..]).unwrap();
            assert!(more > 0);
            read += more;
        }
        assert_eq!(answer(&bytes[..read]).text(), HITS_PAGE);
    }
    server.shutdown().unwrap();
}

#[test]
fn a_collector_that_is_slow_is_answered_for_with_503_within_the_time_of_the_client() {
    let gate = Gate::default();
    let server = metrics_http::spawn(0, gate.clone()).unwrap();
    let late = get(&server, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n");
    assert_eq!((late.status, late.header("retry-after")), (503, Some("1")));
    assert!(late.text().contains("a collector is slow"));
    // The runtime was never held up, and no nonsense shortens or breaks the time.
    assert_eq!(get(&server, "/-/healthy", "").status, 200);
    gate.open();
    for nonsense in ["0", "-1", "NaN", "inf", "1e300", "ten", ""] {
        let page = get(&server, "/metrics", &format!("X-Prometheus-Scrape-Timeout-Seconds: {nonsense}\r\n"));
        assert_eq!(page.status, 200, "{nonsense}");
    }
    server.shutdown().unwrap();
}

#[test]
fn no_more_pages_are_written_at_a_time_than_allowed() {
    let gate = Gate::default();
    let server = Server::new().endpoint("/metrics", gate.clone()).scrapes_at_a_time(2).bind(0).unwrap();
    let server = server.spawn().unwrap();
    std::thread::scope(|scope| {
        let scrapes: Vec<_> = (0..2).map(|_| scope.spawn(|| get(&server, "/metrics", ""))).collect();
        gate.wait_for(2);
        // The third does not get to the collector.
        let third = get(&server, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n");
        assert_eq!(third.status, 503);
        gate.open();
        for scrape in scrapes {
            assert_eq!(scrape.join().unwrap().status, 200);
        }
    });
    gate.wait_for(2);
    assert_eq!(get(&server, "/metrics", "").status, 200);
    server.shutdown().unwrap();
}

#[test]
fn a_client_that_takes_nothing_gives_way_to_others() {
    let server = Server::new().endpoint("/metrics", Large(200_000)).scrapes_at_a_time(1).bind(0).unwrap();
    let server = server.spawn().unwrap();
    let mut lazy = connect(&server);
    lazy.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut first = [0; 1];
    lazy.read_exact(&mut first).unwrap();

    let page = get(&server, "/metrics", "");
    assert!(page.whole && page.text().lines().count() == 200_002);
    // The lazy one is told that its page is not whole.
    let mut rest = first.to_vec();
    let _ = lazy.read_to_end(&mut rest);
    assert!(!answer(&rest).whole);
    server.shutdown().unwrap();
}

#[test]
fn a_panic_of_the_whole_collector_is_on_the_page() {
    struct Bad;
    impl Collector for Bad {
        fn collect(&self, _: &mut Scrape<'_>) {
            panic!("on purpose");
        }
        fn describe(&self, _: &mut dyn FnMut(metrics_core::MetricName<'_>, &metrics_core::Descriptor<'_>)) {}
    }
    let server = metrics_http::spawn(0, Bad).unwrap();
    let page = get(&server, "/metrics", "");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("rutheus_scrape_errors{family=\"collector\",reason=\"panicked\"} 1\n"));
    server.shutdown().unwrap();
}

#[test]
fn a_shutdown_answers_what_is_under_way_and_closes_the_rest() {
    let gate = Gate::default();
    let server = metrics_http::spawn(0, gate.clone()).unwrap();
    let mut idle = connect(&server);
    let mut under_way = connect(&server);
    under_way.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    gate.wait_for(1);
    let address = common::address(&server);
    let end = std::thread::spawn(move || server.shutdown());
    // Nobody is let in any more.
    wait_until("the listener is closed", || std::net::TcpStream::connect(address).is_err());
    gate.open();
    let mut bytes = Vec::new();
    under_way.read_to_end(&mut bytes).unwrap();
    assert_eq!(answer(&bytes).status, 200);
    end.join().unwrap().unwrap();
    assert!(is_closed(&mut idle));
}

#[test]
fn a_collector_that_hangs_does_not_hold_up_the_shutdown() {
    let gate = Gate::default();
    let server = Server::new()
        .endpoint("/metrics", gate.clone())
        .shutdown_grace(Duration::from_millis(50))
        .bind(0)
        .unwrap()
        .spawn()
        .unwrap();
    let mut client = connect(&server);
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    gate.wait_for(1);
    server.shutdown().unwrap();
    assert!(is_closed(&mut client));
    gate.open();
}

#[test]
fn a_server_ends_when_its_future_is_dropped() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::new().endpoint("/metrics", &HITS).bind(0).unwrap();
    let address = server.address().tcp().unwrap();
    runtime.block_on(async {
        let client = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect_timeout(&address, PATIENCE).unwrap();
            stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream.read_exact(&mut [0; 12]).unwrap();
            stream
        });
        let stream = tokio::select! {
            stream = client => stream.unwrap(),
            result = server.run() => panic!("{result:?}"),
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        tokio::task::spawn_blocking(move || (&stream).read_to_end(&mut rest)).await.unwrap().unwrap();
    });
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn errors_say_where_and_what_to_do() {
    let first = server();
    let text = |result: Result<_, ServeError>| result.map(|_: Handle| ()).unwrap_err().to_string();
    let taken = text(metrics_http::spawn(common::address(&first), &HITS));
    assert!(taken.starts_with(&format!("cannot listen on {}", first.address())), "{taken}");
    assert!(taken.ends_with("another program listens there: choose another port, or 0 for any that is free"));
    for (listen, expected) in [
        ("127.0.0.1", "cannot listen on 127.0.0.1: "),
        ("", "cannot listen on : "),
        ("127.0.0.1:port", "cannot listen on 127.0.0.1:port: "),
        ("127.0.0.1:99999", "cannot listen on 127.0.0.1:99999: "),
        ("192.0.2.1:0", "this machine has no such address"),
        ("unix:/missing/folder/socket", "cannot listen on unix:/missing/folder/socket: No such file"),
    ] {
        let error = text(metrics_http::spawn(listen, &HITS));
        assert!(error.contains(expected), "{listen}: {error}");
    }
    first.shutdown().unwrap();
}

#[test]
fn addresses_without_a_host_are_local_only() {
    for listen in ["127.0.0.1:0", ":0", "localhost:0"] {
        let server = Server::new().bind(listen).unwrap();
        assert!(server.address().tcp().unwrap().ip().is_loopback(), "{listen}");
    }
    assert!(Server::new().bind(0).unwrap().address().tcp().unwrap().ip().is_loopback());
}

#[test]
fn a_listener_that_is_there_already_is_served() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = metrics_http::spawn(listener, Arc::new(Metric::gauge("up", "Up."))).unwrap();
    assert_eq!(server.address().tcp(), Some(address));
    assert!(get(&server, "/metrics", "").text().ends_with("\nup 0\n"));
    server.shutdown().unwrap();
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served() {
    use std::os::unix::net::UnixStream;

    let folder = std::env::temp_dir().join(format!("metrics-http-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let server = metrics_http::spawn(format!("unix:{}", path.display()), &HITS).unwrap();
    assert_eq!(server.address().to_string(), format!("unix:{}", path.display()));
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(answer(&bytes).text(), HITS_PAGE);
    server.shutdown().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}
