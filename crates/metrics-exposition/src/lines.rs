use alloc::vec;
use alloc::vec::Vec;

use crate::cursor::Cursor;
use crate::page::Page;

/// Lines on their way to a page.
///
/// A sample is put together in bytes that are there already, so that room is made once for all its
/// pieces and each costs a copy and no more. When the next sample has no room, the bytes go to the
/// page: what reaches it are whole samples.
pub(crate) struct Lines<P> {
    page: P,
    bytes: Vec<u8>,
    len: usize,
}

/// So few that they stay in the first-level cache, so many that passing them on costs little for
/// each line. A sample that needs more gets more.
const SIZE: usize = 4096;

impl<P: Page> Lines<P> {
    pub(crate) fn new(page: P) -> Self {
        Self { page, bytes: vec![0; SIZE], len: 0 }
    }

    /// Room for a sample or the head of a family that takes at most `most` bytes. Of what is written
    /// there, [`take`](Self::take) keeps the beginning.
    #[inline]
    pub(crate) fn room(&mut self, most: usize) -> Cursor<'_> {
        if self.bytes.len() - self.len < most {
            self.make_room(most);
        }
        Cursor::new(&mut self.bytes[self.len..])
    }

    /// The same if there is room already.
    #[inline(always)]
    pub(crate) fn room_left(&mut self, most: usize) -> Option<Cursor<'_>> {
        let rest = self.bytes.get_mut(self.len..)?;
        if rest.len() < most {
            return None;
        }
        Some(Cursor::new(rest))
    }

    /// What the lines go to; for what is to be done between two of them, [`flush`](Self::flush) first.
    pub(crate) fn page(&mut self) -> &mut P {
        &mut self.page
    }

    /// Writes what takes at most `most` bytes.
    #[inline]
    pub(crate) fn write(&mut self, most: usize, write: impl FnOnce(&mut Cursor<'_>)) {
        let mut out = self.room(most);
        write(&mut out);
        let len = out.len();
        self.take(len);
    }

    /// Keeps the first `len` bytes of the room.
    #[inline(always)]
    pub(crate) fn take(&mut self, len: usize) {
        self.len += len;
    }

    /// Keeps the first `len` bytes of the room, and ends the line with a number.
    #[inline(never)]
    pub(crate) fn take_and_end(&mut self, len: usize, v: u64) {
        self.len += len;
        let mut out = Cursor::new(&mut self.bytes[self.len..]);
        out.push_u64(v);
        out.push_array([b'\n']);
        self.len += out.len();
    }

    /// Passes on what is not on the page yet.
    pub(crate) fn flush(&mut self) {
        self.page.append(&self.bytes[..self.len]);
        self.len = 0;
    }

    #[cold]
    fn make_room(&mut self, most: usize) {
        self.flush();
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
    }

    /// The length of the page with what will be passed on.
    pub(crate) fn position(&self) -> u64 {
        self.page.position() + self.len as u64
    }

    /// Takes back what came after `position`, as far as it is still here.
    pub(crate) fn rollback(&mut self, position: u64) {
        match position.checked_sub(self.page.position()) {
            // No more than there is, and that fits.
            Some(len) => self.len = self.len.min(len as usize),
            None => {
                self.len = 0;
                self.page.rollback(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn push(lines: &mut Lines<&mut String>, text: &str) {
        let mut out = lines.room(text.len());
        out.push(text);
        let len = out.len();
        lines.take(len);
    }

    #[test]
    fn a_sample_of_any_length_arrives_whole_and_in_order() {
        let mut page = String::from("before ");
        let mut expected = page.clone();
        let mut lines = Lines::new(&mut page);
        for len in (0..200).chain([SIZE - 1, SIZE, SIZE + 1, 5, 3 * SIZE, 7]) {
            let text: String = ('a'..='z').cycle().take(len).collect();
            push(&mut lines, &text);
            expected.push_str(&text);
            assert_eq!(lines.position(), expected.len() as u64);
        }
        lines.flush();
        assert_eq!(page, expected);
    }

    #[test]
    fn rollback_takes_back_what_is_passed_on_and_what_is_not() {
        let mut page = String::new();
        let mut lines = Lines::new(&mut page);
        push(&mut lines, "kept ");
        let first = lines.position();
        push(&mut lines, "gone");
        lines.rollback(first);
        lines.flush();
        assert_eq!(lines.position(), 5);

        push(&mut lines, "gone");
        lines.flush();
        push(&mut lines, "gone");
        lines.rollback(first);
        push(&mut lines, "kept");
        // Nothing after this position is there to be taken back.
        lines.rollback(100);
        lines.flush();
        assert_eq!(page, "kept kept");
    }
}
