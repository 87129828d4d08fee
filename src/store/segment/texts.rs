//! The parts of a span that are text in a segment: what nests is OTLP/JSON, values are themselves.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::columns::Kind;
use crate::wire::Cell;
use crate::wire::json::{Part, from_part, to_part};

/// What stands around the events or links of a span when it has nothing else.
const EVENTS: (&str, &str) = ("{\"events\":", "}");
const LINKS: (&str, &str) = ("{\"links\":", "}");

/// Begins a header that its JSON alone would not give back.
const RAW: &str = "{\"raw\":\"";

/// What events or links are, for the table of names.
#[derive(Clone, Copy)]
pub enum List {
    /// Events.
    Events,
    /// Links.
    Links,
}

// === headers ===

/// The text of a resource's or scope's header.
pub fn header(part: Part, header: &[u8]) -> String {
    let json = String::from_utf8(from_part(part, header)).unwrap_or_default();
    if to_part(part, json.as_bytes()).is_ok_and(|back| back == header) {
        return json;
    }
    let rest = json.strip_prefix('{').unwrap_or("}");
    let comma = if rest == "}" { "" } else { "," };
    format!("{RAW}{}\"{comma}{rest}", STANDARD.encode(header))
}

/// The header of a text.
pub fn header_of(part: Part, text: &[u8]) -> Option<Vec<u8>> {
    let Some(raw) = text.strip_prefix(RAW.as_bytes()) else {
        return to_part(part, text).ok();
    };
    let end = raw.iter().position(|byte| *byte == b'"')?;
    STANDARD.decode(raw.get(..end)?).ok()
}

// === events and links ===

impl List {
    fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::Events => EVENTS,
            Self::Links => LINKS,
        }
    }
}

/// The text of a span's events or links, and whether it gives them back.
pub fn list(list: List, fields: &[u8]) -> (String, bool) {
    let whole = String::from_utf8(from_part(Part::Span, fields)).unwrap_or_default();
    let back = to_part(Part::Span, whole.as_bytes());
    let (before, after) = list.around();
    let text = whole
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    let text = text.unwrap_or("[]").to_owned();
    (text, back.is_ok_and(|back| back == fields))
}

/// The events or links of a text.
pub fn list_of(list: List, text: &[u8]) -> Option<Vec<u8>> {
    let (before, after) = list.around();
    let whole = [before.as_bytes(), text, after.as_bytes()].concat();
    to_part(Part::Span, &whole).ok()
}

// === values ===

/// The kind of a value.
pub fn kind(cell: &Cell<'_>) -> Kind {
    match cell {
        Cell::Missing => Kind::Missing,
        Cell::Empty => Kind::Empty,
        Cell::String(_) => Kind::String,
        Cell::Bool(_) => Kind::Bool,
        Cell::Int(_) => Kind::Int,
        Cell::Double(_) => Kind::Double,
        Cell::Bytes(_) => Kind::Bytes,
        Cell::Array(_) => Kind::Array,
        Cell::KeyValueList(_) => Kind::KeyValueList,
        Cell::StringIndex(_) => Kind::StringIndex,
    }
}

/// The text of a value, and whether it gives the value back.
pub fn value<'a>(cell: &Cell<'a>) -> (Cow<'a, [u8]>, bool) {
    let owned = |text: String| Cow::Owned(text.into_bytes());
    match cell {
        Cell::Missing | Cell::Empty => (Cow::Borrowed(b""), true),
        Cell::String(text) => (Cow::Borrowed(text), true),
        Cell::Bool(value) => (owned(value.to_string()), true),
        Cell::Int(value) => (owned(value.to_string()), true),
        Cell::StringIndex(index) => (owned(index.to_string()), true),
        Cell::Double(value) => {
            let text = value.to_string();
            let back = text.parse::<f64>().map(f64::to_bits);
            (owned(text), back == Ok(value.to_bits()))
        }
        Cell::Bytes(bytes) => (owned(STANDARD.encode(bytes)), true),
        Cell::Array(value) | Cell::KeyValueList(value) => {
            let text = from_part(Part::AnyValue, value);
            let back = to_part(Part::AnyValue, &text);
            let is_same = back.is_ok_and(|back| back == value.as_ref());
            (Cow::Owned(text), is_same)
        }
    }
}

/// The value of a kind and a text; none when the text is not of that kind.
pub fn cell_of(kind: Kind, text: &[u8]) -> Option<Cell<'_>> {
    let utf8 = || std::str::from_utf8(text).ok();
    let nested = || Some(Cow::Owned(to_part(Part::AnyValue, text).ok()?));
    Some(match kind {
        Kind::Missing => Cell::Missing,
        Kind::Empty => Cell::Empty,
        Kind::String => Cell::String(text),
        Kind::Bool => Cell::Bool(text == b"true"),
        Kind::Int => Cell::Int(utf8()?.parse().ok()?),
        Kind::StringIndex => Cell::StringIndex(utf8()?.parse().ok()?),
        Kind::Double => Cell::Double(utf8()?.parse().ok()?),
        Kind::Bytes => Cell::Bytes(Cow::Owned(STANDARD.decode(text).ok()?)),
        Kind::Array => Cell::Array(nested()?),
        Kind::KeyValueList => Cell::KeyValueList(nested()?),
    })
}
