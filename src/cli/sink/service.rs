//! One request from its head to its answer, over gRPC or HTTP.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::Frame;
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt};

use super::Sink;
use super::body::{self, Fault};
use super::ledger::Taken;
use crate::cli::{codes, numbering, scan};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const TRACES: &str = "/v1/traces";

/// A response's body: at most one piece of data, then perhaps trailers.
#[derive(Default)]
pub(super) struct Reply {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

/// Why a request is refused, and when to come back.
struct Refusal {
    fault: Fault,
    retry_after: Option<Duration>,
}

/// Answers any request; what is neither of OTLP's two ways of sending traces is not found.
pub(super) async fn answer(
    sink: Arc<Sink>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Infallible> {
    let grpc = header(&request, header::CONTENT_TYPE.as_str()).starts_with("application/grpc");
    let outcome = match (request.uri().path(), grpc) {
        (EXPORT, true) | (TRACES, false) => export(&sink, request, grpc).await,
        (path, _) => Err(Refusal::from(Fault::new(
            Code::Unimplemented,
            format!("this sink has no {path}"),
        ))),
    };
    if let Err(refusal) = &outcome {
        sink.ledger().refuse(codes::name(refusal.fault.code));
    }
    Ok(match (outcome, grpc) {
        (Ok(rejected), true) => grpc_success(rejected),
        (Ok(rejected), false) => http_reply(StatusCode::OK, &success(rejected)),
        (Err(refusal), true) => refusal.into_grpc(),
        (Err(refusal), false) => refusal.into_http(),
    })
}

/// Takes a request or says why not; returns how many of its spans were rejected.
async fn export(sink: &Sink, request: Request<Incoming>, grpc: bool) -> Result<u64, Refusal> {
    let name = if grpc { "grpc-encoding" } else { "content-encoding" };
    let compression = header(&request, name).to_owned();
    if !grpc && !header(&request, "content-type").starts_with("application/x-protobuf") {
        return Err(Fault::new(
            Code::InvalidArgument,
            "this sink reads application/x-protobuf alone",
        )
        .into());
    }
    let limit = sink.max_request_bytes;
    let raw = body::read(request.into_body(), limit).await?;
    let wire_bytes = raw.len();
    let message = if grpc {
        body::unframe(raw, &compression, limit)?
    } else {
        body::decompress(raw, &compression, limit)?
    };
    let taken = inspect(sink, message, wire_bytes, compression)?;
    misbehave(sink, &taken).await?;
    let rejected = taken.rejected;
    sink.ledger().take(taken);
    Ok(rejected)
}

fn inspect(sink: &Sink, message: Bytes, wire_bytes: usize, compression: String) -> Result<Taken, Refusal> {
    let behaviour = sink.behaviour();
    let at = |range| message.get::<std::ops::Range<usize>>(range).unwrap_or_default();
    let named =
        |span: &scan::SpanAt, name: &str| !name.is_empty() && at(span.name.clone()) == name.as_bytes();
    let mut keys = Vec::new();
    let (mut rejected, mut poison) = (0, false);
    let spans = scan::spans(&message, |span| {
        poison |= named(&span, &behaviour.refuse_name);
        if named(&span, &behaviour.partial_refuse_name) {
            rejected += 1;
        } else if sink.tells_apart {
            keys.push(numbering::key(at(span.trace_id), at(span.span_id)));
        }
    });
    let spans = spans.map_err(|error| Fault::new(Code::InvalidArgument, error.to_string()))? as u64;
    if poison {
        let message = format!("a span is named `{}`", behaviour.refuse_name);
        return Err(Fault::new(Code::InvalidArgument, message).into());
    }
    let compression = if compression.is_empty() {
        "identity".into()
    } else {
        compression
    };
    Ok(Taken {
        message,
        wire_bytes,
        compression,
        keys,
        spans: spans - rejected,
        rejected,
    })
}

async fn misbehave(sink: &Sink, taken: &Taken) -> Result<(), Refusal> {
    let behaviour = sink.behaviour();
    while let Some(left) = sink.behaviour().pause(sink.age()) {
        tokio::time::sleep(left).await;
    }
    if !behaviour.delay.0.is_zero() {
        tokio::time::sleep(behaviour.delay.0).await;
    }
    if behaviour.fail_rate > 0.0 && rand::random::<f64>() < behaviour.fail_rate {
        let fault = Fault::new(behaviour.fail_code(), "refused at random, as asked");
        let retry_after = Some(behaviour.retry_after.0).filter(|delay| !delay.is_zero());
        return Err(Refusal { fault, retry_after });
    }
    if let Err(delay) = sink.throttle(behaviour.throttle, taken.spans) {
        let message = format!("more than {} spans a second", behaviour.throttle);
        let fault = Fault::new(behaviour.throttle_code(), message);
        return Err(Refusal {
            fault,
            retry_after: Some(delay),
        });
    }
    if let Some(wait) = sink.slow_down(behaviour.bytes_per_second, taken.message.len()) {
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

fn header<'a>(request: &'a Request<Incoming>, name: &str) -> &'a str {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn success(rejected: u64) -> Vec<u8> {
    let partial = ExportTracePartialSuccess {
        rejected_spans: rejected as i64,
        error_message: "spans of a refused name".into(),
    };
    let partial_success = (rejected > 0).then_some(partial);
    ExportTraceServiceResponse { partial_success }.encode_to_vec()
}

fn grpc_success(rejected: u64) -> Response<Reply> {
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

    fn into_grpc(self) -> Response<Reply> {
        self.status().into_http()
    }

    fn into_http(self) -> Response<Reply> {
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
