//! The smallest set of crates: `metrics-core` counts, `metrics-exposition` prints. No registry, and
//! without default features no dependencies but itoa and ryu.
//!
//! `cargo run --example minimal`

use metrics_core::{Counter, Gauge, Metric, Summary};
use metrics_exposition::generate_metrics;

static RUNS: Metric<Counter> = Metric::counter("runs_total", "Runs of the job.");
static ROWS: Metric<Summary> = Metric::summary("rows", "Rows that a run read.");
static LAST: Metric<Gauge> = Metric::gauge("last_rows", "Rows of the last run.");

fn main() {
    for rows in [120.0, 80.5] {
        RUNS.inc();
        ROWS.observe(rows);
        LAST.set(rows);
    }
    // Any collector makes a page: a metric, a slice, a tuple.
    print!("{}", generate_metrics(&(&RUNS, &ROWS, &LAST)));
}
