mod emit;
mod filter;
mod fits;
mod samples;
mod sort;
mod state;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use self::filter::filter;
use self::state::State;
use crate::labels::push_checked;
use crate::name::{check_label_name, check_metric_name};
use crate::select::set_of;
use crate::{Descriptor, Encoder, Escaping, MetricName, MetricType, ScrapeError, ScrapeErrorReason};

pub use self::samples::Samples;

/// One pass over collectors: keeps the names valid and unique, and hands what is left to an
/// [`Encoder`].
///
/// What has to be left out (a family that comes twice, an invalid label, the output of a collector
/// that panicked) is kept as a [`ScrapeError`], and [`finish`](Self::finish) puts it on the page as
/// the gauge `rutheus_scrape_errors`.
///
/// A format makes one around its encoder, hands it to a collector, and finishes it:
///
/// ```
/// use metrics_core::{Collector, Counter, Descriptor, Encoder, Labels, Metric, MetricName, Scrape, Value};
///
/// /// Counts what it is told.
/// #[derive(Default)]
/// struct Tally {
///     families: usize,
///     samples: usize,
/// }
///
/// impl Encoder for Tally {
///     fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {
///         self.families += 1;
///     }
///     fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {
///         self.samples += 1;
///     }
/// }
///
/// let mut tally = Tally::default();
/// let mut scrape = Scrape::new(&mut tally);
/// Metric::counter("jobs_total", "Jobs.").collect(&mut scrape);
/// assert!(scrape.finish().is_empty());
/// assert_eq!((tally.families, tally.samples), (1, 1));
/// ```
pub struct Scrape<'a> {
    sink: Sink<'a>,
    state: State,
}

impl<'a> Scrape<'a> {
    /// A scrape into `encoder`.
    pub fn new(encoder: &'a mut dyn Encoder) -> Self {
        Self { sink: Sink::Encode(encoder), state: State::default() }
    }

    /// The same scrape with names of any UTF-8 as `escaping` makes them, which is
    /// [`Underscores`](Escaping::Underscores) otherwise: an encoder gets other than classic names with
    /// [`AllowUtf8`](Escaping::AllowUtf8) only.
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, Escaping, Gauge, Metric, Scrape};
    /// # use metrics_core::{Encoder, Labels, MetricName, Value};
    /// # #[derive(Default)]
    /// # struct Names(Vec<String>);
    /// # impl Encoder for Names {
    /// #     fn family(&mut self, name: MetricName<'_>, _: &Descriptor<'_>) { self.0.push(name.to_string()); }
    /// #     fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
    /// # }
    /// # let mut encoder = Names::default();
    ///
    /// static LATENCY: Metric<Gauge> = Metric::utf8("rpc.latency", "Seconds.", Gauge::<f64>::new());
    /// for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Values] {
    ///     LATENCY.collect(&mut Scrape::new(&mut encoder).with_escaping(escaping));
    /// }
    /// assert_eq!(encoder.0, ["rpc.latency", "rpc_latency", "U__rpc_2e_latency"]);
    /// ```
    #[must_use]
    pub fn with_escaping(mut self, escaping: Escaping) -> Self {
        self.state.escaping = escaping;
        self
    }

    /// A scrape that shows each family to `visit` and ignores the samples.
    pub fn dry(visit: &'a mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) -> Self {
        Self { sink: Sink::Describe(visit), state: State::default() }
    }

    /// Begins a family. Its samples go into what is returned.
    ///
    /// If the scrape already has a family that claims one of its names, the samples are left out
    /// and a [`ScrapeError`] is kept.
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
    ///
    /// const UP: Descriptor = Descriptor::new(MetricType::Gauge, "up", "Whether it is up.");
    /// let mut names = Vec::new();
    /// let mut visit = |name: metrics_core::MetricName<'_>, _: &Descriptor<'_>| names.push(name.to_string());
    /// let mut scrape = Scrape::dry(&mut visit);
    /// scrape.prefixed("db", |scrape| scrape.family(&UP).push([], 1));
    /// drop(scrape);
    /// assert_eq!(names, ["db_up"]);
    /// ```
    pub fn family<'s>(&'s mut self, descriptor: &Descriptor<'s>) -> Samples<'s> {
        let encoder: Option<&'s mut dyn Encoder> = match &mut self.sink {
            _ if !self.state.wants(descriptor) => None,
            Sink::Describe(visit) => {
                visit(MetricName::new(&self.state.prefix, descriptor.name()), descriptor);
                None
            }
            Sink::Encode(encoder) => {
                if self.state.claim(descriptor) {
                    Some(&mut **encoder)
                } else {
                    self.state.report(descriptor.name(), ScrapeErrorReason::DuplicateFamily);
                    None
                }
            }
        };
        let escapes = descriptor.is_utf8() && self.state.escaping != Escaping::AllowUtf8;
        let is_plain = self.state.constant.is_empty() && !escapes;
        let state = &mut self.state;
        Samples { encoder, state, descriptor: *descriptor, begun: false, escapes, is_plain, created: None }
    }

    /// Runs `f` with `prefix` and an underscore before every name; prefixes nest.
    ///
    /// With a prefix that does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`, `f` is not run and a
    /// [`ScrapeError`] is kept.
    pub fn prefixed(&mut self, prefix: &str, f: impl FnOnce(&mut Scrape<'_>)) {
        if check_metric_name(prefix).is_err() {
            return self.report(prefix, ScrapeErrorReason::InvalidPrefix);
        }
        let len = self.state.prefix.len();
        self.state.prefix.push_str(prefix);
        self.state.prefix.push('_');
        f(self);
        self.state.prefix.truncate(len);
    }

    /// Runs `f` with `labels` on every sample; labels nest. Where a name stands several times, the
    /// one nearest to the series wins, and a label of the series itself wins over all.
    ///
    /// With a label that is invalid, stands twice, or is `le` or `quantile`, `f` is not run and a
    /// [`ScrapeError`] is kept.
    pub fn labelled(&mut self, labels: &[(&str, &str)], f: impl FnOnce(&mut Scrape<'_>)) {
        let mut inner = String::new();
        for (name, value) in labels {
            let valid = check_label_name(name, MetricType::Histogram)
                .and_then(|()| push_checked(&mut inner, name, value, MetricType::Summary));
            if valid.is_err() {
                return self.report(name, ScrapeErrorReason::InvalidLabel);
            }
        }
        let mut all = String::new();
        filter(&mut all, &self.state.constant, &inner);
        if !all.is_empty() && !inner.is_empty() {
            all.push(',');
        }
        all.push_str(&inner);
        let outer = core::mem::replace(&mut self.state.constant, all);
        f(self);
        self.state.constant = outer;
    }

    /// Runs `f` with only the families passed on that answer to one of `names`, as
    /// [`select`](crate::select) has it; selections nest, and a family has to be in each.
    pub fn selected(&mut self, names: &[impl AsRef<str>], f: impl FnOnce(&mut Scrape<'_>)) {
        let len = self.state.selections.len();
        self.state.selections.push(set_of(names));
        f(self);
        self.state.selections.truncate(len);
    }

    /// Whether the samples of this family would be passed on: for a collector that is to skip what is
    /// expensive when nobody asked for it.
    ///
    /// ```
    /// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
    ///
    /// struct Disk;
    ///
    /// impl Collector for Disk {
    ///     fn collect(&self, scrape: &mut Scrape<'_>) {
    ///         const FREE: Descriptor = Descriptor::new(MetricType::Gauge, "disk_free_bytes", "Free.");
    ///         if scrape.wants(&FREE) {
    ///             let bytes = 1 << 30; // found out at great expense
    ///             scrape.family(&FREE).push([], bytes);
    ///         }
    ///     }
    ///
    ///     fn describe(&self, visit: &mut dyn FnMut(metrics_core::MetricName<'_>, &Descriptor<'_>)) {
    ///         const FREE: Descriptor = Descriptor::new(MetricType::Gauge, "disk_free_bytes", "Free.");
    ///         visit(metrics_core::MetricName::new("", FREE.name()), &FREE);
    ///     }
    /// }
    ///
    /// let mut visit = |_: metrics_core::MetricName<'_>, _: &Descriptor<'_>| {};
    /// let mut dry = Scrape::dry(&mut visit);
    /// Disk.collect(&mut dry);
    /// # const FREE: Descriptor = Descriptor::new(MetricType::Gauge, "disk_free_bytes", "Free.");
    /// assert!(!dry.wants(&FREE), "a dry scrape wants no samples");
    /// ```
    pub fn wants(&mut self, descriptor: &Descriptor<'_>) -> bool {
        matches!(self.sink, Sink::Encode(_)) && self.state.wants(descriptor)
    }

    /// Runs `f`, and if it panics takes back what it wrote, as far as the encoder can, and keeps a
    /// [`ScrapeError`] under `name`. A registry runs each of its collectors in one of these.
    ///
    /// Without the feature `std` a panic cannot be caught, and `f` just runs.
    pub fn isolate(&mut self, name: &str, f: impl FnOnce(&mut Scrape<'_>)) {
        #[cfg(not(feature = "std"))]
        {
            let _ = name;
            f(self);
        }
        #[cfg(feature = "std")]
        {
            use std::panic::{AssertUnwindSafe, catch_unwind};
            let checkpoint = match &mut self.sink {
                Sink::Encode(encoder) => encoder.checkpoint(),
                Sink::Describe(_) => return f(self),
            };
            let (prefix, selections) = (self.state.prefix.len(), self.state.selections.len());
            // Only restored after a panic, and an empty one costs no allocation.
            let constant = self.state.constant.clone();
            // The state that `f` may leave half-done is the encoder's, which is rolled back, and the
            // scrape's, which is restored below.
            let Err(payload) = catch_unwind(AssertUnwindSafe(|| f(self))) else { return };
            self.state.prefix.truncate(prefix);
            self.state.selections.truncate(selections);
            self.state.constant = constant;
            if let Sink::Encode(encoder) = &mut self.sink {
                encoder.rollback(checkpoint);
            }
            self.report(name, ScrapeErrorReason::Panicked);
            // The payload is the user's, and its drop may panic in turn.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
        }
    }

    /// Keeps an error: something under `family` had to be left out.
    pub fn report(&mut self, family: &str, reason: ScrapeErrorReason) {
        if matches!(self.sink, Sink::Encode(_)) {
            self.state.report(family, reason);
        }
    }

    /// What had to be left out so far.
    pub fn errors(&self) -> &[ScrapeError] {
        &self.state.errors
    }

    /// Ends the scrape: if anything had to be left out, adds the gauge `rutheus_scrape_errors` with
    /// what and why, without any prefix. Returns the same as values.
    pub fn finish(mut self) -> Vec<ScrapeError> {
        const ERRORS: Descriptor<'static> = Descriptor::new(
            MetricType::Gauge,
            "rutheus_scrape_errors",
            "What this scrape had to leave out, by family and reason.",
        );
        let errors = core::mem::take(&mut self.state.errors);
        if !errors.is_empty() {
            self.state.prefix.clear();
            self.state.constant.clear();
            self.state.selections.clear();
            let mut samples = self.family(&ERRORS);
            for error in &errors {
                samples.push([("family", &*error.family), ("reason", error.reason.as_str())], error.count);
            }
        }
        errors
    }
}

impl fmt::Debug for Scrape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").field("prefix", &self.state.prefix).finish_non_exhaustive()
    }
}

enum Sink<'a> {
    Encode(&'a mut dyn Encoder),
    Describe(&'a mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)),
}
