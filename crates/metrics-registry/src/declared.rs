//! The metrics that `metrics!` declares, and how they come into a registry.
//!
//! Invariant: a registry is the current one of the global proxy only if every declared metric is in it
//! or is reported on every page; it has each of them once, however often it is set.
//!
//! Without the feature `declare` there are none, and nothing here does anything.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError, Weak};

use metrics_core::{Collector, ScrapeErrorReason};

use crate::entries::Entry;
use crate::proxy::Slot;
use crate::registry::address;
use crate::sync::{Mutex, MutexGuard, thread_local};
use crate::{CollectorRegistry, RegisterError, Registry, SetRegistryError};

/// One static of `metrics!`, and where it stands.
#[doc(hidden)]
#[derive(Debug)]
#[cfg_attr(not(feature = "declare"), expect(unreachable_pub))]
pub struct Declared {
    module: &'static str,
    line: u32,
    column: u32,
    /// The statics of the same `metrics!`, in order: all of them have the same line.
    block: &'static [&'static str],
    name: &'static str,
    collector: &'static dyn Collector,
}

#[cfg(feature = "declare")]
inventory::collect!(Declared);

impl Declared {
    #[cfg_attr(not(feature = "declare"), expect(dead_code, unreachable_pub))]
    pub const fn new(
        module: &'static str,
        line: u32,
        column: u32,
        block: &'static [&'static str],
        name: &'static str,
        collector: &'static dyn Collector,
    ) -> Self {
        Self { module, line, column, block, name, collector }
    }

    fn place(&self) -> (&'static str, u32, u32, Option<usize>) {
        (self.module, self.line, self.column, self.block.iter().position(|name| *name == self.name))
    }

    fn shared(&self) -> Arc<dyn Collector> {
        Arc::new(self.collector)
    }
}

/// All of them, in the order of the source: the linker's would differ from build to build.
fn all() -> Vec<&'static Declared> {
    #[cfg(not(feature = "declare"))]
    let declared = std::iter::empty::<&Declared>();
    #[cfg(feature = "declare")]
    let declared = inventory::iter::<Declared>;
    let mut all: Vec<&Declared> = Vec::new();
    for declared in declared {
        // One by one into its place: there are some hundreds at most, and the sort of the standard
        // library is more code than all that declares and registers them.
        let at = all.partition_point(|other| other.place() <= declared.place());
        all.insert(at, declared);
    }
    all
}

/// A declared metric that is left out of every page through the global proxy.
#[derive(Debug)]
pub(crate) struct Report {
    family: String,
    reason: ScrapeErrorReason,
}

impl Report {
    pub(crate) fn family(&self) -> &str {
        &self.family
    }

    pub(crate) fn reason(&self) -> ScrapeErrorReason {
        self.reason
    }
}

thread_local! {
    /// What the global proxy is filling on this thread, to be its first registry.
    static FILLING: RefCell<Option<Arc<Slot>>> = const { RefCell::new(None) };
}

pub(crate) fn being_filled() -> Option<Arc<Slot>> {
    FILLING.try_with(|filling| filling.borrow().clone()).ok().flatten()
}

/// Registers the declared metrics in the first registry of the global proxy.
pub(crate) fn fill(registry: &CollectorRegistry, slot: &Arc<Slot>) -> Vec<Report> {
    struct Done;

    impl Drop for Done {
        fn drop(&mut self) {
            let filled = FILLING.try_with(|filling| filling.borrow_mut().take());
            drop(filled);
        }
    }

    // A thread that is ending has none; a collector that uses the registry then finds an empty one.
    let _ = FILLING.try_with(|filling| filling.borrow_mut().replace(Arc::clone(slot)));
    let _done = Done;
    settle(registry).1
}

/// Registers the declared metrics in a registry that is ours and new: what it does not take has no
/// place anywhere, and is reported.
fn settle(registry: &CollectorRegistry) -> (Vec<(&'static Declared, Arc<Entry>)>, Vec<Report>) {
    let mut taken = Vec::new();
    let mut reports = Vec::new();
    for declared in all() {
        // Describing it may panic. Nobody could be told at the first use of the registry, which may
        // be anywhere.
        let (family, reason) = match catch_unwind(AssertUnwindSafe(|| registry.insert(declared.shared()))) {
            Ok(Ok(entry)) => {
                taken.push((declared, entry));
                continue;
            }
            Ok(Err(error)) => (error.metric().to_owned(), reason(&error)),
            Err(payload) => {
                let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
                (String::new(), ScrapeErrorReason::Panicked)
            }
        };
        let family = if family.is_empty() { declared.name.to_owned() } else { family };
        reports.push(Report { family, reason });
    }
    (taken, reports)
}

fn reason(error: &RegisterError) -> ScrapeErrorReason {
    match error {
        RegisterError::Cycle { .. } => ScrapeErrorReason::Recursive,
        _ => ScrapeErrorReason::DuplicateFamily,
    }
}

/// The registries that have the declared metrics.
#[derive(Debug)]
pub(crate) struct Adoptions {
    /// Locked for moments, and never while anything of the user's is run or dropped: a registry is
    /// told by its address, which stays its own as long as there is a `Weak`.
    known: Mutex<Vec<Adoption>>,
}

#[derive(Debug)]
struct Adoption {
    registry: Weak<dyn Registry>,
    done: bool,
}

impl Adoptions {
    pub(crate) const fn new() -> Self {
        Self { known: Mutex::new(Vec::new()) }
    }

    /// Notes that the registry has the declared metrics.
    pub(crate) fn remember(&self, registry: &Arc<dyn Registry>) {
        self.lock().push(Adoption { registry: Arc::downgrade(registry), done: true });
    }

    /// Registers the declared metrics, unless the registry has them; returns what is left out.
    pub(crate) fn adopt(&self, registry: &Arc<dyn Registry>) -> Result<Vec<Report>, SetRegistryError> {
        let (declared, reports) = settle(&CollectorRegistry::new());
        match self.begin(registry) {
            Some(true) => return Ok(reports),
            Some(false) => return Err(SetRegistryError::Busy),
            None => {}
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| register_all(&**registry, &declared)));
        self.end(registry, matches!(outcome, Ok(Ok(()))));
        match outcome {
            Ok(outcome) => outcome.map(|()| reports).map_err(SetRegistryError::from),
            Err(payload) => resume_unwind(payload),
        }
    }

    /// Whether the adoption of the registry is done; if there is none yet, it begins now.
    fn begin(&self, registry: &Arc<dyn Registry>) -> Option<bool> {
        let mut known = self.lock();
        known.retain(|adoption| adoption.registry.strong_count() > 0);
        let found = known.iter().find(|adoption| adoption.is_of(registry)).map(|adoption| adoption.done);
        if found.is_none() {
            known.push(Adoption { registry: Arc::downgrade(registry), done: false });
        }
        found
    }

    fn end(&self, registry: &Arc<dyn Registry>, done: bool) {
        let mut known = self.lock();
        if let Some(at) = known.iter().position(|adoption| adoption.is_of(registry)) {
            if done {
                known[at].done = true;
            } else {
                known.swap_remove(at);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Adoption>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Adoption {
    fn is_of(&self, registry: &Arc<dyn Registry>) -> bool {
        address(self.registry.as_ptr()) == address(Arc::as_ptr(registry))
    }
}

/// Registers all of them in a registry of any kind, or none.
fn register_all(
    registry: &dyn Registry,
    declared: &[(&'static Declared, Arc<Entry>)],
) -> Result<(), RegisterError> {
    // Those without a family last: there is no name to take them out by, if another one is refused.
    let (named, nameless): (Vec<_>, Vec<_>) =
        declared.iter().partition(|(_, entry)| !entry.families().is_empty());
    let mut registered = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        named.iter().chain(&nameless).try_for_each(|(declared, entry)| {
            registry.register(declared.shared())?;
            registered.extend(entry.families().first());
            Ok(())
        })
    }));
    if !matches!(outcome, Ok(Ok(()))) {
        for family in registered.iter().rev() {
            // What cannot be taken out stays: it is a metric that the registry said it would take.
            let _ = registry.unregister(family.name());
        }
    }
    outcome.unwrap_or_else(|payload| resume_unwind(payload))
}
