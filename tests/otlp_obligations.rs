//! What the OTLP specification (1.11) asks of a server, one test for each line of it.

mod support;

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use spanway::pipeline::verdict::{Accepted, Refused};
use support::gateway::{Gateway, Options, ROOM, Verdict};
use support::grpc::{EXPORT, Grpc, framed};
use support::{http, otlp};
use tonic::Code;

const MIB: usize = 1024 * 1024;

fn refusal() -> Verdict {
    Verdict::Refuse(Refused {
        message: "the pipelines are busy".into(),
        retry_after: Duration::from_millis(2500),
    })
}

fn partial() -> Verdict {
    Verdict::Accept(Accepted {
        rejected_spans: 2,
        message: "two were bad".into(),
    })
}

// === transport ===

/// "MUST support compression none and gzip", over gRPC.
#[tokio::test]
async fn grpc_takes_none_and_gzip() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let message = otlp::encoded(3);
    assert_eq!(client.export(&message).await.code(), Code::Ok);
    assert_eq!(
        client.export_packed("gzip", &otlp::gzip(&message)).await.code(),
        Code::Ok
    );
    assert_eq!(gateway.pipelines.received(), [message.clone(), message]);
    gateway.end().await;
}

/// "MUST support compression none and gzip", over HTTP.
#[tokio::test]
async fn http_takes_none_and_gzip() {
    let gateway = Gateway::start().await;
    let message = otlp::encoded(3);
    assert_eq!(http::post(gateway.http, message.clone()).await.status, 200);
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "gzip"),
    ];
    let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, otlp::gzip(&message)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(gateway.pipelines.received(), [message.clone(), message]);
    gateway.end().await;
}

/// "HTTP/1.1 and/or HTTP/2", on one port.
#[tokio::test]
async fn http_1_and_2_share_a_port() {
    let gateway = Gateway::start().await;
    let message = otlp::encoded(1);
    assert_eq!(http::post(gateway.http, message.clone()).await.status, 200);
    let headers = [("content-type", "application/x-protobuf")];
    assert_eq!(
        http::send_http2(gateway.http, &headers, message.clone())
            .await
            .status,
        200
    );
    assert_eq!(gateway.pipelines.received(), [message.clone(), message]);
    gateway.end().await;
}

/// "MUST enforce a request size limit", 64 MiB unless configured; gRPC: RESOURCE_EXHAUSTED, and not retryable,
/// so without RetryInfo.
#[tokio::test]
async fn grpc_refuses_what_is_over_the_limit() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let mut prefix = framed(false, b"");
    prefix[1..].copy_from_slice(&u32::try_from(64 * MIB + 1).unwrap().to_be_bytes());
    let answer = client.call(EXPORT, &[], vec![prefix]).await;
    assert_eq!(answer.code(), Code::ResourceExhausted);
    assert!(answer.details().retry_info().is_none());
    assert!(answer.message().contains("67108864"), "{}", answer.message());

    let fits = otlp::sized(64 * MIB - 100);
    assert_eq!(client.export(&fits).await.code(), Code::Ok);
    gateway.end().await;
}

/// The limit holds after decompression too, over gRPC.
#[tokio::test]
async fn grpc_refuses_what_expands_over_the_limit() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let large = otlp::sized(65 * MIB);
    for (encoding, packed) in [("gzip", otlp::gzip(&large)), ("zstd", otlp::zstd(&large))] {
        assert!(packed.len() < large.len() / 500);
        let answer = client.export_packed(encoding, &packed).await;
        assert_eq!(answer.code(), Code::ResourceExhausted, "{}", answer.message());
        assert!(answer.details().retry_info().is_none());
    }
    gateway.end().await;
}

/// "MUST enforce a request size limit"; HTTP: 413, before the body is read and after it is decompressed.
#[tokio::test]
async fn http_refuses_what_is_over_the_limit() {
    let gateway = Gateway::start().await;
    let large = otlp::sized(65 * MIB);
    let answer = http::post(gateway.http, large.clone()).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.error().0, Code::ResourceExhausted as i32);
    assert!(!answer.headers.contains_key("retry-after"));
    for (encoding, packed) in [
        ("gzip", otlp::gzip(&large)),
        ("zstd", otlp::zstd(&large)),
        ("deflate", otlp::zlib(&large)),
    ] {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", encoding),
        ];
        let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, packed).await;
        assert_eq!(answer.status, 413, "{encoding}: {:?}", answer.error());
    }
    gateway.end().await;
}

/// The limit is configurable.
#[tokio::test]
async fn the_limit_is_configurable() {
    let mut options = Options::default();
    options.grpc.max_recv_msg_size_mib = 1;
    options.http.max_request_body_size = 1000;
    let gateway = Gateway::with(options).await;
    let client = Grpc::connect(gateway.grpc).await;
    assert_eq!(
        client.export(&otlp::sized(MIB)).await.code(),
        Code::ResourceExhausted
    );
    assert_eq!(client.export(&otlp::sized(MIB - 100)).await.code(), Code::Ok);
    assert_eq!(http::post(gateway.http, otlp::sized(1000)).await.status, 413);
    assert_eq!(http::post(gateway.http, otlp::sized(900)).await.status, 200);
    gateway.end().await;
}

/// "MUST limit its response size": an endless message in a partial success is shortened.
#[tokio::test]
async fn a_response_is_bounded() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Accept(Accepted {
        rejected_spans: 1,
        message: "é".repeat(5 * MIB),
    }));
    let client = Grpc::connect(gateway.grpc).await;
    let answer = client.export(&otlp::encoded(1)).await;
    assert_eq!(answer.code(), Code::Ok);
    assert!(answer.response().len() < 4 * MIB);
    let response = ExportTraceServiceResponse::decode(answer.response()).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_spans, 1);
    gateway.end().await;
}

// === success ===

/// "Empty request SHOULD succeed", and no pipeline is bothered with it.
#[tokio::test]
async fn an_empty_request_succeeds() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    assert_eq!(client.export(b"").await.code(), Code::Ok);
    assert_eq!(http::post(gateway.http, "").await.status, 200);
    assert_eq!(gateway.pipelines.received().len(), 0);
    gateway.end().await;
}

/// Full success: `partial_success` is unset; HTTP 200 in the request's encoding.
#[tokio::test]
async fn full_success_sets_nothing() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let answer = client.export(&otlp::encoded(1)).await;
    assert_eq!((answer.code(), answer.response()), (Code::Ok, &b""[..]));
    let answer = http::post(gateway.http, otlp::encoded(1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b""[..]));
    assert_eq!(answer.content_type(), "application/x-protobuf");
    gateway.end().await;
}

/// Partial success: OK, with `rejected_spans` and a message; the good spans pass.
#[tokio::test]
async fn partial_success_counts_what_was_rejected() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let message = otlp::request_of(vec![otlp::span(1), otlp::bad_span(2), otlp::span(3)]).encode_to_vec();
    let answer = client.export(&message).await;
    assert_eq!(answer.code(), Code::Ok);
    let response = ExportTraceServiceResponse::decode(answer.response()).unwrap();
    let partial_success = response.partial_success.unwrap();
    assert_eq!(partial_success.rejected_spans, 1);
    assert!(!partial_success.error_message.is_empty());
    assert_eq!(gateway.pipelines.last().traces.spans(), 2);

    // What the pipelines reject is added.
    gateway.pipelines.answer(partial());
    let answer = http::post(gateway.http, message).await;
    assert_eq!(answer.status, 200);
    let response = ExportTraceServiceResponse::decode(answer.body).unwrap();
    let partial_success = response.partial_success.unwrap();
    assert_eq!(partial_success.rejected_spans, 3);
    assert!(partial_success.error_message.ends_with("two were bad"));
    gateway.end().await;
}

/// A warning on full acceptance: nothing rejected, and a message.
#[tokio::test]
async fn a_warning_rejects_nothing() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Accept(Accepted {
        rejected_spans: 0,
        message: "mind the gap".into(),
    }));
    let client = Grpc::connect(gateway.grpc).await;
    let answer = client.export(&otlp::encoded(1)).await;
    let response = ExportTraceServiceResponse::decode(answer.response()).unwrap();
    let partial_success = response.partial_success.unwrap();
    assert_eq!(
        (
            partial_success.rejected_spans,
            partial_success.error_message.as_str()
        ),
        (0, "mind the gap")
    );
    gateway.end().await;
}

// === failure over gRPC ===

/// "Retryable SHOULD use UNAVAILABLE", with RetryInfo.
#[tokio::test]
async fn grpc_says_when_to_come_back() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(refusal());
    let answer = Grpc::connect(gateway.grpc).await.export(&otlp::encoded(1)).await;
    assert_eq!(answer.code(), Code::Unavailable);
    assert_eq!(answer.message(), "the pipelines are busy");
    let retry = answer.details().retry_info().unwrap().retry_delay;
    assert_eq!(retry, Some(Duration::from_millis(2500)));
    gateway.end().await;
}

/// Throttling: a request that finds no room is refused before its body is read, and the message says when to
/// come back.
#[tokio::test]
async fn grpc_refuses_what_has_no_room() {
    let gateway = Gateway::with(Options {
        budget: 2 * MIB,
        ..Options::default()
    })
    .await;
    let client = Grpc::connect(gateway.grpc).await;
    let (body, pending) = client.begin(&[]);
    let prefix = framed(false, &otlp::sized(2 * MIB))[..5].to_vec();
    body.send(prefix).await.unwrap();
    let answer = pending.await.unwrap().unwrap();
    assert_eq!(answer.code(), Code::Unavailable);
    assert!(answer.details().retry_info().unwrap().retry_delay.is_some());
    gateway.end().await;
}

/// "Bad data SHOULD use INVALID_ARGUMENT, MAY add BadRequest".
#[tokio::test]
async fn grpc_calls_bad_data_by_its_name() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let answer = client.export(b"\x0a\xff\xff").await;
    assert_eq!(answer.code(), Code::InvalidArgument);
    assert_eq!(answer.details().bad_request().unwrap().field_violations.len(), 1);
    let answer = client.export_packed("gzip", b"never was gzip").await;
    assert_eq!(answer.code(), Code::InvalidArgument);
    gateway.end().await;
}

// === failure over HTTP ===

/// "Every 4xx/5xx body MUST be a google.rpc.Status in the same encoding."
#[tokio::test]
async fn every_http_error_is_a_status_in_the_same_encoding() {
    let gateway = Gateway::with(Options {
        budget: 2 * MIB,
        ..Options::default()
    })
    .await;
    gateway.pipelines.answer(refusal());
    for content_type in ["application/x-protobuf", "application/json"] {
        let good = match content_type {
            "application/json" => br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}]}]}]}"#.to_vec(),
            _ => otlp::encoded(1),
        };
        let plain = [("content-type", content_type)];
        let unknown = [("content-type", content_type), ("content-encoding", "br")];
        let broken = [("content-type", content_type), ("content-encoding", "gzip")];
        for (status, method, path, headers, body) in [
            (400, "POST", "/v1/traces", &plain[..], b"{\xff".to_vec()),
            (400, "POST", "/v1/traces", &broken[..], b"x".to_vec()),
            (404, "POST", "/v1/other", &plain[..], good.clone()),
            (405, "GET", "/v1/traces", &plain[..], Vec::new()),
            (413, "POST", "/v1/traces", &plain[..], vec![0; 65 * MIB]),
            (415, "POST", "/v1/traces", &unknown[..], good.clone()),
            (503, "POST", "/v1/traces", &plain[..], good.clone()),
            (503, "POST", "/v1/traces", &plain[..], vec![0; 2 * MIB]),
        ] {
            let answer = http::send(gateway.http, method, path, headers, body).await;
            assert_eq!(answer.status, status, "{method} {path} {headers:?}");
            assert_eq!(answer.content_type(), content_type, "{status}");
            let (code, message) = answer.error();
            assert!(code > 0 && !message.is_empty(), "{status}");
        }
    }
    gateway.end().await;
}

/// Undecodable data is 400, with BadRequest in the details.
#[tokio::test]
async fn http_calls_bad_data_by_its_name() {
    let gateway = Gateway::start().await;
    let answer = http::post(gateway.http, &b"\x0a\xff\xff"[..]).await;
    assert_eq!(answer.status, 400);
    let status = tonic_types::Status::decode(answer.body).unwrap();
    assert_eq!(status.code, Code::InvalidArgument as i32);
    assert!(status.details[0].type_url.ends_with("google.rpc.BadRequest"));
    gateway.end().await;
}

/// Overload: 503 with `Retry-After` in whole seconds, rounded up.
#[tokio::test]
async fn http_says_when_to_come_back() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(refusal());
    let answer = http::post(gateway.http, otlp::encoded(1)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "3");
    gateway.pipelines.answer(Verdict::Refuse(Refused {
        message: "soon".into(),
        retry_after: Duration::ZERO,
    }));
    let answer = http::post(gateway.http, otlp::encoded(1)).await;
    assert_eq!(answer.headers["retry-after"], "1");
    gateway.end().await;
}

/// Throttling: a body that finds no room is refused at its `Content-Length`; one without, at the step that
/// does not fit.
#[tokio::test]
async fn http_refuses_what_has_no_room() {
    let gateway = Gateway::with(Options {
        budget: 2 * MIB,
        ..Options::default()
    })
    .await;
    let answer = http::post(gateway.http, otlp::sized(2 * MIB)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["retry-after"]),
        (503, &"2".parse().unwrap())
    );

    let head = "POST /v1/traces HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\n\
        transfer-encoding: chunked\r\n\r\n";
    let chunk = [&b"10000\r\n"[..], &[0; 0x10000], b"\r\n"].concat();
    let wire = [head.as_bytes(), &chunk.repeat(40), b"0\r\n\r\n"].concat();
    let answer = http::raw(gateway.http, &wire).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    gateway.end().await;
}

/// Metrics and logs are not taken, and the answer says what is.
#[tokio::test]
async fn other_signals_are_declined() {
    let gateway = Gateway::with(Options {
        budget: ROOM,
        ..Options::default()
    })
    .await;
    let client = Grpc::connect(gateway.grpc).await;
    for service in [
        "metrics.v1.MetricsService",
        "logs.v1.LogsService",
        "profiles.v1development.ProfilesService",
    ] {
        let path = format!("/opentelemetry.proto.collector.{service}/Export");
        let answer = client.call(&path, &[], vec![framed(false, b"")]).await;
        assert_eq!(answer.code(), Code::Unimplemented);
        assert!(
            answer.message().contains("takes traces only"),
            "{}",
            answer.message()
        );
    }
    for path in ["/v1/metrics", "/v1/logs", "/v1development/profiles"] {
        let headers = [("content-type", "application/x-protobuf")];
        let answer = http::send(gateway.http, "POST", path, &headers, "").await;
        assert_eq!(answer.status, 404);
        assert!(answer.error().1.contains("takes traces only"));
    }
    gateway.end().await;
}
