//! A registry is asked for some of its families by their full names.

mod common;

use std::sync::Arc;

use common::page;
use metrics_core::{Metric, select};
use metrics_registry::{CollectorRegistry, Register, Registry};

#[test]
fn families_of_nested_registries_are_asked_for_by_their_full_names() -> Result<(), Box<dyn std::error::Error>>
{
    let inner = Arc::new(CollectorRegistry::with_prefix("inner")?);
    Metric::counter("hits_total", "H.").register_in(&*inner)?;
    Metric::gauge_fn("slow", "S.", || -> f64 { panic!("nobody asked for it") }).register_in(&*inner)?;
    let outer = CollectorRegistry::with_prefix("outer")?;
    outer.register(inner)?;
    Metric::gauge("hits", "G.").register_in(&outer)?;

    assert_eq!(page(&select(&outer, ["outer_hits"])), ["outer_hits 0"]);
    assert_eq!(
        page(&select(&outer, ["outer_inner_hits_total", "hits", "inner_hits_total"])),
        ["outer_inner_hits_total 0"]
    );
    assert!(page(&select(&outer, ["slow"])).is_empty());
    Ok(())
}
