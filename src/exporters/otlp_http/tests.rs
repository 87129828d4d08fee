//! Against an HTTP server in this process that is told what to write.

use std::io::Read;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tonic_types::pb::Status;

use super::*;
use crate::config::settings::{Problems, Settings};
use crate::net::http_client::fake::{Fake, Reply};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};
use crate::wire::Traces;

const PROTO: &str = "content-type: application/x-protobuf\r\n";
const JSON: &str = "content-type: Application/JSON; charset=utf-8\r\n";

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

fn exporter(fake: &Fake, more: &str) -> OtlpHttp {
    let config = config(&format!("endpoint: http://{}/base/\n{more}", fake.address));
    OtlpHttp::new(&config, "otlp_http").unwrap()
}

fn batch(parts: &[&'static str]) -> Outgoing {
    let bytes = |part: &&'static str| Bytes::from_static(part.as_bytes());
    Outgoing::of(parts.iter().map(bytes).map(one_span))
}

/// What exporters take for a request with one span; they do not look into it.
fn one_span(bytes: Bytes) -> Traces {
    Traces::restored(bytes, 1)
}

async fn outcome(status: u16, head: &'static str, body: Vec<u8>) -> Result<Sent, Failure> {
    let fake = Fake::start(move |_, _| Reply::new(status, head, &body)).await;
    exporter(&fake, "").send(batch(&["spans"])).await
}

/// A Collector's block runs unchanged, and the defaults are the Collector's.
#[test]
fn a_collectors_block() {
    let yaml = "
traces_endpoint: http://gateway:4318/otlp/v1/traces?tenant=blue
encoding: json
headers: [{name: x-tenant, value: blue}]
compression: zstd
compression_params: {level: 3}
max_conns_per_host: 4
tls: {insecure: true}
sending_queue: {enabled: false}
";
    assert_eq!(problems(yaml), []);
    assert_eq!(problems("endpoint: https://gateway"), []);
    OtlpHttp::new(&config(yaml), "otlp_http").unwrap();
    assert_eq!(Config::default().attempt_timeout(), Some(Duration::from_secs(30)));
}

/// Each wrong value is named by its key, with what to do instead.
#[test]
fn wrong_values() {
    let plain = "endpoint: http://localhost:4318";
    for (yaml, key, says) in [
        ("{}", "endpoint", "is empty"),
        ("endpoint: localhost:4318", "endpoint", "http://"),
        (
            "traces_endpoint: ftp://localhost:4318/x",
            "traces_endpoint",
            "https://",
        ),
        (&format!("{plain}\ntls: {{key_file: a}}"), "tls", "a certificate"),
        (
            "endpoint: 'http://me:secret@localhost'",
            "endpoint",
            "authorization",
        ),
        (&format!("{plain}\ncompression: lz4"), "compression", "`lz4`"),
        (
            &format!("{plain}\ncompression_params: {{level: 99}}"),
            "compression_params.level",
            "level 99",
        ),
        (&format!("{plain}\nheaders: {{'a b': c}}"), "headers.a b", "`a b`"),
        (
            &format!("{plain}\nheaders: {{Content-Length: 5}}"),
            "headers.Content-Length",
            "HTTP",
        ),
    ] {
        let found = problems(yaml);
        assert!(
            found.len() == 1 && found[0].0 == key && found[0].1.contains(says),
            "{yaml}: {found:?}"
        );
    }
}

/// The server gets the parts as one body, at the path below the endpoint, with the headers that describe it.
#[tokio::test]
async fn one_batch_is_one_request() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let fake = Fake::start(move |_, seen| {
        tell.send(seen).unwrap();
        Reply::new(200, PROTO, b"")
    })
    .await;
    let exporter = exporter(&fake, "headers: {x-tenant: blue}");
    assert_eq!(exporter.send(batch(&["one", "two"])).await, Ok(Sent::default()));
    let seen = told.recv().await.unwrap();
    let host = format!("host: {}\r\n", fake.address);
    for line in [
        "post /base/v1/traces http/1.1\r\n",
        "content-type: application/x-protobuf\r\n",
        "content-encoding: gzip\r\n",
        "user-agent: spanway/",
        "x-tenant: blue\r\n",
        &host,
    ] {
        assert!(seen.head.contains(line), "{line} is not in {}", seen.head);
    }
    let mut body = String::new();
    flate2::read::GzDecoder::new(&seen.body[..])
        .read_to_string(&mut body)
        .unwrap();
    assert_eq!(body, "onetwo");
}

/// With `encoding: json` the parts arrive as one JSON request.
#[tokio::test]
async fn json() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let fake = Fake::start(move |_, seen| {
        tell.send(seen).unwrap();
        Reply::new(200, JSON, b"{}")
    })
    .await;
    let exporter = exporter(&fake, "encoding: json\ncompression: none");
    let request = |name: &str| {
        let span = Span {
            trace_id: vec![0xab; 16],
            span_id: vec![0xcd; 8],
            name: name.into(),
            ..Span::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }];
        let resource_spans = vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }];
        Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec())
    };
    let two = Outgoing::of([request("one"), request("two")].map(one_span));
    assert_eq!(exporter.send(two).await, Ok(Sent::default()));
    let seen = told.recv().await.unwrap();
    assert!(
        seen.head.contains("content-type: application/json\r\n"),
        "{}",
        seen.head
    );
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    let spans = &body["resourceSpans"][1]["scopeSpans"][0]["spans"];
    assert_eq!(spans[0]["name"], "two");
    assert_eq!(spans[0]["traceId"], "ab".repeat(16));
    let failure = exporter.send(batch(&["\n"])).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Data(text) if text.contains("JSON")),
        "{failure:?}"
    );
}

/// What the server refused of a batch that it took is told on, in either encoding of the answer.
#[tokio::test]
async fn partial_success() {
    let partial_success = Some(ExportTracePartialSuccess {
        rejected_spans: 3,
        error_message: "too old".into(),
    });
    let told = Ok(Sent {
        rejected: 3,
        message: "too old".into(),
    });
    let proto = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    assert_eq!(outcome(200, PROTO, proto).await, told);
    for rejected in ["3", "\"3\""] {
        let json = format!(r#"{{"partialSuccess":{{"rejectedSpans":{rejected},"errorMessage":"too old"}}}}"#);
        assert_eq!(outcome(200, JSON, json.into()).await, told);
    }
    assert_eq!(outcome(200, "", b"ok".to_vec()).await, Ok(Sent::default()));
    assert_eq!(outcome(200, JSON, b"{".to_vec()).await, Ok(Sent::default()));
}

/// Each status is the failure that the table in `outcome.rs` says.
#[tokio::test]
async fn each_status() {
    for status in (300..=303).chain(400..=431).chain(500..=511) {
        let failure = outcome(status, "", b"why".to_vec()).await.unwrap_err();
        assert!(
            failure.to_string().contains(&status.to_string()) && failure.to_string().contains("why"),
            "{failure}"
        );
        let right = match status {
            429 | 502 | 503 | 504 => matches!(
                failure,
                Failure::NotNow {
                    retry_after: None,
                    ..
                }
            ),
            401 | 403 | 404 | 405 | 300..=303 => matches!(failure, Failure::Destination(_)),
            _ => matches!(failure, Failure::Data(_)),
        };
        assert!(right, "{status}: {failure:?}");
    }
}

/// The words of a `google.rpc.Status` are told on in either encoding.
#[tokio::test]
async fn status_bodies() {
    let status = Status {
        code: 3,
        message: "bad span".into(),
        details: Vec::new(),
    };
    let failure = outcome(400, PROTO, status.encode_to_vec()).await.unwrap_err();
    assert_eq!(
        failure,
        Failure::Data("HTTP status 400 Bad Request: bad span".into())
    );
    let failure = outcome(400, JSON, br#"{"code":3,"message":"bad span"}"#.to_vec())
        .await
        .unwrap_err();
    assert_eq!(
        failure,
        Failure::Data("HTTP status 400 Bad Request: bad span".into())
    );
    let failure = outcome(307, "location: http://elsewhere/\r\n", Vec::new())
        .await
        .unwrap_err();
    assert!(
        matches!(&failure, Failure::Destination(text) if text.contains("http://elsewhere/")),
        "{failure}"
    );
}

/// `Retry-After` is a number of seconds or a date, and other texts are none.
#[tokio::test]
async fn retry_after() {
    let fake = Fake::start(|number, _| {
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        let values = [
            "7".to_owned(),
            soon,
            "Sun, 06 Nov 1994 08:49:37 GMT".into(),
            "soon".into(),
        ];
        Reply::new(503, &format!("retry-after: {}\r\n", values[number]), b"")
    })
    .await;
    let exporter = exporter(&fake, "");
    let mut delays = Vec::new();
    for _ in 0..4 {
        match exporter.send(batch(&["spans"])).await {
            Err(Failure::NotNow { retry_after, .. }) => delays.push(retry_after.map(|delay| delay.as_secs())),
            other => panic!("{other:?}"),
        }
    }
    assert!(
        matches!(delays[..], [Some(7), Some(57..=60), Some(0), None]),
        "{delays:?}"
    );
}

/// A batch above 64 MiB is never sent; a server that does not answer in time is a failure that may pass.
#[tokio::test]
async fn bounds() {
    let fake = Fake::start(|_, _| Reply::Stall).await;
    let exporter = exporter(&fake, "timeout: 50ms");
    let part = Bytes::from(vec![0; 32 << 20]);
    let large = Outgoing::of([part.clone(), part, Bytes::from_static(b"!")].map(one_span));
    let failure = exporter.send(large).await.unwrap_err();
    assert!(
        matches!(failure, Failure::Data(_)) && fake.requests() == 0,
        "{failure:?}"
    );
    let failure = exporter.send(batch(&["spans"])).await.unwrap_err();
    assert!(matches!(failure, Failure::NotNow { .. }), "{failure:?}");
}
