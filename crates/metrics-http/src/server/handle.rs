use std::thread::JoinHandle;

use tokio::runtime;
use tokio::sync::oneshot;

use super::{Address, BoundServer, ServeError};

/// A server that runs on a thread of its own.
///
/// If it is dropped, the server goes on until the process ends.
#[derive(Debug)]
pub struct Handle {
    address: Address,
    end: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), ServeError>>,
}

/// Threads for what blocks, beside those that write pages.
const SPARE_THREADS: usize = 4;

impl Handle {
    pub(crate) fn start(server: BoundServer) -> Result<Self, ServeError> {
        let address = server.address();
        let failed = |error| ServeError::new(format!("cannot serve on {address}"), error);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name("metrics-http-page")
            .max_blocking_threads(server.page_threads() + SPARE_THREADS)
            .build()
            .map_err(failed)?;
        let (end, ended) = oneshot::channel();
        let run = move || {
            let grace = server.limits().grace;
            let end = async {
                if ended.await.is_err() {
                    // The handle was dropped.
                    std::future::pending::<()>().await;
                }
            };
            let result = runtime.block_on(server.run_until(end));
            // A collector that hangs must not keep whoever waits for the end.
            runtime.shutdown_timeout(grace);
            result
        };
        let thread =
            std::thread::Builder::new().name("metrics-http".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { address, end, thread })
    }

    /// Where the server listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Ends the server: requests under way are answered, as far as the grace allows. Returns when it is
    /// done.
    ///
    /// # Errors
    ///
    /// If the server had failed.
    pub fn shutdown(self) -> Result<(), ServeError> {
        // An error means that the server is gone, which is reported by the thread.
        let _ = self.end.send(());
        self.thread.join().unwrap_or_else(|_| {
            Err(ServeError::without_source(format!("the server on {} panicked", self.address)))
        })
    }
}
