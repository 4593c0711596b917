//! For the other crates of the workspace only; nothing here is part of the public API.

pub use crate::hash::{key, mix};
pub use crate::text_set::TextSet;
