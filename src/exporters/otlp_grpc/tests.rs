//! Against a gRPC server in this process that is told what to do.

use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::*;
use crate::config::settings::{Problems, Settings};
use crate::net::grpc::client::fake::{Answer, Fake};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};
use crate::wire::Traces;

fn config(yaml: &str) -> Config {
    serde_saphyr::from_str(yaml).unwrap()
}

fn problems(yaml: &str) -> Vec<(String, String)> {
    let mut problems = Problems::default();
    config(yaml).validate(&mut problems);
    problems
        .iter()
        .map(|problem| (problem.path.clone(), problem.note.clone()))
        .collect()
}

fn exporter(fake: &Fake) -> OtlpGrpc {
    let config = config(&format!(
        "{{endpoint: '{}', tls: {{insecure: true}}, compression: none}}",
        fake.address
    ));
    OtlpGrpc::new(&config, "otlp_grpc").unwrap()
}

fn batch(parts: &[&'static str]) -> Outgoing {
    let bytes = |part: &&'static str| Bytes::from_static(part.as_bytes());
    Outgoing::of(parts.iter().map(bytes).map(one_span))
}

/// What exporters take for a request with one span; they do not look into it.
fn one_span(bytes: Bytes) -> Traces {
    Traces::restored(bytes, 1)
}

/// A Collector's block runs unchanged, and the defaults are the Collector's.
#[test]
fn a_collectors_block() {
    let yaml = "
endpoint: dns:///gateway.observability:4317
tls: {insecure: true, insecure_skip_verify: true}
headers: {x-tenant: blue}
compression: zstd
keepalive: {time: 30s, permit_without_stream: true}
balancer_name: round_robin
sending_queue: {num_consumers: 4, queue_size: 500}
retry_on_failure: {max_elapsed_time: 0}
timeout: 10s
";
    assert_eq!(problems(yaml), []);
    OtlpGrpc::new(&config(yaml), "otlp_grpc").unwrap();
    let defaults = Config::default();
    assert_eq!(defaults.timeout.to_string(), "5s");
    assert!(defaults.sending_queue.enabled && defaults.retry_on_failure.enabled);
    assert_eq!(defaults.attempt_timeout(), Some(Duration::from_secs(5)));
    assert_eq!(config("timeout: 0s").attempt_timeout(), None);
}

/// Each wrong value is named by its key, with what to do instead.
#[test]
fn wrong_values() {
    let plain = "endpoint: http://localhost:4317";
    for (yaml, key, says) in [
        ("{}", "endpoint", "is empty"),
        ("endpoint: localhost", "endpoint", "no port"),
        (&format!("{plain}\ntls: {{cert_file: a}}"), "tls", "its key"),
        (
            &format!("{plain}\ntls: {{min_version: '1.0'}}"),
            "tls.min_version",
            "`1.0`",
        ),
        ("endpoint: 'a b:4317'", "endpoint", "`a b`"),
        ("endpoint: 'unix:'", "endpoint", "no socket"),
        (
            &format!("{plain}\ncompression: snappy"),
            "compression",
            "`snappy`",
        ),
        (
            &format!("{plain}\ncompression: deflate"),
            "compression",
            "deflate",
        ),
        (
            &format!("{plain}\ncompression_params: {{level: 99}}"),
            "compression_params.level",
            "level 99",
        ),
        (&format!("{plain}\nconnections: 0"), "connections", "1 to 64"),
        (&format!("{plain}\nheaders: {{'a b': c}}"), "headers.a b", "`a b`"),
        (
            &format!("{plain}\nheaders: {{grpc-timeout: 1S}}"),
            "headers.grpc-timeout",
            "gRPC",
        ),
        (&format!("{plain}\nauthority: 'a/b'"), "authority", "`a/b`"),
        (
            &format!("{plain}\nsending_queue: {{num_consumers: 0}}"),
            "sending_queue.num_consumers",
            "at least 1",
        ),
    ] {
        let found = problems(yaml);
        assert!(
            found.len() == 1 && found[0].0 == key && found[0].1.contains(says),
            "{yaml}: {found:?}"
        );
    }
}

/// As in the Collector, connections are below TLS unless `insecure` says otherwise and no authority is named, and `https`
/// always is; the server is called by the name that is set for it.
#[test]
fn when_there_is_tls() {
    for (yaml, is_secure, authority, host) in [
        ("endpoint: gateway:4317", true, "gateway:4317", "gateway"),
        ("endpoint: http://gateway:4317", true, "gateway:4317", "gateway"),
        (
            "{endpoint: 'gateway:4317', tls: {insecure: true}}",
            false,
            "gateway:4317",
            "gateway",
        ),
        (
            "{endpoint: 'https://gateway:4317', tls: {insecure: true}}",
            true,
            "gateway:4317",
            "gateway",
        ),
        (
            "{endpoint: 'dns:///[::1]:4317', authority: 'a:1'}",
            true,
            "a:1",
            "a",
        ),
        (
            "{endpoint: '[::1]:4317', tls: {server_name_override: b}}",
            true,
            "b",
            "::1",
        ),
        (
            "{endpoint: 'unix:///run/otlp.sock', tls: {insecure: true}}",
            false,
            "localhost",
            "localhost",
        ),
    ] {
        let config = config(yaml);
        assert_eq!(problems(yaml), [], "{yaml}");
        let (plan, options) = (config.plan("otlp_grpc").unwrap(), config.options().unwrap());
        assert_eq!(plan.tls.is_some(), is_secure, "{yaml}");
        assert_eq!(options.scheme == Scheme::HTTPS, is_secure, "{yaml}");
        assert_eq!(
            (options.authority.as_str(), plan.host.as_str()),
            (authority, host),
            "{yaml}"
        );
    }
}

/// A header's value appears neither in what is logged nor in what is printed.
#[test]
fn headers_are_secret() {
    let config = config("headers: {authorization: Bearer abc}");
    let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(
        shown.contains("authorization") && !shown.contains("abc"),
        "{shown}"
    );
}

/// The server gets the parts as one message, at OTLP's path; a probe is an empty one.
#[tokio::test]
async fn one_batch_is_one_request() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let fake = Fake::start(move |_, call| {
        tell.send(call).unwrap();
        Answer::ok(b"")
    })
    .await;
    let exporter = exporter(&fake);
    assert_eq!(exporter.send(batch(&["one", "two"])).await, Ok(Sent::default()));
    assert_eq!(exporter.send(Outgoing::probe()).await, Ok(Sent::default()));
    let call = told.recv().await.unwrap();
    assert_eq!(
        call.path,
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    );
    assert_eq!(call.message, &b"onetwo"[..]);
    assert!(
        call.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("spanway/")
    );
    assert!(told.recv().await.unwrap().message.is_empty());
}

/// What the server refused of a batch that it took is told on.
#[tokio::test]
async fn partial_success() {
    let partial_success = Some(ExportTracePartialSuccess {
        rejected_spans: 3,
        error_message: "too old".into(),
    });
    let answer = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    let fake = Fake::start(move |_, _| Answer::ok(&answer)).await;
    let sent = exporter(&fake).send(batch(&["spans"])).await;
    assert_eq!(
        sent,
        Ok(Sent {
            rejected: 3,
            message: "too old".into()
        })
    );
}

/// Each code is the failure that the table in `failure.rs` says, and the delay is handed on.
#[tokio::test]
async fn each_code() {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(7)));
    let status = Status::with_error_details(Code::Unavailable, "", details);
    let details = status.into_http::<()>().headers()["grpc-status-details-bin"]
        .to_str()
        .unwrap()
        .to_owned();
    let fake = Fake::start(move |number, _| {
        let code = (number / 2 + 1).to_string();
        match number % 2 {
            0 => Answer::status(&[("grpc-status", &code), ("grpc-message", "why")]),
            _ => Answer::status(&[("grpc-status", &code), ("grpc-status-details-bin", &details)]),
        }
    })
    .await;
    let exporter = exporter(&fake);
    for code in 1..=16 {
        let bare = exporter.send(batch(&["spans"])).await.unwrap_err();
        let delayed = exporter.send(batch(&["spans"])).await.unwrap_err();
        assert!(bare.to_string().contains("why"), "{bare}");
        let delay = match &delayed {
            Failure::NotNow { retry_after, .. } => *retry_after,
            _ => None,
        };
        match code {
            1 | 4 | 10 | 11 | 14 | 15 => {
                assert!(
                    matches!(
                        bare,
                        Failure::NotNow {
                            retry_after: None,
                            ..
                        }
                    ),
                    "{code}: {bare:?}"
                );
                assert_eq!(delay, Some(Duration::from_secs(7)), "{code}");
            }
            8 => {
                assert!(matches!(bare, Failure::Data(_)), "{code}: {bare:?}");
                assert_eq!(delay, Some(Duration::from_secs(7)), "{code}");
            }
            5 | 7 | 12 | 16 => assert!(matches!(bare, Failure::Destination(_)), "{code}: {bare:?}"),
            _ => assert!(matches!(bare, Failure::Data(_)), "{code}: {bare:?}"),
        }
    }
}

/// A batch above 64 MiB is never sent.
#[tokio::test]
async fn too_large_a_batch() {
    let fake = Fake::start(|_, _| Answer::ok(b"")).await;
    let part = Bytes::from(vec![0; 32 << 20]);
    let batch = Outgoing::of([part.clone(), part, Bytes::from_static(b"!")].map(one_span));
    let failure = exporter(&fake).send(batch).await.unwrap_err();
    assert!(matches!(failure, Failure::Data(_)), "{failure:?}");
    assert_eq!(fake.calls(), 0);
}

/// A server that does not answer in time is a failure that may pass.
#[tokio::test]
async fn the_timeout_is_for_later() {
    let fake = Fake::start(|_, _| Answer::Stall).await;
    let yaml = format!("{{endpoint: 'http://{}', timeout: 50ms}}", fake.address);
    let failure = OtlpGrpc::new(&config(&yaml), "otlp_grpc")
        .unwrap()
        .send(batch(&["spans"]))
        .await
        .unwrap_err();
    assert!(
        matches!(
            failure,
            Failure::NotNow {
                retry_after: None,
                ..
            }
        ),
        "{failure:?}"
    );
}
