//! A request body made of slices. Promise: big slices are sent without a copy, small ones travel together.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// Slices below this many bytes are copied together until they reach it: a write costs more than the copy.
const SMALL: usize = 64 * 1024;

/// A body of known length.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    chunks: VecDeque<Bytes>,
    left: u64,
}

// === impl Parts ===

impl Parts {
    /// The body `head` followed by `parts`.
    pub fn new(head: &[u8], parts: &[Bytes]) -> Self {
        let mut body = Self::default();
        let mut small = BytesMut::from(head);
        for part in parts {
            if part.len() >= SMALL {
                body.push(small.split().freeze());
                body.push(part.clone());
                continue;
            }
            small.extend_from_slice(part);
            if small.len() >= SMALL {
                body.push(small.split().freeze());
            }
        }
        body.push(small.freeze());
        body
    }

    fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.left += chunk.len() as u64;
            self.chunks.push_back(chunk);
        }
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.chunks.pop_front();
        self.left -= chunk.as_ref().map_or(0, Bytes::len) as u64;
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    /// The order is kept, small parts travel together, a big one is the very memory that was given.
    #[tokio::test]
    async fn small_together_big_as_they_are() {
        let big = Bytes::from(vec![b'b'; SMALL]);
        let small = Bytes::from_static(b"small");
        let given = [
            small.clone(),
            small.clone(),
            big.clone(),
            Bytes::new(),
            small.clone(),
        ];
        let body = Parts::new(b"head", &given);
        let chunks: Vec<Bytes> = body.chunks.iter().cloned().collect();
        assert_eq!(chunks.len(), 3);
        assert_eq!(chunks[1].as_ptr(), big.as_ptr());
        assert_eq!(body.size_hint().exact(), Some(4 + 15 + SMALL as u64));
        let sent = body.collect().await.unwrap().to_bytes();
        assert_eq!(sent, [&b"headsmallsmall"[..], &big, b"small"].concat());
    }
}
