use alloc::boxed::Box;
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::atomic::AtomicU64;

/// Counts and a sum that are only touched together, under a try-lock.
///
/// Invariant: `sum` and `counts` are written, and read for their values, only while `locked` is held. Taking it is an
/// acquire and giving it back a release, so whoever holds it sees every earlier holder's writes whole;
/// the accesses between need no order of their own and cost what plain ones cost.
pub(super) struct Stripe {
    locked: AtomicBool,
    sum: AtomicU64,
    counts: Box<[AtomicU64]>,
}

impl Stripe {
    pub(super) fn new(bounds: usize) -> Self {
        Self {
            locked: AtomicBool::new(false),
            sum: AtomicU64::new(0f64.to_bits()),
            counts: (0..=bounds).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// One of several that are updated at the same time: words that nobody uses keep the counts of the
    /// next one, which the allocator may place right behind, off its last cache line.
    pub(super) fn apart(bounds: usize) -> Self {
        const CACHE_LINE: usize = 64 / size_of::<u64>();
        Self::new(bounds + CACHE_LINE)
    }

    /// Counts `v` in `bucket`, unless another thread holds the stripe.
    #[inline]
    pub(super) fn try_observe(&self, bucket: usize, v: f64) -> bool {
        let Some(_held) = self.try_hold() else { return false };
        let count = &self.counts[bucket];
        count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        self.sum.store((f64::from_bits(self.sum.load(Relaxed)) + v).to_bits(), Relaxed);
        true
    }

    /// Something that an observation changes, read without the lock: only to see that it changes.
    pub(super) fn glance(&self, bucket: usize) -> (u64, u64) {
        (self.sum.load(Relaxed), self.counts[bucket].load(Relaxed))
    }

    /// Adds the counts to `counts` and returns the sum.
    pub(super) fn add_to(&self, counts: &mut [u64]) -> f64 {
        let _held = self.hold();
        for (total, count) in counts.iter_mut().zip(&self.counts) {
            *total = total.wrapping_add(count.load(Relaxed));
        }
        f64::from_bits(self.sum.load(Relaxed))
    }

    /// Waits until the stripe is free: for readers, which are few and must not miss it.
    pub(super) fn hold(&self) -> Held<'_> {
        let mut tries = 0u32;
        loop {
            if let Some(held) = self.try_hold() {
                return held;
            }
            tries += 1;
            if tries % 64 == 0 { std::thread::yield_now() } else { core::hint::spin_loop() }
        }
    }

    #[inline]
    fn try_hold(&self) -> Option<Held<'_>> {
        if self.locked.swap(true, Acquire) { None } else { Some(Held { locked: &self.locked }) }
    }
}

/// Gives the stripe back, also if a bucket index is out of range and the access panics.
pub(super) struct Held<'a> {
    locked: &'a AtomicBool,
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.locked.store(false, Release);
    }
}
