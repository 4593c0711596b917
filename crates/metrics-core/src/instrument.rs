use crate::{MetricType, Samples};

/// A bare value that can be measured: what a [`Metric`](crate::Metric) names.
///
/// ```
/// use metrics_core::{Counter, Histogram, Instrument, MetricType};
///
/// assert_eq!(Counter::<u64>::TYPE, MetricType::Counter);
/// assert_eq!(Histogram::TYPE, MetricType::Histogram);
/// ```
///
/// Implemented by the instruments of this crate only. A type of one's own implements
/// [`Collector`](crate::Collector) instead.
pub trait Instrument: sealed::Sealed + Send + Sync + 'static {
    /// The type of the family that holds it.
    const TYPE: MetricType;

    /// Pushes the value of now under the rendered labels `own`.
    #[doc(hidden)]
    fn emit(&self, own: &str, samples: &mut Samples<'_>);
}

/// An instrument that a [`Family`](crate::Family) can make for each label set.
///
/// ```
/// use metrics_core::{Counter, Family, FromOptions, Histogram, Buckets};
///
/// /// A family with the same labels for any instrument.
/// fn by_route<M: FromOptions>(name: &'static str, options: M::Options) -> Family<M, 2> {
///     Family::try_new(name, "By route.", ["method", "route"], options).unwrap()
/// }
/// let requests = by_route::<Counter>("requests_total", ());
/// let sizes = by_route::<Histogram>("request_size_bytes", Buckets::exponential(64.0, 4.0, 8).unwrap());
/// requests.with(["GET", "/"]).inc();
/// sizes.with(["GET", "/"]).observe(200.0);
/// assert_eq!((requests.len(), sizes.len()), (1, 1));
/// ```
pub trait FromOptions: Instrument {
    /// What all series of the family share: `()`, the [`Buckets`](crate::Buckets) of a histogram, the
    /// [`States`](crate::States) of a state set.
    type Options: Clone + Send + Sync + 'static;

    /// A new instrument at its zero.
    #[doc(hidden)]
    fn from_options(options: &Self::Options) -> Self;

    /// Makes what a series needs before its first update. Instruments of a block are made together, most
    /// of them long before they belong to a series.
    #[doc(hidden)]
    fn begin(&self) {}

    /// The options in the form in which series share what is computed from them.
    #[doc(hidden)]
    fn shared(options: &Self::Options) -> Self::Options {
        options.clone()
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}

    impl<V: crate::CounterValue> Sealed for crate::Counter<V> {}
    impl<V: crate::GaugeValue> Sealed for crate::Gauge<V> {}
    impl Sealed for crate::Summary {}
    impl Sealed for crate::Info {}
    impl Sealed for crate::StateSet {}
    impl<F> Sealed for crate::CounterFn<F> {}
    impl<F> Sealed for crate::GaugeFn<F> {}
    #[cfg(feature = "std")]
    impl Sealed for crate::Histogram {}
}
