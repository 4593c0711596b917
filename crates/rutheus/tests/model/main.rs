//! Sequences of operations on metrics, families, registries and a proxy, run on the library and on a
//! model of maps and plain numbers: whatever is scraped in between, through an encoder and as a page of
//! text that is read back, is what the model says.
//!
//! `PROPTEST_CASES` is the number of sequences; `cargo xtask long` runs 100,000.

mod live;
mod naive;
mod ops;
#[path = "../support/page.rs"]
mod page;
mod pool;
mod told;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use proptest::prelude::*;
use rutheus::{
    Collector, CollectorRegistry, RegisterError, Registry, RegistryProxy, SetRegistryError, UnregisterError,
    generate_metrics,
};

use live::{ForTheTest, Held, Live, Mischief};
use naive::{Model, Refused};
use ops::{NAMES, Op, Place, Way, What};
use pool::{REGISTRIES, SPECS};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_library_agrees_with_maps_and_plain_numbers(ops in ops::sequence()) {
        silence();
        let mut subject = Subject::new();
        for op in &ops {
            subject.run(op);
        }
        for registry in 0..REGISTRIES.len() {
            subject.scrape(What::Registry(registry));
        }
        subject.scrape(What::Proxy);
        (0..SPECS.len()).for_each(|metric| subject.scrape(What::Metric(metric)));
    }
}

/// The panics of the test are on purpose, and not to be printed.
fn silence() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<ForTheTest>() {
                before(info);
            }
        }));
    });
}

/// The library and the model, side by side.
struct Subject {
    model: Model,
    metrics: Vec<Arc<dyn Live>>,
    registries: Vec<Arc<dyn Registry>>,
    /// All but the first, which the proxy made.
    own: Vec<Arc<CollectorRegistry>>,
    proxy: Arc<RegistryProxy>,
    mischief: Arc<Mischief>,
    held: Vec<(usize, usize, Held)>,
}

impl Subject {
    fn new() -> Self {
        let proxy = Arc::new(RegistryProxy::new());
        let own: Vec<_> = (1..REGISTRIES.len()).map(|at| Arc::new(pool::make_registry(at))).collect();
        let shared = own.iter().map(|registry| Arc::clone(registry) as Arc<dyn Registry>);
        Self {
            model: Model::new(),
            metrics: pool::make_metrics(),
            registries: [proxy.current()].into_iter().chain(shared).collect(),
            own,
            proxy,
            mischief: Arc::default(),
            held: Vec::new(),
        }
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Update { metric, way, values, action } => {
                let values = own_values(*metric, values);
                let cell = match way {
                    Way::Get => self.model.find(*metric, values),
                    _ => Some(self.model.hold(*metric, values)),
                };
                let expected = cell.map(|cell| self.model.act(*metric, cell, *action));
                assert_eq!(self.metrics[*metric].act(*way, values, *action), expected);
            }
            Op::Fill { metric, from, count } => {
                for n in *from..from + count {
                    let values = [n.to_string(), "filled".to_owned()];
                    let values = own_values(*metric, &values);
                    self.metrics[*metric].act(Way::With, values, ops::NOTHING);
                    let cell = self.model.hold(*metric, values);
                    self.model.act(*metric, cell, ops::NOTHING);
                }
            }
            Op::Hold { metric, values } => {
                let values = own_values(*metric, values);
                let held = Arc::clone(&self.metrics[*metric]).hold(values);
                self.held.push((*metric, self.model.hold(*metric, values), held));
            }
            Op::UpdateHeld { held, action } => {
                if !self.held.is_empty() {
                    let (metric, cell, update) = &self.held[held % self.held.len()];
                    assert_eq!(update(*action), self.model.act(*metric, *cell, *action));
                }
            }
            Op::Remove { metric, values } if SPECS[*metric].labels.is_some() => {
                let values = own_values(*metric, values);
                let expected = self.model.remove_if(*metric, |of| of == values) == 1;
                assert_eq!(self.metrics[*metric].remove(values), expected);
            }
            Op::RemoveMatching { metric, values, given } if SPECS[*metric].labels.is_some() => {
                self.remove_matching(*metric, own_values(*metric, values), *given);
            }
            Op::Clear { metric } if SPECS[*metric].labels.is_some() => {
                self.metrics[*metric].clear();
                self.model.remove_if(*metric, |_| true);
            }
            // A metric without labels keeps its series.
            Op::Remove { .. } | Op::RemoveMatching { .. } | Op::Clear { .. } => {}
            Op::Register { what, place } => {
                let done = self.at(*place).register(self.collector(*what)).map_err(|error| match error {
                    RegisterError::Duplicate { .. } => Refused::Duplicate,
                    RegisterError::ClashesWithItself { .. } => Refused::ClashesWithItself,
                    RegisterError::Cycle { .. } => Refused::Cycle,
                    other => panic!("{other}"),
                });
                assert_eq!(done, self.model.register(*what, *place));
            }
            Op::Unregister { name, place } => {
                let name = NAMES[*name];
                match (self.at(*place).unregister(name), self.model.unregister(name, *place)) {
                    (Ok(collector), Some(what)) => {
                        assert!(std::ptr::addr_eq(
                            Arc::as_ptr(&collector),
                            Arc::as_ptr(&self.collector(what))
                        ));
                    }
                    (Err(error), None) => assert_eq!(error, UnregisterError::not_registered(name)),
                    (done, expected) => panic!("{name}: {:?}, expected {expected:?}", done.map(|_| ())),
                }
            }
            Op::UnregisterCollector { what, registry } => {
                if let Some(own) = registry.checked_sub(1) {
                    let done = self.own[own].unregister_collector(&self.collector(*what));
                    assert_eq!(done, self.model.unregister_collector(*what, *registry));
                }
            }
            Op::Swap { registry } => {
                let done = self.proxy.set_registry(Arc::clone(&self.registries[*registry]));
                match (done, self.model.swap(*registry)) {
                    (Ok(previous), Some(at)) => assert!(Arc::ptr_eq(&previous, &self.registries[at])),
                    (Err(SetRegistryError::Cycle), None) => {}
                    (done, expected) => panic!("{:?}, expected {expected:?}", done.map(|_| ())),
                }
            }
            Op::Panic { on } => {
                self.mischief.panics.store(*on, Relaxed);
                self.model.panics = *on;
            }
            Op::Scrape(what) => self.scrape(*what),
        }
    }

    fn remove_matching(&mut self, metric: usize, values: &[String], given: u8) {
        let names = SPECS[metric].labels.unwrap_or_default();
        let is_given = |i: usize| given >> i & 1 == 1;
        let mut labels: Vec<_> =
            (0..names.len()).filter(|i| is_given(*i)).map(|i| (names[i], &*values[i])).collect();
        let unknown = given >> 7 == 1;
        if unknown {
            labels.push(("no_such_label", "a"));
        }
        let removed = self.metrics[metric].remove_matching(&labels);
        let matches = |of: &[String]| (0..of.len()).all(|i| !is_given(i) || of[i] == values[i]);
        assert_eq!(removed, self.model.remove_if(metric, |of| !unknown && matches(of)));
    }

    /// Both ways of looking at `what` show what the model does.
    fn scrape(&self, what: What) {
        let collector = self.collector(what);
        let expected = self.model.scrape(what);
        told::compare(&told::scrape(&*collector), &expected);
        let text = generate_metrics(&*collector);
        let page = page::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        told::compare_page(&page, &expected);
        if let What::Metric(metric) = what {
            assert_eq!(self.metrics[metric].len(), self.model.len(metric));
        }
    }

    fn collector(&self, what: What) -> Arc<dyn Collector> {
        match what {
            What::Metric(metric) => Arc::clone(&self.metrics[metric]).collector(),
            What::Registry(0) => Arc::clone(&self.registries[0]) as Arc<dyn Collector>,
            What::Registry(registry) => Arc::clone(&self.own[registry - 1]) as Arc<dyn Collector>,
            What::Proxy => Arc::clone(&self.proxy) as Arc<dyn Collector>,
            What::Mischief => Arc::clone(&self.mischief) as Arc<dyn Collector>,
        }
    }

    fn at(&self, place: Place) -> &dyn Registry {
        match place {
            Place::Registry(registry) => &*self.registries[registry],
            Place::Proxy => &*self.proxy,
        }
    }
}

/// As many of the values as the metric has labels.
fn own_values(metric: usize, values: &[String; 2]) -> &[String] {
    &values[..SPECS[metric].labels.map_or(0, <[_]>::len)]
}
