//! Mackerel's query API against the binary: every endpoint, parameter, operator and error, and pages while spans arrive.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod errors;
mod list;
mod paging;
mod stats;
#[path = "../support/mod.rs"]
mod support;
mod trace;

use serde_json::{Value, json};

/// The second at which the spans of these tests start.
pub const START: u64 = 1_718_802_000;

/// Attributes of OTLP/JSON; whole numbers are ints.
pub fn attributes(members: Value) -> Value {
    let shown = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => json!({ "stringValue": text }),
            Value::Bool(value) => json!({ "boolValue": value }),
            Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
            Value::Number(number) => json!({ "doubleValue": number }),
            other => other.clone(),
        };
        json!({ "key": key, "value": value })
    };
    members.as_object().unwrap().iter().map(shown).collect()
}

/// A span that starts so many milliseconds after [`START`]; `more` are members beside the usual ones.
pub fn span(trace: u64, id: u64, start_ms: u64, millis: u64, more: Value) -> Value {
    let start = START * 1_000_000_000 + start_ms * 1_000_000;
    let mut span = json!({
        "traceId": format!("{trace:032x}"),
        "spanId": format!("{id:016x}"),
        "name": format!("span {id}"),
        "kind": 1,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + millis * 1_000_000).to_string(),
    });
    let members = span.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    span
}

/// Spans below one resource.
pub fn resource(of: Value, spans: Vec<Value>) -> Value {
    json!({
        "resource": { "attributes": attributes(of) },
        "scopeSpans": [{ "scope": { "name": "tests" }, "spans": spans }],
    })
}

/// The ids of listed traces, as numbers.
pub fn traces(page: &Value) -> Vec<u64> {
    let rows = page["results"].as_array().unwrap();
    let id = |row: &Value| u64::from_str_radix(row["traceId"].as_str().unwrap(), 16).unwrap();
    rows.iter().map(id).collect()
}

/// A request for a service's traces in the hour from [`START`], with more members.
pub fn wanted(service: &str, more: Value) -> Value {
    let mut request = json!({ "serviceName": service, "from": START, "to": START + 3600 });
    let members = request.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    request
}
