//! What may cross threads, and what may cross a caught panic: every type that the crate exports is here.

use std::panic::{RefUnwindSafe, UnwindSafe};

use metrics_registry::{
    CollectorRegistry, CollectorRegistryBuilder, Register, RegisterError, Registry, RegistryProxy,
    SetRegistryError, UnregisterError,
};

fn shared<T: Send + Sync + ?Sized>() {}
fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
fn error<T: std::error::Error + Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {}

#[test]
fn registries_are_shared_and_cross_a_caught_panic() {
    shared::<CollectorRegistry>();
    shared::<CollectorRegistryBuilder>();
    shared::<RegistryProxy>();
    shared::<dyn Registry>();
    unwinds::<CollectorRegistry>();
    unwinds::<CollectorRegistryBuilder>();
    unwinds::<RegistryProxy>();
}

#[test]
fn errors_can_be_boxed_and_sent() {
    error::<RegisterError>();
    error::<UnregisterError>();
    error::<SetRegistryError>();
}

#[allow(dead_code)]
fn a_registered_metric_is_shared<R: Register>() {
    shared::<R>();
}

/// What is exported for the macros only.
const HIDDEN: [&str; 2] = ["Collector", "Declared"];

#[test]
fn no_exported_type_is_missing_here() {
    let (library, this) = (include_str!("../src/lib.rs"), include_str!("traits.rs"));
    let code = library.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<String>();
    let exports = code.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let words = exports.flat_map(|export| export.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    let is_type = |word: &&str| {
        let mut chars = word.chars();
        chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
    };
    let mut types: Vec<_> = words.filter(is_type).filter(|name| !HIDDEN.contains(name)).collect();
    assert!(types.len() > 5, "{types:?}");
    types.retain(|name| {
        this.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| w == name).count() < 2
    });
    assert!(types.is_empty(), "not checked: {types:?}");
}
