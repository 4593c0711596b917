use alloc::boxed::Box;
use alloc::sync::Arc;
use std::sync::PoisonError;

use super::block::Block;
use crate::sync::{Mutex, OnceLock};

/// The blocks of a family by a number of four bytes, which is what the index keeps.
///
/// Each has a lock of its own, held for the copy of one pointer, so lookups of different blocks do not
/// meet. Pages are made once and never move.
pub(super) struct Directory<M> {
    pages: [OnceLock<Box<[Slot<M>]>>; PAGES],
}

type Slot<M> = Mutex<Option<Arc<Block<M>>>>;

/// Each page has four times as many slots as the one before.
const PAGES: usize = 12;
const FIRST: usize = 64;

impl<M> Directory<M> {
    pub(super) fn new() -> Self {
        Self { pages: [const { OnceLock::new() }; PAGES] }
    }

    pub(super) fn get(&self, ordinal: u32) -> Option<Arc<Block<M>>> {
        let (page, at) = place(ordinal);
        let slot = self.pages[page].get()?.get(at)?;
        slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a block, or none, where `get` finds it.
    pub(super) fn set(&self, ordinal: u32, block: Option<Arc<Block<M>>>) {
        let (page, at) = place(ordinal);
        let slots =
            self.pages[page].get_or_init(|| (0..FIRST << (2 * page)).map(|_| Mutex::new(None)).collect());
        let before =
            core::mem::replace(&mut *slots[at].lock().unwrap_or_else(PoisonError::into_inner), block);
        drop(before);
    }
}

/// The page, and the slot in it.
#[inline]
fn place(ordinal: u32) -> (usize, usize) {
    let ordinal = ordinal as usize;
    // Before page p there are FIRST * (4^p - 1) / 3 slots.
    let page = ((ordinal / FIRST * 3 + 1).ilog2() / 2) as usize;
    (page, ordinal - FIRST * ((1 << (2 * page)) - 1) / 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for ordinal in 0..200_000 {
            assert_eq!(place(ordinal), expected);
            expected.1 += 1;
            if expected.1 == FIRST << (2 * expected.0) {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(place(u32::MAX / super::super::block::SIZE as u32).0 < PAGES);
    }
}
