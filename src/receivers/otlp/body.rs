//! Reads the bodies of HTTP requests into memory that is paid for.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::door::STALL;
use super::fault::{Fault, Unread};
use crate::net::auth::Purse;
use crate::net::buffer::{Full, PaidBuffer};
use crate::net::linger;
use crate::telemetry::receiver::Reason;

/// The most that is read, and thrown away, of a body that is beyond a quota.
const TOO_MUCH: usize = 1024 * 1024;

/// Reads a body of at most `limit` bytes, paid for from `purse`: what is `announced` before any of it is read; what is not,
/// step by step.
pub async fn read<B>(
    body: &mut B,
    announced: Option<u64>,
    limit: usize,
    purse: &Purse,
) -> Result<PaidBuffer, Unread>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let capacity = match announced {
        Some(length) => usize::try_from(length).map_err(|_| Full::TooLarge { limit })?,
        None => 0,
    };
    if capacity <= limit {
        purse.charge(capacity)?;
    }
    let mut buffer = PaidBuffer::new(&purse.budget, capacity, limit)?;
    loop {
        let frame = tokio::time::timeout(STALL, body.frame()).await.map_err(|_| {
            let message = format!("the body stopped arriving: nothing came for {STALL:?}");
            Fault::new(Reason::Stalled, message)
        })?;
        match frame {
            None => return Ok(buffer),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    if announced.is_none() {
                        purse.charge(data.len())?;
                    }
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
    purse: &Purse,
    patience: Option<Duration>,
) -> Result<PaidBuffer, Unread> {
    let read = read(body, announced, limit, purse);
    match patience {
        None => read.await,
        Some(patience) => tokio::time::timeout(patience, read).await.unwrap_or_else(|_| {
            let message = format!("the body took longer than read_timeout, {patience:?}");
            Err(Fault::new(Reason::Stalled, message).into())
        }),
    }
}

/// Lets a client whose request is refused end what it is sending.
pub async fn linger(head: &Parts, body: &mut Incoming, reason: Reason, limit: usize) {
    match reason {
        Reason::Stalled | Reason::Gone => {}
        // Those who send too much are not read for long, too.
        Reason::OverQuota => linger::linger(head, body, limit.min(TOO_MUCH)).await,
        _ => linger::linger(head, body, limit).await,
    }
}
