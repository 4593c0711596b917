use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::{Descriptor, MetricName, Scrape};

/// Anything that can be scraped: a metric, a family, a registry, or a type of one's own.
///
/// A collector pushes what it knows into a [`Scrape`]; nothing is returned and nothing is kept.
/// It runs on the thread that scrapes, with no lock held, so it may read, update, register or
/// scrape whatever it likes. References, `Arc`s, boxes, slices, vectors and tuples of collectors are
/// collectors too, which is how a group of metrics becomes one.
///
/// ```
/// use metrics_core::{Collector, Descriptor, MetricType, Scrape};
///
/// struct Temperatures;
///
/// impl Collector for Temperatures {
///     fn collect(&self, scrape: &mut Scrape<'_>) {
///         const CELSIUS: Descriptor =
///             Descriptor::new(MetricType::Gauge, "room_temperature_celsius", "Temperature by room.");
///         let mut samples = scrape.family(&CELSIUS);
///         samples.push([("room", "kitchen")], 21.5);
///         samples.push([("room", "cellar")], 12);
///     }
/// }
///
/// let mut names = Vec::new();
/// Temperatures.describe(&mut |name, _| names.push(name.to_string()));
/// assert_eq!(names, ["room_temperature_celsius"]);
/// ```
pub trait Collector: Send + Sync {
    /// Pushes every family and sample into `scrape`.
    ///
    /// A panic loses the output of this collector only: a registry that isolates its collectors
    /// reports it on the page and goes on with the next one.
    fn collect(&self, scrape: &mut Scrape<'_>);

    /// Names every family that [`collect`](Self::collect) may push, so that a registry can refuse a
    /// name that is taken.
    ///
    /// The default runs `collect` and keeps the families only. Write it by hand where collecting is
    /// expensive, or where the families differ from scrape to scrape.
    fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
        self.collect(&mut Scrape::dry(visit));
    }
}

macro_rules! collector_by_deref {
    ($($ty:ty),*) => {
        $(impl<C: Collector + ?Sized> Collector for $ty {
            fn collect(&self, scrape: &mut Scrape<'_>) {
                (**self).collect(scrape);
            }

            fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
                (**self).describe(visit);
            }
        })*
    };
}

collector_by_deref!(&C, Arc<C>, Box<C>);

macro_rules! collector_by_iteration {
    ($([$($generics:tt)*] $ty:ty),*) => {
        $(impl<C: Collector, $($generics)*> Collector for $ty {
            fn collect(&self, scrape: &mut Scrape<'_>) {
                for collector in self {
                    collector.collect(scrape);
                }
            }

            fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
                for collector in self {
                    collector.describe(visit);
                }
            }
        })*
    };
}

collector_by_iteration!([] [C], [] Vec<C>, [const N: usize] [C; N]);

macro_rules! collector_for_tuples {
    ($(($($name:ident)*))*) => {
        $(#[allow(non_snake_case)]
        impl<$($name: Collector),*> Collector for ($($name,)*) {
            fn collect(&self, scrape: &mut Scrape<'_>) {
                let ($($name,)*) = self;
                $($name.collect(scrape);)*
            }

            fn describe(&self, visit: &mut dyn FnMut(MetricName<'_>, &Descriptor<'_>)) {
                let ($($name,)*) = self;
                $($name.describe(visit);)*
            }
        })*
    };
}

collector_for_tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

impl fmt::Debug for dyn Collector + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn Collector")
    }
}
