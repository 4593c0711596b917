use metrics_core::Exemplar;

/// Hands out the exemplars of a histogram bucket by bucket.
pub(crate) struct ByBucket<'a> {
    /// Ascending by value, NaN last.
    rest: &'a [Exemplar<'a>],
}

impl<'a> ByBucket<'a> {
    pub(crate) fn new(exemplars: &'a [Exemplar<'a>]) -> Self {
        Self { rest: exemplars }
    }

    /// Of the exemplars above the bound before and not above this one that are `wanted`, the newest,
    /// which is the last of those without a time; a NaN is in no bucket.
    #[inline]
    pub(crate) fn next(
        &mut self,
        bound: f64,
        wanted: impl Fn(&Exemplar<'_>) -> bool,
    ) -> Option<&'a Exemplar<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (here, rest) =
            self.rest.split_at(self.rest.partition_point(|exemplar| exemplar.value() <= bound));
        self.rest = rest;
        here.iter().filter(|exemplar| wanted(exemplar)).max_by_key(|exemplar| exemplar.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_core::{Labels, Timestamp};

    #[test]
    fn each_bucket_gets_its_newest() {
        let exemplar = |value, millis: Option<i64>| {
            let exemplar = Exemplar::new(Labels::EMPTY, value).unwrap();
            millis.map_or(exemplar, |millis| exemplar.with_timestamp(Timestamp::from_millis(millis)))
        };
        let all = [
            exemplar(-1.0, None),
            exemplar(0.5, Some(2)),
            exemplar(1.0, Some(1)),
            exemplar(2.0, None),
            exemplar(2.5, None),
            exemplar(2.5, Some(7)),
            exemplar(f64::INFINITY, None),
            exemplar(f64::NAN, None),
        ];
        let mut buckets = ByBucket::new(&all);
        let mut next = |bound| {
            buckets
                .next(bound, |exemplar| exemplar.value() != 2.0)
                .map(|exemplar| (exemplar.value(), exemplar.timestamp()))
        };
        assert_eq!(next(-2.0), None);
        assert_eq!(next(1.0), Some((0.5, Some(Timestamp::from_millis(2)))));
        assert_eq!(next(2.0), None);
        assert_eq!(next(3.0), Some((2.5, Some(Timestamp::from_millis(7)))));
        assert_eq!(next(f64::INFINITY), Some((f64::INFINITY, None)));
        assert_eq!(next(f64::INFINITY), None);
    }
}
