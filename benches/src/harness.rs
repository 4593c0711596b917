//! Timing on a machine that others use too.
//!
//! A measurement is many short windows. A window counts only if every thread in it held its core from
//! beginning to end, that is, if its CPU time is at least 97 % of the wall time. All libraries take
//! turns, a few windows each, so whatever changes on the machine meets them all. What is reported is
//! the median.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::ops::{Op, Span};

const WINDOW: Duration = Duration::from_micros(300);
/// Windows of one entry before the next one has its turn.
const TURN: usize = 8;
/// Windows that are tried for each that is wanted.
const TRIES: usize = 4;
/// An operation that takes longer than this is timed by its thread's CPU clock, and always counts.
const LONG: Duration = Duration::from_millis(2);

/// A median, and how far the middle half of the windows is spread, as a share of it.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub median: f64,
    pub spread: f64,
}

/// Worker threads, each pinned to a core in turn, and the count of what was thrown away.
pub struct Harness {
    workers: Vec<Worker>,
    cores: usize,
    /// Rounds in which each entry has a turn.
    pub rounds: usize,
    pub windows: usize,
    pub kept: usize,
}

struct Worker {
    jobs: Sender<Box<dyn FnOnce() -> Vec<Window> + Send>>,
    results: Receiver<Vec<Window>>,
}

#[derive(Debug, Clone, Copy)]
pub struct Window {
    ops: u64,
    start: Instant,
    end: Instant,
    cpu: Duration,
}

impl Window {
    fn wall(&self) -> Duration {
        self.end - self.start
    }

    fn held_its_core(&self) -> bool {
        self.cpu.as_secs_f64() >= 0.97 * self.wall().as_secs_f64()
    }
}

impl Harness {
    pub fn new(rounds: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = (0..8).map(|i| Worker::new(i % cores)).collect();
        Self { workers, cores, rounds, windows: 0, kept: 0 }
    }

    /// ns per operation for each entry, on 1 or 2 threads that start together, or on more than there
    /// are cores: CPU time of all threads by operations by cores.
    pub fn measure(&mut self, entries: &[Option<Op>], threads: usize) -> Vec<Option<Measured>> {
        let mut starts = vec![0usize; entries.len()];
        let chunks: Vec<u64> = entries
            .iter()
            .zip(&mut starts)
            .map(|(op, start)| op.as_ref().map_or(1, |op| self.chunk(op, start)))
            .collect();
        let mut figures: Vec<Vec<f64>> = vec![Vec::new(); entries.len()];
        for round in 0..self.rounds {
            for turn in 0..entries.len() {
                let i = (turn + round) % entries.len();
                let Some(op) = &entries[i] else { continue };
                let new = match threads {
                    1 => self.alone(op, chunks[i], &mut starts[i], round),
                    2 => self.together(op, chunks[i], &mut starts[i]),
                    _ => self.crowd(op, chunks[i], &mut starts[i], threads),
                };
                figures[i].extend(new.iter().map(|ns| ns / op.parts));
                if let Some(after) = &op.after {
                    after();
                }
            }
        }
        figures.into_iter().map(summarize).collect()
    }

    /// So many operations that they last about 10 µs.
    fn chunk(&mut self, op: &Op, start: &mut usize) -> u64 {
        let mut figures = Vec::new();
        let mut chunk = 1;
        for _ in 0..4 {
            let op = op.clone();
            let first = *start;
            let windows =
                self.workers[0].run(move || vec![window(&op, Span { thread: 0, start: first, n: chunk })]);
            let [window] = windows[..] else { continue };
            *start += window.ops as usize;
            figures.push(window.cpu.as_nanos() as f64 / window.ops as f64);
            // The first windows warm up.
            chunk = ((10_000.0 / figures[figures.len() - 1]) as u64).clamp(1, 100_000);
        }
        chunk
    }

    fn alone(&mut self, op: &Op, chunk: u64, start: &mut usize, round: usize) -> Vec<f64> {
        let op = op.clone();
        let mut first = *start;
        let windows = self.workers[round % self.cores].run(move || {
            let (mut windows, mut kept) = (Vec::new(), 0);
            let mut spent = Duration::ZERO;
            while kept < TURN && windows.len() < TURN * TRIES && spent < Duration::from_millis(100) {
                let window = window(&op, Span { thread: 0, start: first, n: chunk });
                first += window.ops as usize;
                spent += window.wall();
                kept += usize::from(window.held_its_core());
                windows.push(window);
            }
            windows
        });
        *start += windows.iter().map(|w| w.ops as usize).sum::<usize>();
        self.windows += windows.len();
        let mut figures = Vec::new();
        for w in windows {
            let long = w.ops == 1 && w.cpu > LONG;
            if long || w.held_its_core() {
                let time = if long { w.cpu } else { w.wall() };
                figures.push(time.as_nanos() as f64 / w.ops as f64);
            }
        }
        self.kept += figures.len();
        figures
    }

    fn together(&mut self, op: &Op, chunk: u64, start: &mut usize) -> Vec<f64> {
        let arrived = Arc::new(AtomicUsize::new(0));
        let enough = Arc::new(AtomicBool::new(false));
        let rounds = TURN * 2;
        for thread in 0..2 {
            let (op, arrived, enough) = (op.clone(), Arc::clone(&arrived), Arc::clone(&enough));
            let mut first = *start + thread * 1013;
            self.workers[thread].start(move || {
                let deadline = Instant::now() + WINDOW * 12 * rounds as u32;
                let mut windows = Vec::new();
                for round in 1..=rounds {
                    if Instant::now() > deadline {
                        enough.store(true, Relaxed);
                    }
                    arrived.fetch_add(1, Relaxed);
                    while arrived.load(Relaxed) < 2 * round && !enough.load(Relaxed) {
                        std::hint::spin_loop();
                    }
                    // Whoever was asleep too long ends it for both; a window of one does not count.
                    if enough.load(Relaxed) {
                        break;
                    }
                    let window = window(&op, Span { thread, start: first, n: chunk });
                    first += window.ops as usize;
                    windows.push(window);
                }
                windows
            });
        }
        let one = self.workers[0].finish();
        let other = self.workers[1].finish();
        *start += one.iter().map(|w| w.ops as usize).sum::<usize>();
        self.windows += one.len().max(other.len());
        let mut figures = Vec::new();
        for (a, b) in one.iter().zip(&other) {
            let skew = a.start.max(b.start) - a.start.min(b.start);
            if a.held_its_core() && b.held_its_core() && skew < Duration::from_micros(5) {
                let wall = a.end.max(b.end) - a.start.min(b.start);
                figures.push(wall.as_nanos() as f64 / (a.ops + b.ops) as f64);
            }
        }
        self.kept += figures.len();
        figures
    }

    fn crowd(&mut self, op: &Op, chunk: u64, start: &mut usize, threads: usize) -> Vec<f64> {
        let ready = Arc::new(AtomicUsize::new(0));
        for thread in 0..threads {
            let (op, ready) = (op.clone(), Arc::clone(&ready));
            let mut first = *start + thread * 1013;
            self.workers[thread].start(move || {
                ready.fetch_add(1, Relaxed);
                while ready.load(Relaxed) < threads {
                    std::thread::yield_now();
                }
                let (cpu, begin) = (cpu_time(), Instant::now());
                let mut ops = 0;
                while begin.elapsed() < Duration::from_millis(25) {
                    (op.run)(Span { thread, start: first, n: chunk });
                    first += chunk as usize;
                    ops += chunk;
                }
                vec![Window { ops, start: begin, end: Instant::now(), cpu: cpu_time() - cpu }]
            });
        }
        let windows: Vec<Window> = (0..threads).flat_map(|t| self.workers[t].finish()).collect();
        let ops: u64 = windows.iter().map(|w| w.ops).sum();
        let cpu: Duration = windows.iter().map(|w| w.cpu).sum();
        *start += ops as usize;
        self.windows += 1;
        self.kept += 1;
        vec![cpu.as_nanos() as f64 / ops as f64 / self.cores.min(threads) as f64]
    }

    /// Runs `f` on a worker while `others` run on the workers after it, until it is done.
    pub fn beside<R: Send + 'static>(
        &mut self,
        f: impl FnOnce() -> R + Send + 'static,
        others: Vec<Arc<dyn Fn(usize) + Send + Sync>>,
    ) -> R {
        let stop = Arc::new(AtomicBool::new(false));
        let n = others.len();
        for (i, other) in others.into_iter().enumerate() {
            let stop = Arc::clone(&stop);
            self.workers[i + 1].start(move || {
                let mut i = 0;
                while !stop.load(Relaxed) {
                    other(i);
                    i += 1;
                }
                Vec::new()
            });
        }
        let (sender, receiver) = channel();
        self.workers[0].run(move || {
            let _ = sender.send(f());
            stop.store(true, Relaxed);
            Vec::new()
        });
        for i in 0..n {
            self.workers[i + 1].finish();
        }
        receiver.recv().expect("the worker sent its result")
    }
}

impl Worker {
    fn new(core: usize) -> Self {
        let (jobs, todo) = channel::<Box<dyn FnOnce() -> Vec<Window> + Send>>();
        let (done, results) = channel();
        std::thread::spawn(move || {
            pin(core);
            for job in todo {
                if done.send(job()).is_err() {
                    break;
                }
            }
        });
        Self { jobs, results }
    }

    fn start(&self, job: impl FnOnce() -> Vec<Window> + Send + 'static) {
        self.jobs.send(Box::new(job)).expect("the worker lives");
    }

    fn finish(&self) -> Vec<Window> {
        self.results.recv().expect("an operation panicked")
    }

    fn run(&self, job: impl FnOnce() -> Vec<Window> + Send + 'static) -> Vec<Window> {
        self.start(job);
        self.finish()
    }
}

/// Runs `op` in chunks for as long as a window is.
fn window(op: &Op, span: Span) -> Window {
    let cpu = cpu_time();
    let start = Instant::now();
    let mut ops = 0;
    loop {
        (op.run)(Span { start: span.start + ops as usize, ..span });
        ops += span.n;
        let end = Instant::now();
        if end - start >= WINDOW {
            return Window { ops, start, end, cpu: cpu_time() - cpu };
        }
    }
}

pub fn summarize(mut figures: Vec<f64>) -> Option<Measured> {
    if figures.is_empty() {
        return None;
    }
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| figures[((figures.len() - 1) as f64 * share).round() as usize];
    let median = at(0.5);
    Some(Measured { median, spread: (at(0.75) - at(0.25)) / median })
}

fn pin(core: usize) {
    // SAFETY: a set of zeroes is an empty set, and the kernel reads no more than its size.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
    }
}

/// The time that this thread has had a core.
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call, which writes it.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
