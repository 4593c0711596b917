use std::sync::Arc;

use metrics_core::{CollectFn, Collector, Instrument, Metric, Scrape};
#[cfg(feature = "labels")]
use metrics_core::{Family, FromOptions};

use crate::{REGISTRY, RegisterError, Registry};

/// Registers a metric or a family, and returns it shared.
///
/// Implemented for the collectors of `metrics-core`. For a collector of one's own it is one line:
/// `impl Register for Mine {}`. It is not implemented for every collector, as it would then stand in
/// the way of [`Registry::register`] on registries.
///
/// ```standalone_crate
/// use metrics_core::{Gauge, Metric};
/// use metrics_registry::{CollectorRegistry, REGISTRY, Register};
///
/// let jobs = Metric::gauge("jobs_queued", "Jobs that wait.").register()?;
/// jobs.set(3.0);
///
/// let mine = CollectorRegistry::new();
/// let open = Metric::gauge("connections_open", "Open connections.").register_in(&mine)?;
/// assert!(mine.contains("connections_open"));
/// # let _ = (open, &REGISTRY);
/// # Ok::<(), metrics_registry::RegisterError>(())
/// ```
pub trait Register: Collector + Sized + 'static {
    /// Registers it in the global [`REGISTRY`].
    ///
    /// # Errors
    ///
    /// If the registry does not take it; see [`RegisterError`].
    fn register(self) -> Result<Arc<Self>, RegisterError> {
        self.register_in(&REGISTRY)
    }

    /// Registers it in `registry`.
    ///
    /// # Errors
    ///
    /// If the registry does not take it; see [`RegisterError`].
    fn register_in(self, registry: &dyn Registry) -> Result<Arc<Self>, RegisterError> {
        let collector = Arc::new(self);
        registry.register(Arc::clone(&collector) as Arc<dyn Collector>)?;
        Ok(collector)
    }
}

impl<M: Instrument> Register for Metric<M> {}

#[cfg(feature = "labels")]
impl<M: FromOptions, const N: usize> Register for Family<M, N> {}

impl<F: Fn(&mut Scrape<'_>) + Send + Sync + 'static> Register for CollectFn<F> {}
