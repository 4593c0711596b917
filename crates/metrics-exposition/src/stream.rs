use alloc::vec::Vec;
use std::io;

use crate::page::{FamilyPage, Page};

/// Once the buffer holds this many bytes, they are written.
const PIECE: usize = 32 * 1024;

/// Room for what fills the buffer, so that it rarely has to grow for it.
const LAST: usize = 4 * 1024;

/// A page that passes its text on to a writer, piece by piece.
pub(crate) struct Stream<'w, W: ?Sized> {
    writer: &'w mut W,
    buffer: Vec<u8>,
    /// The length of what left the buffer.
    passed: u64,
    /// The first error; nothing is written after it.
    result: io::Result<()>,
}

impl<'w, W: io::Write + ?Sized> Stream<'w, W> {
    pub(crate) fn new(writer: &'w mut W) -> Self {
        Self { writer, buffer: Vec::with_capacity(PIECE + LAST), passed: 0, result: Ok(()) }
    }

    /// Writes what is left, and tells whether everything was written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.pass();
        self.result
    }

    #[cold]
    fn pass(&mut self) {
        self.passed += self.buffer.len() as u64;
        if self.result.is_ok() && !self.buffer.is_empty() {
            self.result = self.writer.write_all(&self.buffer);
        }
        self.buffer.clear();
    }
}

impl<W: io::Write + ?Sized> Page for Stream<'_, W> {
    fn append(&mut self, text: &[u8]) {
        self.buffer.extend_from_slice(text);
        if self.buffer.len() >= PIECE {
            self.pass();
        }
    }

    fn position(&self) -> u64 {
        self.passed + self.buffer.len() as u64
    }

    fn rollback(&mut self, position: u64) {
        // What is passed on is gone; it ended with a whole sample, so the page stays readable.
        let kept = position.saturating_sub(self.passed);
        self.buffer.truncate(kept as usize);
    }
}

impl<W: io::Write + ?Sized> FamilyPage for Stream<'_, W> {
    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    fn end_family(&mut self) {
        if self.buffer.len() >= PIECE {
            self.pass();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_stays_small_however_much_goes_through_it() {
        let mut written = io::sink();
        let mut stream = Stream::new(&mut written);
        for _ in 0..1_000_000 {
            stream.append(b"requests_total{path=\"/\"} 1\n");
        }
        assert_eq!(stream.buffer.capacity(), PIECE + LAST);
        assert_eq!(stream.position(), 27_000_000);
    }

    #[test]
    fn rollback_takes_back_what_is_in_the_buffer_only() {
        let mut written = Vec::new();
        let mut stream = Stream::new(&mut written);
        stream.append(b"kept ");
        let start = stream.position();
        stream.append(b"taken back");
        stream.rollback(start);
        stream.pass();

        stream.append(b"passed on ");
        let later = stream.position();
        stream.pass();
        stream.append(b"taken back");
        stream.rollback(start);
        assert_eq!(stream.position(), later);
        stream.append(b"end");
        stream.finish().unwrap();
        assert_eq!(written, b"kept passed on end");
    }
}
