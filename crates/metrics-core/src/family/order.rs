use alloc::sync::Arc;
use alloc::vec::Vec;

use super::block::{Block, SIZE};
use super::chunk::Chunk;
use super::directory::Directory;
use super::store::Series;

/// The series of a family in the order of their creation.
pub(super) struct Order<M> {
    chunks: Chunks<M>,
    len: usize,
    /// The block that the next series goes into, which is the last of all, and its first free place.
    open: Option<(Arc<Block<M>>, usize)>,
    next_number: u64,
    next_ordinal: u32,
    /// Those below the next one that are free again.
    free_ordinals: Vec<u32>,
}

/// No chunk is empty; the numbers of blocks ascend within a chunk and from chunk to chunk.
pub(super) type Chunks<M> = Arc<Vec<Arc<Chunk<M>>>>;

impl<M> Order<M> {
    pub(super) fn new() -> Self {
        Self {
            chunks: Arc::default(),
            len: 0,
            open: None,
            next_number: 0,
            next_ordinal: 0,
            free_ordinals: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn snapshot(&self) -> Chunks<M> {
        Arc::clone(&self.chunks)
    }

    pub(super) fn for_each(&self, mut f: impl FnMut(&Arc<Block<M>>, usize, &str)) {
        self.chunks.iter().for_each(|chunk| chunk.for_each(&mut f));
    }

    /// Every number that a block has had in the directory.
    pub(super) fn ordinals(&self) -> impl Iterator<Item = u32> + use<M> {
        0..self.next_ordinal
    }

    /// Adds a series at the end.
    pub(super) fn push(&mut self, directory: &Directory<M>, labels: &str, make: impl Fn() -> M) -> Series<M> {
        let (block, place) = match self.open.take() {
            Some(open) => open,
            None => (self.new_block(directory, make), 0),
        };
        if block.push(place, labels) {
            self.open = Some((Arc::clone(&block), place + 1));
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        if !chunks.last().is_some_and(|last| last.has_room(&block)) {
            chunks.push(Arc::new(Chunk::new()));
        }
        if let Some(last) = chunks.last_mut() {
            Arc::make_mut(last).push(&block, place);
        }
        self.len += 1;
        Series { block, place }
    }

    /// Removes a series that is there.
    pub(super) fn remove(&mut self, directory: &Directory<M>, series: &Series<M>) {
        let number = series.block.number();
        // The first chunk begins at or before every number that is there.
        let at = self.chunks.partition_point(|chunk| chunk.first() <= number).saturating_sub(1);
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[at]);
        let was_last = chunk.remove(number, series.place);
        if chunk.is_empty() {
            chunks.remove(at);
        }
        self.len -= 1;
        let is_open = self.open.as_ref().is_some_and(|(open, _)| Arc::ptr_eq(open, &series.block));
        if was_last && !is_open {
            directory.set(series.block.ordinal(), None);
            self.free_ordinals.push(series.block.ordinal());
        }
    }

    fn new_block(&mut self, directory: &Directory<M>, make: impl Fn() -> M) -> Arc<Block<M>> {
        let ordinal = self.free_ordinals.pop().unwrap_or_else(|| {
            self.next_ordinal += 1;
            self.next_ordinal - 1
        });
        assert!(ordinal < u32::MAX / SIZE as u32, "a family has less than 2^32 series");
        let block = Arc::new(Block::new(self.next_number, ordinal, make));
        self.next_number += 1;
        directory.set(ordinal, Some(Arc::clone(&block)));
        block
    }
}
