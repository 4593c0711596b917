use core::fmt;
use core::time::Duration;

use crate::NativeHistogram;
use crate::native::bounds::growth;

/// How a histogram keeps native buckets: how fine they are, how many there may be, and what to do when
/// there would be more.
///
/// Native buckets need no bounds to be chosen: each is wider than the one before by a factor, and only
/// those that hold something cost anything on the page. They are kept beside classic buckets or alone.
///
/// ```
/// use metrics_core::{Histogram, Native};
///
/// static SECONDS: Histogram = Histogram::native(Native::with_factor(1.1));
/// SECONDS.observe(0.25);
/// assert_eq!(SECONDS.snapshot().count(), 1);
/// ```
///
/// When an observation needs more than [`max_buckets`](Self::max_buckets), the histogram gives up
/// precision, in this order: if it has not been set back for as long as
/// [`reset_after`](Self::reset_after) says, it begins anew; if the zero bucket may be widened
/// ([`widen_zero_up_to`](Self::widen_zero_up_to)) so far that it takes in the bucket nearest to zero, it
/// is; otherwise neighbouring buckets are merged until there are few enough. At the lowest resolution,
/// the zero bucket is widened in any case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Native {
    zero_threshold: f64,
    widen_zero_up_to: f64,
    reset_after_millis: u32,
    max_buckets: u16,
    /// One that does not exist if the factor was none.
    schema: i8,
}

impl Native {
    /// A factor of 1.1 at most: [`with_factor(1.1)`](Self::with_factor).
    pub const DEFAULT: Self = Self::with_factor(1.1);

    /// The most that [`max_buckets`](Self::max_buckets) can be.
    pub const MOST_BUCKETS: u16 = 10_000;

    /// As few buckets as make each bound at most `factor` times the one before. `factor` must be above
    /// 1: 1.1 is precise, 2 is coarse.
    pub const fn with_factor(factor: f64) -> Self {
        let mut schema = *NativeHistogram::SCHEMAS.start();
        if factor.is_nan() || factor <= 1.0 {
            schema = NO_SCHEMA;
        }
        while schema < *NativeHistogram::SCHEMAS.end() && growth(schema) > factor {
            schema += 1;
        }
        Self::with_schema(schema)
    }

    /// Each power of two cut into 2^`schema` buckets; `schema` must be in −4..=8.
    pub const fn with_schema(schema: i8) -> Self {
        Self {
            zero_threshold: DEFAULT_ZERO_THRESHOLD,
            widen_zero_up_to: 0.0,
            reset_after_millis: 0,
            max_buckets: DEFAULT_MAX_BUCKETS,
            schema,
        }
    }

    /// The same with at most `n` buckets beside that of zero, 1 to 10,000; 160 unless it is told.
    #[must_use]
    pub const fn max_buckets(mut self, n: u16) -> Self {
        self.max_buckets = n;
        self
    }

    /// The same with what is at most `threshold` from zero in the zero bucket; 2^−128 unless it is told.
    #[must_use]
    pub const fn zero_threshold(mut self, threshold: f64) -> Self {
        self.zero_threshold = threshold;
        self
    }

    /// The same with a zero bucket that may be widened up to `threshold` when there are too many
    /// buckets: for values near zero that need not be told apart.
    #[must_use]
    pub const fn widen_zero_up_to(mut self, threshold: f64) -> Self {
        self.widen_zero_up_to = threshold;
        self
    }

    /// The same with a histogram that begins anew when there are too many buckets and it began at least
    /// this long ago. If it began later, it gives up precision, and begins anew as soon as it may. In
    /// whole milliseconds, up to 49 days; zero, as when it is not told, is never.
    ///
    /// While it waits, each observation reads the clock.
    #[must_use]
    pub const fn reset_after(mut self, time: Duration) -> Self {
        let millis = time.as_millis();
        self.reset_after_millis = if millis > u32::MAX as u128 { u32::MAX } else { millis as u32 };
        self
    }

    pub(super) const fn schema(&self) -> i8 {
        self.schema
    }

    pub(super) const fn threshold(&self) -> f64 {
        self.zero_threshold
    }

    pub(super) const fn widest_zero(&self) -> f64 {
        self.widen_zero_up_to
    }

    pub(super) const fn most(&self) -> usize {
        self.max_buckets as usize
    }

    pub(super) const fn reset_millis(&self) -> u64 {
        self.reset_after_millis as u64
    }

    pub(super) const fn check(self) -> Result<Self, InvalidNative> {
        let reason = if self.schema == NO_SCHEMA {
            InvalidNativeReason::Factor
        } else if self.schema < *NativeHistogram::SCHEMAS.start()
            || self.schema > *NativeHistogram::SCHEMAS.end()
        {
            InvalidNativeReason::Schema
        } else if !is_threshold(self.zero_threshold) || !is_threshold(self.widen_zero_up_to) {
            InvalidNativeReason::ZeroThreshold
        } else if self.max_buckets == 0 || self.max_buckets > Self::MOST_BUCKETS {
            InvalidNativeReason::MaxBuckets
        } else {
            return Ok(self);
        };
        Err(InvalidNative { reason })
    }

    /// # Panics
    ///
    /// If a number is out of its range; in a constant, that is a compile error.
    pub(super) const fn checked(self) -> Self {
        match self.check() {
            Ok(native) => native,
            Err(error) => panic!("{}", error.reason.explain()),
        }
    }
}

const fn is_threshold(v: f64) -> bool {
    v >= 0.0 && v.is_finite()
}

const NO_SCHEMA: i8 = i8::MAX;
const DEFAULT_MAX_BUCKETS: u16 = 160;
/// 2^−128: that of the other clients.
const DEFAULT_ZERO_THRESHOLD: f64 = f64::from_bits((1023 - 128) << 52);

impl Default for Native {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The options of native buckets were refused.
///
/// ```
/// use metrics_core::{Buckets, InvalidNativeReason, Native};
///
/// let error = Buckets::native(Native::with_factor(1.0)).unwrap_err();
/// assert_eq!(error.reason(), InvalidNativeReason::Factor);
/// assert!(error.to_string().starts_with("the factor of native buckets must be above 1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNative {
    reason: InvalidNativeReason,
}

impl InvalidNative {
    /// The rule that was broken.
    pub const fn reason(&self) -> InvalidNativeReason {
        self.reason
    }
}

impl fmt::Display for InvalidNative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.explain())
    }
}

impl core::error::Error for InvalidNative {}

/// Why the options of native buckets were refused.
///
/// ```
/// use metrics_core::{Buckets, InvalidNativeReason, Native};
///
/// let reason = |native| Buckets::native(native).unwrap_err().reason();
/// assert_eq!(reason(Native::with_schema(9)), InvalidNativeReason::Schema);
/// assert_eq!(reason(Native::DEFAULT.max_buckets(0)), InvalidNativeReason::MaxBuckets);
/// assert_eq!(reason(Native::DEFAULT.zero_threshold(-1.0)), InvalidNativeReason::ZeroThreshold);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidNativeReason {
    /// The factor is not above 1.
    Factor,
    /// The schema is not in −4..=8.
    Schema,
    /// A threshold of the zero bucket is negative, NaN or infinite.
    ZeroThreshold,
    /// The number of buckets is 0 or above [`Native::MOST_BUCKETS`].
    MaxBuckets,
}

impl InvalidNativeReason {
    const fn explain(self) -> &'static str {
        match self {
            Self::Factor => "the factor of native buckets must be above 1: 1.1 is precise, 2 is coarse",
            Self::Schema => "the schema of native buckets must be in -4..=8: 3 is precise, 0 is coarse",
            Self::ZeroThreshold => "a threshold of the zero bucket must be finite and not negative",
            Self::MaxBuckets => "the number of native buckets must be in 1..=10000: 160 is usual",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_gives_the_coarsest_schema_that_is_fine_enough() {
        for (factor, schema) in [
            (1.0000001, 8),
            (1.002, 8),
            (1.1, 3),
            (1.2, 2),
            (1.5, 1),
            (2.0, 0),
            (3.9, 0),
            (4.0, -1),
            (17.0, -2),
            (255.0, -2),
            (256.0, -3),
            (65_536.0, -4),
            (1e300, -4),
        ] {
            assert_eq!(Native::with_factor(factor).schema(), schema, "{factor}");
        }
        for factor in [1.0, 0.5, -2.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(
                Native::with_factor(factor).check().unwrap_err().reason(),
                InvalidNativeReason::Factor
            );
        }
        assert_eq!(Native::with_factor(f64::INFINITY).schema(), -4);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for schema in [-5, 9, i8::MIN] {
            let error = Native::with_schema(schema).check().unwrap_err();
            assert_eq!(error.reason(), InvalidNativeReason::Schema);
        }
        for threshold in [-1.0, f64::NAN, f64::INFINITY] {
            for native in
                [Native::DEFAULT.zero_threshold(threshold), Native::DEFAULT.widen_zero_up_to(threshold)]
            {
                assert_eq!(native.check().unwrap_err().reason(), InvalidNativeReason::ZeroThreshold);
            }
        }
        for n in [0, Native::MOST_BUCKETS + 1] {
            let error = Native::DEFAULT.max_buckets(n).check().unwrap_err();
            assert_eq!(error.reason(), InvalidNativeReason::MaxBuckets);
        }
        assert_eq!(Native::DEFAULT.reset_after(Duration::MAX).reset_millis(), u64::from(u32::MAX));
        assert_eq!(DEFAULT_ZERO_THRESHOLD, 2f64.powi(-128));
    }
}
