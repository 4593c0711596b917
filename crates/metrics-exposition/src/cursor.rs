use core::mem::take;

/// Writes pieces one behind the other into bytes that suffice.
///
/// No piece is checked to fit but by the slice that it is copied to: who makes the cursor has room
/// for all of them.
pub(crate) struct Cursor<'a> {
    rest: &'a mut [u8],
    whole: usize,
}

impl<'a> Cursor<'a> {
    /// The longest piece for [`push_short`](Self::push_short).
    pub(crate) const SHORT: usize = 64;

    #[inline]
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { whole: bytes.len(), rest: bytes }
    }

    /// How much was written.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.whole - self.rest.len()
    }

    /// All the bytes that are left.
    #[inline]
    pub(crate) fn into_rest(self) -> &'a mut [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn push(&mut self, piece: &str) {
        self.push_bytes(piece.as_bytes());
    }

    #[inline]
    pub(crate) fn push_bytes(&mut self, piece: &[u8]) {
        let (to, rest) = take(&mut self.rest).split_at_mut(piece.len());
        to.copy_from_slice(piece);
        self.rest = rest;
    }

    /// The same for a piece of up to [`SHORT`](Self::SHORT) bytes, without a call.
    #[inline(always)]
    pub(crate) fn push_short(&mut self, piece: &[u8]) {
        let (to, rest) = take(&mut self.rest).split_at_mut(piece.len());
        copy_short(to, piece);
        self.rest = rest;
    }

    #[inline(always)]
    pub(crate) fn push_array<const N: usize>(&mut self, piece: [u8; N]) {
        self.rest = push_array(take(&mut self.rest), piece);
    }

    /// Needs room for [`Label::SIZE`] bytes.
    #[inline(always)]
    pub(crate) fn push_label(&mut self, label: &Label) {
        self.rest[..Label::SIZE].copy_from_slice(&label.bytes);
        self.rest = &mut take(&mut self.rest)[label.len..];
    }

    #[inline(always)]
    pub(crate) fn push_u64(&mut self, v: u64) {
        self.rest = match v {
            0..10 => push_array(take(&mut self.rest), [digit(v)]),
            _ => push_digits(take(&mut self.rest), v),
        };
    }
}

/// A text that is so short that copying its place costs less than asking how long it is.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    bytes: [u8; Self::SIZE],
    len: usize,
}

impl Label {
    pub(crate) const SIZE: usize = 32;

    /// What `write` writes, which is not longer than the place.
    #[inline]
    pub(crate) fn new(write: impl FnOnce(&mut Cursor<'_>)) -> Self {
        let mut bytes = [0; Self::SIZE];
        let mut out = Cursor::new(&mut bytes);
        write(&mut out);
        let len = out.len();
        Self { bytes, len }
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap()
    }
}

#[inline(always)]
fn push_array<const N: usize>(rest: &mut [u8], piece: [u8; N]) -> &mut [u8] {
    let (to, rest) = rest.split_at_mut(N);
    to.copy_from_slice(&piece);
    rest
}

/// Up to eight digits are put where they belong two by two, which is faster than making them
/// elsewhere and copying them; longer numbers are as fast that way.
#[inline(never)]
fn push_digits(mut rest: &mut [u8], v: u64) -> &mut [u8] {
    if v >= 100_000_000 {
        let mut out = Cursor::new(rest);
        out.push_bytes(itoa::Buffer::new().format(v).as_bytes());
        return out.rest;
    }
    let mut last = v;
    if v >= 10_000 {
        rest = push_up_to_four(rest, v / 10_000);
        last = v % 10_000;
        rest = push_array(rest, pair(last / 100));
        return push_array(rest, pair(last % 100));
    }
    push_up_to_four(rest, last)
}

#[inline(always)]
fn push_up_to_four(mut rest: &mut [u8], v: u64) -> &mut [u8] {
    if v >= 1000 {
        rest = push_array(rest, pair(v / 100));
    } else if v >= 100 {
        rest = push_array(rest, [digit(v / 100)]);
    }
    if v >= 10 { push_array(rest, pair(v % 100)) } else { push_array(rest, [digit(v)]) }
}

#[inline]
fn digit(v: u64) -> u8 {
    b'0' + v as u8
}

/// The two digits of a number below 100.
#[inline]
pub(crate) fn pair(v: u64) -> [u8; 2] {
    static PAIRS: [[u8; 2]; 100] = {
        let mut pairs = [[0; 2]; 100];
        let mut i = 0;
        while i < 100 {
            pairs[i] = [b'0' + i as u8 / 10, b'0' + i as u8 % 10];
            i += 1;
        }
        pairs
    };
    PAIRS[v as usize]
}

/// Copies up to 64 bytes by their first and their last ones, which may overlap.
#[inline(always)]
pub(crate) fn copy_short(to: &mut [u8], from: &[u8]) {
    if to.len() >= 16 {
        if to.len() >= 32 {
            copy_ends::<32>(to, from);
        } else {
            copy_ends::<16>(to, from);
        }
    } else if to.len() >= 8 {
        copy_ends::<8>(to, from);
    } else if to.len() >= 4 {
        copy_ends::<4>(to, from);
    } else {
        let middle = to.len() / 2;
        if let (Some(to), Some(from)) = (to.get_mut(middle), from.get(middle)) {
            *to = *from;
        }
        copy_ends::<1>(to, from);
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[test]
    fn short_pieces_of_every_length_are_whole() {
        let piece: Vec<u8> = (1..=64).collect();
        for len in 0..=piece.len() {
            let mut bytes = [0; 66];
            let mut out = Cursor::new(&mut bytes);
            out.push_array([100]);
            out.push_short(&piece[..len]);
            out.push_array([101]);
            assert_eq!(out.len(), len + 2);
            assert_eq!(bytes[0], 100);
            assert_eq!(bytes[1..=len], piece[..len]);
            assert_eq!(bytes[len + 1], 101);
            assert!(bytes[len + 2..].iter().all(|byte| *byte == 0), "{len}");
        }
    }

    #[test]
    fn the_digits_of_numbers_of_every_length() {
        let ends = (0..20).map(|exponent| 10u64.pow(exponent)).flat_map(|power| [power - 1, power]);
        for v in ends.chain([u64::MAX]).flat_map(|v| [v, v / 7 * 3, v / 9]) {
            assert_eq!(Label::new(|out| out.push_u64(v)).text(), v.to_string());
        }
    }

    #[test]
    fn a_label_takes_the_length_of_its_text() {
        let label = Label::new(|out| out.push("0.5\"} "));
        let mut bytes = [0; 48];
        let mut out = Cursor::new(&mut bytes);
        out.push_label(&label);
        out.push_u64(7);
        assert_eq!(out.len(), 7);
        assert_eq!(&bytes[..7], b"0.5\"} 7");
    }

    #[test]
    #[should_panic]
    fn what_does_not_fit_is_never_cut_short() {
        Cursor::new(&mut [0; 3]).push("four");
    }
}
