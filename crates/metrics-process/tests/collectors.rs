//! Runtimes, allocators and builds.

use std::sync::Arc;

use metrics_core::{Info, Metric};
use metrics_exposition::generate_metrics;
use metrics_process::{AllocatorMetrics, AllocatorStatistics, ProcessMetrics};
use metrics_registry::{CollectorRegistry, Registry};

static BUILD: Metric<Info> = metrics_process::build_info!("app_build_info", "profile" => "test");

#[test]
fn a_build_says_what_it_is() {
    let page = generate_metrics(&BUILD);
    let labels = format!("version=\"{}\",revision=\"", env!("CARGO_PKG_VERSION"));
    assert!(page.contains(&format!("\napp_build_info{{{labels}")), "{page}");
    assert!(page.contains(&format!("rustc=\"{}\",profile=\"test\"}} 1\n", metrics_process::RUSTC)), "{page}");
}

#[test]
fn names_are_reserved_before_anything_is_read() {
    let registry = CollectorRegistry::new();
    registry.register(Arc::new(ProcessMetrics::new())).unwrap();
    registry.register(Arc::new(AllocatorMetrics::new(|| unreachable!()))).unwrap();
    for name in ["process_threads", "process_virtual_memory_max_bytes", "allocator_mapped_bytes"] {
        assert!(registry.register(Arc::new(Metric::gauge_fn(name, "", || 1))).is_err(), "{name}");
    }
}

#[test]
fn an_allocator_says_what_it_knows() {
    let metrics = AllocatorMetrics::new(|| AllocatorStatistics {
        allocated_bytes: Some(1),
        resident_bytes: None,
        mapped_bytes: Some(3),
        allocations: Some(4),
        requested_bytes: Some(5),
    });
    let page = generate_metrics(&metrics);
    let samples: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = [
        "allocator_allocated_bytes 1",
        "allocator_mapped_bytes 3",
        "allocator_allocations_total 4",
        "allocator_requested_bytes_total 5",
    ];
    assert_eq!(samples, expected);
}

#[cfg(feature = "tokio")]
#[test]
fn a_runtime_says_what_it_does() {
    use metrics_process::TokioMetrics;

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let metrics = TokioMetrics::new(runtime.handle().clone());
    let has = |line: &str| generate_metrics(&metrics).lines().any(|other| other == line);
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let task = runtime.spawn(async { drop(ended.await) });
    assert!(has("tokio_workers 2") && has("tokio_alive_tasks 1"), "{}", generate_metrics(&metrics));
    drop(end);
    runtime.block_on(task).unwrap();
    assert!(has("tokio_alive_tasks 0"));
    let page = generate_metrics(&metrics);
    for worker in [0, 1] {
        assert!(
            page.contains(&format!("\ntokio_worker_busy_seconds_total{{worker=\"{worker}\"}} ")),
            "{page}"
        );
        assert!(page.contains(&format!("\ntokio_worker_parks_total{{worker=\"{worker}\"}} ")), "{page}");
    }
}
