use alloc::string::String;

/// Where an encoder puts its text.
///
/// The encoder is generic over it, so that a string pays nothing for what only a stream needs.
pub(crate) trait Page {
    /// The end of the text, to append to.
    fn text(&mut self) -> &mut String;

    /// Called after each sample, where the text may be cut.
    fn end_sample(&mut self);

    /// The length of the text since the beginning.
    fn position(&self) -> u64;

    /// Takes back what came after `position`, as far as it is still here.
    fn rollback(&mut self, position: u64);
}

impl Page for String {
    #[inline]
    fn text(&mut self) -> &mut String {
        self
    }

    #[inline]
    fn end_sample(&mut self) {}

    fn position(&self) -> u64 {
        self.len() as u64
    }

    fn rollback(&mut self, position: u64) {
        // A position is a length that this string had, so it fits.
        self.truncate(position as usize);
    }
}
