use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;

use crate::handler::pipe::{Piece, Reader};

/// The body of a response of this crate: a page in one piece, or one that is still being written.
///
/// One that is dropped before its end ends the writing of the page.
#[derive(Default)]
pub struct Body {
    page: Page,
    /// Dropped with the body: what counts the requests under way.
    pub(crate) guard: Option<Box<dyn Send + Sync>>,
}

#[derive(Default)]
enum Page {
    #[default]
    End,
    Whole(Bytes),
    /// The first piece until it is taken, and where the others come from.
    Written(Option<Piece>, Reader, #[expect(dead_code, reason = "it works when it is dropped")] Watchdog),
}

impl Body {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { page: if bytes.is_empty() { Page::End } else { Page::Whole(bytes) }, guard: None }
    }

    /// A page that begins with `first` and is still being written, under a watchdog.
    pub(crate) fn written(first: Piece, reader: Reader, watchdog: Watchdog) -> Self {
        Self { page: Page::Written(Some(first), reader, watchdog), guard: None }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let piece = match &mut this.page {
            Page::End => return Poll::Ready(None),
            Page::Whole(bytes) => Some(Piece { bytes: std::mem::take(bytes), last: true }),
            Page::Written(first, reader, _) => match first.take() {
                Some(piece) => Some(piece),
                None => ready!(reader.poll(context)),
            },
        };
        let last = piece.as_ref().is_none_or(|piece| piece.last);
        if last {
            this.page = Page::End;
        }
        Poll::Ready(Some(piece.map(|piece| Frame::data(piece.bytes)).ok_or(BodyError(()))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.page, Page::End)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.page {
            Page::End => SizeHint::with_exact(0),
            Page::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Page::Written(..) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.page {
            Page::End => "Body(end)",
            Page::Whole(_) => "Body(whole)",
            Page::Written(..) => "Body(written)",
        })
    }
}

/// The task that cuts a page off when its time is up; it ends with the body.
#[derive(Debug)]
pub(crate) struct Watchdog(pub(crate) AbortHandle);

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A page was not written to its end: the time was up, or a collector panicked in the middle.
///
/// The connection is closed, so that the client knows.
#[derive(Debug)]
pub struct BodyError(());

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the page was cut off: the time for the scrape was up, or writing it failed")
    }
}

impl Error for BodyError {}
