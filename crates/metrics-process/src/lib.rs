//! What a process knows of itself, as metrics of rutheus.
//!
//! ```
//! use std::sync::Arc;
//!
//! use metrics_core::{Info, Metric};
//! use metrics_process::ProcessMetrics;
//! use metrics_registry::{REGISTRY, Registry};
//!
//! static BUILD: Metric<Info> = metrics_process::build_info!("app_build_info");
//!
//! REGISTRY.register(Arc::new(ProcessMetrics::new()))?;
//! REGISTRY.register(Arc::new(&BUILD))?;
//! let page = metrics_exposition::generate_metrics(&REGISTRY);
//! assert!(page.contains("\napp_build_info{version=\"0.1.0\""));
//! # #[cfg(target_os = "linux")]
//! assert!(page.contains("\nprocess_resident_memory_bytes "));
//! # Ok::<(), metrics_registry::RegisterError>(())
//! ```
//!
//! Nothing is read until a registry is scraped, and then what there is at that moment.
//!
//! # Features
//!
//! | Feature | Default | What it adds | Dependencies |
//! |---|---|---|---|
//! | `tokio` | no | `TokioMetrics`: workers, tasks and busy time of a runtime | tokio |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod allocator;
mod build;
mod process;
#[cfg(target_os = "linux")]
mod procfs;
#[cfg(feature = "tokio")]
mod runtime;

pub use crate::allocator::{AllocatorMetrics, AllocatorStatistics};
pub use crate::build::RUSTC;
pub use crate::process::ProcessMetrics;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use crate::runtime::TokioMetrics;

/// What `build_info!` expands to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::build::first;
    pub use metrics_core::Metric;
}

/// Runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
