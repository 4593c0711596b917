//! Rendered labels, `a="x",b="y"`, as messages of two strings each.

use alloc::vec::Vec;

use super::wire::{Out, message};
use crate::cursor::copy_short;

/// At most so many bytes come of rendered labels of this length.
///
/// A pair of four characters or more gets three bytes longer, and one whose length takes several bytes
/// a few more; and a name is written with what fills it up.
pub(super) fn most(rendered: usize) -> usize {
    2 * rendered + 16 + Name::HEAD
}

/// Writes labels, and remembers their names: the series of a family have the same ones, so that of the
/// rendered text only the values have to be searched for their end.
#[derive(Default)]
pub(super) struct LabelWriter {
    names: Vec<Name>,
}

/// A name that was met in its place.
struct Name {
    /// `name="`, filled up with zeros.
    rendered: [u64; 2],
    /// All bits of the bytes that `rendered` has.
    mask: [u64; 2],
    rendered_len: usize,
    /// The message up to the tag of the value, without its length, filled up.
    head: [u8; Self::HEAD],
    head_len: usize,
}

impl LabelWriter {
    /// Writes each pair as field 1 of the message that is being written.
    #[inline]
    pub(super) fn push(&mut self, out: &mut Out<'_>, rendered: &str) {
        let bytes = rendered.as_bytes();
        let (mut at, mut place) = (0, 0);
        while at < bytes.len() {
            at = match self.names.get(place) {
                Some(name) if name.is_at(bytes, at) => name.push(out, bytes, at),
                _ => self.push_new(out, bytes, at, place),
            };
            place += 1;
        }
    }

    /// The same for labels of up to 64 bytes, whose names are all remembered and whose values have no
    /// escapes, in few instructions: into `room` from `len` on. Returns where they end, or `None` if they
    /// are other ones.
    #[inline(always)]
    pub(super) fn push_small(&self, room: &mut [u8; SMALL], mut len: usize, rendered: &str) -> Option<usize> {
        let bytes = rendered.as_bytes();
        let mut at = 0;
        for name in &self.names {
            if at >= bytes.len() {
                break;
            }
            if !name.is_at(bytes, at) {
                return None;
            }
            let start = at + name.rendered_len;
            let value = word(bytes, start);
            let found = quotes_and_escapes(value);
            let value_len = match found {
                0 => end_of_value(bytes, start + 8) - start,
                _ => (found.trailing_zeros() / 8) as usize,
            };
            if bytes.get(start + value_len) != Some(&b'"') {
                return None;
            }
            let pair = room.get_mut(len..)?.first_chunk_mut::<{ Name::HEAD + 1 + 8 }>()?;
            *pair.first_chunk_mut()? = name.head;
            pair[1] = (name.head_len + value_len) as u8 - 1;
            let behind = pair.get_mut(name.head_len..)?.first_chunk_mut::<9>()?;
            behind[0] = value_len as u8;
            *behind.last_chunk_mut()? = value.to_le_bytes();
            len += name.head_len + 1;
            if value_len > 8 {
                copy_short(room.get_mut(len..len + value_len)?, &bytes[start..start + value_len]);
            }
            len += value_len;
            at = start + value_len + 2;
        }
        (at == bytes.len() + 1 || bytes.is_empty()).then_some(len)
    }

    #[inline(never)]
    fn push_new(&mut self, out: &mut Out<'_>, bytes: &[u8], at: usize, place: usize) -> usize {
        if let Some(name) = Name::new(&bytes[at..]) {
            self.names.truncate(place);
            // Names after one that cannot be remembered are not either.
            if self.names.len() == place {
                self.names.push(name);
            }
        }
        push_pair(out, bytes, at)
    }
}

/// Room for a metric that [`LabelWriter::push_small`] writes.
pub(super) const SMALL: usize = 256;

impl Name {
    /// The longest `name="` that is remembered.
    const LONGEST: usize = 16;
    /// The longest beginning of a message.
    const HEAD: usize = Self::LONGEST + 3;

    /// The name of the first pair, if it is a short one without quotes.
    fn new(rest: &[u8]) -> Option<Self> {
        let len = rest.iter().position(|byte| *byte == b'=')?;
        if len + 2 > Self::LONGEST || rest[0] == b'"' {
            return None;
        }
        let (mut rendered, mut mask) = ([0; Self::LONGEST], [0; Self::LONGEST]);
        rendered[..len + 2].copy_from_slice(&rest[..len + 2]);
        mask[..len + 2].fill(0xFF);
        let mut head = [0; Self::HEAD];
        head[..4].copy_from_slice(&[message(1), 0, message(1), len as u8]);
        head[4..4 + len].copy_from_slice(&rest[..len]);
        head[4 + len] = message(2);
        let words = |bytes: [u8; Self::LONGEST]| [word(&bytes, 0), word(&bytes, 8)];
        Some(Self {
            rendered: words(rendered),
            mask: words(mask),
            rendered_len: len + 2,
            head,
            head_len: len + 5,
        })
    }

    #[inline(always)]
    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        word(bytes, at) & self.mask[0] == self.rendered[0]
            && (self.mask[1] == 0 || word(bytes, at + 8) & self.mask[1] == self.rendered[1])
    }

    /// Writes the pair of this name, and returns where the next one begins.
    #[inline(always)]
    fn push(&self, out: &mut Out<'_>, bytes: &[u8], at: usize) -> usize {
        let start = at + self.rendered_len;
        let value = word(bytes, start);
        let found = quotes_and_escapes(value);
        if found == 0 {
            return self.push_long(out, bytes, at);
        }
        let len = found.trailing_zeros() / 8;
        if (value >> (8 * len)) as u8 != b'"' {
            return push_pair(out, bytes, at);
        }
        let len = len as usize;
        self.push_head(out, len);
        out.push_padded(value.to_le_bytes(), len);
        start + len + 2
    }

    /// The same for a value of eight bytes and more.
    #[inline(never)]
    fn push_long(&self, out: &mut Out<'_>, bytes: &[u8], at: usize) -> usize {
        let start = at + self.rendered_len;
        let end = end_of_value(bytes, start);
        let value = bytes.get(start..end).unwrap_or_default();
        if value.len() > 64 || bytes.get(end) != Some(&b'"') {
            return push_pair(out, bytes, at);
        }
        self.push_head(out, value.len());
        out.push_short(value);
        end + 2
    }

    #[inline(always)]
    fn push_head(&self, out: &mut Out<'_>, value: usize) {
        let start = out.len();
        out.push_padded(self.head, self.head_len);
        out.set(start + 1, [(self.head_len - 1 + value) as u8]);
        out.push_array([value as u8]);
    }
}

/// Where the first quote or escape is, or not before the end.
#[inline]
fn end_of_value(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() {
        let found = quotes_and_escapes(word(bytes, at));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at
}

/// The high bit of the first byte that is a quote or a backslash, and nothing below it.
#[inline(always)]
fn quotes_and_escapes(word: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // A byte is zero exactly if taking 1 from it sets the high bit, which it did not have; borrowing
    // makes mistakes above the first such byte only.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let each = |byte: u8| LOW * u64::from(byte);
    zeros(word ^ each(b'"')) | zeros(word ^ each(b'\\'))
}

/// Eight bytes from `at` on, with zeros for those that are not there.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => last_word(bytes, at),
    }
}

#[inline]
fn last_word(bytes: &[u8], at: usize) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(chunk) if at < bytes.len() => u64::from_le_bytes(*chunk) >> (8 * (at + 8 - bytes.len())),
        _ => {
            let rest = bytes.get(at..).unwrap_or_default();
            rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
        }
    }
}

/// The same as [`LabelWriter::push`] for labels that come once.
pub(super) fn push_labels(out: &mut Out<'_>, rendered: &str) {
    let (bytes, mut at) = (rendered.as_bytes(), 0);
    while at < bytes.len() {
        at = push_pair(out, bytes, at);
    }
}

/// Writes the pair that begins here, whatever it is, and returns where the next one begins.
#[inline(never)]
fn push_pair(out: &mut Out<'_>, bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let start = out.begin_message(1);
    let rest = match rest.strip_prefix(b"\"") {
        Some(quoted) => push_unescaped(out, 1, quoted),
        None => {
            let end = rest.iter().position(|byte| *byte == b'=').unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            let at = out.begin_message(1);
            out.push_bytes(name);
            out.end_message(at);
            rest
        }
    };
    let rest = push_unescaped(out, 2, rest.strip_prefix(b"=\"").unwrap_or_default());
    out.end_message(start);
    bytes.len() - rest.strip_prefix(b",").unwrap_or(rest).len()
}

/// Writes the text up to the quote that ends it, without its escapes, and returns what is behind the
/// quote.
fn push_unescaped<'r>(out: &mut Out<'_>, field: u8, mut rest: &'r [u8]) -> &'r [u8] {
    let start = out.begin_message(field);
    loop {
        let (plain, after) = rest.split_at(end_of_value(rest, 0).min(rest.len()));
        out.push_bytes(plain);
        rest = match after {
            [b'\\', escaped, after @ ..] => {
                out.push_array([if *escaped == b'n' { b'\n' } else { *escaped }]);
                after
            }
            _ => {
                out.end_message(start);
                return after.get(1..).unwrap_or_default();
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;
    use metrics_core::LabelSet;
    use proptest::prelude::*;

    #[test]
    fn a_value_ends_with_the_first_quote_or_escape() {
        for len in 0..40 {
            let mut text = vec![b'.'; len];
            for from in 0..=len {
                assert!(end_of_value(&text, from) >= len);
            }
            for at in (0..len).rev() {
                text[at] = [b'"', b'\\'][at % 2];
                for from in 0..=at {
                    assert_eq!(end_of_value(&text, from), at);
                }
            }
        }
        // What borrows from the byte above.
        assert_eq!(end_of_value(b"\x00\x01\x23\x21\x5d\x5b\"\\....", 0), 6);
    }

    fn length_delimited(tag: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
        assert_eq!(bytes[0], tag);
        let (mut len, mut at) = (0, 1);
        loop {
            len |= usize::from(bytes[at] & 0x7F) << (7 * (at - 1));
            at += 1;
            if bytes[at - 1] < 0x80 {
                return (&bytes[at..at + len], &bytes[at + len..]);
            }
        }
    }

    proptest! {
        #[test]
        fn labels_are_read_back(
            pairs in prop::collection::vec(("[a-z_]{1,12}|.{1,9}", ".{0,9}|[\"\\\\\n=,a]{0,20}|[x\"]{100,300}"), 0..6),
        ) {
            let mut unique: Vec<(String, String)> = Vec::new();
            for (name, value) in pairs {
                if !name.starts_with("__") && unique.iter().all(|(other, _)| *other != name) {
                    unique.push((name, value));
                }
            }
            let set = LabelSet::utf8(unique.iter().map(|(name, value)| (&**name, &**value))).unwrap();
            let [_, rendered] = set.labels().parts();
            let mut once = vec![0; most(rendered.len())];
            let mut out = Out::new(&mut once);
            push_labels(&mut out, rendered);
            let len = out.len();
            once.truncate(len);
            // Names that are remembered from labels like these and from others.
            let mut labels = LabelWriter::default();
            let mut before = vec![0; 256];
            labels.push(&mut Out::new(&mut before), r#"a="1",b="2",c="3""#);
            for round in 0..3 {
                let mut room = [0; SMALL];
                if let Some(len) = labels.push_small(&mut room, 1, rendered) {
                    prop_assert_eq!(&room[1..len], &once);
                } else {
                    let is_small = unique.iter().all(|(name, value)| {
                        // Others are in quotes.
                        let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                        name.len() <= 14 && is_bare && !name.starts_with(|c: char| c.is_ascii_digit())
                            && value.len() < 8 && !value.contains(['"', '\\', '\n'])
                    });
                    prop_assert!(round == 0 || !is_small || once.len() > 100);
                }
                let mut bytes = vec![0; most(rendered.len())];
                let mut out = Out::new(&mut bytes);
                labels.push(&mut out, rendered);
                let len = out.len();
                bytes.truncate(len);
                prop_assert_eq!(&bytes, &once);
            }
            let mut rest = &once[..];
            for (name, value) in &unique {
                let (pair, after) = length_delimited(0x0A, rest);
                let (read_name, pair) = length_delimited(0x0A, pair);
                let (read_value, pair) = length_delimited(0x12, pair);
                prop_assert_eq!((read_name, read_value, pair), (name.as_bytes(), value.as_bytes(), &b""[..]));
                rest = after;
            }
            prop_assert_eq!(rest, b"");
        }
    }
}
