//! The operations that are measured, and the data that all libraries are given.

use std::sync::{Arc, LazyLock};

/// One library, or the limit. What it does not offer it leaves at `None`.
pub trait Library: Sync {
    fn name(&self) -> &'static str;

    /// The packages that are measured, for their versions.
    fn packages(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a reader of its column should know.
    fn note(&self) -> Option<&'static str> {
        None
    }

    /// Whether a scrape sees buckets, count and sum of a histogram at one moment.
    fn histograms_are_consistent(&self) -> bool {
        false
    }

    /// Adds 1 to one counter.
    fn counter(&self) -> Option<Op> {
        None
    }

    /// Adds `amount` to one float counter.
    fn counter_f64(&self, _amount: f64) -> Option<Op> {
        None
    }

    /// Sets one gauge to the number of the operation.
    fn gauge_set(&self) -> Option<Op> {
        None
    }

    /// Adds 1 to one gauge.
    fn gauge_add(&self) -> Option<Op> {
        None
    }

    /// Observes `values[i % SEQUENCE]`.
    fn histogram(&self, _bounds: &'static [f64], _values: &'static [f64; SEQUENCE]) -> Option<Op> {
        None
    }

    /// Looks up `GET` and `/p7`, both constants, among the series of [`TEXTS`], and adds 1.
    fn labelled_constant(&self) -> Option<Op> {
        None
    }

    /// Looks up `TEXTS[i % SEQUENCE]` and adds 1.
    fn labelled_text(&self) -> Option<Op> {
        None
    }

    /// Looks up `NUMBERS[i % SEQUENCE]`, text and an integer, and adds 1.
    fn labelled_number(&self) -> Option<Op> {
        None
    }

    /// Adds 1 to one of the series of [`TEXTS`] that was looked up before.
    fn handle(&self) -> Option<Op> {
        None
    }

    /// A registry with `shape`.
    fn page(&self, _shape: Shape) -> Option<Arc<dyn Page>> {
        None
    }

    /// `n` metrics that are made but not registered, and an empty registry.
    fn registration(&self, _n: usize) -> Option<Box<dyn Registration>> {
        None
    }

    /// Whether registering refuses a name that is taken.
    fn registration_checks(&self) -> bool {
        false
    }

    /// A program with one counter and one scrape.
    fn minimal(&self) -> Option<Minimal> {
        None
    }

    /// The same with the fewest crates.
    fn minimal_small(&self) -> Option<Minimal> {
        None
    }
}

/// An operation, repeated.
#[derive(Clone)]
pub struct Op {
    pub run: Arc<dyn Fn(Span) + Send + Sync>,
    /// Whether the effect of the first `n` operations on one thread is there.
    pub check: Option<Arc<dyn Fn(u64) -> bool + Send + Sync>>,
    /// Upkeep that is not timed.
    pub after: Option<Arc<dyn Fn() + Send + Sync>>,
    /// How many of what is reported one operation does: the samples of a page.
    pub parts: f64,
}

/// Which operations to do, and on which thread.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub thread: usize,
    pub start: usize,
    pub n: u64,
}

impl Op {
    pub fn new(run: impl Fn(Span) + Send + Sync + 'static) -> Self {
        Self { run: Arc::new(run), check: None, after: None, parts: 1.0 }
    }

    /// `f` is called with the number of the operation.
    pub fn each(f: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self::each_on(move |i, _| f(i))
    }

    /// `f` is called with the number of the operation and that of the thread.
    pub fn each_on(f: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Self::new(move |span| {
            for i in span.start..span.start + span.n as usize {
                f(i, span.thread);
            }
        })
    }

    pub fn check(mut self, check: impl Fn(u64) -> bool + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    pub fn after(mut self, after: impl Fn() + Send + Sync + 'static) -> Self {
        self.after = Some(Arc::new(after));
        self
    }

    pub fn parts(mut self, parts: f64) -> Self {
        self.parts = parts;
        self
    }
}

/// What a registry holds: families of as many series each, with the labels of [`series`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub kind: Kind,
    /// 1 or 10.
    pub families: usize,
    pub series: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Counters,
    /// With [`BOUNDS_11`].
    Histograms,
}

/// A format besides text 0.0.4.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OtherFormat {
    OpenMetrics,
    OpenMetrics2,
    Protobuf,
}

/// A registry that can be scraped, updated and added to.
pub trait Page: Send + Sync {
    /// Appends the page to `out`.
    fn encode(&self, out: &mut String);

    /// Appends the page in another format than text, if the library has it.
    fn encode_as(&self, _format: OtherFormat, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// Looks up the series with these values in the first family and updates it by 1; makes it if it is
    /// not there.
    fn update(&self, method: &str, path: &str);

    /// Updates the series with the labels of [`series`].
    fn touch(&self, i: usize) {
        let (method, path) = series(i);
        self.update(method, path);
    }

    /// Makes a series of the first family and updates it.
    fn create(&self, path: &str) {
        self.update("GET", path);
    }
}

/// Metrics that are registered, and unregistered, one after the other.
pub trait Registration: Send {
    fn register_all(&mut self);

    /// False if there is no such operation.
    fn unregister_all(&mut self) -> bool {
        false
    }
}

/// A small project: the lines of its dependencies and its program.
#[derive(Debug, Clone)]
pub struct Minimal {
    pub dependencies: String,
    pub main: &'static str,
}

/// The length of every prepared sequence, a power of two.
pub const SEQUENCE: usize = 4096;

pub static BOUNDS_11: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
pub static BOUNDS_30: LazyLock<[f64; 30]> = LazyLock::new(|| exponential(0.001, 1.5));
pub static BOUNDS_100: LazyLock<[f64; 100]> = LazyLock::new(|| exponential(0.001, 1.1));

fn exponential<const N: usize>(start: f64, factor: f64) -> [f64; N] {
    std::array::from_fn(|i| start * factor.powi(i as i32))
}

/// Values that fall into every bucket equally often, in no order.
pub fn values(bounds: &'static [f64]) -> &'static [f64; SEQUENCE] {
    let mut random = Random(7);
    Box::leak(Box::new(std::array::from_fn(|_| {
        let bucket = random.below(bounds.len() + 1);
        let low = if bucket == 0 { 0.0 } else { bounds[bucket - 1] };
        let high = bounds.get(bucket).copied().unwrap_or(low * 2.0);
        // The lower end is out, the upper in.
        high - (high - low) * random.unit()
    })))
}

pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The label values of series `i`: a method and a path that is its own.
pub fn series(i: usize) -> (&'static str, &'static str) {
    static PATHS: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| (0..1_200_000).map(|i| &*format!("/p{i}").leak()).collect());
    (METHODS[i % 5], PATHS[i])
}

/// 1,000 series, shuffled: 5 methods, 200 paths.
pub static TEXTS: LazyLock<[(&'static str, &'static str); SEQUENCE]> = LazyLock::new(|| {
    let paths: Vec<&'static str> = (0..200).map(|i| &*format!("/p{i}").leak()).collect();
    let methods: Vec<&'static str> = METHODS.iter().map(|m| &*m.to_string().leak()).collect();
    shuffled(|i| (methods[i % 5], paths[i / 5]))
});

/// 1,000 series, shuffled: 100 paths, 10 status codes.
pub static NUMBERS: LazyLock<[(&'static str, u16); SEQUENCE]> = LazyLock::new(|| {
    let paths: Vec<&'static str> = (0..100).map(|i| &*format!("/p{i}").leak()).collect();
    const STATUS: [u16; 10] = [200, 201, 204, 301, 304, 400, 401, 404, 500, 503];
    shuffled(|i| (paths[i % 100], STATUS[i / 100]))
});

/// Every one of 1,000, then again, each time in another order.
fn shuffled<T>(of: impl Fn(usize) -> T) -> [T; SEQUENCE] {
    let mut random = Random(11);
    let mut order: Vec<usize> = Vec::new();
    while order.len() < SEQUENCE {
        let mut round: Vec<usize> = (0..1000).collect();
        for i in (1..1000).rev() {
            round.swap(i, random.below(i + 1));
        }
        order.extend(round);
    }
    std::array::from_fn(|i| of(order[i]))
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// In 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The lines of a page that are samples.
pub fn samples(page: &str) -> usize {
    page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}

/// The sum of the samples whose name is `name`, whatever their labels.
pub fn sum_of(page: &str, name: &str) -> f64 {
    page.lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|rest| rest.starts_with(['{', ' ']))
        .filter_map(|rest| rest.rsplit('}').next()?.split_whitespace().next()?.parse::<f64>().ok())
        .sum()
}

/// The end of `out`, for libraries that write bytes.
pub fn bytes(out: &mut String) -> &mut Vec<u8> {
    // SAFETY: what is written into it are pages of text, and every page is checked to be text before
    // it is timed.
    unsafe { out.as_mut_vec() }
}
