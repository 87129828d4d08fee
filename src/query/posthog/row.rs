//! Spans as the product shows them: upper-case ids, a zero parent for roots, times to the microsecond, attributes as text.

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::dates;
use crate::query::model::{FoundSpan, SpanHit, text};
use crate::wire::AttributeView;

/// A span in an answer.
#[derive(Serialize)]
pub struct Row<'a> {
    uuid: String,
    trace_id: String,
    span_id: String,
    parent_span_id: String,
    name: &'a str,
    kind: i32,
    service_name: &'a str,
    status_code: i32,
    timestamp: String,
    end_time: String,
    duration_nano: i64,
    is_root_span: bool,
    matched_filter: u8,
    trace_start: String,
    trace_duration: i64,
    attributes: Texts<'a>,
    resource_attributes: Texts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_time_nano: Option<i64>,
}

/// What a trace's place in a list is decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceKey {
    /// The earliest start of a matching span, in nanoseconds since 1970.
    pub start: u64,
    /// The greatest duration of a matching span, in nanoseconds.
    pub duration: i64,
}

/// Attributes as a map of texts; of several with one key the first counts.
enum Texts<'a> {
    Hidden,
    OfSpan(&'a FoundSpan),
    OfResource(&'a FoundSpan),
}

// === impl Row ===

impl<'a> Row<'a> {
    /// A span of a list, of this trace or on its own; `hides` leaves the attributes out.
    ///
    /// Each field is read once, since a span is searched for it from its beginning.
    pub fn new(found: &'a FoundSpan, is_match: bool, trace: Option<TraceKey>, hides: bool) -> Self {
        let span = found.span();
        let is_root = found.is_root();
        let (start, end) = (span.start_time_unix_nano(), span.end_time_unix_nano());
        let end = if end == 0 { start } else { end };
        let duration = between(start, end);
        let trace = trace.unwrap_or(TraceKey { start, duration });
        let texts = |texts| if hides { Texts::Hidden } else { texts };
        Self {
            uuid: uuid(start, found.number),
            trace_id: hex(span.trace_id()),
            span_id: hex(span.span_id()),
            parent_span_id: match is_root {
                true => "0".repeat(16),
                false => hex(span.parent_span_id()),
            },
            name: span.name(),
            kind: span.kind(),
            service_name: found.service().unwrap_or_default(),
            status_code: span.status().code,
            timestamp: time(start),
            end_time: time(end),
            duration_nano: duration,
            is_root_span: is_root,
            matched_filter: is_match.into(),
            trace_start: time(trace.start),
            trace_duration: trace.duration,
            attributes: texts(Texts::OfSpan(found)),
            resource_attributes: texts(Texts::OfResource(found)),
            self_time_nano: None,
        }
    }

    /// A span of one trace, which also has the time that it spent in none of its children.
    pub fn of_trace(hit: &'a SpanHit, trace: TraceKey, hides: bool, self_time: i64) -> Self {
        Self {
            self_time_nano: Some(self_time),
            ..Self::new(&hit.span, hit.matched, Some(trace), hides)
        }
    }
}

/// When a span ended; one that does not say ended as it began.
pub fn end(found: &FoundSpan) -> u64 {
    match found.end() {
        0 => found.start(),
        end => end,
    }
}

/// How long a span lasted, as rows have it, in nanoseconds.
pub fn duration(found: &FoundSpan) -> i64 {
    between(found.start(), end(found))
}

/// From start to end, each cut to the microsecond, in nanoseconds.
fn between(start: u64, end: u64) -> i64 {
    let micros = |time: u64| i64::try_from(time / 1000).unwrap_or(i64::MAX);
    (micros(end) - micros(start)).saturating_mul(1000)
}

/// A time as rows have it.
fn time(time: u64) -> String {
    dates::shown(time) + "Z"
}

/// An id, in upper case.
pub fn hex(id: &[u8]) -> String {
    let digit = |value: u8| {
        char::from_digit(value.into(), 16)
            .unwrap_or('0')
            .to_ascii_uppercase()
    };
    let mut text = String::with_capacity(2 * id.len());
    text.extend(id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    text
}

/// A UUID of version 7 that is always the same for a span: the milliseconds of its start, then its insertion number.
fn uuid(start: u64, number: u64) -> String {
    let millis = (start / 1_000_000) & 0xffff_ffff_ffff;
    let (high, low) = (millis >> 16, millis & 0xffff);
    let variant = 0x8000 | ((number >> 48) & 0x3fff);
    let rest = number & 0xffff_ffff_ffff;
    format!("{high:08x}-{low:04x}-7000-{variant:04x}-{rest:012x}")
}

// === impl Texts ===

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hidden => serializer.serialize_map(Some(0))?.end(),
            Self::OfSpan(found) => texts(found.span().attributes(), serializer),
            Self::OfResource(found) => texts(found.resource().attributes(), serializer),
        }
    }
}

fn texts<'a, S: Serializer>(
    attributes: impl Iterator<Item = AttributeView<'a>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut seen = HashSet::with_hasher(RandomState::default());
    for attribute in attributes {
        if seen.insert(attribute.key()) {
            map.serialize_entry(attribute.key(), &*text(&attribute.value()))?;
        }
    }
    map.end()
}
