//! Values, names and changes in words.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::changes::{Change, How};
use super::report::What;

/// Letters of a value that are shown.
const WIDEST: usize = 160;

/// How a value is shown: text in quotes, numbers and truth as they are, lists and maps as JSON has them.
pub fn value(value: &Value, is_whole: bool) -> String {
    let mut shown = String::new();
    put(&mut shown, value);
    match shown.char_indices().nth(WIDEST) {
        Some((end, _)) if !is_whole => {
            shown.truncate(end);
            shown + "..."
        }
        _ => shown,
    }
}

fn put(out: &mut String, value: &Value) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Null => write!(out, "no value"),
        Value::String(text) => write!(out, "{text:?}"),
        Value::Array(items) => return list(out, '[', ']', items.iter(), put),
        Value::Object(fields) => return object(out, fields),
        other => write!(out, "{other}"),
    };
}

/// An `AnyValue`, or a message.
fn object(out: &mut String, fields: &Map<String, Value>) {
    let only = fields.iter().next().filter(|_| fields.len() < 2);
    match only {
        None if fields.is_empty() => out.push_str("no value"),
        Some((kind, Value::String(number))) if kind == "intValue" => out.push_str(number),
        Some((kind, Value::String(text))) if kind == "bytesValue" => {
            // Writing to a string cannot fail.
            let _ = write!(out, "bytes {text:?}");
        }
        Some((kind, held)) if matches!(kind.as_str(), "stringValue" | "boolValue" | "doubleValue") => {
            put(out, held);
        }
        Some((kind, held)) if kind == "arrayValue" => {
            list(out, '[', ']', values(held), put);
        }
        Some((kind, held)) if kind == "kvlistValue" => pairs(out, values(held)),
        _ => list(out, '{', '}', fields.iter(), |out, (key, held)| {
            out.push_str(key);
            out.push_str(": ");
            match (key.as_str(), held) {
                ("attributes", Value::Array(held)) => pairs(out, held.iter()),
                _ => put(out, held),
            }
        }),
    }
}

fn values(held: &Value) -> std::slice::Iter<'_, Value> {
    let values = held.get("values").and_then(Value::as_array);
    values.map(Vec::as_slice).unwrap_or_default().iter()
}

fn pairs<'a>(out: &mut String, pairs: impl Iterator<Item = &'a Value>) {
    list(out, '{', '}', pairs, |out, pair| {
        put(out, pair.get("key").unwrap_or(&Value::String(String::new())));
        out.push_str(": ");
        put(out, pair.get("value").unwrap_or(&Value::Null));
    });
}

fn list<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl Iterator<Item = T>,
    put: impl Fn(&mut String, T),
) {
    out.push(open);
    for (place, item) in items.enumerate() {
        out.push_str(if place == 0 { "" } else { ", " });
        put(out, item);
    }
    out.push(close);
}

/// A change of the processor, on a line.
pub fn change(change: &Change, is_whole: bool) -> String {
    let (field, shown) = (&change.field, |held: &Value| value(held, is_whole));
    match &change.how {
        How::Added { to } => format!("+ {field} = {}", shown(to)),
        How::Removed { from } => format!("- {field} = {}", shown(from)),
        How::Changed { from, to } => format!("~ {field}: {} -> {}", shown(from), shown(to)),
        How::Moved { from, to } => format!("~ {field} in another order: {} -> {}", shown(from), shown(to)),
    }
}

/// A difference from what was expected, on a line.
pub fn unmet(change: &Change, is_whole: bool) -> String {
    let (field, shown) = (&change.field, |held: &Value| value(held, is_whole));
    match &change.how {
        How::Added { to } => format!("+ {field}: {} was not expected", shown(to)),
        How::Removed { from } => format!("- {field}: expected {}, it is not there", shown(from)),
        How::Changed { from, to } => format!("~ {field}: expected {}, it is {}", shown(from), shown(to)),
        How::Moved { from, to } => format!(
            "~ {field}: expected in the order {}, it is {}",
            shown(from),
            shown(to)
        ),
    }
}

/// The changes that are told: attributes that moved only because others went are not, unless all is asked for.
pub fn told(changes: &[Change], is_whole: bool) -> impl Iterator<Item = &Change> {
    let is_move = |change: &Change| matches!(change.how, How::Moved { .. });
    let all = is_whole || changes.iter().all(is_move);
    changes.iter().filter(move |change| all || !is_move(change))
}

/// How people tell it from others.
pub fn name(what: &What) -> String {
    match what {
        What::Resource {
            resource,
            service_name: None,
        } => format!("resource {resource}"),
        What::Resource {
            resource,
            service_name: Some(service),
        } => format!("resource {resource} (service {service:?})"),
        What::Scope {
            resource,
            scope,
            name,
        } => format!("scope {scope} {name:?} of resource {resource}"),
        What::Span { name, span_id, .. } => format!("{name:?} {span_id}"),
    }
}
