//! Protobuf and JSON: how requests are told apart, and how answers are written in the request's own encoding.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::{Value, json};

use super::door::{Answer, Convert};
use super::fault::{Fault, Unread};
use crate::net::buffer::PaidBuffer;
use crate::pipeline::budget::Budget;
use crate::telemetry::receiver::Reason;

/// How requests and responses are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

// === impl Format ===

impl Format {
    /// What `Content-Type` says, in any case, with any parameters.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.as_bytes();
        let essence = value.split(|byte| *byte == b';').next()?.trim_ascii();
        if essence.eq_ignore_ascii_case(b"application/x-protobuf") {
            Some(Self::Protobuf)
        } else if essence.eq_ignore_ascii_case(b"application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// How a request becomes protobuf, where it is not.
    pub fn to_protobuf(self) -> Option<Convert> {
        match self {
            Self::Protobuf => None,
            Self::Json => Some(from_json),
        }
    }

    /// Full or partial success.
    pub fn success(self, answer: Answer) -> Response<Full<Bytes>> {
        let body = match self {
            Self::Protobuf => ExportTraceServiceResponse {
                partial_success: answer,
            }
            .encode_to_vec(),
            Self::Json => match answer {
                None => b"{}".to_vec(),
                // 64-bit integers are strings in proto3 JSON.
                Some(partial) => bytes_of(&json!({"partialSuccess": {
                    "rejectedSpans": partial.rejected_spans.to_string(),
                    "errorMessage": partial.error_message,
                }})),
            },
        };
        self.response(StatusCode::OK, body)
    }

    /// A `google.rpc.Status` under its HTTP status.
    pub fn fault(self, fault: Fault) -> Response<Full<Bytes>> {
        let (code, status) = fault.codes();
        let body = match self {
            Self::Protobuf => fault.into_status().details().to_vec(),
            Self::Json => bytes_of(&json!({
                "code": code as i32,
                "message": fault.message,
                "details": details(&fault),
            })),
        };
        self.response(status, body)
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
        let content_type = match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

fn bytes_of(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The details of a status as proto3 JSON writes `Any`.
fn details(fault: &Fault) -> Vec<Value> {
    let mut details = Vec::new();
    if let Some(delay) = fault.retry_after {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", delay.as_secs_f64()),
        }));
    }
    if fault.reason == Reason::Malformed {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "request", "description": fault.message}],
        }));
    }
    details
}

fn from_json(json: &[u8], limit: usize, budget: &Budget) -> Result<PaidBuffer, Unread> {
    let _ = (json, limit, budget);
    Err(Fault::new(Reason::ContentType, "not built yet").into())
}
