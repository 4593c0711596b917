#![allow(missing_docs, reason = "it stands in for what is documented in the standard library")]

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use std::sync::{LockResult, TryLockError, TryLockResult};

pub use loom::hint::spin_loop;
pub use loom::thread::yield_now;

/// For the macro.
pub use loom;

/// The macro of loom does not know the constant form.
#[doc(hidden)]
#[macro_export]
macro_rules! modelled_thread_local {
    ($($(#[$attribute:meta])* static $name:ident: $ty:ty = const $init:block;)*) => {
        $crate::__private::sync::loom::thread_local! {
            $($(#[$attribute])* static $name: $ty = $init;)*
        }
    };
}

pub use crate::modelled_thread_local as thread_local;

/// Runs `model` in every order of the steps of its threads, and says how many those are.
///
/// # Panics
///
/// If `model` does in one of them.
pub fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(core::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&executions);
    loom::model(move || {
        counted.fetch_add(1, Relaxed);
        NEXT_THREAD.set(0);
        CELLS.set((0..POOL).map(|_| loom::sync::atomic::AtomicU64::new(0)).collect());
        model();
        CELLS.set(Vec::new());
    });
    std::println!("{name}: {} executions", executions.load(Relaxed));
}

/// More than the atomics that any model touches.
const POOL: usize = 256;

std::thread_local! {
    /// Loom wants an atomic to be made before whatever is done to it, which one that is made when it is
    /// first touched may not be: so they are made before the model begins. (All threads of a model are one
    /// to the system.)
    static CELLS: RefCell<Vec<loom::sync::atomic::AtomicU64>> = const { RefCell::new(Vec::new()) };
}

std::thread_local! {
    static NEXT_THREAD: Cell<usize> = const { Cell::new(0) };
}

/// A clock in whose time a millisecond passes whenever somebody looks.
pub fn millis() -> u64 {
    static NOW: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NOW.fetch_add(1, Relaxed) + 1
}

/// A number for each thread that asks, in the order in which they do, from 0 in each run of a model.
pub fn next_thread() -> usize {
    NEXT_THREAD.replace(NEXT_THREAD.get() + 1)
}

fn cell(first: u64) -> loom::sync::atomic::AtomicU64 {
    match first {
        0 => CELLS.with_borrow_mut(Vec::pop).expect("the model has more atomics than the pool"),
        first => loom::sync::atomic::AtomicU64::new(first),
    }
}

macro_rules! atomic {
    ($($name:ident of $value:ty, from $bits:ident to $back:expr;)*) => {
        $(pub struct $name {
            first: $value,
            cell: std::sync::OnceLock<loom::sync::atomic::AtomicU64>,
        }

        #[allow(dead_code)]
        impl $name {
            pub const fn new(first: $value) -> Self {
                Self { first, cell: std::sync::OnceLock::new() }
            }

            fn cell(&self) -> &loom::sync::atomic::AtomicU64 {
                self.cell.get_or_init(|| cell(self.first as u64))
            }

            fn back($bits: u64) -> $value {
                $back
            }

            pub fn load(&self, order: Ordering) -> $value {
                Self::back(self.cell().load(order))
            }

            pub fn store(&self, value: $value, order: Ordering) {
                self.cell().store(value as u64, order);
            }

            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let outcome = self.cell().compare_exchange(current as u64, new as u64, success, failure);
                outcome.map(Self::back).map_err(Self::back)
            }

            /// Those of loom do not fail without a reason.
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                Self::back(self.cell().fetch_or(value as u64, order))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        })*
    };
}

/// The bits above those of the type are left out when they are read.
macro_rules! number {
    ($($name:ident of $value:ty),*) => {
        atomic!($($name of $value, from bits to bits as $value;)*);
        $(#[allow(dead_code)]
        impl $name {
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                Self::back(self.cell().fetch_add(value as u64, order))
            }

            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                Self::back(self.cell().fetch_sub(value as u64, order))
            }
        })*
    };
}

atomic!(AtomicBool of bool, from bits to bits != 0;);

impl AtomicBool {
    /// Only for locks. One that is taken is not written to: loom would let such a write come after the one
    /// that gives the lock back, which nothing can, and the lock would be taken for ever.
    pub fn swap(&self, value: bool, order: Ordering) -> bool {
        assert!(value, "a lock is given back by a store");
        self.compare_exchange(false, true, order, Relaxed).is_err()
    }
}

number!(AtomicU16 of u16, AtomicU32 of u32, AtomicU64 of u64, AtomicUsize of usize);

/// The lock is loom's; the value is behind one of the standard library that is always free then.
#[derive(Default)]
pub struct Mutex<T> {
    lock: std::sync::OnceLock<loom::sync::Mutex<()>>,
    value: std::sync::Mutex<T>,
}

/// The value goes before the lock.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    value: std::sync::MutexGuard<'a, T>,
    _lock: loom::sync::MutexGuard<'a, ()>,
}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self { lock: std::sync::OnceLock::new(), value: std::sync::Mutex::new(value) }
    }

    fn inner(&self) -> &loom::sync::Mutex<()> {
        self.lock.get_or_init(|| loom::sync::Mutex::new(()))
    }

    /// # Errors
    ///
    /// Never.
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let lock = self.inner().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Ok(self.guard(lock))
    }

    /// # Errors
    ///
    /// If it is locked.
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.inner().try_lock() {
            Ok(lock) => Ok(self.guard(lock)),
            Err(_) => Err(TryLockError::WouldBlock),
        }
    }

    fn guard<'a>(&'a self, lock: loom::sync::MutexGuard<'a, ()>) -> MutexGuard<'a, T> {
        MutexGuard { value: self.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner()), _lock: lock }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex")
    }
}

/// What it holds is there for whoever acquires that it is.
pub struct OnceLock<T> {
    is_set: AtomicBool,
    setting: Mutex<()>,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub const fn new() -> Self {
        Self { is_set: AtomicBool::new(false), setting: Mutex::new(()), value: std::sync::OnceLock::new() }
    }

    pub fn get(&self) -> Option<&T> {
        if self.is_set.load(Acquire) { self.value.get() } else { None }
    }

    /// # Errors
    ///
    /// If it is set.
    pub fn set(&self, value: T) -> Result<(), T> {
        let _setting = self.setting.lock();
        if self.is_set.load(Relaxed) {
            return Err(value);
        }
        let set = self.value.set(value);
        self.is_set.store(true, Release);
        set
    }

    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if self.get().is_none() {
            let _setting = self.setting.lock();
            if !self.is_set.load(Relaxed) {
                let _ = self.value.set(make());
                self.is_set.store(true, Release);
            }
        }
        self.value.get().expect("it is set")
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let once = Self { is_set: AtomicBool::new(true), ..Self::new() };
        let _ = once.value.set(value);
        once
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
