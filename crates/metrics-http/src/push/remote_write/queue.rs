use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::RemoteWriteMetrics;
use super::request::Batch;

/// Requests that wait to be sent, in the order in which they were made. When there is no room, the oldest
/// goes.
#[derive(Debug)]
pub(crate) struct Queue {
    limit: usize,
    waiting: Mutex<VecDeque<Batch>>,
    more: Notify,
    metrics: RemoteWriteMetrics,
}

/// The request whose turn it is. If it is dropped without a word of what became of it, it was given up.
#[derive(Debug)]
pub(crate) struct Turn<'q> {
    pub(crate) batch: Batch,
    queue: &'q Queue,
    settled: bool,
}

impl Queue {
    pub(crate) fn new(limit: usize, metrics: RemoteWriteMetrics) -> Self {
        Self { limit: limit.max(1), waiting: Mutex::default(), more: Notify::new(), metrics }
    }

    pub(crate) fn push(&self, batch: Batch) {
        let mut waiting = self.waiting();
        if waiting.len() >= self.limit {
            if let Some(oldest) = waiting.pop_front() {
                self.give_up(&oldest);
            }
        }
        waiting.push_back(batch);
        self.metrics.0.waiting.inc();
        drop(waiting);
        self.more.notify_one();
    }

    /// The oldest request.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        loop {
            if let Some(batch) = self.waiting().pop_front() {
                return Turn { batch, queue: self, settled: false };
            }
            self.more.notified().await;
        }
    }

    /// Whether one that came now would push another out.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting().len() >= self.limit
    }

    /// Gives up all that waits.
    pub(crate) fn clear(&self) {
        for batch in self.waiting().drain(..) {
            self.give_up(&batch);
        }
    }

    fn give_up(&self, batch: &Batch) {
        self.metrics.0.dropped.inc_by(batch.samples);
        self.metrics.0.waiting.dec();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Batch>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The server took it.
    pub(crate) fn sent(mut self) {
        self.queue.metrics.0.sent.inc_by(self.batch.samples);
        self.settle();
    }

    /// The server says that it is wrong.
    pub(crate) fn refused(mut self) {
        self.queue.metrics.0.refused.inc_by(self.batch.samples);
        self.settle();
    }

    fn settle(&mut self) {
        self.queue.metrics.0.waiting.dec();
        self.settled = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.queue.give_up(&self.batch);
        }
    }
}
