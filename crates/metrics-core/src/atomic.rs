//! 64-bit atomics, also where the target has none.
//!
//! Where `target_has_atomic = "64"` does not hold (or with `--cfg metrics_core_no_atomic64`, to
//! test it anywhere) a word is two 32-bit halves under a one-byte spin lock that is held for a few
//! instructions. On such a target an interrupt handler must not update an instrument that the code it
//! interrupts may be updating: it would wait for a lock that cannot be released.

#[cfg(all(target_has_atomic = "64", not(metrics_core_no_atomic64)))]
pub(crate) use crate::sync::AtomicU64;

#[cfg(not(all(target_has_atomic = "64", not(metrics_core_no_atomic64))))]
pub(crate) use fallback::AtomicU64;

use core::sync::atomic::Ordering::Relaxed;

/// Adds to the float whose bits are in `cell`.
///
/// Relaxed: the cell guards no other memory, and each update is one read-modify-write.
#[inline]
pub(crate) fn add_f64(cell: &AtomicU64, v: f64) {
    let mut current = cell.load(Relaxed);
    while let Err(now) =
        cell.compare_exchange_weak(current, (f64::from_bits(current) + v).to_bits(), Relaxed, Relaxed)
    {
        current = now;
    }
}

#[cfg(any(test, not(all(target_has_atomic = "64", not(metrics_core_no_atomic64)))))]
mod fallback {
    use core::sync::atomic::Ordering;

    use crate::sync::{AtomicBool, AtomicU32, spin_loop};

    /// Two halves under a spin lock.
    ///
    /// Invariant: the halves are only touched while `locked` is held; taking it is an acquire and
    /// giving it back a release, so the relaxed accesses between see each other in order. The
    /// orderings that callers ask for are at most as strong as those two.
    #[derive(Debug)]
    pub(crate) struct AtomicU64 {
        locked: AtomicBool,
        low: AtomicU32,
        high: AtomicU32,
    }

    #[cfg_attr(test, allow(dead_code))]
    impl AtomicU64 {
        pub(crate) const fn new(value: u64) -> Self {
            Self {
                locked: AtomicBool::new(false),
                low: AtomicU32::new(value as u32),
                high: AtomicU32::new((value >> 32) as u32),
            }
        }

        pub(crate) fn load(&self, _: Ordering) -> u64 {
            self.update(|value| (value, None))
        }

        pub(crate) fn store(&self, value: u64, _: Ordering) {
            self.update(|_| ((), Some(value)));
        }

        pub(crate) fn fetch_add(&self, n: u64, _: Ordering) -> u64 {
            self.update(|value| (value, Some(value.wrapping_add(n))))
        }

        pub(crate) fn compare_exchange(
            &self,
            current: u64,
            new: u64,
            _: Ordering,
            _: Ordering,
        ) -> Result<u64, u64> {
            self.update(|value| if value == current { (Ok(value), Some(new)) } else { (Err(value), None) })
        }

        pub(crate) fn compare_exchange_weak(
            &self,
            current: u64,
            new: u64,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u64, u64> {
            self.compare_exchange(current, new, success, failure)
        }

        fn update<R>(&self, f: impl FnOnce(u64) -> (R, Option<u64>)) -> R {
            while self.locked.swap(true, Ordering::Acquire) {
                spin_loop();
            }
            let (low, high) = (self.low.load(Ordering::Relaxed), self.high.load(Ordering::Relaxed));
            let (result, new) = f(u64::from(low) | u64::from(high) << 32);
            if let Some(new) = new {
                self.low.store(new as u32, Ordering::Relaxed);
                self.high.store((new >> 32) as u32, Ordering::Relaxed);
            }
            self.locked.store(false, Ordering::Release);
            result
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use Ordering::Relaxed;

        #[test]
        fn halves_carry_and_nothing_is_lost() {
            let word = AtomicU64::new(u64::from(u32::MAX));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..10_000).for_each(|_| _ = word.fetch_add(1, Relaxed)));
                }
            });
            assert_eq!(word.load(Relaxed), u64::from(u32::MAX) + 40_000);
            assert_eq!(word.compare_exchange(0, 1, Relaxed, Relaxed), Err(u64::from(u32::MAX) + 40_000));
            word.store(u64::MAX, Relaxed);
            assert_eq!(word.fetch_add(2, Relaxed), u64::MAX);
            assert_eq!(word.compare_exchange_weak(1, 7, Relaxed, Relaxed), Ok(1));
            assert_eq!(word.load(Relaxed), 7);
        }
    }
}
