//! A span as protobuf's JSON would have it, in snake case and with every member there.

use serde_json::{Map, Value, json};

use super::seen::{Event, Seen};
use super::{attributes, json_text};

/// The row of a span.
pub fn row(seen: Seen) -> Value {
    let events: Vec<Value> = seen.events.into_iter().map(event).collect();
    let code = match seen.status {
        "OK" => 1,
        "ERROR" => 2,
        _ => 0,
    };
    json!({
        "attributes": pairs(attributes::flatten(seen.attributes)),
        "dropped_attributes_count": null,
        "dropped_events_count": null,
        "dropped_links_count": null,
        "end_time_unix_nano": seen.end,
        "events": if events.is_empty() { Value::Null } else { events.into() },
        "flags": null,
        "kind": "SPAN_KIND_INTERNAL",
        "links": null,
        "name": seen.name,
        "parent_span_id": seen.parent_id,
        "span_id": seen.span_id,
        "start_time_unix_nano": seen.start,
        "status": {
            "code": code,
            "message": if seen.message.is_empty() { Value::Null } else { seen.message.into() },
        },
        "trace_id": seen.trace_id,
        "trace_state": null,
    })
}

fn event(event: Event) -> Value {
    json!({
        "attributes": pairs(event.attributes),
        "dropped_attributes_count": null,
        "name": event.name,
        "time_unix_nano": event.at,
    })
}

fn pairs(flat: Map<String, Value>) -> Value {
    let pairs = flat.into_iter().filter(|(_, value)| !value.is_null());
    let pairs = pairs.map(|(key, value)| json!({ "key": key, "value": any_value(value) }));
    pairs.collect()
}

fn any_value(value: Value) -> Value {
    let mut members = json!({
        "array_value": null,
        "bool_value": null,
        "bytes_value": null,
        "double_value": null,
        "int_value": null,
        "kvlist_value": null,
        "string_value": null,
    });
    let (name, value) = match value {
        Value::Bool(_) => ("bool_value", value),
        Value::Number(ref number) if number.is_f64() => ("double_value", value),
        Value::Number(_) => ("int_value", value),
        Value::Array(items) => ("array_value", json!({ "values": values(items) })),
        Value::Object(map) => ("kvlist_value", json!({ "values": pairs(map) })),
        Value::String(_) | Value::Null => ("string_value", value),
    };
    if let Some(member) = members.get_mut(name) {
        *member = value;
    }
    members
}

/// Items of several types become texts, and so do lists in a list.
fn values(items: Vec<Value>) -> Vec<Value> {
    let kind = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(number) => 2 + u8::from(number.is_f64()),
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    };
    let first = items.first().map(kind);
    let is_mixed = items
        .iter()
        .any(|item| Some(kind(item)) != first || item.is_array() || item.is_object());
    let items = items.into_iter().map(|item| match is_mixed {
        true => json_text::str_of(&item).into(),
        false => item,
    });
    items.map(any_value).collect()
}
