use std::{
    convert::Infallible,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::{
    body::{Body, Frame, SizeHint},
    http::Request,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Form;

/// How far a request has come, as its stream and its body see it. All of it happens within one task, so no ordering
/// between the flags is needed.
#[derive(Clone)]
pub(super) struct Progress(Arc<Flags>);

struct Flags {
    body_taken: AtomicBool,
    written: AtomicBool,
    sent: AtomicBool,
    answered: AtomicBool,
}

impl Progress {
    /// From here on bytes belong to the request, no longer to the connection's preface.
    pub(super) fn arm(&self) {
        for flag in [&self.0.written, &self.0.sent, &self.0.answered] {
            flag.store(false, Relaxed);
        }
    }

    /// The last byte of the request has left for the kernel.
    pub(super) fn is_sent(&self) -> bool {
        self.0.sent.load(Relaxed)
    }

    /// The first byte of the answer is here. HTTP/2 never says so: its first bytes are settings.
    pub(super) fn is_answered(&self) -> bool {
        self.0.answered.load(Relaxed)
    }
}

/// A request's body that notes when it has been taken.
pub(super) struct Outgoing {
    data: Option<Bytes>,
    progress: Progress,
}

impl Outgoing {
    pub(super) fn new(request: Request<Bytes>) -> (Request<Self>, Progress) {
        let (head, body) = request.into_parts();
        let data = (!body.is_empty()).then_some(body);
        let progress = Progress(Arc::new(Flags {
            body_taken: data.is_none().into(),
            written: false.into(),
            sent: false.into(),
            answered: false.into(),
        }));
        let outgoing = Self { data, progress: progress.clone() };
        (Request::from_parts(head, outgoing), progress)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.progress.0.body_taken.store(true, Relaxed);
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

/// A stream that notes when the request has been written and when the answer begins.
pub(super) struct Metered<S> {
    stream: S,
    progress: Progress,
    reads_tell: bool,
    reads_in_a_row: u8,
}

/// Reads without a pause before the deadline and the other tasks get their turn. Each brings up to [`super::HEAD_LIMIT`]
/// bytes, which may be thousands of chunks or interim answers; a flood of them would keep a task busy for seconds.
const READS_IN_A_ROW: u8 = 4;

impl<S> Metered<S> {
    pub(super) fn new(stream: S, progress: Progress, form: Form) -> Self {
        Self { stream, progress, reads_tell: form != Form::Http2, reads_in_a_row: 0 }
    }

    fn wrote(&self, written: usize) {
        if written > 0 {
            self.progress.0.written.store(true, Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads_in_a_row == READS_IN_A_ROW {
            self.reads_in_a_row = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.reads_in_a_row = if read.is_ready() { self.reads_in_a_row + 1 } else { 0 };
        ready!(read)?;
        if self.reads_tell && buffer.filled().len() > before {
            self.progress.0.answered.store(true, Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        let flags = &self.progress.0;
        if flags.written.load(Relaxed) && flags.body_taken.load(Relaxed) {
            flags.sent.store(true, Relaxed);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
