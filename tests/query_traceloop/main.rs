//! Traceloop's query API against the binary: every endpoint, parameter, operator and error, and cursors while spans arrive.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod documented;
mod errors;
mod filters;
mod paging;
mod projects;
mod rows;
#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::query::Asked;

/// The second at which the spans of these tests start.
pub const START: u64 = 1_763_273_059;

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
        "scopeSpans": [{ "scope": { "name": "tests", "version": "3" }, "spans": spans }],
    })
}

/// Text as a part of a URL.
pub fn quoted(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The page of `GET /v2/warehouse/spans`.
pub fn warehouse(asked: &Asked, query: &str) -> Value {
    let reply = asked.get(&format!("/v2/warehouse/spans?{query}"));
    reply.ok()["spans"].take()
}

/// The span ids of a page's rows, as numbers.
pub fn ids(page: &Value) -> Vec<u64> {
    numbers(&page["data"], "span_id")
}

/// The ids under this name in a list of rows, as numbers.
pub fn numbers(rows: &Value, name: &str) -> Vec<u64> {
    let rows = rows.as_array().unwrap();
    let id = |row: &Value| u64::from_str_radix(row[name].as_str().unwrap(), 16).unwrap();
    rows.iter().map(id).collect()
}
