use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, PoisonError};

use metrics_core::{Collector, Descriptor, InvalidDescriptor, MetricName, Scrape, ScrapeErrorReason};

use crate::builder::CollectorRegistryBuilder;
use crate::claims::{Claims, Families, Family};
use crate::entries::{Entries, Entry, Snapshot};
use crate::recursion::{self, Doing, Refused};
use crate::registry::{address, with_prefix};
use crate::sync::{Mutex, MutexGuard};
use crate::{RegisterError, Registry, UnregisterError};

/// The registry that comes with the library.
///
/// Families are exposed in the order in which their collectors were registered. A prefix and constant
/// labels, if it has any, are put on whatever it exposes; those of nested registries add up, the outer
/// prefix first, and of two labels of the same name the inner one wins.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
/// use metrics_registry::{CollectorRegistry, RegisterError, Registry};
///
/// struct Up;
///
/// impl Collector for Up {
///     fn collect(&self, scrape: &mut Scrape<'_>) {
///         const UP: Descriptor = Descriptor::new(MetricType::Gauge, "up", "Whether it is up.");
///         scrape.family(&UP).push([], 1);
///     }
/// }
///
/// let database = Arc::new(CollectorRegistry::with_prefix("db")?);
/// database.register(Arc::new(Up))?;
/// let service = CollectorRegistry::with_prefix("shop")?;
/// service.register(Arc::new(Up))?;
/// service.register(database)?;
///
/// let mut names = Vec::new();
/// service.describe(&mut |name, _| names.push(name.to_string()));
/// assert_eq!(names, ["shop_up", "shop_db_up"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Names
///
/// [`register`](Registry::register) describes the collector and refuses it if one of its families
/// would be exposed under a name that is taken, *after* the suffixes that types add: a histogram
/// `jobs` and a gauge `jobs_count` cannot both be there, nor a counter `jobs_total` and a gauge `jobs`.
/// What a collector adds to its families later is not seen: a scrape leaves the later one of two
/// that clash out, and says so on the page.
///
/// # Nesting
///
/// A registry is registered like any collector, also while it is empty. It claims the names that it
/// has at that moment, under its prefix, and any of them takes it out again with
/// [`unregister`](Registry::unregister). A collector that had no family when it was registered has no
/// name to call it by, and is taken out with [`unregister_collector`](Self::unregister_collector).
///
/// # Threads
///
/// Everything takes `&self`. A scrape works on the collectors as they were when it began, and holds no
/// lock while it runs them.
pub struct CollectorRegistry {
    id: u64,
    prefix: Option<String>,
    labels: Vec<(String, String)>,
    claims: Claims,
    /// Held by whoever changes the entries or the claims, and never while anything of the user's is
    /// described, collected or dropped.
    entries: Mutex<Entries>,
}

impl CollectorRegistry {
    /// An empty registry without prefix.
    pub fn new() -> Self {
        Self::from_parts(None, Vec::new())
    }

    /// An empty registry that puts `prefix` and an underscore before every name it exposes.
    ///
    /// # Errors
    ///
    /// If `prefix` does not match `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    ///
    /// ```
    /// use metrics_registry::{CollectorRegistry, Registry};
    ///
    /// assert_eq!(CollectorRegistry::with_prefix("service_a")?.prefix().as_deref(), Some("service_a"));
    /// assert!(CollectorRegistry::with_prefix("service a").is_err());
    /// # Ok::<(), metrics_core::InvalidDescriptor>(())
    /// ```
    pub fn with_prefix(prefix: impl Into<String>) -> Result<Self, InvalidDescriptor> {
        Self::builder().prefix(prefix).build()
    }

    /// For a registry with constant labels.
    ///
    /// ```
    /// use metrics_registry::CollectorRegistry;
    ///
    /// let registry = CollectorRegistry::builder().prefix("shop").label("region", "eu").build()?;
    /// assert!(registry.is_empty());
    /// # Ok::<(), metrics_core::InvalidDescriptor>(())
    /// ```
    pub fn builder() -> CollectorRegistryBuilder {
        CollectorRegistryBuilder::default()
    }

    pub(crate) fn from_parts(prefix: Option<String>, labels: Vec<(String, String)>) -> Self {
        Self { id: recursion::next_id(), prefix, labels, claims: Claims::new(), entries: Mutex::default() }
    }

    /// The number of registered collectors.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no collector is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a collector was registered with the family `name` (without this registry's prefix).
    ///
    /// ```
    /// # use metrics_registry::CollectorRegistry;
    /// assert!(!CollectorRegistry::new().contains("jobs_total"));
    /// ```
    pub fn contains(&self, name: &str) -> bool {
        self.claims.find(name).is_some()
    }

    /// Stops tracking this very collector, whatever its families are; false if it is not registered.
    ///
    /// Looks at every collector: prefer [`unregister`](Registry::unregister) where there is a name.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use metrics_registry::{CollectorRegistry, Registry};
    ///
    /// let (outer, inner) = (CollectorRegistry::new(), Arc::new(CollectorRegistry::new()));
    /// outer.register(inner.clone())?;
    /// assert!(outer.unregister_collector(&inner));
    /// assert!(!outer.unregister_collector(&inner));
    /// # Ok::<(), metrics_registry::RegisterError>(())
    /// ```
    pub fn unregister_collector<C: Collector + ?Sized>(&self, collector: &Arc<C>) -> bool {
        let wanted = address(Arc::as_ptr(collector));
        let snapshot = self.snapshot();
        let found = snapshot
            .iter()
            .flat_map(|chunk| chunk.iter())
            .find(|entry| address(Arc::as_ptr(entry.collector())) == wanted);
        found.is_some_and(|entry| self.take_out(entry))
    }

    /// Registers, and returns the entry that was made of the collector.
    pub(crate) fn insert(&self, collector: Arc<dyn Collector>) -> Result<Arc<Entry>, RegisterError> {
        let families = self.describe_candidate(&collector)?;
        if let Some((family, other)) = families.clash() {
            return Err(RegisterError::ClashesWithItself {
                name: family.name().to_owned(),
                existing: other.name().to_owned(),
            });
        }
        // The collector outlives the guard on every path, so it is not dropped under the lock.
        let mut entries = self.lock();
        if let Some((family, other)) = self.claims.clash(&families) {
            return Err(RegisterError::duplicate(family.name(), other.name()));
        }
        // Numbered under the lock, so that the ids ascend.
        let entry = Arc::new(Entry::new(recursion::next_id(), families, Arc::clone(&collector)));
        self.claims.insert(&entry);
        entries.push(Arc::clone(&entry));
        Ok(entry)
    }

    /// The families that the collector has now, unless this registry is somewhere in it.
    fn describe_candidate(&self, collector: &Arc<dyn Collector>) -> Result<Families, RegisterError> {
        // A collector that registers itself while it is described would never come to an end.
        let probe = recursion::enter(Doing::Register(self.id, address(Arc::as_ptr(collector))));
        let Ok(_probe) = probe else { return Err(RegisterError::cycle("")) };
        let mut families = Families::default();
        let mut cycle = false;
        collector.describe(&mut |name, descriptor| match recursion::read_mark(self.id, descriptor) {
            Some(mine) => cycle |= mine,
            None => families.push(Family::new(name, descriptor)),
        });
        if cycle {
            return Err(RegisterError::cycle(families.first().map_or("", Family::name)));
        }
        Ok(families)
    }

    /// Takes an entry out; false if somebody else was first.
    fn take_out(&self, entry: &Arc<Entry>) -> bool {
        let mut entries = self.lock();
        let removed = entries.remove(entry.id());
        if removed.is_some() {
            self.claims.remove(entry);
        }
        removed.is_some()
    }

    fn snapshot(&self) -> Snapshot {
        self.lock().snapshot()
    }

    /// A panic with the lock held cannot come from a user's code, and leaves nothing half-done that
    /// would be worse than a registry that refuses to work.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` under the prefix and the constant labels.
    fn decorated(&self, scrape: &mut Scrape<'_>, f: impl FnOnce(&mut Scrape<'_>)) {
        let labelled = |scrape: &mut Scrape<'_>| {
            if self.labels.is_empty() {
                return f(scrape);
            }
            let labels: Vec<_> = self.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            scrape.labelled(&labels, f);
        };
        match &self.prefix {
            Some(prefix) => scrape.prefixed(prefix, labelled),
            None => labelled(scrape),
        }
    }
}

impl Collector for CollectorRegistry {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let here = Doing::Scrape(self.id, address(std::ptr::from_ref(scrape)));
        let Ok(_here) = recursion::enter(here) else {
            let name = self.prefix.as_deref().unwrap_or("registry");
            return scrape.report(name, ScrapeErrorReason::Recursive);
        };
        recursion::mark_scrape(self.id, scrape);
        let snapshot = self.snapshot();
        self.decorated(scrape, |scrape| {
            for entry in snapshot.iter().flat_map(|chunk| chunk.iter()) {
                collect_entry(entry, scrape);
            }
        });
        // The last reference to a collector that was unregistered meanwhile may be in there, and its
        // drop is user code.
        scrape.isolate("dropped_collector", move |_| drop(snapshot));
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        recursion::mark_visit(self.id, visit);
        // As many steps as a scrape takes, so that what is accepted is not too deep to be scraped.
        let Ok(_here) = recursion::enter_again(Doing::Forward(self.id)) else {
            return recursion::mark_too_deep(visit);
        };
        let snapshot = self.snapshot();
        for entry in snapshot.iter().flat_map(|chunk| chunk.iter()) {
            let _guard = match recursion::enter(Doing::Describe(entry.id())) {
                Ok(guard) => guard,
                Err(Refused::Active) => continue,
                Err(Refused::TooDeep) => {
                    recursion::mark_too_deep(visit);
                    continue;
                }
            };
            match &self.prefix {
                None => entry.collector().describe(visit),
                Some(prefix) => entry.collector().describe(&mut |name, descriptor| {
                    let prefix = with_prefix(prefix, name);
                    visit(MetricName::new(&prefix, name.name()), descriptor);
                }),
            }
        }
    }
}

fn collect_entry(entry: &Entry, scrape: &mut Scrape<'_>) {
    let Ok(_guard) = recursion::enter(Doing::Collect(entry.id())) else {
        return scrape.report(entry.name(), ScrapeErrorReason::Recursive);
    };
    scrape.isolate(entry.name(), |scrape| entry.collector().collect(scrape));
}

impl Registry for CollectorRegistry {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        self.prefix.as_deref().map(Cow::Borrowed)
    }

    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        self.insert(collector).map(|_| ())
    }

    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        let entry = self.claims.find(name).filter(|entry| self.take_out(entry));
        entry.map(|entry| Arc::clone(entry.collector())).ok_or_else(|| UnregisterError::not_registered(name))
    }
}

impl Default for CollectorRegistry {
    fn default() -> Self {
        Self::new()
    }
}

/// No user code runs under the lock of a registry, so a caught panic cannot leave one half-changed.
impl RefUnwindSafe for CollectorRegistry {}
impl UnwindSafe for CollectorRegistry {}

impl fmt::Debug for CollectorRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorRegistry")
            .field("prefix", &self.prefix)
            .field("labels", &self.labels)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
