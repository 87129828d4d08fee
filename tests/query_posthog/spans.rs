//! One gateway for the suite, and spans to send to it. Each test has an hour of its own, so that no test sees the spans
//! of another.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::query::{Asked, Reply, now};

pub const MILLI: u64 = 1_000_000;
pub const SECOND: u64 = 1000 * MILLI;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;

/// The gateway of the suite.
pub fn asked() -> &'static Asked {
    static ASKED: OnceLock<Asked> = OnceLock::new();
    ASKED.get_or_init(|| Asked::start(""))
}

/// The path of an endpoint.
pub fn path(endpoint: &str) -> String {
    format!("/api/projects/1/tracing/spans/{endpoint}")
}

/// Asks an endpoint that takes a query.
pub fn post(endpoint: &str, query: Value) -> Reply {
    asked().post(&path(endpoint), &json!({ "query": query }))
}

/// Asks an endpoint that takes parameters.
pub fn get(endpoint: &str, hour: Hour, more: &str) -> Reply {
    let range = hour.range().to_string();
    let range = range
        .replace('"', "%22")
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace('+', "%2B");
    asked().get(&path(&format!("{endpoint}?dateRange={range}&{more}")))
}

/// An hour of a test's own, so many hours ago.
#[derive(Clone, Copy)]
pub struct Hour(u64);

impl Hour {
    /// The hour of a test; each has a number of its own, from 2 on.
    pub fn of(test: u64) -> Self {
        static NOW: OnceLock<u64> = OnceLock::new();
        let now = *NOW.get_or_init(now);
        Self(now - now % HOUR - test * HOUR)
    }

    /// A moment in it.
    pub fn at(self, offset: u64) -> u64 {
        self.0 + offset
    }

    /// It as a `dateRange`.
    pub fn range(self) -> Value {
        json!({ "date_from": iso(self.0), "date_to": iso(self.0 + HOUR) })
    }
}

/// A time in ISO 8601, to the microsecond.
pub fn iso(time: u64) -> String {
    let seconds = i64::try_from(time / SECOND).unwrap();
    let rest = u32::try_from(time % SECOND).unwrap();
    let time = chrono::DateTime::from_timestamp(seconds, rest).unwrap();
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A span to send.
#[derive(Clone)]
pub struct Span {
    pub trace: u128,
    pub id: u64,
    pub parent: u64,
    pub name: &'static str,
    pub start: u64,
    pub duration: u64,
    pub kind: u32,
    pub status: u32,
    pub attributes: Vec<(&'static str, Value)>,
}

/// A root span of a millisecond.
pub fn root(trace: u128, id: u64, name: &'static str, start: u64) -> Span {
    Span {
        trace,
        id,
        parent: 0,
        name,
        start,
        duration: MILLI,
        kind: 1,
        status: 0,
        attributes: Vec::new(),
    }
}

/// A child of a span, of a millisecond, in the same trace.
pub fn child(parent: &Span, id: u64, name: &'static str, start: u64) -> Span {
    Span {
        parent: parent.id,
        ..root(parent.trace, id, name, start)
    }
}

/// Sends spans of a service; they are there when this returns.
pub fn keep(service: &str, spans: &[Span]) {
    keep_with(json!([attribute("service.name", &text(service))]), spans);
}

/// Sends spans under a resource with these attributes.
pub fn keep_with(resource: Value, spans: &[Span]) {
    let spans: Vec<Value> = spans.iter().map(Span::json).collect();
    asked().keep(json!([{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "suite" }, "spans": spans }],
    }]));
}

/// An attribute in OTLP/JSON.
pub fn attribute(key: &str, value: &Value) -> Value {
    json!({ "key": key, "value": value })
}

/// A text in OTLP/JSON.
pub fn text(text: &str) -> Value {
    json!({ "stringValue": text })
}

impl Span {
    fn json(&self) -> Value {
        let attributes = self.attributes.iter().map(|(key, value)| attribute(key, value));
        json!({
            "traceId": format!("{:032x}", self.trace),
            "spanId": format!("{:016x}", self.id),
            "parentSpanId": if self.parent == 0 { String::new() } else { format!("{:016x}", self.parent) },
            "name": self.name,
            "kind": self.kind,
            "startTimeUnixNano": self.start.to_string(),
            "endTimeUnixNano": self.start.wrapping_add(self.duration).to_string(),
            "attributes": attributes.collect::<Vec<_>>(),
            "status": { "code": self.status },
        })
    }
}

/// The rows of an answer.
pub fn results(answer: &Value) -> &Vec<Value> {
    answer["results"].as_array().unwrap()
}

/// The names of the rows, in order.
pub fn names(answer: &Value) -> Vec<&str> {
    results(answer)
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect()
}
