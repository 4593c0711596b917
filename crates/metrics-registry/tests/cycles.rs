//! Registries that contain themselves.

mod common;

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{described, error, gauge, in_time, names, register_all};
use metrics_core::{Collector, Descriptor, MetricName, Scrape, collect_fn};
use metrics_registry::{
    CollectorRegistry, RegisterError, Registry, RegistryProxy, SetRegistryError, UnregisterError,
};

fn registry(prefix: &str) -> Arc<CollectorRegistry> {
    let registry = Arc::new(CollectorRegistry::with_prefix(prefix).unwrap());
    register_all(&*registry, &["own"]);
    registry
}

fn proxy() -> &'static RegistryProxy {
    Box::leak(Box::new(RegistryProxy::new()))
}

fn is_cycle(outcome: Result<(), RegisterError>) -> bool {
    matches!(outcome, Err(RegisterError::Cycle { .. }))
}

/// A registry of one's own, over whatever it is given later; describes itself by the default.
#[derive(Default)]
struct Custom {
    inner: Mutex<Option<Arc<dyn Registry>>>,
    /// Whether it hands `describe` on, too, or hides what it has.
    mode: Mode,
    collected: AtomicUsize,
}

#[derive(Default, PartialEq)]
enum Mode {
    #[default]
    DryCollect,
    Forward,
    Hide,
}

impl Custom {
    fn over(inner: Arc<dyn Registry>, mode: Mode) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::new(Some(inner)), mode, collected: AtomicUsize::new(0) })
    }

    fn inner(&self) -> Arc<dyn Registry> {
        self.inner.lock().unwrap().clone().unwrap()
    }
}

impl Collector for Custom {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        self.collected.fetch_add(1, Ordering::Relaxed);
        self.inner().collect(scrape);
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        match self.mode {
            Mode::DryCollect => self.collect(&mut Scrape::dry(visit)),
            Mode::Forward => self.inner().describe(visit),
            Mode::Hide => {}
        }
    }
}

impl Registry for Custom {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        self.inner().prefix().map(|prefix| Cow::Owned(prefix.into_owned()))
    }

    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        self.inner().register(collector)
    }

    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        self.inner().unregister(name)
    }
}

#[test]
fn a_registry_is_refused_by_itself_directly_and_through_others() {
    in_time(|| {
        let (a, b, c) = (registry("a"), registry("b"), registry("c"));
        assert!(is_cycle(a.register(a.clone())));
        a.register(b.clone()).unwrap();
        assert!(is_cycle(b.register(a.clone())));
        b.register(c.clone()).unwrap();
        let error = c.register(a.clone()).unwrap_err();
        assert_eq!(error, RegisterError::cycle("a_own"));
        assert!(error.to_string().contains("would contain itself"));
        assert!(is_cycle(c.register(Arc::new((gauge("x"), a.clone())))));
        assert_eq!(names(&*a), ["a_own", "a_b_own", "a_b_c_own"]);
        assert_eq!((a.len(), b.len(), c.len()), (2, 2, 1));
        // The same from outside of the cycle is none.
        let d = registry("d");
        d.register(c).unwrap();
        d.register(b).unwrap();
        assert_eq!(names(&*d), ["d_own", "d_c_own", "d_b_own", "d_b_c_own"]);
    });
}

#[test]
fn an_empty_registry_is_refused_by_itself() {
    let (a, b) = (Arc::new(CollectorRegistry::new()), Arc::new(CollectorRegistry::new()));
    assert!(is_cycle(a.register(a.clone())));
    a.register(b.clone()).unwrap();
    assert!(is_cycle(b.register(a.clone())));
}

#[test]
fn a_cycle_through_a_proxy_is_refused() {
    in_time(|| {
        let (a, b, p) = (registry("a"), registry("b"), proxy());
        p.set_registry(a.clone()).unwrap();
        assert!(is_cycle(a.register(Arc::new(p))));
        assert!(is_cycle(p.register(Arc::new(p))));
        b.register(Arc::new(p)).unwrap();
        assert_eq!(names(&*b), ["b_own", "b_a_own"]);
        assert_eq!(p.set_registry(b.clone()).unwrap_err(), SetRegistryError::Cycle);
        assert_eq!(
            p.set_registry(Arc::new(Custom::over(b.clone(), Mode::DryCollect))).unwrap_err(),
            SetRegistryError::Cycle
        );
        assert_eq!(
            p.set_registry(Arc::new(Custom::over(b.clone(), Mode::Forward))).unwrap_err(),
            SetRegistryError::Cycle
        );
        assert_eq!(names(p), ["a_own"]);
        // Through a second proxy.
        let (q, c) = (proxy(), registry("c"));
        c.register(Arc::new(q)).unwrap();
        p.set_registry(c).unwrap();
        assert_eq!(q.set_registry(b.clone()).unwrap_err(), SetRegistryError::Cycle);
        assert!(is_cycle(q.register(b.clone())));
        assert_eq!(names(&*b), ["b_own", "b_c_own"]);
    });
}

#[test]
fn a_custom_registry_over_the_proxy_that_it_is_behind_is_refused() {
    in_time(|| {
        let p = proxy();
        for mode in [Mode::DryCollect, Mode::Forward] {
            let custom = Custom::over(Arc::new(Arc::new(ProxyRef(p))), mode);
            assert_eq!(p.set_registry(custom).unwrap_err(), SetRegistryError::Cycle);
        }
        let a = registry("a");
        let custom = Custom::over(a.clone(), Mode::DryCollect);
        assert!(is_cycle(a.register(custom)));
    });
}

/// `&'static RegistryProxy` as a registry.
struct ProxyRef(&'static RegistryProxy);

impl Collector for ProxyRef {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        self.0.collect(scrape);
    }

    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        self.0.describe(visit);
    }
}

impl Registry for ProxyRef {
    fn prefix(&self) -> Option<Cow<'_, str>> {
        self.0.prefix()
    }

    fn register(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        self.0.register(collector)
    }

    fn unregister(&self, name: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        self.0.unregister(name)
    }
}

#[test]
fn a_hidden_cycle_through_the_proxy_is_cut_off_wherever_it_is_entered() {
    in_time(|| {
        let p = proxy();
        let custom = Custom::over(Arc::new(ProxyRef(p)), Mode::Hide);
        p.set_registry(custom.clone()).unwrap();
        assert_eq!(names(p), [error("registry", "recursive")]);
        assert_eq!(custom.collected.load(Ordering::Relaxed), 1);
        assert_eq!(names(&*custom), [error("registry", "recursive")]);
        assert!(described(p).is_empty());
        assert!(p.prefix().is_none());
        assert!(is_cycle(p.register(gauge("x"))));
        let refused = p.unregister("x").unwrap_err();
        assert!(matches!(refused, UnregisterError::Cycle { .. }), "{refused}");
        // It was not for ever.
        p.set_registry(registry("a")).unwrap();
        p.register(gauge("x")).unwrap();
        assert_eq!(names(p), ["a_own", "a_x"]);
    });
}

#[test]
fn a_cycle_that_a_custom_registry_makes_later_is_cut_off_when_it_is_described() {
    in_time(|| {
        for mode in [Mode::DryCollect, Mode::Forward] {
            let p = proxy();
            let custom = Custom::over(registry("a"), mode);
            p.set_registry(custom.clone()).unwrap();
            assert_eq!(described(p), ["a_own"]);
            *custom.inner.lock().unwrap() = Some(Arc::new(ProxyRef(p)));
            assert!(described(p).is_empty());
            assert!(described(&*custom).is_empty());
            assert_eq!(names(p), [error("registry", "recursive")]);
        }
    });
}

#[test]
fn a_hidden_cycle_of_registries_is_cut_off_in_the_scrape() {
    in_time(|| {
        let (a, b) = (registry("a"), registry("b"));
        a.register(Custom::over(b.clone(), Mode::Hide)).unwrap();
        b.register(Custom::over(a.clone(), Mode::Hide)).unwrap();
        for _ in 0..2 {
            assert_eq!(names(&*a), ["a_own", "a_b_own", &error("a_b_a", "recursive")]);
            assert_eq!(names(&*b), ["b_own", "b_a_own", &error("b_a_b", "recursive")]);
        }
        // Not only scrapes: whoever describes them comes to an end, too.
        assert_eq!(described(&*a), ["a_own"]);
        registry("c").register(a).unwrap();
    });
}

#[test]
fn a_cycle_that_came_to_be_by_a_race_is_cut_off() {
    in_time(|| {
        // Registers the outer in the inner while the outer describes the inner.
        let (a, b) = (registry("a"), registry("b"));
        let trap = Arc::new(Mutex::new(Some((a.clone(), b.clone()))));
        let seen = trap.clone();
        b.register(Arc::new(collect_fn(move |_: &mut Scrape<'_>| {
            let armed = seen.try_lock().ok().filter(|armed| armed.is_some());
            let Some(mut armed) = armed else { return };
            if Arc::strong_count(&seen) > 2 {
                let (a, b) = armed.take().unwrap();
                std::thread::spawn(move || b.register(a).unwrap()).join().unwrap();
            }
        })))
        .unwrap();
        let _armed = trap.clone();
        a.register(b.clone()).unwrap();
        assert!(trap.lock().unwrap().is_none());
        assert_eq!(names(&*a), ["a_own", "a_b_own", &error("a_b_a", "recursive")]);
        assert_eq!(names(&*b), ["b_own", "b_a_own", &error("b_a_b", "recursive")]);
        assert_eq!(described(&*a), ["a_own", "a_b_own", "a_b_a_own"]);
    });
}

#[test]
fn registries_nest_sixty_deep_and_not_without_end() {
    in_time(|| {
        // From the inside out, the depth is seen, and refused.
        let mut inner = Arc::new(CollectorRegistry::new());
        register_all(&*inner, &["deepest"]);
        let mut depth = 1;
        let refused = loop {
            let outer = Arc::new(CollectorRegistry::new());
            if let Err(error) = outer.register(inner.clone()) {
                break error;
            }
            assert_eq!(names(&*outer), ["deepest"], "{depth}");
            (inner, depth) = (outer, depth + 1);
            assert!(depth < 1000);
        };
        assert!(matches!(refused, RegisterError::Cycle { .. }), "{refused}");
        assert!(depth > 60, "{depth}");

        // From the outside in, only a scrape can tell.
        let outermost = Arc::new(CollectorRegistry::new());
        register_all(&*outermost, &["own"]);
        let mut last = outermost.clone();
        for _ in 0..1000 {
            let inner = Arc::new(CollectorRegistry::new());
            last.register(inner.clone()).unwrap();
            last = inner;
        }
        register_all(&*last, &["deepest"]);
        let page = names(&*outermost);
        assert_eq!(page.len(), 2, "{page:?}");
        assert!(page[1].contains("recursive"));
        assert_eq!(names(&*last), ["deepest"]);
    });
}

#[test]
fn a_scrape_of_the_registry_while_it_takes_a_collector_is_no_cycle() {
    in_time(|| {
        let a = registry("a");
        let (seen, there) = (Arc::new(Mutex::new(Vec::new())), a.clone());
        let pages = seen.clone();
        let gathering = collect_fn(move |scrape: &mut Scrape<'_>| {
            pages.lock().unwrap().push(names(&*there));
            scrape.family(&Descriptor::new(metrics_core::MetricType::Gauge, "g", "G.")).push([], 1);
        });
        a.register(Arc::new(gathering)).unwrap();
        assert_eq!(seen.lock().unwrap().clone(), [["a_own"]]);
        assert_eq!(names(&*a), ["a_own", "a_g"]);
    });
}
