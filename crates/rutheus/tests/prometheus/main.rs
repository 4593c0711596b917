//! The main job: a real Prometheus server scrapes the demo, and has in the end what the demo says; and
//! servers of several versions read every format.
//!
//! Needs `prometheus` and `promtool` in the PATH, or the environment variable PROMETHEUS with the path
//! of the first. Without them the test is skipped, and fails where `CI=true`.

#[allow(dead_code, reason = "the test of readers uses the rest")]
#[path = "../support/everything.rs"]
mod everything;
mod formats;
#[path = "../support/mod.rs"]
mod support;
mod target;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long anything is waited for; reached only if something is broken.
const PATIENCE: Duration = Duration::from_secs(60);
const WORKERS: u64 = 4;
const JOBS: u64 = 200;
/// The demo's families that go on when its work is done.
const LIVE: [&str; 1] = ["demo_uptime_seconds"];

#[test]
fn a_prometheus_server_reads_what_the_program_counted() -> Result<()> {
    let Some(server) = find_prometheus() else { return skip() };

    let demo = Demo::start()?;
    let at_start = series_of_page(&demo.page()?);
    let config = format!("{{ job_name: demo, static_configs: [{{ targets: ['{}'] }}] }}", demo.address);
    let prometheus = Prometheus::start(&server, &config, &[])?;
    prometheus.wait_for_targets(1)?;
    prometheus.wait_for_end_of_work()?;

    let scraped = prometheus.series("{job=\"demo\"}")?;
    let page = demo.page()?;

    // Everything that the demo says of itself is in the server, nothing else is, and to the last bit.
    let demos = |all: Series| -> Series {
        all.into_iter().filter(|(series, _)| series.name.starts_with("demo_")).collect()
    };
    let (scraped, own) = (demos(scraped), demos(series_of_page(&page)));
    assert_eq!(scraped.keys().collect::<Vec<_>>(), own.keys().collect::<Vec<_>>());
    assert!(own.len() > 40, "the demo has {} series", own.len());
    for (series, value) in &scraped {
        if LIVE.contains(&&*series.name) {
            let before = at_start.get(series).copied().unwrap_or(0.0);
            assert!(before <= *value && *value <= own[series], "{series:?}: {value}");
        } else {
            assert_eq!(*value, own[series], "{series:?}");
        }
    }

    // The work itself is known: half of the jobs parse, of which every tenth fails.
    let all = (WORKERS * JOBS) as f64;
    for (query, expected) in [
        ("sum(demo_jobs_total)", all),
        ("sum(demo_jobs_total{kind=\"sort\"})", all / 2.0),
        ("sum(demo_jobs_total{outcome=\"failure\"})", all / 20.0),
        ("demo_field_errors_total", all / 20.0),
        ("demo_jobs_in_progress", 0.0),
        ("demo_parsed_bytes_count", all / 2.0),
        ("demo_list_length_count", all / 2.0),
        ("sum(demo_job_seconds_count)", all),
        ("sum(demo_job_seconds_bucket{le=\"+Inf\"})", all),
        ("demo_workload{demo_workload=\"running\"}", 0.0),
        ("demo_build_info", 1.0),
    ] {
        assert_eq!(prometheus.value(query)?, expected, "{query}");
    }
    let busy = prometheus.value("demo_busy_seconds_total - on() sum(demo_job_seconds_sum)")?;
    assert!(busy.abs() < 1e-9, "the jobs took {busy} more in one metric than in the other");

    for quantile in [0.1, 0.5, 0.9, 0.99] {
        for (selector, labels) in [
            ("demo_job_seconds", &[("kind", "parse")][..]),
            ("demo_job_seconds", &[("kind", "sort")]),
            ("demo_list_length", &[]),
        ] {
            let matchers: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            let query =
                format!("histogram_quantile({quantile}, {selector}_bucket{{{}}})", matchers.join(","));
            let expected = quantile_of_page(&own, selector, labels, quantile);
            let value = prometheus.value(&query)?;
            assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{query}: {value}, {expected}");
        }
    }

    promtool_reports_nothing(&server, &page)
}

fn skip() -> Result<()> {
    let hint = "no Prometheus server: `apt-get install prometheus`, or set PROMETHEUS to the path of one";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{hint}");
    eprintln!("skipped: {hint}");
    Ok(())
}

// The demo.

struct Demo {
    _process: Process,
    address: SocketAddr,
}

impl Demo {
    fn start() -> Result<Self> {
        let jobs = JOBS.to_string();
        let mut command = support::example("serve");
        command.args(["127.0.0.1:0", &jobs]).stdout(Stdio::piped());
        let mut process = Process(command.spawn()?);
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().ok_or("it is piped")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").and_then(|l| l.strip_suffix('/'));
        let address = address.ok_or_else(|| format!("the demo says {line:?}"))?.parse()?;
        Ok(Self { _process: process, address })
    }

    fn page(&self) -> Result<String> {
        get(self.address, "/metrics")
    }
}

// The server.

struct Prometheus {
    process: Process,
    address: SocketAddr,
    directory: Directory,
}

impl Prometheus {
    /// A server with these scrape configurations, which are YAML.
    fn start(server: &Path, scrape_configs: &str, features: &[&str]) -> Result<Self> {
        let directory = Directory::new()?;
        let config = directory.0.join("prometheus.yml");
        let global = "global: { scrape_interval: 1s, scrape_timeout: 1s }";
        fs::write(&config, format!("{global}\nscrape_configs: [{scrape_configs}]\n"))?;
        // The port was free a moment ago; if another process took it, the server ends at once and the
        // waiting below reports its log.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(server);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.0.join("data").display()))
            .arg(format!("--web.listen-address={address}"));
        if !features.is_empty() {
            command.arg(format!("--enable-feature={}", features.join(",")));
        }
        let process = command.stdout(Stdio::null()).stderr(File::create(directory.log())?).spawn()?;
        Ok(Self { process: Process(process), address, directory })
    }

    /// A VictoriaMetrics, whose API is the same as far as it is used here.
    fn start_victoria(server: &Path, scrape_configs: &str) -> Result<Self> {
        let directory = Directory::new()?;
        let config = directory.0.join("scrape.yml");
        let global = "global: { scrape_interval: 1s, scrape_timeout: 1s }";
        fs::write(&config, format!("{global}\nscrape_configs: [{scrape_configs}]\n"))?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new(server)
            .arg(format!("-promscrape.config={}", config.display()))
            .arg(format!("-storageDataPath={}", directory.0.join("data").display()))
            .arg(format!("-httpListenAddr={address}"))
            .args(["-search.latencyOffset=0s", "-memory.allowedBytes=67108864"])
            .stdout(Stdio::null())
            .stderr(File::create(directory.log())?)
            .spawn()?;
        Ok(Self { process: Process(process), address, directory })
    }

    /// Waits until every one of `count` targets was scraped, and none in vain.
    fn wait_for_targets(&self, count: usize) -> Result<()> {
        self.wait_until("the targets are up", || {
            let targets = self.api("/api/v1/targets")?;
            let targets = targets["activeTargets"].as_array().ok_or("a list")?;
            match targets.iter().find(|target| target["health"] == "down") {
                Some(down) => Err(format!("{} is down: {}", down["scrapePool"], down["lastError"]).into()),
                None => Ok(targets.len() == count && targets.iter().all(|target| target["health"] == "up")),
            }
        })
    }

    fn wait_for_end_of_work(&self) -> Result<()> {
        self.wait_until(
            "the work is done",
            || Ok(self.value("demo_workload{demo_workload=\"done\"}")? == 1.0),
        )
    }

    fn wait_until(&self, what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let error = match condition() {
                Ok(true) => return Ok(()),
                Ok(false) => "not so".to_owned(),
                // Also while the server is not listening yet.
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.directory.log())?;
                let process = self.process.0.id();
                return Err(format!("{what}: {error}, after {PATIENCE:?} (process {process})\n{log}").into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn value(&self, query: &str) -> Result<f64> {
        let series = self.series(query)?;
        match series.values().collect::<Vec<_>>()[..] {
            [value] => Ok(*value),
            _ => Err(format!("{query}: {} series", series.len()).into()),
        }
    }

    fn series(&self, query: &str) -> Result<Series> {
        let data = self.api(&format!("/api/v1/query?query={}", encoded(query)))?;
        let result = data["result"].as_array().ok_or("a result that is a list")?;
        // Native histograms have no value that is a number.
        let numbers = result.iter().filter(|entry| entry.get("histogram").is_none());
        numbers
            .map(|entry| {
                let mut labels: BTreeMap<String, String> = serde_json::from_value(entry["metric"].clone())?;
                let name = labels.remove("__name__").unwrap_or_default();
                labels.retain(|name, _| name != "job" && name != "instance");
                let value = entry["value"][1].as_str().ok_or("a value that is a text")?.parse()?;
                Ok((Id::new(&name, labels), value))
            })
            .collect()
    }

    fn api(&self, path: &str) -> Result<Value> {
        let mut answer: Value = serde_json::from_str(&get(self.address, path)?)?;
        if answer["status"] != "success" {
            return Err(format!("{path}: {answer}").into());
        }
        Ok(answer["data"].take())
    }
}

fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn find_prometheus() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PROMETHEUS") {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "PROMETHEUS is {path:?}, which is not a file");
        return Some(path);
    }
    let paths = std::env::var_os("PATH")?;
    let name = format!("prometheus{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&paths).map(|directory| directory.join(&name)).find(|path| path.is_file())
}

fn promtool_reports_nothing(server: &Path, page: &str) -> Result<()> {
    let beside = server.with_file_name(format!("promtool{}", std::env::consts::EXE_SUFFIX));
    let promtool = if beside.is_file() { beside } else { "promtool".into() };
    let mut process = Process(
        Command::new(promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?,
    );
    process.0.stdin.take().ok_or("it is piped")?.write_all(page.as_bytes())?;
    let mut report = String::new();
    process.0.stdout.take().ok_or("it is piped")?.read_to_string(&mut report)?;
    process.0.stderr.take().ok_or("it is piped")?.read_to_string(&mut report)?;
    let status = process.0.wait()?;
    assert_eq!(report, "");
    assert!(status.success(), "{status}");
    Ok(())
}

// Series, from the page and from the server.

type Series = BTreeMap<Id, f64>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    name: String,
    labels: BTreeMap<String, String>,
}

impl Id {
    fn new(name: &str, mut labels: BTreeMap<String, String>) -> Self {
        // A server may write the number in another way.
        if let Some(bound) = labels.get_mut("le") {
            *bound = bound.parse::<f64>().map_or(bound.clone(), |number| number.to_string());
        }
        Self { name: name.to_owned(), labels }
    }
}

/// The series of a page whose label values have neither commas nor anything that is escaped.
fn series_of_page(page: &str) -> Series {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            let (name, labels) =
                series.strip_suffix('}').and_then(|s| s.split_once('{')).unwrap_or((series, ""));
            let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
                let (name, value) = label.split_once('=').expect("a name and a value");
                (name.to_owned(), value.trim_matches('"').to_owned())
            });
            // To a server, an empty value is no label.
            let labels = labels.filter(|(_, value)| !value.is_empty());
            (Id::new(name, labels.collect()), value.parse().expect("a number"))
        })
        .collect()
}

/// The quantile by the server's rule: linear within the bucket that has it.
fn quantile_of_page(page: &Series, name: &str, labels: &[(&str, &str)], quantile: f64) -> f64 {
    let mut buckets: Vec<(f64, f64)> = page
        .iter()
        .filter(|(series, _)| {
            series.name.strip_suffix("_bucket") == Some(name)
                && labels.iter().all(|(name, value)| series.labels[*name] == *value)
        })
        .map(|(series, count)| (series.labels["le"].parse().expect("a number"), *count))
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rank = quantile * buckets.last().expect("the bucket of infinity").1;
    let at = buckets.iter().position(|(_, count)| *count >= rank).expect("the last has all");
    let (end, count) = buckets[at];
    let (start, below) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
    if end == f64::INFINITY { start } else { start + (end - start) * (rank - below) / (count - below) }
}

// Processes, files and HTTP.

/// Killed by its own handle when the test ends, however it ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Directory(PathBuf);

impl Directory {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("prometheus-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn log(&self) -> PathBuf {
        self.0.join("log")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Version 1.0, so that the answer is neither in chunks nor followed by another.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer with a head")?;
    let status = head.split(' ').nth(1);
    if status != Some("200") {
        return Err(format!("GET {path}: {head}\n{body}").into());
    }
    Ok(body.to_owned())
}
