//! Values as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::MAX_DEPTH;
use crate::ottl::go::digits::Digits;
use crate::ottl::value::Value;
use crate::wire::Value as Stored;

/// The JSON text of a value, compact, keys sorted, with escapes for what HTML would take as its own. Bytes are base64,
/// durations their nanoseconds, times RFC 3339 in quotes, ids lists of their bytes. An error for numbers that are not
/// finite, for times whose year has not four digits, and for what is nested deeper than 30.
pub fn json_text(value: &Value<'_>) -> Result<String, String> {
    let mut out = String::new();
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(number) | Value::Duration(number) => out.push_str(&number.to_string()),
        Value::Float(number) => put_float(*number, &mut out)?,
        Value::Text(text) => put_text(text, &mut out),
        Value::Bytes(bytes) => put_bytes(bytes, &mut out),
        Value::List(list) => put_list(list, 1, &mut out)?,
        Value::Map(pairs) => put_map(pairs, 1, &mut out)?,
        Value::Time(time) => put_text(&time.json_text()?, &mut out),
        Value::TraceId(id) => put_id(id, &mut out),
        Value::SpanId(id) => put_id(id, &mut out),
        // Of these the Collector's library sees no fields.
        Value::Events(_) | Value::Links(_) | Value::Status(_) => out.push_str("{}"),
    }
    Ok(out)
}

fn put(value: &Stored, depth: u32, out: &mut String) -> Result<(), String> {
    match value {
        Stored::Empty => out.push_str("null"),
        // In Go, bytes of which there are none are no bytes.
        Stored::Bytes(bytes) if bytes.is_empty() => out.push_str("null"),
        Stored::String(text) => put_text(text, out),
        Stored::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Stored::Int(number) => out.push_str(&number.to_string()),
        Stored::Double(number) => put_float(*number, out)?,
        Stored::Bytes(bytes) => put_bytes(bytes, out),
        Stored::Array(list) => put_list(list, depth + 1, out)?,
        Stored::KeyValueList(pairs) => put_map(pairs, depth + 1, out)?,
    }
    Ok(())
}

fn put_list(list: &[Stored], depth: u32, out: &mut String) -> Result<(), String> {
    check(depth)?;
    out.push('[');
    for (place, item) in list.iter().enumerate() {
        out.push_str(if place == 0 { "" } else { "," });
        put(item, depth, out)?;
    }
    out.push(']');
    Ok(())
}

fn put_map(pairs: &[(String, Stored)], depth: u32, out: &mut String) -> Result<(), String> {
    check(depth)?;
    // Of a key that occurs twice the last counts.
    let pairs: BTreeMap<_, _> = pairs.iter().map(|(key, value)| (key, value)).collect();
    out.push('{');
    for (place, (key, value)) in pairs.into_iter().enumerate() {
        out.push_str(if place == 0 { "" } else { "," });
        put_text(key, out);
        out.push(':');
        put(value, depth, out)?;
    }
    out.push('}');
    Ok(())
}

fn check(depth: u32) -> Result<(), String> {
    match depth > MAX_DEPTH {
        true => Err(format!("the value is nested deeper than {MAX_DEPTH}")),
        false => Ok(()),
    }
}

fn put_float(number: f64, out: &mut String) -> Result<(), String> {
    if !number.is_finite() {
        return Err(format!("json has no word for the number {number}"));
    }
    if number.is_sign_negative() {
        out.push('-');
    }
    let size = number.abs();
    let digits = Digits::of(size, None);
    out.push_str(&match size == 0.0 || (1e-6..1e21).contains(&size) {
        true => digits.fixed(),
        false => digits.scientific('e'),
    });
    Ok(())
}

fn put_bytes(bytes: &[u8], out: &mut String) {
    out.push('"');
    STANDARD.encode_string(bytes, out);
    out.push('"');
}

fn put_id(id: &[u8], out: &mut String) {
    let bytes: Vec<_> = id.iter().map(u8::to_string).collect();
    out.push_str(&format!("[{}]", bytes.join(",")));
}

fn put_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}
