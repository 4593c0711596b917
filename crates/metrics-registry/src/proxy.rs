use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use metrics_core::{Collector, Descriptor, MetricName, Scrape, ScrapeErrorReason};

use crate::declared::{self, Adoptions, Report};
use crate::recursion::{self, Doing, Refused};
use crate::registry::{address, report_in};
use crate::sync::{Current, OnceLock};
use crate::{CollectorRegistry, RegisterError, Registry, SetRegistryError, UnregisterError};

/// The global registry: where `.register()` and `metrics!` put metrics, and what is scraped if
/// nothing else is said.
///
/// It is a proxy over a [`CollectorRegistry`] without prefix, until
/// [`set_registry`](RegistryProxy::set_registry) puts another registry in its place.
///
/// ```standalone_crate
/// use std::sync::Arc;
/// use metrics_core::{Counter, Metric};
/// use metrics_registry::{CollectorRegistry, REGISTRY, Register, Registry};
///
/// let previous = REGISTRY.set_registry(Arc::new(CollectorRegistry::with_prefix("service_a")?))?;
/// assert!(previous.prefix().is_none());
///
/// let hits = Metric::counter("cache_hits_total", "Cache hits.").register()?;
/// hits.inc();
/// # let mut names = Vec::new();
/// # metrics_core::Collector::describe(&REGISTRY, &mut |name, _| names.push(name.to_string()));
/// # assert_eq!(names, ["service_a_cache_hits_total"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub static REGISTRY: RegistryProxy = RegistryProxy::make(true);

/// A registry that hands everything on to a current one, which can be swapped at any time.
///
/// Each call, a whole scrape included, looks the current registry up once and stays with it: a page
/// never mixes two registries, nor the collectors of one with the prefix of the other. A swap while a
/// scrape is under way does not wait for it.
///
/// A proxy begins with an empty [`CollectorRegistry`] of its own, made when it is first used.
///
/// ```
/// use std::sync::Arc;
/// use metrics_registry::{CollectorRegistry, Registry, RegistryProxy};
///
/// static TENANT: RegistryProxy = RegistryProxy::new();
///
/// TENANT.set_registry(Arc::new(CollectorRegistry::with_prefix("tenant_a")?))?;
/// assert_eq!(TENANT.prefix().as_deref(), Some("tenant_a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RegistryProxy {
    current: Current<Slot>,
    id: OnceLock<u64>,
    /// Whether the metrics declared by `metrics!` are in each registry that becomes current.
    adopts: bool,
    adoptions: Adoptions,
}

/// A registry that is or was the current one.
pub(crate) struct Slot {
    registry: Arc<dyn Registry>,
    /// Declared metrics that are left out. Set before anybody sees the slot, but for a declared
    /// collector that uses the global registry while it is registered there for the first time.
    reports: OnceLock<Vec<Report>>,
}

impl RegistryProxy {
    /// A proxy with a registry of its own; the metrics of `metrics!` are in [`REGISTRY`] only.
    pub const fn new() -> Self {
        Self::make(false)
    }

    const fn make(adopts: bool) -> Self {
        Self { current: Current::new(), id: OnceLock::new(), adopts, adoptions: Adoptions::new() }
    }

    /// Puts `registry` in the place of the current one, which is returned.
    ///
    /// On [`REGISTRY`], the metrics declared by `metrics!` are registered in it first, before anybody
    /// sees it through the proxy, unless it has them because it was current before. The previous
    /// registry keeps them, so that scrapes of it that are under way stay whole. Metrics
    /// that were registered by hand stay where they are.
    ///
    /// No lock is held meanwhile, and calls from several threads are each answered with the registry
    /// that they replaced.
    ///
    /// # Errors
    ///
    /// If `registry` contains this proxy, or does not take a declared metric (what was registered so
    /// far is taken out again), or another call is just about to set the same registry. The current
    /// one then stays.
    pub fn set_registry(&self, registry: Arc<dyn Registry>) -> Result<Arc<dyn Registry>, SetRegistryError> {
        self.refuse_cycle(&registry)?;
        let reports = if self.adopts { self.adoptions.adopt(&registry)? } else { Vec::new() };
        // So that there is a previous one.
        let first = self.load();
        let slot = Slot { registry, reports: OnceLock::from(reports) };
        let previous = self.current.replace(Arc::new(slot)).unwrap_or(first);
        Ok(Arc::clone(&previous.registry))
    }

    /// The registry that is current now.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use metrics_registry::{CollectorRegistry, RegistryProxy};
    ///
    /// let proxy = RegistryProxy::new();
    /// let first = proxy.current();
    /// let replaced = proxy.set_registry(Arc::new(CollectorRegistry::new()))?;
    /// assert!(Arc::ptr_eq(&first, &replaced));
    /// # Ok::<(), metrics_registry::SetRegistryError>(())
    /// ```
    pub fn current(&self) -> Arc<dyn Registry> {
        Arc::clone(&self.load().registry)
    }

    fn load(&self) -> Arc<Slot> {
        self.current.get().unwrap_or_else(|| self.first_use())
    }

    #[cold]
    fn first_use(&self) -> Arc<Slot> {
        if !self.adopts {
            return self.publish(Slot::shared(Arc::new(CollectorRegistry::new())));
        }
        // A declared collector that uses the global registry while it is registered there: it gets the
        // one that is being filled, and so does everybody else from now on.
        if let Some(slot) = declared::being_filled() {
            return self.publish(slot);
        }
        let registry = Arc::new(CollectorRegistry::new());
        let slot = Slot::shared(Arc::clone(&registry) as Arc<dyn Registry>);
        let reports = declared::fill(&registry, &slot);
        let _ = slot.reports.set(reports);
        self.adoptions.remember(&slot.registry);
        self.publish(slot)
    }

    /// Makes `slot` the current one unless there is one, and returns what is current then.
    fn publish(&self, slot: Arc<Slot>) -> Arc<Slot> {
        self.current.get_or_set(slot)
    }

    fn refuse_cycle(&self, registry: &Arc<dyn Registry>) -> Result<(), SetRegistryError> {
        let probe = recursion::enter(Doing::Register(self.id(), address(Arc::as_ptr(registry))));
        let Ok(_probe) = probe else { return Err(SetRegistryError::Cycle) };
        let mut cycle = false;
        registry.describe(&mut |_, descriptor| {
            cycle |= recursion::read_mark(self.id(), descriptor) == Some(true);
        });
        if cycle { Err(SetRegistryError::Cycle) } else { Ok(()) }
    }

    fn id(&self) -> u64 {
        *self.id.get_or_init(recursion::next_id)
    }
}

impl Slot {
    fn shared(registry: Arc<dyn Registry>) -> Arc<Self> {
        Arc::new(Self { registry, reports: OnceLock::new() })
    }
}

impl Collector for RegistryProxy {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let here = Doing::Scrape(self.id(), address(std::ptr::from_ref(scrape)));
        let Ok(_here) = recursion::enter(here) else {
            return scrape.report("registry", ScrapeErrorReason::Recursive);
        };
        recursion::mark_scrape(self.id(), scrape);
        let slot = self.load();
        slot.registry.collect(scrape);
        for report in slot.reports.get().into_iter().flatten() {
            report_in(&*slot.registry, scrape, report.family(), report.reason());
        }
        // The last reference to a registry that was replaced meanwhile, whose drop is user code.
        scrape.isolate("dropped_registry", move |_| drop(slot));
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        recursion::mark_visit(self.id(), visit);
        match recursion::enter(Doing::Describe(self.id())) {
            Ok(_guard) => self.load().registry.describe(visit),
            Err(Refused::Active) => {}
            Err(Refused::TooDeep) => recursion::mark_too_deep(visit),
        }
    }
}

impl Registry for RegistryProxy {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        let _guard = recursion::enter_again(Doing::Forward(self.id())).ok()?;
        let slot = self.load();
        slot.registry.prefix().map(|prefix| Cow::Owned(prefix.into_owned()))
    }

    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        // A registry that hands the call back to its proxy would never come to an end.
        let here = recursion::enter(Doing::Register(self.id(), address(Arc::as_ptr(&collector))));
        let Ok(_here) = here else { return Err(RegisterError::cycle("")) };
        self.load().registry.register(collector)
    }

    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        let here = recursion::enter_again(Doing::Forward(self.id()));
        let Ok(_here) = here else { return Err(UnregisterError::Cycle { name: name.to_owned() }) };
        self.load().registry.unregister(name)
    }
}

impl Default for RegistryProxy {
    fn default() -> Self {
        Self::new()
    }
}

/// A swap is one step, so a panic of a registry that is caught cannot leave the proxy between two.
impl RefUnwindSafe for RegistryProxy {}
impl UnwindSafe for RegistryProxy {}

impl fmt::Debug for RegistryProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryProxy").finish_non_exhaustive()
    }
}
