//! The server's half of a unary call: one framed message in, one framed message or a status out.
//!
//! Promises: the message's length is checked and paid for before its body is read; the five bytes before it
//! may be cut anywhere between DATA frames; a client that stops sending does not hold memory for ever.

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tonic::Status;

use crate::net::auth::{OverQuota, Purse};
use crate::net::buffer::{Full, PaidBuffer};

/// Compressed flag and length.
const PREFIX: usize = 5;

/// An empty message, framed.
const EMPTY: Bytes = Bytes::from_static(&[0; PREFIX]);

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const OK: HeaderValue = HeaderValue::from_static("0");

/// One message as the client sent it.
#[derive(Debug)]
pub struct Message {
    /// Whether the call's `grpc-encoding` was applied to it.
    pub compressed: bool,
    /// Its bytes.
    pub payload: PaidBuffer,
}

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is larger than allowed, or there is no room for it now.
    #[error("message of {length} bytes: {why}")]
    Full {
        /// The announced length in bytes.
        length: usize,
        /// Which of the two.
        why: Full,
    },
    /// Its sender sends too much.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// Not one gRPC message.
    #[error("{0}")]
    Framing(&'static str),
    /// The client sent nothing for too long.
    #[error("the message stopped arriving: nothing came for {0:?}")]
    Stalled(Duration),
    /// The client or its connection went away.
    #[error("the client went away while sending: {0}")]
    Gone(String),
}

/// The body of an answer.
#[derive(Debug, Default)]
pub enum Reply {
    /// Nothing: the status stands in the headers.
    #[default]
    Bare,
    /// One message, then the status 0.
    Message(Bytes),
    /// The status 0, after the message.
    Trailers,
    /// The answer of a service that tonic serves.
    Tonic(tonic::body::Body),
}

/// Reads the one message of a unary call, of at most `limit` bytes, paid for from `purse`; gives up on a client
/// that sends nothing for `stall`.
pub async fn read_message<B>(
    body: &mut B,
    limit: usize,
    stall: Duration,
    purse: &Purse,
) -> Result<Message, ReadError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut prefix = Prefix::default();
    let mut rest = loop {
        let mut data = next_data(body, stall)
            .await?
            .ok_or(ReadError::Framing(if prefix.is_empty() {
                "the call carries no message"
            } else {
                "the call ends within the prefix of its message"
            }))?;
        if prefix.fill(&mut data) {
            break data;
        }
    };
    let (compressed, length) = prefix.parse()?;
    purse.charge(length)?;
    let mut payload =
        PaidBuffer::new(&purse.budget, length, limit).map_err(|why| ReadError::Full { length, why })?;
    loop {
        if payload.len() + rest.len() > length {
            return Err(ReadError::Framing("a unary call carries more than one message"));
        }
        payload
            .extend(&rest)
            .map_err(|why| ReadError::Full { length, why })?;
        match next_data(body, stall).await? {
            Some(data) => rest = data,
            None if payload.len() < length => {
                return Err(ReadError::Framing("the call ends within its message"));
            }
            None => return Ok(Message { compressed, payload }),
        }
    }
}

/// The next bytes of the body; `None` at its end.
async fn next_data<B>(body: &mut B, stall: Duration) -> Result<Option<Bytes>, ReadError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    loop {
        if body.is_end_stream() {
            return Ok(None);
        }
        // What is there already needs no timer.
        let frame = match body.frame().now_or_never() {
            Some(frame) => frame,
            None => tokio::time::timeout(stall, body.frame())
                .await
                .map_err(|_| ReadError::Stalled(stall))?,
        };
        match frame {
            None => return Ok(None),
            Some(Err(error)) => return Err(ReadError::Gone(error.to_string())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// How long the client waits, from `grpc-timeout`; `None` when absent or not as the protocol writes it.
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Whether the request is gRPC with protobuf messages.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let essence = value
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim_ascii();
    essence.eq_ignore_ascii_case(b"application/grpc")
        || essence.eq_ignore_ascii_case(b"application/grpc+proto")
}

/// Success with `message`, encoded and not empty.
pub fn answer(message: &[u8]) -> Response<Reply> {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    response(Reply::Message(framed.freeze()))
}

/// Success with a message whose fields are all unset.
pub fn answer_empty() -> Response<Reply> {
    response(Reply::Message(EMPTY))
}

/// Failure: `status` alone.
pub fn answer_status(status: Status) -> Response<Reply> {
    status.into_http()
}

fn response(reply: Reply) -> Response<Reply> {
    let mut response = Response::new(reply);
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// The five bytes before a message, as far as they have come.
#[derive(Default)]
struct Prefix {
    bytes: [u8; PREFIX],
    filled: usize,
}

// === impl Prefix ===

impl Prefix {
    fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Takes what is missing from the front of `data`; whether it is complete.
    fn fill(&mut self, data: &mut Bytes) -> bool {
        if let Some(missing) = self.bytes.get_mut(self.filled..) {
            let count = missing.len().min(data.len());
            let (now, _) = missing.split_at_mut(count);
            data.copy_to_slice(now);
            self.filled += count;
        }
        self.filled == PREFIX
    }

    fn parse(&self) -> Result<(bool, usize), ReadError> {
        let [flag, length @ ..] = self.bytes;
        let compressed = match flag {
            0 => false,
            1 => true,
            _ => {
                return Err(ReadError::Framing(
                    "the compressed flag of the message is neither 0 nor 1",
                ));
            }
        };
        Ok((compressed, u32::from_be_bytes(length) as usize))
    }
}

// === impl Reply ===

impl Body for Reply {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match std::mem::take(&mut *self) {
            Self::Bare => return Poll::Ready(None),
            Self::Message(data) => {
                *self = Self::Trailers;
                Frame::data(data)
            }
            Self::Trailers => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(GRPC_STATUS, OK);
                Frame::trailers(trailers)
            }
            Self::Tonic(mut body) => {
                let frame = Pin::new(&mut body).poll_frame(cx);
                *self = Self::Tonic(body);
                return frame;
            }
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bare => true,
            Self::Message(_) | Self::Trailers => false,
            Self::Tonic(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bare | Self::Trailers => SizeHint::with_exact(0),
            Self::Message(data) => SizeHint::with_exact(data.len() as u64),
            Self::Tonic(body) => body.size_hint(),
        }
    }
}
