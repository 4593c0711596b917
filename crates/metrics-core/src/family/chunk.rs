use alloc::sync::Arc;
use alloc::vec::Vec;

use super::block::Block;
#[cfg(test)]
use super::block::SIZE;

/// Some hundreds of series in the order of their creation: blocks, and which of their places are in
/// the family.
///
/// Invariant: no block stands here without a place, and their numbers ascend.
pub(super) struct Chunk<M> {
    blocks: Vec<(Arc<Block<M>>, Places)>,
}

/// A bit for each place of a block.
type Places = u16;

impl<M> Chunk<M> {
    /// So small that copying a chunk under a scrape is cheap, so large that the list of chunks is
    /// short.
    const BLOCKS: usize = 32;

    /// The most series of a chunk.
    #[cfg(test)]
    pub(super) const SIZE: usize = Self::BLOCKS * SIZE;

    pub(super) fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The number of the first block.
    pub(super) fn first(&self) -> u64 {
        self.blocks.first().map_or(0, |(block, _)| block.number())
    }

    /// Whether the place of this block, which is the last of all, can be added.
    pub(super) fn has_room(&self, block: &Arc<Block<M>>) -> bool {
        self.blocks.len() < Self::BLOCKS || self.is_last(block)
    }

    pub(super) fn push(&mut self, block: &Arc<Block<M>>, place: usize) {
        if !self.is_last(block) {
            self.blocks.push((Arc::clone(block), 0));
        }
        if let Some((_, places)) = self.blocks.last_mut() {
            *places |= 1 << place;
        }
    }

    /// Removes a series, and returns whether it was the last of its block.
    pub(super) fn remove(&mut self, number: u64, place: usize) -> bool {
        let Ok(at) = self.blocks.binary_search_by_key(&number, |(block, _)| block.number()) else {
            return false;
        };
        self.blocks[at].1 &= !(1 << place);
        let is_empty = self.blocks[at].1 == 0;
        if is_empty {
            self.blocks.remove(at);
        }
        is_empty
    }

    /// Each series, with its labels.
    pub(super) fn for_each(&self, mut f: impl FnMut(&Arc<Block<M>>, usize, &str)) {
        for (block, places) in &self.blocks {
            let text = block.text();
            // Once, not for each series.
            let text = &*text;
            let mut places = *places;
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                places &= places - 1;
                f(block, place, block.labels(text, place));
            }
        }
    }

    fn is_last(&self, block: &Arc<Block<M>>) -> bool {
        self.blocks.last().is_some_and(|(last, _)| Arc::ptr_eq(last, block))
    }
}

impl<M> Clone for Chunk<M> {
    fn clone(&self) -> Self {
        Self { blocks: self.blocks.clone() }
    }
}
