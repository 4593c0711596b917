//! Registries of metrics, and the global one that can be swapped.
//!
//! A **registry** tracks [`Collector`]s and is a collector itself: whoever scrapes it sees every
//! family in the order of registration, under the registry's prefix and with its constant labels,
//! neither of which the metric knows of. Registries therefore nest, and one metric can be in several.
//!
//! | Item | What it is |
//! |---|---|
//! | [`Registry`] | the trait: implement it to bring a registry of your own |
//! | [`CollectorRegistry`] | the registry that comes with the library |
//! | [`REGISTRY`] | the global default: a [`RegistryProxy`] over a registry that can be swapped |
//! | [`Register`] | `.register()?` and `.register_in(&registry)?` on metrics and families |
//! | `metrics!` | statics that are in the global registry from the start (feature `declare`) |
//!
//! An application takes this crate through the facade `rutheus`. Depend on it alone in a library
//! that has to register metrics and leaves the output format to the application.
//!
//! ```
//! use std::sync::Arc;
//! use metrics_core::{Collector, Counter, Metric};
//! use metrics_registry::{CollectorRegistry, Register, RegisterError, Registry};
//!
//! let registry = CollectorRegistry::with_prefix("service_a")?;
//! let hits = Metric::counter("cache_hits_total", "Cache hits.").register_in(&registry)?;
//! hits.inc();
//!
//! // A second metric of that name is refused, and the first stays.
//! let twin = Arc::new(Metric::counter("cache_hits_total", "The same again."));
//! assert!(matches!(registry.register(twin), Err(RegisterError::Duplicate { .. })));
//!
//! // The prefix belongs to the scrape: the metric itself has none.
//! let mut names = Vec::new();
//! registry.describe(&mut |name, _| names.push(name.to_string()));
//! assert_eq!(names, ["service_a_cache_hits_total"]);
//!
//! registry.unregister("cache_hits_total")?;
//! assert!(registry.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds under misuse
//!
//! - No lock is held while a collector is described, collected or dropped: it may register,
//!   unregister, scrape and swap as it likes.
//! - A collector that panics loses its own output only, and the page says so.
//! - A registry that contains itself is refused, and where that could not be seen it is cut off in the
//!   scrape, and the page says so.
//! - A scrape through a [`RegistryProxy`] sees one registry from beginning to end.
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `labels` | yes | [`Register`] for `Family` |
//! | `declare` | no | `metrics!` (and the dependency `inventory`) |

#![forbid(unsafe_code)]

mod builder;
mod claims;
mod collector_registry;
mod declared;
mod entries;
mod error;
#[cfg(feature = "declare")]
mod metrics_macro;
mod proxy;
mod recursion;
mod register;
mod registry;
mod sync;

pub use crate::builder::CollectorRegistryBuilder;
pub use crate::collector_registry::CollectorRegistry;
pub use crate::error::{RegisterError, SetRegistryError, UnregisterError};
pub use crate::proxy::{REGISTRY, RegistryProxy};
pub use crate::register::Register;
pub use crate::registry::Registry;
pub use metrics_core::Collector;

/// What `metrics!` expands to; not for use by hand.
#[cfg(feature = "declare")]
#[doc(hidden)]
pub mod __private {
    pub use crate::declared::Declared;
    pub use inventory::submit;
}

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
