//! The global registry swapped under scrapes; alone in its file, as it is global.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use common::{Finally, names, register_all};
use metrics_registry::{CollectorRegistry, REGISTRY, Registry};

/// Each registry has its own prefix and a full set of ten: a page is one of those, whole.
#[test]
fn a_page_never_mixes_two_registries() {
    const SCRAPES: usize = 10_000;
    let metrics: Vec<String> = (0..10).map(|i| format!("m{i}")).collect();
    let metrics: Vec<&str> = metrics.iter().map(|name| &**name).collect();
    let make = |n: usize| {
        let registry = CollectorRegistry::with_prefix(format!("r{n}")).unwrap();
        register_all(&registry, &metrics);
        Arc::new(registry) as Arc<dyn Registry>
    };
    let kept: Vec<_> = (0..4).map(make).collect();
    REGISTRY.set_registry(make(4)).unwrap();
    let (scrapes, swaps, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let seen: Vec<AtomicUsize> = (0..10).map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(5);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let _done = Finally(&done);
                start.wait();
                while !done.load(Ordering::Relaxed)
                    && (scrapes.fetch_add(1, Ordering::Relaxed) < SCRAPES
                        || swaps.load(Ordering::Relaxed) < 1_000)
                {
                    let page = names(&REGISTRY);
                    let (prefix, _) = page[0].split_once('_').unwrap();
                    let whole: Vec<_> = metrics.iter().map(|name| format!("{prefix}_{name}")).collect();
                    assert_eq!(page, whole);
                    seen[prefix[1..].parse::<usize>().unwrap()].fetch_add(1, Ordering::Relaxed);
                    // Whoever asks for the current one gets a whole one, too.
                    let current = REGISTRY.current();
                    assert!(names(&current)[0].starts_with(&*current.prefix().unwrap()));
                }
            });
        }
        start.wait();
        while !done.load(Ordering::Relaxed) {
            let swap = swaps.fetch_add(1, Ordering::Relaxed);
            // Some are kept, and some are made anew and dropped under the scrapes.
            let n = swap % 10;
            REGISTRY.set_registry(if n < 4 { kept[n].clone() } else { make(n) }).unwrap();
        }
    });
    assert!(scrapes.into_inner() >= SCRAPES);
    assert!(seen.iter().filter(|seen| seen.load(Ordering::Relaxed) > 0).count() > 1);
}
