//! Servers of several versions scrape a registry with everything in every format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rutheus::Timestamp;

use crate::everything::{self, GROWTH, OBSERVED, TRACE};
use crate::target::Target;
use crate::{Id, Prometheus, Result, encoded, find_prometheus, skip};

/// Every server at hand: the one of the distribution, and those of the conformance tools, which are
/// beside the repository or where `RUTHEUS_CONFORMANCE` says.
fn servers() -> Vec<PathBuf> {
    let mut servers = of_tools("prometheus/*/usr/bin/prometheus");
    servers.extend(find_prometheus());
    // One of them can be there under two names.
    let mut servers: Vec<_> = servers.iter().filter_map(|server| server.canonicalize().ok()).collect();
    servers.sort();
    servers.dedup();
    servers
}

/// Each file of the conformance tools whose path is this one, with anything for the `*`.
fn of_tools(path: &str) -> Vec<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("RUTHEUS_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let (before, behind) = path.split_once("/*/").unwrap_or((path, ""));
    let entries = std::fs::read_dir(folder.join("tools").join(before)).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join(behind)).filter(|path| path.is_file()).collect()
}

/// Major and minor version.
fn version(server: &Path) -> Result<(u32, u32)> {
    let output = Command::new(server).arg("--version").output()?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let version = said.split_once("version ").ok_or("no version")?.1;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Ok((numbers.next().ok_or("no major")??, numbers.next().ok_or("no minor")??))
}

#[test]
fn servers_of_every_version_read_every_format() -> Result<()> {
    let servers = servers();
    if servers.is_empty() {
        return skip();
    }
    for server in servers {
        let version = version(&server)?;
        println!("{} is {version:?}", server.display());
        check(&server, version).map_err(|error| format!("Prometheus {version:?}: {error}"))?;
    }
    Ok(())
}

/// VictoriaMetrics asks for text, and takes nothing else.
#[test]
fn victoria_metrics_reads_what_it_is_served() -> Result<()> {
    let servers = of_tools("victoria/*/usr/bin/victoria-metrics");
    if servers.is_empty() {
        eprintln!("skipped: no VictoriaMetrics among the conformance tools");
        return Ok(());
    }
    for server in servers {
        println!("{}", server.display());
        let target = Target::start(everything::registry(Timestamp::now(), true)?)?;
        let config = format!(
            "{{ job_name: metrics, metrics_path: /metrics, static_configs: [{{ targets: ['{}'] }}] }}",
            target.address
        );
        let victoria = Prometheus::start_victoria(&server, &config)?;
        let is_there = || Ok(victoria.value("conf_requests_total{job=\"metrics\"}")? == 42.0);
        victoria.wait_until("a sample is there", is_there)?;
        // Its storage rounds to fifteen digits.
        values(&victoria, "metrics", false, 1e-14)
            .map_err(|error| format!("{}: {error}", server.display()))?;
    }
    Ok(())
}

fn check(server: &Path, version: (u32, u32)) -> Result<()> {
    let knows_created = version >= (2, 50);
    let knows_utf8 = version >= (3, 0);
    // Later than anything in the server, and before the first scrape.
    let created = Timestamp::from_millis(Timestamp::now().as_millis() - 2000);
    let target = Target::start(everything::registry(created, true)?)?;
    let mut jobs = vec!["text", "openmetrics", "protobuf", "metrics"];
    if knows_utf8 {
        jobs.push("utf8");
    }
    let config = |job: &&str| {
        format!(
            "{{ job_name: {job}, metrics_path: /{job}, static_configs: [{{ targets: ['{}'] }}] }}",
            target.address
        )
    };
    let mut features = vec!["native-histograms", "exemplar-storage"];
    if knows_created {
        features.push("created-timestamp-zero-ingestion");
    }
    let configs = jobs.iter().map(config).collect::<Vec<_>>().join(", ");
    let prometheus = Prometheus::start(server, &configs, &features)?;
    prometheus.wait_for_targets(jobs.len())?;

    for job in &jobs {
        // A server that takes native histograms leaves the classic buckets beside them out.
        values(&prometheus, job, matches!(*job, "protobuf" | "metrics"), 0.0)?;
    }
    for job in ["openmetrics", "protobuf"] {
        exemplars(&prometheus, job, version)?;
    }
    native_histograms(&prometheus)?;
    if knows_created {
        zero_at_creation(&prometheus, created)?;
    }
    if knows_utf8 {
        assert_eq!(prometheus.value("{\"conf.a\\\"b\\\\c_total\", job=\"utf8\"}")?, 1.0);
        assert_eq!(prometheus.value("{\"conf.rpc.latency_count\", job=\"utf8\"}")?, 1.0);
        assert_eq!(
            prometheus.value("{\"conf.target_info\", \"service.name\"=\"checkout\", job=\"utf8\"}")?,
            1.0
        );
    }
    Ok(())
}

/// Every number of the page is in the server.
fn values(prometheus: &Prometheus, job: &str, is_native: bool, tolerance: f64) -> Result<()> {
    let scraped = prometheus.series(&format!("{{job=\"{job}\",__name__=~\"conf.*\"}}"))?;
    let expected = |name: &str, labels: &[(&str, &str)], value: f64| {
        let labels = labels
            .iter()
            .chain(&[("zone", "a")])
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        (Id::new(name, labels.collect()), value)
    };
    let mut all = vec![
        expected("conf_requests_total", &[], 42.0),
        expected("conf_cpu_seconds_total", &[], 0.25),
        expected("conf_starts", &[], 0.0),
        expected("conf_room_celsius", &[], -0.5),
        expected("conf_rows_sum", &[], 7.5),
        expected("conf_rows_count", &[], 3.0),
        expected("conf_build_info", &[("version", "1.4.0")], 1.0),
        expected("conf_mode", &[("conf_mode", "on")], 1.0),
        expected("conf_mode", &[("conf_mode", "a \"\\\nb")], 0.0),
        expected("conf_disk_seconds", &[("device", "sda"), ("path", "/a\n\"\\"), ("quantile", "0.5")], 0.25),
        expected("conf_unknown", &[], u64::MAX as f64),
    ];
    if !is_native {
        all.push(expected("conf_both_seconds_bucket", &[("le", "0.1")], 23.0));
        all.push(expected("conf_both_seconds_bucket", &[("le", "+Inf")], 101.0));
        all.push(expected("conf_both_seconds_count", &[], 101.0));
        all.push(expected("conf_native_seconds_count", &[], 100.0));
        let suffix = if matches!(job, "text" | "metrics") { "" } else { "g" };
        all.push(expected(&format!("conf_queue_bytes_{suffix}count"), &[], 3.0));
        all.push(expected("conf_queue_bytes_bucket", &[("le", "1024")], 2.0));
    }
    for (id, value) in all {
        let found = scraped.get(&id).copied().ok_or_else(|| format!("{job} has no {id:?}: {scraped:#?}"))?;
        assert!((found - value).abs() <= value.abs() * tolerance, "{job} {id:?}: {found}, {value}");
    }
    let nan = Id::new("conf_nan", BTreeMap::from([("zone".to_owned(), "a".to_owned())]));
    // VictoriaMetrics keeps none.
    assert!(tolerance > 0.0 || scraped[&nan].is_nan(), "{job}");
    assert!(!scraped.keys().any(|id| id.name.starts_with("rutheus_scrape_errors")));
    Ok(())
}

fn exemplars(prometheus: &Prometheus, job: &str, version: (u32, u32)) -> Result<()> {
    let query = |metric: &str| -> Result<Vec<(String, f64)>> {
        let path = format!(
            "/api/v1/query_exemplars?query={}&start=0&end=9999999999",
            encoded(&format!("{metric}{{job=\"{job}\"}}"))
        );
        let data = prometheus.api(&path)?;
        let series = data.as_array().ok_or("a list")?.iter();
        let exemplars = series.flat_map(|series| series["exemplars"].as_array().cloned().unwrap_or_default());
        exemplars
            .map(|exemplar| {
                let trace = exemplar["labels"]["trace_id"].as_str().unwrap_or_default().to_owned();
                Ok((trace, exemplar["value"].as_str().ok_or("a text")?.parse()?))
            })
            .collect()
    };
    assert_eq!(query("conf_requests_total")?, [(TRACE.to_owned(), 1.0)], "{job}");
    // In the classic bucket up to 0.1, and beside the native ones.
    let name = if job == "protobuf" { "conf_both_seconds" } else { "conf_both_seconds_bucket" };
    assert_eq!(query(name)?, [(TRACE.to_owned(), 0.05)], "{job}");
    let is_protobuf = job == "protobuf";
    if is_protobuf && version < (2, 50) {
        // It reads those of classic buckets only.
        return Ok(());
    }
    let name = if is_protobuf { "conf_native_seconds" } else { "conf_native_seconds_bucket" };
    let native = query(name)?;
    let are_ours = native.iter().all(|(trace, v)| trace == TRACE && OBSERVED.contains(v));
    assert!(!native.is_empty() && are_ours, "{job}: {native:?}");
    Ok(())
}

/// Counts and sums are exact, and a quantile is at most the width of a bucket off.
fn native_histograms(prometheus: &Prometheus) -> Result<()> {
    for (metric, count) in [("conf_native_seconds", 100.0), ("conf_both_seconds", 101.0)] {
        for job in ["protobuf", "metrics"] {
            let selector = format!("{metric}{{job=\"{job}\"}}");
            assert_eq!(prometheus.value(&format!("histogram_count({selector})"))?, count);
            let sum: f64 = OBSERVED.iter().sum::<f64>() + if count > 100.0 { 0.05 } else { 0.0 };
            let read = prometheus.value(&format!("histogram_sum({selector})"))?;
            assert!((read - sum).abs() < 1e-9 * sum, "{selector}: {read}, {sum}");
            for (quantile, rank) in [(0.1, 10), (0.5, 50), (0.9, 90), (0.99, 99)] {
                let truth = OBSERVED[rank - 1];
                let query = format!("histogram_quantile({quantile}, {selector})");
                let read = prometheus.value(&query)?;
                // The observation after it too, as one more was made at 0.05 in one of the two.
                let next = OBSERVED[rank.min(99)];
                assert!(truth / GROWTH <= read && read <= next * GROWTH, "{query}: {read}, {truth}");
            }
        }
    }
    let balance = "conf_balance{job=\"protobuf\"}";
    assert_eq!(prometheus.value(&format!("histogram_count({balance})"))?, 25.0);
    assert_eq!(prometheus.value(&format!("histogram_sum({balance})"))?, 300.0);
    assert_eq!(prometheus.value("histogram_count(conf_empty_seconds{job=\"protobuf\"})")?, 0.0);
    Ok(())
}

/// The time of creation is the first sample of a counter, with the value zero.
fn zero_at_creation(prometheus: &Prometheus, created: Timestamp) -> Result<()> {
    let path = format!("/api/v1/query?query={}", encoded("conf_requests_total{job=\"protobuf\"}[5m]"));
    let data = prometheus.api(&path)?;
    let first = &data["result"][0]["values"][0];
    let time = first[0].as_f64().ok_or_else(|| format!("no samples: {data}"))?;
    assert_eq!((time * 1000.0).round() as i64, created.as_millis(), "{data}");
    assert_eq!(first[1], "0", "{data}");
    Ok(())
}
