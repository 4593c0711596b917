use alloc::string::String;

/// Where the text of an encoder goes, some thousands of bytes at a time.
pub(crate) trait Page {
    /// Appends whole samples. They are UTF-8: pieces of `str` and digits.
    fn append(&mut self, text: &[u8]);

    /// The length of all that was appended.
    fn position(&self) -> u64;

    /// Takes back what came after `position`, as far as it is still here.
    fn rollback(&mut self, position: u64);
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
