//! What few instruments need, behind one pointer: cells of each thread's own where threads collide, and
//! exemplars. Those without are no larger for it, and look at one word.

#[cfg(feature = "std")]
pub(crate) use with_std::Extension;
#[cfg(not(feature = "std"))]
pub(crate) use without_std::Extension;

#[cfg(feature = "std")]
mod with_std {
    use std::boxed::Box;

    use crate::stripes::Stripes;
    use crate::sync::OnceLock;

    /// Cells `T` and exemplars `E`.
    #[derive(Debug)]
    pub(crate) struct Extension<T, E> {
        parts: OnceLock<Box<Parts<T, E>>>,
    }

    #[derive(Debug)]
    struct Parts<T, E> {
        stripes: Stripes<T>,
        exemplars: OnceLock<Box<E>>,
    }

    impl<T, E> Extension<T, E> {
        pub(crate) const fn new() -> Self {
            Self { parts: OnceLock::new() }
        }

        /// The cell of this thread, once there are stripes.
        #[inline]
        pub(crate) fn mine(&self) -> Option<&T> {
            self.parts.get()?.stripes.mine()
        }

        /// The cell of this thread, or `first` as long as there are no stripes. `None` if there are and
        /// the thread has no number yet: [`mine`](Self::mine) gives it one.
        #[inline]
        pub(crate) fn mine_or<'a>(&'a self, first: &'a T) -> Option<&'a T> {
            match self.parts.get() {
                None => Some(first),
                Some(parts) => parts.stripes.mine_or(first),
            }
        }

        /// Every cell.
        pub(crate) fn stripes(&self) -> impl Iterator<Item = &T> {
            self.parts.get().into_iter().flat_map(|parts| parts.stripes.iter())
        }

        /// Every cell, beginning with this thread's.
        pub(crate) fn beginning_with_mine(&self) -> impl Iterator<Item = &T> {
            self.parts.get().into_iter().flat_map(|parts| parts.stripes.beginning_with_mine())
        }

        /// Makes the stripes, unless another thread already has, and returns this thread's cell.
        pub(crate) fn grow(&self, make: impl Fn() -> T) -> Option<&T> {
            self.parts().stripes.grow(make)
        }

        /// The exemplars, if there were any.
        pub(crate) fn exemplars(&self) -> Option<&E> {
            Some(self.parts.get()?.exemplars.get()?)
        }

        /// The exemplars, made if there were none.
        pub(crate) fn exemplars_or(&self, make: impl FnOnce() -> E) -> &E {
            self.parts().exemplars.get_or_init(|| Box::new(make()))
        }

        fn parts(&self) -> &Parts<T, E> {
            self.parts.get_or_init(|| Box::new(Parts { stripes: Stripes::new(), exemplars: OnceLock::new() }))
        }
    }
}

#[cfg(not(feature = "std"))]
mod without_std {
    use core::marker::PhantomData;

    /// Without `std` there is no safe way to allocate late: no stripes and no exemplars.
    #[derive(Debug)]
    pub(crate) struct Extension<T, E> {
        parts: PhantomData<(T, E)>,
    }

    impl<T, E> Extension<T, E> {
        pub(crate) const fn new() -> Self {
            Self { parts: PhantomData }
        }

        pub(crate) fn mine(&self) -> Option<&T> {
            None
        }

        pub(crate) fn mine_or<'a>(&'a self, first: &'a T) -> Option<&'a T> {
            Some(first)
        }

        pub(crate) fn stripes(&self) -> impl Iterator<Item = &T> {
            core::iter::empty()
        }

        pub(crate) fn grow(&self, _: impl Fn() -> T) -> Option<&T> {
            None
        }
    }
}
