//! PostHog's way in: `POST /i/v1/traces`, whose answers are PostHog's own.
//!
//! Promises: a request is judged by its token before its body is read; what the body is, is found out from the body, not
//! from `Content-Type`; a success is always `{}` and means what it means at OTLP's own door. A span whose ids have the wrong
//! length is taken out and counted, for which PostHog has no word.

mod answer;
mod clock;
mod config;
mod decode;
#[cfg(test)]
mod tests;
mod token;

pub use config::PostHogConfig;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use http_body_util::Full;
use hyper::body::{Body, Incoming};

use self::answer::Refusal;
use self::clock::Clock;
use self::decode::{Undecoded, decode};
use crate::net::auth::{Head, Identity};
use crate::net::decompress::Encoding;
use crate::pipeline::client::Client;
use crate::receivers::otlp::body;
use crate::receivers::otlp::door::{self, Door};
use crate::telemetry::receiver::Reason;

/// Where it is.
pub const PATH: &str = "/i/v1/traces";

/// PostHog's way in.
pub struct PostHog {
    limit: usize,
    read_timeout: Option<Duration>,
    clamp_time: bool,
}

// === impl PostHog ===

impl PostHog {
    /// The door as `config` says, where bodies have `read_timeout` to arrive; none when it is switched off.
    pub fn new(config: &PostHogConfig, read_timeout: Option<Duration>) -> Option<Self> {
        config.enabled.then(|| Self {
            limit: config.limit(),
            read_timeout,
            clamp_time: config.clamp_time,
        })
    }

    /// Answers one request; what it carries goes on through `door`.
    pub async fn handle(
        &self,
        door: &Door,
        client: &Arc<Client>,
        head: &Parts,
        body: &mut Incoming,
    ) -> Response<Full<Bytes>> {
        let taken = match head.method {
            Method::OPTIONS => Ok(()),
            Method::POST => self.take(door, client, head, body).await,
            _ => Err(Refusal::method(&head.method)),
        };
        let mut response = match taken {
            Ok(()) => answer::taken(),
            Err(refusal) => {
                body::linger(head, body, refusal.fault.reason, door.limit).await;
                door.note(&refusal.fault, client.address);
                refusal.into_response()
            }
        };
        answer::mirror(head, response.headers_mut());
        response
    }

    async fn take(
        &self,
        door: &Door,
        client: &Arc<Client>,
        head: &Parts,
        body: &mut Incoming,
    ) -> Result<(), Refusal> {
        let identity = admit(door, head).await?;
        let client = door.sender(client, head, "host", identity);
        let encoding = encoding(head)?;
        door.welcome(&client, None)?;
        let announced = body.size_hint().exact();
        let purse = door.purse(&client);
        let body = body::read_within(body, announced, self.limit, &purse, self.read_timeout)
            .await
            .map_err(|unread| door.fault(unread, &client))?;
        let (limit, budget) = (self.limit, purse.budget);
        let mut clock = Clock::new(self.clamp_time);
        // What a few compressed bytes become is not known yet.
        let is_large = body.len() >= door::LARGE || decode::is_packed(&body, encoding);
        let work = move || {
            let checked = decode(body, encoding, limit, &budget)?;
            clock.set(checked, &budget).map_err(Undecoded::Refused)
        };
        let checked = match is_large {
            true => door.aside(work).await?,
            false => work(),
        };
        let checked = checked.map_err(|undecoded| match undecoded {
            Undecoded::Refused(refusal) => refusal,
            Undecoded::Unread(unread) => door.fault(unread, &client).into(),
        })?;
        door.hand_over(checked, client, None).await?;
        Ok(())
    }
}

/// Who is behind the token of a request; none where nobody is asked, but a token there must be.
async fn admit(door: &Door, head: &Parts) -> Result<Option<Arc<Identity>>, Refusal> {
    let token = token::of(head)?;
    let identity = door.guard.judge_secret(&token).await;
    identity.map_err(|fault| match fault.reason {
        Reason::Unauthenticated => Refusal::unauthenticated("Invalid token"),
        _ => fault.into(),
    })
}

/// How the body is compressed, by its query or by its header; it may turn out to be gzip all the same.
fn encoding(head: &Parts) -> Result<Encoding, Refusal> {
    if let Some("gzip" | "gzip-js") = Head::from(head).parameter("compression").as_deref() {
        return Ok(Encoding::Gzip);
    }
    let name = head.headers.get(CONTENT_ENCODING);
    let name = name.map_or(&b""[..], HeaderValue::as_bytes);
    Encoding::from_name(name).ok_or_else(|| Refusal::encoding(&String::from_utf8_lossy(name)))
}
