//! An HTTP client of hyper alone, and one of bare sockets for what hyper would not send.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A body of any kind.
pub type Body = BoxBody<Bytes, std::io::Error>;

/// Posts protobuf to the traces path.
pub async fn post(address: SocketAddr, body: impl Into<Bytes>) -> Answer {
    send(
        address,
        "POST",
        "/v1/traces",
        &[("content-type", "application/x-protobuf")],
        body,
    )
    .await
}

/// Posts JSON to the traces path.
pub async fn post_json(address: SocketAddr, body: &Value) -> Answer {
    send(
        address,
        "POST",
        "/v1/traces",
        &[("content-type", "application/json")],
        body.to_string(),
    )
    .await
}

/// Sends a request over HTTP/1.1 on a connection of its own.
pub async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
    send_body(address, method, path, headers, body)
        .await
        .expect("an answer")
}

/// As [`send`], with a body that may come in pieces or break off.
pub async fn send_body(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> hyper::Result<Answer> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    read(
        sender
            .send_request(request(address, method, path, headers, body))
            .await?,
    )
    .await
}

/// As [`send`], over HTTP/2 without an upgrade.
pub async fn send_http2(address: SocketAddr, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
    let stream = TcpStream::connect(address).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let path = format!("http://{address}/v1/traces");
    let answer = sender
        .send_request(request(address, "POST", &path, headers, body))
        .await
        .unwrap();
    read(answer).await.unwrap()
}

/// Writes `bytes` and reads until the server closes, or for at most ten seconds.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("the server closes the connection")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

async fn read(response: http::Response<hyper::body::Incoming>) -> hyper::Result<Answer> {
    let (head, body) = response.into_parts();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
    })
}

// === impl Answer ===

impl Answer {
    /// The `google.rpc.Status` of an error, from protobuf or JSON as the content type says.
    pub fn error(&self) -> (i32, String) {
        assert!(
            self.status.is_client_error() || self.status.is_server_error(),
            "{self:?}"
        );
        match self.content_type() {
            "application/x-protobuf" => {
                let status = tonic_types::Status::decode(self.body.clone()).unwrap();
                (status.code, status.message)
            }
            "application/json" => {
                let status: Value = serde_json::from_slice(&self.body).unwrap();
                let code = i32::try_from(status["code"].as_i64().unwrap()).unwrap();
                (code, status["message"].as_str().unwrap().to_owned())
            }
            other => panic!("content type {other}"),
        }
    }

    /// The content type.
    pub fn content_type(&self) -> &str {
        self.headers["content-type"].to_str().unwrap()
    }
}
