use crate::page::{FamilyPage, Page};

/// Families in a row, each behind its length.
///
/// The length is known when the family ends. As many bytes are left for it as it takes so far; when
/// the family outgrows them, it is moved by one byte, which happens at lengths a hundredfold apart.
pub(super) struct Families<'p, P> {
    page: &'p mut P,
    open: Option<Open>,
}

/// The family that is being written.
struct Open {
    /// Where it begins in the bytes that are here, behind its length.
    start: usize,
    /// How many bytes are left for the length.
    width: usize,
}

impl<'p, P: FamilyPage> Families<'p, P> {
    pub(super) fn new(page: &'p mut P) -> Self {
        Self { page, open: None }
    }

    /// Begins a family, after the one before was ended.
    pub(super) fn begin(&mut self) {
        let bytes = self.page.bytes();
        bytes.push(0);
        self.open = Some(Open { start: bytes.len(), width: 1 });
    }

    /// Ends the family, if one was begun, and writes its length.
    pub(super) fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        let bytes = self.page.bytes();
        let mut len = bytes.len() - open.start;
        let prefix = &mut bytes[open.start - open.width..open.start];
        for byte in prefix.iter_mut() {
            *byte = len as u8 | 0x80;
            len >>= 7;
        }
        if let Some(last) = prefix.last_mut() {
            *last &= 0x7F;
        }
        self.page.end_family();
    }
}

impl<P: FamilyPage> Page for Families<'_, P> {
    fn append(&mut self, text: &[u8]) {
        let bytes = self.page.bytes();
        bytes.extend_from_slice(text);
        if let Some(open) = &mut self.open {
            while (bytes.len() - open.start) >> (7 * open.width) != 0 {
                bytes.insert(open.start, 0);
                open.start += 1;
                open.width += 1;
            }
        }
    }

    fn position(&self) -> u64 {
        self.page.position()
    }

    fn rollback(&mut self, position: u64) {
        self.open = None;
        self.page.rollback(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn a_family_of_any_length_is_behind_it() {
        for (len, prefix) in [
            (0usize, &[0][..]),
            (1, &[1]),
            (127, &[127]),
            (128, &[0x80, 1]),
            (16_383, &[0xFF, 0x7F]),
            (16_384, &[0x80, 0x80, 1]),
            (3_000_000, &[0xC0, 0x8D, 0xB7, 1]),
        ] {
            for piece in [1, 100, 5_000_000] {
                let mut out = vec![1, 2, 3];
                let mut families = Families::new(&mut out);
                families.begin();
                for chunk in vec![9; len].chunks(if len > 1000 { piece + 4000 } else { piece }) {
                    families.append(chunk);
                }
                families.end();
                families.end();
                assert_eq!(out[..3], [1, 2, 3]);
                assert_eq!(out[3..3 + prefix.len()], *prefix);
                assert!(out[3 + prefix.len()..] == vec![9; len], "{len}");
            }
        }
    }

    #[test]
    fn a_family_is_taken_back_as_a_whole() {
        let mut out = Vec::new();
        let mut families = Families::new(&mut out);
        families.begin();
        families.append(b"kept");
        families.end();
        let position = families.position();
        families.begin();
        families.append(&[7; 1000]);
        families.rollback(position);
        families.end();
        families.begin();
        families.append(b"next");
        families.end();
        assert_eq!(out, b"\x04kept\x04next");
    }
}
