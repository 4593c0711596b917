//! Registries and the proxy in every order of steps that two or three threads can take: run by
//! `cargo xtask loom`.
#![cfg(loom)]

mod common;

use std::sync::Arc;

use common::{gauge, page};
use loom::thread;
use metrics_core::__private::sync::explore;
use metrics_registry::{CollectorRegistry, RegisterError, Registry, RegistryProxy};

fn registry(prefix: &str, name: &str) -> Arc<dyn Registry> {
    let registry = CollectorRegistry::with_prefix(prefix).unwrap();
    registry.register(gauge(name)).unwrap();
    Arc::new(registry)
}

/// A proxy over the registry `a`, with the gauge `x`.
fn proxy() -> (Arc<RegistryProxy>, Arc<dyn Registry>) {
    let (proxy, first) = (RegistryProxy::new(), registry("a", "x"));
    proxy.set_registry(Arc::clone(&first)).unwrap();
    (Arc::new(proxy), first)
}

#[test]
fn a_scrape_during_a_swap_sees_one_registry() {
    explore("swap against scrape", || {
        let (proxy, first) = proxy();
        let other = Arc::clone(&proxy);
        let swap = thread::spawn(move || other.set_registry(registry("b", "y")).unwrap());
        let seen = page(&*proxy);
        assert!(seen == ["a_x 1"] || seen == ["b_y 1"], "{seen:?}");
        assert!(Arc::ptr_eq(&swap.join().unwrap(), &first));
        assert_eq!(page(&*proxy), ["b_y 1"]);
    });
}

#[test]
fn a_registration_during_a_swap_is_in_one_of_the_two() {
    explore("swap against registration", || {
        let (proxy, first) = proxy();
        let second = registry("b", "y");
        let (other, new) = (Arc::clone(&proxy), Arc::clone(&second));
        let swap = thread::spawn(move || other.set_registry(new).unwrap());
        proxy.register(gauge("z")).unwrap();
        swap.join().unwrap();
        let (in_first, in_second) = (page(&*first), page(&*second));
        assert_ne!(in_first.len() == 2, in_second.len() == 2, "{in_first:?} {in_second:?}");
        assert_eq!(page(&*proxy), in_second);
    });
}

#[test]
fn two_swaps_each_return_what_they_replaced() {
    explore("two swaps", || {
        let (proxy, first) = proxy();
        let (b, c) = (registry("b", "y"), registry("c", "z"));
        let (other, new) = (Arc::clone(&proxy), Arc::clone(&b));
        let swap = thread::spawn(move || other.set_registry(new).unwrap());
        let before_c = proxy.set_registry(Arc::clone(&c)).unwrap();
        let before_b = swap.join().unwrap();
        let is = |x: &Arc<dyn Registry>, y: &Arc<dyn Registry>| Arc::ptr_eq(x, y);
        if is(&before_b, &first) {
            assert!(is(&before_c, &b) && is(&proxy.current(), &c));
        } else {
            assert!(is(&before_b, &c) && is(&before_c, &first) && is(&proxy.current(), &b));
        }
    });
}

#[test]
fn a_proxy_that_is_first_used_by_two_threads_makes_one_registry() {
    explore("first use", || {
        let proxy = Arc::new(RegistryProxy::new());
        let (one, two) = (Arc::clone(&proxy), Arc::clone(&proxy));
        let threads = [
            thread::spawn(move || one.register(gauge("x"))),
            thread::spawn(move || two.register(gauge("y"))),
        ];
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        assert_eq!(page(&*proxy).len(), 2);
    });
}

#[test]
fn a_proxy_that_is_first_used_during_a_swap_loses_no_registry() {
    explore("first use against swap", || {
        let (proxy, second) = (Arc::new(RegistryProxy::new()), registry("b", "y"));
        let (other, new) = (Arc::clone(&proxy), Arc::clone(&second));
        let swap = thread::spawn(move || other.set_registry(new).unwrap());
        let current = proxy.current();
        let previous = swap.join().unwrap();
        assert!(Arc::ptr_eq(&current, &previous) || Arc::ptr_eq(&current, &second));
        assert!(!Arc::ptr_eq(&previous, &second) && Arc::ptr_eq(&proxy.current(), &second));
    });
}

#[test]
fn one_of_two_registrations_of_a_name_is_refused() {
    explore("two registrations of a name", || {
        let registry = Arc::new(CollectorRegistry::new());
        let other = Arc::clone(&registry);
        let thread = thread::spawn(move || other.register(gauge("x")));
        let outcomes = [registry.register(gauge("x")), thread.join().unwrap()];
        let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [RegisterError::duplicate("x", "x")]);
        assert_eq!((page(&*registry), registry.len()), (vec!["x 1".to_owned()], 1));
    });
}

#[test]
fn one_of_two_unregistrations_of_a_name_gets_it() {
    explore("two unregistrations of a name, and a scrape", || {
        let registry = Arc::new(CollectorRegistry::new());
        registry.register(gauge("x")).unwrap();
        registry.register(gauge("y")).unwrap();
        let (one, two) = (Arc::clone(&registry), Arc::clone(&registry));
        let threads = [
            thread::spawn(move || one.unregister("x").is_ok()),
            thread::spawn(move || two.unregister("x").is_ok()),
        ];
        let seen = page(&*registry);
        assert!(seen == ["x 1", "y 1"] || seen == ["y 1"], "{seen:?}");
        let taken = threads.map(|thread| thread.join().unwrap());
        assert_ne!(taken[0], taken[1]);
        assert!(!registry.contains("x") && page(&*registry) == ["y 1"]);
        registry.register(gauge("x")).unwrap();
    });
}

#[test]
fn a_name_that_is_given_up_can_be_taken_at_once() {
    explore("registration against unregistration", || {
        let registry = Arc::new(CollectorRegistry::new());
        registry.register(gauge("x")).unwrap();
        let other = Arc::clone(&registry);
        let thread = thread::spawn(move || other.unregister("x").is_ok());
        let registered = registry.register(gauge("x")).is_ok();
        assert!(thread.join().unwrap());
        // It came either before, and was refused, or after.
        assert_eq!((registry.contains("x"), registry.len()), (registered, usize::from(registered)));
        assert_eq!(page(&*registry).len(), usize::from(registered));
    });
}
