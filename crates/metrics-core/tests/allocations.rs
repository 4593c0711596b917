//! No update of an existing series allocates, and no sample of a scrape does.
//!
//! One test, since the allocator counts for the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use metrics_core::{
    Buckets, Collector, Counter, Descriptor, Encoder, Extras, Family, Gauge, Histogram, Labels, MetricName,
    MetricType, Native, Scrape, Summary, Value, collect_fn,
};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Relaxed);
    f();
    ALLOCATIONS.load(Relaxed) - before
}

struct Ignore(usize);

impl Encoder for Ignore {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}

    fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {
        self.0 += 1;
    }

    fn sample_with(&mut self, _: Labels<'_>, _: Value<'_>, _: &Extras<'_>) {
        self.0 += 1;
    }
}

/// Allocations of a scrape, and its samples.
fn scrape(collector: &dyn Collector) -> (usize, usize) {
    let mut ignore = Ignore(0);
    let count = allocations(|| collector.collect(&mut Scrape::new(&mut ignore)));
    (count, ignore.0)
}

/// Updates with exemplars and native buckets do not allocate once they have their places, and neither
/// does a scrape of them.
fn exemplars_and_native_buckets() {
    let buckets = Buckets::try_new([1.0, 8.0]).unwrap().with_native(Native::with_schema(8)).unwrap();
    let natives: Family<Histogram, 1> = Family::try_new("n", "N.", ["a"], buckets).unwrap();
    let counters: Family<Counter, 1> = Family::counter("e_total", "E.", ["a"]);
    let histograms: Family<Histogram, 1> = Family::histogram("e", "E.", ["a"], &[1.0, 8.0]);
    for i in 0..2000 {
        natives.with((i,)).observe(0.0);
        counters.with((i,)).inc();
        histograms.with((i,)).observe(1.0);
    }
    let new = natives.with((2000,));
    assert_eq!(allocations(|| new.observe(0.0)), 0, "a new series has its places");
    assert!(natives.remove((2000,)));
    let before = BYTES.load(Relaxed);
    let one: Family<Histogram, 1> = Family::native_histogram("one", "O.", ["a"], Native::DEFAULT);
    one.with(["x"]).observe(1.0);
    let grown = BYTES.load(Relaxed) - before;
    assert!(grown < 16 * 1024, "{grown} bytes for one native histogram");
    let observe_new_buckets = || (0..1000u32).for_each(|i| natives.with((i,)).observe(f64::from(i) - 500.5));
    assert_eq!(allocations(observe_new_buckets), 0, "a new native bucket has its place");
    let many_buckets = || (0..1000).for_each(|i| natives.with((3,)).observe(1.01f64.powi(i)));
    assert_eq!(allocations(many_buckets), 0, "giving up precision needs no memory");

    let update = || {
        for i in 0..2000 {
            let labels = [("trace_id", "0123456789abcdef")];
            counters.with((i,)).inc_with_exemplar(labels).unwrap();
            histograms.with((i,)).observe_with_exemplar(f64::from(i % 10), labels).unwrap();
        }
        for i in 0..20 {
            natives
                .with((5,))
                .observe_with_exemplar(f64::from(i), [("trace_id", "0123456789abcdef")])
                .unwrap();
        }
    };
    assert!(allocations(update) > 0, "the first exemplars make their places");
    assert_eq!(allocations(update), 0);

    let first = |n: usize| {
        let names: Vec<String> = (0..n).map(|i| i.to_string()).collect();
        let some: Family<Counter, 1> = Family::counter("e_total", "E.", ["a"]);
        for name in &names {
            some.with([&**name]).inc_with_exemplar([("trace_id", "0123456789abcdef")]).unwrap();
        }
        scrape(&some).0
    };
    assert_eq!(first(10), first(1000), "a scrape of many exemplars allocates no more than one of few");
    let (count, samples) = scrape(&natives);
    assert_eq!(samples, 2000);
    assert!(count < 40, "{count} allocations for {samples} native histograms");
    let (count, samples) = scrape(&histograms);
    assert_eq!(samples, 2000);
    assert!(count < 20, "{count} allocations for {samples} histograms with exemplars");
}

#[test]
fn updates_and_samples_do_not_allocate() {
    let before = BYTES.load(Relaxed);
    let counters: Family<Counter, 2> = Family::counter("c_total", "C.", ["a", "b"]);
    let histograms: Family<Histogram, 2> =
        Family::histogram("h", "H.", ["a", "b"], &Histogram::DEFAULT_BUCKETS);
    let gauges: Family<Gauge, 1> = Family::gauge("g", "G.", ["a"]);
    let summaries: Family<Summary, 1> = Family::summary("s", "S.", ["a"]);
    assert_eq!(BYTES.load(Relaxed), before, "a family without series allocates nothing");

    let update = || {
        for i in 0..10 {
            counters.with((i, "x")).inc();
            counters.with(["text", "x"]).inc();
            histograms.with((i, true)).observe(f64::from(i));
            gauges.with((i,)).add(1.5);
            summaries.with((i,)).observe(2.0);
        }
        counters.handle(["text", "x"]).inc();
    };
    assert!(allocations(update) > 0, "the first round makes the series");
    assert_eq!(allocations(update), 0);

    let few = [scrape(&counters), scrape(&histograms), scrape(&gauges), scrape(&summaries)];
    for i in 10..5000 {
        counters.with((i, "x")).inc();
        histograms.with((i, true)).observe(1.0);
        gauges.with((i,)).add(1.5);
        summaries.with((i,)).observe(2.0);
    }
    let many = [scrape(&counters), scrape(&histograms), scrape(&gauges), scrape(&summaries)];
    for (few, many) in few.iter().zip(&many) {
        assert!(few.1 <= 11 && many.1 >= 5000);
        assert_eq!(few.0, many.0, "a scrape of many series allocates no more than one of few");
    }

    const PUSHED: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "p", "P.");
    let names: Vec<String> = (0..5000).map(|i| i.to_string()).collect();
    let push = |n: usize| {
        let names = &names;
        collect_fn(move |scrape| {
            let mut samples = scrape.family(&PUSHED);
            for name in &names[..n] {
                samples.push([("b", name), ("a", "x")], 1);
            }
        })
    };
    let (few, _) = scrape(&push(10));
    let (many, samples) = scrape(&push(5000));
    assert_eq!(samples, 5000);
    assert!(many < few + 40, "pushed series are remembered in memory that grows by doubling: {few}, {many}");

    // What contention costs is bounded, however many series there are beside the hot one.
    let hot = counters.handle(["text", "x"]);
    let before = (hot.get(), BYTES.load(Relaxed));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200_000).for_each(|_| hot.inc()));
        }
    });
    assert_eq!(hot.get(), before.0 + 800_000);
    let grown = BYTES.load(Relaxed) - before.1;
    assert!(grown <= 4096, "{grown} bytes for one contended counter among {}", counters.len());

    exemplars_and_native_buckets();

    // A series costs its labels and some fifty bytes, and gives them back.
    let before = BYTES.load(Relaxed);
    let many: Family<Counter, 2> = Family::counter("m_total", "M.", ["method", "path"]);
    for i in 0..50_000 {
        many.with(("GET", i)).inc();
    }
    let labels = r#"method="GET",path="10000""#.len();
    let each = (BYTES.load(Relaxed) - before) / 50_000;
    assert!(each < labels + 60, "{each} bytes for each series");
    many.clear();
    let left = BYTES.load(Relaxed) - before;
    assert!(left < 250_000, "{left} bytes of an empty family");
}
