//! The metrics of the library behind one trait, whatever their type.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rutheus::{
    Collector, Counter, Descriptor, Family, FromOptions, Gauge, Histogram, Info, Instrument, Metric,
    MetricName, MetricType, Scrape, StateSet, Summary,
};

use crate::ops::{Action, Way};
use crate::pool::STATES;

/// An update of a series that was kept; whether it was accepted.
pub(crate) type Held = Box<dyn Fn(Action) -> bool>;

pub(crate) trait Live: Collector + 'static {
    fn collector(self: Arc<Self>) -> Arc<dyn Collector>;
    /// Whether the update was accepted; `None` if the series is only looked for and is not there.
    fn act(&self, way: Way, values: &[String], action: Action) -> Option<bool>;
    fn hold(self: Arc<Self>, values: &[String]) -> Held;
    fn remove(&self, values: &[String]) -> bool;
    fn remove_matching(&self, labels: &[(&str, &str)]) -> usize;
    fn clear(&self);
    fn len(&self) -> usize;
}

/// What an action means for an instrument.
pub(crate) trait Act: Instrument {
    fn act(&self, action: Action) -> bool;
}

impl Act for Counter<u64> {
    fn act(&self, action: Action) -> bool {
        match action.verb % 3 {
            0 => self.inc(),
            1 => self.inc_by(action.whole),
            _ => _ = self.count_err(Err::<(), _>(())),
        }
        true
    }
}

impl Act for Counter<f64> {
    fn act(&self, action: Action) -> bool {
        match action.verb % 2 {
            0 => self.inc(),
            _ => return self.inc_by(action.float).is_ok(),
        }
        true
    }
}

impl Act for Gauge<f64> {
    fn act(&self, action: Action) -> bool {
        match action.verb % 6 {
            0 => self.set(action.float),
            1 => self.inc(),
            2 => self.dec(),
            3 => self.add(action.float),
            4 => self.sub(action.float),
            _ => drop(self.track_in_progress()),
        }
        true
    }
}

impl Act for Gauge<i64> {
    fn act(&self, action: Action) -> bool {
        match action.verb % 6 {
            0 => self.set(action.whole as i64),
            1 => self.inc(),
            2 => self.dec(),
            3 => self.add(action.whole as i64),
            4 => self.sub(action.whole as i64),
            _ => drop(self.track_in_progress()),
        }
        true
    }
}

impl Act for Histogram {
    fn act(&self, action: Action) -> bool {
        match action.verb % 4 {
            0 => self.start_timer().discard(),
            _ => self.observe(action.float),
        }
        true
    }
}

impl Act for Summary {
    fn act(&self, action: Action) -> bool {
        match action.verb % 4 {
            0 => self.start_timer().discard(),
            _ => self.observe(action.float),
        }
        true
    }
}

impl Act for StateSet {
    fn act(&self, action: Action) -> bool {
        let state = STATES.get(usize::from(action.verb) % (STATES.len() + 1));
        self.set(state.unwrap_or(&"no such state")).is_ok()
    }
}

impl Act for Info {
    fn act(&self, _: Action) -> bool {
        true
    }
}

impl<M: Act> Live for Metric<M> {
    fn collector(self: Arc<Self>) -> Arc<dyn Collector> {
        self
    }

    fn act(&self, _: Way, _: &[String], action: Action) -> Option<bool> {
        Some(Act::act(&**self, action))
    }

    fn hold(self: Arc<Self>, _: &[String]) -> Held {
        Box::new(move |action| Act::act(&**self, action))
    }

    fn remove(&self, _: &[String]) -> bool {
        false
    }

    fn remove_matching(&self, _: &[(&str, &str)]) -> usize {
        0
    }

    fn clear(&self) {}

    fn len(&self) -> usize {
        1
    }
}

impl<M: Act + FromOptions, const N: usize> Live for Family<M, N> {
    fn collector(self: Arc<Self>) -> Arc<dyn Collector> {
        self
    }

    fn act(&self, way: Way, values: &[String], action: Action) -> Option<bool> {
        let values: [&str; N] = std::array::from_fn(|i| &*values[i]);
        Some(match way {
            Way::With => self.with(values).act(action),
            Way::Handle => self.handle(values).act(action),
            Way::Get => self.get(values)?.act(action),
            Way::Curry => self.curry(values).with(()).act(action),
            Way::ByName => {
                let names: Vec<_> = self.label_names().collect();
                let mut pairs = names.iter().zip(values).rev();
                match pairs.next() {
                    None => self.with_defaults().unwrap().act(action),
                    Some((name, value)) => {
                        let first = self.label(name, value).unwrap();
                        let all = pairs.try_fold(first, |partial, (name, value)| partial.label(name, value));
                        all.unwrap().get().unwrap().act(action)
                    }
                }
            }
        })
    }

    fn hold(self: Arc<Self>, values: &[String]) -> Held {
        let values: [&str; N] = std::array::from_fn(|i| &*values[i]);
        let handle = self.handle(values);
        Box::new(move |action| handle.act(action))
    }

    fn remove(&self, values: &[String]) -> bool {
        let values: [&str; N] = std::array::from_fn(|i| &*values[i]);
        self.remove(values)
    }

    fn remove_matching(&self, labels: &[(&str, &str)]) -> usize {
        self.remove_matching(labels)
    }

    fn clear(&self) {
        self.clear();
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// A collector that pushes a good sample, one that was there and one with a bad label, and panics if it
/// is told to.
#[derive(Debug, Default)]
pub(crate) struct Mischief {
    pub(crate) panics: AtomicBool,
}

impl Mischief {
    pub(crate) const FAMILY: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "odd", "Odd.");
}

impl Collector for Mischief {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let mut samples = scrape.family(&Self::FAMILY);
        samples.push([("a", "1")], 1);
        samples.push([("a", "1")], 2);
        samples.push([("not a name", "1")], 3);
        if self.panics.load(Relaxed) {
            std::panic::panic_any(ForTheTest);
        }
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        visit(MetricName::new("", Self::FAMILY.name()), &Self::FAMILY);
    }
}

/// What the panics of the test carry: nothing is printed for them.
#[derive(Debug)]
pub(crate) struct ForTheTest;
