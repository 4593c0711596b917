use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;

use alloc::sync::Arc;

use super::lifecycle::Lifecycle;
use super::store::{Found, Full, Series};
use super::{Child, Family, Handle, LabelValues, Owned, SeriesLimitReached, State};
use crate::{Counter, FromOptions, Gauge, Histogram, Summary};

/// How many series a family may have, and how long.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) most: usize,
    pub(super) idle: Option<Duration>,
}

impl Limits {
    pub(super) const NONE: Self = Self { most: usize::MAX, idle: None };
}

/// Limits, for families whose label values come from outside of the program.
impl<M: FromOptions, const N: usize> Family<M, N> {
    /// The value that every label of the overflow series has; see [`max_series`](Self::max_series).
    pub const OVERFLOW: &'static str = "_overflow";

    /// The same family with room for `n` series.
    ///
    /// From then on, label values that are new go to one more series, whose labels all have the value
    /// [`OVERFLOW`](Self::OVERFLOW), so that totals stay right; [`try_with`](Self::try_with) refuses them
    /// instead, and [`overflowed`](Self::overflowed) counts either. A series that is removed makes room.
    ///
    /// Without this call a family grows as its label values do. Set it wherever a client can choose them.
    ///
    /// ```
    /// use metrics_core::{Counter, Family};
    ///
    /// static REQUESTS: Family<Counter, 1> =
    ///     Family::counter("requests_total", "Requests by path.", ["path"]).max_series(2);
    /// for path in ["/", "/a", "/b", "/c", "/a"] {
    ///     REQUESTS.with([path]).inc();
    /// }
    /// assert_eq!(REQUESTS.with(["/a"]).get(), 2);
    /// assert_eq!(REQUESTS.with([Family::<Counter, 1>::OVERFLOW]).get(), 2);
    /// assert!(REQUESTS.try_with(["/d"]).is_err());
    /// assert_eq!((REQUESTS.len(), REQUESTS.overflowed()), (3, 3));
    /// ```
    #[must_use]
    pub const fn max_series(mut self, n: usize) -> Self {
        self.limits.most = n;
        self
    }

    /// The series of these label values, made if it is not there and there is room for it.
    ///
    /// # Errors
    ///
    /// If the family has as many series as [`max_series`](Self::max_series) allows, and none of these
    /// label values.
    pub fn try_with<Kind>(
        &self,
        values: impl LabelValues<N, Kind>,
    ) -> Result<Child<'_, M>, SeriesLimitReached> {
        let found = values.with_strs(|values| match self.lend(values) {
            Some((block, place)) => Ok(Found::Lent(block, place)),
            None => self.try_found(values),
        });
        found.map(Child::new).map_err(|Full| SeriesLimitReached::new(self.name(), self.limits.most))
    }

    /// The same, owned.
    ///
    /// # Errors
    ///
    /// As for [`try_with`](Self::try_with).
    pub fn try_handle<Kind>(
        &self,
        values: impl LabelValues<N, Kind>,
    ) -> Result<Handle<M>, SeriesLimitReached> {
        self.try_with(values).map(|child| child.to_handle())
    }

    /// How often label values were sent to the overflow series or refused.
    pub fn overflowed(&self) -> u64 {
        self.state.get().map_or(0, |state| state.overflowed.load(Relaxed))
    }

    /// The series of these label values for as long as what is returned is held: it is removed after the
    /// first scrape that follows. See [`Owned`].
    pub fn owned<Kind>(&self, values: impl LabelValues<N, Kind>) -> Owned<M> {
        values.with_strs(|values| {
            let lifecycle = self.lifecycle();
            loop {
                let Ok(found) = self.try_found(values) else {
                    return Owned::new(Handle::new(self.overflow()), None);
                };
                let handle = Handle::new(found);
                if lifecycle.own(handle.series()) {
                    return Owned::new(handle, Some(Arc::clone(lifecycle)));
                }
                // It was removed meanwhile.
            }
        })
    }

    /// What is not in the cache, where series do not expire. What it returns fits into registers.
    #[inline(never)]
    pub(super) fn found(&self, values: &[&str; N]) -> Series<M> {
        let store = self.state.get().map(|state| &state.store);
        match store.and_then(|store| store.get(&store.wanted(values), values)) {
            Some(series) => series,
            None => self.made(values),
        }
    }

    #[cold]
    fn made(&self, values: &[&str; N]) -> Series<M> {
        let made = self.find_or_make(values, self.limits.most);
        made.unwrap_or_else(|Full| self.overflow().to_series())
    }

    /// The same where series expire.
    #[cold]
    #[inline(never)]
    pub(super) fn found_with_lease(&self, values: &[&str; N]) -> Found<'_, M> {
        self.try_found(values).unwrap_or_else(|Full| self.overflow())
    }

    fn try_found(&self, values: &[&str; N]) -> Result<Found<'_, M>, Full> {
        if self.limits.idle.is_none() {
            return self.find_or_make(values, self.limits.most).map(|series| Found::Owned(series, None));
        }
        loop {
            let series = self.find_or_make(values, self.limits.most)?;
            if let Some(lease) = self.leased(&series) {
                return Ok(lease);
            }
            // It was removed meanwhile.
        }
    }

    #[cold]
    fn overflow(&self) -> Found<'_, M> {
        let values = [Self::OVERFLOW; N];
        loop {
            // There is room for this one.
            let Ok(series) = self.find_or_make(&values, usize::MAX) else { continue };
            if self.limits.idle.is_none() {
                return Found::Owned(series, None);
            }
            if let Some(lease) = self.leased(&series) {
                return lease;
            }
        }
    }

    /// A series of a family whose series expire; `None` if it has.
    pub(super) fn leased<'a>(&self, series: &Series<M>) -> Option<Found<'a, M>> {
        let lease = self.lifecycle().lease(series)?;
        Some(Found::Owned(series.clone(), Some(lease)))
    }

    fn lifecycle(&self) -> &Arc<Lifecycle<M>> {
        self.state().lifecycle.get_or_init(|| Arc::new(Lifecycle::new()))
    }
}

impl<M: FromOptions, const N: usize> State<M, N> {
    /// Runs `scrape`, and removes what it has shown for the last time.
    pub(super) fn around_scrape(&self, idle: Option<Duration>, scrape: impl FnOnce()) {
        let Some(lifecycle) = self.lifecycle.get() else { return scrape() };
        let began = lifecycle.begin_scrape();
        scrape();
        lifecycle.end_scrape(&began, idle, |series| self.store.remove_series(series));
    }
}

macro_rules! expire {
    ($($instrument:ty: $name:ident, $doc:literal;)*) => {
        $(impl<const N: usize> Family<$instrument, N> {
            #[doc = $doc]
            ///
            /// A series is idle while nobody holds a [`Child`], [`Handle`], [`Owned`], timer or guard of it.
            /// One that has been for this long is removed after the next scrape, which still shows it; the
            /// same label values then begin anew. Families that are not scraped keep their series.
            ///
            /// Such a family keeps an account of who holds what, so [`with`](Self::with) costs several
            /// times as much; a handle that is kept costs what it does in any family.
            #[must_use]
            pub const fn $name(mut self, idle: Duration) -> Self {
                self.limits.idle = Some(idle);
                self
            }
        })*
    };
}

expire! {
    Counter<u64>: expire_after, "The same family, whose series go when they are idle.";
    Counter<f64>: expire_after, "The same family, whose series go when they are idle.";
    Histogram: expire_after, "The same family, whose series go when they are idle.";
    Summary: expire_after, "The same family, whose series go when they are idle.";
    Gauge<f64>: expire_gauges_after, "The same family, whose series go when they are idle: what they say goes too.";
    Gauge<i64>: expire_gauges_after, "The same family, whose series go when they are idle: what they say goes too.";
}
