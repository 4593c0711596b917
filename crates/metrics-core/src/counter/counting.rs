use super::{Counter, CounterValue};

impl<V: CounterValue> Counter<V>
where
    Self: Count,
{
    /// Counts `result` if it is an error, and hands it on.
    ///
    /// # Errors
    ///
    /// The error that it was given.
    ///
    /// ```
    /// use metrics_core::Counter;
    ///
    /// static FAILURES: Counter = Counter::new();
    /// let parsed = FAILURES.count_err("seven".parse::<u32>());
    /// assert!(parsed.is_err());
    /// assert_eq!(FAILURES.get(), 1);
    /// ```
    pub fn count_err<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.count();
        }
        result
    }

    /// Counts `result` if it is an error that `is_counted` says yes to, and hands it on.
    ///
    /// # Errors
    ///
    /// The error that it was given.
    ///
    /// ```
    /// use metrics_core::Counter;
    /// use std::num::IntErrorKind;
    ///
    /// static TOO_LARGE: Counter = Counter::new();
    /// for text in ["7", "seven", "777"] {
    ///     let _ = TOO_LARGE.count_err_if(text.parse::<u8>(), |e| *e.kind() == IntErrorKind::PosOverflow);
    /// }
    /// assert_eq!(TOO_LARGE.get(), 1);
    /// ```
    pub fn count_err_if<T, E>(
        &self,
        result: Result<T, E>,
        is_counted: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        if result.as_ref().is_err_and(is_counted) {
            self.count();
        }
        result
    }

    /// Runs `f` and counts if it panics; the panic goes on.
    ///
    /// ```
    /// use metrics_core::Counter;
    ///
    /// static PANICS: Counter = Counter::new();
    /// assert_eq!(PANICS.count_panics(|| 7), 7);
    /// let _ = std::panic::catch_unwind(|| PANICS.count_panics(|| panic!("for the example")));
    /// assert_eq!(PANICS.get(), 1);
    /// ```
    pub fn count_panics<R>(&self, f: impl FnOnce() -> R) -> R {
        let guard = CountOnUnwind(self);
        let result = f();
        core::mem::forget(guard);
        result
    }

    /// Awaits `future`, counts its result if it is an error, and hands it on.
    ///
    /// A future that is dropped before it is done is not an error: a timer or
    /// [`Gauge::track_future`](crate::Gauge::track_future) sees it.
    ///
    /// # Errors
    ///
    /// The error that the future gives.
    pub async fn count_err_future<T, E>(&self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.count_err(future.await)
    }
}

/// Counts when it is dropped, which happens only while the stack unwinds.
struct CountOnUnwind<'a, C: Count>(&'a C);

impl<C: Count> Drop for CountOnUnwind<'_, C> {
    fn drop(&mut self) {
        self.0.count();
    }
}

/// Adding one, for either kind of counter.
#[doc(hidden)]
pub trait Count {
    fn count(&self);
}

impl Count for Counter<u64> {
    fn count(&self) {
        self.inc();
    }
}

impl Count for Counter<f64> {
    fn count(&self) {
        self.inc();
    }
}
