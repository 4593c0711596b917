use std::future::Future;

use tokio::runtime;

use super::PushError;
use super::error::PushProblem;

/// Runs `future` to its end on a thread of its own, which works also within a runtime.
pub(crate) fn block_on<T: Send>(
    url: &str,
    future: impl Future<Output = Result<T, PushError>> + Send,
) -> Result<T, PushError> {
    let fail = |problem: String| Err(PushError::new(url, PushProblem::Connection(problem)));
    std::thread::scope(|scope| {
        let run = || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => {
                    let result = runtime.block_on(future);
                    // The resolver of names may hang for longer than anybody waits.
                    runtime.shutdown_background();
                    result
                }
                Err(error) => fail(format!("no runtime can be made: {error}")),
            }
        };
        let thread = std::thread::Builder::new().name("metrics-push".to_owned()).spawn_scoped(scope, run);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => fail("sending panicked".to_owned()),
            Err(error) => fail(format!("no thread can be started: {error}")),
        }
    })
}
