use core::fmt;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::atomic::AtomicU64;
use crate::stripes::{Stripes, TRIES, keeps_changing};
use crate::sync::{AtomicBool, spin_loop};
use crate::{FromOptions, Instrument, MetricType, Samples};

/// Observations, counted and summed: enough for a rate and a mean.
///
/// A scrape always sees a count and a sum of the same observations. A NaN is counted and makes the
/// sum NaN. There are no quantiles, which cannot be aggregated over processes: use a
/// `Histogram` for those.
///
/// ```
/// use metrics_core::Summary;
///
/// static BYTES: Summary = Summary::new();
/// BYTES.observe(100.0);
/// BYTES.observe(50.0);
/// assert_eq!((BYTES.count(), BYTES.sum()), (2, 150.0));
/// ```
pub struct Summary {
    first: Stripe,
    stripes: Stripes<Stripe>,
}

/// A count and a sum that are only touched together, under a try-lock.
///
/// Invariant: `sum` and `count` are written, and read for their values, only while `locked` is held; taking it is an
/// acquire and giving it back a release, so every holder sees the writes of the earlier ones whole.
struct Stripe {
    locked: AtomicBool,
    count: AtomicU64,
    sum: AtomicU64,
}

impl Summary {
    /// A summary without observations.
    pub const fn new() -> Self {
        Self { first: Stripe::ZERO, stripes: Stripes::new() }
    }

    /// Counts one observation.
    #[inline]
    pub fn observe(&self, v: f64) {
        if !self.stripes.mine().unwrap_or(&self.first).try_observe(v) {
            self.observe_contended(v);
        }
    }

    /// The number of observations.
    pub fn count(&self) -> u64 {
        self.read().0
    }

    /// The sum of the observations.
    pub fn sum(&self) -> f64 {
        self.read().1
    }

    #[cold]
    fn observe_contended(&self, v: f64) {
        if self.stripes.mine().is_none() {
            for _ in 1..TRIES {
                spin_loop();
                if self.first.try_observe(v) {
                    if keeps_changing(|| self.first.count.load(Relaxed)) {
                        self.stripes.grow(|| Stripe::ZERO);
                    }
                    return;
                }
            }
            if self.stripes.grow(|| Stripe::ZERO).is_none() {
                while !self.first.try_observe(v) {
                    spin_loop();
                }
                return;
            }
        }
        while !self.stripes.beginning_with_mine().any(|stripe| stripe.try_observe(v)) {
            pause();
        }
    }

    fn read(&self) -> (u64, f64) {
        let stripes = core::iter::once(&self.first).chain(self.stripes.iter());
        stripes
            .map(Stripe::read)
            .fold((0, 0.0), |(count, sum), (more, v)| (count.wrapping_add(more), sum + v))
    }
}

impl Stripe {
    #[allow(clippy::declare_interior_mutable_const, reason = "a new stripe at each use is what is wanted")]
    const ZERO: Self =
        Self { locked: AtomicBool::new(false), count: AtomicU64::new(0), sum: AtomicU64::new(0) };

    #[inline]
    fn try_observe(&self, v: f64) -> bool {
        if self.locked.swap(true, Acquire) {
            return false;
        }
        self.count.store(self.count.load(Relaxed).wrapping_add(1), Relaxed);
        self.sum.store((f64::from_bits(self.sum.load(Relaxed)) + v).to_bits(), Relaxed);
        self.locked.store(false, Release);
        true
    }

    fn read(&self) -> (u64, f64) {
        while self.locked.swap(true, Acquire) {
            pause();
        }
        let pair = (self.count.load(Relaxed), f64::from_bits(self.sum.load(Relaxed)));
        self.locked.store(false, Release);
        pair
    }
}

/// Lets a thread that holds a stripe go on.
fn pause() {
    #[cfg(feature = "std")]
    crate::sync::yield_now();
    #[cfg(not(feature = "std"))]
    spin_loop();
}

#[cfg(feature = "std")]
impl Summary {
    /// Starts to measure; the seconds until the timer is dropped are observed.
    pub fn start_timer(&self) -> crate::Timer<'_> {
        crate::Timer::start(self)
    }

    /// Runs `f` and observes the seconds it takes, also if it panics.
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        f()
    }

    /// Awaits `future` and observes the seconds from its first poll until it is done or dropped.
    pub async fn time_future<F: Future>(&self, future: F) -> F::Output {
        let _timer = self.start_timer();
        future.await
    }
}

#[cfg(feature = "std")]
impl crate::timer::Observe for Summary {
    fn observe_seconds(&self, seconds: f64) {
        self.observe(seconds);
    }
}

impl Instrument for Summary {
    const TYPE: MetricType = MetricType::Summary;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        let (count, sum) = self.read();
        samples.emit_summary(own, count, sum);
    }
}

impl FromOptions for Summary {
    type Options = ();

    fn from_options((): &()) -> Self {
        Self::new()
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, sum) = self.read();
        f.debug_struct("Summary").field("count", &count).field("sum", &sum).finish()
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn count_and_sum_belong_together_while_threads_observe() {
        let summary = Summary::new();
        let done = AtomicBool::new(false);
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            let writers: std::vec::Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        (0..100_000).for_each(|_| summary.observe(3.0));
                    })
                })
                .collect();
            scope.spawn(|| {
                start.wait();
                while !done.load(Relaxed) {
                    let (count, sum) = summary.read();
                    assert_eq!(sum, count as f64 * 3.0);
                }
            });
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            done.store(true, Relaxed);
        });
        assert_eq!(summary.count(), 300_000);
    }
}
