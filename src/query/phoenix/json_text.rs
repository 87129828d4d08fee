//! JSON and numbers as Python writes and reads them, where Phoenix keeps such text.

use std::fmt::Write as _;

use serde_json::Value;

/// The value as Python's `json.dumps` writes it: spaces after commas and colons; with `ascii`, other characters escaped.
pub fn dumps(value: &Value, ascii: bool) -> String {
    let mut out = String::new();
    put(&mut out, value, ascii);
    out
}

fn put(out: &mut String, value: &Value, ascii: bool) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                put(out, item, ascii);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (place, (key, item)) in members.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                put_text(out, key, ascii);
                out.push_str(": ");
                put(out, item, ascii);
            }
            out.push('}');
        }
        Value::String(text) => put_text(out, text, ascii),
        // Writing to a `String` does not fail.
        _ => drop(write!(out, "{value}")),
    }
}

fn put_text(out: &mut String, text: &str, ascii: bool) {
    let quoted = Value::from(text).to_string();
    if !ascii || quoted.is_ascii() {
        return out.push_str(&quoted);
    }
    for letter in quoted.chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
}

/// Whether Python takes the value for true.
pub fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// The whole number that Python's `int` makes of a value.
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Number(number) => number.as_i64().or_else(|| truncated(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn truncated(number: f64) -> Option<i64> {
    let number = number.trunc();
    (number.abs() < 9e18).then_some(number as i64)
}

/// The text that Python's `str` makes of a value.
pub fn str_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        _ => dumps(value, false),
    }
}
