//! Servers take remote writes, and give the same values back after they were away in the middle.
//!
//! Needs `prometheus` in the PATH, or the environment variable PROMETHEUS with the path of one. Newer servers
//! and another make are taken from the folder in the environment variable RUTHEUS_CONFORMANCE, or the folder
//! `shared/conformance` beside the workspace, if they are there.

#![cfg(feature = "push")]

mod common;
#[path = "common/prometheus.rs"]
mod prometheus;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use metrics_core::{Counter, Family, Histogram, Metric};
use metrics_http::push::{RemoteWrite, RemoteWriteVersion, RemoteWriter};
use prometheus::{Prometheus, collected, find};

static JOBS: Family<Counter, 1> = Family::counter("jobs_total", "Jobs.", ["kind"]);
static SECONDS: Metric<Histogram> = Metric::histogram("job_seconds", "Time.", &[0.5, 1.0]);

fn start(url: &str, version: RemoteWriteVersion) -> RemoteWriter {
    RemoteWrite::new(url)
        .unwrap()
        .version(version)
        .label("job", "test")
        .unwrap()
        .interval(Duration::from_millis(200))
        .time_limit(Duration::from_secs(5))
        .on_error(|_| {})
        .spawn((&JOBS, &SECONDS))
        .unwrap()
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn a_prometheus_takes_it(program: &Path, version: RemoteWriteVersion) {
    let folder = Folder::new("remote-write");
    JOBS.with(["parse"]).inc_by(2);
    SECONDS.observe(0.75);
    let config = "global: { scrape_interval: 1h }\n";
    let mut server = Prometheus::start(program, &folder.0, config, &["--web.enable-remote-write-receiver"]);
    let writer = start(&format!("http://{}/api/v1/write", server.address), version);
    let jobs = || Ok(JOBS.with(["parse"]).get() as f64);
    let arrived = |server: &Prometheus, query: &str, expected: &dyn Fn() -> Result<f64, String>| {
        server.wait_until(query, || Ok(server.value(query)? == expected()?));
    };
    let query = "jobs_total{job=\"test\",kind=\"parse\"}";
    arrived(&server, query, &jobs);

    // While the server is away, the program counts on, and its requests wait.
    server.stop();
    let retries = writer.metrics().retries();
    for _ in 0..10 {
        JOBS.with(["parse"]).inc();
        SECONDS.observe(0.25);
    }
    common::wait_until("requests are sent again", || writer.metrics().retries() > retries + 2);
    server.restart();
    arrived(&server, query, &jobs);
    arrived(&server, "job_seconds_count{job=\"test\"}", &|| Ok(SECONDS.snapshot().count() as f64));
    arrived(&server, "job_seconds_sum{job=\"test\"}", &|| Ok(SECONDS.snapshot().sum()));
    let buckets = SECONDS.snapshot().buckets().map(|(_, count)| count).collect::<Vec<_>>();
    // Newer servers write a whole bound as a float.
    for (bound, count) in ["0.5", "1|1.0", "[+]Inf"].iter().zip(buckets) {
        let query = format!("job_seconds_bucket{{job=\"test\",le=~\"{bound}\"}}");
        arrived(&server, &query, &|| Ok(count as f64));
    }
    let metrics = writer.metrics().clone();
    JOBS.with(["last"]).inc();
    drop(writer);
    arrived(&server, "jobs_total{job=\"test\",kind=\"last\"}", &|| Ok(JOBS.with(["last"]).get() as f64));
    assert_eq!((metrics.refused(), metrics.dropped()), (0, 0));
    // Nothing was lost and nothing came twice: what was sent is what the server has appended, all told.
    let samples = ["jobs_total", "job_seconds_bucket", "job_seconds_sum", "job_seconds_count"]
        .map(|name| format!("sum(count_over_time({name}{{job=\"test\"}}[10m]))"))
        .join(" + ");
    arrived(&server, &samples, &|| Ok(metrics.sent() as f64));
}

#[test]
fn prometheus_takes_remote_writes_and_has_them_after_a_restart() {
    let hint = "`apt-get install prometheus`, or set PROMETHEUS to the path of one";
    let Some(program) = find("prometheus", "PROMETHEUS", hint) else { return };
    a_prometheus_takes_it(&program, RemoteWriteVersion::V1);
}

#[test]
fn newer_prometheus_servers_take_both_versions() {
    let Some(program) = collected("prometheus/3.5/usr/bin/prometheus") else { return };
    a_prometheus_takes_it(&program, RemoteWriteVersion::V2);
    a_prometheus_takes_it(&program, RemoteWriteVersion::V1);
    if let Some(program) = collected("prometheus/2.53/usr/bin/prometheus") {
        a_prometheus_takes_it(&program, RemoteWriteVersion::V1);
    }
}

#[test]
fn victoria_metrics_takes_remote_writes() {
    let Some(program) = collected("victoria/1.145/usr/bin/victoria-metrics") else { return };
    let folder = Folder::new("victoria");
    let server = Prometheus::start(&program, &folder.0, "scrape_configs: []\n", &[]);
    JOBS.with(["victoria"]).inc_by(5);
    let _writer = start(&format!("http://{}/api/v1/write", server.address), RemoteWriteVersion::V1);
    let query = "jobs_total{kind=\"victoria\",job=\"test\"}";
    server.wait_until(query, || Ok(server.value(query)? == 5.0));
}
