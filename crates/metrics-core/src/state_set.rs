use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::name::{Excerpt, InvalidDescriptor, InvalidReason, str_eq};
use crate::{FromOptions, Instrument, MetricType, Samples, StateSetValue};

/// One of a fixed set of states: what a connection, a job or a circuit breaker is in.
///
/// Each state is a series of value 0 or 1. The first state is on at the start.
///
/// ```
/// use metrics_core::StateSet;
///
/// static BREAKER: StateSet = StateSet::new(&["closed", "open", "half_open"]);
/// BREAKER.set("open")?;
/// assert_eq!(BREAKER.get(), "open");
/// assert!(BREAKER.set("ajar").is_err());
/// # Ok::<(), metrics_core::UnknownState>(())
/// ```
pub struct StateSet {
    states: States,
    active: AtomicUsize,
}

impl StateSet {
    /// The states of a constant, the first of which is on.
    ///
    /// # Panics
    ///
    /// If there are none, one is empty, or two are equal; in a constant, that is a compile error.
    pub const fn new(names: &'static [&'static str]) -> Self {
        Self { states: States::new(names), active: AtomicUsize::new(0) }
    }

    /// States that are known at run time, the first of which is on.
    pub fn with_states(states: States) -> Self {
        Self { states, active: AtomicUsize::new(0) }
    }

    /// Turns `state` on and the others off.
    ///
    /// # Errors
    ///
    /// If there is no such state; the set keeps the one it has.
    pub fn set(&self, state: &str) -> Result<(), UnknownState> {
        match self.states.names().position(|name| name == state) {
            Some(index) => {
                self.active.store(index, Relaxed);
                Ok(())
            }
            None => Err(UnknownState { state: Excerpt::new(state) }),
        }
    }

    /// The state that is on.
    pub fn get(&self) -> &str {
        self.states.names().nth(self.active.load(Relaxed)).unwrap_or_default()
    }
}

impl Instrument for StateSet {
    const TYPE: MetricType = MetricType::StateSet;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        let active = self.active.load(Relaxed);
        let value = match &self.states.names {
            Names::Static(names) => StateSetValue::new(names, active),
            Names::Shared(names) => StateSetValue::owned(names, active),
        };
        samples.emit_state_set(own, value);
    }
}

impl FromOptions for StateSet {
    type Options = States;

    fn from_options(states: &States) -> Self {
        Self::with_states(states.clone())
    }
}

impl fmt::Debug for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateSet").field(&self.get()).finish()
    }
}

/// The names of the states of a [`StateSet`]: at least one, none empty, no two equal.
///
/// ```
/// use metrics_core::States;
///
/// assert!(States::try_new(["up", "down"])?.names().eq(["up", "down"]));
/// assert!(States::try_new(["up", "up"]).is_err());
/// # Ok::<(), metrics_core::InvalidDescriptor>(())
/// ```
#[derive(Clone)]
pub struct States {
    names: Names,
}

#[derive(Clone)]
enum Names {
    Static(&'static [&'static str]),
    Shared(Arc<[Box<str>]>),
}

impl States {
    /// The states of a constant.
    ///
    /// # Panics
    ///
    /// If there are none, one is empty, or two are equal; in a constant, that is a compile error.
    pub const fn new(names: &'static [&'static str]) -> Self {
        let mut i = 0;
        while i < names.len() {
            let mut j = 0;
            while j < i {
                assert!(!str_eq(names[i], names[j]), "{}", InvalidReason::InvalidStates.explain());
                j += 1;
            }
            assert!(!names[i].is_empty(), "{}", InvalidReason::InvalidStates.explain());
            i += 1;
        }
        assert!(!names.is_empty(), "{}", InvalidReason::InvalidStates.explain());
        Self { names: Names::Static(names) }
    }

    /// States that are known at run time.
    ///
    /// # Errors
    ///
    /// If there are none, one is empty, or two are equal.
    pub fn try_new<S: Into<Box<str>>>(names: impl IntoIterator<Item = S>) -> Result<Self, InvalidDescriptor> {
        let names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        let bad = names.iter().enumerate().find(|(i, name)| name.is_empty() || names[..*i].contains(name));
        if names.is_empty() || bad.is_some() {
            let bad = bad.map_or("", |(_, name)| name);
            return Err(InvalidDescriptor::with_label("", bad, InvalidReason::InvalidStates));
        }
        Ok(Self { names: Names::Shared(names.into()) })
    }

    /// The names, in the order given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (fixed, shared): (&[&str], &[Box<str>]) = match &self.names {
            Names::Static(names) => (names, &[]),
            Names::Shared(names) => (&[], names),
        };
        fixed.iter().copied().chain(shared.iter().map(|name| &**name))
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// A [`StateSet`] has no state of this name.
///
/// ```
/// use metrics_core::StateSet;
///
/// let error = StateSet::new(&["on", "off"]).set("ajar").unwrap_err();
/// assert_eq!(error.state(), "ajar");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UnknownState {
    state: Excerpt,
}

impl UnknownState {
    /// The name that was asked for, or its beginning if it is longer than 46 bytes.
    pub fn state(&self) -> &str {
        self.state.as_str()
    }
}

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no state {:?}: set one of those that the state set was made with", self.state())
    }
}

impl fmt::Debug for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownState({self})")
    }
}

impl core::error::Error for UnknownState {}
