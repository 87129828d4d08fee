//! The receiver's gRPC port, from outside: every byte and every cut is the client's.

mod support;

use std::time::Duration;

use prost::Message;
use support::gateway::{Gateway, Options, Verdict};
use support::grpc::{EXPORT, Grpc, framed};
use support::otlp;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

const MIB: usize = 1024 * 1024;

/// A request is accepted wherever its frame is cut, and arrives as the same bytes.
#[tokio::test]
async fn a_request_may_be_cut_anywhere() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let message = otlp::encoded(1);
    let wire = framed(false, &message);
    for cut in 0..=wire.len() {
        let pieces = vec![wire[..cut].to_vec(), wire[cut..].to_vec()];
        let answer = client.call(EXPORT, &[], pieces).await;
        assert_eq!(answer.code(), Code::Ok, "cut at {cut}: {}", answer.message());
        assert_eq!(answer.response(), b"");
    }
    let received = gateway.pipelines.received();
    assert_eq!(received.len(), wire.len() + 1);
    assert!(received.iter().all(|bytes| *bytes == message));
    gateway.end().await;
}

/// Requests on one connection are answered each on its own, however many are in flight, of whatever size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_share_a_connection() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let calls = (0..500usize).map(|at| {
        let client = client.clone();
        tokio::spawn(async move {
            let message = otlp::encoded(1 + at * 7 % 300);
            let answer = match at % 2 {
                0 => client.export(&message).await,
                _ => client.export_packed("gzip", &otlp::gzip(&message)).await,
            };
            assert_eq!(answer.code(), Code::Ok, "{}", answer.message());
        })
    });
    futures_util::future::try_join_all(calls).await.unwrap();
    assert_eq!(gateway.pipelines.received().len(), 500);
    gateway.end().await;
}

/// Every compression that is announced works, gzip in several members too; what is not known is UNIMPLEMENTED
/// and says what is.
#[tokio::test]
async fn compressions() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let message = otlp::encoded(50);
    let (front, back) = message.split_at(100);
    let snappy = snap::raw::Encoder::new().compress_vec(&message).unwrap();
    for (encoding, packed) in [
        ("gzip", otlp::gzip(&message)),
        ("gzip", [otlp::gzip(front), otlp::gzip(back)].concat()),
        ("zstd", otlp::zstd(&message)),
        ("deflate", otlp::zlib(&message)),
        ("snappy", snappy),
    ] {
        let answer = client.export_packed(encoding, &packed).await;
        assert_eq!(answer.code(), Code::Ok, "{encoding}: {}", answer.message());
        assert_eq!(gateway.pipelines.last().traces.bytes(), &message);
    }
    let answer = client.export_packed("br", &message).await;
    assert_eq!(answer.code(), Code::Unimplemented);
    assert_eq!(
        answer.headers["grpc-accept-encoding"],
        "identity,gzip,zstd,snappy,deflate"
    );

    // A named encoding is not applied to a message whose flag says so.
    let answer = client
        .call(
            EXPORT,
            &[("grpc-encoding", "gzip")],
            vec![framed(false, &message)],
        )
        .await;
    assert_eq!(answer.code(), Code::Ok);
    gateway.end().await;
}

/// What is not exactly one message is INTERNAL, as other servers have it.
#[tokio::test]
async fn what_is_not_one_message_is_internal() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let wire = framed(false, &otlp::encoded(1));
    for (pieces, words) in [
        (vec![], "no message"),
        (vec![wire[..3].to_vec()], "within the prefix"),
        (vec![wire[..20].to_vec()], "within its message"),
        (vec![wire.clone(), wire.clone()], "more than one"),
        (vec![framed(true, &otlp::encoded(1))], "names no compression"),
    ] {
        let answer = client.call(EXPORT, &[], pieces).await;
        assert_eq!(answer.code(), Code::Internal);
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    assert!(gateway.pipelines.received().is_empty());
    gateway.end().await;
}

/// What is not gRPC at all gets an HTTP status, as gRPC's protocol says.
#[tokio::test]
async fn what_is_not_grpc_gets_an_http_status() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let wire = framed(false, &otlp::encoded(1));
    let answer = client
        .call(
            EXPORT,
            &[("content-type", "application/json")],
            vec![wire.clone()],
        )
        .await;
    assert_eq!(answer.http, 415);
    let answer = client
        .call(EXPORT, &[("content-type", "application/grpc+proto")], vec![wire])
        .await;
    assert_eq!((answer.http.as_u16(), answer.code()), (200, Code::Ok));
    gateway.end().await;
}

/// Unknown methods are UNIMPLEMENTED and named.
#[tokio::test]
async fn unknown_methods_are_named() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let answer = client
        .call("/some.Service/Call", &[], vec![framed(false, b"")])
        .await;
    assert_eq!(answer.code(), Code::Unimplemented);
    assert!(answer.message().contains("/some.Service/Call"));
    gateway.end().await;
}

/// `grpc-timeout` reaches the pipelines as patience, less a tenth for the way back.
#[tokio::test]
async fn a_timeout_becomes_patience() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let wire = framed(false, &otlp::encoded(1));
    client
        .call(EXPORT, &[("grpc-timeout", "10S")], vec![wire.clone()])
        .await;
    assert_eq!(gateway.pipelines.last().patience, Some(Duration::from_secs(9)));
    client.call(EXPORT, &[], vec![wire]).await;
    assert_eq!(gateway.pipelines.last().patience, None);
    gateway.end().await;
}

/// Pipelines know the peer always, and its metadata when `include_metadata` says so.
#[tokio::test]
async fn metadata_is_for_those_who_ask() {
    for include_metadata in [false, true] {
        let mut options = Options::default();
        options.grpc.include_metadata = include_metadata;
        let gateway = Gateway::with(options).await;
        let client = Grpc::connect(gateway.grpc).await;
        let headers = [("x-tenant", "one"), ("x-tenant", "two")];
        client
            .call(EXPORT, &headers, vec![framed(false, &otlp::encoded(1))])
            .await;
        let arrival = gateway.pipelines.last();
        assert!(arrival.client.address.unwrap().ip().is_loopback());
        let tenant = arrival.client.metadata("X-Tenant").to_vec();
        let expected: &[&str] = if include_metadata { &["one", "two"] } else { &[] };
        assert_eq!(tenant, expected);
        assert_eq!(
            arrival.client.metadata(":authority").len(),
            usize::from(include_metadata)
        );
        drop(arrival);
        gateway.end().await;
    }
}

/// A body is paid for from its prefix on, and a client that disconnects within it leaves nothing behind.
#[tokio::test]
async fn a_disconnect_within_the_body_gives_its_room_back() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    client.export(b"").await;
    let idle = gateway.pipelines.used();
    assert!(idle > 0, "the window of the connection counts");

    let (body, pending) = client.begin(&[]);
    body.send(framed(false, &vec![0; 3 * MIB])[..MIB].to_vec())
        .await
        .unwrap();
    gateway.pipelines.until_used(idle + 3 * MIB).await;
    pending.abort();
    gateway.pipelines.until_used(idle).await;
    assert!(gateway.pipelines.received().is_empty());
    gateway.end().await;
}

/// A client that gives up while the pipelines work has its request withdrawn.
#[tokio::test]
async fn a_request_whose_client_gave_up_is_withdrawn() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Hang);
    let client = Grpc::connect(gateway.grpc).await;
    let (body, pending) = client.begin(&[]);
    body.send(framed(false, &otlp::encoded(1))).await.unwrap();
    drop(body);
    gateway.pipelines.until_arrived(1).await;
    pending.abort();
    gateway.pipelines.until_withdrawn(1).await;
    gateway.end().await;
}

/// A compressed request that finds no room while it expands is refused with a time to come back, and what it
/// had taken is given back.
#[tokio::test]
async fn expanding_beyond_the_budget_is_refused() {
    let gateway = Gateway::with(Options {
        budget: 4 * MIB,
        ..Options::default()
    })
    .await;
    let client = Grpc::connect(gateway.grpc).await;
    client.export(b"").await;
    let idle = gateway.pipelines.used();
    let large = otlp::sized(8 * MIB);
    for (encoding, packed) in [
        ("gzip", otlp::gzip(&large)),
        ("zstd", otlp::zstd(&large)),
        ("deflate", otlp::zlib(&large)),
    ] {
        let answer = client.export_packed(encoding, &packed).await;
        assert_eq!(
            answer.code(),
            Code::Unavailable,
            "{encoding}: {}",
            answer.message()
        );
        assert!(answer.details().retry_info().is_some());
        gateway.pipelines.until_used(idle).await;
    }
    gateway.end().await;
}

/// The health service reports the server and the trace service as serving, and knows no other.
#[tokio::test]
async fn health() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    for (service, code) in [
        ("", Code::Ok),
        ("opentelemetry.proto.collector.trace.v1.TraceService", Code::Ok),
        ("other.Service", Code::NotFound),
    ] {
        let request = HealthCheckRequest {
            service: service.into(),
        }
        .encode_to_vec();
        let answer = client
            .call("/grpc.health.v1.Health/Check", &[], vec![framed(false, &request)])
            .await;
        assert_eq!(answer.code(), code, "{service}");
        if code == Code::Ok {
            assert_eq!(HealthCheckResponse::decode(answer.response()).unwrap().status, 1);
        }
    }
    gateway.end().await;
}

/// Reflection lists the trace service and has its file, in both versions of the protocol.
#[tokio::test]
async fn reflection() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let service = "opentelemetry.proto.collector.trace.v1.TraceService";
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let ask = async |request| {
            let request = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(request),
            };
            let answer = client
                .call(&path, &[], vec![framed(false, &request.encode_to_vec())])
                .await;
            ServerReflectionResponse::decode(answer.response())
                .unwrap()
                .message_response
                .unwrap()
        };
        let MessageResponse::ListServicesResponse(list) =
            ask(MessageRequest::ListServices(String::new())).await
        else {
            panic!("not a list");
        };
        assert!(
            list.service.iter().any(|listed| listed.name == service),
            "{list:?}"
        );
        let file = ask(MessageRequest::FileContainingSymbol(service.into())).await;
        assert!(
            matches!(file, MessageResponse::FileDescriptorResponse(_)),
            "{file:?}"
        );
    }
    gateway.end().await;
}
