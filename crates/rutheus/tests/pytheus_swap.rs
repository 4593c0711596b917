//! `REGISTRY.set_registry(my_registry)`, in a process of its own.

use std::error::Error;
use std::sync::Arc;

use rutheus::{
    CollectorRegistry, Counter, Metric, REGISTRY, Register, Registry, gather, generate_metrics, metrics,
};

metrics! {
    static DECLARED: Metric<Counter> = Metric::counter("declared_total", "Declared.");
}

#[test]
fn the_global_registry_is_replaced_and_the_old_one_handed_back() -> Result<(), Box<dyn Error>> {
    Metric::counter("before_total", "Before.").register()?.inc();
    DECLARED.inc();

    let old = REGISTRY.set_registry(Arc::new(CollectorRegistry::with_prefix("service_a")?))?;
    assert_eq!(REGISTRY.prefix().as_deref(), Some("service_a"));
    assert_eq!(old.prefix(), None);

    Metric::counter("after_total", "After.").register()?.inc_by(2);
    let page = gather();
    assert!(page.contains("\nservice_a_after_total 2\n"), "{page}");
    assert!(page.contains("\nservice_a_declared_total 1\n"), "what is declared follows: {page}");
    assert!(!page.contains("before_total"), "what was registered by hand stays where it is: {page}");
    assert!(generate_metrics(&*old).contains("\nbefore_total 1\n"));

    let new = REGISTRY.set_registry(old)?;
    assert_eq!(new.prefix().as_deref(), Some("service_a"));
    assert!(gather().contains("\nbefore_total 1\n"));
    Ok(())
}
