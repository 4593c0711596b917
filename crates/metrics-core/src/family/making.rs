//! How a family is made, in a constant or at run time, and what it is told before its first series.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use super::limits::Limits;
use super::{Family, LabelNames};
use crate::created;
use crate::metric::Meta;
use crate::name::{InvalidDescriptor, InvalidReason, check_label_name, check_utf8_label_name, str_eq};
use crate::sync::OnceLock;
use crate::{
    Buckets, Counter, FromOptions, Gauge, Histogram, Info, MetricType, Native, StateSet, States, Summary,
};

macro_rules! constructor {
    ($name:ident, $instrument:ty, $doc:literal $(, $option:ident: $ty:ty => $options:expr)?) => {
        impl<const N: usize> Family<$instrument, N> {
            #[doc = $doc]
            ///
            /// # Panics
            ///
            /// If a name is invalid, reserved or stands twice, or the options are; in a constant,
            /// that is a compile error.
            pub const fn $name(
                name: &'static str,
                help: &'static str,
                label_names: [&'static str; N],
                $($option: $ty)?
            ) -> Self {
                Self::constant(Meta::from_static(<$instrument as crate::Instrument>::TYPE, name, help), label_names, ($($options)?))
            }
        }
    };
}

constructor!(counter, Counter, "A family of `u64` counters.");
constructor!(counter_f64, Counter<f64>, "A family of `f64` counters.");
constructor!(gauge, Gauge, "A family of `f64` gauges.");
constructor!(gauge_i64, Gauge<i64>, "A family of `i64` gauges.");
constructor!(summary, Summary, "A family of summaries.");
constructor!(info, Info, "A family of facts, which are the labels.");
constructor!(
    histogram, Histogram, "A family of histograms with the upper bounds of a constant.",
    bounds: &'static [f64] => Buckets::from_static(bounds)
);
constructor!(
    state_set, StateSet, "A family of state sets, the first state of each being on.",
    states: &'static [&'static str] => States::new(states)
);

constructor!(
    native_histogram, Histogram, "A family of histograms with native buckets alone.",
    native: Native => Buckets::constant_native(native)
);

impl<const N: usize> Family<Histogram, N> {
    /// The same family with native buckets beside the classic ones: each observation is counted in both.
    ///
    /// # Panics
    ///
    /// If a number of `native` is out of its range, or the family was made at run time: give
    /// [`Buckets::with_native`] to it there. In a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Family, Histogram, Native};
    ///
    /// static SECONDS: Family<Histogram, 1> =
    ///     Family::histogram("job_seconds", "Time for a job.", ["queue"], &Histogram::DEFAULT_BUCKETS)
    ///         .with_native(Native::DEFAULT);
    /// let mail = SECONDS.with(["mail"]);
    /// mail.observe(0.3);
    /// assert_eq!(mail.snapshot().native().unwrap().count().as_f64(), 1.0);
    /// ```
    #[must_use]
    pub const fn with_native(mut self, native: Native) -> Self {
        self.options.set_native(native);
        self
    }
}

impl<M: FromOptions, const N: usize> Family<M, N> {
    /// A family of what is known at run time; `options` is `()` for all but a histogram, which takes
    /// its [`Buckets`], and a state set, which takes its [`States`].
    ///
    /// # Errors
    ///
    /// If a name is invalid, reserved or stands twice.
    ///
    /// ```
    /// use metrics_core::{Buckets, Family, Histogram};
    ///
    /// let sizes: Family<Histogram, 1> = Family::try_new(
    ///     format!("{}_size_bytes", "upload"), "Sizes.", ["kind"], Buckets::exponential(1024.0, 4.0, 6)?,
    /// )?;
    /// sizes.with(["image"]).observe(5000.0);
    ///
    /// let error = Family::<Histogram, 1>::try_new("size_bytes", "Sizes.", ["le"], Buckets::try_new([1.0])?).unwrap_err();
    /// assert_eq!((error.metric(), error.label()), ("size_bytes", "le"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_new(
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        label_names: [impl Into<Cow<'static, str>>; N],
        options: M::Options,
    ) -> Result<Self, InvalidDescriptor> {
        Self::checked(Meta::try_new(name.into(), help.into())?, label_names.map(Into::into), options)
    }

    /// A family whose name and label names are constants of any UTF-8; [`Descriptor::utf8`](crate::Descriptor::utf8) says what
    /// readers get. `options` is what [`try_new`](Self::try_new) takes.
    ///
    /// # Panics
    ///
    /// If a name is empty, reserved or stands twice; in a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Counter, Family};
    ///
    /// static CALLS: Family<Counter, 1> = Family::utf8("rpc.calls", "Calls.", ["service.name"], ());
    /// CALLS.with(["checkout"]).inc();
    /// assert_eq!(CALLS.name(), "rpc.calls");
    /// ```
    pub const fn utf8(
        name: &'static str,
        help: &'static str,
        label_names: [&'static str; N],
        options: M::Options,
    ) -> Self {
        Self::constant(Meta::from_static_utf8(M::TYPE, name, help), label_names, options)
    }

    /// The same of what is known at run time.
    ///
    /// # Errors
    ///
    /// If a name is empty, reserved or stands twice.
    pub fn try_utf8(
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        label_names: [impl Into<Cow<'static, str>>; N],
        options: M::Options,
    ) -> Result<Self, InvalidDescriptor> {
        Self::checked(Meta::try_utf8(name.into(), help.into())?, label_names.map(Into::into), options)
    }

    fn checked(
        meta: Meta,
        label_names: [Cow<'static, str>; N],
        options: M::Options,
    ) -> Result<Self, InvalidDescriptor> {
        for (i, label) in label_names.iter().enumerate() {
            check_label(&meta, label, M::TYPE)
                .map_err(|reason| InvalidDescriptor::with_label(meta.name(), label, reason))?;
            if label_names[..i].contains(label) {
                let reason = InvalidReason::DuplicateLabelName;
                return Err(InvalidDescriptor::with_label(meta.name(), label, reason));
            }
        }
        let label_names = LabelNames::Owned(Box::new(label_names));
        Ok(Self {
            meta,
            label_names,
            defaults: [None; N],
            options,
            tells_created: false,
            limits: Limits::NONE,
            state: OnceLock::new(),
        })
    }

    const fn constant(meta: Meta, label_names: [&'static str; N], options: M::Options) -> Self {
        let mut i = 0;
        while i < N {
            if let Err(reason) = check_label(&meta, label_names[i], M::TYPE) {
                panic!("{}", reason.explain());
            }
            let mut j = 0;
            while j < i {
                assert!(
                    !str_eq(label_names[i], label_names[j]),
                    "{}",
                    InvalidReason::DuplicateLabelName.explain()
                );
                j += 1;
            }
            i += 1;
        }
        Self {
            meta,
            label_names: LabelNames::Static(label_names),
            defaults: [None; N],
            options,
            tells_created: false,
            limits: Limits::NONE,
            state: OnceLock::new(),
        }
    }

    /// The same family with default values for some labels, which apply where series are asked for
    /// by name ([`label`](Self::label)) or by default ([`with_defaults`](Self::with_defaults)).
    #[must_use]
    pub const fn default_labels(mut self, defaults: [Option<&'static str>; N]) -> Self {
        self.defaults = defaults;
        self
    }

    /// The same family with a unit, which must be the last word of its name, before `_total`.
    ///
    /// # Panics
    ///
    /// If it is not; in a constant, that is a compile error.
    #[must_use]
    pub const fn with_unit(mut self, unit: &'static str) -> Self {
        self.meta.set_unit(M::TYPE, unit);
        self
    }

    /// The same family with the time since when each series counts beside its value: since it was made.
    ///
    /// A server can tell a restart from a series that is new by it. A clock that is set later does not
    /// change it.
    ///
    /// # Panics
    ///
    /// If it is not of counters, histograms or summaries; in a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Counter, Family};
    ///
    /// static SENT: Family<Counter, 1> =
    ///     Family::counter("sent_total", "Messages sent.", ["peer"]).with_created();
    /// SENT.with(["db"]).inc();
    /// ```
    #[must_use]
    pub const fn with_created(mut self) -> Self {
        created::check(M::TYPE);
        self.tells_created = true;
        self
    }
}

/// A state set is told by a label of its own name, which no label of the family may have.
const fn check_label(meta: &Meta, label: &str, metric_type: MetricType) -> Result<(), InvalidReason> {
    if matches!(metric_type, MetricType::StateSet) && str_eq(meta.name(), label) {
        return Err(InvalidReason::ReservedLabelName);
    }
    match meta.is_utf8() {
        true => check_utf8_label_name(label, metric_type),
        false => check_label_name(label, metric_type),
    }
}
