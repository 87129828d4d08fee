//! Rows of spans whose attributes nest without conflict, written straight from their bytes.
//!
//! Most spans are like that. Promise: the same JSON as by [`Seen`](super::seen::Seen), to which all others are left.

#[cfg(test)]
mod tests;

use serde_json::Value;
use smallvec::SmallVec;

use super::attributes::{self, JSON_TEXTS, TOKEN_COUNTS};
use super::filters::Viewed;
use super::seen::{self, Event, KIND};
use super::{ids, time};
use crate::query::model::FoundSpan;
use crate::wire::{AttributeView, SpanView, ValueView};

/// A span with more attributes is left to others: each is compared with each.
const MOST: usize = 48;

/// A key with more dots is left to others.
const DEEPEST: usize = 30;

/// A span whose flat attributes are what nesting and dotting them again comes to.
pub struct Plain<'a> {
    number: u64,
    span: SpanView<'a>,
    attributes: SmallVec<[AttributeView<'a>; 16]>,
}

// === impl Plain ===

impl<'a> Plain<'a> {
    /// The span, when it is plain.
    pub fn of(found: &'a FoundSpan) -> Option<Self> {
        let span = found.span();
        let mut attributes: SmallVec<[AttributeView<'a>; 16]> = SmallVec::new();
        for attribute in span.attributes() {
            let key = attribute.key();
            let meets = |known: &AttributeView<'_>| meet(known.key(), key);
            if attributes.len() == MOST
                || !is_plain_key(key)
                || !is_plain_value(key, &attribute.value())
                || attributes.iter().any(meets)
            {
                return None;
            }
            attributes.push(attribute);
        }
        Some(Self {
            number: found.number,
            span,
            attributes,
        })
    }

    /// Adds the row of the span list.
    pub fn write(&self, out: &mut Vec<u8>) {
        let span = &self.span;
        put(out, b"{\"id\":\"");
        put(out, ids::global("Span", self.number).as_bytes());
        put(out, b"\",\"name\":");
        put_text(out, span.name());
        put(out, b",\"context\":{\"trace_id\":\"");
        put(out, ids::digits(span.trace_id()).as_bytes());
        put(out, b"\",\"span_id\":\"");
        put(out, ids::digits(span.span_id()).as_bytes());
        put(out, b"\"},\"span_kind\":");
        put_text(out, self.text(KIND).unwrap_or("UNKNOWN"));
        put(out, b",\"parent_id\":");
        match span.parent_span_id() {
            [] => put(out, b"null"),
            parent => put_text(out, &ids::digits(parent)),
        }
        put(out, b",\"start_time\":\"");
        put(out, time::iso(span.start_time_unix_nano()).as_bytes());
        put(out, b"\",\"end_time\":\"");
        put(out, time::iso(span.end_time_unix_nano()).as_bytes());
        put(out, b"\",\"status_code\":\"");
        put(out, seen::status(span.status().code).as_bytes());
        put(out, b"\",\"status_message\":");
        put_text(out, span.status().message);
        put(out, b",\"attributes\":{");
        let shown = self.attributes.iter().filter(|attribute| attribute.key() != KIND);
        for (place, attribute) in shown.enumerate() {
            put(out, if place == 0 { b"" } else { b"," });
            put_text(out, attribute.key());
            put(out, b":");
            put_value(out, &attribute.value());
        }
        put(out, b"},\"events\":[");
        for (place, event) in span.events().enumerate() {
            put(out, if place == 0 { b"" } else { b"," });
            put(out, Event::of(event).row().to_string().as_bytes());
        }
        put(out, b"]}");
    }

    fn value(&self, key: &str) -> Option<ValueView<'a>> {
        let mut known = self.attributes.iter();
        known
            .find(|attribute| attribute.key() == key)
            .map(|attribute| attribute.value())
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        match self.value(key)? {
            ValueView::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Viewed for Plain<'_> {
    fn trace_id(&self) -> String {
        ids::digits(self.span.trace_id())
    }

    fn span_id(&self) -> String {
        ids::digits(self.span.span_id())
    }

    fn parent_id(&self) -> Option<String> {
        let parent = self.span.parent_span_id();
        (!parent.is_empty()).then(|| ids::digits(parent))
    }

    fn kind(&self) -> &'static str {
        seen::known_kind(self.text(KIND))
    }

    fn at(&self, key: &str, _: &[String]) -> Option<Value> {
        self.value(key).map(|value| attributes::json(&value))
    }
}

/// Whether a key is what nesting and dotting makes of it, and means nothing more.
fn is_plain_key(key: &str) -> bool {
    let starts_part = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.' && !byte.is_ascii_digit();
    let is_part = |part: &[u8]| {
        part.first().is_some_and(starts_part) && part.iter().all(|byte| byte.is_ascii_graphic())
    };
    key.as_bytes().split(|byte| *byte == b'.').all(is_part)
        && key.bytes().filter(|byte| *byte == b'.').count() <= DEEPEST
        && !key.starts_with("gen_ai.")
        && !key.starts_with("spanway.")
}

/// Whether a value stays as it is under its key.
fn is_plain_value(key: &str, value: &ValueView<'_>) -> bool {
    match value {
        ValueView::String(_) => {
            !TOKEN_COUNTS.contains(&key) && !JSON_TEXTS.iter().any(|end| key.ends_with(end))
        }
        ValueView::Int(_) => key != KIND && key != "input.value",
        ValueView::Bool(_) => key != KIND && key != "input.value" && !TOKEN_COUNTS.contains(&key),
        ValueView::Double(number) => {
            number.is_finite() && key != KIND && key != "input.value" && !TOKEN_COUNTS.contains(&key)
        }
        _ => false,
    }
}

/// Whether two keys are the same, or one lies below the other.
fn meet(one: &str, other: &str) -> bool {
    let (short, long) = match one.len() <= other.len() {
        true => (one, other),
        false => (other, one),
    };
    let rest = long.strip_prefix(short);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn put(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
}

/// Writing to a `Vec` does not fail.
fn put_text(out: &mut Vec<u8>, text: &str) {
    drop(serde_json::to_writer(out, text));
}

fn put_value(out: &mut Vec<u8>, value: &ValueView<'_>) {
    drop(match value {
        ValueView::String(text) => serde_json::to_writer(out, text),
        ValueView::Bool(truth) => serde_json::to_writer(out, truth),
        ValueView::Int(number) => serde_json::to_writer(out, number),
        ValueView::Double(number) => serde_json::to_writer(out, number),
        other => serde_json::to_writer(out, &attributes::json(other)),
    });
}
