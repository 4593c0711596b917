//! A panic in anything that a user hands to the library harms nothing but itself: what was used goes on
//! working, with exact values, and nothing hangs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rutheus::{
    Collector, CollectorRegistry, Counter, Descriptor, Encoder, Family, Gauge, Histogram, Labels, Metric,
    MetricName, MetricType, Register, RegisterError, Registry, RegistryProxy, Scrape, Summary,
    UnregisterError, Value, collect_fn, generate_metrics,
};

/// What every panic here carries, so that nothing is printed for it.
struct OnPurpose;

fn fail() -> ! {
    std::panic::panic_any(OnPurpose)
}

/// Runs `f`, which is to panic on purpose.
fn panics<R>(f: impl FnOnce() -> R) {
    let before = catch_unwind(AssertUnwindSafe(f)).map(|_| ()).expect_err("it did not panic");
    assert!(before.is::<OnPurpose>(), "another panic");
}

/// Runs `f` on a thread of its own with the panics on purpose silenced; one that hangs fails.
fn in_time(f: impl FnOnce() + Send + 'static) {
    static SILENCE: std::sync::Once = std::sync::Once::new();
    SILENCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<OnPurpose>() {
                before(info);
            }
        }));
    });
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        f();
        let _ = done.send(());
    });
    if wait.recv_timeout(Duration::from_secs(30)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    thread.join().unwrap();
}

/// A label value that panics when it is read, if it is told to.
struct Trap<'a>(&'a AtomicBool);

impl AsRef<str> for Trap<'_> {
    fn as_ref(&self) -> &str {
        if self.0.load(Relaxed) { fail() } else { "x" }
    }
}

#[test]
fn a_label_value_that_panics_leaves_the_family_as_it_was() {
    in_time(|| {
        let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["a", "b"]);
        let armed = AtomicBool::new(false);
        let trap = || ["x", "y"].map(|_| Trap(&armed));
        family.with(trap()).inc();
        armed.store(true, Relaxed);
        panics(|| family.with(trap()).inc());
        panics(|| family.handle(("new", Trap(&armed))).inc());
        panics(|| family.get(trap()).is_some());
        panics(|| family.remove(trap()));
        panics(|| family.curry([Trap(&armed)]));
        panics(|| family.curry(["new"]).with([Trap(&armed)]).inc());
        armed.store(false, Relaxed);
        family.with(trap()).inc();
        let page = generate_metrics(&family);
        assert!(page.ends_with("\nf_total{a=\"x\",b=\"x\"} 2\n"), "{page}");
        assert_eq!(family.len(), 1);
        assert!(family.remove(trap()));
    });
}

#[test]
fn a_closure_that_panics_is_measured_and_counted() {
    in_time(|| {
        let (seconds, rows) = (Histogram::new(&[1e9]), Summary::new());
        let (failures, depth) = (Counter::<u64>::new(), Gauge::<i64>::new());
        panics(|| seconds.time(|| fail()));
        panics(|| rows.time(|| fail()));
        panics(|| failures.count_panics(|| fail()));
        panics(|| failures.count_err_if(Err::<(), _>(()), |()| fail()));
        panics(|| {
            let _guard = depth.track_in_progress();
            fail()
        });
        assert_eq!((seconds.snapshot().count(), rows.count(), failures.get(), depth.get()), (1, 1, 1, 0));

        let armed = Arc::new(AtomicBool::new(true));
        let trap = Arc::clone(&armed);
        let level = Metric::gauge_fn("level", "L.", move || if trap.load(Relaxed) { fail() } else { 7 });
        let page = generate_metrics(&level);
        assert!(page.contains("reason=\"panicked\"") && !page.contains("\nlevel "), "{page}");
        armed.store(false, Relaxed);
        assert_eq!(generate_metrics(&level), "# HELP level L.\n# TYPE level gauge\nlevel 7\n");
    });
}

#[test]
fn a_collector_that_panics_half_way_leaves_registry_scrape_and_families_whole() {
    in_time(|| {
        static JOBS: Family<Histogram, 1> = Family::histogram("jobs", "J.", ["queue"], &[1.0]);
        let registry = Arc::new(CollectorRegistry::with_prefix("svc").unwrap());
        registry.register(Arc::new(&JOBS as &dyn Collector)).unwrap();
        JOBS.with(["mail"]).observe(0.5);
        let again = Arc::clone(&registry);
        let half = Arc::new(collect_fn(move |scrape| {
            const HALF: Descriptor<'static> = Descriptor::new(MetricType::Gauge, "half", "H.");
            // Within others' prefix and labels, in the middle of a family, with the registry in use.
            scrape.prefixed("inner", |scrape| {
                scrape.labelled(&[("zone", "b")], |scrape| {
                    let mut samples = scrape.family(&HALF);
                    samples.push([("a", "1")], 1);
                    JOBS.with(["print"]).observe(2.0);
                    assert!(again.unregister("no_such_name").is_err());
                    fail()
                });
            });
        }));
        // Describing it panics as well, which is told to whoever registers it, and leaves no trace.
        panics(|| registry.register(half.clone()).is_ok());
        assert_eq!(registry.len(), 1);

        struct Described<C>(C);

        impl<C: Collector> Collector for Described<C> {
            fn collect(&self, scrape: &mut Scrape<'_>) {
                self.0.collect(scrape);
            }

            fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
                let half = Descriptor::new(MetricType::Gauge, "half", "H.");
                visit(MetricName::new("", half.name()), &half);
            }
        }

        registry.register(Arc::new(Described(half))).unwrap();
        let last = Metric::gauge("last", "L.").register_in(&*registry).unwrap();
        last.set(3.0);
        // It observed once while it was described.
        for count in 2..=4 {
            let page = generate_metrics(&*registry);
            assert!(
                page.contains("\nsvc_last 3\n") && page.contains("svc_jobs_count{queue=\"mail\"} 1\n"),
                "{page}"
            );
            assert!(!page.contains("inner") && !page.contains("zone"), "{page}");
            let error = "rutheus_scrape_errors{family=\"svc_half\",reason=\"panicked\"} 1\n";
            assert!(page.ends_with(error), "{page}");
            assert_eq!(JOBS.with(["print"]).snapshot().count(), count);
        }
        registry.unregister("half").unwrap();
        assert!(!generate_metrics(&*registry).contains("rutheus_scrape_errors"));
    });
}

/// An encoder of somebody else's that panics at the `n`-th sample.
struct Fragile(usize);

impl Encoder for Fragile {
    fn family(&mut self, _: MetricName<'_>, _: &Descriptor<'_>) {}

    fn sample(&mut self, _: Labels<'_>, _: Value<'_>) {
        match self.0.checked_sub(1) {
            Some(left) => self.0 = left,
            None => fail(),
        }
    }
}

#[test]
fn an_encoder_that_panics_while_a_family_is_walked_leaves_it_usable() {
    in_time(|| {
        let sizes: Family<Histogram, 1> = Family::histogram("sizes", "S.", ["kind"], &[1.0]);
        (0..5).for_each(|kind| sizes.with((kind,)).observe(0.5));
        for samples in 0..5 {
            panics(|| sizes.collect(&mut Scrape::new(&mut Fragile(samples))));
            (0..5).for_each(|kind| sizes.with((kind,)).observe(0.5));
        }
        assert!(sizes.remove((2,)));
        assert_eq!(sizes.with((3,)).snapshot().count(), 6);
        assert_eq!(generate_metrics(&sizes).matches("_count{").count(), 4);
    });
}

/// A registry of somebody else's, all of which panics.
struct Broken;

impl Collector for Broken {
    fn collect(&self, _: &mut Scrape<'_>) {
        fail()
    }

    fn describe(&self, _: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {}
}

impl Registry for Broken {
    fn prefix(&self) -> Option<std::borrow::Cow<'_, str>> {
        None
    }

    fn register(&self, _: Arc<dyn Collector>) -> Result<(), RegisterError> {
        fail()
    }

    fn unregister(&self, _: &str) -> Result<Arc<dyn Collector>, UnregisterError> {
        fail()
    }
}

#[test]
fn a_registry_that_panics_behind_a_proxy_can_be_swapped_for_a_good_one() {
    in_time(|| {
        let proxy = RegistryProxy::new();
        let jobs = Metric::gauge("jobs", "J.").register_in(&proxy).unwrap();
        jobs.set(1.0);
        let good = proxy.set_registry(Arc::new(Broken)).unwrap();
        panics(|| Metric::gauge("more", "M.").register_in(&proxy).is_ok());
        panics(|| proxy.unregister("jobs").is_ok());
        let page = generate_metrics(&proxy);
        assert!(page.contains("reason=\"panicked\""), "{page}");
        proxy.set_registry(good).unwrap();
        assert_eq!(generate_metrics(&proxy), "# HELP jobs J.\n# TYPE jobs gauge\njobs 1\n");
    });
}

/// Panics again when what it panicked with is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        fail()
    }
}

#[test]
fn a_panic_whose_payload_panics_is_one_error() {
    in_time(|| {
        let registry = CollectorRegistry::new();
        let bomb = Metric::gauge_fn("bomb", "B.", || -> u64 { std::panic::resume_unwind(Box::new(Bomb)) });
        registry.register(Arc::new(bomb)).unwrap();
        registry.register(Arc::new(Metric::gauge("after", "A."))).unwrap();
        let page = generate_metrics(&registry);
        assert!(page.contains("\nafter 0\n"), "{page}");
        assert!(page.ends_with("rutheus_scrape_errors{family=\"bomb\",reason=\"panicked\"} 1\n"), "{page}");
    });
}
