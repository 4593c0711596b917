//! The wire format of protobuf, as far as metrics need it.

use crate::cursor::copy_short;

/// The tags of fields whose values are of these kinds, up to field 15.
pub(super) const fn varint(field: u8) -> u8 {
    field << 3
}
pub(super) const fn fixed64(field: u8) -> u8 {
    field << 3 | 1
}
pub(super) const fn message(field: u8) -> u8 {
    field << 3 | 2
}

/// The most bytes that a number takes.
pub(super) const LONGEST_VARINT: usize = 10;

/// How many bytes `v` takes.
#[inline]
pub(super) const fn varint_len(v: u64) -> usize {
    ((70 - (v | 1).leading_zeros()) / 7) as usize
}

/// The sign as the last bit, so that small negative numbers are short too.
#[inline]
pub(super) const fn zigzag(v: i64) -> u64 {
    (v << 1 ^ v >> 63) as u64
}

/// The bytes of a float. Every NaN is the one that Prometheus calls normal, as to its storage another
/// one says that the series has ended.
#[inline]
pub(super) fn double(v: f64) -> [u8; 8] {
    const NAN: u64 = 0x7ff8_0000_0000_0001;
    let bits = if v.is_nan() { NAN } else { v.to_bits() };
    bits.to_le_bytes()
}

/// Writes fields one behind the other into bytes that suffice.
pub(super) struct Out<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Out<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }
}

impl Out<'_> {
    /// How much was written.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(super) fn push_array<const N: usize>(&mut self, piece: [u8; N]) {
        self.set(self.len, piece);
        self.len += N;
    }

    #[inline]
    pub(super) fn push_bytes(&mut self, piece: &[u8]) {
        let end = self.len + piece.len();
        self.bytes[self.len..end].copy_from_slice(piece);
        self.len = end;
    }

    /// The same for a piece of up to 64 bytes, without a call.
    #[inline(always)]
    pub(super) fn push_short(&mut self, piece: &[u8]) {
        let end = self.len + piece.len();
        copy_short(&mut self.bytes[self.len..end], piece);
        self.len = end;
    }

    /// Writes the first `len` bytes, and others behind them that are written over.
    #[inline(always)]
    pub(super) fn push_padded<const N: usize>(&mut self, piece: [u8; N], len: usize) {
        self.set(self.len, piece);
        self.len += len;
    }

    /// Replaces what was written.
    #[inline(always)]
    pub(super) fn set<const N: usize>(&mut self, at: usize, piece: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&piece);
    }

    #[inline]
    pub(super) fn push_varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.push_array([v as u8 | 0x80]);
            v >>= 7;
        }
        self.push_array([v as u8]);
    }

    #[inline]
    pub(super) fn push_varint_field(&mut self, field: u8, v: u64) {
        self.push_array([varint(field)]);
        self.push_varint(v);
    }

    #[inline]
    pub(super) fn push_double_field(&mut self, field: u8, v: f64) {
        self.push_array([fixed64(field)]);
        self.push_array(double(v));
    }

    pub(super) fn push_text_field(&mut self, field: u8, parts: &[&str]) {
        self.push_array([message(field)]);
        self.push_varint(parts.iter().map(|part| part.len() as u64).sum());
        for part in parts {
            self.push_bytes(part.as_bytes());
        }
    }

    /// Begins a message whose length is not known: one byte is left for it. Returns where the message
    /// begins, for [`end_message`](Self::end_message).
    #[inline]
    pub(super) fn begin_message(&mut self, field: u8) -> usize {
        self.push_array([message(field), 0]);
        self.len
    }

    /// Ends a message, and makes room for the rest of its length if one byte is not enough.
    #[inline]
    pub(super) fn end_message(&mut self, start: usize) {
        let len = self.len - start;
        if len < 0x80 {
            self.set(start - 1, [len as u8]);
        } else {
            self.end_long_message(start);
        }
    }

    #[inline(never)]
    fn end_long_message(&mut self, start: usize) {
        let mut len = self.len - start;
        let more = varint_len(len as u64) - 1;
        self.bytes.copy_within(start..self.len, start + more);
        self.len += more;
        for at in start - 1..start - 1 + more {
            self.set(at, [len as u8 | 0x80]);
            len >>= 7;
        }
        self.set(start - 1 + more, [len as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn written(len: usize, write: impl FnOnce(&mut Out<'_>)) -> Vec<u8> {
        let mut bytes = vec![0xEE; len];
        let mut out = Out::new(&mut bytes);
        write(&mut out);
        let len = out.len();
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn numbers_have_seven_bits_a_byte() {
        for (v, expected) in [
            (0, &[0][..]),
            (1, &[1]),
            (127, &[127]),
            (128, &[0x80, 1]),
            (300, &[0xAC, 2]),
            (u64::MAX, &[255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ] {
            assert_eq!(written(10, |out| out.push_varint(v)), expected);
        }
        for bits in 0..64 {
            for v in [1 << bits, (1 << bits) - 1] {
                assert_eq!(varint_len(v), written(10, |out| out.push_varint(v)).len(), "{v}");
            }
        }
        assert_eq!([0, -1, 1, -2, i64::MAX, i64::MIN].map(zigzag), [0, 1, 2, 3, u64::MAX - 1, u64::MAX]);
    }

    #[test]
    fn a_message_of_any_length_is_behind_it() {
        for len in [0usize, 1, 126, 127, 128, 129, 16_383, 16_384, 3_000_000] {
            let out = written(len + 16, |out| {
                out.push_array([7]);
                let start = out.begin_message(2);
                out.push_bytes(&vec![9; len]);
                out.end_message(start);
            });
            let prefix = written(10, |out| out.push_varint(len as u64));
            assert_eq!(out[..2], [7, 0x12]);
            assert_eq!(out[2..2 + prefix.len()], prefix);
            assert_eq!(out[2 + prefix.len()..], vec![9; len]);
        }
    }
}
