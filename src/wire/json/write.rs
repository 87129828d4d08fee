//! JSON out, in the strict form: camelCase, enums as numbers, 64-bit integers as strings. Defaults are left
//! out, as proto3 has it, unless they are asked for. Repeated parts merge as in protobuf.

use std::borrow::Cow;
use std::io::Write;

use super::super::reader::{Field as Found, Fields};
use super::super::schema::{Field, Kind, Message};
use super::bytes::{put_hex, to_base64};

/// What becomes of fields that are there and hold their default.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Defaults {
    /// They are left out, as proto3 has it.
    LeftOut,
    /// They are written, so that reading the JSON gives them back.
    Written,
}

/// The JSON of `body`, which has been checked to be a `message`.
pub(super) fn write(body: &[u8], message: &Message, defaults: Defaults) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() * 2);
    object(&mut out, body, message, defaults);
    out
}

fn object(out: &mut Vec<u8>, body: &[u8], message: &Message, defaults: Defaults) {
    out.push(b'{');
    let start = out.len();
    if message.is_oneof() {
        chosen(out, body, message, defaults);
    } else {
        let present = Fields::of(body).fold(0, |bits, found| bits | bit(found.number()));
        let present = message
            .fields
            .iter()
            .filter(|field| present & bit(field.number) != 0);
        present.for_each(|field| member(out, start, body, field, defaults));
    }
    out.push(b'}');
}

/// Stands for a field number; all those that no message has share the last.
fn bit(number: u32) -> u64 {
    1 << number.min(63)
}

fn member(out: &mut Vec<u8>, start: usize, body: &[u8], field: &Field, defaults: Defaults) {
    let mut found = Fields::of(body).filter(|found| found.number() == field.number);
    let Some(first) = found.next() else { return };
    if field.repeated {
        name(out, start, field);
        out.push(b'[');
        value(out, first, field, defaults);
        for item in found {
            out.push(b',');
            value(out, item, field, defaults);
        }
        out.push(b']');
        return;
    }
    if let Kind::Message(message) = field.kind {
        let whole = found.fold(Cow::Borrowed(first.payload), |whole, part| {
            joined(whole, part.payload)
        });
        name(out, start, field);
        return object(out, &whole, message, defaults);
    }
    let last = found.last().unwrap_or(first);
    if last.value != 0 || !last.payload.is_empty() || defaults == Defaults::Written {
        name(out, start, field);
        value(out, last, field, defaults);
    }
}

/// The one member of a oneof that counts: the last. Messages of one kind that follow each other merge.
fn chosen(out: &mut Vec<u8>, body: &[u8], message: &Message, defaults: Defaults) {
    let mut choice: Option<(&Field, Found<'_>, Cow<'_, [u8]>)> = None;
    for found in Fields::of(body) {
        let Some(field) = message.by_number(found.number()) else {
            continue;
        };
        let whole = match choice {
            Some((last, _, whole)) if last.number == field.number && field.kind.is_message() => {
                joined(whole, found.payload)
            }
            _ => Cow::Borrowed(found.payload),
        };
        choice = Some((field, found, whole));
    }
    let Some((field, found, whole)) = choice else {
        return;
    };
    name(out, out.len(), field);
    value(
        out,
        Found {
            payload: &whole,
            ..found
        },
        field,
        defaults,
    );
}

fn joined<'a>(first: Cow<'a, [u8]>, second: &[u8]) -> Cow<'a, [u8]> {
    let mut whole = first.into_owned();
    whole.extend_from_slice(second);
    Cow::Owned(whole)
}

/// `start` is where the object's first member goes.
fn name(out: &mut Vec<u8>, start: usize, field: &Field) {
    if out.len() > start {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(field.camel.as_bytes());
    out.extend_from_slice(b"\":");
}

fn value(out: &mut Vec<u8>, found: Found<'_>, field: &Field, defaults: Defaults) {
    // Writing to memory cannot fail.
    let _ = match field.kind {
        Kind::Message(message) => return object(out, found.payload, message, defaults),
        Kind::String => return string(out, found.payload),
        Kind::Bytes => write!(out, "\"{}\"", to_base64(found.payload)),
        Kind::Id => {
            out.push(b'"');
            put_hex(out, found.payload);
            out.push(b'"');
            return;
        }
        Kind::Bool => write!(out, "{}", found.value != 0),
        Kind::Int32 | Kind::Enum(_) => write!(out, "{}", found.value as i32),
        Kind::Uint32 | Kind::Fixed32 => write!(out, "{}", found.value as u32),
        Kind::Int64 => write!(out, "\"{}\"", found.value as i64),
        Kind::Fixed64 => write!(out, "\"{}\"", found.value),
        Kind::Double => return double(out, f64::from_bits(found.value)),
    };
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

fn double(out: &mut Vec<u8>, value: f64) {
    // Writing to memory cannot fail.
    let _ = match value {
        value if value.is_nan() => out.write_all(b"\"NaN\""),
        f64::INFINITY => out.write_all(b"\"Infinity\""),
        f64::NEG_INFINITY => out.write_all(b"\"-Infinity\""),
        value => serde_json::to_writer(out, &value).map_err(Into::into),
    };
}
