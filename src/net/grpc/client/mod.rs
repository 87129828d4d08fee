//! Unary gRPC calls whose messages are bytes. tonic's own client is not used for them: it copies each message
//! and compresses at ten times the cost.
//!
//! Promises: a call ends within its timeout; at most [`MAX_ANSWER`] bytes of answer are held; a call that the
//! server never looked at, because its connection was closing, is sent once more on another connection.

mod connections;
mod frame;
mod keeper;
mod verdict;

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

pub use connections::{KeepAlive, Plan, Spread};
pub use frame::MAX_ANSWER;
pub use verdict::Verdict;

use self::connections::Connections;
use self::frame::{Assembly, TooLong};
use crate::net::causes::chain;
use crate::net::compress::Compressor;
use crate::net::parts::Parts;

/// What every call of a client has in common.
#[derive(Clone, Debug)]
pub struct Options {
    /// `https` below TLS, else `http`.
    pub scheme: Scheme,
    /// The name that the server is addressed by.
    pub authority: Authority,
    /// Headers of every call, `user-agent` included.
    pub headers: HeaderMap,
    /// How messages are compressed.
    pub compressor: Compressor,
    /// Whether a call waits for a connection instead of failing while none can be opened.
    pub wait_for_ready: bool,
}

/// Calls one server, or the servers behind one name.
#[derive(Debug)]
pub struct Client {
    connections: Connections,
    options: Options,
}

/// Why a call has no successful answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server refused it.
    #[error("{:?}: {}", .0.code, .0.message)]
    Refused(Verdict),
    /// Nothing was heard of it: no connection, a cut one, or no answer in time.
    #[error("{0}")]
    NoAnswer(String),
    /// The answer is longer than [`MAX_ANSWER`].
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    AnswerTooLong,
    /// What answered does not speak gRPC.
    #[error("{0}")]
    NotGrpc(String),
    /// The message could not be prepared.
    #[error("{0}")]
    Unsendable(String),
}

/// A failed attempt, and whether the server has never looked at it.
struct Attempt {
    error: CallError,
    untouched: bool,
}

// === impl Client ===

impl Client {
    /// Connects nowhere before the first call.
    pub fn new(plan: Plan, options: Options) -> Self {
        Self {
            connections: Connections::new(plan),
            options,
        }
    }

    /// The headers that every call has in common.
    pub fn headers(&self) -> &HeaderMap {
        &self.options.headers
    }

    /// Sends the message made of `parts` to `path` and returns the answer's message, within `timeout` (none:
    /// however long it takes).
    pub async fn unary(
        &self,
        path: &'static str,
        parts: Vec<Bytes>,
        timeout: Option<Duration>,
    ) -> Result<Bytes, CallError> {
        self.unary_with(path, self.headers(), parts, timeout).await
    }

    /// As [`unary`](Self::unary), with these headers in place of those that calls have in common.
    pub async fn unary_with(
        &self,
        path: &'static str,
        headers: &HeaderMap,
        parts: Vec<Bytes>,
        timeout: Option<Duration>,
    ) -> Result<Bytes, CallError> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let unsendable = |error: io::Error| CallError::Unsendable(error.to_string());
        let parts = self
            .options
            .compressor
            .compress(parts)
            .await
            .map_err(unsendable)?;
        let length = parts.iter().map(Bytes::len).sum();
        let compressed = self.options.compressor.name().is_some();
        let prefix = frame::prefix(compressed, length).map_err(unsendable)?;
        let message = Parts::new(&prefix, &parts);
        match deadline {
            None => self.call(path, headers, message, None).await,
            Some(at) => match timeout_at(at, self.call(path, headers, message, deadline)).await {
                Ok(done) => done,
                Err(_) => Err(CallError::NoAnswer(self.too_late(timeout.unwrap_or_default()))),
            },
        }
    }

    async fn call(
        &self,
        path: &'static str,
        headers: &HeaderMap,
        message: Parts,
        deadline: Option<Instant>,
    ) -> Result<Bytes, CallError> {
        match self.attempt(path, headers, message.clone(), deadline).await {
            Err(Attempt { untouched: true, .. }) => self.attempt(path, headers, message, deadline).await,
            done => done,
        }
        .map_err(|attempt| attempt.error)
    }

    async fn attempt(
        &self,
        path: &'static str,
        headers: &HeaderMap,
        message: Parts,
        deadline: Option<Instant>,
    ) -> Result<Bytes, Attempt> {
        let lease = self.connections.lease(self.options.wait_for_ready).await;
        let mut lease = lease.map_err(CallError::NoAnswer)?;
        let request = self.request(path, headers, message, deadline);
        match lease.sender.try_send_request(request).await {
            Ok(response) => {
                lease.answered();
                read(response).await
            }
            Err(mut error) => Err(Attempt {
                untouched: error.take_message().is_some() || untouched(error.error()),
                error: CallError::NoAnswer(chain(error.error())),
            }),
        }
    }

    fn request(
        &self,
        path: &'static str,
        common: &HeaderMap,
        message: Parts,
        deadline: Option<Instant>,
    ) -> Request<Parts> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.options.scheme.clone());
        parts.authority = Some(self.options.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static(path));
        let mut request = Request::new(message);
        *request.method_mut() = Method::POST;
        // These three always make a URI.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        let headers = request.headers_mut();
        *headers = common.clone();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(
            "grpc-accept-encoding",
            HeaderValue::from_static("identity,gzip,zstd"),
        );
        if let Some(name) = self.options.compressor.name() {
            headers.insert("grpc-encoding", HeaderValue::from_static(name));
        }
        if let Some(deadline) = deadline {
            headers.insert(
                "grpc-timeout",
                timeout_value(deadline.saturating_duration_since(Instant::now())),
            );
        }
        request
    }

    fn too_late(&self, timeout: Duration) -> String {
        let trouble = self.connections.trouble();
        if trouble.is_empty() {
            format!("no answer within {timeout:?}")
        } else {
            format!("no answer within {timeout:?}; {trouble}")
        }
    }
}

// === impl Attempt ===

impl From<CallError> for Attempt {
    fn from(error: CallError) -> Self {
        Self {
            error,
            untouched: false,
        }
    }
}

/// The answer's message, when the server says that all is well.
async fn read(response: Response<Incoming>) -> Result<Bytes, Attempt> {
    let (head, mut body) = response.into_parts();
    if let Some(verdict) = verdict::from_headers(&head.headers) {
        verdict.map_err(CallError::Refused)?;
        return Ok(Bytes::new());
    }
    if head.status != StatusCode::OK {
        return Err(CallError::Refused(verdict::from_http(head.status)).into());
    }
    speaks_grpc(&head.headers)?;
    let mut assembly = Assembly::default();
    let mut verdict = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Attempt {
            untouched: untouched(&error),
            error: CallError::NoAnswer(chain(&error)),
        })?;
        match frame.into_data() {
            Ok(data) => assembly.push(&data).map_err(|TooLong| CallError::AnswerTooLong)?,
            Err(frame) => verdict = frame.trailers_ref().and_then(verdict::from_headers),
        }
    }
    let silent = || CallError::NoAnswer("the answer ended without a gRPC status".into());
    verdict.ok_or_else(silent)?.map_err(CallError::Refused)?;
    let encoding = head
        .headers
        .get("grpc-encoding")
        .and_then(|value| value.to_str().ok());
    Ok(assembly
        .finish(encoding.unwrap_or("identity"))
        .unwrap_or_else(|error| {
            // The server took the call; what else it had to say is lost.
            tracing::debug!(%error, "unreadable answer to a call that succeeded");
            Bytes::new()
        }))
}

fn speaks_grpc(headers: &HeaderMap) -> Result<(), CallError> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&[][..], HeaderValue::as_bytes);
    if kind.starts_with(b"application/grpc") {
        return Ok(());
    }
    let kind = String::from_utf8_lossy(kind);
    Err(CallError::NotGrpc(format!(
        "the server answers with content type `{kind}`, so it does not speak gRPC"
    )))
}

/// Whether HTTP/2 itself says that the server has not begun with the call: REFUSED_STREAM, or a GOAWAY that
/// names an earlier call as the last.
fn untouched(error: &hyper::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let graceful = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
            return error.is_remote() && (graceful || error.reason() == Some(h2::Reason::REFUSED_STREAM));
        }
        cause = error.source();
    }
    false
}

/// At most eight digits and a unit, as `grpc-timeout` wants it.
fn timeout_value(left: Duration) -> HeaderValue {
    let millis = left.as_millis().max(1);
    let text = match millis {
        0..=99_999_999 => format!("{millis}m"),
        _ => format!("{}S", left.as_secs().min(99_999_999)),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("1S"))
}
