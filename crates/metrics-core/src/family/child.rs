use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::block::Block;
use super::lifecycle::Leased;
use super::store::{Found, Series};
use crate::gauge::{UpDown, UpDownAt};
use crate::labels::{Pairs, unescape};
use crate::timer::{Observe, ObserveAt};
use crate::{Gauge, GaugeValue, InProgress, Timer};

/// One series of a [`Family`](crate::Family), for use on the spot; it dereferences to its instrument.
///
/// ```
/// use metrics_core::{Counter, Family};
///
/// static SENT: Family<Counter, 1> = Family::counter("sent_total", "Messages sent.", ["peer"]);
/// let db = SENT.with(["db"]);
/// db.inc();
/// SENT.with(["cache"]).inc_by(2); // while the other child is held
/// assert_eq!((db.get(), SENT.len()), (1, 2));
/// ```
///
/// Asking for it is enough to have the series on the page, at its zero. It holds no lock: other code may use the family, add to it and remove from it meanwhile. After its
/// series is removed it still counts, but nobody sees it.
pub struct Child<'a, M> {
    found: Found<'a, M>,
}

/// One series of a [`Family`](crate::Family), owned: cheap to clone, `'static`, and as fast as the
/// bare instrument.
///
/// Keep one where the same label values are updated often. After its series is removed from the
/// family it still counts, but nobody sees it.
///
/// ```
/// use metrics_core::{Counter, Family, Handle};
///
/// static SENT: Family<Counter, 1> = Family::counter("sent_total", "Messages sent.", ["peer"]);
///
/// struct Connection {
///     sent: Handle<Counter>,
/// }
///
/// let connection = Connection { sent: SENT.handle(["db"]) };
/// connection.sent.inc();
/// assert_eq!(SENT.with(["db"]).get(), 1);
/// ```
pub struct Handle<M> {
    series: Series<M>,
    /// In a family whose series expire.
    lease: Option<Arc<Leased<M>>>,
}

impl<'a, M> Child<'a, M> {
    #[inline]
    pub(super) fn new(found: Found<'a, M>) -> Self {
        Self { found }
    }

    /// The same series, owned.
    pub fn to_handle(&self) -> Handle<M> {
        let lease = match &self.found {
            Found::Lent(..) => None,
            Found::Owned(_, lease) => lease.clone(),
        };
        Handle { series: self.found.to_series(), lease }
    }
}

/// Timers and guards that outlive the child they come from, so that one line can make them.
impl<'a, M: Observe> Child<'a, M> {
    /// Starts to measure; the seconds until the timer is dropped are observed in this series.
    ///
    /// ```
    /// use metrics_core::{Family, Histogram};
    ///
    /// static SECONDS: Family<Histogram, 1> =
    ///     Family::histogram("job_seconds", "Time for a job.", ["queue"], &Histogram::DEFAULT_BUCKETS);
    /// {
    ///     let _timer = SECONDS.with(["mail"]).start_timer();
    /// }
    /// assert_eq!(SECONDS.with(["mail"]).snapshot().count(), 1);
    /// ```
    pub fn start_timer(&self) -> Timer<'a> {
        match &self.found {
            Found::Lent(block, place) => Timer::start(block.instrument(*place)),
            Found::Owned(_, Some(lease)) => lease.start_timer(),
            Found::Owned(series, None) => series.start_timer(),
        }
    }
}

impl<'a, V: GaugeValue> Child<'a, Gauge<V>>
where
    Gauge<V>: UpDown,
{
    /// Adds 1 to this series now and takes it back when the guard is dropped.
    ///
    /// ```
    /// use metrics_core::{Family, Gauge};
    ///
    /// static BUSY: Family<Gauge, 1> = Family::gauge("workers_busy", "Busy workers.", ["queue"]);
    /// let busy = BUSY.with(["mail"]).track_in_progress();
    /// assert_eq!(BUSY.with(["mail"]).get(), 1.0);
    /// drop(busy);
    /// assert_eq!(BUSY.with(["mail"]).get(), 0.0);
    /// ```
    pub fn track_in_progress(&self) -> InProgress<'a, V> {
        match &self.found {
            Found::Lent(block, place) => InProgress::lent(block.instrument(*place)),
            Found::Owned(_, Some(lease)) => lease.track_in_progress(),
            Found::Owned(series, None) => series.track_in_progress(),
        }
    }
}

impl<M: Observe> Handle<M> {
    /// Starts to measure; the seconds until the timer is dropped are observed in this series.
    pub fn start_timer(&self) -> Timer<'static> {
        match &self.lease {
            None => self.series.start_timer(),
            Some(lease) => lease.start_timer(),
        }
    }
}

impl<V: GaugeValue> Handle<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    /// Adds 1 to this series now and takes it back when the guard is dropped.
    pub fn track_in_progress(&self) -> InProgress<'static, V> {
        match &self.lease {
            None => self.series.track_in_progress(),
            Some(lease) => lease.track_in_progress(),
        }
    }
}

impl<M: Observe> Series<M> {
    fn start_timer(&self) -> Timer<'static> {
        Timer::start_owned(Arc::clone(&self.block) as Arc<dyn ObserveAt>, self.place)
    }
}

impl<V: GaugeValue> Series<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    fn track_in_progress<'a>(&self) -> InProgress<'a, V> {
        InProgress::owned(Arc::clone(&self.block) as Arc<dyn UpDownAt>, self.place)
    }
}

/// What is made of a lease holds it.
impl<M: Observe> Leased<M> {
    fn start_timer(self: &Arc<Self>) -> Timer<'static> {
        Timer::start_owned(Arc::clone(self) as Arc<dyn ObserveAt>, self.series.place)
    }
}

impl<V: GaugeValue> Leased<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    fn track_in_progress<'a>(self: &Arc<Self>) -> InProgress<'a, V> {
        InProgress::owned(Arc::clone(self) as Arc<dyn UpDownAt>, self.series.place)
    }
}

impl<M: Observe> ObserveAt for Leased<M> {
    fn observe_seconds_at(&self, place: usize, seconds: f64) {
        self.series.block.observe_seconds_at(place, seconds);
    }
}

impl<V: GaugeValue> UpDownAt for Leased<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    fn up_at(&self, place: usize) {
        self.series.block.up_at(place);
    }

    fn down_at(&self, place: usize) {
        self.series.block.down_at(place);
    }
}

impl<M: Observe> ObserveAt for Block<M> {
    fn observe_seconds_at(&self, place: usize, seconds: f64) {
        self.instrument(place).observe_seconds(seconds);
    }
}

impl<V: GaugeValue> UpDownAt for Block<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    fn up_at(&self, place: usize) {
        self.instrument(place).up();
    }

    fn down_at(&self, place: usize) {
        self.instrument(place).down();
    }
}

impl<M> Handle<M> {
    pub(super) fn new(found: Found<'_, M>) -> Self {
        match found {
            Found::Lent(..) => Self { series: found.to_series(), lease: None },
            Found::Owned(series, lease) => Self { series, lease },
        }
    }

    pub(super) fn series(&self) -> &Series<M> {
        &self.series
    }
}

impl<M> Deref for Child<'_, M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        let (block, place) = self.found.block();
        block.instrument(place)
    }
}

impl<M> Deref for Handle<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        self.series.instrument()
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { series: self.series.clone(), lease: self.lease.clone() }
    }
}

impl<M: fmt::Debug> fmt::Debug for Child<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, place) = self.found.block();
        f.debug_tuple("Child").field(&Shown(block, place)).field(&**self).finish()
    }
}

impl<M: fmt::Debug> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Series { block, place } = &self.series;
        f.debug_tuple("Handle").field(&Shown(block, *place)).field(&**self).finish()
    }
}

/// Label values as a list of texts.
struct Shown<'a, M>(&'a Block<M>, usize);

impl<M> fmt::Debug for Shown<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.text();
        f.debug_list().entries(Pairs(self.0.labels(&text, self.1)).map(|(_, value)| unescape(value))).finish()
    }
}
