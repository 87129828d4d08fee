//! What PostHog answers: the statuses, the bodies, and the headers that let any page read them.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW,
    CONTENT_TYPE, ORIGIN, RETRY_AFTER, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::receivers::otlp::fault::{Fault, whole_seconds};
use crate::telemetry::receiver::Reason;

/// A refusal in PostHog's words.
#[derive(Debug)]
pub struct Refusal {
    /// What happened.
    pub fault: Fault,
    /// In what form it is said.
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// `{"error": "..."}`
    Json,
    /// The framework's own words, as text.
    Plain(&'static str),
}

// === impl Refusal ===

impl Refusal {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            fault: Fault::new(reason, message),
            form: Form::Json,
        }
    }

    /// Without a token, or with one that cannot be.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Reason::Unauthenticated, message)
    }

    /// Another method than POST.
    pub fn method(method: &Method) -> Self {
        let message = format!("{method} is not allowed here; use POST");
        Self {
            form: Form::Plain(""),
            ..Self::new(Reason::Method, message)
        }
    }

    /// Compressed in a way that is not known.
    pub fn encoding(name: &str) -> Self {
        let message = format!("Content-Encoding `{name}` is not taken here");
        Self::new(Reason::Encoding, message)
    }

    /// Said to be compressed, and is not, or is damaged.
    pub fn corrupt(encoding: &str, why: &str) -> Self {
        let message = format!("Failed to decompress {encoding} request body: {why}");
        Self::new(Reason::Malformed, message)
    }

    /// A body that only its first bytes showed to be gzip is larger than `limit`.
    pub fn expanded(limit: usize) -> Self {
        let over = limit.saturating_add(1);
        let message = format!("Decompressed request body exceeds limit ({over} > {limit} bytes)");
        Self::new(Reason::TooLarge, message)
    }

    /// Neither protobuf nor JSON.
    pub fn undecodable(json: &str, protobuf: &str) -> Self {
        let message = format!("Failed to decode JSON: {json} or Protobuf: {protobuf}");
        Self::new(Reason::Malformed, message)
    }

    /// A span whose times are none.
    pub fn bad_input() -> Self {
        Self::new(Reason::Malformed, "Bad input format provided")
    }

    /// As HTTP.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let Self { fault, form } = self;
        let (_, status) = fault.codes();
        let (kind, body) = match form {
            Form::Plain(text) => ("text/plain; charset=utf-8", text.to_owned()),
            Form::Json => ("application/json", json!({ "error": fault.message }).to_string()),
        };
        let mut response = respond(status, kind, body);
        let more = match (fault.reason, fault.retry_after) {
            (Reason::Method, _) => Some((ALLOW, HeaderValue::from_static("POST,OPTIONS"))),
            (Reason::Encoding, _) => Some((
                ACCEPT_ENCODING,
                HeaderValue::from_static("gzip, deflate, zstd, snappy, identity"),
            )),
            (_, Some(delay)) => Some((RETRY_AFTER, seconds(delay))),
            _ => None,
        };
        response.headers_mut().extend(more.map(named));
        response
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let form = match fault.reason {
            Reason::TooLarge => Form::Plain("length limit exceeded"),
            _ => Form::Json,
        };
        Self { fault, form }
    }
}

/// The answer to what was taken.
pub fn taken() -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "application/json", "{}".to_owned())
}

/// Lets the page that a request is from read the answer, and send whatever headers it wants.
pub fn mirror(head: &Parts, response: &mut HeaderMap) {
    let vary = "origin, access-control-request-method, access-control-request-headers";
    response.insert(VARY, HeaderValue::from_static(vary));
    let Some(origin) = head.headers.get(ORIGIN) else {
        return;
    };
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if head.method == Method::OPTIONS {
        let methods = HeaderValue::from_static("GET,POST,OPTIONS");
        response.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        if let Some(wanted) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn seconds(delay: Duration) -> HeaderValue {
    whole_seconds(delay).into()
}

fn named((name, value): (HeaderName, HeaderValue)) -> (Option<HeaderName>, HeaderValue) {
    (Some(name), value)
}
