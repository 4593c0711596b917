//! Each limit of the server, on its own. (All of them together are in `attacks.rs`.)

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Large, answer, connect, exchange, get, is_closed, wait_until};
use metrics_core::{Collector, Counter, Descriptor, Metric, MetricName, Scrape};
use metrics_http::{Handle, Server};

static HITS: Metric<Counter> = Metric::counter("cache_hits_total", "Cache hits.");

/// More than the system keeps for a connection.
const MANY: usize = 200_000;
const SHORT: Duration = Duration::from_millis(100);

/// A large page that says when it is written, or given up.
#[derive(Clone, Default)]
struct Written(Arc<AtomicBool>);

impl Collector for Written {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        Large(MANY).collect(scrape);
        self.0.store(true, Ordering::Release);
    }

    fn describe(&self, _: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {}
}

fn spawn(server: Server) -> Handle {
    server.endpoint("/metrics", &HITS).bind(0).unwrap().spawn().unwrap()
}

fn ask(server: &Handle) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    stream
}

fn is_whole(mut stream: TcpStream) -> bool {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    answer(&bytes).whole
}

#[test]
fn a_page_ends_when_the_time_for_the_scrape_is_up() {
    let written = Written::default();
    let server = spawn(Server::new().time_limit(10 * SHORT).endpoint("/large", written.clone()));
    let client = ask(&server);
    // Nobody reads, so it is given up.
    wait_until("the writing ended", || written.0.load(Ordering::Acquire));
    assert!(!is_whole(client));
    assert_eq!(get(&server, "/metrics", "").status, 200);
    server.shutdown().unwrap();
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let written = Written::default();
    let server = spawn(Server::new().stall_limit(SHORT).endpoint("/large", written.clone()));
    let client = ask(&server);
    wait_until("the writing ended", || written.0.load(Ordering::Acquire));
    assert!(!is_whole(client));
    server.shutdown().unwrap();

    let patient = spawn(Server::new().endpoint("/large", Large(MANY)));
    let client = ask(&patient);
    std::thread::sleep(SHORT);
    assert!(is_whole(client));
    patient.shutdown().unwrap();
}

#[test]
fn a_connection_without_a_request_is_closed_also_after_one() {
    let server = spawn(Server::new().idle_limit(SHORT));
    for sent in ["", "GET /met", "GET /metrics HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = connect(&server);
        stream.write_all(sent.as_bytes()).unwrap();
        // Ends, and does not run out of time.
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        assert!(!bytes.windows(4).any(|four| four == b" 200"), "{sent:?}");
    }
    let mut stream = connect(&server);
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(answer(&bytes).status, 200);
    server.shutdown().unwrap();
}

#[test]
fn a_head_may_be_as_large_as_the_limit_says() {
    let server = spawn(Server::new().header_bytes(10_000));
    let with = |bytes: usize| get(&server, "/metrics", &format!("X: {}\r\n", "x".repeat(bytes))).status;
    assert_eq!(with(9_000), 200);
    // It is read in pieces, the last of which may go over the limit.
    assert_eq!(with(40_000), 431);
    let many = "X: x\r\n".repeat(200);
    let refused = exchange(&server, &format!("GET /metrics HTTP/1.1\r\n{many}\r\n"));
    assert_eq!(refused.status, 431);
    server.shutdown().unwrap();
}

#[test]
fn the_oldest_connection_makes_room_for_a_new_one() {
    let server = spawn(Server::new().connections(2));
    let mut first = connect(&server);
    // Known to the server, in this order.
    for stream in [&mut first, &mut connect(&server)] {
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
    }
    let mut second = connect(&server);
    second.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    second.read_exact(&mut [0; 12]).unwrap();
    let mut rest = Vec::new();
    assert_eq!(get(&server, "/metrics", "").status, 200);
    wait_until("the first is closed", || first.read_to_end(&mut rest).is_ok() || is_closed(&mut first));
    server.shutdown().unwrap();
}
