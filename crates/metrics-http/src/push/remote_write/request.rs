//! The two versions of the message that is sent.

use std::borrow::Cow;
use std::collections::HashMap;

use metrics_core::{Collector, MetricType};

use super::RemoteWriteVersion;
use super::protobuf::Message;
use super::series::{Family, Sink, collect};

/// A request's body, and how many samples are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) body: bytes::Bytes,
    pub(crate) samples: u64,
}

/// Samples in one request, so that none becomes larger than servers take.
const MOST_SAMPLES: u64 = 5000;

/// What `collector` says at the time `millis`, as the bodies of one or several requests.
pub(crate) fn batches(
    collector: &dyn Collector,
    labels: &[(String, String)],
    version: RemoteWriteVersion,
    millis: i64,
) -> Vec<Batch> {
    let mut batches = Vec::new();
    match version {
        RemoteWriteVersion::V1 => {
            let mut sink = V1 { millis, ..V1::default() };
            collect(collector, labels, &mut sink);
            sink.end();
            batches.append(&mut sink.batches);
        }
        RemoteWriteVersion::V2 => {
            let mut sink = V2 { millis, ..V2::default() };
            sink.begin();
            collect(collector, labels, &mut sink);
            sink.end();
            batches.append(&mut sink.batches);
        }
    }
    batches
}

fn compressed(message: &[u8], samples: u64) -> Batch {
    // It fails only for more bytes than 32 bits can count, which a few thousand samples do not have.
    let body = snap::raw::Encoder::new().compress_vec(message).unwrap_or_default();
    Batch { body: body.into(), samples }
}

fn sample(value: f64, millis: i64) -> Message {
    let mut sample = Message::default();
    sample.double(1, value);
    sample.varint(2, millis as u64);
    sample
}

/// The number of a type, the same in both versions.
fn type_number(metric_type: MetricType) -> u64 {
    match metric_type {
        MetricType::Counter => 1,
        MetricType::Gauge => 2,
        MetricType::Histogram => 3,
        MetricType::GaugeHistogram => 4,
        MetricType::Summary => 5,
        MetricType::Info => 6,
        MetricType::StateSet => 7,
        _ => 0,
    }
}

/// `prometheus.WriteRequest`.
#[derive(Default)]
struct V1 {
    millis: i64,
    request: Message,
    samples: u64,
    batches: Vec<Batch>,
}

impl V1 {
    fn end(&mut self) {
        if self.samples > 0 {
            let request = std::mem::take(&mut self.request);
            self.batches.push(compressed(&request.0, std::mem::take(&mut self.samples)));
        }
    }
}

impl Sink for V1 {
    fn family(&mut self, family: &Family<'_>) {
        let mut metadata = Message::default();
        metadata.varint(1, type_number(family.metric_type));
        metadata.bytes(2, family.name.as_bytes());
        metadata.bytes(4, family.help.as_bytes());
        metadata.bytes(5, family.unit.as_bytes());
        self.request.bytes(3, &metadata.0);
    }

    fn series(&mut self, labels: &[(Cow<'_, str>, Cow<'_, str>)], value: f64) {
        let mut series = Message::default();
        for (name, value) in labels {
            let mut label = Message::default();
            label.bytes(1, name.as_bytes());
            label.bytes(2, value.as_bytes());
            series.bytes(1, &label.0);
        }
        series.bytes(2, &sample(value, self.millis).0);
        self.request.bytes(1, &series.0);
        self.samples += 1;
        if self.samples >= MOST_SAMPLES {
            self.end();
        }
    }
}

/// `io.prometheus.write.v2.Request`: texts are written once, and meant by their number.
#[derive(Default)]
struct V2 {
    millis: i64,
    /// The metadata of the current family, which each of its series has.
    family: (u64, String, String),
    symbols: HashMap<String, u32>,
    /// In the order of their numbers, as fields.
    symbol_fields: Message,
    series: Message,
    samples: u64,
    batches: Vec<Batch>,
}

impl V2 {
    fn begin(&mut self) {
        self.symbols.clear();
        // The first one is the empty text.
        self.symbol("");
    }

    fn symbol(&mut self, text: &str) -> u32 {
        if let Some(number) = self.symbols.get(text) {
            return *number;
        }
        let number = self.symbols.len() as u32;
        self.symbols.insert(text.to_owned(), number);
        self.symbol_fields.bytes(4, text.as_bytes());
        number
    }

    fn end(&mut self) {
        let mut request = std::mem::take(&mut self.symbol_fields);
        request.0.append(&mut self.series.0);
        if self.samples > 0 {
            self.batches.push(compressed(&request.0, std::mem::take(&mut self.samples)));
        }
        self.begin();
    }
}

impl Sink for V2 {
    fn family(&mut self, family: &Family<'_>) {
        self.family = (type_number(family.metric_type), family.help.to_owned(), family.unit.to_owned());
    }

    fn series(&mut self, labels: &[(Cow<'_, str>, Cow<'_, str>)], value: f64) {
        let mut references = Vec::with_capacity(labels.len() * 2);
        for (name, value) in labels {
            references.push(self.symbol(name));
            references.push(self.symbol(value));
        }
        let (metric_type, help, unit) = self.family.clone();
        let mut metadata = Message::default();
        metadata.varint(1, metric_type);
        metadata.varint(3, self.symbol(&help).into());
        metadata.varint(4, self.symbol(&unit).into());
        let mut series = Message::default();
        series.packed(1, &references);
        series.bytes(2, &sample(value, self.millis).0);
        series.bytes(5, &metadata.0);
        self.series.bytes(5, &series.0);
        self.samples += 1;
        if self.samples >= MOST_SAMPLES {
            self.end();
        }
    }
}
