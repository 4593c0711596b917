//! A real Pushgateway takes what is pushed, and its page shows it.
//!
//! Needs `prometheus-pushgateway` in the PATH, or the environment variable PUSHGATEWAY with the path of one.

#![cfg(feature = "push")]

mod common;
#[path = "common/prometheus.rs"]
mod prometheus;

use std::process::{Command, Stdio};

use metrics_core::{Counter, Family, Gauge, Histogram, Metric};
use metrics_http::push::Pushgateway;
use prometheus::{Process, find, free_address, request};

static ROWS: Metric<Counter> = Metric::counter("import_rows_total", "Rows read.");
static FILES: Family<Gauge, 1> = Family::gauge("import_files", "Files by \"state\".", ["state"]);
static SECONDS: Metric<Histogram> = Metric::histogram("import_seconds", "Time for a row.", &[0.5, 1.0]);

#[test]
fn a_pushgateway_shows_what_was_pushed_until_it_is_deleted() {
    let hint = "`apt-get install prometheus-pushgateway`, or set PUSHGATEWAY to the path of one";
    let Some(program) = find("prometheus-pushgateway", "PUSHGATEWAY", hint) else { return };
    let address = free_address();
    let process =
        Command::new(program).arg(format!("--web.listen-address={address}")).stderr(Stdio::null()).spawn();
    let _process = Process(process.unwrap());
    common::wait_until("the gateway listens", || std::net::TcpStream::connect(address).is_ok());
    let page = || request(address, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let has = |line: &str| page().lines().any(|other| other == line);

    ROWS.inc_by(7);
    FILES.with(["odd \"\\\n"]).set(2.5);
    SECONDS.observe(0.75);
    let gateway = Pushgateway::new(format!("http://{address}"), "import").unwrap().group("instance", "a/b");
    gateway.push(&(&ROWS, &FILES, &SECONDS)).unwrap();
    assert!(has("import_rows_total{instance=\"a/b\",job=\"import\"} 7"), "{}", page());
    assert!(has("import_files{instance=\"a/b\",job=\"import\",state=\"odd \\\"\\\\\\n\"} 2.5"), "{}", page());
    assert!(has("import_seconds_bucket{instance=\"a/b\",job=\"import\",le=\"1\"} 1"), "{}", page());
    assert!(has("# TYPE import_seconds histogram"));

    // Adding replaces what has the same name; pushing replaces all.
    ROWS.inc();
    gateway.add(&ROWS).unwrap();
    assert!(has("import_rows_total{instance=\"a/b\",job=\"import\"} 8") && page().contains("import_files"));
    gateway.push(&ROWS).unwrap();
    assert!(has("import_rows_total{instance=\"a/b\",job=\"import\"} 8") && !page().contains("import_files"));

    // Other groups are others.
    let empty = Pushgateway::new(format!("http://{address}"), "im/port").unwrap().group("instance", "");
    drop(empty.on_drop(&ROWS));
    assert!(has("import_rows_total{instance=\"\",job=\"im/port\"} 8"), "{}", page());
    gateway.delete().unwrap();
    assert!(!has("import_rows_total{instance=\"a/b\",job=\"import\"} 8"));
    assert!(has("import_rows_total{instance=\"\",job=\"im/port\"} 8"));

    // What it refuses, it refuses with a reason: one metric with two types.
    let clash = Metric::gauge("import_rows_total", "Another type.");
    let error = gateway.group("other", "one").push(&clash).unwrap_err();
    assert_eq!(error.status(), Some(400), "{error}");
    assert!(error.to_string().contains("import_rows_total"), "{error}");
}
