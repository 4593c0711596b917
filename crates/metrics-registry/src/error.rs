use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A registry did not take a collector; it is as it was before.
///
/// A registry of one's own makes them with [`duplicate`](Self::duplicate) and
/// [`refused`](Self::refused).
///
/// ```
/// use metrics_registry::RegisterError;
///
/// let error = RegisterError::duplicate("jobs_count", "jobs");
/// assert!(error.to_string().starts_with("metric \"jobs_count\" was not registered"));
/// assert_eq!(error.metric(), "jobs_count");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// A name that the family is exposed under is taken by a registered family.
    #[non_exhaustive]
    Duplicate {
        /// The family that was refused.
        name: String,
        /// The registered family that has the name.
        existing: String,
    },
    /// Two families of the collector are exposed under the same name.
    #[non_exhaustive]
    ClashesWithItself {
        /// The family that comes second.
        name: String,
        /// The family that comes first.
        existing: String,
    },
    /// The registry would contain itself, or registries are nested too deeply (more than 64 levels).
    #[non_exhaustive]
    Cycle {
        /// The first family of the collector; empty if it has none.
        name: String,
    },
    /// The registry has a reason of its own.
    #[non_exhaustive]
    Refused {
        /// The family that was refused; empty if it is not about one.
        name: String,
        /// Why, and what to do.
        reason: Cow<'static, str>,
    },
}

impl RegisterError {
    /// The family `name` would be exposed under a name that the registered family `existing` has.
    pub fn duplicate(name: impl Into<String>, existing: impl Into<String>) -> Self {
        Self::Duplicate { name: name.into(), existing: existing.into() }
    }

    /// The collector with the family `name` contains the registry it was to be registered in.
    pub fn cycle(name: impl Into<String>) -> Self {
        Self::Cycle { name: name.into() }
    }

    /// The registry does not take the family `name` for `reason`, which should say what to do.
    pub fn refused(name: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { name: name.into(), reason: reason.into() }
    }

    /// The family that was refused; empty if the collector has none.
    pub fn metric(&self) -> &str {
        match self {
            Self::Duplicate { name, .. }
            | Self::ClashesWithItself { name, .. }
            | Self::Cycle { name }
            | Self::Refused { name, .. } => name,
        }
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not registered: ", Subject(self.metric()))?;
        match self {
            Self::Duplicate { name, existing } if name == existing => {
                f.write_str("the name is taken: choose another one, or unregister the first")
            }
            Self::Duplicate { existing, .. } => write!(
                f,
                "it is exposed under a name that {existing:?}, which is registered, has already: \
                 rename one of the two, or unregister {existing:?} first"
            ),
            Self::ClashesWithItself { existing, .. } => write!(
                f,
                "the same collector has the family {existing:?}, which is exposed under one of its \
                 names: rename one of the two"
            ),
            Self::Cycle { .. } => f.write_str(
                "the registry would contain itself, or registries are nested too deeply: register \
                 what is inside instead of the registry",
            ),
            Self::Refused { reason, .. } => f.write_str(reason),
        }
    }
}

impl Error for RegisterError {}

/// A registry did not let go of a collector.
///
/// A registry of one's own makes them with [`not_registered`](Self::not_registered) and
/// [`refused`](Self::refused).
///
/// ```
/// use metrics_registry::{CollectorRegistry, Registry, UnregisterError};
///
/// let error = CollectorRegistry::new().unregister("jobs").unwrap_err();
/// assert_eq!(error, UnregisterError::not_registered("jobs"));
/// assert!(error.to_string().starts_with("metric \"jobs\" was not unregistered"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnregisterError {
    /// No collector has a family of that name.
    #[non_exhaustive]
    NotRegistered {
        /// The name that was asked for.
        name: String,
    },
    /// The registry hands the call on to itself.
    #[non_exhaustive]
    Cycle {
        /// The name that was asked for.
        name: String,
    },
    /// The registry has a reason of its own.
    #[non_exhaustive]
    Refused {
        /// The name that was asked for.
        name: String,
        /// Why, and what to do.
        reason: Cow<'static, str>,
    },
}

impl UnregisterError {
    /// No collector has the family `name`.
    pub fn not_registered(name: impl Into<String>) -> Self {
        Self::NotRegistered { name: name.into() }
    }

    /// The registry keeps the family `name` for `reason`, which should say what to do.
    pub fn refused(name: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { name: name.into(), reason: reason.into() }
    }

    /// The name that was asked for.
    pub fn metric(&self) -> &str {
        match self {
            Self::NotRegistered { name } | Self::Cycle { name } | Self::Refused { name, .. } => name,
        }
    }
}

impl fmt::Display for UnregisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not unregistered: ", Subject(self.metric()))?;
        match self {
            Self::NotRegistered { .. } => f.write_str(
                "no registered collector has a family of this name: give the name as the metric has it, \
                 without the prefix of the registry",
            ),
            Self::Cycle { .. } => {
                f.write_str("the registry hands the call on to itself: set another one as the current")
            }
            Self::Refused { reason, .. } => f.write_str(reason),
        }
    }
}

impl Error for UnregisterError {}

/// A proxy did not take a registry; the one it had is still the current.
///
/// ```
/// use std::sync::Arc;
/// use metrics_registry::{RegistryProxy, SetRegistryError};
///
/// let proxy: &'static RegistryProxy = Box::leak(Box::new(RegistryProxy::new()));
/// # use metrics_registry::{CollectorRegistry, Registry};
/// let outer = Arc::new(CollectorRegistry::new());
/// outer.register(Arc::new(proxy))?;
/// assert_eq!(proxy.set_registry(outer).unwrap_err(), SetRegistryError::Cycle);
/// # Ok::<(), metrics_registry::RegisterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetRegistryError {
    /// The registry contains the proxy.
    Cycle,
    /// The registry has a family that clashes with a metric declared by `metrics!`.
    #[non_exhaustive]
    Duplicate {
        /// The declared metric.
        name: String,
        /// The family of the registry that has the name.
        existing: String,
    },
    /// The registry does not take a metric declared by `metrics!`, for another reason.
    #[non_exhaustive]
    Refused {
        /// What the registry said.
        error: RegisterError,
    },
    /// Another call is about to set the same registry: what that call returns decides.
    Busy,
}

impl From<RegisterError> for SetRegistryError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Duplicate { name, existing } => Self::Duplicate { name, existing },
            error => Self::Refused { error },
        }
    }
}

impl fmt::Display for SetRegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the registry was not set: ")?;
        match self {
            Self::Cycle => f.write_str(
                "it contains the proxy that it would be the current registry of: take the proxy out of it",
            ),
            Self::Duplicate { name, existing } => write!(
                f,
                "the declared metric {name:?} is exposed under a name that its family {existing:?} has: \
                 rename one of the two, or unregister {existing:?} first"
            ),
            Self::Refused { error } => write!(f, "of the declared metrics, {error}"),
            Self::Busy => {
                f.write_str("another call is about to set the same registry: wait for what that one returns")
            }
        }
    }
}

impl Error for SetRegistryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused { error } => Some(error),
            _ => None,
        }
    }
}

/// How a message begins.
struct Subject<'a>(&'a str);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("a collector without families"),
            name => write!(f, "metric {name:?}"),
        }
    }
}
