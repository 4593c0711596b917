//! For the other crates of the workspace only; nothing here is part of the public API.

pub use crate::hash::{key, mix};
pub use crate::text_set::TextSet;

/// For the models of the other crates.
#[cfg(loom)]
pub use crate::sync::modelled as sync;
