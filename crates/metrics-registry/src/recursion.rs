//! Keeps registries that contain themselves from running forever.
//!
//! Invariant: on every thread, [`STEPS`] lists what this crate is doing there at the moment, outermost
//! first; a [`Guard`] takes its own step off again, on unwinding too. Whoever is about to do the
//! same thing again finds it in the list, and nothing nests deeper than the list is long.
//!
//! A cycle is found before it exists by a probe: while a registry describes what it is about to take
//! (a step [`Doing::Register`]), it visits a marker of its own wherever it is reached. If the marker
//! comes back to the probe, the registry's families would flow into itself. That a collector
//! *scrapes* the registry meanwhile, into a page of its own, is no cycle, and its marker goes into
//! that other page, where a family without samples is not written.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics_core::{Descriptor, MetricName, MetricType, Scrape};

use crate::sync::thread_local;

/// Each level of nested registries takes two steps.
const LIMIT: usize = 128;

const MARKER: &str = "rutheus_registry_probe_";
const TOO_DEEP: &str = "too deep";

thread_local! {
    // Without a destructor, so that it works as long as its thread runs at all.
    static STEPS: Steps = const {
        Steps { len: Cell::new(0), steps: [const { Cell::new((0, 0)) }; LIMIT] }
    };
}

struct Steps {
    len: Cell<usize>,
    steps: [Cell<(u64, usize)>; LIMIT],
}

/// What a thread can be in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// An entry is being collected.
    Collect(u64),
    /// An entry, or what is behind a proxy, is being described.
    Describe(u64),
    /// A registry or a proxy writes into the scrape at this address. No other scrape can have the
    /// address meanwhile, as this one is borrowed until the step is taken off.
    Scrape(u64, usize),
    /// A registry is about to take the collector (a proxy: the registry) at this address.
    Register(u64, usize),
    /// A registry or a proxy hands a call on.
    Forward(u64),
}

impl Doing {
    const REGISTER: u64 = 3;

    fn step(self) -> (u64, usize) {
        match self {
            Self::Collect(id) => (id << 3, 0),
            Self::Describe(id) => (id << 3 | 1, 0),
            Self::Scrape(id, scrape) => (id << 3 | 2, scrape),
            Self::Register(id, collector) => (id << 3 | Self::REGISTER, collector),
            Self::Forward(id) => (id << 3 | 4, 0),
        }
    }
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The thread is in the middle of the same.
    Active,
    /// The thread is in the middle of too much.
    TooDeep,
}

/// Takes the step off when dropped.
#[must_use]
#[derive(Debug)]
pub(crate) struct Guard {
    at: usize,
    /// Belongs to its thread.
    not_send: PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        STEPS.with(|steps| steps.len.set(self.at));
    }
}

/// Takes a step that this thread is not in the middle of.
pub(crate) fn enter(doing: Doing) -> Result<Guard, Refused> {
    let step = doing.step();
    STEPS.with(|steps| {
        let active = &steps.steps[..steps.len.get()];
        if active.iter().any(|other| other.get() == step) { Err(Refused::Active) } else { push(steps, step) }
    })
}

/// Takes a step, even if this thread is in the middle of the same: only the depth is limited.
pub(crate) fn enter_again(doing: Doing) -> Result<Guard, Refused> {
    STEPS.with(|steps| push(steps, doing.step()))
}

fn push(steps: &Steps, step: (u64, usize)) -> Result<Guard, Refused> {
    let at = steps.len.get();
    steps.steps.get(at).ok_or(Refused::TooDeep)?.set(step);
    steps.len.set(at + 1);
    Ok(Guard { at, not_send: PhantomData })
}

/// A number that no other registry, proxy or entry has; a later one is greater.
pub(crate) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: nothing else is published with the number.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

type Visit<'v> = dyn FnMut(MetricName<'_>, &Descriptor<'_>) + 'v;

/// If the registry `id` is being probed on this thread, shows its marker to `visit`.
pub(crate) fn mark_visit(id: u64, visit: &mut Visit<'_>) {
    if is_probed(id) {
        mark(&id.to_string(), visit);
    }
}

/// The same for a registry that is collected, in case the scrape is the dry one of a probe.
pub(crate) fn mark_scrape(id: u64, scrape: &mut Scrape<'_>) {
    if is_probed(id) {
        // A name of its own for each, so that in a scrape that is not a probe they never clash.
        let name = format!("{MARKER}{}", next_id());
        let help = id.to_string();
        let _ = scrape.family(&Descriptor::new(MetricType::Unknown, &name, &help));
    }
}

/// Tells a probe that a part was left out because registries are nested too deeply.
pub(crate) fn mark_too_deep(visit: &mut Visit<'_>) {
    mark(TOO_DEEP, visit);
}

/// What a probe makes of a family: `None` if it is no marker, and otherwise whether it is a reason
/// for the registry `id` to refuse.
pub(crate) fn read_mark(id: u64, descriptor: &Descriptor<'_>) -> Option<bool> {
    if descriptor.metric_type() != MetricType::Unknown || !descriptor.name().starts_with(MARKER) {
        return None;
    }
    Some(descriptor.help() == TOO_DEEP || descriptor.help() == id.to_string())
}

fn mark(what: &str, visit: &mut Visit<'_>) {
    visit(MetricName::new("", MARKER), &Descriptor::new(MetricType::Unknown, MARKER, what));
}

fn is_probed(id: u64) -> bool {
    STEPS.with(|steps| {
        let active = &steps.steps[..steps.len.get()];
        active.iter().any(|step| step.get().0 == (id << 3 | Doing::REGISTER))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_refused_while_it_is_active_and_the_depth_is_limited() {
        let a = enter(Doing::Collect(1)).unwrap();
        assert_eq!(enter(Doing::Collect(1)).unwrap_err(), Refused::Active);
        let b = enter(Doing::Describe(1)).unwrap();
        drop((b, a));
        drop(enter(Doing::Collect(1)).unwrap());
        let all: Vec<_> = (0..LIMIT as u64).map(|id| enter(Doing::Collect(id)).unwrap()).collect();
        assert_eq!(enter(Doing::Collect(1000)).unwrap_err(), Refused::TooDeep);
        for guard in all.into_iter().rev() {
            drop(guard);
        }
        assert!(enter(Doing::Collect(1000)).is_ok());
    }

    #[test]
    fn a_panic_leaves_no_step_behind() {
        let panicked = std::panic::catch_unwind(|| {
            let _guard = enter(Doing::Collect(7));
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert!(enter(Doing::Collect(7)).is_ok());
    }
}
