//! What may not cross threads does not compile. Each is run as a doc test, beside one that differs in the
//! one type that matters and does compile.

/// A collector is scraped by any thread.
///
/// ```
/// struct Hits(std::sync::atomic::AtomicU64);
/// impl rutheus::Collector for Hits {
///     fn collect(&self, _: &mut rutheus::Scrape<'_>) {}
/// }
/// ```
///
/// ```compile_fail,E0277
/// struct Hits(std::cell::Cell<u64>);
/// impl rutheus::Collector for Hits {
///     fn collect(&self, _: &mut rutheus::Scrape<'_>) {}
/// }
/// ```
struct Collectors;

/// So is what a gauge computes its value from.
///
/// ```
/// let depth = std::sync::Arc::new(7u64);
/// let _ = rutheus::Metric::gauge_fn("depth", "Depth.", move || *depth);
/// ```
///
/// ```compile_fail,E0277
/// let depth = std::rc::Rc::new(7u64);
/// let _ = rutheus::Metric::gauge_fn("depth", "Depth.", move || *depth);
/// ```
struct Closures;

/// A scrape stays on the thread that it began on.
///
/// ```
/// fn at_once(counter: &rutheus::Counter) {
///     std::thread::scope(|scope| _ = scope.spawn(|| counter.inc()));
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn at_once(scrape: &mut rutheus::Scrape<'_>) {
///     std::thread::scope(|scope| _ = scope.spawn(|| _ = scrape.errors()));
/// }
/// ```
struct Scrapes;

/// A child is lent by its family, and does not outlive it; a handle does.
///
/// ```
/// let handle = {
///     let jobs: rutheus::Family<rutheus::Counter, 1> = rutheus::Family::counter("jobs_total", "Jobs.", ["queue"]);
///     jobs.handle(["mail"])
/// };
/// handle.inc();
/// ```
///
/// ```compile_fail,E0597
/// let child = {
///     let jobs: rutheus::Family<rutheus::Counter, 1> = rutheus::Family::counter("jobs_total", "Jobs.", ["queue"]);
///     jobs.with(["mail"])
/// };
/// child.inc();
/// ```
struct Lent;

/// A gauge that nobody changes still says something, so its series do not just expire.
///
/// ```
/// static DEPTH: rutheus::Family<rutheus::Gauge, 1> =
///     rutheus::Family::gauge("depth", "Depth.", ["queue"]).expire_gauges_after(std::time::Duration::ZERO);
/// ```
///
/// ```compile_fail,E0599
/// static DEPTH: rutheus::Family<rutheus::Gauge, 1> =
///     rutheus::Family::gauge("depth", "Depth.", ["queue"]).expire_after(std::time::Duration::ZERO);
/// ```
struct Gauges;
