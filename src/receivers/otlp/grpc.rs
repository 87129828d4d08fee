//! OTLP/gRPC: the trace service on raw bodies; health and reflection by tonic; everything else declined.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;

use super::door::{Answer, Door, STALL, Sent};
use super::fault::Fault;
use super::services::Services;
use crate::net::decompress::Encoding;
use crate::net::grpc::server::{self, Message, Reply};
use crate::net::linger;
use crate::pipeline::client::Client;
use crate::telemetry::receiver::Reason;

/// The one method that takes spans.
pub const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const ENCODINGS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd,snappy,deflate");

/// The receiver on gRPC.
pub struct Grpc {
    /// Where traces go.
    pub door: Door,
    /// What is served beside them.
    pub services: Services,
}

// === impl Grpc ===

impl Grpc {
    /// Answers one call.
    pub async fn handle(&self, client: &Arc<Client>, request: Request<Incoming>) -> Response<Reply> {
        if !server::is_grpc(request.headers()) {
            return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        if request.method() != Method::POST {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        if request.uri().path() != EXPORT {
            let served = self.services.call(request).await;
            return served.unwrap_or_else(|fault| self.refuse(client, fault));
        }
        let (head, mut body) = request.into_parts();
        match self.export(client, &head, &mut body).await {
            Ok(None) => server::answer_empty(),
            Ok(partial_success) => {
                server::answer(&ExportTraceServiceResponse { partial_success }.encode_to_vec())
            }
            Err(fault) => {
                linger::aftermath(body);
                self.refuse(client, fault)
            }
        }
    }

    async fn export(&self, client: &Arc<Client>, head: &Parts, body: &mut Incoming) -> Result<Answer, Fault> {
        let door = &self.door;
        let encoding = encoding(&head.headers)?;
        let patience = patience(&head.headers);
        let client = door.admit(client, head, ":authority").await?;
        door.welcome(&client, patience)?;
        let message = server::read_message(body, door.limit, STALL, &door.purse(&client))
            .await
            .map_err(|error| door.fault(error.into(), &client))?;
        let sent = unframe(message, encoding)?;
        door.export(sent, client, patience).await
    }

    fn refuse(&self, client: &Client, fault: Fault) -> Response<Reply> {
        self.door.note(&fault, client.address);
        let encoding = fault.reason == Reason::Encoding;
        let mut response = server::answer_status(fault.into_status());
        if encoding {
            response.headers_mut().insert(GRPC_ACCEPT_ENCODING, ENCODINGS);
        }
        response
    }
}

fn unframe(message: Message, encoding: Encoding) -> Result<Sent, Fault> {
    let encoding = match (message.compressed, encoding) {
        (false, _) => Encoding::Identity,
        (true, Encoding::Identity) => {
            let what = "the message is flagged as compressed, but grpc-encoding names no compression";
            return Err(Fault::new(Reason::Framing, what));
        }
        (true, encoding) => encoding,
    };
    Ok(Sent {
        body: message.payload,
        encoding,
        to_protobuf: None,
    })
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Fault> {
    let Some(name) = headers.get(GRPC_ENCODING) else {
        return Ok(Encoding::Identity);
    };
    Encoding::from_name(name.as_bytes()).ok_or_else(|| {
        let what = format!(
            "grpc-encoding {name:?} is not known here; known are identity, gzip, zstd, snappy, deflate"
        );
        Fault::new(Reason::Encoding, what)
    })
}

/// What the client will wait for an answer, less what it takes to reach it.
fn patience(headers: &HeaderMap) -> Option<Duration> {
    server::timeout(headers).map(|timeout| timeout / 10 * 9)
}

/// An answer to something that is not gRPC.
fn plain(status: StatusCode) -> Response<Reply> {
    let mut response = Response::new(Reply::Bare);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
