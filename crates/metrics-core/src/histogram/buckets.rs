use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::layout::Layout;
use super::native::{InvalidNative, Native};
use super::native_words::NativeLayout;

/// The upper bounds of a histogram's buckets: finite and ascending; `+Inf` is implied.
///
/// A value belongs to the first bucket whose bound is not below it. Copies share one allocation.
///
/// ```
/// use metrics_core::Buckets;
///
/// assert_eq!(Buckets::linear(10.0, 5.0, 3)?.bounds(), [10.0, 15.0, 20.0]);
/// assert_eq!(Buckets::exponential(1.0, 10.0, 4)?.bounds(), [1.0, 10.0, 100.0, 1000.0]);
/// assert!(Buckets::try_new([2.0, 1.0]).is_err());
/// # Ok::<(), metrics_core::InvalidBuckets>(())
/// ```
#[derive(Clone)]
pub struct Buckets {
    source: Source,
}

#[derive(Clone)]
enum Source {
    /// Of a constant; the search table is made when the first histogram needs it.
    Static {
        bounds: &'static [f64],
        native: Option<Native>,
    },
    Shared(Arc<Layout>),
}

impl Buckets {
    /// Buckets with these upper bounds.
    ///
    /// # Errors
    ///
    /// If there are none, or one is NaN or infinite, or they do not ascend.
    pub fn try_new(bounds: impl Into<Vec<f64>>) -> Result<Self, InvalidBuckets> {
        let bounds = bounds.into();
        check(&bounds)?;
        Ok(Self { source: Source::Shared(Arc::new(Layout::new(bounds.into(), None))) })
    }

    /// `n` buckets, the first up to `start`, each of the others `width` wide.
    ///
    /// # Errors
    ///
    /// If the bounds that result would be refused by [`try_new`](Self::try_new): with `n` 0, a `width`
    /// that is not above 0 or too small to tell two bounds apart, or an overflow.
    pub fn linear(start: f64, width: f64, n: usize) -> Result<Self, InvalidBuckets> {
        Self::try_new((0..n).map(|i| start + width * i as f64).collect::<Vec<_>>())
    }

    /// `n` buckets, the first up to `start`, each bound `factor` times the one before.
    ///
    /// # Errors
    ///
    /// If the bounds that result would be refused by [`try_new`](Self::try_new): with `n` 0, a
    /// `start` that is not above 0, a `factor` that is not above 1, or an overflow.
    pub fn exponential(start: f64, factor: f64, n: usize) -> Result<Self, InvalidBuckets> {
        let bounds = core::iter::successors(Some(start), |bound| Some(bound * factor));
        Self::try_new(bounds.take(n).collect::<Vec<_>>())
    }

    /// Native buckets alone, which need no bounds.
    ///
    /// # Errors
    ///
    /// If a number of `native` is out of its range.
    pub fn native(native: Native) -> Result<Self, InvalidNative> {
        Ok(Self { source: Source::Shared(Arc::new(Layout::new(Box::new([]), Some(native.check()?)))) })
    }

    /// The same bounds with native buckets beside them: each observation is counted in both.
    ///
    /// # Errors
    ///
    /// If a number of `native` is out of its range.
    ///
    /// ```
    /// use metrics_core::{Buckets, Histogram, Native};
    ///
    /// let buckets = Buckets::try_new([0.1, 1.0])?.with_native(Native::with_factor(1.1))?;
    /// let seconds = Histogram::with_buckets(buckets);
    /// seconds.observe(0.25);
    /// let snapshot = seconds.snapshot();
    /// assert_eq!(snapshot.buckets().nth(1), Some((1.0, 1)));
    /// assert_eq!(snapshot.native().unwrap().positive().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_native(self, native: Native) -> Result<Self, InvalidNative> {
        let native = Some(native.check()?);
        Ok(Self { source: Source::Shared(Arc::new(Layout::new(self.bounds().into(), native))) })
    }

    /// The upper bounds, ascending, without `+Inf`; none if there are native buckets only.
    pub fn bounds(&self) -> &[f64] {
        match &self.source {
            Source::Static { bounds, .. } => bounds,
            Source::Shared(layout) => layout.bounds(),
        }
    }

    #[cfg(feature = "labels")]
    pub(crate) const fn from_static(bounds: &'static [f64]) -> Self {
        Self::constant(bounds_checked(bounds), None)
    }

    pub(super) const fn constant(bounds: &'static [f64], native: Option<Native>) -> Self {
        Self { source: Source::Static { bounds, native } }
    }

    /// # Panics
    ///
    /// If a number of `native` is out of its range.
    #[cfg(feature = "labels")]
    pub(crate) const fn constant_native(native: Native) -> Self {
        Self::constant(&[], Some(native.checked()))
    }

    /// # Panics
    ///
    /// If a number of `native` is out of its range, or the buckets are not those of a constant.
    pub(crate) const fn set_native(&mut self, new: Native) {
        match &mut self.source {
            Source::Static { native, .. } => *native = Some(new.checked()),
            Source::Shared(_) => panic!("give buckets that are made at run time their native ones before"),
        }
    }

    pub(super) const fn of(layout: Arc<Layout>) -> Self {
        Self { source: Source::Shared(layout) }
    }

    pub(super) fn layout(&self) -> Arc<Layout> {
        match &self.source {
            Source::Static { bounds, native } => Arc::new(Layout::new((*bounds).into(), *native)),
            Source::Shared(layout) => Arc::clone(layout),
        }
    }

    pub(crate) fn shared(&self) -> Self {
        Self::of(self.layout())
    }

    fn native_options(&self) -> Option<&Native> {
        match &self.source {
            Source::Static { native, .. } => native.as_ref(),
            Source::Shared(layout) => layout.native().map(NativeLayout::options),
        }
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("Buckets");
        shown.field(&self.bounds());
        if let Some(native) = self.native_options() {
            shown.field(native);
        }
        shown.finish()
    }
}

impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        self.bounds() == other.bounds() && self.native_options() == other.native_options()
    }
}

/// # Panics
///
/// If the bounds are refused; in a constant, that is a compile error.
pub(super) const fn bounds_checked(bounds: &'static [f64]) -> &'static [f64] {
    if let Err(error) = check(bounds) {
        panic!("{}", error.reason.explain());
    }
    bounds
}

const fn check(bounds: &[f64]) -> Result<(), InvalidBuckets> {
    if bounds.is_empty() {
        return Err(InvalidBuckets { index: 0, bound: f64::NAN, reason: InvalidBucketsReason::Empty });
    }
    let mut i = 0;
    while i < bounds.len() {
        let bound = bounds[i];
        if !bound.is_finite() {
            return Err(InvalidBuckets { index: i, bound, reason: InvalidBucketsReason::NotFinite });
        }
        if i > 0 && bounds[i - 1] >= bound {
            return Err(InvalidBuckets { index: i, bound, reason: InvalidBucketsReason::NotAscending });
        }
        i += 1;
    }
    Ok(())
}

/// The bounds of a histogram were refused; says which one and why.
///
/// ```
/// use metrics_core::{Buckets, InvalidBucketsReason};
///
/// let error = Buckets::try_new([1.0, f64::INFINITY]).unwrap_err();
/// assert_eq!((error.index(), error.reason()), (1, InvalidBucketsReason::NotFinite));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InvalidBuckets {
    index: usize,
    bound: f64,
    reason: InvalidBucketsReason,
}

impl InvalidBuckets {
    /// The index of the bound that was refused; 0 for an empty list.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The rule that was broken.
    pub const fn reason(&self) -> InvalidBucketsReason {
        self.reason
    }
}

impl fmt::Display for InvalidBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason == InvalidBucketsReason::Empty {
            return f.write_str(self.reason.explain());
        }
        write!(f, "histogram bound {} at index {}: {}", self.bound, self.index, self.reason.explain())
    }
}

impl core::error::Error for InvalidBuckets {}

/// Why the bounds of a histogram were refused.
///
/// ```
/// use metrics_core::{Buckets, InvalidBucketsReason};
///
/// let reason = |bounds: &[f64]| Buckets::try_new(bounds).unwrap_err().reason();
/// assert_eq!(reason(&[]), InvalidBucketsReason::Empty);
/// assert_eq!(reason(&[1.0, 1.0]), InvalidBucketsReason::NotAscending);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidBucketsReason {
    /// There are none.
    Empty,
    /// A bound is NaN or infinite.
    NotFinite,
    /// A bound is not above the one before it.
    NotAscending,
}

impl InvalidBucketsReason {
    const fn explain(self) -> &'static str {
        match self {
            Self::Empty => {
                "a histogram needs at least one bucket bound: for count and sum alone, use a summary"
            }
            Self::NotFinite => "bucket bounds must be finite: leave out +Inf, which is always there, and NaN",
            Self::NotAscending => "bucket bounds must ascend: sort them and drop the duplicates",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use InvalidBucketsReason::*;

    #[test]
    fn bounds_are_counted_from_the_start() {
        assert_eq!(Buckets::linear(1.0, 2.0, 3).unwrap().bounds(), [1.0, 3.0, 5.0]);
        assert_eq!(Buckets::exponential(1.0, 3.0, 3).unwrap().bounds(), [1.0, 3.0, 9.0]);
    }

    #[test]
    fn buckets_are_equal_if_their_bounds_and_native_ones_are() {
        let classic = |bound| Buckets::try_new([bound]).unwrap();
        let native = |schema| classic(1.0).with_native(Native::with_schema(schema)).unwrap();
        assert!(classic(1.0) == classic(1.0) && native(3) == native(3));
        assert!(classic(1.0) != classic(2.0) && classic(1.0) != native(3) && native(3) != native(4));
        let fixed = Buckets::from_static(&[1.0]);
        assert!(fixed == classic(1.0) && fixed != native(3));
    }

    #[test]
    fn what_is_refused_is_told_with_its_place() {
        let told = |bounds: &[f64]| alloc::format!("{}", Buckets::try_new(bounds.to_vec()).unwrap_err());
        assert_eq!(
            told(&[1.0, 1.0]),
            "histogram bound 1 at index 1: bucket bounds must ascend: sort them and drop the duplicates"
        );
        assert!(
            told(&[f64::NAN]).starts_with("histogram bound NaN at index 0: bucket bounds must be finite")
        );
        assert!(told(&[]).starts_with("a histogram needs at least one bucket bound"));
    }

    #[test]
    fn bad_bounds_are_refused_with_the_place_and_the_reason() {
        for (bounds, index, reason) in [
            (&[][..], 0, Empty),
            (&[f64::NAN], 0, NotFinite),
            (&[1.0, f64::INFINITY], 1, NotFinite),
            (&[f64::NEG_INFINITY, 1.0], 0, NotFinite),
            (&[1.0, 1.0], 1, NotAscending),
            (&[0.0, -0.0], 1, NotAscending),
            (&[1.0, 3.0, 2.0], 2, NotAscending),
        ] {
            let error = Buckets::try_new(bounds).unwrap_err();
            assert_eq!((error.index(), error.reason()), (index, reason), "{bounds:?}");
        }
        for bad in [
            Buckets::linear(0.0, 0.0, 3),
            Buckets::linear(0.0, -1.0, 3),
            Buckets::linear(0.0, 1.0, 0),
            Buckets::linear(1e300, 1.0, 2),
            Buckets::exponential(0.0, 2.0, 2),
            Buckets::exponential(1.0, 1.0, 2),
            Buckets::exponential(1.0, 10.0, 400),
            Buckets::exponential(-1.0, 2.0, 2),
        ] {
            assert!(bad.is_err());
        }
    }
}
