use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;

use crate::atomic::{AtomicU64, add_f64};
use crate::{FromOptions, Instrument, MetricType, Number, Samples};

/// A number that goes up and down: a temperature, a queue's length, requests in flight.
///
/// `Gauge` holds an `f64`, `Gauge<i64>` a whole number.
///
/// ```
/// use metrics_core::Gauge;
///
/// static QUEUED: Gauge<i64> = Gauge::new();
/// QUEUED.add(3);
/// QUEUED.dec();
/// assert_eq!(QUEUED.get(), 2);
/// ```
pub struct Gauge<V: GaugeValue = f64> {
    bits: AtomicU64,
    value: PhantomData<V>,
}

/// What a [`Gauge`] can hold: `f64` and `i64`.
///
/// ```
/// use metrics_core::{Gauge, GaugeValue};
///
/// fn fresh<V: GaugeValue>() -> Gauge<V> {
///     Gauge::new()
/// }
/// assert_eq!((fresh::<f64>().get(), fresh::<i64>().get()), (0.0, 0));
/// ```
pub trait GaugeValue: sealed::Sealed + Send + Sync + 'static {}

impl GaugeValue for f64 {}
impl GaugeValue for i64 {}

impl<V: GaugeValue> Gauge<V> {
    /// A gauge at 0.
    pub const fn new() -> Self {
        // The bits of 0 and of 0.0 are the same.
        Self { bits: AtomicU64::new(0), value: PhantomData }
    }
}

impl Gauge<f64> {
    /// Sets the value; any float is allowed.
    #[inline]
    pub fn set(&self, v: f64) {
        self.bits.store(v.to_bits(), Relaxed);
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Subtracts 1.
    #[inline]
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// Adds `v`.
    #[inline]
    pub fn add(&self, v: f64) {
        add_f64(&self.bits, v);
    }

    /// Subtracts `v`.
    #[inline]
    pub fn sub(&self, v: f64) {
        self.add(-v);
    }

    /// The value now.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.bits.load(Relaxed))
    }

    /// Sets the gauge to the seconds since 1970-01-01T00:00:00Z, as the system's clock tells them
    /// (negative if it stands before that).
    #[cfg(feature = "std")]
    pub fn set_to_current_time(&self) {
        use std::time::SystemTime;
        self.set(match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        });
    }
}

impl Gauge<i64> {
    /// Sets the value.
    #[inline]
    pub fn set(&self, v: i64) {
        self.bits.store(v as u64, Relaxed);
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Subtracts 1.
    #[inline]
    pub fn dec(&self) {
        self.add(-1);
    }

    /// Adds `v`; wraps around at the ends of `i64`.
    #[inline]
    pub fn add(&self, v: i64) {
        // Two's complement: adding the bits adds the numbers.
        self.bits.fetch_add(v as u64, Relaxed);
    }

    /// Subtracts `v`; wraps around at the ends of `i64`.
    #[inline]
    pub fn sub(&self, v: i64) {
        self.add(v.wrapping_neg());
    }

    /// The value now.
    pub fn get(&self) -> i64 {
        self.bits.load(Relaxed) as i64
    }
}

impl<V: GaugeValue> Gauge<V>
where
    Self: UpDown,
{
    /// Adds 1 now and takes it back when the guard is dropped: at the end of the scope, on an early
    /// return, or while a panic unwinds.
    ///
    /// ```
    /// use metrics_core::Gauge;
    ///
    /// static BUSY: Gauge = Gauge::new();
    /// {
    ///     let _busy = BUSY.track_in_progress();
    ///     assert_eq!(BUSY.get(), 1.0);
    /// }
    /// assert_eq!(BUSY.get(), 0.0);
    /// ```
    pub fn track_in_progress(&self) -> InProgress<'_, V> {
        self.up();
        InProgress { gauge: Raised::Lent(self) }
    }

    /// Awaits `future` with the gauge up by 1 from its first poll until it is done or dropped.
    ///
    /// ```
    /// use metrics_core::Gauge;
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    ///
    /// static BUSY: Gauge = Gauge::new();
    /// let future = BUSY.track_future(async { BUSY.get() });
    /// # let Poll::Ready(during) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    /// // … when it is awaited:
    /// assert_eq!(during, 1.0);
    /// assert_eq!(BUSY.get(), 0.0);
    /// ```
    pub async fn track_future<F: Future>(&self, future: F) -> F::Output {
        let _guard = self.track_in_progress();
        future.await
    }
}

/// Keeps a gauge up by 1 until it is dropped; made by [`Gauge::track_in_progress`].
///
/// ```
/// use metrics_core::{Gauge, InProgress};
///
/// static OPEN: Gauge = Gauge::new();
///
/// struct Connection {
///     _open: InProgress<'static>,
/// }
///
/// let connection = Connection { _open: OPEN.track_in_progress() };
/// assert_eq!(OPEN.get(), 1.0);
/// drop(connection);
/// assert_eq!(OPEN.get(), 0.0);
/// ```
#[must_use = "the gauge goes down again as soon as this is dropped"]
pub struct InProgress<'a, V: GaugeValue = f64>
where
    Gauge<V>: UpDown,
{
    gauge: Raised<'a, V>,
}

enum Raised<'a, V: GaugeValue> {
    Lent(&'a Gauge<V>),
    #[cfg(feature = "labels")]
    Owned(alloc::sync::Arc<dyn UpDownAt>, usize),
}

#[cfg(feature = "labels")]
impl<'a, V: GaugeValue> InProgress<'a, V>
where
    Gauge<V>: UpDown,
{
    pub(crate) fn lent(gauge: &'a Gauge<V>) -> Self {
        gauge.track_in_progress()
    }

    pub(crate) fn owned(gauges: alloc::sync::Arc<dyn UpDownAt>, place: usize) -> Self {
        gauges.up_at(place);
        Self { gauge: Raised::Owned(gauges, place) }
    }
}

impl<V: GaugeValue> Drop for InProgress<'_, V>
where
    Gauge<V>: UpDown,
{
    fn drop(&mut self) {
        match &self.gauge {
            Raised::Lent(gauge) => gauge.down(),
            #[cfg(feature = "labels")]
            Raised::Owned(gauges, place) => gauges.down_at(*place),
        }
    }
}

impl<V: GaugeValue> fmt::Debug for InProgress<'_, V>
where
    Gauge<V>: UpDown,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProgress")
    }
}

/// Up and down by one, for either kind of gauge.
#[doc(hidden)]
pub trait UpDown: Send + Sync + 'static {
    fn up(&self);
    fn down(&self);
}

/// The same for several side by side: the series of a family.
#[cfg(feature = "labels")]
pub(crate) trait UpDownAt: Send + Sync {
    fn up_at(&self, place: usize);
    fn down_at(&self, place: usize);
}

macro_rules! gauge_of {
    ($value:ty, $variant:ident) => {
        impl UpDown for Gauge<$value> {
            fn up(&self) {
                self.inc();
            }

            fn down(&self) {
                self.dec();
            }
        }

        impl Instrument for Gauge<$value> {
            const TYPE: MetricType = MetricType::Gauge;

            fn emit(&self, own: &str, samples: &mut Samples<'_>) {
                samples.emit(own, Number::$variant(self.get()).into());
            }
        }

        impl FromOptions for Gauge<$value> {
            type Options = ();

            fn from_options((): &()) -> Self {
                Self::new()
            }
        }

        impl fmt::Debug for Gauge<$value> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple("Gauge").field(&self.get()).finish()
            }
        }

        impl sealed::Sealed for $value {}
    };
}

gauge_of!(f64, F64);
gauge_of!(i64, I64);

impl<V: GaugeValue> Default for Gauge<V> {
    fn default() -> Self {
        Self::new()
    }
}

mod sealed {
    pub trait Sealed {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_hold_their_extremes() {
        let whole = Gauge::<i64>::new();
        for v in [i64::MIN, -1, 0, i64::MAX] {
            whole.set(v);
            assert_eq!(whole.get(), v);
        }
        whole.inc();
        assert_eq!(whole.get(), i64::MIN);
        whole.set(-5);
        whole.sub(i64::MIN);
        assert_eq!(whole.get(), i64::MAX - 4);

        let float = Gauge::<f64>::new();
        for v in [f64::NEG_INFINITY, -0.0, f64::MAX] {
            float.set(v);
            assert_eq!(float.get().to_bits(), v.to_bits());
        }
        float.set(f64::NAN);
        assert!(float.get().is_nan());
        float.set(1.5);
        float.inc();
        float.add(2.25);
        assert_eq!(float.get(), 4.75);
        float.dec();
        float.sub(0.25);
        assert_eq!(float.get(), 3.5);
    }

    #[cfg(feature = "std")]
    #[test]
    fn in_progress_comes_back_after_a_panic_and_a_dropped_future() {
        let gauge = Gauge::<i64>::new();
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _guard = gauge.track_in_progress();
            assert_eq!(gauge.get(), 1);
            panic!("on purpose");
        }));
        assert_eq!(gauge.get(), 0);

        let mut future = std::boxed::Box::pin(gauge.track_future(core::future::pending::<()>()));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        assert_eq!(gauge.get(), 1);
        drop(future);
        assert_eq!(gauge.get(), 0);
    }
}
