//! Answers in OTLP's three forms: gRPC with its status in trailers, HTTP with protobuf or JSON.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use tonic_types::{ErrorDetails, StatusExt};

use super::body::Fault;
use crate::cli::codes;
use crate::wire::json;

/// A response's body: at most one piece of data, then perhaps trailers.
#[derive(Default)]
pub(super) struct Reply {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

/// Why a request is refused, and when to come back.
pub(super) struct Refusal {
    pub(super) fault: Fault,
    pub(super) retry_after: Option<Duration>,
}

/// The three forms of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Grpc,
    Protobuf,
    Json,
}

/// Taken, except this many spans.
pub(super) fn success(form: Form, rejected: u64) -> Response<Reply> {
    let partial = ExportTracePartialSuccess {
        rejected_spans: rejected as i64,
        error_message: "spans of a refused name".into(),
    };
    let partial_success = (rejected > 0).then_some(partial);
    let message = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    match form {
        Form::Grpc => grpc_success(&message),
        Form::Protobuf => http_reply(StatusCode::OK, form, message),
        Form::Json => {
            let text = json::response_from_protobuf(&message).unwrap_or_default();
            http_reply(StatusCode::OK, form, text)
        }
    }
}

fn grpc_success(message: &[u8]) -> Response<Reply> {
    let mut data = BytesMut::with_capacity(5 + message.len());
    data.put_u8(0);
    data.put_u32(message.len() as u32);
    data.extend_from_slice(message);
    let mut response = Response::new(Reply {
        data: Some(data.freeze()),
        trailers: Some(HeaderMap::from_iter([(
            GRPC_STATUS,
            HeaderValue::from_static("0"),
        )])),
    });
    let content_type = HeaderValue::from_static(Form::Grpc.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

const GRPC_STATUS: http::HeaderName = http::HeaderName::from_static("grpc-status");

fn http_reply(status: StatusCode, form: Form, body: Vec<u8>) -> Response<Reply> {
    let mut response = Response::new(Reply::from(Bytes::from(body)));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(form.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

// === impl Form ===

impl Form {
    /// The form of a request with this content type.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => media_type.starts_with("application/grpc").then_some(Self::Grpc),
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Grpc => "application/grpc",
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

// === impl Refusal ===

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            retry_after: None,
        }
    }
}

impl Refusal {
    fn status(&self) -> tonic::Status {
        let Fault { code, message } = &self.fault;
        match self.retry_after {
            Some(delay) => {
                let details = ErrorDetails::with_retry_info(Some(delay));
                tonic::Status::with_error_details(*code, message, details)
            }
            None => tonic::Status::new(*code, message),
        }
    }

    /// The refusal as an answer of this form.
    pub(super) fn into_response(self, form: Form) -> Response<Reply> {
        let status = self.status();
        if form == Form::Grpc {
            return status.into_http();
        }
        let body = match form {
            Form::Json => serde_json::json!({"code": status.code() as i32, "message": status.message()})
                .to_string()
                .into(),
            _ => rpc_status(&status).encode_to_vec(),
        };
        let http_status = codes::http_status(status.code(), self.retry_after.is_some());
        let mut response = http_reply(http_status, form, body);
        if let Some(delay) = self.retry_after {
            // Whole seconds are all that HTTP knows; rounded up, so that nobody comes too early.
            let seconds = delay.as_secs_f64().ceil() as u64;
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn rpc_status(status: &tonic::Status) -> tonic_types::Status {
    tonic_types::Status {
        code: status.code() as i32,
        message: status.message().into(),
        details: tonic_types::Status::decode(status.details())
            .unwrap_or_default()
            .details,
    }
}

// === impl Reply ===

impl From<Bytes> for Reply {
    fn from(data: Bytes) -> Self {
        Self {
            data: Some(data),
            trailers: None,
        }
    }
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().filter(|data| !data.is_empty()).map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.as_ref().is_none_or(Bytes::is_empty) && self.trailers.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}
