//! A span as Phoenix sees it.

use serde_json::{Map, Value, json};

use super::{attributes, gen_ai, ids, json_text, time};
use crate::query::model::FoundSpan;
use crate::wire::{AttributeView, EventView};

/// The attribute that says the kind of a span.
pub const KIND: &str = "openinference.span.kind";

/// The kinds that Phoenix knows, beside `UNKNOWN`.
pub const KINDS: [&str; 11] = [
    "LLM",
    "CHAIN",
    "TOOL",
    "RETRIEVER",
    "EMBEDDING",
    "AGENT",
    "RERANKER",
    "GUARDRAIL",
    "EVALUATOR",
    "DECISION",
    "PROMPT",
];

/// What an exception keeps of its attributes.
const EXCEPTION: [&str; 4] = [
    "exception.type",
    "exception.message",
    "exception.escaped",
    "exception.stacktrace",
];

/// A span as Phoenix sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The insertion number.
    pub number: u64,
    /// The project.
    pub project: String,
    /// As it was given.
    pub trace_id: String,
    /// As it was given.
    pub span_id: String,
    /// As it was given; none for a root.
    pub parent_id: Option<String>,
    /// The name.
    pub name: String,
    /// One of [`KINDS`], or `UNKNOWN`.
    pub kind: &'static str,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// `OK`, `ERROR` or `UNSET`.
    pub status: &'static str,
    /// What the status says.
    pub message: String,
    /// The attributes, nested.
    pub attributes: Map<String, Value>,
    /// The events as Phoenix shows them.
    pub events: Vec<Event>,
}

/// Something that happened in a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The name.
    pub name: String,
    /// Nanoseconds since 1970.
    pub at: u64,
    /// Its attributes, as they came.
    pub attributes: Map<String, Value>,
}

// === impl Seen ===

impl Seen {
    /// How Phoenix sees a span.
    pub fn of(found: &FoundSpan) -> Self {
        let span = found.span();
        let mut flat = flat(span.attributes());
        let trace_id = id(&mut flat, ids::TRACE_ID, span.trace_id(), |text| {
            ids::trace_bytes(text).to_vec()
        });
        let span_id = id(&mut flat, ids::SPAN_ID, span.span_id(), |text| {
            ids::span_bytes(text).to_vec()
        });
        let parent = span.parent_span_id();
        let parent_id = id(&mut flat, ids::PARENT_ID, parent, |text| {
            ids::span_bytes(text).to_vec()
        });
        gen_ai::add(&mut flat);
        let attributes = attributes::nested(flat);
        let kind = attributes::at(&attributes, &["openinference", "span", "kind"]);
        Self {
            number: found.number,
            project: found.project.to_string(),
            trace_id,
            span_id,
            parent_id: (!parent.is_empty()).then_some(parent_id),
            name: span.name().to_owned(),
            kind: known_kind(kind),
            start: found.start(),
            end: found.end(),
            status: status(span.status().code),
            message: span.status().message.to_owned(),
            attributes,
            events: span.events().map(event).collect(),
        }
    }

    /// The row of the span list.
    pub fn row(self) -> Value {
        let mut attributes = attributes::flatten(self.attributes);
        let kind = attributes.shift_remove(KIND);
        let kind = kind.map_or_else(|| "UNKNOWN".into(), |kind| json_text::str_of(&kind));
        json!({
            "id": ids::global("Span", self.number),
            "name": self.name,
            "context": { "trace_id": self.trace_id, "span_id": self.span_id },
            "span_kind": kind,
            "parent_id": self.parent_id,
            "start_time": time::iso(self.start),
            "end_time": time::iso(self.end),
            "status_code": self.status,
            "status_message": self.message,
            "attributes": attributes,
            "events": self.events.into_iter().map(Event::row).collect::<Vec<_>>(),
        })
    }

    /// How many documents a retriever found.
    pub fn documents(&self) -> usize {
        let documents = attributes::at(&self.attributes, &["retrieval", "documents"]);
        documents.and_then(Value::as_array).map_or(0, Vec::len)
    }
}

/// The name of a status.
pub fn status(code: i32) -> &'static str {
    match code {
        1 => "OK",
        2 => "ERROR",
        _ => "UNSET",
    }
}

fn known_kind(kind: Option<&Value>) -> &'static str {
    let kind = kind.and_then(Value::as_str).map(str::to_uppercase);
    let known = KINDS.iter().find(|known| Some(**known) == kind.as_deref());
    known.copied().unwrap_or("UNKNOWN")
}

/// The text of an id: its digits, or what was kept of an id that has none.
fn id(flat: &mut Map<String, Value>, key: &str, bytes: &[u8], hash: fn(&str) -> Vec<u8>) -> String {
    let text = flat.get(key).and_then(Value::as_str);
    let kept = text.filter(|text| hash(text) == bytes).map(str::to_owned);
    match kept {
        Some(text) => {
            flat.shift_remove(key);
            text
        }
        None => ids::digits(bytes),
    }
}

fn flat<'a>(attributes: impl Iterator<Item = AttributeView<'a>>) -> Map<String, Value> {
    let pairs =
        attributes.map(|attribute| (attribute.key().to_owned(), attributes::json(&attribute.value())));
    pairs.collect()
}

fn event(event: EventView<'_>) -> Event {
    let mut attributes = flat(event.attributes());
    if event.name() == "exception" {
        attributes.retain(|key, value| EXCEPTION.contains(&key.as_str()) && !value.is_null());
    }
    Event {
        name: event.name().to_owned(),
        at: event.time_unix_nano(),
        attributes,
    }
}

// === impl Event ===

impl Event {
    /// As the span list shows it.
    pub fn row(self) -> Value {
        json!({ "name": self.name, "timestamp": time::iso(self.at), "attributes": self.attributes })
    }
}
