//! `gather` is the page of the global registry, in a process of its own.

use rutheus::{Metric, REGISTRY, Register, gather, generate_metrics};

#[test]
fn gather_is_the_page_of_the_global_registry() -> Result<(), rutheus::RegisterError> {
    assert_eq!(gather(), "");
    Metric::gauge("depth", "Depth.").register()?.set(1.5);
    assert_eq!(gather(), "# HELP depth Depth.\n# TYPE depth gauge\ndepth 1.5\n");
    assert_eq!(gather(), generate_metrics(&REGISTRY));
    Ok(())
}
