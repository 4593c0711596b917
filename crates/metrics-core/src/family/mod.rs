mod block;
mod cache;
mod child;
mod chunk;
mod directory;
mod error;
mod index;
mod lifecycle;
mod limits;
mod making;
mod order;
mod owned;
mod partial;
mod store;
mod text;
mod values;
mod words;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::sync::atomic::Ordering::Relaxed;

use self::block::Block;
use self::lifecycle::Lifecycle;
use self::limits::Limits;
use self::store::{Found, Full, Room, Series, Store};
use self::text::with_values;
use crate::atomic::AtomicU64;
use crate::metric::Meta;
use crate::sync::OnceLock;
use crate::{Collector, Descriptor, FromOptions, MetricName, Scrape, Timestamp};

pub use self::child::{Child, Handle};
pub use self::error::{LabelError, LabelErrorReason, SeriesLimitReached};
pub use self::owned::Owned;
pub use self::partial::{Partial, PartialByName};
pub use self::values::{LabelValue, LabelValues};

/// A name, help and `N` label names over series, one instrument for each set of label values.
///
/// A series is made when its values are first used, stays until it is removed, and is exposed in the
/// order of creation. An update of one that exists takes no lock that is held for longer than a
/// lookup, and allocates nothing. The labels are rendered once, when the series is made.
///
/// ```
/// use metrics_core::{Counter, Family};
///
/// static REQUESTS: Family<Counter, 2> =
///     Family::counter("http_requests_total", "Requests by method and status.", ["method", "status"]);
///
/// REQUESTS.with(["GET", "200"]).inc();
/// REQUESTS.with(("GET", 404)).inc_by(2);
/// let hot = REQUESTS.handle(("POST", 201));
/// hot.inc();
/// assert_eq!(REQUESTS.len(), 3);
/// assert!(REQUESTS.remove(("GET", 404)));
/// assert!(REQUESTS.get(("GET", 404)).is_none());
/// ```
///
/// A bad name, a reserved label or one that stands twice does not compile:
///
/// ```compile_fail
/// use metrics_core::{Counter, Family};
///
/// static REQUESTS: Family<Counter, 2> = Family::counter("requests_total", "Requests.", ["method", "method"]);
/// ```
pub struct Family<M: FromOptions, const N: usize> {
    meta: Meta,
    label_names: LabelNames<N>,
    defaults: [Option<&'static str>; N],
    options: M::Options,
    tells_created: bool,
    limits: Limits,
    /// Made with the first series, as a constant cannot allocate: a family without series costs
    /// nothing.
    state: OnceLock<State<M, N>>,
}

struct State<M: FromOptions, const N: usize> {
    /// In the form in which series share what is computed from them.
    options: M::Options,
    store: Store<M, N>,
    overflowed: AtomicU64,
    /// Only if series can leave by themselves.
    lifecycle: OnceLock<Arc<Lifecycle<M>>>,
}

enum LabelNames<const N: usize> {
    Static([&'static str; N]),
    Owned(Box<[Cow<'static, str>; N]>),
}

impl<M: FromOptions, const N: usize> Family<M, N> {
    /// The series of these label values, made if it is not there.
    #[inline(always)]
    pub fn with<Kind>(&self, values: impl LabelValues<N, Kind>) -> Child<'_, M> {
        Child::new(values.with_strs(|values| self.series(values)))
    }

    /// The same, owned: cache it in hot code.
    #[inline]
    pub fn handle<Kind>(&self, values: impl LabelValues<N, Kind>) -> Handle<M> {
        Handle::new(values.with_strs(|values| self.series(values)))
    }

    /// The series of the default values.
    ///
    /// # Errors
    ///
    /// If a label has no default.
    ///
    /// ```
    /// use metrics_core::{Counter, Family};
    ///
    /// static JOBS: Family<Counter, 1> =
    ///     Family::counter("jobs_total", "Jobs.", ["queue"]).default_labels([Some("main")]);
    /// JOBS.with_defaults()?.inc();
    /// assert_eq!(JOBS.with(["main"]).get(), 1);
    /// # Ok::<(), metrics_core::LabelError>(())
    /// ```
    pub fn with_defaults(&self) -> Result<Child<'_, M>, LabelError> {
        self.with_options([None; N]).map(Child::new)
    }

    /// This family with its first `K` label values given.
    pub fn curry<const K: usize, Kind>(&self, first: impl LabelValues<K, Kind>) -> Partial<'_, M, N, K> {
        Partial::new(self, values::to_owned(&first))
    }

    /// This family with one label value given by name; more can follow, in any order.
    ///
    /// # Errors
    ///
    /// If the family has no such label.
    pub fn label(&self, name: &str, value: &str) -> Result<PartialByName<'_, M, N>, LabelError> {
        PartialByName::new(self).label(name, value)
    }

    /// The series of these label values, if it is there.
    pub fn get<Kind>(&self, values: impl LabelValues<N, Kind>) -> Option<Child<'_, M>> {
        let store = &self.state.get()?.store;
        let found = values.with_strs(|values| match self.lend(values) {
            Some((block, place)) => Some(Found::Lent(block, place)),
            None => {
                let series = store.get(&store.wanted(values), values)?;
                match self.limits.idle {
                    None => Some(Found::Owned(series, None)),
                    Some(_) => self.leased(&series),
                }
            }
        });
        found.map(Child::new)
    }

    /// Removes the series of these label values; false if it is not there. Whoever holds it can go on
    /// updating it, but it is not exposed any more, and [`with`](Self::with) makes a new one.
    pub fn remove<Kind>(&self, values: impl LabelValues<N, Kind>) -> bool {
        self.state.get().is_some_and(|state| values.with_strs(|values| state.store.remove(values)))
    }

    /// Removes every series that has all of these (name, value) labels, and returns how many that
    /// were: 0 if the family has no label of such a name.
    ///
    /// ```
    /// use metrics_core::{Counter, Family};
    ///
    /// static SENT: Family<Counter, 2> = Family::counter("sent_total", "Sent.", ["peer", "kind"]);
    /// for values in [["a", "ping"], ["a", "data"], ["b", "ping"]] {
    ///     SENT.with(values).inc();
    /// }
    /// assert_eq!(SENT.remove_matching(&[("peer", "a")]), 2);
    /// assert_eq!(SENT.len(), 1);
    /// ```
    pub fn remove_matching(&self, labels: &[(&str, &str)]) -> usize {
        let Some(state) = self.state.get() else { return 0 };
        let mut wanted = Vec::with_capacity(labels.len());
        for (name, value) in labels {
            let Some(at) = self.label_names().position(|other| other == *name) else { return 0 };
            wanted.push((at, *value));
        }
        state.store.remove_if(|labels| {
            with_values(labels, |values: &[&str; N]| wanted.iter().all(|(at, value)| values[*at] == *value))
        })
    }

    /// Removes every series.
    pub fn clear(&self) {
        if let Some(state) = self.state.get() {
            state.store.clear();
        }
    }

    /// The number of series.
    pub fn len(&self) -> usize {
        self.state.get().map_or(0, |state| state.store.len())
    }

    /// Whether there are no series.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name, without the prefix of any registry.
    pub fn name(&self) -> &str {
        self.meta.name()
    }

    /// Name, help, type and unit.
    pub fn descriptor(&self) -> Descriptor<'_> {
        self.meta.descriptor(M::TYPE)
    }

    /// The names of the labels, in order.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.names().into_iter()
    }

    #[inline]
    fn names(&self) -> [&str; N] {
        match &self.label_names {
            LabelNames::Static(names) => *names,
            LabelNames::Owned(names) => core::array::from_fn(|i| &*names[i]),
        }
    }

    #[inline(always)]
    fn series(&self, values: &[&str; N]) -> Found<'_, M> {
        match self.lend(values) {
            Some((block, place)) => Found::Lent(block, place),
            None if self.limits.idle.is_none() => Found::Owned(self.found(values), None),
            None => self.found_with_lease(values),
        }
    }

    /// All that most lookups need. What it returns fits into registers.
    fn lend(&self, values: &[&str; N]) -> Option<(&Arc<Block<M>>, usize)> {
        let store = &self.state.get()?.store;
        store.lend(&store.wanted(values), values)
    }

    /// The series of these values, made if it is not there and there are fewer than `most`.
    fn find_or_make(&self, values: &[&str; N], most: usize) -> Result<Series<M>, Full> {
        let state = self.state();
        let wanted = state.store.wanted(values);
        if let Some(there) = state.store.get(&wanted, values) {
            return Ok(there);
        }
        let make = || M::from_options(&state.options);
        let created = self.tells_created.then(Timestamp::now);
        let begin = |series: &Series<M>| {
            series.block.instrument(series.place).begin();
            if let Some(created) = created {
                series.block.set_created(series.place, created);
            }
        };
        let room = Room { most, beside: [Self::OVERFLOW; N], is_lent: self.limits.idle.is_none() };
        let made = state.store.get_or_insert(&wanted, &self.names(), values, &room, make, begin);
        if made.is_err() {
            state.overflowed.fetch_add(1, Relaxed);
        }
        made
    }

    fn state(&self) -> &State<M, N> {
        self.state.get_or_init(|| State {
            options: M::shared(&self.options),
            store: Store::new(&self.names()),
            overflowed: AtomicU64::new(0),
            lifecycle: OnceLock::new(),
        })
    }

    /// The series of the values that are given and the defaults of the others.
    fn with_options(&self, given: [Option<&str>; N]) -> Result<Found<'_, M>, LabelError> {
        let mut values = [""; N];
        for (i, name) in self.label_names().enumerate() {
            values[i] = given[i]
                .or(self.defaults[i])
                .ok_or_else(|| self.label_error(LabelErrorReason::Missing(name.into())))?;
        }
        Ok(self.series(&values))
    }

    fn label_error(&self, reason: LabelErrorReason) -> LabelError {
        LabelError::new(self.name(), self.label_names(), reason)
    }
}

impl<M: FromOptions, const N: usize> Collector for Family<M, N> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let descriptor = self.descriptor();
        let mut samples = scrape.family(&descriptor);
        if !samples.is_wanted() {
            return;
        }
        let Some(state) = self.state.get() else { return };
        state.around_scrape(self.limits.idle, || {
            if self.tells_created {
                state.store.for_each_created(|instrument, labels, created| {
                    samples.set_created(created);
                    instrument.emit(labels, &mut samples);
                });
            } else {
                state.store.for_each(|instrument, labels| instrument.emit(labels, &mut samples));
            }
        });
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        let descriptor = self.descriptor();
        visit(MetricName::new("", descriptor.name()), &descriptor);
    }
}

/// No user code runs under the locks of a family, so a caught panic cannot leave one half-changed.
impl<M: FromOptions, const N: usize> RefUnwindSafe for Family<M, N> {}
impl<M: FromOptions, const N: usize> UnwindSafe for Family<M, N> {}

impl<M: FromOptions, const N: usize> fmt::Debug for Family<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("name", &self.meta.name())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
