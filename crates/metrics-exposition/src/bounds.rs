use alloc::vec::Vec;

use crate::cursor::Label;
use crate::dialect::Dialect;

/// The bounds of buckets or the quantiles that were last written, with the text that ends the
/// label, `0.005"} `, or in a composite value `0.005:`.
///
/// The series of a family share them, and often so do families, so they are rendered once and from
/// then on only compared.
#[derive(Default)]
pub(crate) struct BoundTexts {
    bits: Vec<u64>,
    texts: Vec<Label>,
}

impl BoundTexts {
    /// One text for each of `bounds`, in order, and one for infinity.
    #[inline]
    pub(crate) fn of<D: Dialect>(&mut self, bounds: impl ExactSizeIterator<Item = f64> + Clone) -> &[Label] {
        // All bits without a branch take less time than the floats up to the first that differs.
        let differing =
            bounds.clone().zip(&self.bits).fold(0, |differing, (v, bits)| differing | (v.to_bits() ^ bits));
        if differing != 0 || self.texts.len() != bounds.len() + 1 {
            self.render::<D>(bounds);
        }
        &self.texts
    }

    #[cold]
    fn render<D: Dialect>(&mut self, bounds: impl Iterator<Item = f64>) {
        self.bits.clear();
        self.texts.clear();
        for bound in bounds {
            self.bits.push(bound.to_bits());
            // The sum is 0 for a negative zero too: the two are equal, so one text stands for both.
            self.texts.push(text::<D>(bound + 0.0));
        }
        self.texts.push(text::<D>(f64::INFINITY));
    }
}

fn text<D: Dialect>(bound: f64) -> Label {
    Label::new(|out| {
        D::push_f64(out, bound);
        out.push(if D::COMPOSITE { ":" } else { "\"} " });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{OpenMetrics1, Text};

    fn check<D: Dialect>(cases: &[(&[f64], &[&str])]) {
        let mut texts = BoundTexts::default();
        for (bounds, expected) in cases {
            let texts = texts.of::<D>(bounds.iter().copied());
            assert_eq!(texts.iter().map(Label::text).collect::<Vec<_>>(), *expected);
        }
    }

    #[test]
    fn texts_follow_the_bounds() {
        check::<Text>(&[
            (&[0.005, 1.0], &["0.005\"} ", "1\"} ", "+Inf\"} "]),
            (&[0.005, 2.5e6], &["0.005\"} ", "2.5e+06\"} ", "+Inf\"} "]),
            (&[0.005], &["0.005\"} ", "+Inf\"} "]),
            // The same bits differ in both.
            (&[1.0, 2.0], &["1\"} ", "2\"} ", "+Inf\"} "]),
            (&[1.5, 3.0], &["1.5\"} ", "3\"} ", "+Inf\"} "]),
            (&[0.0, 3.0], &["0\"} ", "3\"} ", "+Inf\"} "]),
            (&[1.0], &["1\"} ", "+Inf\"} "]),
            (&[0.0], &["0\"} ", "+Inf\"} "]),
            (&[], &["+Inf\"} "]),
            (&[-0.0], &["0\"} ", "+Inf\"} "]),
            (&[0.0], &["0\"} ", "+Inf\"} "]),
            (&[-f64::MIN_POSITIVE], &["-2.2250738585072014e-308\"} ", "+Inf\"} "]),
        ]);
        check::<OpenMetrics1>(&[(
            &[-0.0, 0.5, 1.0, 1e6],
            &["0.0\"} ", "0.5\"} ", "1.0\"} ", "1e+06\"} ", "+Inf\"} "],
        )]);
    }
}
