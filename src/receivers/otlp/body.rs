//! Reads the bodies of HTTP requests into memory that is paid for.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header::EXPECT;
use http::request::Parts;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::door::STALL;
use super::fault::{Fault, Unread};
use crate::net::buffer::{Full, PaidBuffer};
use crate::pipeline::budget::Budget;
use crate::telemetry::receiver::Reason;

/// How long a refused client may take to send the rest of its body.
const LINGER: Duration = Duration::from_secs(5);

/// Reads a body of at most `limit` bytes. What is `announced` is paid for before any of it is read; what is not,
/// step by step.
pub async fn read<B>(
    body: &mut B,
    announced: Option<u64>,
    limit: usize,
    budget: &Budget,
) -> Result<PaidBuffer, Unread>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let capacity = match announced {
        Some(length) => usize::try_from(length).map_err(|_| Full::TooLarge { limit })?,
        None => 0,
    };
    let mut buffer = PaidBuffer::new(budget, capacity, limit)?;
    loop {
        let frame = tokio::time::timeout(STALL, body.frame()).await.map_err(|_| {
            let message = format!("the body stopped arriving: nothing came for {STALL:?}");
            Fault::new(Reason::Stalled, message)
        })?;
        match frame {
            None => return Ok(buffer),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    buffer.extend(data)?;
                }
            }
            Some(Err(error)) => {
                let message = format!("the client went away while sending: {error}");
                return Err(Fault::new(Reason::Gone, message).into());
            }
        }
    }
}

/// As [`read`], where the body has so long to arrive.
pub async fn read_within(
    body: &mut Incoming,
    announced: Option<u64>,
    limit: usize,
    budget: &Budget,
    patience: Option<Duration>,
) -> Result<PaidBuffer, Unread> {
    let read = read(body, announced, limit, budget);
    match patience {
        None => read.await,
        Some(patience) => tokio::time::timeout(patience, read).await.unwrap_or_else(|_| {
            let message = format!("the body took longer than read_timeout, {patience:?}");
            Err(Fault::new(Reason::Stalled, message).into())
        }),
    }
}

/// Lets a client whose request is refused end what it is sending: over HTTP/1.1 it may read nothing before.
pub async fn linger(head: &Parts, body: &mut Incoming, reason: Reason, limit: usize) {
    let asks_first = head.headers.contains_key(EXPECT);
    let is_sending = !asks_first && !matches!(reason, Reason::Stalled | Reason::Gone);
    if head.version < Version::HTTP_2 && is_sending {
        discard(body, limit).await;
    }
}

/// Reads on and throws away, up to `limit` bytes: a client that gets its answer while it still writes may see
/// a broken connection instead.
async fn discard<B>(body: &mut B, limit: usize)
where
    B: Body<Data = Bytes> + Unpin,
{
    let rest = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > limit {
                return;
            }
        }
    };
    // Whoever is slower than that may see the broken connection.
    let _ = tokio::time::timeout(LINGER, rest).await;
}
