//! Phoenix's REST API as its clients see it: spans, filters, cursors, projects, annotations, logging and deleting, errors.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod annotations;
mod faults;
mod paging;
mod projects;
mod spans;
mod tables;

use std::sync::OnceLock;

use serde_json::{Value, json};

use support::query::Asked;

/// Nanoseconds since 1970 of the spans' beginning: 2025-10-09T08:53:20Z.
const START: u64 = 1_760_000_000_000_000_000;

/// One gateway for all tests; each test has projects of its own.
fn asked() -> &'static Asked {
    static ASKED: OnceLock<Asked> = OnceLock::new();
    ASKED.get_or_init(|| Asked::start(""))
}

/// A span in OTLP/JSON that begins `start` milliseconds after [`START`] and takes ten.
fn span(trace: u8, id: u8, name: &str, start: u64, attributes: &[(&str, Value)]) -> Value {
    let begin = START + start * 1_000_000;
    let attributes = attributes
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }));
    json!({
        "traceId": trace_id(trace), "spanId": span_id(id), "name": name,
        "startTimeUnixNano": begin.to_string(), "endTimeUnixNano": (begin + 10_000_000).to_string(),
        "attributes": attributes.collect::<Vec<_>>(),
    })
}

fn trace_id(trace: u8) -> String {
    format!("0af7651916cd43dd8448eb211c8031{trace:02x}")
}

fn span_id(id: u8) -> String {
    format!("b7ad6b71692033{id:02x}")
}

/// Keeps spans in a project.
fn keep(project: &str, spans: &[Value]) {
    let name = json!({ "stringValue": project });
    asked().keep(json!([{
        "resource": { "attributes": [{ "key": "openinference.project.name", "value": name }] },
        "scopeSpans": [{ "spans": spans }],
    }]));
}

/// The members of all rows under one name.
fn of_rows(page: &Value, member: &str) -> Vec<Value> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row[member].clone()).collect()
}

/// The names of a project's spans under some parameters.
fn names(project: &str, parameters: &str) -> Vec<Value> {
    of_rows(
        &asked()
            .get(&format!("/v1/projects/{project}/spans?{parameters}"))
            .ok(),
        "name",
    )
}
