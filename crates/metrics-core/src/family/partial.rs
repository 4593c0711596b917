use alloc::string::String;
use core::fmt;

use super::{Child, Family, Handle, LabelError, LabelErrorReason, LabelValues};
use crate::FromOptions;

/// A family whose first `K` label values are given; made by [`Family::curry`].
///
/// ```
/// use metrics_core::{Counter, Family};
///
/// static REQUESTS: Family<Counter, 3> =
///     Family::counter("requests_total", "Requests.", ["service", "method", "status"]);
/// let api = REQUESTS.curry(["api"]);
/// api.with(("GET", 200)).inc();
/// assert_eq!(REQUESTS.with(["api", "GET", "200"]).get(), 1);
/// ```
///
/// A wrong number of values does not compile:
///
/// ```compile_fail
/// use metrics_core::{Counter, Family};
///
/// static REQUESTS: Family<Counter, 3> =
///     Family::counter("requests_total", "Requests.", ["service", "method", "status"]);
/// REQUESTS.curry(["api"]).with(["GET"]).inc();
/// ```
#[must_use = "without the other label values there is no series yet"]
pub struct Partial<'a, M: FromOptions, const N: usize, const K: usize> {
    family: &'a Family<M, N>,
    first: [String; K],
}

impl<'a, M: FromOptions, const N: usize, const K: usize> Partial<'a, M, N, K> {
    pub(super) fn new(family: &'a Family<M, N>, first: [String; K]) -> Self {
        const { assert!(K <= N, "more values than the family has labels") };
        Self { family, first }
    }

    /// The series with the other label values, made if it is not there.
    pub fn with<const R: usize, Kind>(&self, rest: impl LabelValues<R, Kind>) -> Child<'a, M> {
        self.with_all(rest, |family, values| family.with(values))
    }

    /// The same, owned.
    pub fn handle<const R: usize, Kind>(&self, rest: impl LabelValues<R, Kind>) -> Handle<M> {
        self.with_all(rest, |family, values| family.handle(values))
    }

    fn with_all<const R: usize, Kind, T>(
        &self,
        rest: impl LabelValues<R, Kind>,
        f: impl FnOnce(&'a Family<M, N>, &[&str; N]) -> T,
    ) -> T {
        const { assert!(K + R == N, "the number of label values is not that of the family's other labels") };
        rest.with_strs(|rest| {
            f(self.family, &core::array::from_fn(|i| if i < K { &*self.first[i] } else { rest[i - K] }))
        })
    }
}

impl<M: FromOptions, const N: usize, const K: usize> Clone for Partial<'_, M, N, K> {
    fn clone(&self) -> Self {
        Self { family: self.family, first: self.first.clone() }
    }
}

impl<M: FromOptions, const N: usize, const K: usize> fmt::Debug for Partial<'_, M, N, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partial").field("family", &self.family.name()).field("first", &self.first).finish()
    }
}

/// A family some of whose label values are given by name; made by [`Family::label`].
///
/// ```
/// use metrics_core::{Counter, Family};
///
/// static REQUESTS: Family<Counter, 2> =
///     Family::counter("requests_total", "Requests.", ["method", "status"]).default_labels([None, Some("200")]);
/// let get = REQUESTS.label("method", "GET")?;
/// get.clone().get()?.inc(); // the status has a default
/// get.label("status", "404")?.get()?.inc();
/// assert_eq!(REQUESTS.with(["GET", "200"]).get(), 1);
/// assert_eq!(REQUESTS.with(["GET", "404"]).get(), 1);
///
/// let error = REQUESTS.label("verb", "GET").unwrap_err();
/// assert_eq!(error.to_string(), "family \"requests_total\" has no label \"verb\": its labels are method, status");
/// # Ok::<(), metrics_core::LabelError>(())
/// ```
#[must_use = "without the other label values there is no series yet"]
pub struct PartialByName<'a, M: FromOptions, const N: usize> {
    family: &'a Family<M, N>,
    values: [Option<String>; N],
}

impl<'a, M: FromOptions, const N: usize> PartialByName<'a, M, N> {
    pub(super) fn new(family: &'a Family<M, N>) -> Self {
        Self { family, values: core::array::from_fn(|_| None) }
    }

    /// Gives one more label its value.
    ///
    /// # Errors
    ///
    /// If the family has no such label, or it has its value already.
    pub fn label(mut self, name: &str, value: &str) -> Result<Self, LabelError> {
        let Some(at) = self.family.label_names().position(|other| other == name) else {
            return Err(self.family.label_error(LabelErrorReason::Unknown(name.into())));
        };
        if self.values[at].is_some() {
            return Err(self.family.label_error(LabelErrorReason::Repeated(name.into())));
        }
        self.values[at] = Some(value.into());
        Ok(self)
    }

    /// The series of these values, made if it is not there; labels without one take their default.
    ///
    /// # Errors
    ///
    /// If a label has neither a value nor a default.
    pub fn get(self) -> Result<Child<'a, M>, LabelError> {
        self.family.with_options(core::array::from_fn(|i| self.values[i].as_deref())).map(Child::new)
    }

    /// The same, owned.
    ///
    /// # Errors
    ///
    /// If a label has neither a value nor a default.
    pub fn handle(self) -> Result<Handle<M>, LabelError> {
        self.get().map(|child| child.to_handle())
    }
}

impl<M: FromOptions, const N: usize> Clone for PartialByName<'_, M, N> {
    fn clone(&self) -> Self {
        Self { family: self.family, values: self.values.clone() }
    }
}

impl<M: FromOptions, const N: usize> fmt::Debug for PartialByName<'_, M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartialByName")
            .field("family", &self.family.name())
            .field("values", &self.values)
            .finish()
    }
}
