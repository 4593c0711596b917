use std::fmt;
use std::sync::Arc;

use metrics_core::Collector;

use super::{PushError, Pushgateway};

/// Adds metrics to a group of a Pushgateway when it is dropped; made by
/// [`Pushgateway::on_drop`].
///
/// What goes wrong then is handed to [`on_error`](Self::on_error), or printed to the standard error if
/// that was not called. [`push`](Self::push) returns it instead.
///
/// ```no_run
/// use metrics_core::{Counter, Metric};
/// use metrics_http::push::Pushgateway;
///
/// static ROWS: Metric<Counter> = Metric::counter("import_rows_total", "Rows read.");
///
/// fn import() -> Result<(), Box<dyn std::error::Error>> {
///     let _push = Pushgateway::new("http://127.0.0.1:9091", "import")?.on_drop(&ROWS);
///     for line in std::fs::read_to_string("rows.csv")?.lines() {
///         // Whether a row is bad or the file is not there: what was counted is pushed.
///         let _row: u64 = line.parse()?;
///         ROWS.inc();
///     }
///     Ok(())
/// }
/// # import();
/// ```
#[must_use = "the metrics are pushed as soon as this is dropped"]
pub struct PushOnDrop {
    gateway: Pushgateway,
    collector: Option<Arc<dyn Collector>>,
    on_error: Box<dyn Fn(&PushError) + Send + Sync>,
}

impl PushOnDrop {
    pub(crate) fn new(gateway: Pushgateway, collector: Arc<dyn Collector>) -> Self {
        Self { gateway, collector: Some(collector), on_error: Box::new(print) }
    }

    /// Hands an error to `f` when the guard is dropped.
    pub fn on_error(mut self, f: impl Fn(&PushError) + Send + Sync + 'static) -> Self {
        self.on_error = Box::new(f);
        self
    }

    /// Pushes now, and not when the guard is dropped.
    ///
    /// # Errors
    ///
    /// As for [`Pushgateway::push`].
    pub fn push(mut self) -> Result<(), PushError> {
        self.collector.take().map_or(Ok(()), |collector| self.gateway.add(&collector))
    }

    /// Drops the guard without pushing.
    pub fn discard(mut self) {
        self.collector = None;
    }
}

impl Drop for PushOnDrop {
    fn drop(&mut self) {
        if let Some(collector) = self.collector.take() {
            if let Err(error) = self.gateway.add(&collector) {
                (self.on_error)(&error);
            }
        }
    }
}

/// What becomes of an error that nobody asked for.
pub(crate) fn print(error: &PushError) {
    eprintln!("metrics were not pushed: {error}");
}

impl fmt::Debug for PushOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushOnDrop").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}
