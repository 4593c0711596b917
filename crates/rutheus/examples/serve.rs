//! A program with work to measure, which serves its metrics over HTTP.
//!
//! `cargo run --release --example serve [ADDRESS [JOBS]]`
//!
//! Workers on several threads parse and sort; some of it fails. `/metrics` has the page, `/` tells what
//! is there. ADDRESS is 127.0.0.1:9464 unless given; its port may be 0. After JOBS jobs of each worker
//! the work ends and the numbers stand still; without JOBS it goes on until ctrl-c.

use std::error::Error;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rutheus::http::Server;
use rutheus::process::ProcessMetrics;
use rutheus::{Counter, Family, Gauge, GaugeFn, Histogram, Info, Metric, REGISTRY, StateSet, Summary};

const ADDRESS: &str = "127.0.0.1:9464";
const WORKERS: u64 = 4;

rutheus::metrics! {
    static BUILD: Metric<Info> = rutheus::process::build_info!("demo_build_info");

    static PROCESS: ProcessMetrics = ProcessMetrics::new();

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

    let server = Server::new().title("rutheus demo").endpoint("/metrics", &REGISTRY).bind(address)?;
    println!("listening on http://{}/", server.address());

    // Not joined: the process ends with the server, whatever the workers do.
    std::thread::spawn(move || work(jobs));
    server.run_until(async { drop(tokio::signal::ctrl_c().await) }).await?;
    Ok(())
}

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
