//! The hash of label values and names: folded multiplication, eight bytes at a time.
//!
//! The product of two 64-bit words, its halves folded together, is the mixer of the wyhash family.
//! The key is random per process, so that label values from the network cannot be chosen to
//! collide; a collision would cost time only, since every entry is compared in full.

const MULTIPLE: u64 = 0x9E37_79B9_7F4A_7C15;

/// The process's own key.
#[cfg(all(feature = "std", not(loom)))]
pub fn key() -> u64 {
    use core::hash::{BuildHasher, Hasher};
    use std::collections::hash_map::RandomState;
    use std::sync::OnceLock;
    static KEY: OnceLock<u64> = OnceLock::new();
    *KEY.get_or_init(|| RandomState::new().build_hasher().finish())
}

/// Without an operating system there is no source of randomness to rely on, and a model is to run the same
/// every time.
#[cfg(any(not(feature = "std"), loom))]
pub fn key() -> u64 {
    MULTIPLE
}

/// Mixes a text into `state`; its length takes part, so that the border between two texts counts.
#[inline]
pub fn mix(state: u64, bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let last = MULTIPLE ^ len as u64;
    if len >= 8 {
        let mut state = state;
        let mut at = 0;
        while at + 8 < len {
            state = fold(state ^ word(bytes, at), MULTIPLE);
            at += 8;
        }
        fold(state ^ word(bytes, len - 8), last)
    } else if len >= 4 {
        fold(state ^ half(bytes, 0) ^ (half(bytes, len - 4) << 32), last)
    } else if len > 0 {
        let bits = u64::from(bytes[0]) | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]) << 16;
        fold(state ^ bits, last)
    } else {
        fold(state, MULTIPLE)
    }
}

/// Whether two texts are equal; label values are so short that a call to `memcmp` would cost more
/// than the comparison.
#[cfg(any(feature = "labels", test))]
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() {
        return false;
    }
    if len >= 8 {
        let mut at = 0;
        while at + 8 < len {
            if word(a, at) != word(b, at) {
                return false;
            }
            at += 8;
        }
        word(a, len - 8) == word(b, len - 8)
    } else if len >= 4 {
        half(a, 0) == half(b, 0) && half(a, len - 4) == half(b, len - 4)
    } else {
        len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1])
    }
}

#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[inline]
pub(crate) fn half(bytes: &[u8], at: usize) -> u64 {
    let mut half = [0; 4];
    half.copy_from_slice(&bytes[at..at + 4]);
    u64::from(u32::from_le_bytes(half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;

    #[test]
    fn every_byte_and_every_border_counts() {
        let hash2 = |a: &str, b: &str| mix(mix(7, a.as_bytes()), b.as_bytes());
        assert_ne!(hash2("ab", "c"), hash2("a", "bc"));
        assert_ne!(hash2("", "a"), hash2("a", ""));
        assert!(same(b"", b"") && !same(b"", b"a") && !same(b"ab", b"a"));
        for len in 1..40 {
            let text = "x".repeat(len);
            let base = mix(7, text.as_bytes());
            for at in 0..len {
                let mut other = text.clone();
                other.replace_range(at..=at, "y");
                assert!(
                    !same(text.as_bytes(), other.as_bytes())
                        && same(text.as_bytes(), &text.clone().into_bytes())
                );
                assert_ne!(mix(7, other.as_bytes()), base, "length {len}, byte {at}");
            }
        }
    }

    #[test]
    fn similar_texts_spread() {
        let low: BTreeSet<u64> = (0..4096).map(|i| mix(7, format!("/p{i}").as_bytes()) & 0xFFFF).collect();
        assert!(low.len() > 3800, "{} of 4096 in 65536 places", low.len());
    }
}
