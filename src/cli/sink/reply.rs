//! Answers in OTLP's two forms: gRPC with its status in trailers, HTTP with a protobuf body.

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

fn success(rejected: u64) -> Vec<u8> {
    let partial = ExportTracePartialSuccess {
        rejected_spans: rejected as i64,
        error_message: "spans of a refused name".into(),
    };
    let partial_success = (rejected > 0).then_some(partial);
    ExportTraceServiceResponse { partial_success }.encode_to_vec()
}

/// Taken, except this many spans.
pub(super) fn grpc_success(rejected: u64) -> Response<Reply> {
    let message = success(rejected);
    let mut data = BytesMut::with_capacity(5 + message.len());
    data.put_u8(0);
    data.put_u32(message.len() as u32);
    data.extend_from_slice(&message);
    let trailers = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("0"))]);
    let mut response = Response::new(Reply {
        data: Some(data.freeze()),
        trailers: Some(trailers),
    });
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

const GRPC_STATUS: http::HeaderName = http::HeaderName::from_static("grpc-status");

/// Taken, except this many spans.
pub(super) fn http_success(rejected: u64) -> Response<Reply> {
    http_reply(StatusCode::OK, &success(rejected))
}

fn http_reply(status: StatusCode, message: &[u8]) -> Response<Reply> {
    let mut response = Response::new(Reply {
        data: Some(Bytes::copy_from_slice(message)),
        trailers: None,
    });
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    response
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

    pub(super) fn into_grpc(self) -> Response<Reply> {
        self.status().into_http()
    }

    pub(super) fn into_http(self) -> Response<Reply> {
        let status = self.status();
        let body = tonic_types::Status {
            code: status.code() as i32,
            message: status.message().into(),
            details: tonic_types::Status::decode(status.details())
                .unwrap_or_default()
                .details,
        };
        let http_status = codes::http_status(status.code(), self.retry_after.is_some());
        let mut response = http_reply(http_status, &body.encode_to_vec());
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
