//! The rows of pages: small ones, and one of 1M series while it is updated.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::{NS, Run, exact};
use crate::harness::{Measured, cpu_time, summarize};
use crate::ops::{self, BOUNDS_11, Kind, Library, Op, OtherFormat, Page, Shape, Span};
use crate::table::Goal;

/// Series that are created beside 1M others: without a scrape, and again during one.
const CREATED: usize = 200_000;

impl Run<'_> {
    pub(super) fn pages(&mut self) {
        use Goal::*;
        let small = Shape { kind: Kind::Counters, families: 10, series: 1000 };
        let histograms = Shape { kind: Kind::Histograms, families: 1, series: 1000 };
        self.time("encode 10k counters, per sample", 1, &[Limit(1.5), Best(6.0)], |l| encoding(l, small));
        self.time("encode 1,000 histograms × 11, per line", 1, &[Limit(1.5), Best(4.0)], |l| {
            encoding(l, histograms)
        });
        for (format, name) in [
            (OtherFormat::OpenMetrics, "OpenMetrics"),
            (OtherFormat::OpenMetrics2, "OpenMetrics 2.0"),
            (OtherFormat::Protobuf, "protobuf"),
        ] {
            for (shape, what) in [(small, "10k counters"), (histograms, "1,000 histograms × 11")] {
                self.time(&format!("encode {what} as {name}, per sample of text"), 1, &[], |l| {
                    encoding_as(l, shape, format)
                });
                self.each(&format!("bytes of {what} as {name}, per sample of text"), "bytes", &[], |_, l| {
                    let (page, samples) = (l.page(shape)?, encoding(l, shape)?.parts);
                    let mut out = Vec::new();
                    page.encode_as(format, &mut out).then(|| exact(out.len() as f64 / samples))
                });
            }
        }
        self.each("encode 10k counters while two threads update, per sample", NS, &[], |run, l| {
            let page = l.page(small)?;
            let encode = encode_op(&page);
            let update: Arc<dyn Fn(usize) + Send + Sync> =
                Arc::new(move |i| page.touch(i.wrapping_mul(7919) % 1000));
            let rounds = run.harness.rounds;
            let figures = run.harness.beside(
                move || {
                    let figure = |i| {
                        let before = cpu_time();
                        (encode.run)(Span { thread: 0, start: i, n: 1 });
                        (cpu_time() - before).as_nanos() as f64 / encode.parts
                    };
                    (0..rounds * 4).map(figure).collect::<Vec<_>>()
                },
                vec![Arc::clone(&update), update],
            );
            summarize(figures)
        });
    }

    pub(super) fn large_pages(&mut self) {
        use Goal::*;
        let names = [
            "create 1M series, each",
            "encode 1M counters, per sample",
            "update one of 1M, median",
            "update one of 1M, p99.9",
            "update one of 1M during a scrape, median",
            "update one of 1M during a scrape, p99.9",
            "create one beside 1M, median",
            "create one beside 1M, p99.9",
            "create one beside 1M, longest",
            "create one beside 1M during a scrape, median",
            "create one beside 1M during a scrape, p99.9",
            "create one beside 1M during a scrape, longest",
        ];
        if self.quick || !names.iter().any(|name| self.wants(name)) {
            return;
        }
        let shape = Shape { kind: Kind::Counters, families: 10, series: 100_000 };
        // Strings that all libraries share are made before any of them is timed.
        ops::series(0);
        let mut creation = Vec::new();
        let mut pages: Vec<Option<Arc<dyn Page>>> = Vec::new();
        for library in self.libraries {
            eprintln!("1M series: {}", library.name());
            let before = cpu_time();
            let page = library.page(shape);
            let took = (cpu_time() - before).as_nanos() as f64 / 1e6;
            creation.push(page.as_ref().filter(|_| library.name() != "limit").map(|_| exact(took)));
            pages.push(page);
        }
        self.add(names[0], NS, &[], creation);

        // One scrape of each in turn.
        let mut out = String::new();
        let mut figures = vec![Vec::new(); pages.len()];
        for round in 0..6 {
            for (page, figures) in pages.iter().zip(&mut figures) {
                let Some(page) = page else { continue };
                out.clear();
                let before = cpu_time();
                page.encode(&mut out);
                let took = cpu_time() - before;
                // The first one warms up, and lets the text grow.
                if round > 0 {
                    figures.push(took.as_nanos() as f64 / ops::samples(&out) as f64);
                }
            }
        }
        self.add(names[1], NS, &[Limit(1.5), Best(6.0)], figures.into_iter().map(summarize).collect());

        let new: Arc<Vec<String>> = Arc::new((0..2 * CREATED).map(|i| format!("/n{i}")).collect());
        let mut latencies: Vec<Vec<Option<Measured>>> = vec![Vec::new(); names.len() - 2];
        for (library, page) in self.libraries.iter().zip(pages) {
            let Some(page) = page.filter(|_| library.name() != "limit") else {
                latencies.iter_mut().for_each(|row| row.push(None));
                continue;
            };
            eprintln!("latencies: {}", library.name());
            let next = Arc::new(AtomicUsize::new(0));
            let mut at = 0;
            for creating in [false, true] {
                for scraping in [false, true] {
                    let figures = self.latencies(
                        &page,
                        creating.then(|| (Arc::clone(&new), Arc::clone(&next))),
                        scraping,
                    );
                    for figure in &figures[..if creating { 3 } else { 2 }] {
                        latencies[at].push(Some(exact(*figure)));
                        at += 1;
                    }
                }
            }
        }
        for (name, cells) in names[2..].iter().zip(latencies) {
            self.add(name, NS, &[], cells);
        }
    }

    /// Median, 99.9th percentile and maximum of single updates, for half a second or until there is
    /// nothing new to create.
    fn latencies(
        &mut self,
        page: &Arc<dyn Page>,
        new: Option<(Arc<Vec<String>>, Arc<AtomicUsize>)>,
        scraping: bool,
    ) -> [f64; 3] {
        let mut others: Vec<Arc<dyn Fn(usize) + Send + Sync>> = Vec::new();
        let scrapes = Arc::new(AtomicUsize::new(0));
        if scraping {
            let (page, scrapes) = (Arc::clone(page), Arc::clone(&scrapes));
            let out = std::sync::Mutex::new(String::new());
            others.push(Arc::new(move |_| {
                let mut out = out.lock().unwrap();
                out.clear();
                scrapes.fetch_add(1, Relaxed);
                page.encode(&mut out);
            }));
        }
        let page = Arc::clone(page);
        self.harness.beside(
            move || {
                while scraping && scrapes.load(Relaxed) == 0 {
                    std::thread::yield_now();
                }
                let mut random = ops::Random(3);
                let mut ticks: Vec<u64> = Vec::with_capacity(4_000_000);
                let (begin, first) = (Instant::now(), clock());
                while begin.elapsed() < Duration::from_millis(500) && ticks.len() < 3_900_000 {
                    for _ in 0..64 {
                        let i = random.below(100_000);
                        if let Some((new, next)) = &new {
                            let path = &new[next.fetch_add(1, Relaxed)];
                            let before = clock();
                            page.create(path);
                            ticks.push(clock() - before);
                        } else {
                            black_box(ops::series(i).1.as_bytes()[0]);
                            let before = clock();
                            page.touch(i);
                            ticks.push(clock() - before);
                        }
                    }
                    if new.is_some() && ticks.len() + 64 > CREATED {
                        break;
                    }
                }
                let ns = begin.elapsed().as_nanos() as f64 / (clock() - first) as f64;
                ticks.sort_unstable();
                let at = |share: f64| ticks[((ticks.len() - 1) as f64 * share) as usize] as f64 * ns;
                [at(0.5), at(0.999), at(1.0)]
            },
            others,
        )
    }
}

fn encoding(library: &dyn Library, shape: Shape) -> Option<Op> {
    let page = library.page(shape)?;
    let lines =
        shape.families * shape.series * if shape.kind == Kind::Counters { 1 } else { BOUNDS_11.len() + 3 };
    let op = encode_op(&page);
    assert!(op.parts as usize >= lines, "{}: {} samples of {lines}", library.name(), op.parts);
    Some(op)
}

/// The same in another format; a part is a sample of the text, so that the figures compare.
fn encoding_as(library: &dyn Library, shape: Shape, format: OtherFormat) -> Option<Op> {
    let parts = encoding(library, shape)?.parts;
    let page = library.page(shape)?;
    let mut out = Vec::new();
    if !page.encode_as(format, &mut out) {
        return None;
    }
    let out = std::sync::Mutex::new(out);
    let op = Op::new(move |span| {
        let mut out = out.lock().unwrap();
        for _ in 0..span.n {
            out.clear();
            page.encode_as(format, &mut out);
            black_box(out.len());
        }
    });
    Some(op.parts(parts))
}

/// Encodes into a text that is reused; a part is a sample.
fn encode_op(page: &Arc<dyn Page>) -> Op {
    let mut out = String::new();
    page.encode(&mut out);
    // Some libraries write bytes.
    assert!(str::from_utf8(out.as_bytes()).is_ok());
    let samples = ops::samples(&out);
    let page = Arc::clone(page);
    let out = std::sync::Mutex::new(out);
    Op::new(move |span| {
        let mut out = out.lock().unwrap();
        for _ in 0..span.n {
            out.clear();
            page.encode(&mut out);
            black_box(out.len());
        }
    })
    .parts(samples as f64)
}

#[cfg(target_arch = "x86_64")]
fn clock() -> u64 {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn clock() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
