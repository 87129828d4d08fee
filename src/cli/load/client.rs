//! One connection to a gateway, and what the gateway said to a request.

use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tonic_types::StatusExt;

use crate::cli::codes;

/// What became of one attempt to send a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken, except this many spans.
    Acknowledged { rejected: u64 },
    /// Refused with this code and message, and the delay if one was named.
    Refused {
        code: String,
        message: String,
        retryable: bool,
        retry_after: Option<Duration>,
    },
    /// No answer: not connected, cut off, or not in time.
    Failed(String),
}

/// Where and how to send.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Host and port.
    pub(super) address: String,
    pub(super) grpc: bool,
    pub(super) gzip: bool,
    /// How long an attempt may take.
    pub(super) timeout: Duration,
}

/// A connection that is opened when needed, and again after it broke. HTTP/2 (gRPC) takes any number of
/// requests at once, HTTP/1.1 one.
pub(super) struct Connection {
    target: Target,
    parts: http::request::Parts,
    sender: Mutex<Option<Sender>>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(target: Target) -> Result<Self, String> {
        let parts = head(&target).map_err(|error| format!("endpoint `{}`: {error}", target.address))?;
        Ok(Self {
            target,
            parts,
            sender: Mutex::new(None),
        })
    }

    /// Sends one request and waits for its answer, or until its time is up.
    pub(super) async fn send(&self, body: Bytes) -> Answer {
        match tokio::time::timeout(self.target.timeout, self.exchange(body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Failed(error),
            Err(_) => Answer::Failed("timeout".into()),
        }
    }

    async fn exchange(&self, body: Bytes) -> Result<Answer, String> {
        let request = Request::from_parts(self.parts.clone(), Full::new(body));
        let mut sender = self.check_out().await?;
        let response = match &mut sender {
            Sender::Http1(sender) => sender.send_request(request).await,
            Sender::Http2(sender) => sender.send_request(request).await,
        };
        let (head, body) = response.map_err(|error| describe(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| describe(&error))?;
        if let Sender::Http1(_) = sender {
            *self.sender.lock().await = Some(sender);
        }
        let trailers = body.trailers().cloned();
        let body = body.to_bytes();
        Ok(if self.target.grpc {
            grpc_answer(&head.headers, trailers.as_ref(), &body)
        } else {
            http_answer(head.status, &head.headers, &body)
        })
    }

    async fn check_out(&self) -> Result<Sender, String> {
        let mut slot = self.sender.lock().await;
        match slot.take() {
            Some(Sender::Http2(sender)) if !sender.is_closed() => {
                *slot = Some(Sender::Http2(sender.clone()));
                Ok(Sender::Http2(sender))
            }
            Some(Sender::Http1(sender)) if !sender.is_closed() => Ok(Sender::Http1(sender)),
            _ => {
                let sender = self.connect().await?;
                if let Sender::Http2(sender) = &sender {
                    *slot = Some(Sender::Http2(sender.clone()));
                }
                Ok(sender)
            }
        }
    }

    async fn connect(&self) -> Result<Sender, String> {
        let failed =
            |error: &dyn std::fmt::Display| format!("cannot connect to {}: {error}", self.target.address);
        let stream = TcpStream::connect(&self.target.address)
            .await
            .map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let io = TokioIo::new(stream);
        if self.target.grpc {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .handshake(io)
                .await
                .map_err(|error| failed(&error))?;
            tokio::spawn(connection);
            Ok(Sender::Http2(sender))
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(|error| failed(&error))?;
            tokio::spawn(connection);
            Ok(Sender::Http1(sender))
        }
    }
}

fn head(target: &Target) -> Result<http::request::Parts, http::Error> {
    let path = if target.grpc {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    } else {
        "/v1/traces"
    };
    let mut request = Request::post(Uri::try_from(format!("http://{}{path}", target.address))?).header(
        header::USER_AGENT,
        concat!("spanway-load/", env!("CARGO_PKG_VERSION")),
    );
    if target.grpc {
        request = request
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .header(
                "grpc-timeout",
                format!("{}m", target.timeout.as_millis().clamp(1, 99_999_999)),
            );
        if target.gzip {
            request = request.header("grpc-encoding", "gzip");
        }
    } else {
        request = request
            .header(header::HOST, &target.address)
            .header(header::CONTENT_TYPE, "application/x-protobuf");
        if target.gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
    }
    Ok(request.body(())?.into_parts().0)
}

fn describe(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

fn grpc_answer(headers: &HeaderMap, trailers: Option<&HeaderMap>, body: &[u8]) -> Answer {
    let status = trailers
        .and_then(tonic::Status::from_header_map)
        .or_else(|| tonic::Status::from_header_map(headers));
    match status {
        Some(status) if status.code() == tonic::Code::Ok => match unframe(body) {
            Ok(message) => acknowledged(&message),
            Err(error) => Answer::Failed(format!("the answer is malformed: {error}")),
        },
        Some(status) => refused_with(&status),
        None => Answer::Failed("the answer has no grpc-status".into()),
    }
}

/// The largest answer that is looked at, decompressed.
const MAX_ANSWER: u64 = 64 << 10;

/// The message in a gRPC body. Some servers compress their answer as the request was, asked or not.
fn unframe(body: &[u8]) -> std::io::Result<Cow<'_, [u8]>> {
    match body {
        [0, _, _, _, _, message @ ..] => Ok(Cow::Borrowed(message)),
        [1, _, _, _, _, message @ ..] => {
            let mut plain = Vec::new();
            MultiGzDecoder::new(message)
                .take(MAX_ANSWER)
                .read_to_end(&mut plain)?;
            Ok(Cow::Owned(plain))
        }
        _ => Err(std::io::Error::other(format!(
            "{} bytes are no gRPC message",
            body.len()
        ))),
    }
}

/// Which codes allow sending again is the OTLP specification's list.
fn refused_with(status: &tonic::Status) -> Answer {
    use tonic::Code::{
        Aborted, Cancelled, DataLoss, DeadlineExceeded, OutOfRange, ResourceExhausted, Unavailable,
    };
    let retry_after = status.get_details_retry_info().and_then(|info| info.retry_delay);
    let retryable = match status.code() {
        Cancelled | DeadlineExceeded | Aborted | OutOfRange | Unavailable | DataLoss => true,
        ResourceExhausted => retry_after.is_some(),
        _ => false,
    };
    Answer::Refused {
        code: codes::name(status.code()).into(),
        message: status.message().into(),
        retryable,
        retry_after,
    }
}

fn http_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    if status.is_success() {
        return acknowledged(body);
    }
    let seconds = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    Answer::Refused {
        code: status.as_str().into(),
        message: tonic_types::Status::decode(body).unwrap_or_default().message,
        retryable: matches!(status.as_u16(), 429 | 502 | 503 | 504),
        retry_after: seconds.map(Duration::from_secs),
    }
}

fn acknowledged(body: &[u8]) -> Answer {
    match ExportTraceServiceResponse::decode(body) {
        Ok(response) => {
            let rejected = response
                .partial_success
                .map_or(0, |partial| partial.rejected_spans);
            Answer::Acknowledged {
                rejected: rejected.try_into().unwrap_or(0),
            }
        }
        Err(error) => Answer::Failed(format!("the answer is malformed: {error}")),
    }
}

// === impl Answer ===

impl Answer {
    pub(super) fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Acknowledged { .. })
    }
}

#[cfg(test)]
mod tests;
