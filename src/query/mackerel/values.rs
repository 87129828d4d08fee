//! Spans as Mackerel shows them, all of OTLP in JSON of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

use super::super::model::{Datum, FoundSpan};
use crate::wire::{AttributeView, EventView, LinkView, ValueView};

/// By `SPAN_KIND_*`.
const KINDS: [&str; 6] = [
    "unspecified",
    "internal",
    "server",
    "client",
    "producer",
    "consumer",
];

/// By `STATUS_CODE_*`.
const CODES: [&str; 3] = ["unset", "ok", "error"];

/// A span with its resource and scope.
pub fn span(found: &FoundSpan) -> Value {
    let (span, resource, scope) = (found.span(), found.resource(), found.scope());
    let mut shown = json!({
        "traceId": hex(span.trace_id()),
        "spanId": hex(span.span_id()),
        "traceState": span.trace_state(),
        "parentSpanId": hex(span.parent_span_id()),
        "name": span.name(),
        "kind": named(&KINDS, span.kind()),
        "startTime": time(found.start()),
        "endTime": time(found.end()),
        "attributes": attributes(span.attributes()),
        "droppedAttributesCount": span.dropped_attributes_count(),
        "events": span.events().map(event).collect::<Vec<_>>(),
        "droppedEventsCount": span.dropped_events_count(),
        "links": span.links().map(link).collect::<Vec<_>>(),
        "droppedLinksCount": span.dropped_links_count(),
        "status": {
            "message": span.status().message,
            "code": named(&CODES, span.status().code),
        },
        "resource": {
            "attributes": attributes(resource.attributes()),
            "droppedAttributesCount": resource.dropped_attributes_count(),
        },
        "scope": {
            "name": scope.name(),
            "version": scope.version(),
            "attributes": attributes(scope.attributes()),
            "droppedAttributesCount": scope.dropped_attributes_count(),
        },
    });
    if let Some(members) = shown.as_object_mut().filter(|_| found.is_root()) {
        members.shift_remove("parentSpanId");
    }
    shown
}

fn event(event: EventView<'_>) -> Value {
    json!({
        "time": time(event.time_unix_nano()),
        "name": event.name(),
        "attributes": attributes(event.attributes()),
        "droppedAttributesCount": event.dropped_attributes_count(),
    })
}

fn link(link: LinkView<'_>) -> Value {
    json!({
        "traceId": hex(link.trace_id()),
        "spanId": hex(link.span_id()),
        "traceState": link.trace_state(),
        "attributes": attributes(link.attributes()),
        "droppedAttributesCount": link.dropped_attributes_count(),
    })
}

fn attributes<'a>(attributes: impl Iterator<Item = AttributeView<'a>>) -> Value {
    let shown =
        attributes.map(|attribute| json!({ "key": attribute.key(), "value": value(&attribute.value()) }));
    shown.collect()
}

/// `AnyValue`. JSON has no NaN and no infinity: they are `null`.
pub fn value(value: &ValueView<'_>) -> Value {
    let list = |list: &mut dyn Iterator<Item = ValueView<'_>>| list.map(|item| self::value(&item)).collect();
    match value {
        ValueView::Empty | ValueView::StringIndex(_) => json!({ "valueType": "empty" }),
        ValueView::String(text) => json!({ "valueType": "string", "stringValue": text }),
        ValueView::Bool(value) => json!({ "valueType": "bool", "boolValue": value }),
        ValueView::Int(number) => json!({ "valueType": "int", "intValue": number }),
        ValueView::Double(number) => json!({ "valueType": "double", "doubleValue": number }),
        ValueView::Bytes(bytes) => json!({ "valueType": "bytes", "bytesValue": STANDARD.encode(bytes) }),
        ValueView::Array(array) => {
            let items: Vec<Value> = list(&mut array.iter());
            json!({ "valueType": "array", "arrayValue": items })
        }
        ValueView::KeyValueList(pairs) => {
            let mut members = Map::new();
            for pair in pairs.iter() {
                let shown = || self::value(&pair.value());
                members.entry(pair.key()).or_insert_with(shown);
            }
            json!({ "valueType": "kvlist", "kvlistValue": members })
        }
    }
}

fn named(names: &[&'static str], number: i32) -> &'static str {
    let name = usize::try_from(number).ok().and_then(|number| names.get(number));
    name.or(names.first()).copied().unwrap_or_default()
}

fn hex(id: &[u8]) -> String {
    Datum::id(id).text().into_owned()
}

/// RFC 3339 in UTC, with milliseconds.
fn time(nanos: u64) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let time = DateTime::from_timestamp(seconds as i64, rest as u32).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
