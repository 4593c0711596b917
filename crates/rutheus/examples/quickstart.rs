//! The first metrics of a program: declared as statics, updated anywhere, printed as a page.
//!
//! `cargo run --example quickstart`

use rutheus::{Counter, Gauge, Histogram, Metric};

rutheus::metrics! {
    static LINES: Metric<Counter> = Metric::counter("lines_read_total", "Lines read.");

    static BAD_LINES: Metric<Counter> =
        Metric::counter("lines_bad_total", "Lines that are not a number.");

    static LARGEST: Metric<Gauge> = Metric::gauge("largest_number", "The largest number so far.");

    static LENGTHS: Metric<Histogram> =
        Metric::histogram("line_length_bytes", "Length of a line.", &[2.0, 4.0, 8.0]);
}

fn main() {
    for line in ["7", "42", "forty-two", "1000"] {
        LINES.inc();
        LENGTHS.observe(line.len() as f64);
        // `count_err` hands the result on, so it fits wherever a result is made.
        if let Ok(number) = BAD_LINES.count_err(line.parse::<f64>()) {
            LARGEST.set(LARGEST.get().max(number));
        }
    }
    print!("{}", rutheus::gather());
}
