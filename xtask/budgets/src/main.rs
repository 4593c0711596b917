//! Runs one operation many times, for `cargo xtask budgets` to count its instructions: everything that
//! is to be counted is in the function `measured`, and nothing else is.
//!
//! `budgets --list` prints the operations; `budgets <operation> <times>` runs one.

use std::hint::black_box;
use std::process::ExitCode;

use rutheus::{Counter, Family, Gauge, Histogram, Metric, Summary, text};

/// An operation by the name it has in `docs/budgets.md`.
type Operation = (&'static str, fn(usize));

const OPERATIONS: &[Operation] = &[
    ("nothing", |times| measured(times, |_| ())),
    ("counter_inc", |times| {
        static HITS: Metric<Counter> = Metric::counter("hits_total", "Hits.");
        measured(times, |_| black_box(&HITS).inc());
    }),
    ("counter_inc_by", |times| {
        static BYTES: Metric<Counter> = Metric::counter("bytes_total", "Bytes.");
        measured(times, |i| black_box(&BYTES).inc_by(i as u64));
    }),
    ("float_counter_whole", |times| {
        static SECONDS: Counter<f64> = Counter::<f64>::new();
        measured(times, |i| _ = black_box(&SECONDS).inc_by((i % 7) as f64));
    }),
    ("float_counter_fraction", |times| {
        static SECONDS: Counter<f64> = Counter::<f64>::new();
        measured(times, |i| _ = black_box(&SECONDS).inc_by((i % 7) as f64 + 0.5));
    }),
    ("gauge_set", |times| {
        static DEPTH: Metric<Gauge> = Metric::gauge("depth", "Depth.");
        measured(times, |i| black_box(&DEPTH).set(i as f64));
    }),
    ("gauge_add", |times| {
        static DEPTH: Metric<Gauge> = Metric::gauge("depth", "Depth.");
        measured(times, |i| black_box(&DEPTH).add(i as f64));
    }),
    ("whole_gauge_inc", |times| {
        static LEVEL: Metric<Gauge<i64>> = Metric::gauge_i64("level", "Level.");
        measured(times, |_| black_box(&LEVEL).inc());
    }),
    ("histogram_observe", |times| {
        static SECONDS: Metric<Histogram> =
            Metric::histogram("seconds", "Seconds.", &Histogram::DEFAULT_BUCKETS);
        SECONDS.observe(1.0);
        measured(times, |i| black_box(&SECONDS).observe((i % 1000) as f64 / 90.0));
    }),
    ("summary_observe", |times| {
        static ROWS: Metric<Summary> = Metric::summary("rows", "Rows.");
        measured(times, |i| black_box(&ROWS).observe(i as f64));
    }),
    ("handle_inc", |times| {
        static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "Jobs.", ["queue", "kind"]);
        let handle = JOBS.handle(["mail", "send"]);
        measured(times, |_| black_box(&handle).inc());
    }),
    ("lookup_of_few", |times| lookup(times, 100)),
    ("lookup_of_many", |times| lookup(times, 20_000)),
    ("encode_counter", |times| {
        static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "Jobs.", ["queue", "kind"]);
        (0..times).for_each(|i| JOBS.with((i, "send")).inc_by(i as u64));
        let mut page = String::new();
        text::encode(&JOBS, &mut page);
        page.clear();
        measured(1, |_| text::encode(black_box(&JOBS), &mut page));
    }),
    ("encode_histogram", |times| {
        static SECONDS: Family<Histogram, 1> =
            Family::histogram("seconds", "Seconds.", ["queue"], &Histogram::DEFAULT_BUCKETS);
        (0..times).for_each(|i| SECONDS.with((i,)).observe((i % 1000) as f64 / 90.0));
        let mut page = String::new();
        text::encode(&SECONDS, &mut page);
        page.clear();
        measured(1, |_| text::encode(black_box(&SECONDS), &mut page));
    }),
];

/// What is counted.
#[inline(never)]
fn measured(times: usize, mut operation: impl FnMut(usize)) {
    (0..times).for_each(|i| operation(black_box(i)));
}

/// Finds one of `series` by two labels and counts in it.
fn lookup(times: usize, series: usize) {
    static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "Jobs.", ["queue", "status"]);
    let queues: Vec<_> = (0..series).map(|i| format!("queue-{i}")).collect();
    queues.iter().for_each(|queue| JOBS.with([&**queue, "200"]).inc());
    measured(times, |i| JOBS.with(black_box([&*queues[i % series], "200"])).inc());
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(|argument| &**argument).collect::<Vec<_>>()[..] {
        ["--list"] => {
            OPERATIONS.iter().for_each(|(name, _)| println!("{name}"));
            ExitCode::SUCCESS
        }
        [name, times] => match (OPERATIONS.iter().find(|(of, _)| *of == name), times.parse()) {
            (Some((_, run)), Ok(times)) => {
                run(times);
                ExitCode::SUCCESS
            }
            _ => ExitCode::from(2),
        },
        _ => ExitCode::from(2),
    }
}
