//! OTLP/HTTP: traces by POST, as protobuf or JSON, over HTTP/1.1 and HTTP/2.
//!
//! Where the specification leaves it open: a `Content-Encoding` that is not taken is 415, as RFC 9110 has it;
//! an error before the request's own encoding is known is said in JSON, which a person can read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};

use super::body;
use super::config::HttpConfig;
use super::cors::Cors;
use super::door::{Answer, Door, Sent};
use super::doors::posthog::{self, PostHog};
use super::fault::{Fault, Unread, whole_seconds};
use super::format::Format;
use crate::net::buffer::PaidBuffer;
use crate::net::decompress::Encoding;
use crate::net::linger;
use crate::pipeline::client::Client;
use crate::telemetry::receiver::Reason;

/// The receiver on HTTP.
pub struct Http {
    door: Door,
    path: String,
    encodings: Vec<Encoding>,
    accept_encoding: HeaderValue,
    response_headers: HeaderMap,
    cors: Option<Cors>,
    posthog: Option<PostHog>,
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
            posthog: PostHog::new(&config.posthog, config.read_timeout()),
            read_timeout: config.read_timeout(),
        }
    }

    /// Answers one request.
    pub async fn handle(&self, client: &Arc<Client>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, mut body) = request.into_parts();
        let mut response = match &self.posthog {
            // Whoever gives OTLP this path wants OTLP there.
            Some(posthog) if head.uri.path() == posthog::PATH && self.path != posthog::PATH => {
                posthog.handle(&self.door, client, &head, &mut body).await
            }
            _ => self.handle_otlp(client, &head, &mut body).await,
        };
        if head.version >= Version::HTTP_2 {
            linger::aftermath(body);
        }
        for (name, value) in &self.response_headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    async fn handle_otlp(
        &self,
        client: &Arc<Client>,
        head: &Parts,
        body: &mut Incoming,
    ) -> Response<Full<Bytes>> {
        let Some(cors) = &self.cors else {
            return self.answer(client, head, body).await;
        };
        let mut response = match Cors::is_preflight(head) {
            true => cors.preflight(&head.headers),
            false => self.answer(client, head, body).await,
        };
        cors.mark(&head.headers, response.headers_mut());
        response
    }

    async fn answer(&self, client: &Arc<Client>, head: &Parts, body: &mut Incoming) -> Response<Full<Bytes>> {
        let format = Format::of(&head.headers);
        match self.export(client, head, body).await {
            Ok((format, answer)) => format.success(answer),
            Err(fault) => {
                body::linger(head, body, fault.reason, self.door.limit).await;
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
        let client = self.door.admit(client, head, "host").await?;
        self.door.welcome(&client, None)?;
        let read = self.read(body, &client).await;
        let body = read.map_err(|unread| self.door.fault(unread, &client))?;
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

    async fn read(&self, body: &mut Incoming, client: &Client) -> Result<PaidBuffer, Unread> {
        let announced = body.size_hint().exact();
        let (limit, purse) = (self.door.limit, self.door.purse(client));
        body::read_within(body, announced, limit, &purse, self.read_timeout).await
    }

    fn refuse(&self, client: &Client, format: Format, fault: Fault) -> Response<Full<Bytes>> {
        self.door.note(&fault, client.address);
        let more: Option<(HeaderName, HeaderValue)> = match (fault.reason, fault.retry_after) {
            (Reason::Method, _) => Some((ALLOW, HeaderValue::from_static("POST"))),
            (Reason::Unauthenticated, _) => {
                let challenge = self.door.guard.challenge();
                challenge.map(|challenge| (WWW_AUTHENTICATE, challenge))
            }
            (Reason::Encoding, _) => Some((ACCEPT_ENCODING, self.accept_encoding.clone())),
            (_, Some(delay)) => Some((RETRY_AFTER, whole_seconds(delay).into())),
            _ => None,
        };
        let mut response = format.fault(fault);
        response.headers_mut().extend(more);
        response
    }
}
