//! Label values as a few words each, from which a lookup takes both its hash and its comparison.

use crate::hash::{fold, half, mix, word};

/// The key of a family's hashes.
pub(super) struct Key(u64, u64);

impl Key {
    pub(super) fn new() -> Self {
        let key = crate::hash::key();
        Self(key, mix(key, b"second"))
    }

    /// Under it, all hashes are equal, and the words of long values of one length.
    #[cfg(test)]
    pub(super) const COLLIDING: Self = Self(0, 0);

    /// The same in every process, for tests that count how many series find a place.
    #[cfg(test)]
    pub(super) const FIXED: Self = Self(0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB);
}

/// Two words for each value. For values of up to 15 bytes they are the values: different values have
/// different words. A longer value is marked and hashed, and to be compared itself.
#[derive(Clone, Copy)]
pub(super) struct Words<const N: usize>([[u64; 2]; N]);

/// The length of a value stands in the highest byte of its second word, which leaves seven for text.
const LENGTH: u32 = 56;
const LONG: u64 = 1 << 63;

impl<const N: usize> Words<N> {
    #[inline(always)]
    pub(super) fn of(key: &Key, values: &[&str; N]) -> Self {
        // Not `map`, which goes by way of memory.
        let mut all = [[0; 2]; N];
        for (own, value) in all.iter_mut().zip(values) {
            *own = words(key, value.as_bytes());
        }
        Self(all)
    }

    #[inline(always)]
    pub(super) fn hash(&self, key: &Key) -> u64 {
        if cfg!(test) && key.0 == 0 {
            return 7;
        }
        self.0.iter().fold(key.0, |state, [first, last]| fold(state ^ first, last ^ key.1))
    }

    #[inline(always)]
    pub(super) fn are(&self, others: &Self) -> bool {
        // Not `==`, which goes by way of memory, in pieces that are not those that were written.
        let pairs = self.0.as_flattened().iter().zip(others.0.as_flattened());
        pairs.fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }

    /// Whether equal words mean equal values.
    pub(super) fn are_exact(&self) -> bool {
        self.0.iter().all(|[_, last]| last & LONG == 0)
    }
}

#[inline(always)]
fn words(key: &Key, bytes: &[u8]) -> [u64; 2] {
    let len = bytes.len();
    let length = (len as u64) << LENGTH;
    // Pieces that overlap agree on what they share. The likely lengths come first.
    if len >= 4 {
        if len <= 7 {
            [0, length | half(bytes, 0) | half(bytes, len - 4) << (8 * (len - 4))]
        } else if len <= 15 {
            // In two steps, as a shift by all 64 bits would be one too far.
            [word(bytes, 0), length | word(bytes, len - 8) >> 8 >> (8 * (15 - len))]
        } else {
            long(key, bytes)
        }
    } else if len > 0 {
        let byte = |at: usize| u64::from(bytes[at]) << (8 * at);
        [0, length | byte(0) | byte(len / 2) | byte(len - 1)]
    } else {
        [0, 0]
    }
}

#[inline(never)]
fn long(key: &Key, bytes: &[u8]) -> [u64; 2] {
    if cfg!(test) && key.0 == 0 {
        return [7, LONG | bytes.len() as u64];
    }
    [mix(key.1, bytes), LONG | bytes.len() as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    const KEY: Key = Key(0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344);

    #[test]
    fn words_are_those_of_one_value_only() {
        let mut texts: Vec<String> = Vec::new();
        for len in 0..16 {
            let base = "x".repeat(len);
            for at in 0..len {
                let mut other = base.clone();
                other.replace_range(at..=at, "y");
                texts.push(other.clone());
                other.replace_range(at..=at, "\0");
                texts.push(other);
            }
            texts.push(base);
        }
        let all: BTreeSet<_> = texts.iter().map(|text| words(&KEY, text.as_bytes())).collect();
        assert_eq!(all.len(), texts.len());
        for text in &texts {
            assert!(Words::of(&KEY, &[text, ""]).are_exact());
        }
        assert!(!Words::of(&KEY, &["", "sixteen bytes it"]).are_exact());
    }

    #[test]
    fn every_byte_and_every_border_counts() {
        let hash = |a: &str, b: &str| Words::of(&KEY, &[a, b]).hash(&KEY);
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        assert_ne!(hash("", "a"), hash("a", ""));
        for len in 1..40 {
            let text = "x".repeat(len);
            for at in 0..len {
                let mut other = text.clone();
                other.replace_range(at..=at, "y");
                assert_ne!(hash(&text, "z"), hash(&other, "z"), "length {len}, byte {at}");
                assert_ne!(hash("z", &text), hash("z", &other), "length {len}, byte {at}");
            }
        }
    }

    #[test]
    fn similar_values_spread() {
        let hashes: Vec<u64> =
            (0..4096).map(|i| Words::of(&KEY, &["GET", &format!("/p{i}")]).hash(&KEY)).collect();
        for shift in [0, 16, 32, 48] {
            let places: BTreeSet<u64> = hashes.iter().map(|hash| hash >> shift & 0xFFFF).collect();
            assert!(places.len() > 3800, "{} of 4096 in 65536 places from bit {shift}", places.len());
        }
        assert_eq!(Words::of(&Key::COLLIDING, &["a".to_string().as_str()]).hash(&Key::COLLIDING), 7);
    }
}
