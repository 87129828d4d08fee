//! One request from its head to its answer, over gRPC or HTTP.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use tonic::Code;

use super::Sink;
use super::body::{self, Fault};
use super::ledger::Taken;
use super::reply::{Form, Refusal, Reply, success};
use crate::cli::{codes, numbering, scan};
use crate::wire::json;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const TRACES: &str = "/v1/traces";

/// Answers any request; what is none of OTLP's ways of sending traces is not known here.
pub(super) async fn answer(
    sink: Arc<Sink>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Infallible> {
    let form = Form::of(header(&request, "content-type"));
    let outcome = match (request.uri().path(), form) {
        (EXPORT, Some(Form::Grpc)) => export(&sink, request, Form::Grpc).await,
        (TRACES, Some(form)) if form != Form::Grpc => export(&sink, request, form).await,
        (path, _) => {
            let message = format!(
                "this sink takes no {:?} at {path}",
                header(&request, "content-type")
            );
            Err(Fault::new(Code::Unimplemented, message).into())
        }
    };
    let form = form.unwrap_or(Form::Json);
    Ok(match outcome {
        Ok(rejected) => success(form, rejected),
        Err(refusal) => {
            sink.ledger().refuse(codes::name(refusal.fault.code));
            refusal.into_response(form)
        }
    })
}

/// Takes a request or says why not; returns how many of its spans were rejected.
async fn export(sink: &Sink, request: Request<Incoming>, form: Form) -> Result<u64, Refusal> {
    let name = if form == Form::Grpc {
        "grpc-encoding"
    } else {
        "content-encoding"
    };
    let compression = header(&request, name).to_owned();
    let limit = sink.max_request_bytes;
    let raw = body::read(request.into_body(), limit).await?;
    let wire_bytes = raw.len();
    let message = match form {
        Form::Grpc => body::unframe(raw, &compression, limit)?,
        Form::Protobuf => body::decompress(raw, &compression, limit)?,
        Form::Json => from_json(&body::decompress(raw, &compression, limit)?)?,
    };
    let taken = inspect(sink, message, wire_bytes, compression)?;
    misbehave(sink, &taken).await?;
    let rejected = taken.rejected;
    sink.ledger().take(taken);
    Ok(rejected)
}

fn from_json(text: &[u8]) -> Result<Bytes, Fault> {
    let message = json::to_protobuf(text);
    message
        .map(Bytes::from)
        .map_err(|error| Fault::new(Code::InvalidArgument, error.to_string()))
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
        return Err(Fault::new(behaviour.refuse_code(), message).into());
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
