//! An HTTP/1.1 client of one server, whose bodies are slices that are sent without a copy.
//!
//! Promises: a request ends within its timeout; connections are kept for the next request, at most as many as
//! told; a request that met a connection which the server had just closed is sent once more on a new one; of
//! an answer at most [`MAX_ANSWER`] bytes are held. Redirects are not followed.

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::causes::chain;
use super::parts::Parts;
use super::resolve::{self, Address, Target};
use super::stream::Stream;
use super::tls::Connector;

/// The longest answer that is read; what is beyond is left where it is.
pub const MAX_ANSWER: usize = 64 * 1024;

/// Where to, and what is kept open.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub target: Target,
    /// What makes TLS of a connection; in the clear, when absent.
    pub tls: Option<Connector>,
    /// Connections at any time; none is as many as there are requests.
    pub max_connections: Option<usize>,
    /// Connections kept for later requests.
    pub max_idle: usize,
    /// How long they are kept; none is until the server closes them.
    pub idle_timeout: Option<Duration>,
}

/// Sends requests to one server.
#[derive(Debug)]
pub struct Client {
    options: Options,
    idle: Mutex<Vec<Idle>>,
    places: Semaphore,
    turn: AtomicUsize,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Bytes,
}

/// No answer: no connection, a cut one, or not in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Parts>,
    since: Instant,
}

// === impl Client ===

impl Client {
    /// Connects nowhere before the first request.
    pub fn new(options: Options) -> Self {
        Self {
            places: Semaphore::new(options.max_connections.unwrap_or(Semaphore::MAX_PERMITS)),
            options,
            idle: Mutex::default(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Posts `body` to `uri` (path and query) within `timeout` (none: however long it takes). `headers` must
    /// have `host`.
    pub async fn post(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        body: Parts,
        timeout: Option<Duration>,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::post(uri.clone())
            .body(body)
            .map_err(|error| NoAnswer(format!("cannot make a request: {error}")))?;
        *request.headers_mut() = headers.clone();
        let Some(timeout) = timeout else {
            return self.exchange(request).await;
        };
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(done) => done,
            Err(_) => Err(NoAnswer(format!(
                "no answer from {} within {timeout:?}",
                self.options.target
            ))),
        }
    }

    async fn exchange(&self, request: Request<Parts>) -> Result<Answer, NoAnswer> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|closed| NoAnswer(closed.to_string()))?;
        if let Some(mut sender) = self.idle_connection().await {
            match sender.try_send_request(request.clone()).await {
                Ok(response) => return self.read(response, sender).await,
                Err(error) if error.message().is_some() || error.error().is_incomplete_message() => {}
                Err(error) => return Err(no_answer(error.error())),
            }
        }
        let mut sender = self.connect().await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| no_answer(&error))?;
        self.read(response, sender).await
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        sender: SendRequest<Parts>,
    ) -> Result<Answer, NoAnswer> {
        let (head, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| no_answer(&error))?;
            let Some(data) = frame.data_ref() else { continue };
            let room = MAX_ANSWER - body.len();
            body.extend_from_slice(data.get(..room).unwrap_or(data));
            if data.len() > room {
                // The rest is not worth reading, so the connection goes with it.
                return Ok(Answer::new(head, body));
            }
        }
        self.keep(sender);
        Ok(Answer::new(head, body))
    }

    /// The connection that was used last among those still open.
    async fn idle_connection(&self) -> Option<SendRequest<Parts>> {
        loop {
            let mut idle = self.take_idle()?;
            if idle.sender.ready().await.is_ok() {
                return Some(idle.sender);
            }
        }
    }

    fn take_idle(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(timeout) = self.options.idle_timeout {
            idle.retain(|idle| idle.since.elapsed() < timeout);
        }
        idle.pop()
    }

    fn keep(&self, sender: SendRequest<Parts>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| !idle.sender.is_closed());
        if idle.len() < self.options.max_idle && !sender.is_closed() {
            idle.push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }

    async fn connect(&self) -> Result<SendRequest<Parts>, NoAnswer> {
        let target = &self.options.target;
        let addresses = target.resolve().await;
        let mut addresses =
            addresses.map_err(|error| NoAnswer(format!("cannot look up {}: {error}", target.host())))?;
        self.rotate(&mut addresses);
        let failed = |error| NoAnswer(format!("cannot connect to {target}: {error}"));
        let socket = resolve::connect(&addresses).await.map_err(failed)?;
        let stream = match &self.options.tls {
            Some(tls) => tls.connect(target.host(), socket).await.map_err(failed)?,
            None => Stream::Plain(socket),
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| no_answer(&error))?;
        // Ends with the sender, or when the server closes; its requests are told of errors themselves.
        tokio::spawn(async move { connection.await.ok() });
        Ok(sender)
    }

    /// Each new connection begins with the next address.
    fn rotate(&self, addresses: &mut [Address]) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        addresses.rotate_left(turn.checked_rem(addresses.len()).unwrap_or(0));
    }
}

// === impl Answer ===

impl Answer {
    fn new(head: http::response::Parts, body: BytesMut) -> Self {
        Self {
            status: head.status,
            headers: head.headers,
            body: body.freeze(),
        }
    }

    /// A header as text.
    pub fn header(&self, name: http::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn no_answer(error: &hyper::Error) -> NoAnswer {
    NoAnswer(chain(error))
}
