//! What the tests share: a page of plain lines, and collectors of one family.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use metrics_core::{Collector, Descriptor, Encoder, Labels, MetricName, MetricType, Scrape, Value};
use metrics_registry::Registry;

/// Renders `name{labels} value`, one line for each series.
#[derive(Debug, Default)]
pub(crate) struct Page {
    lines: Vec<String>,
    name: String,
}

impl Encoder for Page {
    fn family(&mut self, name: MetricName<'_>, _: &Descriptor<'_>) {
        self.name = name.to_string();
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value<'_>) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let value = match value {
            Value::Number(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        self.lines.push(format!("{}{labels} {value}", self.name));
    }

    fn checkpoint(&mut self) -> u64 {
        self.lines.len() as u64
    }

    fn rollback(&mut self, checkpoint: u64) {
        self.lines.truncate(checkpoint as usize);
    }
}

/// The lines of one scrape, those of its errors last.
pub(crate) fn page(collector: &(impl Collector + ?Sized)) -> Vec<String> {
    let mut page = Page::default();
    let mut scrape = Scrape::new(&mut page);
    collector.collect(&mut scrape);
    scrape.finish();
    page.lines
}

/// The family names of one scrape; of errors, what is said of which family.
pub(crate) fn names(collector: &(impl Collector + ?Sized)) -> Vec<String> {
    page(collector).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

/// The names that `describe` tells.
pub(crate) fn described(collector: &(impl Collector + ?Sized)) -> Vec<String> {
    let mut names = Vec::new();
    collector.describe(&mut |name, _| names.push(name.to_string()));
    names
}

/// How an error stands among [`names`].
pub(crate) fn error(family: &str, reason: &str) -> String {
    format!("rutheus_scrape_errors{{family=\"{family}\",reason=\"{reason}\"}}")
}

/// Describes one family of any type; collects a 1 if the type is one of plain numbers.
#[derive(Debug, Clone)]
pub(crate) struct One(pub(crate) MetricType, pub(crate) String);

impl Collector for One {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        scrape.family(&Descriptor::new(self.0, &self.1, "One.")).push([], 1);
    }
}

pub(crate) fn one(metric_type: MetricType, name: &str) -> Arc<dyn Collector> {
    Arc::new(One(metric_type, name.to_owned()))
}

pub(crate) fn gauge(name: &str) -> Arc<dyn Collector> {
    one(MetricType::Gauge, name)
}

/// Runs `f` on a thread of its own, and fails instead of hanging if it does not end.
pub(crate) fn in_time<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let value = f();
        let _ = done.send(());
        value
    });
    if wait.recv_timeout(Duration::from_secs(30)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    thread.join().unwrap()
}

pub(crate) fn register_all(registry: &dyn Registry, names: &[&str]) {
    for name in names {
        registry.register(gauge(name)).unwrap();
    }
}

/// Tells the other threads to stop when this one ends, also by a failed assertion.
pub(crate) struct Finally<'a>(pub(crate) &'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
