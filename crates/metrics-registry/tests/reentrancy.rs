//! Collectors that call back into their registry.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{error, gauge, in_time, names, register_all};
use metrics_core::{Collector, Counter, Descriptor, Metric, MetricType, Scrape};
use metrics_registry::{CollectorRegistry, RegisterError, Registry, RegistryProxy};

const BUSY: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "busy", "Does everything.");

/// Registers, unregisters, scrapes and updates while it is collected, and while it is described.
struct Busy {
    registry: Arc<CollectorRegistry>,
    proxy: &'static RegistryProxy,
    counter: Arc<Metric<Counter>>,
    inner: Mutex<Vec<String>>,
    runs: AtomicUsize,
}

impl Collector for Busy {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let name = format!("made_{run}");
        scrape.family(&BUSY).push([("half", "first")], 1);
        self.proxy.register(gauge(&name)).unwrap();
        self.registry.register(gauge("passing")).unwrap();
        assert_eq!(self.registry.register(gauge(&name)), Err(RegisterError::duplicate(&*name, &*name)));
        self.counter.inc();
        *self.inner.lock().unwrap() = names(self.proxy);
        assert_eq!(names(&*self.registry), *self.inner.lock().unwrap());
        self.proxy.unregister("passing").unwrap();
        if run > 0 {
            self.registry.unregister(&format!("made_{}", run - 1)).unwrap();
        }
    }
}

#[test]
fn a_collector_may_do_anything_while_it_is_collected() {
    in_time(|| {
        let registry = Arc::new(CollectorRegistry::new());
        let proxy: &'static RegistryProxy = Box::leak(Box::new(RegistryProxy::new()));
        proxy.set_registry(registry.clone()).unwrap();
        let counter = Arc::new(Metric::counter("done_total", "Done."));
        registry.register(counter.clone()).unwrap();
        let busy = Arc::new(Busy {
            registry: registry.clone(),
            proxy,
            counter: counter.clone(),
            inner: Mutex::default(),
            runs: AtomicUsize::new(0),
        });
        // Describing runs it once.
        proxy.register(busy.clone()).unwrap();
        assert_eq!(*busy.inner.lock().unwrap(), ["done_total", "made_0", "passing"]);
        register_all(&*registry, &["last"]);
        for run in 1..4 {
            let page = if run % 2 == 0 { names(&*registry) } else { names(proxy) };
            let before = format!("made_{}", run - 1);
            // The outer page is whole, and is that of the moment when it began.
            let mut expected = vec!["done_total", &before, "busy{half=\"first\"}", "last"];
            if run > 1 {
                expected.swap(1, 2);
                expected.swap(2, 3);
            }
            assert_eq!(page, expected);
            // The inner one lacks nothing but the collector that is in the middle of it.
            let made = format!("made_{run}");
            let recursive = error("busy", "recursive");
            let mut inner = vec!["done_total", &before, "last", &made, "passing", &recursive];
            if run > 1 {
                inner.swap(1, 2);
            }
            assert_eq!(*busy.inner.lock().unwrap(), inner);
        }
        assert_eq!(counter.get(), 4);
        // Nothing is left behind on the thread: the collector is there again.
        assert!(names(&*registry).contains(&"busy{half=\"first\"}".to_owned()));
    });
}

/// Calls into the registry when it is dropped.
struct Parting(Arc<CollectorRegistry>, Arc<AtomicUsize>);

impl Collector for Parting {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        scrape.family(&Descriptor::new(MetricType::Gauge, "parting", "P.")).push([], 1);
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        let n = self.1.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.0.len(), names(&*self.0).len());
        self.0.register(gauge(&format!("left_{n}"))).unwrap();
        let _ = self.0.unregister("nothing");
    }
}

#[test]
fn a_collector_may_call_the_registry_when_it_is_dropped() {
    in_time(|| {
        let registry = Arc::new(CollectorRegistry::new());
        let drops = Arc::new(AtomicUsize::new(0));
        let parting = || Arc::new(Parting(registry.clone(), drops.clone()));
        registry.register(parting()).unwrap();
        // Refused, and dropped in there.
        registry.register(parting()).unwrap_err();
        registry.register(Arc::new((parting(), gauge("parting")))).unwrap_err();
        drop(registry.unregister("parting").unwrap());
        assert_eq!(names(&*registry), ["left_0", "left_1", "left_2"]);
        // A swap that drops a whole registry.
        let proxy = RegistryProxy::new();
        let doomed = CollectorRegistry::new();
        doomed.register(parting()).unwrap();
        proxy.set_registry(Arc::new(doomed)).unwrap();
        proxy.set_registry(registry.clone()).unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 4);
    });
}

/// Leaves the registry while it is collected: the scrape has the last reference.
struct Leaving(Arc<CollectorRegistry>, Parting);

impl Collector for Leaving {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        self.1.collect(scrape);
        drop(self.0.unregister("parting"));
    }
}

#[test]
fn the_last_reference_may_be_in_a_scrape() {
    in_time(|| {
        let registry = Arc::new(CollectorRegistry::new());
        let drops = Arc::new(AtomicUsize::new(0));
        let leaving = Leaving(registry.clone(), Parting(registry.clone(), drops.clone()));
        registry.register(Arc::new(leaving)).unwrap();
        assert_eq!(names(&*registry), ["parting"]);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert_eq!(names(&*registry), ["left_0"]);
    });
}

/// Registers itself whenever it is described.
struct Selfish(Arc<CollectorRegistry>, &'static RegistryProxy, Mutex<Option<Arc<dyn Collector>>>);

impl Collector for Selfish {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        let me = self.2.lock().unwrap().clone();
        if let Some(me) = me {
            let _ = self.0.register(me.clone());
            let _ = self.1.register(me);
        }
        scrape.family(&BUSY).push([], 1);
    }
}

#[test]
fn a_collector_that_registers_itself_comes_to_an_end() {
    in_time(|| {
        let registry = Arc::new(CollectorRegistry::new());
        let proxy: &'static RegistryProxy = Box::leak(Box::new(RegistryProxy::new()));
        proxy.set_registry(registry.clone()).unwrap();
        let selfish = Arc::new(Selfish(registry.clone(), proxy, Mutex::new(None)));
        *selfish.2.lock().unwrap() = Some(selfish.clone());
        let _ = registry.register(selfish.clone());
        assert_eq!(registry.len(), 1);
        assert_eq!(names(proxy), ["busy"]);
        *selfish.2.lock().unwrap() = None;
    });
}
