//! Fewer system calls on a busy connection: reads come in large pieces, and writes wait one turn of the
//! scheduler so that the answers of other ready tasks leave in the same piece.
//!
//! Promises: bytes keep their order; a flush completes only when everything written before it has been
//! handed to the inner stream; shutdown writes what is buffered first; an idle connection holds no buffer.

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// What one read may bring, in bytes; also what a smaller read of the caller is rounded up to.
pub const READ_BUFFER: usize = 64 * 1024;

/// What may wait to be written, in bytes.
pub const WRITE_BUFFER: usize = 64 * 1024;

/// A byte stream with a read buffer and a write buffer whose flush lets other tasks go first.
#[derive(Debug)]
pub struct Coalesced<T> {
    inner: T,
    read: BytesMut,
    write: BytesMut,
    /// Whether the flush in progress has already let other tasks go first.
    yielded: bool,
}

// === impl Coalesced ===

impl<T> Coalesced<T> {
    /// Wraps `inner`.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            read: BytesMut::new(),
            write: BytesMut::new(),
            yielded: false,
        }
    }

    fn hand_out(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.read.len().min(out.remaining());
        out.put_slice(&self.read.split_to(count));
        if self.read.is_empty() {
            self.read = BytesMut::new();
        }
    }

    fn room(&self) -> usize {
        WRITE_BUFFER.saturating_sub(self.write.len())
    }
}

impl<T: AsyncWrite + Unpin> Coalesced<T> {
    /// Hands all that is buffered to the inner stream.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.write.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.write))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.write.advance(count);
        }
        self.write = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Coalesced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read.is_empty() {
            if out.remaining() >= READ_BUFFER {
                return Pin::new(&mut this.inner).poll_read(cx, out);
            }
            this.read.reserve(READ_BUFFER);
            let read = poll_read_buf(Pin::new(&mut this.inner), cx, &mut this.read);
            if !matches!(read, Poll::Ready(Ok(_))) {
                this.read = BytesMut::new();
            }
            ready!(read)?;
        }
        this.hand_out(out);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Coalesced<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.room() == 0 {
            ready!(this.poll_drain(cx))?;
        }
        if this.write.is_empty() && data.len() >= WRITE_BUFFER {
            return Pin::new(&mut this.inner).poll_write(cx, data);
        }
        let (taken, _) = data.split_at(data.len().min(this.room()));
        this.write.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.room() == 0 {
            ready!(this.poll_drain(cx))?;
        }
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if this.write.is_empty() && length >= WRITE_BUFFER && this.inner.is_write_vectored() {
            return Pin::new(&mut this.inner).poll_write_vectored(cx, pieces);
        }
        let mut count = 0;
        for piece in pieces {
            let (taken, _) = piece.split_at(piece.len().min(this.room()));
            this.write.extend_from_slice(taken);
            count += taken.len();
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.write.is_empty() && !this.yielded {
            this.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(this.poll_drain(cx))?;
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        this.yielded = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
