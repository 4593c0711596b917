use super::{Counter, sealed};

/// What a [`Counter`] can count in: `u64` and `f64`.
///
/// ```
/// use metrics_core::{Counter, CounterValue};
///
/// fn fresh<V: CounterValue>() -> Counter<V> {
///     Counter::new()
/// }
/// assert_eq!(fresh::<u64>().get(), 0);
/// assert_eq!(fresh::<f64>().get(), 0.0);
/// ```
pub trait CounterValue: sealed::Sealed + 'static {
    #[doc(hidden)]
    type Cell: Send + Sync;

    #[doc(hidden)]
    const ZERO: Self::Cell;
}

impl<V: CounterValue> Counter<V> {
    /// A counter at 0.
    pub const fn new() -> Self {
        Self { cell: V::ZERO }
    }
}

impl<V: CounterValue> Default for Counter<V> {
    fn default() -> Self {
        Self::new()
    }
}
