//! Labels: one family, a series for each set of label values.
//!
//! `cargo run --example labels`

use rutheus::{Counter, Family, Histogram, generate_metrics};

static REQUESTS: Family<Counter, 3> = Family::counter(
    "http_requests_total",
    "Requests by method, route and status.",
    ["method", "route", "status"],
)
.default_labels([Some("GET"), None, Some("200")]);

static SECONDS: Family<Histogram, 1> =
    Family::histogram("http_request_seconds", "Time for a request.", ["route"], &[0.1, 1.0]);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In order: strings, numbers and booleans. Another number of values does not compile.
    REQUESTS.with(("POST", "/cart", 201)).inc();

    // By name, in any order; what is not given takes its default.
    REQUESTS.label("route", "/")?.get()?.inc_by(4);
    REQUESTS.label("status", "404")?.label("route", "/cart")?.get()?.inc();

    // The first labels once, the rest later.
    let deletes = REQUESTS.curry(["DELETE", "/cart"]);
    deletes.with((204,)).inc();
    deletes.with((409,)).inc();

    // A handle is looked up once and updated at the cost of a bare counter, from any thread.
    let hot = REQUESTS.handle(["GET", "/", "200"]);
    std::thread::spawn(move || hot.inc()).join().expect("the thread only counts");

    // Names and values that are known at run time only are checked where they are used.
    let unknown = REQUESTS.label("method", "GET")?.label("path", "/").unwrap_err();

    // A series that is not needed any more can go.
    REQUESTS.remove(("DELETE", "/cart", 409));

    SECONDS.with(["/"]).observe(0.03);
    print!("{}", generate_metrics(&(&REQUESTS, &SECONDS)));
    println!("\n{unknown}");
    Ok(())
}
