//! The project that a request names by its header goes with its spans, whatever the way to the store.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::path::Path;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use spanway::query::model::TraceId;
use tonic::Code;

use support::child::wait_until;
use support::control;
use support::grpc::{EXPORT, Grpc, framed};
use support::otlp;
use support::sink::Sink;
use support::spanway::{Plan, RECEIVER, STORED, Spanway};
use support::store::{self, Asked};

/// A request of span `id`, whose resource may name a project.
fn request(id: u64, project: Option<&str>) -> Vec<u8> {
    let mut request: ExportTraceServiceRequest = otlp::request_of(vec![otlp::span(id)]);
    request.resource_spans[0].resource = project.map(|project| Resource {
        attributes: vec![KeyValue {
            key: "openinference.project.name".into(),
            value: Some(AnyValue {
                value: Some(any_value::Value::StringValue(project.into())),
            }),
            ..KeyValue::default()
        }],
        ..Resource::default()
    });
    request.encode_to_vec()
}

fn post(gateway: &Spanway, more: &str, body: &[u8]) {
    let headers = format!("content-type: application/x-protobuf\r\n{more}");
    wait_until("the request is taken", || {
        let (status, answer) = control::send(gateway.http, "POST", "/v1/traces", &headers, body).unwrap();
        assert!(matches!(status, 200 | 503), "{status}: {answer}");
        status == 200
    });
}

async fn call(gateway: &Spanway, metadata: &[(&str, &str)], body: &[u8]) {
    let client = Grpc::connect(gateway.grpc).await;
    let answer = client.call(EXPORT, metadata, vec![framed(false, body)]).await;
    assert_eq!(answer.code(), Code::Ok, "{}", answer.message());
}

/// The project in which the span of [`request`] lies.
fn project(directory: &Path, id: u64) -> String {
    let trace = TraceId(otlp::span(id).trace_id.try_into().unwrap());
    let spans = Asked(directory).trace(trace);
    assert_eq!(spans.len(), 1);
    spans[0].project.to_string()
}

/// Sends by every way of naming a project, and finds each span where it belongs.
async fn assert_projects(gateway: &Spanway, directory: &Path) {
    post(gateway, "", &request(1, None));
    post(gateway, "", &request(2, Some("by resource")));
    post(
        gateway,
        "X-Project-Name: by header\r\n",
        &request(3, Some("by resource")),
    );
    post(gateway, "x-project-name: \r\n", &request(4, Some("by resource")));
    post(gateway, "x-project-name: größe\r\n", &request(5, None));
    let metadata = [("x-project-name", "by metadata")];
    call(gateway, &metadata, &request(6, Some("by resource"))).await;
    call(gateway, &[], &request(7, Some("by resource"))).await;
    let expected = [
        "default",
        "by resource",
        "by header",
        "by resource",
        "größe",
        "by metadata",
        "by resource",
    ];
    for (id, expected) in (1..).zip(expected) {
        assert_eq!(project(directory, id), expected, "span {id}");
    }
}

/// Guarantees: header and metadata win over the resource, an empty one says nothing; also after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_pipeline() {
    let directory = tempfile::tempdir().unwrap();
    let plan = store::plan(directory.path(), "");
    let mut gateway = plan.start();
    assert_projects(&gateway, directory.path()).await;
    gateway.child.kill();
    drop(gateway);
    let _again = plan.start();
    assert_eq!(project(directory.path(), 3), "by header");
    assert_eq!(project(directory.path(), 7), "by resource");
}

/// Guarantees: the same where the pipeline keeps a journal for another exporter.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_journal() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    let spans = directory.path().join("spans");
    let gateway = Plan::default()
        .journal(&directory.path().join("journals"), "")
        .exporter("store", &format!("{{directory: '{}'}}", spans.display()))
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", STORED))
        .start();
    assert_projects(&gateway, &spans).await;
}

/// Guarantees: the same behind a connector, also where the receiver shows the metadata of requests.
#[tokio::test(flavor = "multi_thread")]
async fn behind_a_connector() {
    let directory = tempfile::tempdir().unwrap();
    let receiver = RECEIVER.replace("127.0.0.1:0}", "127.0.0.1:0, include_metadata: true}");
    let yaml = format!(
        "{receiver}connectors: {{forward: }}\nexporters: {{store: {{directory: '{}'}}}}\n\
         service:\n  pipelines:\n    traces/in: {{receivers: [otlp], exporters: [forward]}}\n    \
         traces/out: {{receivers: [forward], exporters: [store]}}\n",
        directory.path().display()
    );
    let gateway = Spanway::start(&yaml);
    assert_projects(&gateway, directory.path()).await;
}
