//! `GET /api/v0/traces/{traceId}`: all that OTLP says, in the product's JSON.

use serde_json::{Value, json};

use super::support::query::Asked;
use super::{START, span};

fn any(value: Value) -> Value {
    json!([{ "key": "it", "value": value }])
}

/// Nothing of a span is lost, and every key is there.
#[test]
fn a_span_is_shown_whole() {
    let asked = Asked::start("");
    let one = any(json!({"intValue": "1"}));
    let child = json!({
        "parentSpanId": format!("{:016x}", 1), "kind": 3, "traceState": "congo=xx", "attributes": one,
        "droppedAttributesCount": 1, "droppedEventsCount": 2, "droppedLinksCount": 3,
        "status": {"message": "no", "code": 2},
        "events": [{"timeUnixNano": (START * 1_000_000_000 + 5_999_999).to_string(), "name": "event",
            "attributes": one, "droppedAttributesCount": 4}],
        "links": [{"traceId": format!("{:032x}", 2), "spanId": format!("{:016x}", 2), "traceState": "a=b",
            "attributes": one, "droppedAttributesCount": 5}],
    });
    asked.keep(json!([{
        "resource": {"attributes": one, "droppedAttributesCount": 6},
        "scopeSpans": [{
            "scope": {"name": "lib", "version": "1", "attributes": one, "droppedAttributesCount": 7},
            "spans": [span(1, 2, 3, 4, child), span(1, 1, 0, 10, json!({}))],
        }],
    }]));
    let trace = asked.get(&format!("/api/v0/traces/{:032x}?", 1)).ok();
    let attributes = json!([{"key": "it", "value": {"valueType": "int", "intValue": 1}}]);
    let scope = json!({"name": "lib", "version": "1", "attributes": attributes, "droppedAttributesCount": 7});
    let resource = json!({"attributes": attributes, "droppedAttributesCount": 6});
    let root = json!({
        "traceId": format!("{:032x}", 1), "spanId": format!("{:016x}", 1), "traceState": "",
        "name": "span 1", "kind": "internal",
        "startTime": "2024-06-19T13:00:00.000Z", "endTime": "2024-06-19T13:00:00.010Z",
        "attributes": [], "droppedAttributesCount": 0, "events": [], "droppedEventsCount": 0,
        "links": [], "droppedLinksCount": 0, "status": {"message": "", "code": "unset"},
        "resource": resource, "scope": scope,
    });
    let child = json!({
        "traceId": format!("{:032x}", 1), "spanId": format!("{:016x}", 2), "traceState": "congo=xx",
        "parentSpanId": format!("{:016x}", 1), "name": "span 2", "kind": "client",
        "startTime": "2024-06-19T13:00:00.003Z", "endTime": "2024-06-19T13:00:00.007Z",
        "attributes": attributes, "droppedAttributesCount": 1,
        "events": [{"time": "2024-06-19T13:00:00.005Z", "name": "event", "attributes": attributes,
            "droppedAttributesCount": 4}],
        "droppedEventsCount": 2,
        "links": [{"traceId": format!("{:032x}", 2), "spanId": format!("{:016x}", 2), "traceState": "a=b",
            "attributes": attributes, "droppedAttributesCount": 5}],
        "droppedLinksCount": 3, "status": {"message": "no", "code": "error"},
        "resource": resource, "scope": scope,
    });
    assert_eq!(
        trace,
        json!({"spans": [root, child]}),
        "in the order of their starts"
    );
}

/// Every kind of value has its form, every kind of span its name.
#[test]
fn every_value_and_kind() {
    let asked = Asked::start("");
    let values = [
        (
            json!({"stringValue": "a"}),
            json!({"valueType": "string", "stringValue": "a"}),
        ),
        (
            json!({"boolValue": false}),
            json!({"valueType": "bool", "boolValue": false}),
        ),
        (
            json!({"intValue": i64::MAX.to_string()}),
            json!({"valueType": "int", "intValue": i64::MAX}),
        ),
        (
            json!({"doubleValue": 0.5}),
            json!({"valueType": "double", "doubleValue": 0.5}),
        ),
        (
            json!({"doubleValue": "NaN"}),
            json!({"valueType": "double", "doubleValue": null}),
        ),
        (
            json!({"bytesValue": "AP8="}),
            json!({"valueType": "bytes", "bytesValue": "AP8="}),
        ),
        (json!({}), json!({"valueType": "empty"})),
        (
            json!({"arrayValue": {"values": [{"intValue": "1"}]}}),
            json!({"valueType": "array", "arrayValue": [{"valueType": "int", "intValue": 1}]}),
        ),
        (
            json!({"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}),
            json!({"valueType": "kvlist", "kvlistValue": {"k": {"valueType": "string", "stringValue": "v"}}}),
        ),
    ];
    let kinds = [
        "unspecified",
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ];
    let spans = values.iter().enumerate().map(|(at, (sent, _))| {
        let (id, kind) = (at as u64 + 1, at.min(5));
        span(
            5,
            id,
            id,
            1,
            json!({"kind": kind, "attributes": any(sent.clone())}),
        )
    });
    let spans: Vec<Value> = spans.collect();
    asked.keep(json!([{"scopeSpans": [{"spans": spans}]}]));
    let trace = asked.get(&format!("/api/v0/traces/{:032X}", 5)).ok();
    for (at, (sent, shown)) in values.iter().enumerate() {
        let span = &trace["spans"][at];
        assert_eq!(span["attributes"][0]["value"], *shown, "{sent}");
        assert_eq!(span["kind"], kinds[at.min(5)]);
    }
}
