#[cfg(feature = "std")]
use std::sync::OnceLock;

use crate::{MetricType, Timestamp};

/// Whether a metric tells since when it counts.
pub(crate) struct Created {
    told: Told,
    /// When it was first asked.
    #[cfg(feature = "std")]
    asked: OnceLock<Timestamp>,
}

/// Apart from the time it needs, so that a constant can be changed.
#[derive(Clone, Copy)]
enum Told {
    Nothing,
    At(Timestamp),
    #[cfg(feature = "std")]
    SinceAsked,
}

impl Created {
    pub(crate) const fn untold() -> Self {
        Self {
            told: Told::Nothing,
            #[cfg(feature = "std")]
            asked: OnceLock::new(),
        }
    }

    /// # Panics
    ///
    /// If a family of this type has no time of creation; in a constant, that is a compile error.
    pub(crate) const fn tell_at(&mut self, metric_type: MetricType, time: Timestamp) {
        check(metric_type);
        self.told = Told::At(time);
    }

    /// # Panics
    ///
    /// If a family of this type has no time of creation; in a constant, that is a compile error.
    #[cfg(feature = "std")]
    pub(crate) const fn tell_since_asked(&mut self, metric_type: MetricType) {
        check(metric_type);
        self.told = Told::SinceAsked;
    }

    pub(crate) fn get(&self) -> Option<Timestamp> {
        match self.told {
            Told::Nothing => None,
            Told::At(time) => Some(time),
            #[cfg(feature = "std")]
            Told::SinceAsked => Some(*self.asked.get_or_init(Timestamp::now)),
        }
    }
}

/// # Panics
///
/// If a family of this type has no time of creation; in a constant, that is a compile error.
pub(crate) const fn check(metric_type: MetricType) {
    assert!(
        matches!(metric_type, MetricType::Counter | MetricType::Histogram | MetricType::Summary),
        "only a counter, a histogram or a summary has a time of creation"
    );
}
