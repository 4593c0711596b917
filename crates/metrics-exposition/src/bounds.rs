use alloc::string::String;
use alloc::vec::Vec;

use crate::number::push_f64;

/// The bounds of buckets or the quantiles that were last written, with the text that ends the
/// label: `0.005"} `.
///
/// The series of a family share them, and often so do families, so they are rendered once and from
/// then on only compared.
#[derive(Default)]
pub(crate) struct BoundTexts {
    bounds: Vec<f64>,
    text: String,
    ends: Vec<usize>,
    longest: usize,
}

impl BoundTexts {
    /// Makes the texts those of `bounds`.
    #[inline]
    pub(crate) fn set(&mut self, bounds: impl Iterator<Item = f64> + Clone) {
        if !bounds.clone().eq(self.bounds.iter().copied()) {
            self.render(bounds);
        }
    }

    /// One text for each bound, in order.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let text = &self.text[start..*end];
            start = *end;
            text
        })
    }

    /// The length of the longest text.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    #[cold]
    fn render(&mut self, bounds: impl Iterator<Item = f64>) {
        self.bounds.clear();
        self.text.clear();
        self.ends.clear();
        self.longest = 0;
        for bound in bounds {
            let start = self.text.len();
            // The sum is 0 for a negative zero too: the two are equal, so one text stands for both.
            push_f64(&mut self.text, bound + 0.0);
            self.text.push_str("\"} ");
            self.bounds.push(bound);
            self.ends.push(self.text.len());
            self.longest = self.longest.max(self.text.len() - start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_follow_the_bounds() {
        let mut texts = BoundTexts::default();
        for (bounds, expected) in [
            (&[0.005, 1.0][..], &["0.005\"} ", "1\"} "][..]),
            (&[0.005, 2.5e6], &["0.005\"} ", "2.5e+06\"} "]),
            (&[0.005], &["0.005\"} "]),
            (&[], &[]),
            (&[-0.0], &["0\"} "]),
            (&[0.0], &["0\"} "]),
        ] {
            texts.set(bounds.iter().copied());
            assert_eq!(texts.iter().collect::<Vec<_>>(), expected);
            assert_eq!(texts.longest(), expected.iter().map(|text| text.len()).max().unwrap_or(0));
        }
    }
}
