//! Finding a value's bucket: a table on the float's top bits, then one comparison.
//!
//! The bits of positive floats order as the floats do, so their top bits (exponent and a few of the
//! mantissa) cut the range of the bounds into cells. Each cell of the table knows the bucket of its
//! lowest value and the first bound that lies in it, beside each other in memory; so a value is
//! compared once, and only where several bounds crowd in one cell the others are searched.

use alloc::boxed::Box;

use super::native::Native;
use super::native_words::NativeLayout;

/// Bounds and their search table, shared by all histograms of a family.
#[derive(Debug)]
pub(crate) struct Layout {
    /// How many low bits of a float do not matter for its cell.
    shift: u32,
    /// The cell of the first bound above zero.
    first: u64,
    cells: Box<[Cell]>,
    /// The last bound.
    high: f64,
    /// The bucket of the least value above zero.
    above_zero: usize,
    bounds: Box<[f64]>,
    native: Option<NativeLayout>,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    /// The first bound in the cell; infinite if there is none.
    bound: f64,
    /// The bucket of what is not above `bound`.
    bucket: u32,
    /// How many bounds lie in the cell after the first: usually none, and otherwise they are searched.
    crowd: u32,
}

/// How many bits of the mantissa tell cells apart: as few as leave no cell with more than one bound.
/// Three make eight cells for each power of two, which is enough for bounds that grow by a quarter.
const MANTISSA_BITS: core::ops::RangeInclusive<u32> = 3..=7;
/// Sixteen bytes each, so that the table stays in the fastest cache.
const MAX_CELLS: u64 = 1024;

impl Layout {
    /// `bounds` are finite and ascending.
    pub(crate) fn new(bounds: Box<[f64]>, native: Option<Native>) -> Self {
        let native = native.map(|options| NativeLayout::new(options, bounds.len() + 1));
        let above_zero = bounds.partition_point(|bound| *bound <= 0.0);
        let high = bounds.last().copied().unwrap_or(f64::NEG_INFINITY);
        if above_zero == bounds.len() {
            return Self { shift: 0, first: 0, cells: Box::new([]), high, above_zero, bounds, native };
        }
        let low = bounds[above_zero];
        let cell = |bound: f64, shift: u32| bound.to_bits() >> shift;
        let fits = |shift: u32| cell(high, shift) - cell(low, shift) < MAX_CELLS;
        let is_sparse =
            |shift| bounds[above_zero..].windows(2).all(|pair| cell(pair[0], shift) < cell(pair[1], shift));
        // From few cells to many: the first without a crowd, else the most that fit.
        let of_bits = |bits: u32| f64::MANTISSA_DIGITS - 1 - bits;
        let mut shift = of_bits(*MANTISSA_BITS.start());
        for finer in MANTISSA_BITS.map(of_bits) {
            if fits(finer) && !is_sparse(shift) {
                shift = finer;
            }
        }
        while !fits(shift) {
            shift += 1;
        }
        let (first, last) = (cell(low, shift), cell(high, shift));
        let cells = (first..=last).map(|cell| {
            let lowest = f64::from_bits(cell << shift);
            let highest = f64::from_bits((cell << shift) | ((1 << shift) - 1));
            // The last cell may be so wide that it holds the infinity and NaNs, which need a search.
            let needs_search = highest.is_nan();
            let highest = highest.min(f64::INFINITY);
            let [bucket, end] = [lowest, highest].map(|v| bounds.partition_point(|bound| *bound < v));
            let bound = if bucket == end { f64::INFINITY } else { bounds[bucket] };
            Cell {
                bound,
                bucket: bucket as u32,
                crowd: (end - bucket).saturating_sub(1).max(usize::from(needs_search)) as u32,
            }
        });
        let cells = cells.collect();
        Self { shift, first, cells, high, above_zero, bounds, native }
    }

    pub(crate) fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// How many words a stripe needs.
    pub(crate) fn words(&self) -> usize {
        self.bounds.len() + 1 + self.native.as_ref().map_or(0, NativeLayout::words)
    }

    /// Native buckets beside the classic ones.
    #[inline]
    pub(super) fn native(&self) -> Option<&NativeLayout> {
        self.native.as_ref()
    }

    /// The index of the first bound that is not below `v`; the number of bounds if there is none, and
    /// for NaN, which is above nothing and so belongs to `+Inf` alone.
    #[inline]
    pub(crate) fn bucket(&self, v: f64) -> usize {
        // What is below the first cell, or negative, wraps around and is past the last one.
        let cell = (v.to_bits() >> self.shift).wrapping_sub(self.first) as usize;
        let Some(cell) = self.cells.get(cell) else { return self.outside(v) };
        if cell.crowd > 0 {
            return self.in_crowd(cell, v);
        }
        cell.bucket as usize + usize::from(v > cell.bound)
    }

    /// The bucket of a value that is in no cell.
    #[inline]
    fn outside(&self, v: f64) -> usize {
        if v > self.high || v.is_nan() {
            self.bounds.len()
        } else if v > 0.0 {
            self.above_zero
        } else {
            self.below_zero(v)
        }
    }

    #[cold]
    fn below_zero(&self, v: f64) -> usize {
        self.bounds.partition_point(|bound| *bound < v)
    }

    #[cold]
    fn in_crowd(&self, cell: &Cell, v: f64) -> usize {
        let bucket = cell.bucket as usize;
        let end = self.bounds.len().min(bucket + 1 + cell.crowd as usize);
        bucket + self.bounds[bucket..end].partition_point(|bound| *bound < v || v.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn check(bounds: Vec<f64>) {
        let layout = Layout::new(bounds.clone().into(), None);
        let truth = |v: f64| bounds.iter().position(|bound| v <= *bound).unwrap_or(bounds.len());
        let mut values =
            vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 5e-324];
        for bound in bounds.iter().step_by(bounds.len() / 500 + 1) {
            let beside = [bound.to_bits().wrapping_sub(1), bound.to_bits() + 1].map(f64::from_bits);
            values.extend([*bound, beside[0], beside[1], bound * 1.03, bound * 0.97, -bound]);
        }
        let mut bits = 1u64;
        for _ in 0..500 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            values.push(f64::from_bits(bits));
            let (low, high) = (bounds[0], bounds[bounds.len() - 1]);
            values.push(low + (high - low) * ((bits >> 11) as f64 / (1u64 << 53) as f64));
        }
        for v in values {
            assert_eq!(layout.bucket(v), truth(v), "{v:e} in {bounds:?}");
        }
    }

    #[test]
    fn usual_bounds_have_a_cell_of_their_own() {
        let crowd = |bounds: Vec<f64>| {
            let layout = Layout::new(bounds.into(), None);
            layout.cells.iter().map(|cell| cell.crowd).max()
        };
        // A bound at the border of two cells counts for the one before.
        assert!(crowd(crate::Histogram::DEFAULT_BUCKETS.to_vec()) == Some(0));
        assert!(crowd((0..100).map(|i| 0.001 * 1.1f64.powi(i)).collect()) == Some(0));
        assert!(crowd((0..30).map(|i| 0.001 * 1.5f64.powi(i)).collect()) == Some(0));
    }

    #[test]
    fn the_table_agrees_with_a_linear_search() {
        check(crate::Histogram::DEFAULT_BUCKETS.to_vec());
        check(vec![1.0]);
        check(vec![0.0]);
        check(vec![-1.0]);
        check(vec![-2.0, -1.0, 0.0, 1.0, 2.0]);
        check(vec![5e-324, 1e-310, 1.0, f64::MAX]);
        check((0..100).map(f64::from).collect());
        check((0..500).map(|i| 1000.0 + f64::from(i) * 1e-6).collect());
        check((0..300).map(|i| 1e-150 * 10f64.powi(i)).collect());
        check((0..100).map(|i| 0.001 * 1.1f64.powi(i)).collect());
        check((0..70_000).map(f64::from).collect());
    }
}
