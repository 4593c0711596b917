//! The linter of Prometheus says of a page of this library what the metrics on it deserve, and nothing
//! else.
//!
//! The documents, with the problems of each, are not part of this repository: they are beside it or where
//! `RUTHEUS_CONFORMANCE` says, and without them the test says so and passes. The linter is `promtool` in
//! the PATH, or beside the server that the environment variable PROMETHEUS names. Without it the test is
//! skipped, and fails where `CI=true`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rutheus::{
    Collector, Descriptor, HistogramValue, LabelSet, MetricType, Number, Scrape, SummaryValue, Value, text,
};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The name of a metric, and what is wrong with it.
type Problem = (String, String);

/// Where the page cannot be what the document is: the metric is left out and reported, and the linter has
/// nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deviation {
    /// A histogram or a summary whose document has one bare number in place of buckets or quantiles, sum
    /// and count. A whole one of the same name and labels has the problems of the document.
    Half,
    /// A series that comes twice, of which the first stays.
    Twice,
}

impl Deviation {
    fn of(families: &[Family]) -> Option<Self> {
        let is_composite =
            |family: &Family| matches!(family.metric_type, MetricType::Histogram | MetricType::Summary);
        let has_number =
            |family: &Family| family.series.iter().any(|series| matches!(series.value, Owned::Number(_)));
        if families.iter().any(|family| is_composite(family) && has_number(family)) {
            return Some(Self::Half);
        }
        let has_twice = |family: &Family| {
            let mut series = family.series.iter().enumerate();
            series.any(|(i, one)| family.series[..i].iter().any(|other| other.labels == one.labels))
        };
        families.iter().any(has_twice).then_some(Self::Twice)
    }

    /// What the page says of it.
    fn reason(self) -> &'static str {
        match self {
            Self::Half => "invalid_value",
            Self::Twice => "duplicate_series",
        }
    }
}

#[test]
fn the_linter_finds_the_problems_of_the_metrics_and_no_others() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    let Some(promtool) = find_promtool() else { return skip() };

    let mut equal = 0;
    let mut deviations = BTreeMap::<Deviation, usize>::new();
    for case in &cases {
        let name = case["test"].as_str().ok_or("a name")?;
        let mut expected: Vec<Problem> = serde_json::from_value(case["problems"].clone())?;
        expected.sort();
        let mut families = read(case["in"].as_str().ok_or("a document")?)?;

        let mut page = page_of(&families);
        if let Some(deviation) = Deviation::of(&families) {
            *deviations.entry(deviation).or_default() += 1;
            let is_reported = page.contains(&format!("reason=\"{}\"}} 1\n", deviation.reason()));
            assert!(is_reported, "{name}: {deviation:?} is not reported\n{page}");
            assert_eq!(lint(&promtool, &page)?, [], "{name}: {deviation:?}\n{page}");
            assert!(!expected.is_empty(), "{name}: {deviation:?} is no deviation");
            if deviation == Deviation::Twice {
                continue;
            }
            families.iter_mut().for_each(Family::make_whole);
            page = page_of(&families);
        } else {
            equal += 1;
        }
        assert_eq!(lint(&promtool, &page)?, expected, "{name}\n{page}");
    }
    println!("{equal} documents as they are, otherwise {deviations:?}");
    assert_eq!(equal, 68);
    assert_eq!(Vec::from_iter(deviations), [(Deviation::Half, 6), (Deviation::Twice, 1)]);
    Ok(())
}

fn cases() -> Result<Option<Vec<Json>>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("RUTHEUS_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let Ok(text) = fs::read_to_string(folder.join("corpus/promlint.json")) else {
        eprintln!("skipped: there is no promlint.json; set RUTHEUS_CONFORMANCE to the folder of its corpus");
        return Ok(None);
    };
    Ok(Some(serde_json::from_str(&text)?))
}

// The linter.

fn find_promtool() -> Option<PathBuf> {
    let name = format!("promtool{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::var_os("PROMETHEUS").map(|server| Path::new(&server).with_file_name(&name));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&paths).map(|directory| directory.join(&name));
    beside.into_iter().chain(in_path).find(|path| path.is_file())
}

fn skip() -> Result<()> {
    let hint =
        "no promtool: `apt-get install prometheus`, or set PROMETHEUS to the path of a server beside it";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{hint}");
    eprintln!("skipped: {hint}");
    Ok(())
}

/// What the linter finds on a page, in order.
fn lint(promtool: &Path, page: &str) -> Result<Vec<Problem>> {
    let mut process = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    process.stdin.take().ok_or("it is piped")?.write_all(page.as_bytes())?;
    let output = process.wait_with_output()?;
    let said = String::from_utf8(output.stderr)?;
    let problem = |line: &str| line.split_once(' ').map(|(name, text)| (name.to_owned(), text.to_owned()));
    let mut problems: Vec<_> = said.lines().map(problem).collect::<Option<_>>().ok_or("not a problem")?;
    problems.sort();
    // A page that it cannot read is an error of another number.
    let expected = if problems.is_empty() { 0 } else { 3 };
    assert_eq!(output.status.code(), Some(expected), "{said}\n{page}");
    assert_eq!(String::from_utf8(output.stdout)?, "", "{page}");
    Ok(problems)
}

fn page_of(families: &[Family]) -> String {
    let mut page = String::new();
    text::encode(families, &mut page);
    page
}

// The documents.

#[derive(Debug)]
struct Family {
    name: String,
    help: String,
    metric_type: MetricType,
    series: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    labels: LabelSet,
    value: Owned,
}

#[derive(Debug)]
enum Owned {
    Number(f64),
    Histogram { bounds: Vec<f64>, counts: Vec<u64>, sum: f64 },
    Summary { quantiles: Vec<(f64, f64)>, count: u64, sum: f64 },
}

/// A line of a document.
struct Line<'a> {
    name: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    value: f64,
}

impl Collector for Family {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let descriptor = Descriptor::try_new(self.metric_type, &self.name, &self.help).unwrap();
        let mut samples = scrape.family(&descriptor);
        for series in &self.series {
            let value = match &series.value {
                Owned::Number(v) => Value::Number(Number::F64(*v)),
                Owned::Histogram { bounds, counts, sum } => {
                    Value::Histogram(HistogramValue::new(bounds, counts, *sum).unwrap())
                }
                Owned::Summary { quantiles, count, sum } => {
                    Value::Summary(SummaryValue::new(*count, *sum).with_quantiles(quantiles).unwrap())
                }
            };
            samples.sample(series.labels.labels(), value);
        }
    }
}

impl Family {
    fn make_whole(&mut self) {
        for series in &mut self.series {
            series.value = match self.metric_type {
                MetricType::Histogram => Owned::Histogram { bounds: vec![], counts: vec![0], sum: 0.0 },
                _ => Owned::Summary { quantiles: vec![], count: 0, sum: 0.0 },
            };
        }
    }

    /// Adds the series of the lines. The lines of a histogram or a summary are those of one series, whose
    /// labels are those of its first line: two documents have more of them at the buckets or the quantiles
    /// than at the sum.
    fn read(&mut self, lines: &[Line<'_>]) -> Result<()> {
        let value = |suffix: &str| {
            let mut lines = lines.iter().filter(|line| line.name.strip_prefix(&self.name) == Some(suffix));
            lines.next().map(|line| line.value)
        };
        let parts = value("_sum").zip(value("_count"));
        let (Some((sum, count)), Some(first)) = (parts, lines.first()) else {
            for line in lines {
                let labels = LabelSet::new(line.labels.iter().copied())?;
                self.series.push(Series { labels, value: Owned::Number(line.value) });
            }
            return Ok(());
        };
        let own = if self.metric_type == MetricType::Histogram { "le" } else { "quantile" };
        let mut steps = Vec::new();
        for line in lines {
            if let Some((_, step)) = line.labels.iter().find(|(label, _)| *label == own) {
                steps.push((step.parse::<f64>()?, line.value));
            }
        }
        let value = if own == "le" {
            let bounds = steps.iter().map(|step| step.0).filter(|bound| bound.is_finite()).collect();
            let before = [0.0].into_iter().chain(steps.iter().map(|step| step.1));
            let counts = steps.iter().zip(before).map(|(step, before)| (step.1 - before) as u64).collect();
            Owned::Histogram { bounds, counts, sum }
        } else {
            Owned::Summary { quantiles: steps, count: count as u64, sum }
        };
        let labels = first.labels.iter().copied().filter(|(label, _)| *label != own);
        self.series.push(Series { labels: LabelSet::new(labels)?, value });
        Ok(())
    }
}

/// Reads a document, leniently, as some are what a strict reader refuses. No text in them is escaped.
fn read(document: &str) -> Result<Vec<Family>> {
    let mut families: Vec<Family> = Vec::new();
    let mut help = ("", "");
    let mut lines = document.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("# HELP ") {
            help = text.split_once(' ').unwrap_or((text, ""));
            continue;
        }
        let (name, kind) = line.strip_prefix("# TYPE ").and_then(|t| t.split_once(' ')).ok_or("no type")?;
        let metric_type = match kind {
            "counter" => MetricType::Counter,
            "gauge" => MetricType::Gauge,
            "histogram" => MetricType::Histogram,
            "summary" => MetricType::Summary,
            "untyped" => MetricType::Unknown,
            other => return Err(format!("{other} is no type").into()),
        };
        let help = if help.0 == name { help.1.to_owned() } else { String::new() };
        let mut family = Family { name: name.to_owned(), help, metric_type, series: Vec::new() };
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            samples.push(Line::of(line)?);
        }
        family.read(&samples)?;
        families.push(family);
    }
    Ok(families)
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Result<Self> {
        let (series, value) = line.rsplit_once(' ').ok_or("no value")?;
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').ok_or("no end of the labels")?;
        let mut pairs = Vec::new();
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.trim().split_once('=').ok_or("not a label")?;
            pairs.push((name, value.trim_matches('"')));
        }
        Ok(Self { name, labels: pairs, value: value.parse()? })
    }
}
