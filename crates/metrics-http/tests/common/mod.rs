//! A client that says exactly what it is told, and registries to serve.

#![allow(dead_code, reason = "each test uses a part")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use metrics_core::{Collector, Descriptor, LabelSet, MetricType, Scrape};
use metrics_http::Handle;

/// How long anything is waited for; reached only if something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn address(server: &Handle) -> SocketAddr {
    server.address().tcp().expect("it listens on TCP")
}

pub(crate) fn connect(server: &Handle) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address(server), PATIENCE).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (other, value) = line.split_once(':')?;
            other.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("it is a text")
    }
}

/// Sends `request` and reads until the other side closes.
pub(crate) fn exchange(server: &Handle, request: &str) -> Answer {
    let mut stream = connect(server);
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // A server that closes while there is something left to read resets the connection.
    let _ = stream.read_to_end(&mut bytes);
    answer(&bytes)
}

/// GET, with further headers as `name: value\r\n`.
pub(crate) fn get(server: &Handle, path: &str, headers: &str) -> Answer {
    exchange(server, &format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n"))
}

pub(crate) fn answer(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| {
        panic!("a head, not {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]))
    });
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let rest = &bytes[end + 4..];
    let mut answer = Answer { status, head, body: Vec::new(), whole: false };
    if answer.header("transfer-encoding") == Some("chunked") {
        let mut rest = rest;
        while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&rest[..line]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            rest = &rest[line + 2..];
            if size == 0 {
                answer.whole = true;
                break;
            }
            if rest.len() < size + 2 {
                answer.body.extend_from_slice(&rest[..rest.len().min(size)]);
                break;
            }
            answer.body.extend_from_slice(&rest[..size]);
            rest = &rest[size + 2..];
        }
    } else {
        answer.body = rest.to_vec();
        let length = answer.header("content-length").map(|length| length.parse().unwrap());
        answer.whole = length.is_none_or(|length: usize| length == rest.len());
    }
    answer
}

/// A gauge with many series.
pub(crate) struct Large(pub(crate) usize);

impl Collector for Large {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        const LARGE: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "large", "Many series.");
        let mut samples = scrape.family(&LARGE);
        for i in 0..self.0 {
            let number = i.to_string();
            let labels = LabelSet::new([("series", &*number), ("padding", PADDING)]).unwrap();
            samples.sample(labels.labels(), 1.into());
        }
    }

    fn describe(&self, _: &mut dyn FnMut(metrics_core::MetricName<'_>, &Descriptor<'_>)) {}
}

const PADDING: &str = "a label value as long as they are in practice";

/// Holds up whoever collects until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }

    /// Waits until so many have come to the gate.
    pub(crate) fn wait_for(&self, count: usize) {
        let state = self.0.0.lock().unwrap();
        let (_state, timeout) =
            self.0.1.wait_timeout_while(state, PATIENCE, |(came, _)| *came < count).unwrap();
        assert!(!timeout.timed_out(), "{count} scrapes came");
    }
}

impl Collector for Gate {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        const GATE: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "gate", "It is open.");
        let mut state = self.0.0.lock().unwrap();
        state.0 += 1;
        self.0.1.notify_all();
        let (state, timeout) = self.0.1.wait_timeout_while(state, PATIENCE, |(_, open)| !*open).unwrap();
        drop(state);
        assert!(!timeout.timed_out(), "the gate is opened");
        scrape.family(&GATE).push([], 1);
    }

    fn describe(&self, _: &mut dyn FnMut(metrics_core::MetricName<'_>, &Descriptor<'_>)) {}
}

pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the other side closed; nothing else is expected to come.
pub(crate) fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    match stream.read(&mut [0; 1024]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
    }
}
