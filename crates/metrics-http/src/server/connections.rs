//! The connections that are open, and which of them goes when there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Every connection of a server; no more than there is room for.
#[derive(Debug)]
pub(crate) struct Connections {
    room: Arc<Semaphore>,
    /// Counts what happens on any connection, so that it can be told which was idle first.
    clock: AtomicU64,
    start: Instant,
    /// Longer than any request can take: a connection that has been busy for longer is stuck.
    stuck: Duration,
    open: Mutex<HashMap<u64, Arc<State>>>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
struct State {
    /// Requests whose response is not handed over yet.
    busy: AtomicUsize,
    /// The clock when it was last busy.
    last: AtomicU64,
    /// Milliseconds after the start of the server at which its last request began.
    began: AtomicU64,
    close: Notify,
}

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    id: u64,
    state: Arc<State>,
    _room: OwnedSemaphorePermit,
}

/// A request is under way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    connections: Arc<Connections>,
    state: Arc<State>,
}

impl Connections {
    pub(crate) fn new(limit: usize, stuck: Duration) -> Arc<Self> {
        let room = Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS));
        Arc::new(Self {
            room: Arc::new(room),
            clock: AtomicU64::new(0),
            start: Instant::now(),
            stuck,
            open: Mutex::default(),
        })
    }

    /// A place for a connection that was accepted. If there is none, the connection that has been idle for
    /// longest makes room; where all are busy, waits until one is done.
    pub(crate) async fn place(self: &Arc<Self>) -> Place {
        let room = match self.room.clone().try_acquire_owned() {
            Ok(room) => room,
            Err(_) => {
                self.close_the_oldest();
                match self.room.clone().acquire_owned().await {
                    Ok(room) => room,
                    // Never closed.
                    Err(_) => std::future::pending().await,
                }
            }
        };
        let (id, state) = (self.tick(), Arc::new(State::default()));
        state.last.store(id, Ordering::Relaxed);
        self.open().insert(id, state.clone());
        Place { connections: self.clone(), id, state, _room: room }
    }

    fn close_the_oldest(&self) {
        let open = self.open();
        // A state that changes now belongs to a connection that is not the oldest any more; to close it
        // all the same is as if its request had come a moment later.
        let now = self.millis();
        let stuck = |state: &State| {
            Duration::from_millis(now.saturating_sub(state.began.load(Ordering::Relaxed))) > self.stuck
        };
        let idle = open.values().filter(|state| state.busy.load(Ordering::Relaxed) == 0 || stuck(state));
        if let Some(oldest) = idle.min_by_key(|state| state.last.load(Ordering::Relaxed)) {
            oldest.close.notify_one();
        }
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn millis(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Ends when the connection has to make room.
    pub(crate) async fn closed(&self) {
        self.state.close.notified().await;
    }

    pub(crate) fn requests(&self) -> Requests {
        Requests { connections: self.connections.clone(), state: self.state.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
    }
}

/// Counts the requests of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    connections: Arc<Connections>,
    state: Arc<State>,
}

impl Requests {
    pub(crate) fn begin(&self) -> Busy {
        self.state.began.store(self.connections.millis(), Ordering::Relaxed);
        self.state.busy.fetch_add(1, Ordering::Relaxed);
        Busy { connections: self.connections.clone(), state: self.state.clone() }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.state.last.store(self.connections.tick(), Ordering::Relaxed);
        self.state.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    fn poll<T>(future: impl Future<Output = T>) -> Option<T> {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    fn is_closed(place: &Place) -> bool {
        poll(place.closed()).is_some()
    }

    #[test]
    fn the_connection_that_was_idle_for_longest_makes_room() {
        let connections = Connections::new(3, Duration::from_secs(3600));
        let places: Vec<_> = (0..3).map(|_| poll(connections.place()).unwrap()).collect();
        // The first is busy, the second was busy after the third came.
        let busy = places[0].requests().begin();
        drop(places[1].requests().begin());
        assert!(poll(connections.place()).is_none());
        assert_eq!(places.iter().map(is_closed).collect::<Vec<_>>(), [false, false, true]);
        let mut places = places;
        drop(places.pop());
        let fourth = poll(connections.place()).unwrap();

        // If all are busy, nobody has to go.
        let others = [places[1].requests().begin(), fourth.requests().begin()];
        assert!(poll(connections.place()).is_none());
        assert!(!places.iter().chain([&fourth]).any(is_closed));
        drop((busy, others, places));
        assert!(poll(connections.place()).is_some());
        assert_eq!(connections.open().len(), 1);
    }

    #[test]
    fn a_connection_whose_request_never_ends_makes_room_too() {
        let connections = Connections::new(1, Duration::ZERO);
        let place = poll(connections.place()).unwrap();
        let _busy = place.requests().begin();
        while connections.millis() <= place.state.began.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        assert!(poll(connections.place()).is_none());
        assert!(is_closed(&place));
    }
}
