/// A point in time: seconds since 1970-01-01T00:00:00Z and nanoseconds after them.
///
/// ```
/// use metrics_core::Timestamp;
///
/// let time = Timestamp::from_millis(1_520_879_607_789);
/// assert_eq!((time.seconds(), time.subsec_nanos()), (1_520_879_607, 789_000_000));
/// assert_eq!(time.as_f64(), 1_520_879_607.789);
/// assert!(time > Timestamp::from_millis(0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

const NANOS_PER_SECOND: u32 = 1_000_000_000;

impl Timestamp {
    /// `nanos` nanoseconds after `seconds`, which are negative before 1970; `None` if `nanos` make a
    /// second or more.
    ///
    /// ```
    /// use metrics_core::Timestamp;
    ///
    /// let half_a_second_before = Timestamp::new(-1, 500_000_000).unwrap();
    /// assert_eq!(half_a_second_before.as_f64(), -0.5);
    /// assert_eq!(Timestamp::new(0, 1_000_000_000), None);
    /// ```
    pub const fn new(seconds: i64, nanos: u32) -> Option<Self> {
        if nanos < NANOS_PER_SECOND { Some(Self { seconds, nanos }) } else { None }
    }

    /// `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self { seconds: millis.div_euclid(1000), nanos: millis.rem_euclid(1000) as u32 * 1_000_000 }
    }

    /// The time that the system's clock tells.
    #[cfg(feature = "std")]
    pub fn now() -> Self {
        std::time::SystemTime::now().into()
    }

    /// The whole seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// The nanoseconds after the whole seconds: less than 1,000,000,000.
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// The nearest float, in seconds.
    pub const fn as_f64(self) -> f64 {
        self.seconds as f64 + self.nanos as f64 / NANOS_PER_SECOND as f64
    }

    /// The milliseconds, rounded down; those that `i64` cannot hold become its nearest end.
    pub const fn as_millis(self) -> i64 {
        let millis = self.seconds as i128 * 1000 + (self.nanos / 1_000_000) as i128;
        if millis > i64::MAX as i128 {
            i64::MAX
        } else if millis < i64::MIN as i128 {
            i64::MIN
        } else {
            millis as i64
        }
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for Timestamp {
    fn from(time: std::time::SystemTime) -> Self {
        match time.duration_since(std::time::SystemTime::UNIX_EPOCH) {
            Ok(since) => Self { seconds: since.as_secs() as i64, nanos: since.subsec_nanos() },
            Err(before) => {
                let before = before.duration();
                let (seconds, nanos) = (-(before.as_secs() as i64), before.subsec_nanos());
                if nanos == 0 {
                    Self { seconds, nanos }
                } else {
                    Self { seconds: seconds - 1, nanos: NANOS_PER_SECOND - nanos }
                }
            }
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn times_before_and_after_the_epoch_keep_their_nanoseconds() {
        let at = |seconds: i64, nanos| Timestamp::new(seconds, nanos).unwrap();
        for (offset, expected) in [
            (Duration::ZERO, at(0, 0)),
            (Duration::new(0, 1), at(-1, 999_999_999)),
            (Duration::new(1, 0), at(-1, 0)),
            (Duration::new(1, 250_000_000), at(-2, 750_000_000)),
        ] {
            assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH - offset), expected);
        }
        let later = SystemTime::UNIX_EPOCH + Duration::new(5, 7);
        assert_eq!(Timestamp::from(later), at(5, 7));
        assert!(Timestamp::now() > at(1_600_000_000, 0));
    }

    #[test]
    fn milliseconds_are_rounded_down_and_do_not_overflow() {
        for millis in [i64::MIN, -1001, -1000, -1, 0, 1, 999, 1000, i64::MAX] {
            assert_eq!(Timestamp::from_millis(millis).as_millis(), millis);
        }
        assert_eq!(Timestamp::new(0, 999_999_999).unwrap().as_millis(), 999);
        assert_eq!(Timestamp::new(i64::MAX, 0).unwrap().as_millis(), i64::MAX);
        assert_eq!(Timestamp::new(i64::MIN, 5).unwrap().as_millis(), i64::MIN);
        assert!(Timestamp::from_millis(-1) < Timestamp::from_millis(0));
    }
}
