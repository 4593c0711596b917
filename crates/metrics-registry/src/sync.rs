//! Locks and thread-locals: those of the standard library, or with `--cfg loom` those of the models.

#[cfg(loom)]
pub(crate) use metrics_core::__private::sync::{Mutex, MutexGuard, OnceLock, thread_local};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};
#[cfg(not(loom))]
pub(crate) use std::thread_local;

pub(crate) use self::current::Current;

/// What a proxy stands for at the moment: read without a lock, and replaced in one step.
#[cfg(not(loom))]
mod current {
    use std::sync::Arc;

    use arc_swap::{ArcSwapOption, Guard};

    pub(crate) struct Current<T>(ArcSwapOption<T>);

    impl<T> Current<T> {
        pub(crate) const fn new() -> Self {
            Self(ArcSwapOption::const_empty())
        }

        pub(crate) fn get(&self) -> Option<Arc<T>> {
            self.0.load_full()
        }

        /// Returns what was there before.
        pub(crate) fn replace(&self, new: Arc<T>) -> Option<Arc<T>> {
            self.0.swap(Some(new))
        }

        /// Puts `new` there unless there is something; returns what is there then.
        pub(crate) fn get_or_set(&self, new: Arc<T>) -> Arc<T> {
            let before = self.0.compare_and_swap(&None::<Arc<T>>, Some(Arc::clone(&new)));
            Guard::into_inner(before).unwrap_or(new)
        }
    }
}

/// The same steps, each under a lock: that of arc-swap is not for a model of ours.
#[cfg(loom)]
mod current {
    use std::sync::{Arc, PoisonError};

    use super::{Mutex, MutexGuard};

    pub(crate) struct Current<T>(Mutex<Option<Arc<T>>>);

    impl<T> Current<T> {
        pub(crate) const fn new() -> Self {
            Self(Mutex::new(None))
        }

        pub(crate) fn get(&self) -> Option<Arc<T>> {
            self.lock().clone()
        }

        pub(crate) fn replace(&self, new: Arc<T>) -> Option<Arc<T>> {
            self.lock().replace(new)
        }

        pub(crate) fn get_or_set(&self, new: Arc<T>) -> Arc<T> {
            Arc::clone(self.lock().get_or_insert(new))
        }

        fn lock(&self) -> MutexGuard<'_, Option<Arc<T>>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}
