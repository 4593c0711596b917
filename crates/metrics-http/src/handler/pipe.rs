//! A page on its way from the thread that writes it to the connection that takes it.
//!
//! The writer waits while the connection has two pieces before it, so that a page needs the same memory
//! however large it is and however slow the client. Either end can go away: then the other one is told at
//! its next step.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

/// What is handed over at once.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait.
const WAITING: usize = 2;

/// A part of a page.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    /// Whether the page ends with it. A page that ends without was not finished.
    pub(crate) last: bool,
}

pub(crate) fn pipe() -> (Writer, Reader) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let line = Arc::new(Line {
        start: Instant::now(),
        blocked_since: AtomicU64::new(FREE),
        end: Mutex::new(End { pieces: receiver, waiting: None, cut: false }),
    });
    (Writer { sender, line: line.clone(), buffer: BytesMut::new() }, Reader { line })
}

/// The end of the thread that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    sender: mpsc::Sender<Piece>,
    line: Arc<Line>,
    buffer: BytesMut,
}

/// The end of the connection.
#[derive(Debug)]
pub(crate) struct Reader {
    line: Arc<Line>,
}

/// What both ends share.
#[derive(Debug)]
pub(crate) struct Line {
    start: Instant,
    /// Milliseconds after the start at which the writer began to wait for the client, or `FREE`.
    blocked_since: AtomicU64,
    end: Mutex<End>,
}

/// The end that the connection reads, in reach of whoever cuts the page off.
#[derive(Debug)]
struct End {
    pieces: mpsc::Receiver<Piece>,
    waiting: Option<Waker>,
    cut: bool,
}

const FREE: u64 = u64::MAX;

impl Line {
    /// How long the writer has been waiting for the client.
    pub(crate) fn stalled(&self) -> Duration {
        // Only ever compared with a limit: nothing is read that another thread wrote before.
        match self.blocked_since.load(Ordering::Relaxed) {
            FREE => Duration::ZERO,
            since => self.start.elapsed().saturating_sub(Duration::from_millis(since)),
        }
    }

    /// Ends the page where it is: the writer's next piece is refused, the client sees that the page is
    /// not whole.
    pub(crate) fn cut(&self) {
        let mut end = self.end();
        end.cut = true;
        end.pieces.close();
        // What waits is not wanted any more.
        while end.pieces.try_recv().is_ok() {}
        if let Some(waiting) = end.waiting.take() {
            waiting.wake();
        }
    }

    fn end(&self) -> MutexGuard<'_, End> {
        // It is whole whatever panicked around it.
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    pub(crate) fn line(&self) -> Arc<Line> {
        self.line.clone()
    }

    /// Says that the page is whole.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send(true)
    }

    fn send(&mut self, last: bool) -> io::Result<()> {
        let piece = Piece { bytes: self.buffer.split().freeze(), last };
        let piece = match self.sender.try_send(piece) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(gone()),
            Err(mpsc::error::TrySendError::Full(piece)) => piece,
        };
        let since = self.line.start.elapsed().as_millis() as u64;
        self.line.blocked_since.store(since, Ordering::Relaxed);
        let sent = self.sender.blocking_send(piece);
        self.line.blocked_since.store(FREE, Ordering::Relaxed);
        sent.map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the client went away, or its time was up")
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Sent when the next byte comes, not when the piece is full: so the last one is known as such.
        if self.buffer.len() >= PIECE {
            self.send(false)?;
        }
        let taken = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Reader {
    pub(crate) fn line(&self) -> Arc<Line> {
        self.line.clone()
    }

    /// The next piece, or `None` if the page was cut off or its writer is gone.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        let mut end = self.line.end();
        if end.cut {
            return Poll::Ready(None);
        }
        let polled = end.pieces.poll_recv(context);
        if polled.is_pending() {
            end.waiting = Some(context.waker().clone());
        }
        polled
    }

    pub(crate) async fn next(&self) -> Option<Piece> {
        std::future::poll_fn(|context| self.poll(context)).await
    }
}

/// The writer shares the channel, so it would not be told otherwise.
impl Drop for Reader {
    fn drop(&mut self) {
        self.line.cut();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: Reader) -> (Vec<u8>, usize, bool) {
        let (mut page, mut pieces, mut whole) = (Vec::new(), 0, false);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            while let Some(piece) = reader.next().await {
                pieces += 1;
                page.extend_from_slice(&piece.bytes);
                whole = piece.last;
            }
        });
        (page, pieces, whole)
    }

    #[test]
    fn a_page_arrives_as_it_was_written_and_its_last_piece_is_marked() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE] {
            let page: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let (mut writer, reader) = pipe();
            let written = page.clone();
            let thread = std::thread::spawn(move || {
                writer.write_all(&written)?;
                writer.finish()
            });
            let (read, pieces, whole) = read(reader);
            thread.join().unwrap().unwrap();
            assert!(read == page && whole, "{len}");
            assert_eq!(pieces, len.div_ceil(PIECE).max(1), "{len}");
        }
    }

    #[test]
    fn a_page_that_was_not_finished_is_known_as_such() {
        let (mut writer, reader) = pipe();
        writer.write_all(&vec![b'x'; PIECE + 1]).unwrap();
        drop(writer);
        let (page, _, whole) = read(reader);
        assert_eq!((page.len(), whole), (PIECE, false));
    }

    #[test]
    fn a_writer_whose_reader_is_gone_or_cut_is_told_also_while_it_waits() {
        for cut in [false, true] {
            let (mut writer, reader) = pipe();
            let line = reader.line();
            let thread = std::thread::spawn(move || writer.write_all(&vec![0; 10 * PIECE]));
            let deadline = Instant::now() + Duration::from_secs(60);
            while line.stalled() == Duration::ZERO {
                assert!(Instant::now() < deadline, "the writer waits");
                std::thread::yield_now();
            }
            let kept = if cut {
                line.cut();
                Some(reader)
            } else {
                drop(reader);
                None
            };
            let error = thread.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            assert_eq!(line.stalled(), Duration::ZERO);
            assert!(!kept.is_some_and(|reader| read(reader).2));
        }
    }
}
