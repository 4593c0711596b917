// In the order in which the page of documentation is to have their methods.
mod value;

mod whole;

mod float;

mod counting;

#[cfg(test)]
mod tests;

#[cfg(feature = "std")]
use crate::exemplar_slot::Slot;
use crate::extension::Extension;
use crate::{Number, Samples};

pub use self::value::CounterValue;

/// A number that only goes up: requests served, bytes sent, errors met.
///
/// `Counter` counts in `u64` and wraps around past 2^64 − 1, which a server reads as a restart.
/// `Counter<f64>` also takes fractions, such as seconds.
///
/// An update is one atomic operation on one word. When threads collide on it, the counter gets a
/// word for each of them (2 KiB, once), and they no longer meet.
///
/// An update can leave an exemplar, which leads from the number to one of the things that it counts:
/// with labels that are given to it, or by themselves (see `set_exemplar_source`).
///
/// ```
/// use metrics_core::Counter;
///
/// static REQUESTS: Counter = Counter::new();
/// REQUESTS.inc();
/// REQUESTS.inc_by(2);
/// assert_eq!(REQUESTS.get(), 3);
/// ```
pub struct Counter<V: CounterValue = u64> {
    cell: V::Cell,
}

fn emit<T>(own: &str, value: Number, extension: &Extension<T, Slot>, samples: &mut Samples<'_>) {
    #[cfg(feature = "std")]
    if let Some(slot) = extension.exemplars() {
        return samples.emit_with_exemplars(own, value.into(), |copies| slot.copy_to(copies));
    }
    let _ = extension;
    samples.emit(own, value.into());
}

/// Without `std` there are no exemplars.
#[cfg(not(feature = "std"))]
type Slot = ();

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for f64 {}
}
