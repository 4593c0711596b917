//! Serves 1,000 series while four threads update them as fast as they can, and says what an update took.
//!
//! `cargo run --release --package metrics-http --example under_load [ADDRESS [SECONDS]]`, with something
//! like `wrk -t2 -c16 -d30s http://127.0.0.1:9465/metrics` beside it.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use metrics_core::{Counter, Family, Histogram, Metric};

const THREADS: usize = 4;

static JOBS: Family<Counter, 2> = Family::counter("jobs_total", "Jobs.", ["queue", "worker"]);
static SECONDS: Metric<Histogram> =
    Metric::histogram("job_seconds", "Time for a job.", &Histogram::DEFAULT_BUCKETS);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9465".to_owned());
    let seconds: u64 = arguments.next().map_or(Ok(30), |seconds| seconds.parse())?;
    let handles: Vec<_> = (0..1000).map(|i| JOBS.handle((i / 10, i % 10))).collect();

    let server = metrics_http::spawn(address, (&JOBS, &SECONDS))?;
    println!("serving on http://{}/metrics for {seconds} s", server.address());
    let over = AtomicBool::new(false);
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (handles, over) = (&handles, &over);
                scope.spawn(move || {
                    let mut times = Times::default();
                    let mut at = thread;
                    while !over.load(Ordering::Relaxed) {
                        at = (at + 7) % handles.len();
                        let start = Instant::now();
                        handles[at].inc();
                        SECONDS.observe(0.003);
                        times.add(start.elapsed());
                    }
                    times
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(seconds));
        over.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .map(|thread| thread.join().expect("it does not panic"))
            .fold(Times::default(), Times::and)
    });
    server.shutdown()?;

    let counted: u64 = handles.iter().map(|handle| handle.get()).sum();
    let observed = SECONDS.snapshot().count();
    println!("{} updates, counted {counted}, observed {observed}", times.all());
    println!(
        "an update: median {:?}, 99 % {:?}, 99.9 % {:?}",
        times.quantile(0.5),
        times.quantile(0.99),
        times.quantile(0.999)
    );
    if counted != times.all() || observed != times.all() {
        return Err("something was lost".into());
    }
    Ok(())
}

/// How often an update took so many nanoseconds, within a sixteenth.
struct Times(Vec<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(vec![0; 64 * 16])
    }
}

impl Times {
    fn add(&mut self, time: Duration) {
        let nanos = (time.as_nanos() as u64).max(16);
        let magnitude = nanos.ilog2();
        let sixteenth = (nanos >> (magnitude - 4)) & 15;
        self.0[(magnitude as usize) * 16 + sixteenth as usize] += 1;
    }

    fn and(mut self, other: Self) -> Self {
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            *mine += others;
        }
        self
    }

    fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    fn quantile(&self, quantile: f64) -> Duration {
        let rank = (self.all() as f64 * quantile) as u64;
        let mut below = 0;
        for (at, count) in self.0.iter().enumerate() {
            below += count;
            if below > rank {
                let (magnitude, sixteenth) = (at as u32 / 16, at as u64 % 16);
                return Duration::from_nanos((16 + sixteenth) << magnitude.saturating_sub(4));
            }
        }
        Duration::ZERO
    }
}
