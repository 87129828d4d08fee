//! Spans as the product shows them: upper-case ids, a zero parent for roots, times to the microsecond, attributes as text.

use std::collections::HashSet;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::dates;
use crate::query::model::{Field, FoundSpan, SpanHit, text};
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
    /// A span of a list; `hides` leaves the attributes out.
    pub fn new(found: &'a FoundSpan, is_match: bool, trace: TraceKey, hides: bool) -> Self {
        let span = found.span();
        let root = || "0".repeat(16);
        let texts = |texts| if hides { Texts::Hidden } else { texts };
        Self {
            uuid: uuid(found),
            trace_id: hex(found, &Field::TraceId),
            span_id: hex(found, &Field::SpanId),
            parent_span_id: if found.is_root() {
                root()
            } else {
                hex(found, &Field::ParentSpanId)
            },
            name: span.name(),
            kind: span.kind(),
            service_name: found.service().unwrap_or_default(),
            status_code: span.status().code,
            timestamp: time(found.start()),
            end_time: time(end(found)),
            duration_nano: duration(found),
            is_root_span: found.is_root(),
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
            ..Self::new(&hit.span, hit.matched, trace, hides)
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

/// From start to end, each cut to the microsecond, in nanoseconds.
pub fn duration(found: &FoundSpan) -> i64 {
    let micros = |time: u64| i64::try_from(time / 1000).unwrap_or(i64::MAX);
    (micros(end(found)) - micros(found.start())).saturating_mul(1000)
}

/// A time as rows have it.
pub fn time(time: u64) -> String {
    dates::shown(time) + "Z"
}

/// A field that is an id, in upper case.
pub fn hex(found: &FoundSpan, field: &Field) -> String {
    let id = field.of(found).map(|id| id.text().to_uppercase());
    id.unwrap_or_default()
}

/// A UUID of version 7 that is always the same for a span: the milliseconds of its start, then its insertion number.
fn uuid(found: &FoundSpan) -> String {
    let millis = u128::from(found.start() / 1_000_000) & 0xffff_ffff_ffff;
    let number = u128::from(found.number) & 0x3fff_ffff_ffff_ffff;
    let bits = (millis << 80) | (0x7 << 76) | (0b10 << 62) | number;
    let digits = format!("{bits:032x}");
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
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
    let mut seen = HashSet::new();
    for attribute in attributes {
        if seen.insert(attribute.key()) {
            map.serialize_entry(attribute.key(), &*text(&attribute.value()))?;
        }
    }
    map.end()
}
