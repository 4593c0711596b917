//! The page as a stream.

#![cfg(feature = "std")]

use std::io::{self, Write};

use metrics_core::{Collector, Descriptor, HistogramValue, LabelSet, MetricType, Scrape, Value};
use metrics_exposition::{generate_metrics, protobuf, text};

/// More than any piece: what the buffer passes on when it is full, with the sample that filled it.
const LARGEST_PIECE: usize = 64 * 1024;

struct Fleet {
    machines: usize,
    panics: bool,
}

impl Collector for Fleet {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        const UP: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "machine_up", "Whether it answers.");
        const SECONDS: Descriptor<'_> = Descriptor::new(MetricType::Histogram, "ping_seconds", "Round trip.");
        const BOUNDS: [f64; 3] = [0.001, 0.1, 1.0];
        let name = |i: usize| format!("machine-{i}.example");
        let mut samples = scrape.family(&UP);
        for i in 0..self.machines {
            samples.push([("machine", &*name(i))], i as f64 / 8.0);
        }
        let mut samples = scrape.family(&SECONDS);
        for i in 0..self.machines {
            let labels = LabelSet::new([("machine", &*name(i))]).unwrap();
            let counts = [1, 2, i as u64, 0];
            let value = HistogramValue::new(&BOUNDS, &counts, 0.1 * i as f64).unwrap();
            samples.sample(labels.labels(), Value::Histogram(value));
        }
        assert!(!self.panics, "the last machine is on fire");
    }
}

/// Takes pieces until `fail_at` bytes are there.
struct Pieces {
    written: Vec<u8>,
    largest: usize,
    calls: usize,
    calls_after_failure: usize,
    fail_at: Option<usize>,
    failed: bool,
}

impl Pieces {
    fn new(fail_at: Option<usize>) -> Self {
        Self { written: Vec::new(), largest: 0, calls: 0, calls_after_failure: 0, fail_at, failed: false }
    }
}

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.failed {
            self.calls_after_failure += 1;
        }
        if self.fail_at.is_some_and(|limit| self.written.len() >= limit) {
            self.failed = true;
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "gone"));
        }
        self.largest = self.largest.max(piece.len());
        self.written.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("flushing is for who owns the writer");
    }
}

#[test]
fn a_written_page_is_the_encoded_page() {
    for machines in [0, 1, 10, 20_000] {
        let fleet = Fleet { machines, panics: false };
        let mut pieces = Pieces::new(None);
        text::write(&fleet, &mut pieces).unwrap();
        assert!(pieces.written == generate_metrics(&fleet).as_bytes(), "{machines} machines");
    }
}

#[test]
fn a_large_page_goes_out_in_small_pieces_of_whole_lines() {
    struct Lines(Pieces);
    impl Write for Lines {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            assert!(piece.ends_with(b"\n"));
            self.0.write(piece)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut lines = Lines(Pieces::new(None));
    text::write(&Fleet { machines: 20_000, panics: false }, &mut lines).unwrap();
    let Lines(pieces) = lines;
    assert!(pieces.written.len() > 50 * LARGEST_PIECE, "{}", pieces.written.len());
    assert!(pieces.largest < LARGEST_PIECE, "{}", pieces.largest);
    assert!(pieces.calls < pieces.written.len() / (16 * 1024), "{}", pieces.calls);
}

#[test]
fn many_families_go_out_in_small_pieces_in_protobuf_too() {
    struct Many;

    impl Collector for Many {
        fn collect(&self, scrape: &mut Scrape<'_>) {
            for i in 0..10_000 {
                let name = format!("gauge_{i}");
                let help = "x".repeat(100);
                scrape.family(&Descriptor::try_new(MetricType::Gauge, &name, &help).unwrap()).push([], 1);
            }
        }
    }

    let (mut pieces, mut page) = (Pieces::new(None), Vec::new());
    protobuf::write(&Many, &mut pieces).unwrap();
    protobuf::encode(&Many, &mut page);
    assert!(pieces.written == page && page.len() > 10 * LARGEST_PIECE, "{}", page.len());
    assert!(pieces.largest < LARGEST_PIECE, "{}", pieces.largest);
    assert!(pieces.calls < page.len() / (16 * 1024), "{}", pieces.calls);
}

#[test]
fn the_first_error_is_returned_and_nothing_is_written_after_it() {
    let fleet = Fleet { machines: 20_000, panics: false };
    let page = generate_metrics(&fleet);
    for fail_at in [0, 1, 100_000, 1_000_000] {
        let mut pieces = Pieces::new(Some(fail_at));
        let error = text::write(&fleet, &mut pieces).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(pieces.calls_after_failure, 0);
        assert!(page.as_bytes().starts_with(&pieces.written));
        assert!(pieces.written.len() < fail_at + LARGEST_PIECE);
    }
}

#[test]
fn an_error_in_the_last_piece_is_returned() {
    let error = text::write(&Fleet { machines: 1, panics: false }, &mut Pieces::new(Some(0))).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_writer_may_be_unsized_and_the_collector_too() {
    let mut page = Vec::new();
    {
        let writer: &mut dyn Write = &mut page;
        let collector: &dyn Collector = &Fleet { machines: 2, panics: false };
        text::write(collector, writer).unwrap();
    }
    assert_eq!(page.split(|b| *b == b'\n').count(), 4 + 2 + 12 + 1);
}

#[test]
fn after_a_panic_what_is_in_the_buffer_is_taken_back() {
    let small = Fleet { machines: 3, panics: true };
    let mut page = Vec::new();
    text::write(&small, &mut page).unwrap();
    assert_eq!(String::from_utf8(page).unwrap(), generate_metrics(&small));

    // What is gone is gone, but the page is whole lines of it and the error.
    let large = Fleet { machines: 20_000, panics: true };
    let complete = generate_metrics(&Fleet { machines: 20_000, panics: false });
    let mut page = Vec::new();
    text::write(&large, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let errors = page.find("# HELP rutheus_scrape_errors").unwrap();
    let (samples, errors) = page.split_at(errors);
    assert!(!samples.is_empty() && samples.ends_with('\n') && complete.starts_with(samples));
    assert!(errors.ends_with("{family=\"collector\",reason=\"panicked\"} 1\n"), "{errors}");
}
