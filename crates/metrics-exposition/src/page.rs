use alloc::string::String;
use alloc::vec::Vec;

/// Where the text of an encoder goes, some thousands of bytes at a time.
pub(crate) trait Page {
    /// Appends whole samples. They are UTF-8: pieces of `str` and digits.
    fn append(&mut self, text: &[u8]);

    /// The length of all that was appended.
    fn position(&self) -> u64;

    /// Takes back what came after `position`, as far as it is still here.
    fn rollback(&mut self, position: u64);
}

/// A page that keeps bytes at hand until a family is whole.
pub(crate) trait FamilyPage: Page {
    /// The bytes that are at hand, to append to and to change.
    fn bytes(&mut self) -> &mut Vec<u8>;

    /// Called after each family, where the bytes may be passed on.
    fn end_family(&mut self);
}

impl Page for String {
    fn append(&mut self, text: &[u8]) {
        // The check is what safe code pays for putting lines together in bytes; these are still in the
        // first-level cache, where it takes a fraction of a nanosecond for a line of ASCII.
        self.push_str(core::str::from_utf8(text).expect("an encoder writes pieces of text"));
    }

    fn position(&self) -> u64 {
        self.len() as u64
    }

    fn rollback(&mut self, position: u64) {
        // A position is a length that this string had, so it fits.
        self.truncate(position as usize);
    }
}

impl Page for Vec<u8> {
    fn append(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }

    fn position(&self) -> u64 {
        self.len() as u64
    }

    fn rollback(&mut self, position: u64) {
        // A position is a length that this vector had, so it fits.
        self.truncate(position as usize);
    }
}

impl FamilyPage for Vec<u8> {
    fn bytes(&mut self) -> &mut Vec<u8> {
        self
    }

    fn end_family(&mut self) {}
}

impl<P: Page> Page for &mut P {
    fn append(&mut self, text: &[u8]) {
        (**self).append(text);
    }

    fn position(&self) -> u64 {
        (**self).position()
    }

    fn rollback(&mut self, position: u64) {
        (**self).rollback(position);
    }
}
