//! OTLP/JSON, as the specification (1.11) asks of a server.

mod support;

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::{Value, json};
use spanway::pipeline::verdict::{Accepted, Refused};
use support::gateway::{Gateway, Verdict};
use support::http;

/// JSON is taken on the same port by its content type, becomes the same spans, and is answered in JSON.
#[tokio::test]
async fn json_is_taken_and_answered() {
    let gateway = Gateway::start().await;
    let spans = json!([
        {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174", "name": "x", "kind": 2,
         "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000u64,
         "attributes": [{"key": "a", "value": {"intValue": "7"}}], "unknown": {"field": [1]}},
    ]);
    let answer = http::post_json(gateway.http, &json_request(spans)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.content_type()),
        (200, "application/json")
    );
    assert_eq!(&answer.body[..], b"{}");

    let received = ExportTraceServiceRequest::decode(&gateway.pipelines.received()[0][..]).unwrap();
    let span = &received.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(
        span.trace_id,
        0x5B8EFFF798038103D269B633813FC60C_u128.to_be_bytes()
    );
    assert_eq!(span.span_id, 0xeee19b7ec3c1b174_u64.to_be_bytes());
    assert_eq!(
        (span.kind, span.start_time_unix_nano, span.end_time_unix_nano),
        (2, 1544712660000000000, 1544712661000000000)
    );
    gateway.end().await;
}

/// Partial success in JSON: 64-bit integers are decimal strings.
#[tokio::test]
async fn partial_success_in_json() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Accept(Accepted {
        rejected_spans: 2,
        message: "two were bad".into(),
    }));
    let spans = json!([{"traceId": "0102", "spanId": "0102030405060708"},
                       {"traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708"}]);
    let answer = http::post_json(gateway.http, &json_request(spans)).await;
    assert_eq!(answer.status, 200);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["partialSuccess"]["rejectedSpans"], "3");
    let protobuf = spanway::wire::json::response_to_protobuf(&answer.body).unwrap();
    let response = ExportTraceServiceResponse::decode(&protobuf[..]).unwrap();
    assert!(
        response
            .partial_success
            .unwrap()
            .error_message
            .ends_with("two were bad")
    );
    gateway.end().await;
}

/// An error in JSON carries the details too.
#[tokio::test]
async fn errors_in_json_carry_details() {
    let gateway = Gateway::start().await;
    let answer = http::post_json(gateway.http, &json!({"resourceSpans": 1})).await;
    assert_eq!(answer.status, 400);
    let status: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        status["details"][0]["@type"],
        "type.googleapis.com/google.rpc.BadRequest"
    );
    assert_eq!(
        status["details"][0]["fieldViolations"][0]["description"],
        status["message"]
    );

    gateway.pipelines.answer(Verdict::Refuse(Refused {
        message: "busy".into(),
        retry_after: Duration::from_millis(2500),
    }));
    let spans = json!([{"traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708"}]);
    let answer = http::post_json(gateway.http, &json_request(spans)).await;
    let status: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        status["details"][0]["@type"],
        "type.googleapis.com/google.rpc.RetryInfo"
    );
    assert_eq!(status["details"][0]["retryDelay"], "2.5s");
    gateway.end().await;
}

fn json_request(spans: Value) -> Value {
    json!({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]})
}
