//! A program with work to measure, which serves its metrics over HTTP.
//!
//! `cargo run --release --example serve [ADDRESS [JOBS]]`
//!
//! Workers on several threads parse and sort; some of it fails. `/metrics` has the page, `/` tells what
//! is there. ADDRESS is 127.0.0.1:9464 unless given; its port may be 0. After JOBS jobs of each worker
//! the work ends and the numbers stand still; without JOBS it goes on until ctrl-c.

use std::convert::Infallible;
use std::error::Error;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rutheus::{Counter, Family, Gauge, GaugeFn, Histogram, Info, Metric, StateSet, Summary};
use tokio::net::TcpListener;

const ADDRESS: &str = "127.0.0.1:9464";
const WORKERS: u64 = 4;

rutheus::metrics! {
    static BUILD: Metric<Info> =
        Metric::info("demo_build_info", "What runs here.", &[("version", env!("CARGO_PKG_VERSION"))]);

    static WORKLOAD: Metric<StateSet> =
        Metric::state_set("demo_workload", "What the workers do.", &["running", "done"]);

    static UPTIME: Metric<GaugeFn<fn() -> f64>> =
        Metric::gauge_fn("demo_uptime_seconds", "Time since the start.", uptime);

    static JOBS: Family<Counter, 2> =
        Family::counter("demo_jobs_total", "Jobs by kind and outcome.", ["kind", "outcome"]);

    static IN_PROGRESS: Metric<Gauge<i64>> =
        Metric::gauge_i64("demo_jobs_in_progress", "Jobs that are worked on now.");

    static SECONDS: Family<Histogram, 1> = Family::histogram(
        "demo_job_seconds",
        "Time for a job by kind.",
        ["kind"],
        &[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.01, 0.1],
    );

    static LENGTHS: Metric<Histogram> = Metric::histogram(
        "demo_list_length",
        "Numbers in a list that was sorted.",
        &[250.0, 500.0, 1000.0, 2000.0, 4000.0],
    );

    static FIELD_ERRORS: Metric<Counter> =
        Metric::counter("demo_field_errors_total", "Fields that are not a number.");

    static PARSED: Metric<Summary> = Metric::summary("demo_parsed_bytes", "Bytes of a text that was parsed.");

    static BUSY: Metric<Counter<f64>> =
        Metric::counter_f64("demo_busy_seconds_total", "Time that the workers worked.");

    static LAST_JOB: Metric<Gauge> =
        Metric::gauge("demo_last_job_timestamp_seconds", "When the last job began, in Unix time.");

    static REQUESTS: Family<Counter, 2> =
        Family::counter("demo_http_requests_total", "HTTP requests by path and status.", ["path", "status"]);
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn uptime() -> f64 {
    START.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    LazyLock::force(&START);
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| ADDRESS.to_owned());
    let jobs = arguments.next().map(|jobs| jobs.parse()).transpose()?;

    let listener =
        TcpListener::bind(&address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("listening on http://{}/", listener.local_addr()?);

    // Not joined: the process ends with the server, whatever the workers do.
    std::thread::spawn(move || work(jobs));
    serve(listener).await;
    Ok(())
}

// The server.

async fn serve(listener: TcpListener) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
    let graceful = GracefulShutdown::new();
    let mut end = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = http.serve_connection(TokioIo::new(stream), service_fn(respond));
                    let connection = graceful.watch(connection);
                    // A client that goes away in the middle is no concern of ours.
                    tokio::spawn(async move { drop(connection.await) });
                }
                // Most likely too many open files, which pass when connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            _ = &mut end => break,
        }
    }
    drop(listener);
    // Requests under way are answered; a connection that does not end is cut off.
    let _ = tokio::time::timeout(Duration::from_secs(3), graceful.shutdown()).await;
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // Only paths that are there become label values: a client cannot make series.
    let path = match request.uri().path() {
        path @ ("/" | "/metrics") => path.to_owned(),
        _ => "other".to_owned(),
    };
    let mut response = if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "This server answers GET and HEAD.\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    } else {
        match &*path {
            "/metrics" => {
                let mut response = Response::new(rutheus::gather().into());
                let content_type = HeaderValue::from_static(rutheus::text::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, content_type);
                response
            }
            "/" => {
                let mut response = Response::new(INDEX.into());
                let content_type = HeaderValue::from_static("text/html; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, content_type);
                response
            }
            _ => text(StatusCode::NOT_FOUND, "Nothing is here. The metrics are at /metrics.\n"),
        }
    };
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    REQUESTS.with((path, response.status().as_u16())).inc();
    Ok(response)
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

const INDEX: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rutheus demo</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1.5rem; }
  h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
  a.page { display: inline-block; margin: .75rem 0 1.25rem; padding: .4rem .9rem; border: 1px solid; border-radius: .4rem; text-decoration: none; }
  code { font-size: .9em; }
  li { margin: .2rem 0; }
</style>
<h1>rutheus demo</h1>
<p>Four threads parse and sort; some of it fails. All of it is measured.</p>
<a class="page" href="/metrics">/metrics</a>
<p>Some of what is there:</p>
<ul>
  <li><code>demo_jobs_total</code>, a counter by kind and outcome</li>
  <li><code>demo_job_seconds</code>, a histogram of times by kind</li>
  <li><code>demo_jobs_in_progress</code>, a gauge</li>
  <li><code>demo_workload</code>, a state set</li>
</ul>
</html>
"#;

// The work.

/// Runs the workers until each has done its jobs, if there is an end.
fn work(jobs: Option<u64>) {
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            scope.spawn(move || {
                let mut random = Random(worker + 1);
                for job in 0..jobs.unwrap_or(u64::MAX) {
                    do_job(job, &mut random);
                    std::thread::sleep(Duration::from_millis(if jobs.is_some() { 1 } else { 20 }));
                }
            });
        }
    });
    WORKLOAD.set("done").expect("it is one of the states");
}

fn do_job(job: u64, random: &mut Random) {
    let _in_progress = IN_PROGRESS.track_in_progress();
    LAST_JOB.set_to_current_time();
    let (kind, outcome, seconds) = if job % 2 == 0 {
        let text = make_text(job, random);
        let series = SECONDS.with(["parse"]);
        let timer = series.start_timer();
        let parsed = parse(&text);
        ("parse", if parsed.is_ok() { "success" } else { "failure" }, timer.observe())
    } else {
        let mut list = make_list(random);
        let series = SECONDS.with(["sort"]);
        let timer = series.start_timer();
        list.sort_unstable();
        LENGTHS.observe(list.len() as f64);
        ("sort", "success", timer.observe())
    };
    JOBS.with([kind, outcome]).inc();
    BUSY.inc_by(seconds).expect("a time is finite and not negative");
}

/// The sum of the numbers in a text of fields.
fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
    PARSED.observe(text.len() as f64);
    text.split(',').try_fold(0, |sum, field| Ok(sum + FIELD_ERRORS.count_err(field.parse::<u64>())?))
}

/// Fields of numbers. In every tenth text, one is not.
fn make_text(job: u64, random: &mut Random) -> String {
    let mut fields: Vec<String> = (0..100).map(|_| random.below(1_000_000).to_string()).collect();
    if job % 20 == 0 {
        fields[50] = "n/a".to_owned();
    }
    fields.join(",")
}

fn make_list(random: &mut Random) -> Vec<u64> {
    let length = 100 + random.below(4900);
    (0..length).map(|_| random.below(u64::MAX)).collect()
}

/// Enough randomness for a demo, the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
