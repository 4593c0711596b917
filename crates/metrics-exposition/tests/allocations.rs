//! A sample costs no allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use metrics_core::{
    Collector, Descriptor, Encoder, Exemplar, Extras, HistogramValue, LabelSet, Labels, MetricName,
    MetricType, NativeBucket, NativeHistogram, Number, Scrape, StateSetValue, SummaryValue, Timestamp, Value,
};
use metrics_exposition::{Format, text};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(f: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    f();
    ALLOCATIONS.with(Cell::get) - before
}

/// The same series and a value of each type.
struct Series {
    labels: Vec<LabelSet>,
    count: usize,
}

const COUNTER: Descriptor<'_> = Descriptor::new(MetricType::Counter, "requests_total", "Requests.");
const GAUGE: Descriptor<'_> = Descriptor::new(MetricType::Gauge, "load", "Load.");
const HISTOGRAM: Descriptor<'_> = Descriptor::new(MetricType::Histogram, "seconds", "Time.");
const SUMMARY: Descriptor<'_> = Descriptor::new(MetricType::Summary, "bytes", "Sizes.");
const STATES: Descriptor<'_> = Descriptor::new(MetricType::StateSet, "phase", "Phase.");

impl Collector for Series {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let histogram = HistogramValue::new(&[0.1, 1.0, 2.5e6], &[1, 2, 3, 4], 1.0 / 3.0).unwrap();
        let summary = SummaryValue::new(3, 1e9).with_quantiles(&[(0.5, 1.0 / 7.0), (1.0, f64::NAN)]).unwrap();
        for (descriptor, value) in [
            (COUNTER, Value::Number(Number::U64(u64::MAX))),
            (GAUGE, Value::Number(Number::F64(-1.0 / 3e100))),
            (HISTOGRAM, Value::Histogram(histogram)),
            (SUMMARY, Value::Summary(summary)),
            (STATES, Value::StateSet(StateSetValue::new(&["on", "o\"ff"], 1))),
        ] {
            let mut samples = scrape.family(&descriptor);
            for labels in &self.labels[..self.count] {
                samples.sample(labels.labels(), value);
            }
        }
    }
}

/// What the scrape allocates by itself, to tell series of collectors apart.
struct Nothing;

impl Encoder for Nothing {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}
    fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
}

fn series(count: usize) -> Series {
    let label = |i| LabelSet::new([("method", "GET"), ("path", &*format!("/item/{i:06}"))]).unwrap();
    Series { labels: (0..10_000).map(label).collect(), count }
}

fn scrape(series: &Series) -> u64 {
    allocations(|| {
        let mut encoder = Nothing;
        let mut scrape = Scrape::new(&mut encoder);
        scrape.isolate("collector", |scrape| series.collect(scrape));
        scrape.finish();
    })
}

#[test]
fn ten_thousand_samples_allocate_as_much_as_ten() {
    let mut series = series(10_000);
    let mut page = String::new();
    text::encode(&series, &mut page);
    assert!(page.lines().count() > 100_000);

    let mut encode = |series: &Series| {
        page.clear();
        allocations(|| text::encode(series, &mut page)) - scrape(series)
    };
    let many = encode(&series);
    series.count = 10;
    assert_eq!(many, encode(&series));
}

const FORMATS: [Format; 4] = [Format::TEXT, Format::OPEN_METRICS, Format::OPEN_METRICS_2, Format::PROTOBUF];

#[test]
fn samples_of_every_format_allocate_nothing() {
    for format in FORMATS {
        let mut series = series(10_000);
        let mut page = Vec::new();
        format.encode(&series, &mut page);
        let mut encode = |series: &Series| {
            page.clear();
            allocations(|| format.encode(series, &mut page)) - scrape(series)
        };
        let many = encode(&series);
        series.count = 10;
        assert_eq!(many, encode(&series), "{format:?}");
    }
}

/// The same series of a histogram with everything that can stand beside it.
struct WithExtras<'s>(&'s Series);

impl Collector for WithExtras<'_> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let buckets = [-2, 0, 1, 40].map(|index| NativeBucket { index, count: 2u64 });
        let native = NativeHistogram::new(3, 0.001, 2, &buckets, &[]).unwrap();
        let value = HistogramValue::new(&[0.1, 1.0], &[1, 2, 7], 5.5).unwrap().with_native(&native).unwrap();
        let trace = LabelSet::new([("trace_id", "a\"b")]).unwrap();
        let time = Timestamp::new(1_700_000_000, 123_456_789).unwrap();
        let exemplars =
            [0.05, 0.5, 70.0].map(|v| Exemplar::new(trace.labels(), v).unwrap().with_timestamp(time));
        let extras = Extras::NONE.with_created(time).with_timestamp(time).with_exemplars(&exemplars);
        let mut samples = scrape.family(&HISTOGRAM);
        for labels in &self.0.labels[..self.0.count] {
            samples.sample_with(labels.labels(), Value::Histogram(value), &extras);
        }
    }
}

#[test]
fn what_stands_beside_values_allocates_nothing() {
    for format in FORMATS {
        let mut series = series(10_000);
        let mut page = Vec::new();
        format.encode(&WithExtras(&series), &mut page);
        let mut encode = |series: &Series| {
            page.clear();
            let alone = allocations(|| {
                let mut encoder = Nothing;
                let mut scrape = Scrape::new(&mut encoder);
                scrape.isolate("collector", |scrape| WithExtras(series).collect(scrape));
                scrape.finish();
            });
            allocations(|| format.encode(&WithExtras(series), &mut page)) - alone
        };
        let many = encode(&series);
        series.count = 10;
        assert_eq!(many, encode(&series), "{format:?}");
    }
}

#[cfg(feature = "std")]
#[test]
fn ten_thousand_written_samples_allocate_as_much_as_ten() {
    let mut series = series(10_000);
    let write =
        |series: &Series| allocations(|| text::write(series, &mut std::io::sink()).unwrap()) - scrape(series);
    let many = write(&series);
    series.count = 10;
    assert_eq!(many, write(&series));
}
