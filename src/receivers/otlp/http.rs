//! OTLP/HTTP: traces by POST, as protobuf or JSON, over HTTP/1.1 and HTTP/2.
//!
//! Where the specification leaves it open: a `Content-Encoding` that is not taken is 415, as RFC 9110 has it;
//! an error before the request's own encoding is known is said in JSON, which a person can read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};

use super::body;
use super::config::HttpConfig;
use super::cors::Cors;
use super::door::{Answer, Door, Sent};
use super::fault::{Fault, Unread};
use super::format::Format;
use crate::net::buffer::PaidBuffer;
use crate::net::decompress::Encoding;
use crate::pipeline::client::Client;
use crate::telemetry::receiver::Reason;

/// How a key is to be shown (RFC 6750).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"spanway\"");

/// The receiver on HTTP.
pub struct Http {
    door: Door,
    path: String,
    encodings: Vec<Encoding>,
    accept_encoding: HeaderValue,
    response_headers: HeaderMap,
    cors: Option<Cors>,
    read_timeout: Option<Duration>,
}

/// What a request's head says about its body.
#[derive(Clone, Copy)]
struct Kind {
    format: Format,
    encoding: Encoding,
}

// === impl Http ===

impl Http {
    /// Serves `door` as `config` says.
    pub fn new(door: Door, config: &HttpConfig) -> Self {
        let encodings: Vec<_> = config
            .compression_algorithms
            .iter()
            .filter_map(|name| Encoding::from_name(name.as_bytes()))
            .collect();
        let names: Vec<_> = encodings.iter().map(|encoding| encoding.name()).collect();
        Self {
            door,
            path: config.traces_url_path.clone(),
            accept_encoding: HeaderValue::try_from(names.join(", "))
                .unwrap_or(HeaderValue::from_static("identity")),
            encodings,
            response_headers: config
                .response_headers
                .iter()
                .filter_map(|(name, value)| Some((name.parse().ok()?, value.0.parse().ok()?)))
                .collect::<HeaderMap<HeaderValue>>(),
            cors: Cors::new(&config.cors),
            read_timeout: config.read_timeout(),
        }
    }

    /// Answers one request.
    pub async fn handle(&self, client: &Arc<Client>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, mut body) = request.into_parts();
        let mut response = match &self.cors {
            Some(cors) if Cors::is_preflight(&head) => cors.preflight(&head.headers),
            _ => self.answer(client, &head, &mut body).await,
        };
        if let Some(cors) = &self.cors {
            cors.mark(&head.headers, response.headers_mut());
        }
        for (name, value) in &self.response_headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    async fn answer(&self, client: &Arc<Client>, head: &Parts, body: &mut Incoming) -> Response<Full<Bytes>> {
        let format = Format::of(&head.headers);
        match self.export(client, head, body).await {
            Ok((format, answer)) => format.success(answer),
            Err(fault) => {
                // Over HTTP/1.1 a client may read nothing before it has sent everything.
                if head.version < Version::HTTP_2 && is_sending(head, fault.reason) {
                    body::discard(body, self.door.limit).await;
                }
                self.refuse(client, format.unwrap_or(Format::Json), fault)
            }
        }
    }

    async fn export(
        &self,
        client: &Arc<Client>,
        head: &Parts,
        body: &mut Incoming,
    ) -> Result<(Format, Answer), Fault> {
        let Kind { format, encoding } = self.kind(head)?;
        let client = self.door.admit(client, head, "host")?;
        self.door.welcome(None)?;
        let body = self.read(body).await.map_err(|unread| self.door.fault(unread))?;
        let sent = Sent {
            body,
            encoding,
            to_protobuf: format.to_protobuf(),
        };
        // HTTP has no word for how long a client waits.
        Ok((format, self.door.export(sent, client, None).await?))
    }

    /// Judges a request by its head.
    fn kind(&self, head: &Parts) -> Result<Kind, Fault> {
        let path = head.uri.path();
        if path != self.path {
            return Err(Fault::new(Reason::Path, self.not_here(path)));
        }
        if head.method != Method::POST {
            let message = format!("{} is not allowed on {path}; use POST", head.method);
            return Err(Fault::new(Reason::Method, message));
        }
        let Some(format) = Format::of(&head.headers) else {
            let given = head.headers.get(CONTENT_TYPE);
            let message = match given {
                Some(given) => format!("Content-Type {given:?} is not known here"),
                None => "the request has no Content-Type".to_owned(),
            };
            let message = format!("{message}; use application/x-protobuf or application/json");
            return Err(Fault::new(Reason::ContentType, message));
        };
        let name = head.headers.get(CONTENT_ENCODING);
        let encoding = Encoding::from_name(name.map_or(b"", HeaderValue::as_bytes));
        match encoding.filter(|encoding| self.encodings.contains(encoding)) {
            Some(encoding) => Ok(Kind { format, encoding }),
            None => {
                let given = name.map_or("identity".into(), |name| String::from_utf8_lossy(name.as_bytes()));
                let message = format!("Content-Encoding `{given}` is not taken here");
                Err(Fault::new(Reason::Encoding, message))
            }
        }
    }

    fn not_here(&self, path: &str) -> String {
        let other = ["metrics", "logs", "profiles"]
            .into_iter()
            .find(|signal| path.ends_with(&format!("/{signal}")));
        match other {
            Some(signal) => format!("this gateway takes traces only, not {signal}"),
            None => format!("nothing is served on {path}; traces are taken on {}", self.path),
        }
    }

    async fn read(&self, body: &mut Incoming) -> Result<PaidBuffer, Unread> {
        let announced = body.size_hint().exact();
        let read = body::read(body, announced, self.door.limit, self.door.budget());
        match self.read_timeout {
            None => read.await,
            Some(timeout) => tokio::time::timeout(timeout, read).await.unwrap_or_else(|_| {
                let message = format!("the body took longer than read_timeout, {timeout:?}");
                Err(Fault::new(Reason::Stalled, message).into())
            }),
        }
    }

    fn refuse(&self, client: &Client, format: Format, fault: Fault) -> Response<Full<Bytes>> {
        self.door.note(&fault, client.address);
        let more: Option<(HeaderName, HeaderValue)> = match (fault.reason, fault.retry_after) {
            (Reason::Method, _) => Some((ALLOW, HeaderValue::from_static("POST"))),
            (Reason::Unauthenticated, _) => Some((WWW_AUTHENTICATE, CHALLENGE)),
            (Reason::Encoding, _) => Some((ACCEPT_ENCODING, self.accept_encoding.clone())),
            (_, Some(delay)) => Some((RETRY_AFTER, whole_seconds(delay).into())),
            _ => None,
        };
        let mut response = format.fault(fault);
        response.headers_mut().extend(more);
        response
    }
}

/// Whether the client of a refused request goes on sending its body, by all that is known.
fn is_sending(head: &Parts, reason: Reason) -> bool {
    let asks_first = head.headers.contains_key(EXPECT);
    !asks_first && !matches!(reason, Reason::Stalled | Reason::Gone)
}

/// Rounded up, since a client that comes back too early is refused again.
fn whole_seconds(delay: Duration) -> u64 {
    let rounded = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    rounded.max(1)
}
