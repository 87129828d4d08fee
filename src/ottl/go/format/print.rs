//! One value by one verb.

use std::fmt::Write as _;

use super::out::Out;
use super::{float, integer, quote};
use crate::ottl::go::{duration, json};
use crate::ottl::value::Value;

/// The name of a value's type in the Collector.
pub(super) fn type_name(value: &Value<'_>) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::Text(_) => "string",
        Value::Bytes(_) => "[]uint8",
        Value::List(_) => "pcommon.Slice",
        Value::Map(_) => "pcommon.Map",
        Value::Time(_) => "time.Time",
        Value::Duration(_) => "time.Duration",
        Value::TraceId(_) => "pcommon.TraceID",
        Value::SpanId(_) => "pcommon.SpanID",
        Value::Events(_) => "ptrace.SpanEventSlice",
        Value::Links(_) => "ptrace.SpanLinkSlice",
        Value::Status(_) => "ptrace.Status",
    }
}

/// Writes the value; what the verb cannot show is shown with its type.
pub(super) fn print(value: &Value<'_>, verb: char, out: &mut Out) -> Result<(), String> {
    let is_done = match value {
        Value::Nil if matches!(verb, 'v' | 'T') => out.push_padded("<nil>").map(|()| true),
        Value::Nil => return out.push(&format!("%!{verb}(<nil>)")),
        _ if verb == 'T' => out.push_padded(cut(type_name(value), out)).map(|()| true),
        Value::Bool(truth) if matches!(verb, 't' | 'v') => out
            .push_padded(if *truth { "true" } else { "false" })
            .map(|()| true),
        Value::Bool(_) => Ok(false),
        Value::Int(number) => integer::signed(*number, verb, out),
        Value::Float(number) => float::print(*number, verb, out),
        Value::Text(text) => string(text, verb, out),
        Value::Bytes(bytes) => self::bytes(bytes, verb, out),
        Value::Duration(number) if is_texts(verb) && !out.flags.is_source => {
            string(&duration::duration_text(*number), verb, out)
        }
        Value::Duration(number) => integer::signed(*number, verb, out),
        Value::TraceId(id) => self::id(id, verb, type_name(value), out),
        Value::SpanId(id) => self::id(id, verb, type_name(value), out),
        Value::Time(time) if is_texts(verb) => out_of_source(out, |out| string(&time.text(), verb, out)),
        Value::Time(_) => Ok(false),
        _ if is_texts(verb) => {
            let text = json::json_text(value)?;
            out_of_source(out, |out| string(&text, verb, out))
        }
        _ => Ok(false),
    };
    if is_done? {
        return Ok(());
    }
    out.push(&format!("%!{verb}({}=", type_name(value)))?;
    match value {
        // Where something is wrong, Go does not ask values for their texts.
        Value::Duration(number) => _ = integer::signed(*number, 'v', out)?,
        Value::TraceId(id) => each(id, 'v', type_name(value), out)?,
        Value::SpanId(id) => each(id, 'v', type_name(value), out)?,
        value => print(value, 'v', out)?,
    }
    out.push(")")
}

/// Verbs that show the text of a value that has one.
fn is_texts(verb: char) -> bool {
    matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
}

/// Writes a text that is no source, even where source is asked for.
fn out_of_source<T>(out: &mut Out, write: impl FnOnce(&mut Out) -> T) -> T {
    let is_source = std::mem::take(&mut out.flags.is_source);
    let written = write(out);
    out.flags.is_source = is_source;
    written
}

/// As many letters as the precision allows.
fn cut<'t>(text: &'t str, out: &Out) -> &'t str {
    let end = out
        .flags
        .precision
        .and_then(|count| text.char_indices().nth(count));
    end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

fn string(text: &str, verb: char, out: &mut Out) -> Result<bool, String> {
    match verb {
        'v' if out.flags.is_source => quote::print(cut(text, out).as_bytes(), out)?,
        'v' | 's' => out.push_padded(cut(text, out))?,
        'q' => quote::print(cut(text, out).as_bytes(), out)?,
        'x' | 'X' => hex(text.as_bytes(), verb, out)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn bytes(bytes: &[u8], verb: char, out: &mut Out) -> Result<bool, String> {
    match verb {
        'v' | 'd' if out.flags.is_source => each(bytes, verb, "[]byte", out)?,
        's' => out.push_padded(cut(&String::from_utf8_lossy(bytes), out))?,
        'q' => match str::from_utf8(bytes) {
            Ok(text) => quote::print(cut(text, out).as_bytes(), out)?,
            Err(_) => quote::print(bytes, out)?,
        },
        'x' | 'X' => hex(bytes, verb, out)?,
        'p' => return Ok(false),
        _ => each(bytes, verb, "[]uint8", out)?,
    }
    Ok(true)
}

fn id(id: &[u8], verb: char, name: &str, out: &mut Out) -> Result<bool, String> {
    match verb {
        'v' if out.flags.is_source => each(id, verb, name, out)?,
        'p' | 'w' => return Ok(false),
        verb if is_texts(verb) => return string(&id_text(id), verb, out),
        _ => each(id, verb, name, out)?,
    }
    Ok(true)
}

/// An id in hexadecimal; one that is nothing but zeros is none.
fn id_text(id: &[u8]) -> String {
    let mut text = String::new();
    if id.iter().any(|byte| *byte != 0) {
        // Writing to a `String` does not fail.
        id.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
    }
    text
}

/// Each byte as a number: `[1 2]`, or as Go would write it: `[]byte{0x1, 0x2}`.
fn each(bytes: &[u8], verb: char, name: &str, out: &mut Out) -> Result<(), String> {
    let (before, between, after) = match out.flags.is_source {
        true => ("{", ", ", "}"),
        false => ("[", " ", "]"),
    };
    out.push(if out.flags.is_source { name } else { "" })?;
    out.push(before)?;
    for (place, byte) in bytes.iter().enumerate() {
        out.push(if place == 0 { "" } else { between })?;
        if !integer::unsigned(u64::from(*byte), verb, out)? {
            out.push(&format!("%!{verb}(uint8="))?;
            integer::unsigned(u64::from(*byte), 'v', out)?;
            out.push(")")?;
        }
    }
    out.push(after)
}

/// Two digits for each byte, as many bytes as the precision allows.
fn hex(bytes: &[u8], verb: char, out: &mut Out) -> Result<(), String> {
    let count = out.flags.precision.unwrap_or(bytes.len());
    let bytes = bytes.get(..count).unwrap_or(bytes);
    let prefix = if verb == 'X' { "0X" } else { "0x" };
    let mut text = String::with_capacity(bytes.len() * 2);
    for (place, byte) in bytes.iter().enumerate() {
        if out.flags.space && place > 0 {
            text.push(' ');
        }
        if out.flags.sharp && (out.flags.space || place == 0) {
            text.push_str(prefix);
        }
        // Writing to a `String` does not fail.
        _ = match verb {
            'X' => write!(text, "{byte:02X}"),
            _ => write!(text, "{byte:02x}"),
        };
    }
    out.push_padded(&text)
}
