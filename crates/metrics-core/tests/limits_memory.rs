//! A family under attack, alone in its process, as it counts what is allocated.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::scrape;
use metrics_core::{Counter, Family};

/// The bytes that are allocated at the moment.
static BYTES: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is handed on to the system's allocator; the counter touches no allocated memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller keeps to the conditions of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps to the conditions of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_million_random_label_values_take_bounded_memory_and_the_total_is_exact() {
    const MOST: usize = 1000;
    let family: Family<Counter, 2> = Family::counter("f_total", "F.", ["path", "agent"]).max_series(MOST);
    let mut random = 1u64;
    let mut text = String::with_capacity(64);
    let mut fill = |n: usize| {
        for _ in 0..n {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.clear();
            std::fmt::Write::write_fmt(&mut text, format_args!("/{random:x}")).unwrap();
            family.with([&*text, &text[..5]]).inc();
        }
    };
    fill(2 * MOST);
    let before = BYTES.load(Relaxed);
    fill(1_000_000 - 2 * MOST);
    assert!(BYTES.load(Relaxed) < before + 4096, "{} more", BYTES.load(Relaxed) - before);
    assert_eq!(family.len(), MOST + 1);
    let (lines, errors) = scrape(&family);
    let total: u64 =
        lines[1..].iter().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!((total, errors.len()), (1_000_000, 0));
    let overflow = family.with([Family::<Counter, 2>::OVERFLOW; 2]).get();
    assert_eq!((overflow, family.overflowed()), (1_000_000 - MOST as u64, 1_000_000 - MOST as u64));
}
