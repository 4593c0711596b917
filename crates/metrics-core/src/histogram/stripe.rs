use alloc::boxed::Box;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::atomic::AtomicU64;
use crate::sync::{AtomicBool, spin_loop, yield_now};

/// Counts and a sum that are only touched together, under a try-lock.
///
/// Invariant: `sum` and `words` are written, and read for their values, only while `locked` is held.
/// Taking it is an acquire and giving it back a release, so whoever holds it sees every earlier holder's
/// writes whole; the accesses between need no order of their own and cost what plain ones cost.
pub(super) struct Stripe {
    locked: AtomicBool,
    sum: AtomicU64,
    /// The count of each classic bucket, and after them what native buckets need.
    words: Box<[AtomicU64]>,
}

impl Stripe {
    pub(super) fn new(words: usize) -> Self {
        Self {
            locked: AtomicBool::new(false),
            sum: AtomicU64::new(0f64.to_bits()),
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// One of several that are updated at the same time: words that nobody uses keep the counts of the
    /// next one, which the allocator may place right behind, off its last cache line.
    pub(super) fn apart(words: usize) -> Self {
        const CACHE_LINE: usize = 64 / size_of::<u64>();
        Self::new(words + CACHE_LINE)
    }

    /// Counts `v` in `bucket`, unless another thread holds the stripe.
    #[inline]
    pub(super) fn try_observe(&self, bucket: usize, v: f64) -> bool {
        // Looked up first, so that nothing can panic while the stripe is held.
        let Some(count) = self.words.get(bucket) else { return true };
        if self.locked.swap(true, Acquire) {
            return false;
        }
        self.add(count, v);
        self.locked.store(false, Release);
        true
    }

    /// Counts `v` in `count`, a word of this stripe, which is held.
    #[inline]
    pub(super) fn add(&self, count: &AtomicU64, v: f64) {
        count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        self.sum.store((f64::from_bits(self.sum.load(Relaxed)) + v).to_bits(), Relaxed);
    }

    /// Something that an observation changes, read without the lock: only to see that it changes.
    pub(super) fn glance(&self, bucket: usize) -> (u64, u64) {
        (self.sum.load(Relaxed), self.words[bucket].load(Relaxed))
    }

    pub(super) fn words(&self) -> &[AtomicU64] {
        &self.words
    }

    /// The sum, of a stripe that is held.
    pub(super) fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Relaxed))
    }

    /// Forgets the counts before `words` and the sum, of a stripe that is held.
    pub(super) fn clear(&self, counts: usize) {
        self.sum.store(0f64.to_bits(), Relaxed);
        self.words[..counts].iter().for_each(|count| count.store(0, Relaxed));
    }

    /// Adds the counts to `counts` and returns the sum, of a stripe that is held.
    pub(super) fn add_to(&self, counts: &mut [u64]) -> f64 {
        for (total, count) in counts.iter_mut().zip(&self.words) {
            *total = total.wrapping_add(count.load(Relaxed));
        }
        self.sum()
    }

    /// Waits until the stripe is free: for readers, which are few and must not miss it.
    pub(super) fn hold(&self) -> Held<'_> {
        let mut tries = 0u32;
        loop {
            if let Some(held) = self.try_hold() {
                return held;
            }
            tries += 1;
            if tries % 64 == 0 { yield_now() } else { spin_loop() }
        }
    }

    #[inline]
    pub(super) fn try_hold(&self) -> Option<Held<'_>> {
        if self.locked.swap(true, Acquire) { None } else { Some(Held { locked: &self.locked }) }
    }
}

/// Gives the stripe back, also if something panics.
pub(super) struct Held<'a> {
    locked: &'a AtomicBool,
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.locked.store(false, Release);
    }
}
