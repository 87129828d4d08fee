//! The receiver's HTTP port, from outside.

mod support;

use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use spanway::config::types::{GoDuration, Secret};
use spanway::receivers::otlp::config::CorsConfig;
use support::gateway::{Gateway, Options, Verdict};
use support::{http, otlp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// Content types are taken in any case and with parameters; others are 415 and answered in JSON.
#[tokio::test]
async fn content_types() {
    let gateway = Gateway::start().await;
    let json = br#"{"resourceSpans":[]}"#.to_vec();
    for (content_type, body, status) in [
        ("application/x-protobuf", otlp::encoded(1), 200),
        ("Application/X-Protobuf; charset=utf-8", otlp::encoded(1), 200),
        ("application/json", json.clone(), 200),
        ("APPLICATION/JSON;charset=UTF-8", json, 200),
        ("text/plain", Vec::new(), 415),
        ("application/x-protobuffer", Vec::new(), 415),
    ] {
        let answer = http::send(
            gateway.http,
            "POST",
            "/v1/traces",
            &[("content-type", content_type)],
            body,
        )
        .await;
        assert_eq!(answer.status, status, "{content_type}");
        if status == 415 {
            assert_eq!(answer.content_type(), "application/json");
            assert!(answer.error().1.contains(content_type), "{:?}", answer.error());
        }
    }
    let answer = http::send(gateway.http, "POST", "/v1/traces", &[], otlp::encoded(1)).await;
    assert_eq!(answer.status, 415);
    gateway.end().await;
}

/// Every listed compression works; one that is not listed is 415 and the answer lists what is.
#[tokio::test]
async fn compressions() {
    let mut options = Options::default();
    let gateway = Gateway::start().await;
    let message = otlp::encoded(50);
    let mut framed = snap::write::FrameEncoder::new(Vec::new());
    std::io::Write::write_all(&mut framed, &message).unwrap();
    for (encoding, packed) in [
        ("identity", message.clone()),
        ("gzip", otlp::gzip(&message)),
        ("GZIP", otlp::gzip(&message)),
        ("zstd", otlp::zstd(&message)),
        ("deflate", otlp::zlib(&message)),
        ("zlib", otlp::zlib(&message)),
        (
            "snappy",
            snap::raw::Encoder::new().compress_vec(&message).unwrap(),
        ),
        ("x-snappy-framed", framed.into_inner().unwrap()),
    ] {
        let headers = [PROTOBUF, ("content-encoding", encoding)];
        let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, packed).await;
        assert_eq!(answer.status, 200, "{encoding}");
        assert_eq!(gateway.pipelines.last().traces.bytes(), &message);
    }
    gateway.end().await;

    options.http.compression_algorithms = vec!["gzip".into(), "zstd".into()];
    let gateway = Gateway::with(options).await;
    let headers = [PROTOBUF, ("content-encoding", "deflate")];
    let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, otlp::zlib(&message)).await;
    assert_eq!(answer.status, 415);
    assert_eq!(answer.headers["accept-encoding"], "gzip, zstd");
    assert!(answer.error().1.contains("deflate"));
    gateway.end().await;
}

/// Another method is 405 and names POST; another path is 404 and names the right one, which is configurable.
#[tokio::test]
async fn methods_and_paths() {
    let mut options = Options::default();
    options.http.traces_url_path = "/otlp/spans".into();
    let gateway = Gateway::with(options).await;
    let answer = http::send(gateway.http, "POST", "/otlp/spans", &[PROTOBUF], otlp::encoded(1)).await;
    assert_eq!(answer.status, 200);
    for method in ["GET", "PUT", "OPTIONS"] {
        let answer = http::send(gateway.http, method, "/otlp/spans", &[PROTOBUF], "").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["allow"]),
            (405, &"POST".parse().unwrap())
        );
        assert!(answer.error().1.contains(method));
    }
    let answer = http::post(gateway.http, otlp::encoded(1)).await;
    assert_eq!(answer.status, 404);
    assert!(answer.error().1.contains("/otlp/spans"));
    gateway.end().await;
}

/// A body in chunks of any size arrives whole.
#[tokio::test]
async fn chunked_bodies_arrive_whole() {
    let gateway = Gateway::start().await;
    let message = otlp::encoded(2000);
    for size in [1000, 70_000, message.len()] {
        let pieces: Vec<_> = message
            .chunks(size)
            .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        let body = StreamBody::new(futures_util::stream::iter(pieces)).boxed();
        let answer = http::send_body(gateway.http, "POST", "/v1/traces", &[PROTOBUF], body)
            .await
            .unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(gateway.pipelines.last().traces.bytes(), &message);
    }
    gateway.end().await;
}

/// A connection carries many requests, refused ones among them, unless keep-alive is off.
#[tokio::test]
async fn connections_are_kept() {
    let two = "POST /v1/other HTTP/1.1\r\nhost: g\r\ncontent-length: 3\r\n\r\nabc\
        POST /v1/traces HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-length: 0\r\n\
        content-type: application/x-protobuf\r\n\r\n";
    let gateway = Gateway::start().await;
    let answer = http::raw(gateway.http, two.as_bytes()).await;
    assert!(
        answer.contains("HTTP/1.1 404") && answer.contains("HTTP/1.1 200"),
        "{answer}"
    );
    gateway.end().await;

    let mut options = Options::default();
    options.http.keep_alives_enabled = false;
    let gateway = Gateway::with(options).await;
    let answer = http::raw(gateway.http, two.as_bytes()).await;
    assert!(
        answer.contains("HTTP/1.1 404") && !answer.contains("HTTP/1.1 200"),
        "{answer}"
    );
    gateway.end().await;
}

/// A client that writes a body over the limit to its end before it reads gets its 413 nevertheless.
#[tokio::test]
async fn a_client_that_writes_first_reads_its_refusal() {
    let mut options = Options::default();
    options.http.max_request_body_size = 4 * 1024 * 1024;
    let gateway = Gateway::with(options).await;
    let length = 5 * 1024 * 1024;
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {length}\r\n\r\n"
    );
    let answer = http::raw(gateway.http, &[head.into_bytes(), vec![0; length]].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    gateway.end().await;
}

/// A client that asks before it sends is told to go on when its request is good, and not when it is refused.
#[tokio::test]
async fn expectations_are_answered() {
    let gateway = Gateway::start().await;
    for (path, length, expected) in [
        ("/v1/traces", 0, "HTTP/1.1 200"),
        ("/v1/other", 9, "HTTP/1.1 404"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: g\r\nconnection: close\r\nexpect: 100-continue\r\n\
             content-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\n"
        );
        let answer = http::raw(gateway.http, head.as_bytes()).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
    let mut stream = TcpStream::connect(gateway.http).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: g\r\nexpect: 100-continue\r\n\
        content-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    drop(stream);
    gateway.end().await;
}

/// A client that disconnects within its body leaves nothing behind; the announced length was paid for until then.
#[tokio::test]
async fn a_disconnect_within_the_body_gives_its_room_back() {
    let gateway = Gateway::start().await;
    let mut stream = TcpStream::connect(gateway.http).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: g\r\ncontent-type: application/x-protobuf\r\ncontent-length: 3000000\r\n\r\n";
    gateway.pipelines.until(|used| used > 0).await;
    let idle = gateway.pipelines.used();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[0; 100_000]).await.unwrap();
    gateway.pipelines.until_used(idle + 3_000_000).await;
    drop(stream);
    gateway.pipelines.until_used(0).await;
    gateway.end().await;
}

/// A client that disconnects while the pipelines work has its request withdrawn.
#[tokio::test]
async fn a_request_whose_client_gave_up_is_withdrawn() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Hang);
    let address = gateway.http;
    let pending = tokio::spawn(async move { http::post(address, otlp::encoded(1)).await });
    gateway.pipelines.until_arrived(1).await;
    pending.abort();
    gateway.pipelines.until_withdrawn(1).await;
    gateway.end().await;
}

/// A head that trickles in is cut off after `read_header_timeout`, a body after `read_timeout` with 408.
#[tokio::test]
async fn slow_clients_are_cut_off() {
    let mut options = Options::default();
    options.http.read_header_timeout = GoDuration::millis(100);
    options.http.read_timeout = GoDuration::millis(100);
    let gateway = Gateway::with(options).await;
    let answer = http::raw(gateway.http, b"POST /v1/traces HTTP/1.1\r\nhost: g\r\nx-slow: ").await;
    assert!(!answer.contains(" 200 "), "{answer}");

    let head = "POST /v1/traces HTTP/1.1\r\nhost: g\r\ncontent-type: application/x-protobuf\r\ncontent-length: 10\r\n\r\nabc";
    let answer = http::raw(gateway.http, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    gateway.end().await;
}

/// A connection without requests is closed after `idle_timeout`.
#[tokio::test]
async fn idle_connections_are_closed() {
    let mut options = Options::default();
    options.http.idle_timeout = GoDuration::millis(50);
    let gateway = Gateway::with(options).await;
    let mut stream = TcpStream::connect(gateway.http).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: g\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    gateway.end().await;
}

/// `response_headers` stand on every response; pipelines see request headers when `include_metadata` says so.
#[tokio::test]
async fn headers_both_ways() {
    let mut options = Options::default();
    options.http.include_metadata = true;
    options.http.response_headers = [("X-Served-By".to_owned(), Secret("spanway".into()))].into();
    let gateway = Gateway::with(options).await;
    let headers = [PROTOBUF, ("x-tenant", "one")];
    let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, otlp::encoded(1)).await;
    assert_eq!(answer.headers["x-served-by"], "spanway");
    let arrival = gateway.pipelines.last();
    assert_eq!(arrival.client.metadata("x-tenant"), ["one"]);
    assert_eq!(arrival.client.metadata("host").len(), 1);
    assert_eq!(arrival.patience, None);
    let answer = http::send(gateway.http, "GET", "/nowhere", &[], "").await;
    assert_eq!(answer.headers["x-served-by"], "spanway");
    drop(arrival);
    gateway.end().await;
}

/// Browsers: pages of allowed origins may ask and post, others may not, and nobody without configuration.
#[tokio::test]
async fn pages_of_allowed_origins_may_post() {
    let mut options = Options::default();
    options.http.cors = CorsConfig {
        allowed_origins: vec!["https://*.example.com".into()],
        allowed_headers: vec!["X-Tenant".into()],
        exposed_headers: vec!["x-served-by".into()],
        max_age: 600,
    };
    let gateway = Gateway::with(options).await;
    let ask = async |origin: &str, wanted: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", wanted),
        ];
        http::send(gateway.http, "OPTIONS", "/v1/traces", &headers, "").await
    };
    let allowed = ask("https://app.example.com", "content-type,x-tenant").await;
    assert_eq!(allowed.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example.com"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type,x-tenant"),
        ("access-control-max-age", "600"),
        ("vary", "Origin"),
    ] {
        assert_eq!(allowed.headers[name], value, "{name}");
    }
    let refused = ask("https://app.example.com", "x-other").await;
    assert!(!refused.headers.contains_key("access-control-allow-methods"));
    let refused = ask("https://example.org", "content-type").await;
    assert!(!refused.headers.contains_key("access-control-allow-origin"));

    let headers = [PROTOBUF, ("origin", "https://app.example.com")];
    let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, otlp::encoded(1)).await;
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://app.example.com"
    );
    assert_eq!(answer.headers["access-control-expose-headers"], "x-served-by");
    gateway.end().await;

    let gateway = Gateway::start().await;
    let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, otlp::encoded(1)).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    gateway.end().await;
}
