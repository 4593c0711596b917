//! Atomics, locks and what else threads meet in: that of the standard library, or with `--cfg loom` the
//! same on top of [loom](https://docs.rs/loom), which runs a test in every order of its steps.
//!
//! What is measured by these is the code that is shipped, and not a copy of it. Loom makes its things at
//! run time and forgets them after each run; ours must be made by a `const fn`, so each makes its own
//! when it is first touched.

#![allow(unused_imports, reason = "without some features, less of it is used")]

#[cfg(not(loom))]
pub(crate) use core::hint::spin_loop;
#[cfg(all(not(loom), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::AtomicU64;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicUsize};
#[cfg(all(not(loom), feature = "std"))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, OnceLock},
    thread::yield_now,
    thread_local,
};

/// A number for each thread that asks, in the order in which they do.
#[cfg(all(not(loom), feature = "std"))]
pub(crate) fn next_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // Relaxed: nothing else is published with the number.
    NEXT.fetch_add(1, core::sync::atomic::Ordering::Relaxed)
}

#[cfg(loom)]
pub mod modelled;
#[cfg(loom)]
pub(crate) use modelled::*;
