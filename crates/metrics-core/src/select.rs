use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::text_set::TextSet;
use crate::{Collector, Descriptor, MetricName, MetricType, Scrape};

/// A collector that passes on only the families whose names were asked for; made by [`select`].
///
/// ```
/// use metrics_core::{Collector, Counter, Gauge, Metric, Select, select};
///
/// struct Endpoint {
///     page: Select<[Metric<Counter>; 2]>,
/// }
///
/// let counters = [Metric::counter("hits_total", "Hits."), Metric::counter("misses_total", "Misses.")];
/// let endpoint = Endpoint { page: select(counters, ["misses_total"]) };
/// let mut names = Vec::new();
/// endpoint.page.describe(&mut |name, _| names.push(name.to_string()));
/// assert_eq!(names, ["misses_total"]);
/// ```
#[derive(Clone)]
pub struct Select<C> {
    collector: C,
    names: Vec<String>,
}

/// Makes a collector that passes on only the families of `collector` whose full name, prefixes
/// included, is one of `names`: for the query `name[]` of a scrape. With no names it passes nothing.
///
/// A family also answers to the names of its samples: a histogram `h` to `h_bucket`, `h_sum` and
/// `h_count`, a counter `c_total` to `c`. Where names are escaped for a reader, the escaped name counts
/// too. What is not asked for is not read: the closure of a
/// [`GaugeFn`](crate::GaugeFn) is not called, and a collector of one's own can ask
/// [`Scrape::wants`] before it does what is expensive.
///
/// ```
/// use metrics_core::{Collector, Metric, Scrape, select};
/// # use metrics_core::{Descriptor, Encoder, Labels, MetricName, Value};
/// # #[derive(Default)]
/// # struct Names(Vec<String>);
/// # impl Encoder for Names {
/// #     fn family(&mut self, name: MetricName<'_>, _: &Descriptor<'_>) { self.0.push(name.to_string()); }
/// #     fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {}
/// # }
/// # let mut encoder = Names::default();
///
/// let hits = Metric::counter("hits_total", "Hits.");
/// let temperature = Metric::gauge_fn("cpu_celsius", "Read from a slow bus.", || -> f64 { unreachable!() });
/// select((&hits, &temperature), ["hits_total"]).collect(&mut Scrape::new(&mut encoder));
/// assert_eq!(encoder.0, ["hits_total"]);
/// ```
pub fn select<C: Collector>(collector: C, names: impl IntoIterator<Item = impl Into<String>>) -> Select<C> {
    Select { collector, names: names.into_iter().map(Into::into).collect() }
}

impl<C> Select<C> {
    /// The names that were asked for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The collector behind it.
    pub fn into_inner(self) -> C {
        self.collector
    }
}

impl<C: Collector> Collector for Select<C> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        scrape.selected(&self.names, |scrape| self.collector.collect(scrape));
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        let names = set_of(&self.names);
        let mut full = String::new();
        self.collector.describe(&mut |name, descriptor| {
            let parts = [name.prefix(), name.name()];
            if is_asked_for(&names, descriptor.metric_type(), parts, &mut full) {
                visit(name, descriptor);
            }
        });
    }
}

impl<C> fmt::Debug for Select<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("names", &self.names).finish_non_exhaustive()
    }
}

pub(crate) fn set_of(names: &[impl AsRef<str>]) -> TextSet {
    let mut set = TextSet::default();
    for name in names {
        set.insert(name.as_ref());
    }
    set
}

/// Whether the full name of a family, which is given in two parts, or the name of one of its samples is
/// in `names`; `room` is for putting names together.
pub(crate) fn is_asked_for(
    names: &TextSet,
    metric_type: MetricType,
    [prefix, name]: [&str; 2],
    room: &mut String,
) -> bool {
    let base = metric_type.base(name);
    let suffixes = metric_type.suffixes().iter().map(|suffix| [base, suffix]);
    [[name, ""], [base, ""]].into_iter().chain(suffixes).any(|[name, suffix]| {
        room.clear();
        room.extend([prefix, name, suffix]);
        names.find(room).is_some()
    })
}
