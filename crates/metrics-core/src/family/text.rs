use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::hash::same;

/// Label values side by side, with a byte between them that no text holds: so two sets of values are
/// equal exactly if their bytes are. Short ones lie in the series itself, where a lookup finds them in
/// the cache line that it is about to update.
pub(super) enum Values {
    Inline { len: u8, bytes: [u8; Self::INLINE] },
    Heap(Box<[u8]>),
}

impl Values {
    const INLINE: usize = 22;
    /// Not part of any UTF-8.
    const BETWEEN: u8 = 0xFF;

    pub(super) fn new<const N: usize>(values: &[&str; N]) -> Self {
        let mut joined: Vec<u8> = Vec::new();
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                joined.push(Self::BETWEEN);
            }
            joined.extend_from_slice(value.as_bytes());
        }
        if joined.len() > Self::INLINE {
            return Self::Heap(joined.into());
        }
        let mut bytes = [0; Self::INLINE];
        bytes[..joined.len()].copy_from_slice(&joined);
        Self::Inline { len: joined.len() as u8, bytes }
    }

    /// Whether it is these values.
    #[inline]
    pub(super) fn are<const N: usize>(&self, values: &[&str; N]) -> bool {
        let mut rest = self.bytes();
        for (i, value) in values.iter().enumerate() {
            let Some((head, tail)) = rest.split_at_checked(value.len()) else { return false };
            if !same(head, value.as_bytes()) {
                return false;
            }
            rest = tail;
            if i + 1 < N {
                match rest {
                    [Self::BETWEEN, tail @ ..] => rest = tail,
                    _ => return false,
                }
            }
        }
        rest.is_empty()
    }

    /// Each value, as its UTF-8.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes().split(|byte| *byte == Self::BETWEEN)
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len).min(Self::INLINE)],
            Self::Heap(bytes) => bytes,
        }
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Values {}

impl Hash for Values {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_they_were_made_of_and_no_others() {
        let long = "x".repeat(40);
        let texts = [
            "",
            "a",
            "b",
            "ab",
            "abcdefg",
            "abcdefgh",
            "abcdefghi",
            "\u{7ff}",
            "\"",
            "0123456789012345678901",
            &long,
        ];
        for a in texts {
            for b in texts {
                let made = Values::new(&[a, b]);
                assert!(made.iter().eq([a.as_bytes(), b.as_bytes()]));
                for c in texts {
                    for d in texts {
                        assert_eq!(made.are(&[c, d]), (a, b) == (c, d), "{a:?} {b:?} {c:?} {d:?}");
                    }
                }
                assert!(!made.are(&[a]) && !made.are(&[a, b, ""]));
            }
        }
        assert!(matches!(Values::new(&[&*"x".repeat(22)]), Values::Inline { .. }));
        assert!(matches!(Values::new(&[&*"x".repeat(23)]), Values::Heap(_)));
        assert!(Values::new(&[]).are(&[]));
    }
}
