//! What is sent by remote write, and what becomes of it when the server has trouble.

#![cfg(feature = "push")]

mod common;
#[path = "common/receiver.rs"]
mod receiver;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics_core::{
    Collector, Counter, Descriptor, Family, Gauge, Histogram, Info, Metric, MetricName, Scrape, StateSet,
    Summary,
};
use metrics_exposition::generate_metrics;
use metrics_http::push::{PushError, RemoteWrite, RemoteWriteVersion};
use receiver::{HANG, Received, Receiver, status};

const LONG: Duration = Duration::from_secs(3600);

fn remote_write(receiver: &Receiver) -> RemoteWrite {
    RemoteWrite::new(receiver.url("/api/v1/write?a=b")).unwrap().interval(LONG)
}

/// Each counts up with every scrape, so that no two requests are the same.
#[derive(Default)]
struct Steps(Counter);

impl Collector for Steps {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        const STEPS: Descriptor<'_> =
            Descriptor::new(metrics_core::MetricType::Counter, "steps_total", "Steps.");
        self.0.inc();
        scrape.family(&STEPS).push([], self.0.get());
    }

    fn describe(&self, _: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {}
}

#[test]
fn every_kind_of_metric_is_sent_with_what_is_known_of_it() {
    static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "Jobs.", ["Kind", "zone"]);
    static BYTES: Metric<Gauge> = Metric::gauge("queue_bytes", "Size.").with_unit("bytes");
    static SECONDS: Metric<Histogram> = Metric::histogram("job_seconds", "Time.", &[0.5, 1e6]);
    static WAITS: Metric<Summary> = Metric::summary("wait_seconds", "Waits.");
    static BUILD: Metric<Info> = Metric::info("build", "Build.", &[("version", "1.0")]);
    static MODE: Metric<StateSet> = Metric::state_set("app:mode", "Mode.", &["idle", "busy"]);
    JOBS.with(["", "eu"]).inc_by(3);
    JOBS.with(["a\"\\\nü", "us"]).inc();
    BYTES.set(f64::NEG_INFINITY);
    SECONDS.observe(0.25);
    SECONDS.observe(2e6);
    WAITS.observe(1.5);
    let expected = [
        ("__name__=jobs_total,job=test,zone=eu", 3.0, 1),
        ("Kind=a\"\\\nü,__name__=jobs_total,job=test,zone=us", 1.0, 1),
        ("__name__=queue_bytes,job=test,zone=default", f64::NEG_INFINITY, 2),
        ("__name__=job_seconds_bucket,job=test,le=0.5,zone=default", 1.0, 3),
        ("__name__=job_seconds_bucket,job=test,le=1e+06,zone=default", 1.0, 3),
        ("__name__=job_seconds_bucket,job=test,le=+Inf,zone=default", 2.0, 3),
        ("__name__=job_seconds_sum,job=test,zone=default", 2_000_000.25, 3),
        ("__name__=job_seconds_count,job=test,zone=default", 2.0, 3),
        ("__name__=wait_seconds_sum,job=test,zone=default", 1.5, 5),
        ("__name__=wait_seconds_count,job=test,zone=default", 1.0, 5),
        ("__name__=build_info,job=test,version=1.0,zone=default", 1.0, 6),
        ("__name__=app:mode,app_mode=idle,job=test,zone=default", 1.0, 7),
        ("__name__=app:mode,app_mode=busy,job=test,zone=default", 0.0, 7),
    ];
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        let receiver = Receiver::start(&[]);
        let writer = remote_write(&receiver)
            .version(version)
            .label("job", "test")
            .unwrap()
            .label("zone", "default")
            .unwrap()
            .label("empty", "")
            .unwrap()
            .header("X-Scope-OrgID", "tenant")
            .unwrap()
            .bearer_token("secret")
            .unwrap()
            .spawn((&JOBS, &BYTES, &SECONDS, &WAITS, &BUILD, &MODE))
            .unwrap();
        let received = receiver.wait_for(1).remove(0);
        drop(writer);
        assert_eq!(received.line(), "POST /api/v1/write?a=b HTTP/1.1");
        assert_eq!(received.header("content-encoding"), Some("snappy"));
        assert_eq!(received.header("x-scope-orgid"), Some("tenant"));
        assert_eq!(received.header("authorization"), Some("Bearer secret"));
        let series = match version {
            RemoteWriteVersion::V1 => {
                assert_eq!(received.header("content-type"), Some("application/x-protobuf"));
                assert_eq!(received.header("x-prometheus-remote-write-version"), Some("0.1.0"));
                read_v1(&received)
            }
            _ => {
                let content_type = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
                assert_eq!(received.header("content-type"), Some(content_type));
                assert_eq!(received.header("x-prometheus-remote-write-version"), Some("2.0.0"));
                read_v2(&received)
            }
        };
        let found: Vec<_> = series.iter().map(|s| (&*s.labels, s.value, s.metric_type)).collect();
        assert_eq!(found, expected);
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
        assert!(series.iter().all(|s| now - s.millis < 60_000 && s.millis == series[0].millis));
        assert!(series.iter().all(|s| !s.help.is_empty()));
        assert_eq!(series[2].unit, "bytes");
    }
}

#[test]
fn what_may_pass_is_sent_again_the_same_to_the_byte_and_in_order() {
    let receiver = Receiver::start(&[
        &status("500 Internal Server Error", "", ""),
        &status("429 Too Many Requests", "Retry-After: 0\r\n", "slow down"),
        HANG,
        "nonsense\r\n\r\n",
        &status("503 Service Unavailable", "", ""),
    ]);
    let told: Arc<Mutex<Vec<PushError>>> = Arc::default();
    let tell = told.clone();
    let writer = remote_write(&receiver)
        .time_limit(Duration::from_millis(500))
        .on_error(move |error| tell.lock().unwrap().push(error.clone()))
        .spawn(Steps::default())
        .unwrap();
    let metrics = writer.metrics().clone();
    receiver.wait_for(6);
    drop(writer);
    let received = receiver.wait_for(7);
    assert_eq!(received.len(), 7);
    assert!(received[1..6].iter().all(|request| *request == received[0]));
    let values: Vec<_> = [&received[5], &received[6]].map(|request| read_v1(request)[0].value).into();
    assert_eq!(values, [1.0, 2.0]);
    assert_eq!((metrics.sent(), metrics.retries(), metrics.refused(), metrics.dropped()), (2, 5, 0, 0));
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 5);
    assert_eq!(
        told[1].to_string(),
        format!("{}: answered 429: slow down", receiver.url("/api/v1/write?a=b"))
    );
}

#[test]
fn what_is_wrong_for_good_is_given_up() {
    let receiver = Receiver::start(&[&status("400 Bad Request", "", "out of order sample")]);
    let writer = remote_write(&receiver).on_error(|_| {}).spawn(Steps::default()).unwrap();
    let metrics = writer.metrics().clone();
    receiver.wait_for(1);
    drop(writer);
    assert_eq!(read_v1(&receiver.wait_for(2)[1])[0].value, 2.0);
    assert_eq!((metrics.sent(), metrics.retries(), metrics.refused(), metrics.dropped()), (1, 0, 1, 0));
    let page = generate_metrics(&metrics);
    assert!(page.contains("\nremote_write_samples_refused_total 1\n"), "{page}");
    assert!(page.contains("\nremote_write_requests_waiting 0\n"), "{page}");
}

#[test]
fn a_queue_that_is_full_gives_up_its_oldest() {
    // The first request waits for an answer that comes late, as others come into the queue.
    let receiver = Receiver::start(&[HANG]);
    let writer = remote_write(&receiver)
        .interval(Duration::from_millis(5))
        .queue(3)
        .time_limit(Duration::from_millis(500))
        .on_error(|_| {})
        .spawn(Steps::default())
        .unwrap();
    let metrics = writer.metrics().clone();
    common::wait_until("some had to go", || metrics.dropped() >= 5);
    receiver.wait_for(4);
    drop(writer);
    let received = receiver.received();
    let values: Vec<_> = received.iter().map(|request| read_v1(request)[0].value).collect();
    assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    assert_eq!(values[0], 1.0);
    // The last of all arrived, and everything is accounted for.
    let last = *values.last().unwrap() as u64;
    assert_eq!(metrics.sent() + metrics.dropped(), last);
    assert_eq!(metrics.sent(), values.len() as u64 - 1);
}

#[test]
fn many_samples_are_sent_in_several_requests() {
    let receiver = Receiver::start(&[]);
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        let before = receiver.received().len();
        let writer = remote_write(&receiver).version(version).spawn(common::Large(12_000)).unwrap();
        let metrics = writer.metrics().clone();
        let received = receiver.wait_for(before + 3);
        common::wait_until("all are taken", || metrics.sent() == 12_000);
        drop(writer);
        let read = if version == RemoteWriteVersion::V1 { read_v1 } else { read_v2 };
        let mut all: Vec<_> = received[before..before + 3].iter().flat_map(read).collect();
        assert_eq!(all.len(), 12_000);
        all.dedup_by(|a, b| a.labels == b.labels);
        assert_eq!(all.len(), 12_000);
        receiver.wait_for(before + 6);
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let error = RemoteWrite::new("localhost:9090").unwrap_err().to_string();
    assert!(error.starts_with("localhost:9090: it is no URL of a server"), "{error}");
    let to = || RemoteWrite::new("http://al:secret@localhost/write").unwrap();
    assert!(to().label("0", "x").is_err() && to().label("__x", "x").is_err());
    let error = to().header("X Y", "z").unwrap_err().to_string();
    assert_eq!(error, "http://localhost/write: \"X Y\" is no header, or its value none");
    assert!(to().bearer_token("a\nb").is_err());
    assert!(!format!("{:?}", to().bearer_token("token").unwrap()).contains("token"));
}

// Reading what was sent.

#[derive(Debug, Default)]
struct Series {
    labels: String,
    value: f64,
    millis: u64,
    metric_type: u64,
    help: String,
    unit: String,
}

enum Field {
    Varint(u64),
    Double(f64),
    Bytes(Vec<u8>),
}

impl Field {
    fn number(&self) -> u64 {
        let Self::Varint(number) = self else { panic!("a number") };
        *number
    }

    fn bytes(&self) -> &[u8] {
        let Self::Bytes(bytes) = self else { panic!("bytes") };
        bytes
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)),
            1 => {
                let (double, rest) = bytes.split_first_chunk().unwrap();
                bytes = rest;
                Field::Double(f64::from_le_bytes(*double))
            }
            2 => {
                let len = varint(&mut bytes) as usize;
                let (content, rest) = bytes.split_at(len);
                bytes = rest;
                Field::Bytes(content.to_vec())
            }
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn message(received: &Received) -> Vec<(u64, Field)> {
    fields(&snap::raw::Decoder::new().decompress_vec(&received.body).unwrap())
}

fn read_sample(series: &mut Series, bytes: &[u8]) {
    for (number, field) in fields(bytes) {
        match (number, field) {
            (1, Field::Double(value)) => series.value = value,
            (2, field) => series.millis = field.number(),
            (other, _) => panic!("field {other} of a sample"),
        }
    }
}

fn join(labels: &[(String, String)]) -> String {
    assert!(labels.windows(2).all(|pair| pair[0].0 < pair[1].0), "{labels:?} ascend");
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

fn read_v1(received: &Received) -> Vec<Series> {
    let mut metadata = BTreeMap::new();
    let mut all = Vec::new();
    for (number, field) in message(received) {
        if number == 3 {
            let (mut of, mut name) = (Series::default(), String::new());
            for (number, field) in fields(field.bytes()) {
                match number {
                    1 => of.metric_type = field.number(),
                    2 => name = field.text(),
                    4 => of.help = field.text(),
                    5 => of.unit = field.text(),
                    other => panic!("field {other} of metadata"),
                }
            }
            metadata.insert(name, of);
            continue;
        }
        assert_eq!(number, 1);
        let (mut series, mut labels) = (Series::default(), Vec::new());
        for (number, field) in fields(field.bytes()) {
            match number {
                1 => {
                    let pair = fields(field.bytes());
                    labels.push((pair[0].1.text(), pair[1].1.text()));
                }
                2 => read_sample(&mut series, field.bytes()),
                other => panic!("field {other} of a series"),
            }
        }
        let name = &labels.iter().find(|(name, _)| name == "__name__").unwrap().1;
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        if let Some(of) = metadata.get(base.unwrap_or(name)) {
            (series.metric_type, series.help, series.unit) =
                (of.metric_type, of.help.clone(), of.unit.clone());
        }
        series.labels = join(&labels);
        all.push(series);
    }
    all
}

fn read_v2(received: &Received) -> Vec<Series> {
    let message = message(received);
    let symbols: Vec<_> =
        message.iter().filter(|(number, _)| *number == 4).map(|(_, field)| field.text()).collect();
    assert_eq!(symbols[0], "");
    let mut all = Vec::new();
    for (_, field) in message.iter().filter(|(number, _)| *number != 4) {
        let mut series = Series::default();
        for (number, field) in fields(field.bytes()) {
            match number {
                1 => {
                    let mut bytes = field.bytes();
                    let mut labels = Vec::new();
                    while !bytes.is_empty() {
                        let (name, value) = (varint(&mut bytes), varint(&mut bytes));
                        labels.push((symbols[name as usize].clone(), symbols[value as usize].clone()));
                    }
                    series.labels = join(&labels);
                }
                2 => read_sample(&mut series, field.bytes()),
                5 => {
                    for (number, field) in fields(field.bytes()) {
                        match number {
                            1 => series.metric_type = field.number(),
                            3 => series.help = symbols[field.number() as usize].clone(),
                            4 => series.unit = symbols[field.number() as usize].clone(),
                            other => panic!("field {other} of metadata"),
                        }
                    }
                }
                other => panic!("field {other} of a series"),
            }
        }
        all.push(series);
    }
    all
}
