use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::Handle;
use super::lifecycle::Lifecycle;

/// One series of a [`Family`](crate::Family) that is there for as long as somebody owns it: a connection,
/// a session, a job.
///
/// Made by [`Family::owned`](crate::Family::owned), cheap to clone, and as fast as the bare instrument.
/// When the last owner is dropped, the series stays for one more scrape, which shows what it came to, and
/// is removed after it. Whoever asks for the same label values before that goes on with the same series.
/// Children and handles do not keep it, unless the family is one whose series expire.
///
/// ```
/// use metrics_core::{Family, Gauge, Owned};
///
/// static SENT: Family<Gauge, 1> = Family::gauge("sent_bytes", "Bytes sent on a connection.", ["peer"]);
///
/// struct Connection {
///     sent: Owned<Gauge>,
/// }
///
/// let connection = Connection { sent: SENT.owned(["10.0.0.7"]) };
/// connection.sent.add(512.0);
/// assert_eq!(SENT.with(["10.0.0.7"]).get(), 512.0);
/// drop(connection); // the next scrape is the last one that has it
/// ```
#[must_use = "the series is removed after the next scrape if nobody owns it"]
pub struct Owned<M> {
    handle: Handle<M>,
    /// None of a series that belongs to all whose label values are too many.
    lifecycle: Option<Arc<Lifecycle<M>>>,
}

impl<M> Owned<M> {
    /// Takes over one ownership that was entered.
    pub(super) fn new(handle: Handle<M>, lifecycle: Option<Arc<Lifecycle<M>>>) -> Self {
        Self { handle, lifecycle }
    }

    /// The same series, without a part in whether it stays.
    pub fn handle(&self) -> Handle<M> {
        self.handle.clone()
    }
}

impl<M> Deref for Owned<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.handle
    }
}

impl<M> Clone for Owned<M> {
    fn clone(&self) -> Self {
        if let Some(lifecycle) = &self.lifecycle {
            // If it was removed by hand, there is nothing left to own.
            lifecycle.own(self.handle.series());
        }
        Self { handle: self.handle.clone(), lifecycle: self.lifecycle.clone() }
    }
}

impl<M> Drop for Owned<M> {
    fn drop(&mut self) {
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.disown(self.handle.series());
        }
    }
}

impl<M: fmt::Debug> fmt::Debug for Owned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(&self.handle).finish()
    }
}
