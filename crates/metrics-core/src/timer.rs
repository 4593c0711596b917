use core::fmt;
use std::time::Instant;

/// Observes the seconds since it was started when it is dropped: at the end of the scope, on an
/// early return, or while a panic unwinds.
///
/// Made by the `start_timer` of a [`Histogram`](crate::Histogram), a [`Summary`](crate::Summary), or a
/// [`Gauge`](crate::Gauge) (which is set to the seconds).
///
/// ```
/// use metrics_core::Summary;
///
/// static SECONDS: Summary = Summary::new();
/// let timer = SECONDS.start_timer();
/// let seconds = timer.observe();
/// assert!(seconds >= 0.0);
/// SECONDS.start_timer().discard();
/// assert_eq!(SECONDS.count(), 1);
/// ```
#[must_use = "the time is observed as soon as this is dropped"]
pub struct Timer<'a> {
    target: Option<Target<'a>>,
    start: Instant,
}

enum Target<'a> {
    Lent(&'a dyn Observe),
    #[cfg(feature = "labels")]
    Owned(alloc::sync::Arc<dyn ObserveAt>, usize),
}

impl<'a> Timer<'a> {
    pub(crate) fn start(target: &'a dyn Observe) -> Self {
        Self { target: Some(Target::Lent(target)), start: Instant::now() }
    }

    #[cfg(feature = "labels")]
    pub(crate) fn start_owned(target: alloc::sync::Arc<dyn ObserveAt>, place: usize) -> Self {
        Self { target: Some(Target::Owned(target, place)), start: Instant::now() }
    }

    /// Observes now and returns the seconds.
    pub fn observe(mut self) -> f64 {
        self.stop()
    }

    /// Drops the timer without an observation.
    pub fn discard(mut self) {
        self.target = None;
    }

    fn stop(&mut self) -> f64 {
        let seconds = self.start.elapsed().as_secs_f64();
        match self.target.take() {
            Some(Target::Lent(target)) => target.observe_seconds(seconds),
            #[cfg(feature = "labels")]
            Some(Target::Owned(target, place)) => target.observe_seconds_at(place, seconds),
            None => {}
        }
        seconds
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if self.target.is_some() {
            self.stop();
        }
    }
}

impl fmt::Debug for Timer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("start", &self.start).finish_non_exhaustive()
    }
}

/// What a timer can report to.
#[doc(hidden)]
#[allow(unreachable_pub, reason = "it bounds public methods")]
pub trait Observe: Send + Sync + 'static {
    fn observe_seconds(&self, seconds: f64);
}

/// The same for several side by side: the series of a family.
#[cfg(feature = "labels")]
pub(crate) trait ObserveAt: Send + Sync {
    fn observe_seconds_at(&self, place: usize, seconds: f64);
}

impl Observe for crate::Gauge {
    fn observe_seconds(&self, seconds: f64) {
        self.set(seconds);
    }
}

impl crate::Gauge {
    /// Starts to measure; the gauge is set to the seconds when the timer is dropped.
    pub fn start_timer(&self) -> Timer<'_> {
        Timer::start(self)
    }

    /// Runs `f` and sets the gauge to the seconds it took, also if it panics.
    ///
    /// ```
    /// use metrics_core::Gauge;
    ///
    /// static LAST_RUN: Gauge = Gauge::new();
    /// assert_eq!(LAST_RUN.time(|| 2 + 2), 4);
    /// assert!(LAST_RUN.get() > 0.0);
    /// ```
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        f()
    }

    /// Awaits `future` and sets the gauge to the seconds from its first poll until it is done or
    /// dropped.
    pub async fn time_future<F: Future>(&self, future: F) -> F::Output {
        let _timer = self.start_timer();
        future.await
    }
}

#[cfg(test)]
mod tests {
    use crate::{Gauge, Histogram, Summary};

    #[test]
    fn a_timer_tells_what_it_observes() {
        let summary = Summary::new();
        let timer = summary.start_timer();
        std::thread::sleep(core::time::Duration::from_millis(2));
        let seconds = timer.observe();
        assert!(seconds >= 0.002);
        assert_eq!((summary.count(), summary.sum()), (1, seconds));
        summary.start_timer().discard();
        assert_eq!(summary.count(), 1);
    }

    #[test]
    fn a_panic_and_a_dropped_future_are_timed() {
        let histogram = Histogram::new(&[1.0]);
        let summary = Summary::new();
        let gauge = Gauge::<f64>::new();
        gauge.set(-1.0);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            histogram.time(|| summary.time(|| gauge.time(|| panic!("on purpose"))))
        }));
        assert!(panicked.is_err());
        assert_eq!((histogram.snapshot().count(), summary.count()), (1, 1));
        assert!(gauge.get() >= 0.0);

        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        let mut future = std::boxed::Box::pin(histogram.time_future(core::future::pending::<()>()));
        drop(std::boxed::Box::pin(histogram.time_future(core::future::pending::<()>())));
        assert_eq!(histogram.snapshot().count(), 1, "never polled, never begun");
        assert!(future.as_mut().poll(&mut context).is_pending());
        drop(future);
        assert_eq!(histogram.snapshot().count(), 2);
    }
}
