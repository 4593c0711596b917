use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::layout::Layout;
use super::native_words::{Merged, NativeLayout, NativeWords};
use super::stripe::Stripe;
use crate::Timestamp;
use crate::exemplar_slot::{Copies, Slot, Spread};
use crate::extension::Extension;
use crate::stripes::{TRIES, keeps_changing};
use crate::sync::{spin_loop, yield_now};

/// What a histogram counts in: one stripe, and one for each thread once threads collide.
pub(super) struct Cells {
    layout: Arc<Layout>,
    first: Stripe,
    extension: Extension<Stripe, Exemplars>,
}

/// One for each classic bucket, or some over the whole range where there are native ones.
enum Exemplars {
    Buckets(Box<[Slot]>),
    Spread(Spread),
}

impl Cells {
    pub(super) fn new(layout: Arc<Layout>) -> Self {
        let first = Stripe::new(layout.words());
        if let Some(words) = NativeWords::of(&layout, &first) {
            words.begin();
        }
        Self { layout, first, extension: Extension::new() }
    }

    pub(super) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Counts `v` if nothing is unusual.
    #[inline]
    pub(super) fn try_observe(&self, v: f64) -> bool {
        let Some(mine) = self.extension.mine_or(&self.first) else { return false };
        match self.layout.native() {
            None => mine.try_observe(self.layout.bucket(v), v),
            Some(native) => self.try_observe_native(native, mine, v),
        }
    }

    #[inline(never)]
    fn try_observe_native(&self, native: &NativeLayout, stripe: &Stripe, v: f64) -> bool {
        let (bucket, words) = (self.layout.bucket(v), NativeWords::new(native, stripe));
        let shared = NativeWords::shared(native, &self.first);
        let Some(_held) = stripe.try_hold() else { return false };
        words.observe(shared, bucket, v);
        true
    }

    pub(super) fn observe(&self, v: f64) {
        let bucket = self.layout.bucket(v);
        let mine = self.extension.mine().unwrap_or(&self.first);
        if !self.try_observe_in(mine, bucket, v) {
            self.observe_contended(bucket, v);
        }
    }

    fn try_observe_in(&self, stripe: &Stripe, bucket: usize, v: f64) -> bool {
        match self.layout.native() {
            None => stripe.try_observe(bucket, v),
            Some(native) => self.try_observe_native(native, stripe, v),
        }
    }

    #[cold]
    fn observe_contended(&self, bucket: usize, v: f64) {
        if self.extension.mine().is_none() {
            for _ in 1..TRIES {
                spin_loop();
                if self.try_observe_in(&self.first, bucket, v) {
                    if keeps_changing(|| self.first.glance(bucket)) {
                        self.grow();
                    }
                    return;
                }
            }
            self.grow();
        }
        // One of the stripes is free unless as many threads as there are stripes hold one at this
        // moment; each holds it for a few instructions, or until it gets its core back.
        while !self.extension.beginning_with_mine().any(|stripe| self.try_observe_in(stripe, bucket, v)) {
            yield_now();
        }
    }

    fn grow(&self) {
        self.extension.grow(|| {
            let stripe = Stripe::apart(self.layout.words());
            if let Some(words) = NativeWords::of(&self.layout, &stripe) {
                words.begin();
            }
            stripe
        });
    }

    /// Fills `counts` with those of the classic buckets, and `merged` with the native ones if there are
    /// any, and returns the sum.
    ///
    /// Every observation is in one stripe, and each stripe is read as a whole. An observation that comes
    /// after its stripe was read belongs to the next scrape.
    pub(super) fn read(&self, counts: &mut Vec<u64>, merged: &mut Merged) -> f64 {
        counts.clear();
        counts.resize(self.layout.bounds().len() + 1, 0);
        let stripes = || core::iter::once(&self.first).chain(self.extension.stripes());
        let Some(native) = self.layout.native() else {
            return stripes().fold(0.0, |sum, stripe| {
                let _held = stripe.hold();
                sum + stripe.add_to(counts)
            });
        };
        'again: loop {
            let epoch = NativeWords::shared(native, &self.first).epoch();
            merged.clear(native.options());
            counts.fill(0);
            let mut sum = 0.0;
            for stripe in stripes() {
                let _held = stripe.hold();
                let words = NativeWords::new(native, stripe);
                if words.epoch() > epoch {
                    // The histogram was set back meanwhile, and what was read is of before.
                    continue 'again;
                }
                if words.epoch() == epoch {
                    sum += stripe.add_to(counts);
                    words.add_to(merged);
                }
            }
            merged.finish(native.options());
            return sum;
        }
    }

    /// When the histogram was last set back.
    pub(super) fn reset_time(&self) -> Option<Timestamp> {
        NativeWords::shared(self.layout.native()?, &self.first).reset_time()
    }

    pub(super) fn keep_exemplar(&self, labels: &str, v: f64) {
        match self.extension.exemplars_or(|| Exemplars::new(&self.layout)) {
            Exemplars::Buckets(slots) => slots[self.layout.bucket(v)].keep(labels, v),
            Exemplars::Spread(spread) => spread.keep(labels, v),
        }
    }

    /// What copies the exemplars, if there are any.
    pub(super) fn exemplars(&self) -> Option<impl FnOnce(&mut Copies) + '_> {
        let exemplars = self.extension.exemplars()?;
        Some(move |copies: &mut Copies| match exemplars {
            Exemplars::Buckets(slots) => slots.iter().for_each(|slot| slot.copy_to(copies)),
            Exemplars::Spread(spread) => spread.copy_to(copies),
        })
    }

    #[cfg(test)]
    pub(super) fn is_striped(&self) -> bool {
        self.extension.mine().is_some()
    }

    #[cfg(test)]
    pub(super) fn first(&self) -> &Stripe {
        &self.first
    }

    #[cfg(test)]
    pub(super) fn striped(&self) -> &Stripe {
        self.grow();
        self.extension.mine().unwrap()
    }
}

impl Exemplars {
    fn new(layout: &Layout) -> Self {
        match layout.native() {
            Some(_) => Self::Spread(Spread::default()),
            None => {
                let slots: Vec<Slot> = (0..=layout.bounds().len()).map(|_| Slot::default()).collect();
                Self::Buckets(slots.into())
            }
        }
    }
}
