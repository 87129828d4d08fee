//! A gRPC client of hyper alone: the caller decides every byte and every cut.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt};

/// The method that takes traces.
pub const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

pub type Body = BoxBody<Bytes, Infallible>;

/// A connection.
#[derive(Clone)]
pub struct Grpc(pub SendRequest<Body>);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP's status.
    pub http: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Whether the status stood in trailers after a message.
    pub trailers: Option<HeaderMap>,
    /// All DATA.
    pub data: Vec<u8>,
}

/// A message in gRPC's frame.
pub fn framed(compressed: bool, message: &[u8]) -> Vec<u8> {
    let mut framed = vec![u8::from(compressed)];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend(message);
    framed
}

// === impl Grpc ===

impl Grpc {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// Exports a message, uncompressed and uncut.
    pub async fn export(&self, message: &[u8]) -> Answer {
        self.call(EXPORT, &[], vec![framed(false, message)]).await
    }

    /// Exports a message compressed as `encoding`.
    pub async fn export_packed(&self, encoding: &str, packed: &[u8]) -> Answer {
        self.call(EXPORT, &[("grpc-encoding", encoding)], vec![framed(true, packed)])
            .await
    }

    /// Calls `path` with these headers beside the usual ones, each piece in a DATA frame of its own.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)], pieces: Vec<Vec<u8>>) -> Answer {
        let pieces = pieces
            .into_iter()
            .map(|piece| Ok(Frame::data(Bytes::from(piece))));
        let body = StreamBody::new(futures_util::stream::iter(pieces)).boxed();
        self.send(path, headers, body).await.expect("an answer")
    }

    /// Begins an export whose body the caller sends.
    pub fn begin(&self, headers: &[(&str, &str)]) -> (mpsc::Sender<Vec<u8>>, Pending) {
        let (sender, receiver) = mpsc::channel(16);
        let pieces = futures_util::stream::unfold(receiver, |mut receiver| async {
            let piece: Vec<u8> = receiver.recv().await?;
            Some((Ok(Frame::data(Bytes::from(piece))), receiver))
        });
        let body = StreamBody::new(pieces).boxed();
        let (this, headers) = (self.clone(), owned(headers));
        let pending = tokio::spawn(async move { this.send_owned(EXPORT, headers, body).await });
        (sender, pending)
    }

    /// Sends and reads the answer to its end.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)], body: Body) -> hyper::Result<Answer> {
        self.send_owned(path, owned(headers), body).await
    }

    async fn send_owned(
        &self,
        path: &str,
        headers: Vec<(String, String)>,
        body: Body,
    ) -> hyper::Result<Answer> {
        let mut sender = self.0.clone();
        sender.ready().await?;
        let mut request = Request::post(format!("http://gateway{path}"));
        if !headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        request = request.header("te", "trailers");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let (head, body) = sender
            .send_request(request.body(body).unwrap())
            .await?
            .into_parts();
        let body = body.collect().await?;
        Ok(Answer {
            http: head.status,
            headers: head.headers,
            trailers: body.trailers().cloned(),
            data: body.to_bytes().to_vec(),
        })
    }
}

/// A call whose body is still being sent.
pub type Pending = tokio::task::JoinHandle<hyper::Result<Answer>>;

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

// === impl Answer ===

impl Answer {
    /// The status, wherever it stood.
    pub fn status(&self) -> tonic::Status {
        let headers = self.trailers.as_ref().unwrap_or(&self.headers);
        tonic::Status::from_header_map(headers).expect("a grpc-status")
    }

    /// The status code.
    pub fn code(&self) -> Code {
        self.status().code()
    }

    /// The status message.
    pub fn message(&self) -> String {
        self.status().message().to_owned()
    }

    /// The details of the status.
    pub fn details(&self) -> ErrorDetails {
        self.status().get_error_details()
    }

    /// The one message of a success.
    pub fn response(&self) -> &[u8] {
        let (prefix, message) = self.data.split_at(5);
        assert_eq!(prefix, &framed(false, message)[..5]);
        message
    }
}
