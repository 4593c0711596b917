use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use metrics_core::{Collector, MetricName, Scrape};

use crate::{RegisterError, UnregisterError};

/// Tracks collectors, and exposes them all when it is scraped.
///
/// [`CollectorRegistry`](crate::CollectorRegistry) is the one to use; implement the trait for a
/// registry that does something else, such as filtering what it exposes. It is a [`Collector`]: its
/// `collect` applies its own prefix, and whoever holds it neither adds nor knows it.
///
/// ```
/// use std::borrow::Cow;
/// use std::sync::Arc;
/// use metrics_core::{Collector, MetricName, Descriptor, Scrape};
/// use metrics_registry::{CollectorRegistry, RegisterError, Registry, RegistryProxy, UnregisterError};
///
/// /// Takes only collectors whose names begin with `app_`.
/// #[derive(Default)]
/// struct AppOnly(CollectorRegistry);
///
/// impl Collector for AppOnly {
///     fn collect(&self, scrape: &mut Scrape<'_>) {
///         self.0.collect(scrape);
///     }
///     fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
///         self.0.describe(visit);
///     }
/// }
///
/// impl Registry for AppOnly {
///     fn prefix(&self) -> Option<Cow<'_, str>> {
///         self.0.prefix()
///     }
///     fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
///         let mut foreign = None;
///         collector.describe(&mut |name, _| {
///             let name = name.to_string();
///             if !name.starts_with("app_") {
///                 foreign = Some(name);
///             }
///         });
///         match foreign {
///             Some(name) => Err(RegisterError::refused(name, "begin the name with `app_`")),
///             None => self.0.register(collector),
///         }
///     }
///     fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
///         self.0.unregister(name)
///     }
/// }
///
/// # use metrics_core::MetricType;
/// # struct Up;
/// # impl Collector for Up {
/// #     fn collect(&self, scrape: &mut Scrape<'_>) {
/// #         scrape.family(&Descriptor::new(MetricType::Gauge, "up", "Up.")).push([], 1);
/// #     }
/// # }
/// let proxy = RegistryProxy::new();
/// proxy.set_registry(Arc::new(AppOnly::default()))?;
/// let error = proxy.register(Arc::new(Up)).unwrap_err();
/// assert_eq!(error.to_string(), "metric \"up\" was not registered: begin the name with `app_`");
/// # Ok::<(), metrics_registry::SetRegistryError>(())
/// ```
pub trait Registry: Collector {
    /// What this registry puts before every name when it is scraped, without the `_` that follows.
    fn prefix(&self) -> Option<Cow<'_, str>>;

    /// Begins to track `collector`.
    ///
    /// # Errors
    ///
    /// If a name of the collector is taken, or the registry refuses it for a reason of its own. The
    /// registry is then as it was before.
    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError>;

    /// Stops tracking the collector that has the family `name`, and returns it.
    ///
    /// `name` is the name that the collector gave, without the prefix of this registry. A collector of
    /// several families leaves with all of them.
    ///
    /// # Errors
    ///
    /// If no collector has a family of that name.
    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError>;
}

impl<R: Registry + ?Sized> Registry for Arc<R> {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        (**self).prefix()
    }

    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        (**self).register(collector)
    }

    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        (**self).unregister(name)
    }
}

impl fmt::Debug for dyn Registry + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn Registry")
    }
}

/// Reports `family` under the prefix that the registry gives the others.
pub(crate) fn report_in(
    registry: &dyn Registry,
    scrape: &mut Scrape<'_>,
    family: &str,
    reason: metrics_core::ScrapeErrorReason,
) {
    match registry.prefix() {
        Some(prefix) => scrape.prefixed(&prefix, |scrape| scrape.report(family, reason)),
        None => scrape.report(family, reason),
    }
}

/// The address that tells one shared collector or registry from another. It means something as
/// long as an `Arc` or a `Weak` keeps the allocation.
pub(crate) fn address<T: ?Sized>(shared: *const T) -> usize {
    shared.cast::<()>() as usize
}

/// A name as it looks from outside of a registry with `prefix`.
pub(crate) fn with_prefix(prefix: &str, name: MetricName<'_>) -> String {
    format!("{prefix}_{}", name.prefix())
}
