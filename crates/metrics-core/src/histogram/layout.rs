//! Finding a value's bucket: a table on the float's top bits, then a short search.
//!
//! The bits of positive floats order as the floats do, so their top bits (exponent and a few of the
//! mantissa) cut the range of the bounds into cells. For each cell the table knows the bucket of its
//! lowest value; a value's bucket is that one or, if bounds lie inside the cell, one of the next few.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Bounds and their search table, shared by all histograms of a family.
#[derive(Debug)]
pub(crate) struct Layout {
    bounds: Box<[f64]>,
    /// The first bound above zero; only values above it are looked up in the table.
    low: f64,
    /// How many low bits of a float do not matter for its cell.
    shift: u32,
    /// The cell of `low`.
    first: u64,
    /// Bucket of the lowest value of each cell, and one more entry as the end of the last cell.
    cells: Box<[u16]>,
}

/// How many bits of the mantissa tell cells apart: as few as leave no cell with more than one bound.
/// Three make eight cells for each power of two, which is enough for bounds that grow by a quarter.
const MANTISSA_BITS: core::ops::RangeInclusive<u32> = 3..=7;
/// Two bytes each, so that the table stays small beside the buckets.
const MAX_CELLS: u64 = 1024;

impl Layout {
    /// `bounds` are finite and ascending.
    pub(crate) fn new(bounds: Box<[f64]>) -> Self {
        let above_zero = bounds.partition_point(|bound| *bound <= 0.0);
        let usable = above_zero < bounds.len() && bounds.len() < usize::from(u16::MAX);
        if !usable {
            return Self { bounds, low: f64::INFINITY, shift: 0, first: 0, cells: Box::new([]) };
        }
        let (low, high) = (bounds[above_zero], bounds[bounds.len() - 1]);
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
        let bucket = |v: f64| bounds.partition_point(|bound| *bound < v) as u16;
        let mut cells: Vec<u16> = (first..=last).map(|cell| bucket(f64::from_bits(cell << shift))).collect();
        cells.push(bounds.len() as u16);
        Self { bounds, low, shift, first, cells: cells.into() }
    }

    pub(crate) fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// The index of the first bound that is not below `v`; the number of bounds if there is none, and
    /// for NaN, which is above nothing and so belongs to `+Inf` alone.
    #[inline]
    pub(crate) fn bucket(&self, v: f64) -> usize {
        // False for NaN.
        if v > self.low {
            let cell = ((v.to_bits() >> self.shift) - self.first) as usize;
            let Some([start, end]) = self.cells.get(cell..cell + 2) else { return self.bounds.len() };
            let (mut bucket, end) = (usize::from(*start), usize::from(*end));
            if end - bucket > 4 {
                return bucket + self.bounds[bucket..end].partition_point(|bound| *bound < v);
            }
            while bucket < end && self.bounds[bucket] < v {
                bucket += 1;
            }
            bucket
        } else {
            self.bucket_by_search(v)
        }
    }

    fn bucket_by_search(&self, v: f64) -> usize {
        self.bounds.partition_point(|bound| *bound < v || v.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn check(bounds: Vec<f64>) {
        let layout = Layout::new(bounds.clone().into());
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
            let layout = Layout::new(bounds.into());
            layout.cells.windows(2).map(|pair| pair[1] - pair[0]).max()
        };
        // A bound at the border of two cells counts for the one before.
        assert!(crowd(crate::Histogram::DEFAULT_BUCKETS.to_vec()) <= Some(1));
        assert!(crowd((0..100).map(|i| 0.001 * 1.1f64.powi(i)).collect()) <= Some(1));
        assert!(crowd((0..30).map(|i| 0.001 * 1.5f64.powi(i)).collect()) <= Some(1));
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
