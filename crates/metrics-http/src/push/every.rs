use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use metrics_core::Collector;

use super::error::PushProblem;
use super::guard::print;
use super::{PushError, Pushgateway};

/// Adds metrics to a group of a Pushgateway at every interval; made by [`Pushgateway::every`].
///
/// When it is dropped, they are pushed a last time. What goes wrong is handed to
/// [`on_error`](Self::on_error), or printed to the standard error; the next interval tries again.
#[must_use = "nothing is pushed any more once this is dropped"]
pub struct PushEvery {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    on_error: Arc<Mutex<Arc<OnError>>>,
}

type OnError = dyn Fn(&PushError) + Send + Sync;

impl PushEvery {
    pub(crate) fn start(
        gateway: Pushgateway,
        interval: Duration,
        collector: Arc<dyn Collector>,
    ) -> Result<Self, PushError> {
        let print: Arc<OnError> = Arc::new(print);
        let on_error = Arc::new(Mutex::new(print));
        let (end, ended) = mpsc::channel::<()>();
        let failed = |error| {
            let problem = PushProblem::Connection(format!("no thread can be started: {error}"));
            PushError::new(gateway.url().to_owned(), problem)
        };
        let (gateway_of_thread, on_error_of_thread) = (gateway.clone(), on_error.clone());
        let run = move || {
            loop {
                let go_on = matches!(ended.recv_timeout(interval), Err(RecvTimeoutError::Timeout));
                if let Err(error) = gateway_of_thread.add(&collector) {
                    let on_error = on_error_of_thread.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    on_error(&error);
                }
                if !go_on {
                    return;
                }
            }
        };
        let thread =
            std::thread::Builder::new().name("metrics-push".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { end: Some(end), thread: Some(thread), on_error })
    }

    /// Hands errors to `f`.
    pub fn on_error(self, f: impl Fn(&PushError) + Send + Sync + 'static) -> Self {
        *self.on_error.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(f);
        self
    }
}

impl Drop for PushEvery {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // It has said already what went wrong.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for PushEvery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushEvery")
    }
}
