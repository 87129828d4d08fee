//! Ids: global ones, cursors, and those of spans that are no hexadecimal.
//!
//! A global id is the base64 of `Type:number`. A span's number is its insertion number; a trace's is its id read as one
//! number, so that it needs no table. An id that is not as OTLP has it keeps its text in an attribute, and its bytes come
//! from a hash of that text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::time;
use crate::query::model::{Key, Position, TraceId};

/// The attribute that keeps a trace id which is no hexadecimal.
pub const TRACE_ID: &str = "spanway.trace_id";
/// The attribute that keeps a span id which is no hexadecimal.
pub const SPAN_ID: &str = "spanway.span_id";
/// The attribute that keeps a parent's id which is no hexadecimal.
pub const PARENT_ID: &str = "spanway.parent_id";

/// The global id of a row.
pub fn global(kind: &str, row: impl std::fmt::Display) -> String {
    STANDARD.encode(format!("{kind}:{row}"))
}

/// The row that a global id of this kind names; none when it is something else.
pub fn row(kind: &str, id: &str) -> Option<u64> {
    number(kind, id)?.parse().ok()
}

/// The trace that a global id names.
pub fn trace_row(id: &str) -> Option<TraceId> {
    let number: u128 = number("Trace", id)?.parse().ok()?;
    Some(TraceId(number.to_be_bytes()))
}

/// The global id of a trace.
pub fn global_trace(id: TraceId) -> String {
    global("Trace", u128::from_be_bytes(id.0))
}

/// The row that a cursor names, whatever the kind.
pub fn cursor(id: &str) -> Option<u64> {
    let text = decoded(id)?;
    let (kind, number) = text.split_once(':')?;
    match kind.is_empty() {
        true => None,
        false => number.parse().ok(),
    }
}

fn number(kind: &str, id: &str) -> Option<String> {
    let text = decoded(id)?;
    let number = text.strip_prefix(kind)?.strip_prefix(':')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.to_owned())
}

fn decoded(id: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(id).ok()?).ok()
}

// === cursors of sorted lists: base64 of `row:DATETIME:iso` or `row:FLOAT:milliseconds` ===

/// The cursor of a row that is ordered by a time, nanoseconds since 1970.
pub fn time_cursor(row: impl std::fmt::Display, nanos: u64) -> String {
    STANDARD.encode(format!("{row}:DATETIME:{}", time::iso_exact(nanos)))
}

/// The cursor of a row that is ordered by a latency in nanoseconds.
pub fn latency_cursor(row: impl std::fmt::Display, nanos: i64) -> String {
    let (whole, rest) = (nanos / 1_000_000, (nanos % 1_000_000).unsigned_abs());
    let sign = if nanos < 0 && whole == 0 { "-" } else { "" };
    let fraction = format!("{rest:06}");
    let fraction = fraction.trim_end_matches('0');
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    STANDARD.encode(format!("{row}:FLOAT:{sign}{whole}.{fraction}"))
}

/// The place that such a cursor names.
pub fn sorted_cursor<Row: std::str::FromStr>(cursor: &str, kind: &str) -> Option<Position<Row>> {
    let text = decoded(cursor)?;
    let (row, rest) = text.split_once(':')?;
    let value = rest.strip_prefix(kind)?.strip_prefix(':')?;
    let key = match kind {
        "DATETIME" => time::parse(value).ok()?.nanos,
        _ => milliseconds(value)?,
    };
    Some(Position {
        key: Key::Whole(key),
        tie: row.parse().ok()?,
    })
}

fn milliseconds(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 6 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<6}").parse().ok()?;
    Some(sign * (whole * 1_000_000 + fraction))
}

// === ids of spans ===

/// The bytes of a trace id.
pub fn trace_bytes(text: &str) -> [u8; 16] {
    hexadecimal(text).unwrap_or_else(|| hashed(text))
}

/// The bytes of a span id.
pub fn span_bytes(text: &str) -> [u8; 8] {
    hexadecimal(text).unwrap_or_else(|| hashed(text))
}

/// Whether an id is as OTLP has it, and needs no text beside it.
pub fn is_plain<const N: usize>(text: &str) -> bool {
    hexadecimal::<N>(text).is_some()
}

/// The digits of an id.
pub fn digits(id: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    id.iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let values: Vec<u8> = text.as_bytes().iter().map(value).collect::<Option<_>>()?;
    let bytes: Vec<u8> = values
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half))
        .collect();
    match text.len() == 2 * N {
        true => bytes.try_into().ok(),
        false => None,
    }
}

fn hashed<const N: usize>(text: &str) -> [u8; N] {
    let hash = Sha256::digest(text.as_bytes());
    let mut id = [0; N];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}
