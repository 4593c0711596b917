use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::store::{Found, Series};
use super::text::Values;
use crate::gauge::UpDown;
use crate::timer::Observe;
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
    series: Arc<Series<M>>,
}

impl<'a, M> Child<'a, M> {
    #[inline]
    pub(super) fn new(found: Found<'a, M>) -> Self {
        Self { found }
    }

    /// The same series, owned.
    pub fn to_handle(&self) -> Handle<M> {
        Handle { series: Arc::clone(self.found.series()) }
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
            Found::Lent(series) => Timer::start(&series.instrument),
            Found::Owned(series) => Timer::start_owned(Arc::clone(series) as Arc<dyn Observe>),
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
            Found::Lent(series) => InProgress::lent(&series.instrument),
            Found::Owned(series) => InProgress::owned(Arc::clone(series) as Arc<dyn UpDown>),
        }
    }
}

impl<M: Observe> Handle<M> {
    /// Starts to measure; the seconds until the timer is dropped are observed in this series.
    pub fn start_timer(&self) -> Timer<'static> {
        Timer::start_owned(Arc::clone(&self.series) as Arc<dyn Observe>)
    }
}

impl<V: GaugeValue> Handle<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    /// Adds 1 to this series now and takes it back when the guard is dropped.
    pub fn track_in_progress(&self) -> InProgress<'static, V> {
        InProgress::owned(Arc::clone(&self.series) as Arc<dyn UpDown>)
    }
}

impl<M: Observe> Observe for Series<M> {
    fn observe_seconds(&self, seconds: f64) {
        self.instrument.observe_seconds(seconds);
    }
}

impl<V: GaugeValue> UpDown for Series<Gauge<V>>
where
    Gauge<V>: UpDown,
{
    fn up(&self) {
        self.instrument.up();
    }

    fn down(&self) {
        self.instrument.down();
    }
}

impl<M> Handle<M> {
    pub(super) fn new(found: Found<'_, M>) -> Self {
        Self {
            series: match found {
                Found::Lent(series) => Arc::clone(series),
                Found::Owned(series) => series,
            },
        }
    }
}

impl<M> Deref for Child<'_, M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.found.series().instrument
    }
}

impl<M> Deref for Handle<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.series.instrument
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { series: Arc::clone(&self.series) }
    }
}

impl<M: fmt::Debug> fmt::Debug for Child<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let series = self.found.series();
        f.debug_tuple("Child").field(&Shown(&series.values)).field(&series.instrument).finish()
    }
}

impl<M: fmt::Debug> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&Shown(&self.series.values)).field(&self.series.instrument).finish()
    }
}

/// Label values as a list of texts.
struct Shown<'a>(&'a Values);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(alloc::string::String::from_utf8_lossy)).finish()
    }
}
