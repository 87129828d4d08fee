//! The span store through the binary: what a newcomer sees, that every span comes back as it went in, and that `kill -9`
//! loses nothing and doubles nothing.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::path::Path;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use spanway::query::model::TraceId;

use support::child::{Child, PATIENCE, spanway, wait_until};
use support::load::{Load, Report};
use support::otlp;
use support::spanway::Spanway;
use support::store::{Asked, plan, post};

/// What `spanway query` prints about a store.
fn query(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = spanway(["query"]);
    command.arg("--directory").arg(directory).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

/// Guarantees: without a configuration spans are kept, and `spanway query` shows them while the gateway runs, after it has
/// stopped, and when it runs again.
#[test]
fn a_newcomer_sees_a_trace() {
    let home = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = spanway([
            "--set",
            "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0",
            "--set",
            "receivers.otlp.protocols.http.endpoint=127.0.0.1:0",
            "--set",
            "service.telemetry.metrics.address=127.0.0.1:0",
            "--set",
            "service.telemetry.logs.encoding=json",
        ]);
        command.current_dir(home.path());
        let child = Child::start("the gateway", command);
        child.stderr.wait_for("everything is ready", |line| {
            line.contains("everything is ready").then_some(())
        });
        child
    };
    let trace = || {
        let mut command = spanway(["query", "trace", "00000000000000070000000000000007"]);
        let output = command.current_dir(home.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut gateway = start();
    let http = support::spanway::address(&gateway, "listening", Some("http"));
    let child = Span {
        trace_id: otlp::span(7).trace_id,
        parent_span_id: otlp::span(7).span_id,
        name: "below".into(),
        start_time_unix_nano: 5,
        ..otlp::span(8)
    };
    post(
        http,
        &otlp::request_of(vec![otlp::span(7), child]).encode_to_vec(),
    );
    let shown = trace();
    assert!(shown.contains("2 spans, 0 services, 0 errors"), "{shown}");
    assert!(
        shown.contains("  span 7\n") && shown.contains("└─ below"),
        "{shown}"
    );
    gateway.terminate();
    assert!(gateway.ended_within(PATIENCE).success());
    assert_eq!(trace(), shown);
    let _again = start();
    assert_eq!(trace(), shown);
}

/// Guarantees: every field of OTLP comes back byte for byte, from memory, from a file, and after a restart.
#[test]
fn every_field_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("spans");
    let (request, span) = everything();
    let plan = plan(&directory, "segment: {max_age: 1s}");
    let mut gateway = plan.start();
    post(gateway.http, &request);
    let found = Asked(&directory).trace(TraceId([1; 16]));
    let [found] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(found.span, span);
    wait_until("the span is in a file", || {
        gateway.scrape().sum("spanway_store_segments", "") == 1
    });
    assert_eq!(
        Asked(&directory).trace(TraceId([1; 16])),
        std::slice::from_ref(found)
    );
    assert!(gateway.stop_within(PATIENCE).success());
    let _gateway = plan.start();
    wait_until("the store is ready", || {
        !Asked(&directory).trace(TraceId([1; 16])).is_empty()
    });
    let again = Asked(&directory).trace(TraceId([1; 16]));
    assert_eq!(again, std::slice::from_ref(found));
    let resource = &ResourceSpans::decode(&found.resource[..]).unwrap();
    assert_eq!(resource.schema_url, "https://schema/resource");
    let scope = &ScopeSpans::decode(&found.scope[..]).unwrap();
    assert_eq!(scope.schema_url, "https://schema/scope");
}

/// A request with one span that has everything, and a field of a later version; the span as it is in it.
fn everything() -> (Vec<u8>, Vec<u8>) {
    let value = |value: Any| Some(AnyValue { value: Some(value) });
    let pair = |key: &str, kind: Any| KeyValue {
        key: key.into(),
        value: value(kind),
        ..KeyValue::default()
    };
    let nested = Any::ArrayValue(ArrayValue {
        values: vec![
            value(Any::IntValue(-1)).unwrap(),
            AnyValue::default(),
            value(Any::KvlistValue(KeyValueList {
                values: vec![
                    pair("a.b", Any::BytesValue(vec![0, 255])),
                    pair("a.b", Any::BoolValue(true)),
                ],
            }))
            .unwrap(),
        ],
    });
    let attributes = vec![
        pair("text", Any::StringValue("Straße \u{0} \u{1f600}".into())),
        pair("int", Any::IntValue(i64::MIN)),
        pair("double", Any::DoubleValue(f64::from_bits(0x7ff8_0000_0000_0001))),
        pair("double", Any::DoubleValue(-0.0)),
        pair("yes", Any::BoolValue(false)),
        pair("bytes", Any::BytesValue(vec![1, 2, 3])),
        pair("nested", nested),
        pair("", Any::StringValue(String::new())),
        KeyValue {
            key: "nothing".into(),
            ..KeyValue::default()
        },
        pair("long", Any::StringValue("x".repeat(1 << 20))),
    ];
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        trace_state: "vendor=1".into(),
        parent_span_id: vec![3; 8],
        flags: 0x0000_0301,
        name: "everything".into(),
        kind: 5,
        start_time_unix_nano: u64::MAX,
        end_time_unix_nano: 1,
        attributes: attributes.clone(),
        dropped_attributes_count: 4,
        events: vec![Event {
            time_unix_nano: 7,
            name: "exception".into(),
            attributes: attributes.clone(),
            dropped_attributes_count: 1,
        }],
        dropped_events_count: 5,
        links: vec![Link {
            trace_id: vec![9; 16],
            span_id: vec![8; 8],
            trace_state: "w=2".into(),
            attributes,
            dropped_attributes_count: 2,
            flags: 0x100,
        }],
        dropped_links_count: 6,
        status: Some(Status {
            message: "no".into(),
            code: 2,
        }),
    };
    let mut span = span.encode_to_vec();
    // Field 100, a text.
    span.extend([0xa2, 0x06, 0x02, b'h', b'i']);
    let put = |out: &mut Vec<u8>, number: u8, body: &[u8]| {
        out.push(number << 3 | 2);
        prost::encoding::encode_varint(body.len() as u64, out);
        out.extend_from_slice(body);
    };
    let mut scope = ScopeSpans {
        scope: Some(InstrumentationScope {
            name: "library".into(),
            version: "1".into(),
            attributes: vec![pair("a", Any::IntValue(1))],
            dropped_attributes_count: 3,
        }),
        schema_url: "https://schema/scope".into(),
        ..ScopeSpans::default()
    }
    .encode_to_vec();
    put(&mut scope, 2, &span);
    let mut resource = ResourceSpans {
        resource: Some(Resource {
            attributes: vec![pair("service.name", Any::StringValue("shop".into()))],
            dropped_attributes_count: 9,
            ..Resource::default()
        }),
        schema_url: "https://schema/resource".into(),
        ..ResourceSpans::default()
    }
    .encode_to_vec();
    put(&mut resource, 2, &scope);
    let mut request = Vec::new();
    put(&mut request, 1, &resource);
    (request, span)
}

/// Guarantees: killed at any moment, under load and while it starts, the store has every acknowledged span, once; what clients
/// send again after a lost answer is not kept twice.
#[test]
fn killed_again_and_again() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("spans");
    let seed = std::env::var("SPANWAY_SEED")
        .map_or_else(|_| rand::random_range(0..1_000_000), |seed| seed.parse().unwrap());
    println!("SPANWAY_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let plan = plan(&directory, "segment: {max_spans: 5000, max_age: 1s}");
    let mut gateway = plan.start();
    let clients = [
        "--protocol grpc --spans-per-request 5 --rate 1500 --in-flight 16",
        "--protocol http --spans-per-request 1000 --rate 20000 --in-flight 3",
    ];
    let loads = clients.map(|client| {
        let endpoint = if client.contains("grpc") {
            gateway.grpc
        } else {
            gateway.http
        };
        Load::start(endpoint, &format!("{client} --duration 1h --retry-for 30m"))
    });
    let lives = if support::long() { 50 } else { 10 };
    for _ in 0..lives {
        if chance.random_bool(0.8) {
            wait_until("spans are accepted", || {
                gateway.scrape().sum("otelcol_receiver_accepted_spans", "") > 0
            });
            std::thread::sleep(Duration::from_millis(chance.random_range(0..1500)));
        }
        gateway.child.kill();
        while chance.random_bool(0.3) {
            let (mut child, _file) = Spanway::launch(&plan.yaml());
            std::thread::sleep(Duration::from_millis(chance.random_range(0..400)));
            child.kill();
        }
        gateway = plan.start();
        gateway.scrape().check();
    }
    wait_until("spans are accepted", || {
        gateway.scrape().sum("otelcol_receiver_accepted_spans", "") > 0
    });
    let reports: Vec<Report> = loads.into_iter().map(Load::stop).collect();
    for report in &reports {
        assert_eq!(report.requests_given_up + report.spans_rejected, 0, "{report:?}");
    }
    let sent: u64 = reports.iter().map(|report| report.spans_acknowledged).sum();
    println!("{sent} spans in {lives} lives");
    assert!(sent > 5_000, "{sent}");
    let store = Asked(&directory);
    assert_eq!((store.spans(), store.most_copies()), (sent, 1));
    gateway.settled();
    assert!(gateway.stop_within(PATIENCE).success());
    let listed = query(&directory, &["services", "--json"]).unwrap();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let total: u64 = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["spans"].as_u64().unwrap())
        .sum();
    assert_eq!(total, sent);
}

/// Guarantees: what is asked in vain says why: no store, a trace that is not there, a condition that is none.
#[test]
fn errors_name_the_thing() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = home.path().join("nowhere");
    let error = query(&nowhere, &["services"]).unwrap_err();
    assert!(
        error.contains("there is no span store in") && error.contains("nowhere"),
        "{error}"
    );
    let directory = home.path().join("spans");
    let gateway = plan(&directory, "").start();
    let unknown = "00000000000000000000000000000001";
    let error = query(&directory, &["trace", unknown]).unwrap_err();
    assert!(error.contains("no spans of this trace"), "{error}");
    let error = query(&directory, &["trace", "xyz"]).unwrap_err();
    assert!(error.contains("`xyz` is no trace id"), "{error}");
    let error = query(&directory, &["spans", "--where", "a~["]).unwrap_err();
    assert!(error.contains('['), "{error}");
    drop(gateway);
}
