use core::fmt;

use crate::{Collector, Instrument, Labels, MetricType, Number, Samples, Scrape};

/// A gauge whose value is computed by a closure at each scrape.
///
/// ```
/// use metrics_core::{GaugeFn, Metric};
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// static CONNECTIONS: AtomicUsize = AtomicUsize::new(5);
/// let open = Metric::gauge_fn("connections_open", "Open connections.", || CONNECTIONS.load(Ordering::Relaxed));
/// assert_eq!(open.get().as_f64(), 5.0);
/// ```
pub struct GaugeFn<F> {
    compute: F,
}

/// A counter whose value is computed by a closure at each scrape; a negative or NaN value is left
/// out and reported.
///
/// ```
/// use metrics_core::{CounterFn, Metric};
///
/// let faults = Metric::counter_fn("page_faults_total", "Page faults.", || 12u64);
/// assert_eq!(faults.get().as_f64(), 12.0);
/// ```
pub struct CounterFn<F> {
    compute: F,
}

macro_rules! computed {
    ($name:ident, $text:literal, $metric_type:ident) => {
        impl<F, N> $name<F>
        where
            F: Fn() -> N + Send + Sync + 'static,
            N: Into<Number>,
        {
            /// Computes with `compute`.
            pub const fn new(compute: F) -> Self {
                Self { compute }
            }

            /// Computes the value now.
            pub fn get(&self) -> Number {
                (self.compute)().into()
            }
        }

        impl<F, N> Instrument for $name<F>
        where
            F: Fn() -> N + Send + Sync + 'static,
            N: Into<Number>,
        {
            const TYPE: MetricType = MetricType::$metric_type;

            fn emit(&self, own: &str, samples: &mut Samples<'_>) {
                if samples.is_wanted() {
                    samples.sample(Labels::rendered("", own), self.get().into());
                }
            }
        }

        impl<F> fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text)
            }
        }
    };
}

computed!(GaugeFn, "GaugeFn", Gauge);
computed!(CounterFn, "CounterFn", Counter);

/// A closure as a collector; made by [`collect_fn`].
///
/// ```
/// use metrics_core::{CollectFn, Collector, Scrape, collect_fn};
///
/// const NOTHING: CollectFn<fn(&mut Scrape<'_>)> = collect_fn(|_| {});
/// let mut families = 0;
/// NOTHING.describe(&mut |_, _| families += 1);
/// assert_eq!(families, 0);
/// ```
#[derive(Clone)]
pub struct CollectFn<F> {
    collect: F,
}

/// Makes a collector of a closure that pushes into the scrape.
///
/// ```
/// use metrics_core::{Descriptor, MetricType, collect_fn, Collector};
///
/// const LOAD: Descriptor = Descriptor::new(MetricType::Gauge, "load", "Load by minutes.");
/// let load = collect_fn(|scrape| {
///     let mut samples = scrape.family(&LOAD);
///     samples.push([("minutes", "1")], 0.5);
///     samples.push([("minutes", "5")], 0.25);
/// });
/// # let mut n = 0;
/// # load.describe(&mut |_, _| n += 1);
/// # assert_eq!(n, 1);
/// ```
pub const fn collect_fn<F: Fn(&mut Scrape<'_>) + Send + Sync>(collect: F) -> CollectFn<F> {
    CollectFn { collect }
}

impl<F: Fn(&mut Scrape<'_>) + Send + Sync> Collector for CollectFn<F> {
    fn collect(&self, scrape: &mut Scrape<'_>) {
        (self.collect)(scrape);
    }
}

impl<F> fmt::Debug for CollectFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CollectFn")
    }
}
