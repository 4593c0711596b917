//! Native buckets in the words of a stripe: a table of those that hold something, made in full with the
//! stripe, so that no observation allocates.
//!
//! Invariants, for whoever holds the stripe:
//! 1. A bucket is in the table exactly if something was observed in it. The table has room for more than
//!    `max_buckets`, so a search for a bucket ends at a free place.
//! 2. The zero bucket, the table, and the observations of NaN, which are in neither, are what the counts
//!    of the classic buckets count.
//! 3. A stripe whose epoch is not that of the histogram holds what was observed before the histogram was
//!    set back: a reader leaves it out, and the next observation clears it.

use alloc::vec::Vec;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use super::layout::Layout;
use super::native::Native;
use super::stripe::Stripe;
use crate::atomic::AtomicU64;
use crate::native::bounds::{index_of, upper_bound};
use crate::{NativeBucket, NativeHistogram, Timestamp};

/// The words before the table.
const SCHEMA: usize = 0;
const THRESHOLD: usize = 1;
const ZERO: usize = 2;
/// How many buckets are in the table.
const USED: usize = 3;
const EPOCH: usize = 4;
/// Of the whole histogram, in its first stripe: touched by whoever holds any stripe.
const SHARED_EPOCH: usize = 5;
/// When the histogram began, in milliseconds of the steady clock.
const BEGAN: usize = 6;
/// When it is to be set back; 0 if it is not.
const DUE: usize = 7;
/// When it was set back, in milliseconds since the epoch of the calendar.
const RESET: usize = 8;
const TABLE: usize = 9;

/// Whether a place of the table holds a bucket, and on which side of zero.
const PRESENT: u64 = 1 << 63;
const NEGATIVE: u64 = 1 << 32;

/// The native part of a stripe that is held.
#[derive(Clone, Copy)]
pub(super) struct NativeWords<'a> {
    stripe: &'a Stripe,
    native: &'a NativeLayout,
    words: &'a [AtomicU64],
}

/// Where the words of a stripe are, and what they are for.
#[derive(Debug)]
pub(crate) struct NativeLayout {
    options: Native,
    /// The number of classic counts, which stand before the words.
    counts: usize,
    /// One less than the number of places in the table, a power of two.
    mask: usize,
}

impl NativeLayout {
    pub(super) fn new(options: Native, counts: usize) -> Self {
        // Half as many again as there may be buckets, and one that is one too many.
        let places = (options.most() + options.most() / 2 + 2).next_power_of_two();
        Self { options, counts, mask: places - 1 }
    }

    pub(super) fn options(&self) -> &Native {
        &self.options
    }

    /// The number of words that a stripe needs beside its counts.
    pub(super) fn words(&self) -> usize {
        TABLE + 2 * (self.mask + 1)
    }
}

/// What all stripes of a histogram share, which nobody needs to hold a stripe for.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    words: &'a [AtomicU64],
}

impl<'a> NativeWords<'a> {
    pub(super) fn of(layout: &'a Layout, stripe: &'a Stripe) -> Option<Self> {
        Some(Self::new(layout.native()?, stripe))
    }

    #[inline]
    pub(super) fn new(native: &'a NativeLayout, stripe: &'a Stripe) -> Self {
        let words = &stripe.words()[native.counts..];
        Self { stripe, native, words: &words[..native.words()] }
    }

    #[inline]
    pub(super) fn shared(native: &NativeLayout, first: &'a Stripe) -> Shared<'a> {
        Shared { words: &first.words()[native.counts..] }
    }

    /// Sets the words of a new stripe.
    pub(super) fn begin(&self) {
        self.set(SCHEMA, self.native.options.schema() as u64);
        self.set(THRESHOLD, self.native.options.threshold().to_bits());
        if self.native.options.reset_millis() > 0 {
            self.set(BEGAN, clock::millis());
        }
    }

    /// Counts `v`, in the classic `bucket` and in a native one.
    pub(super) fn observe(&self, shared: Shared<'_>, bucket: usize, v: f64) {
        if self.native.options.reset_millis() > 0 {
            let due = shared.words[DUE].load(Relaxed);
            if due != 0 && clock::millis() >= due {
                shared.reset(self.epoch());
            }
            self.follow(shared);
        }
        if self.count(bucket, v) && self.get(USED) > self.native.options.most() as u64 {
            self.limit(shared, bucket, v);
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.get(EPOCH)
    }

    /// Counts `v`, and returns whether that made a bucket.
    #[inline]
    fn count(&self, bucket: usize, v: f64) -> bool {
        self.stripe.add(&self.stripe.words()[bucket], v);
        if v.abs() > self.threshold() {
            let key = key(index_of(self.schema(), v), v < 0.0);
            return self.add(key, 1);
        }
        if !v.is_nan() {
            self.set(ZERO, self.get(ZERO).wrapping_add(1));
        }
        false
    }

    /// Makes the buckets fewer after `v` has made one too many.
    #[cold]
    fn limit(&self, shared: Shared<'_>, bucket: usize, v: f64) {
        if self.native.options.reset_millis() > 0 && shared.words[DUE].load(Relaxed) == 0 {
            let due = shared.words[BEGAN].load(Relaxed) + self.native.options.reset_millis();
            if clock::millis() >= due {
                shared.reset(self.epoch());
                self.follow(shared);
                self.count(bucket, v);
                return;
            }
            shared.words[DUE].store(due, Relaxed);
        }
        while self.get(USED) > self.native.options.most() as u64 {
            if self.widen_zero(self.native.options.widest_zero()) {
                continue;
            }
            if self.schema() > *NativeHistogram::SCHEMAS.start() {
                self.halve();
            } else if !self.widen_zero(f64::MAX) {
                // Nothing but the two infinities, for which there is room.
                return;
            }
        }
    }

    /// Clears the stripe if the histogram was set back since.
    fn follow(&self, shared: Shared<'_>) {
        let epoch = shared.epoch();
        if self.epoch() != epoch {
            self.stripe.clear(self.native.counts);
            self.words[TABLE..].iter().for_each(|word| word.store(0, Relaxed));
            self.set(SCHEMA, self.native.options.schema() as u64);
            self.set(THRESHOLD, self.native.options.threshold().to_bits());
            self.set(ZERO, 0);
            self.set(USED, 0);
            self.set(EPOCH, epoch);
        }
    }

    /// Takes the buckets nearest to zero into the zero bucket, if that is then not above `limit` wide.
    fn widen_zero(&self, limit: f64) -> bool {
        let Some(nearest) = self.buckets().map(|(key, _)| index(key)).min() else { return false };
        let threshold = upper_bound(self.schema(), nearest);
        if threshold > limit || self.threshold() >= limit {
            return false;
        }
        self.set(THRESHOLD, threshold.to_bits());
        self.rebuild(|key| (index(key) > nearest).then_some(key));
        true
    }

    /// Merges each two neighbouring buckets.
    fn halve(&self) {
        self.set(SCHEMA, (self.schema() - 1) as u64);
        self.rebuild(|old| Some(key((index(old) + 1) >> 1, old & NEGATIVE != 0)));
    }

    /// Gives each bucket the key that `map` says, or puts it into the zero bucket.
    fn rebuild(&self, map: impl Fn(u64) -> Option<u64>) {
        const ON_STACK: usize = 256;
        let mut on_stack = [(0, 0); ON_STACK];
        let mut on_heap = Vec::new();
        let used = self.get(USED) as usize;
        let old: &mut [(u64, u64)] = if used <= ON_STACK {
            &mut on_stack[..used]
        } else {
            on_heap.resize(used, (0, 0));
            &mut on_heap
        };
        for (place, bucket) in old.iter_mut().zip(self.buckets()) {
            *place = bucket;
        }
        self.words[TABLE..].iter().for_each(|word| word.store(0, Relaxed));
        self.set(USED, 0);
        for (key, count) in old {
            match map(*key) {
                Some(key) => _ = self.add(key, *count),
                None => self.set(ZERO, self.get(ZERO).wrapping_add(*count)),
            }
        }
    }

    /// Adds to a bucket, which is made if it is not there, and returns whether it was.
    #[inline]
    fn add(&self, key: u64, n: u64) -> bool {
        let mask = self.native.mask;
        // Neighbouring buckets lie side by side, those of the two sides of zero apart.
        let side = if key & NEGATIVE == 0 { 0 } else { mask / 2 };
        let mut place = (index(key) as usize).wrapping_add(side) & mask;
        loop {
            let [found, count] = self.place(place);
            let is_new = match found.load(Relaxed) {
                0 => {
                    found.store(key, Relaxed);
                    self.set(USED, self.get(USED) + 1);
                    true
                }
                other if other == key => false,
                _ => {
                    place = (place + 1) & mask;
                    continue;
                }
            };
            count.store(count.load(Relaxed).wrapping_add(n), Relaxed);
            return is_new;
        }
    }

    /// Key and count of each bucket.
    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + 'a {
        let table = self.words[TABLE..].chunks_exact(2);
        table.map(|place| (place[0].load(Relaxed), place[1].load(Relaxed))).filter(|(key, _)| *key != 0)
    }

    /// Adds everything to `merged`.
    pub(super) fn add_to(&self, merged: &mut Merged) {
        merged.coarsen_to(self.schema());
        merged.zero = merged.zero.wrapping_add(self.get(ZERO));
        merged.threshold = merged.threshold.max(self.threshold());
        let finer = self.schema() - merged.schema;
        for (key, count) in self.buckets() {
            let side = if key & NEGATIVE == 0 { &mut merged.positive } else { &mut merged.negative };
            side.push(NativeBucket { index: coarser(index(key), finer), count });
        }
    }

    fn schema(&self) -> i8 {
        self.get(SCHEMA) as i8
    }

    fn threshold(&self) -> f64 {
        f64::from_bits(self.get(THRESHOLD))
    }

    fn place(&self, place: usize) -> [&'a AtomicU64; 2] {
        let at = TABLE + 2 * place;
        [&self.words[at], &self.words[at + 1]]
    }

    #[inline]
    fn get(&self, word: usize) -> u64 {
        self.words[word].load(Relaxed)
    }

    #[inline]
    fn set(&self, word: usize, value: u64) {
        self.words[word].store(value, Relaxed);
    }
}

impl Shared<'_> {
    pub(super) fn epoch(&self) -> u64 {
        // Acquire: who sees an epoch sees when it began.
        self.words[SHARED_EPOCH].load(Acquire)
    }

    /// Begins a new epoch, unless another thread has ended `epoch` already.
    fn reset(&self, epoch: u64) {
        self.words[DUE].store(0, Relaxed);
        self.words[BEGAN].store(clock::millis(), Relaxed);
        self.words[RESET].store(Timestamp::now().as_millis() as u64, Relaxed);
        // Release: the words above are seen by who sees the new epoch. If another thread was faster, they
        // say nearly what it said.
        let _ = self.words[SHARED_EPOCH].compare_exchange(epoch, epoch + 1, AcqRel, Relaxed);
    }

    pub(super) fn reset_time(&self) -> Option<Timestamp> {
        let millis = self.words[RESET].load(Relaxed);
        (millis != 0).then(|| Timestamp::from_millis(millis as i64))
    }
}

/// The native buckets of all stripes together; used again from series to series.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(super) schema: i8,
    pub(super) threshold: f64,
    pub(super) zero: u64,
    pub(super) positive: Vec<NativeBucket>,
    pub(super) negative: Vec<NativeBucket>,
}

impl Merged {
    pub(super) fn clear(&mut self, native: &Native) {
        self.schema = native.schema();
        self.threshold = native.threshold();
        self.zero = 0;
        self.positive.clear();
        self.negative.clear();
    }

    pub(super) fn value(&self) -> NativeHistogram<'_> {
        NativeHistogram::trusted(self.schema, self.threshold, self.zero, &self.positive, &self.negative)
    }

    /// Makes the buckets as wide as those of `schema`, if they are not.
    fn coarsen_to(&mut self, schema: i8) {
        let finer = (self.schema - schema).max(0);
        if finer > 0 {
            self.schema = schema;
            for bucket in self.positive.iter_mut().chain(&mut self.negative) {
                bucket.index = coarser(bucket.index, finer);
            }
        }
    }

    /// Puts the buckets in order, and makes them as few as they may be: each stripe has kept the limit,
    /// but they may have different buckets.
    pub(super) fn finish(&mut self, native: &Native) {
        loop {
            for side in [&mut self.positive, &mut self.negative] {
                side.sort_unstable_by_key(|bucket| bucket.index);
                side.dedup_by(|next, kept| {
                    let same = next.index == kept.index;
                    if same {
                        kept.count = kept.count.wrapping_add(next.count);
                    }
                    same
                });
            }
            self.take_into_zero(self.threshold);
            if self.positive.len() + self.negative.len() <= native.most() {
                return;
            }
            if self.schema > *NativeHistogram::SCHEMAS.start() {
                self.coarsen_to(self.schema - 1);
                continue;
            }
            let nearest = [&self.positive, &self.negative].into_iter().filter_map(|side| side.first());
            let Some(nearest) = nearest.map(|bucket| bucket.index).min() else { return };
            let threshold = upper_bound(self.schema, nearest);
            if threshold.is_infinite() {
                return;
            }
            self.take_into_zero(threshold);
        }
    }

    /// Puts what lies within `threshold` into the zero bucket, which may be wider in another stripe than
    /// where it was counted.
    fn take_into_zero(&mut self, threshold: f64) {
        self.threshold = threshold;
        for side in [&mut self.positive, &mut self.negative] {
            let within = side.partition_point(|bucket| upper_bound(self.schema, bucket.index) <= threshold);
            self.zero = side.drain(..within).fold(self.zero, |zero, bucket| zero.wrapping_add(bucket.count));
        }
    }
}

fn key(index: i32, is_negative: bool) -> u64 {
    PRESENT | if is_negative { NEGATIVE } else { 0 } | u64::from(index as u32)
}

fn index(key: u64) -> i32 {
    key as u32 as i32
}

/// The index of the bucket that holds the bucket `index` when buckets are `finer` schemas wider.
fn coarser(index: i32, finer: i8) -> i32 {
    (index + (1 << finer) - 1) >> finer
}

/// Milliseconds of a clock that never goes back, and never is 0, which has a meaning of its own.
mod clock {
    #[cfg(loom)]
    pub(super) use crate::sync::millis;

    #[cfg(not(loom))]
    pub(super) fn millis() -> u64 {
        use std::sync::OnceLock;
        use std::time::Instant;

        #[cfg(test)]
        if let Some(millis) = super::tests::MILLIS.get() {
            return millis;
        }
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_millis() as u64 + 1
    }
}

#[cfg(test)]
mod tests;
