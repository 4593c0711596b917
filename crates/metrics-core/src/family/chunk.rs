use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::store::Series;

/// Some hundreds of series in the order of their creation, and their rendered labels in one text, so
/// that a scrape reads memory from front to back.
///
/// Invariant: `ends[i]` is where the labels of `series[i]` end in `text`, and where the next begin.
pub(super) struct Chunk<M> {
    series: Vec<Arc<Series<M>>>,
    ends: Vec<usize>,
    text: String,
}

impl<M> Chunk<M> {
    /// So small that copying a chunk under a scrape is cheap, so large that the list of chunks is
    /// short.
    pub(super) const SIZE: usize = 512;

    pub(super) fn of(series: Arc<Series<M>>, labels: &str) -> Self {
        let mut chunk = Self { series: Vec::new(), ends: Vec::new(), text: String::new() };
        chunk.push(series, labels);
        chunk
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= Self::SIZE
    }

    pub(super) fn series(&self) -> impl Iterator<Item = &Arc<Series<M>>> {
        self.series.iter()
    }

    pub(super) fn for_each(&self, mut f: impl FnMut(&Series<M>, &str)) {
        let mut start = 0;
        for (series, end) in self.series.iter().zip(&self.ends) {
            f(series, &self.text[start..*end]);
            start = *end;
        }
    }

    /// The number of the first series.
    pub(super) fn first(&self) -> u64 {
        self.series.first().map_or(0, |series| series.number())
    }

    /// The number of the last series.
    pub(super) fn last(&self) -> u64 {
        self.series.last().map_or(0, |series| series.number())
    }

    /// Where the series with this number is.
    pub(super) fn place(&self, number: u64) -> Option<usize> {
        self.series.binary_search_by_key(&number, |series| series.number()).ok()
    }

    pub(super) fn push(&mut self, series: Arc<Series<M>>, labels: &str) {
        self.text.push_str(labels);
        self.series.push(series);
        self.ends.push(self.text.len());
        if self.is_full() {
            // It only shrinks from here on.
            self.text.shrink_to_fit();
        }
    }

    pub(super) fn remove(&mut self, place: usize) {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        let end = self.ends.remove(place);
        self.series.remove(place);
        self.text.replace_range(start..end, "");
        for later in &mut self.ends[place..] {
            *later -= end - start;
        }
    }

    /// The same without the series that `is_doomed` gives something for.
    pub(super) fn without<T>(&self, mut is_doomed: impl FnMut(&Series<M>) -> Option<T>) -> Self {
        let mut kept = Self { series: Vec::new(), ends: Vec::new(), text: String::new() };
        let mut start = 0;
        for (series, end) in self.series.iter().zip(&self.ends) {
            if is_doomed(series).is_none() {
                kept.push(Arc::clone(series), &self.text[start..*end]);
            }
            start = *end;
        }
        kept
    }
}

impl<M> Clone for Chunk<M> {
    fn clone(&self) -> Self {
        Self { series: self.series.clone(), ends: self.ends.clone(), text: self.text.clone() }
    }
}
