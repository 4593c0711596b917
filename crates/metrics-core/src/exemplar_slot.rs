//! Where exemplars are kept beside an instrument.
//!
//! An update takes a slot only if it is free, so it never waits; then the exemplar of another update is
//! kept, which stands for as much. No code of a user runs while a slot is held.

use alloc::string::String;
use alloc::vec::Vec;
use std::sync::{PoisonError, TryLockError};

use crate::sync::{Mutex, MutexGuard};
use crate::{Exemplar, Labels, Timestamp};

/// The last exemplar of a counter, or of one bucket.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default, Clone)]
struct Kept {
    labels: String,
    value: f64,
    /// None as long as there is no exemplar.
    timestamp: Option<Timestamp>,
}

impl Slot {
    /// Keeps an exemplar of now, unless another thread has the slot at this moment.
    pub(crate) fn keep(&self, labels: &str, value: f64) {
        if let Some(mut kept) = try_lock(&self.kept) {
            kept.replace(labels, value, Timestamp::now());
        }
    }

    /// Adds the exemplar to `copies`, if there is one.
    pub(crate) fn copy_to(&self, copies: &mut Copies) {
        copies.add(&lock(&self.kept));
    }

    /// Holds the slot, as another thread does that is in the middle of it.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        lock(&self.kept)
    }
}

impl Kept {
    fn replace(&mut self, labels: &str, value: f64, now: Timestamp) {
        self.labels.clear();
        self.labels.push_str(labels);
        // One NaN, whose sign does not matter to the order.
        self.value = if value.is_nan() { f64::NAN } else { value };
        self.timestamp = Some(now);
    }
}

/// Some exemplars over the range of what is observed: of a histogram with native buckets.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    kept: Mutex<Vec<Kept>>,
}

impl Spread {
    /// As many as other clients keep.
    const MOST: usize = 10;
    /// From this age on an exemplar goes before one that is close to another.
    const OLD_SECONDS: i64 = 300;

    /// Keeps an exemplar of now, unless another thread has the list at this moment. If it is full, the
    /// oldest goes if it is old, and otherwise the older one of the two that are closest.
    pub(crate) fn keep(&self, labels: &str, value: f64) {
        if let Some(mut kept) = try_lock(&self.kept) {
            let now = Timestamp::now();
            Self::insert(&mut kept, labels, value, now);
        }
    }

    /// `kept` is ascending by value.
    fn insert(kept: &mut Vec<Kept>, labels: &str, value: f64, now: Timestamp) {
        // A buffer of one that goes is used again.
        let mut new = if kept.len() < Self::MOST {
            kept.reserve_exact(Self::MOST - kept.len());
            Kept::default()
        } else {
            let goes = Self::dispensable(kept, value, now);
            kept.remove(goes)
        };
        new.replace(labels, value, now);
        let place = kept.partition_point(|other| other.value.total_cmp(&value).is_le());
        kept.insert(place, new);
    }

    /// The index of the exemplar that makes room for one of `value`.
    fn dispensable(kept: &[Kept], value: f64, now: Timestamp) -> usize {
        let age = |index: &usize| kept[*index].timestamp;
        let oldest = (0..kept.len()).min_by_key(age).unwrap_or(0);
        let is_old = |time: Timestamp| now.seconds().saturating_sub(time.seconds()) >= Self::OLD_SECONDS;
        if kept[oldest].timestamp.is_some_and(is_old) {
            return oldest;
        }
        let closest_to_new = (0..kept.len())
            .map(|index| (distance(kept[index].value, value), index))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let closest_pair = (1..kept.len())
            .map(|index| {
                let older = core::cmp::min_by_key(index - 1, index, age);
                (distance(kept[index - 1].value, kept[index].value), older)
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match (closest_to_new, closest_pair) {
            (Some((to_new, _)), Some((apart, older))) if apart < to_new => older,
            (Some((_, index)), _) => index,
            (None, _) => oldest,
        }
    }

    /// Adds the exemplars to `copies`, ascending by value.
    pub(crate) fn copy_to(&self, copies: &mut Copies) {
        for kept in &*lock(&self.kept) {
            copies.add(kept);
        }
    }
}

/// How far apart two values are, as a factor where they have the same sign.
fn distance(a: f64, b: f64) -> f64 {
    if a == b {
        return 0.0;
    }
    let ratio = (a / b).ln().abs();
    if ratio.is_nan() { f64::INFINITY } else { ratio }
}

/// Exemplars copied out of their slots, so that none is held while an encoder runs. Used again from
/// series to series.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    text: String,
    /// Where the labels end in the text, value and time.
    ends: Vec<(usize, f64, Timestamp)>,
    /// Empty; only its allocation is kept.
    room: Vec<Exemplar<'static>>,
}

impl Copies {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn add(&mut self, kept: &Kept) {
        if let Some(timestamp) = kept.timestamp {
            self.text.push_str(&kept.labels);
            self.ends.push((self.text.len(), kept.value, timestamp));
        }
    }

    /// Runs `f` with the exemplars.
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&[Exemplar<'_>]) -> R) -> R {
        let mut exemplars: Vec<Exemplar<'_>> = core::mem::take(&mut self.room);
        let mut start = 0;
        for (end, value, timestamp) in &self.ends {
            let labels = Labels::rendered("", &self.text[start..*end]);
            exemplars.push(Exemplar::checked(labels, *value).with_timestamp(*timestamp));
            start = *end;
        }
        let result = f(&exemplars);
        exemplars.clear();
        // Collects in place: an empty list of another lifetime in the same allocation.
        self.room = exemplars.into_iter().map(|_| Exemplar::checked(Labels::EMPTY, 0.0)).collect();
        result
    }
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(seconds, 0).unwrap()
    }

    fn values(kept: &[Kept]) -> Vec<f64> {
        kept.iter().map(|kept| kept.value).collect()
    }

    #[test]
    fn a_full_spread_gives_up_the_older_of_the_two_closest() {
        let mut kept = Vec::new();
        for (second, value) in
            [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0].into_iter().enumerate()
        {
            Spread::insert(&mut kept, "", value, at(second as i64));
        }
        assert_eq!(kept.len(), Spread::MOST);
        assert!(kept.capacity() < 2 * Spread::MOST);
        // 500 is closest to 512, which goes; then 1000 lies as far off as any two of the others.
        Spread::insert(&mut kept, "", 500.0, at(10));
        assert_eq!(values(&kept).last(), Some(&500.0));
        Spread::insert(&mut kept, "", 5e9, at(11));
        assert_eq!(values(&kept), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 500.0, 5e9]);
        // The oldest is old now.
        Spread::insert(&mut kept, "", 3.9, at(400));
        assert_eq!(values(&kept), [2.0, 3.9, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 500.0, 5e9]);
    }

    #[test]
    fn of_equal_distances_that_to_the_new_value_counts() {
        let mut kept = Vec::new();
        for power in 0..10 {
            Spread::insert(&mut kept, "", f64::from(1 << power), at(0));
        }
        Spread::insert(&mut kept, "", 1024.0, at(1));
        assert_eq!(values(&kept)[7..], [128.0, 256.0, 1024.0]);
    }

    #[test]
    fn odd_values_keep_the_order_and_the_bound() {
        let mut kept = Vec::new();
        for round in 0..5 {
            for value in [f64::NAN, 0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e-300] {
                Spread::insert(&mut kept, "", value, at(round));
                assert!(kept.len() <= Spread::MOST);
                assert!(kept.is_sorted_by(|a, b| a.value.total_cmp(&b.value).is_le()), "{:?}", values(&kept));
            }
        }
    }

    #[test]
    fn copies_use_their_room_again() {
        let slot = Slot::default();
        let mut copies = Copies::default();
        slot.copy_to(&mut copies);
        copies.with(|exemplars| assert!(exemplars.is_empty()));
        slot.keep("a=\"1\"", 0.5);
        slot.copy_to(&mut copies);
        copies.with(|exemplars| {
            assert_eq!(exemplars.len(), 1);
            assert_eq!((exemplars[0].labels().parts()[1], exemplars[0].value()), ("a=\"1\"", 0.5));
        });
        let room = copies.room.capacity();
        assert!(room > 0, "the allocation is kept");
        copies.clear();
        copies.with(|exemplars| assert!(exemplars.is_empty()));
        assert_eq!(copies.room.capacity(), room);
    }
}
