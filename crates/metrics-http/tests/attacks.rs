//! What clients with bad intentions, or bad luck, cannot do.
//!
//! One test, as it measures the memory, the threads and the files of the process.

#![cfg(target_os = "linux")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{connect, get, is_closed, wait_until};
use metrics_core::{Counter, Family, Metric};
use metrics_http::{Handle, Server};

/// What the docs of the server promise, beside the metrics themselves.
const BOUND: usize = 20 * 1024 * 1024;
const SERIES: usize = 200_000;

static LARGE: Family<Counter, 2> = Family::counter("large_total", "Many series.", ["series", "padding"]);
static SMALL: Metric<Counter> = Metric::counter("small_total", "One.");

#[test]
fn a_well_behaved_client_is_answered_throughout_and_nothing_is_left_over() {
    for i in 0..SERIES {
        LARGE.with((i, "a label value as long as they are in practice")).inc();
    }
    // The first runtime of a process opens what all of them share and none closes.
    drop(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    let files = open_files();
    let threads = threads();
    let before = ALLOCATED.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);

    let server = Server::new().endpoint("/large", &LARGE).endpoint("/metrics", &SMALL).bind(0).unwrap();
    let server = server.spawn().unwrap();
    for (name, attack) in [
        ("idle and slow connections", idle_and_slow_connections as fn(&Handle)),
        ("garbage", garbage),
        ("disconnects", disconnects),
        ("slow readers", slow_readers),
        ("many scrapes at a time", many_scrapes),
    ] {
        let attacked = AtomicBool::new(true);
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            let good = scope.spawn(|| well_behaved(&server, &attacked));
            attack(&server);
            attacked.store(false, Ordering::Relaxed);
            let answered = good.join().unwrap();
            let peak = PEAK.load(Ordering::Relaxed) - before;
            println!("{name}: {answered} answers in {:?}, peak so far {} KiB", start.elapsed(), peak / 1024);
            assert!(peak < BOUND, "{name}: {peak} bytes");
        });
    }
    // Connections end although nobody told the server: all but the listener and the runtime's own.
    wait_until("no connection is left", || open_files() <= files + 8);
    server.shutdown().unwrap();
    wait_until("no thread is left", || self::threads() <= threads);
    wait_until("no file is left", || open_files() <= files);
    let left = ALLOCATED.load(Ordering::Relaxed).saturating_sub(before);
    assert!(left < 256 * 1024, "{left} bytes are left");
}

/// Scrapes until the attack is over, and once after it.
fn well_behaved(server: &Handle, attacked: &AtomicBool) -> usize {
    let mut answers = 0;
    loop {
        let more = attacked.load(Ordering::Relaxed);
        let page = get(server, "/metrics", "");
        assert!(page.status == 200 && page.text().ends_with("\nsmall_total 0\n"), "{page:?}");
        answers += 1;
        if !more {
            return answers;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// More than the server takes, most of them silent, some of them sending a byte now and then.
fn idle_and_slow_connections(server: &Handle) {
    // Each needs two files, one on either side.
    let room = soft_limit_of_files().saturating_sub(open_files() + 100) / 2;
    let count = 1100.min(room);
    if count < 1100 {
        println!("only {count} connections: the limit of open files is low");
    }
    let mut idle: Vec<TcpStream> = (0..count).map(|_| connect(server)).collect();
    let head = b"GET /metrics HTTP/1.1\r\nHost: slow\r\nX-Padding: ";
    for byte in &head[..20] {
        for stream in idle.iter_mut().step_by(10) {
            // It may have had to make room.
            let _ = stream.write_all(&[*byte]);
        }
    }
    if count > 256 {
        // Those that were idle for longest had to go.
        wait_until("the oldest is closed", || is_closed(&mut idle[1]));
    }
}

fn garbage(server: &Handle) {
    let large_header = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024));
    let many_headers = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(1000));
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(64 * 1024));
    let long_query = format!("GET /metrics?{} HTTP/1.1\r\nHost: x\r\n\r\n", "name[]=x&".repeat(1000));
    let pipelined = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500) + "nonsense\r\n\r\n\0\0";
    let requests: [&[u8]; 13] = [
        large_header.as_bytes(),
        many_headers.as_bytes(),
        long_path.as_bytes(),
        long_query.as_bytes(),
        pipelined.as_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a greeting of TLS \r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nffffffffffffffffffff\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nx",
        b"GET /metrics\0 HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n\r\n\r\n",
        &[0xff; 100_000],
    ];
    for (i, request) in requests.iter().enumerate() {
        let mut stream = connect(server);
        // The server may close before everything is sent.
        let _ = stream.write_all(request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let status = answer.get(9..12).map(|status| String::from_utf8_lossy(status).into_owned());
        let bad = status.is_none_or(|status| ["200", "400", "414", "431"].contains(&&*status));
        assert!(bad, "{i}: {}", String::from_utf8_lossy(&answer[..answer.len().min(100)]));
    }
}

fn ask_for_large(server: &Handle) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    stream
}

fn disconnects(server: &Handle) {
    for round in 0..5 {
        let clients: Vec<_> = (0..20).map(|_| ask_for_large(server)).collect();
        for mut client in clients {
            // Some before the first byte, some after it.
            if round % 2 == 0 {
                let _ = client.read(&mut [0; 1000]);
            }
        }
    }
}

/// They ask for a large page and take nothing of it, or a byte at a time.
fn slow_readers(server: &Handle) {
    let mut slow: Vec<_> = (0..40).map(|_| ask_for_large(server)).collect();
    for _ in 0..20 {
        for stream in slow.iter_mut().step_by(2) {
            stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            let _ = stream.read(&mut [0; 1]);
        }
    }
    // Somebody who wants the same page gets it all the same.
    assert_large(read_large(server));
}

fn many_scrapes(server: &Handle) {
    std::thread::scope(|scope| {
        let scrapes: Vec<_> = (0..50).map(|_| scope.spawn(|| read_large(server))).collect();
        for scrape in scrapes {
            assert_large(scrape.join().unwrap());
        }
    });
}

/// The number of lines, and how it ends: without keeping the page, which would be memory too.
fn read_large(server: &Handle) -> (usize, [u8; 5]) {
    let mut stream = ask_for_large(server);
    let (mut lines, mut end) = (0, [0; 5]);
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            return (lines, end);
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        for byte in &buffer[read.saturating_sub(5)..read] {
            end.rotate_left(1);
            end[4] = *byte;
        }
    }
}

fn assert_large((lines, end): (usize, [u8; 5])) {
    // With those of the head and of the chunks.
    assert!(lines > SERIES, "{lines} lines");
    assert_eq!(end, *b"0\r\n\r\n");
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn soft_limit_of_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX)
}

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn more(bytes: usize) {
    let now = ALLOCATED.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}
