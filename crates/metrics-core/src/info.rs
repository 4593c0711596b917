use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::name::{InvalidDescriptor, InvalidReason, check_label_name, check_utf8_label_name, str_eq};
use crate::{FromOptions, Instrument, MetricType, Number, Samples};

/// Facts that do not change while the process runs, as labels of the value 1: a version, a revision.
///
/// ```
/// use metrics_core::{Info, Metric};
///
/// static BUILD: Metric<Info> =
///     Metric::info("app_build_info", "What was built.", &[("version", "1.4.0"), ("profile", "release")]);
/// assert_eq!(BUILD.pairs().next(), Some(("version", "1.4.0")));
/// ```
///
/// A bad label in a constant does not compile:
///
/// ```compile_fail
/// use metrics_core::Info;
///
/// static BUILD: Info = Info::new(&[("the version", "1.4.0")]);
/// ```
#[derive(Clone)]
pub struct Info {
    pairs: InfoPairs,
}

#[derive(Clone)]
enum InfoPairs {
    Static(&'static [(&'static str, &'static str)]),
    Owned(Vec<(String, String)>),
}

impl Info {
    /// Facts of a constant, as (label name, value).
    ///
    /// # Panics
    ///
    /// If a label name is invalid or stands twice; in a constant, that is a compile error.
    pub const fn new(pairs: &'static [(&'static str, &'static str)]) -> Self {
        Self::constant(pairs, false)
    }

    /// The same with label names of any UTF-8, for a [`Metric::utf8`](crate::Metric::utf8).
    ///
    /// # Panics
    ///
    /// If a label name is empty, reserved or stands twice; in a constant, that is a compile error.
    ///
    /// ```
    /// use metrics_core::{Info, Metric};
    ///
    /// static TARGET: Metric<Info> =
    ///     Metric::utf8("target_info", "What is measured.", Info::utf8(&[("service.name", "checkout")]));
    /// # assert_eq!(TARGET.pairs().next(), Some(("service.name", "checkout")));
    /// ```
    pub const fn utf8(pairs: &'static [(&'static str, &'static str)]) -> Self {
        Self::constant(pairs, true)
    }

    const fn constant(pairs: &'static [(&'static str, &'static str)], is_utf8: bool) -> Self {
        let mut i = 0;
        while i < pairs.len() {
            let check = match is_utf8 {
                true => check_utf8_label_name(pairs[i].0, MetricType::Info),
                false => check_label_name(pairs[i].0, MetricType::Info),
            };
            if let Err(reason) = check {
                panic!("{}", reason.explain());
            }
            let mut j = 0;
            while j < i {
                if str_eq(pairs[i].0, pairs[j].0) {
                    panic!("{}", InvalidReason::DuplicateLabelName.explain());
                }
                j += 1;
            }
            i += 1;
        }
        Self { pairs: InfoPairs::Static(pairs) }
    }

    /// Facts that are known at run time, as (label name, value).
    ///
    /// # Errors
    ///
    /// If a label name is invalid or stands twice.
    pub fn try_new<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, InvalidDescriptor> {
        Self::checked(pairs, |name| check_label_name(name, MetricType::Info))
    }

    /// The same with label names of any UTF-8, for a [`Metric::try_utf8`](crate::Metric::try_utf8).
    ///
    /// # Errors
    ///
    /// If a label name is empty, reserved or stands twice.
    pub fn try_utf8<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, InvalidDescriptor> {
        Self::checked(pairs, |name| check_utf8_label_name(name, MetricType::Info))
    }

    fn checked<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        check: fn(&str) -> Result<(), InvalidReason>,
    ) -> Result<Self, InvalidDescriptor> {
        let mut checked: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs {
            let name = name.into();
            check(&name).map_err(|reason| InvalidDescriptor::with_label("", &name, reason))?;
            if checked.iter().any(|(other, _)| *other == name) {
                return Err(InvalidDescriptor::with_label("", &name, InvalidReason::DuplicateLabelName));
            }
            checked.push((name, value.into()));
        }
        Ok(Self { pairs: InfoPairs::Owned(checked) })
    }

    /// The facts, as (label name, value).
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let (fixed, owned) = match &self.pairs {
            InfoPairs::Static(pairs) => (*pairs, &[][..]),
            InfoPairs::Owned(pairs) => (&[][..], &pairs[..]),
        };
        fixed.iter().copied().chain(owned.iter().map(|(name, value)| (&**name, &**value)))
    }
}

impl Instrument for Info {
    const TYPE: MetricType = MetricType::Info;

    fn emit(&self, own: &str, samples: &mut Samples<'_>) {
        samples.emit_pairs(own, self.pairs(), Number::U64(1).into());
    }
}

/// In a family, the facts are the labels of the series.
impl FromOptions for Info {
    type Options = ();

    fn from_options((): &()) -> Self {
        Self { pairs: InfoPairs::Static(&[]) }
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.pairs()).finish()
    }
}
