//! What the machine does without any library.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::ops::{self, BOUNDS_11, Kind, Library, NUMBERS, Op, Page, SEQUENCE, Shape, TEXTS};

pub struct Limit;

/// Threads that a measurement has at most.
const THREADS: usize = 8;

#[repr(align(128))]
#[derive(Default)]
struct Padded<T>(T);

fn per_thread<T: Default>() -> Arc<[Padded<T>; THREADS]> {
    Arc::new(std::array::from_fn(|_| Padded::default()))
}

impl Library for Limit {
    fn name(&self) -> &'static str {
        "limit"
    }

    fn counter(&self) -> Option<Op> {
        let words = per_thread::<AtomicU64>();
        let read = Arc::clone(&words);
        Some(
            Op::new(move |span| {
                let word = &words[span.thread].0;
                for _ in 0..span.n {
                    word.fetch_add(1, Relaxed);
                }
            })
            .check(move |n| read[0].0.load(Relaxed) == n),
        )
    }

    fn counter_f64(&self, amount: f64) -> Option<Op> {
        if amount.fract() != 0.0 {
            return float_add(amount);
        }
        // The integer does.
        let word = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&word);
        let amount = amount as u64;
        Some(
            Op::each(move |_| _ = word.fetch_add(black_box(amount), Relaxed))
                .check(move |n| read.load(Relaxed) == n * amount),
        )
    }

    fn gauge_set(&self) -> Option<Op> {
        let word = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&word);
        Some(
            Op::each(move |i| word.store((i as f64).to_bits(), Relaxed))
                .check(move |n| f64::from_bits(read.load(Relaxed)) == (n - 1) as f64),
        )
    }

    fn gauge_add(&self) -> Option<Op> {
        float_add(1.0)
    }

    fn histogram(&self, bounds: &'static [f64], values: &'static [f64; SEQUENCE]) -> Option<Op> {
        let search = Search::new(bounds);
        let cells = Arc::new(std::array::from_fn::<_, THREADS, _>(|_| {
            Padded((
                (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect::<Vec<_>>(),
                Padded(AtomicU64::new(0)),
            ))
        }));
        let read = Arc::clone(&cells);
        Some(
            Op::new(move |span| {
                let (counts, sum) = &cells[span.thread].0;
                for i in span.start..span.start + span.n as usize {
                    let v = values[i % SEQUENCE];
                    counts[search.bucket(v)].fetch_add(1, Relaxed);
                    add(&sum.0, v);
                }
            })
            .check(move |n| read[0].0.0.iter().map(|count| count.load(Relaxed)).sum::<u64>() == n),
        )
    }

    fn labelled_constant(&self) -> Option<Op> {
        let tables = tables(TEXTS.iter().map(|(method, path)| [*method, *path]));
        let read = Arc::clone(&tables);
        Some(
            Op::new(move |span| {
                let table = &tables[span.thread].0;
                for _ in 0..span.n {
                    table.count(["GET", "/p7"]);
                }
            })
            .check(move |n| read[0].0.total() == n),
        )
    }

    fn labelled_text(&self) -> Option<Op> {
        let tables = tables(TEXTS.iter().map(|(method, path)| [*method, *path]));
        let read = Arc::clone(&tables);
        Some(
            Op::new(move |span| {
                let table = &tables[span.thread].0;
                for i in span.start..span.start + span.n as usize {
                    let (method, path) = TEXTS[i % SEQUENCE];
                    table.count([method, path]);
                }
            })
            .check(move |n| read[0].0.total() == n),
        )
    }

    fn labelled_number(&self) -> Option<Op> {
        let tables = tables(NUMBERS.iter().map(|(path, status)| [*path, &*status.to_string().leak()]));
        let read = Arc::clone(&tables);
        Some(
            Op::new(move |span| {
                let table = &tables[span.thread].0;
                for i in span.start..span.start + span.n as usize {
                    let (path, status) = NUMBERS[i % SEQUENCE];
                    table.count([path, itoa::Buffer::new().format(status)]);
                }
            })
            .check(move |n| read[0].0.total() == n),
        )
    }

    fn handle(&self) -> Option<Op> {
        self.counter()
    }

    fn page(&self, shape: Shape) -> Option<Arc<dyn Page>> {
        Some(Arc::new(Rendered::new(shape)))
    }
}

fn float_add(amount: f64) -> Option<Op> {
    let word = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&word);
    Some(
        Op::each(move |_| add(&word, black_box(amount)))
            .check(move |n| f64::from_bits(read.load(Relaxed)) == amount * n as f64),
    )
}

fn add(cell: &AtomicU64, v: f64) {
    let mut now = cell.load(Relaxed);
    while let Err(other) =
        cell.compare_exchange_weak(now, (f64::from_bits(now) + v).to_bits(), Relaxed, Relaxed)
    {
        now = other;
    }
}

/// The bucket of the lowest value that shares a float's top bits; then as many compares as it takes.
struct Search {
    bounds: Vec<f64>,
    first: u64,
    cells: Vec<u16>,
}

impl Search {
    const SHIFT: u32 = 49;

    fn new(bounds: &[f64]) -> Self {
        let cell = |v: f64| v.to_bits() >> Self::SHIFT;
        let (first, last) = (cell(bounds[0]), cell(bounds[bounds.len() - 1]));
        let cells = (first..=last + 1)
            .map(|cell| bounds.partition_point(|bound| *bound < f64::from_bits(cell << Self::SHIFT)) as u16)
            .collect();
        let mut bounds = bounds.to_vec();
        bounds.push(f64::INFINITY);
        Self { bounds, first, cells }
    }

    fn bucket(&self, v: f64) -> usize {
        let cell = (v.to_bits() >> Self::SHIFT).saturating_sub(self.first) as usize;
        let mut bucket = usize::from(self.cells[cell.min(self.cells.len() - 1)]);
        while self.bounds[bucket] < v {
            bucket += 1;
        }
        bucket
    }
}

/// An open table that was filled before, and whose every place is one cache line.
#[derive(Default)]
struct Table {
    places: Vec<Place>,
}

const PLACES: usize = 2048;

#[repr(align(64))]
#[derive(Default)]
struct Place {
    count: AtomicU64,
    /// Those of an empty place are not those of any values.
    words: [Words; 2],
}

/// A text of up to 16 bytes, exactly: its first and last eight, or fewer if it is shorter, and its
/// length.
#[derive(Clone, Copy, Default, PartialEq)]
struct Words(u64, u64, u64);

impl Words {
    #[inline]
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let n = bytes.len();
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let half = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes")));
        let (first, last) = match n {
            8.. => (word(0), word(n - 8)),
            4.. => (half(0), half(n - 4)),
            1.. => (u64::from(bytes[0]) << 8 | u64::from(bytes[n / 2]), u64::from(bytes[n - 1])),
            0 => (0, 0),
        };
        Self(first, last, n as u64)
    }
}

fn tables<'a>(series: impl Iterator<Item = [&'a str; 2]> + Clone) -> Arc<[Padded<Table>; THREADS]> {
    Arc::new(std::array::from_fn(|_| Padded(Table::new(series.clone()))))
}

impl Table {
    fn new<'a>(series: impl Iterator<Item = [&'a str; 2]>) -> Self {
        let mut table = Self { places: (0..PLACES).map(|_| Place::default()).collect() };
        for values in series {
            assert!(values.iter().all(|value| (1..=16).contains(&value.len())));
            let words = values.map(Words::of);
            let mut at = hash(words);
            while table.places[at % PLACES].words != words && table.places[at % PLACES].words[0].2 != 0 {
                at += 1;
            }
            table.places[at % PLACES].words = words;
        }
        table
    }

    #[inline]
    fn count(&self, values: [&str; 2]) {
        let words = values.map(Words::of);
        let mut at = hash(words);
        while self.places[at % PLACES].words != words {
            at += 1;
        }
        self.places[at % PLACES].count.fetch_add(1, Relaxed);
    }

    fn total(&self) -> u64 {
        self.places.iter().map(|place| place.count.load(Relaxed)).sum()
    }
}

#[inline]
fn hash(words: [Words; 2]) -> usize {
    words.iter().fold(0x243F_6A88_85A3_08D3, |state, Words(first, last, n)| {
        let product = u128::from(state ^ first) * u128::from(last ^ 0x9E37_79B9_7F4A_7C15 ^ n);
        (product as u64) ^ (product >> 64) as u64
    }) as usize
}

/// The beginnings of all lines one behind the other, and a number for each.
struct Rendered {
    text: String,
    ends: Vec<usize>,
    numbers: Vec<AtomicU64>,
}

impl Rendered {
    fn new(shape: Shape) -> Self {
        let mut this = Self { text: String::new(), ends: Vec::new(), numbers: Vec::new() };
        for family in 0..shape.families {
            let kind = if shape.kind == Kind::Counters { "counter" } else { "histogram" };
            let mut before = format!("# HELP requests_{family} Requests.\n# TYPE requests_{family} {kind}\n");
            for i in 0..shape.series {
                let (method, path) = ops::series(i);
                let labels = format!("method=\"{method}\",path=\"{path}\"");
                if shape.kind == Kind::Counters {
                    this.line(&format!("{before}requests_{family}{{{labels}}} "), 1);
                } else {
                    for (n, bound) in BOUNDS_11.iter().map(f64::to_string).chain(["+Inf".into()]).enumerate()
                    {
                        let before = if n == 0 { &*before } else { "" };
                        this.line(
                            &format!("{before}requests_{family}_bucket{{{labels},le=\"{bound}\"}} "),
                            1,
                        );
                    }
                    this.line(&format!("requests_{family}_sum{{{labels}}} "), 1);
                    this.line(&format!("requests_{family}_count{{{labels}}} "), 1);
                }
                before.clear();
            }
        }
        this
    }

    fn line(&mut self, text: &str, number: u64) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.numbers.push(AtomicU64::new(number));
    }
}

impl Page for Rendered {
    fn encode(&self, out: &mut String) {
        let mut start = 0;
        for (end, number) in self.ends.iter().zip(&self.numbers) {
            out.push_str(&self.text[start..*end]);
            out.push_str(itoa::Buffer::new().format(number.load(Relaxed)));
            out.push('\n');
            start = *end;
        }
    }

    fn update(&self, method: &str, path: &str) {
        let at = hash([Words::of(method), Words::of(path)]) % self.numbers.len();
        self.numbers[at].fetch_add(1, Relaxed);
    }
}
