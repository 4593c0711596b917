//! What a registry costs in memory; alone in its file, as it counts every allocation of the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics_core::{Collector, Scrape};
use metrics_registry::{CollectorRegistry, Registry};

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Nothing;

impl Collector for Nothing {
    fn collect(&self, _: &mut Scrape<'_>) {}
}

/// One test, as others in the process would be counted with it.
#[test]
fn an_empty_registry_costs_hundreds_of_bytes_and_a_dropped_one_nothing() {
    const N: usize = 100;
    // Once before, for what is made once for the process or the thread.
    drop(CollectorRegistry::new());
    let before = BYTES.load(Ordering::Relaxed);
    let registries: Vec<_> = (0..N).map(|_| CollectorRegistry::new()).collect();
    let each = (BYTES.load(Ordering::Relaxed) - before) / N;
    assert!(each < 1_200, "{each} bytes");

    for registry in &registries {
        registry.register(Arc::new(Nothing)).unwrap();
    }
    drop(registries);
    assert_eq!(BYTES.load(Ordering::Relaxed), before);
}
