//! Answers.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{FoundSpan, Position, TraceId};

/// What a store found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Above every insertion number that was looked at: as `before` of the following questions it keeps out
    /// what arrived since.
    pub before: u64,
    /// What was wanted.
    pub found: Found,
}

/// What was wanted, as [`Find`](super::Find).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Spans.
    Spans(SpanPage),
    /// Traces.
    Traces(TracePage),
    /// The spans of a trace.
    Trace(TraceSpans),
    /// Groups.
    Groups(GroupPage),
    /// Attribute keys.
    Keys(KeyPage),
}

/// A page of spans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanPage {
    /// The spans, in order.
    pub spans: Vec<FoundSpan>,
    /// Where the last of them stands: the next page begins `after` it.
    pub last: Option<Position<u64>>,
    /// Where the next span stands, when there is more: the next page begins `from` it.
    pub next: Option<Position<u64>>,
    /// How many spans there are in all, when that was asked.
    pub total: Option<u64>,
}

/// A page of traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracePage {
    /// The traces, in order.
    pub traces: Vec<FoundTrace>,
    /// Where the last of them stands: the next page begins `after` it.
    pub last: Option<Position<TraceId>>,
    /// Where the next trace stands, when there is more: the next page begins `from` it.
    pub next: Option<Position<TraceId>>,
    /// How many traces there are in all, when that was asked.
    pub total: Option<u64>,
}

/// A trace. All but `matches` and what follows it are facts about all its spans, at whatever time, in the selected
/// projects and below `before`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundTrace {
    /// Its id.
    pub id: TraceId,
    /// Its first root span by start, or its first span when it has no root.
    pub head: FoundSpan,
    /// Whether `head` is a root span.
    pub basis: TraceBasis,
    /// The earliest start, in nanoseconds since 1970.
    pub start: u64,
    /// The latest end, in nanoseconds since 1970.
    pub end: u64,
    /// Nanoseconds from `start` to `end`; negative when every span ends before `start`.
    pub latency: i64,
    /// How many spans.
    pub spans: u64,
    /// How many spans whose status is an error.
    pub errors: u64,
    /// The services in it, by their first start.
    pub services: Vec<ServiceEntry>,
    /// The sums that were asked for; none where no span has a number.
    pub sums: Vec<Option<f64>>,
    /// How many spans match.
    pub matches: u64,
    /// The earliest start of a matching span, in nanoseconds since 1970.
    pub earliest_match: u64,
    /// The greatest duration of a matching span, in nanoseconds.
    pub longest_match: i64,
    /// The spans that were asked for along with the trace.
    pub hits: Vec<SpanHit>,
}

/// What kind of span a trace is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceBasis {
    /// A root span.
    Root,
    /// The first span, since the root is not there.
    FirstSpan,
}

/// A service's part in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// The service.
    pub service: String,
    /// The start of its first span, in nanoseconds since 1970.
    pub start: u64,
    /// The end of that span, in nanoseconds since 1970; of spans that start together the latest, since that is the
    /// outer one's.
    pub end: u64,
    /// How many spans it has in the trace.
    pub spans: u64,
    /// How many of them are errors.
    pub errors: u64,
}

/// A span and whether it matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanHit {
    /// The span.
    pub span: FoundSpan,
    /// Whether it passes the filter.
    pub matched: bool,
}

/// A page of one trace's spans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSpans {
    /// The spans, by start, then insertion number.
    pub hits: Vec<SpanHit>,
    /// Where the last of them stands: the next page begins `after` it.
    pub last: Option<Position<u64>>,
    /// Where the next span stands, when there is more: the next page begins `from` it.
    pub next: Option<Position<u64>>,
    /// How many spans there are in all.
    pub total: u64,
}

/// A page of groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPage {
    /// The groups, in order.
    pub groups: Vec<Group>,
    /// Whether more follow.
    pub more: bool,
    /// How many groups there are in all.
    pub total: u64,
}

/// A group of spans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What its spans have in common.
    pub keys: Vec<Part>,
    /// What was measured.
    pub measures: Vec<Measured>,
}

/// A part of a group's keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its spans lack the field.
    Missing,
    /// A text form.
    Text(String),
    /// Where the bucket begins, in nanoseconds since 1970.
    Time(u64),
    /// Where the bucket begins, in nanoseconds.
    Duration(i64),
}

/// A measure of a group.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// How many.
    Count(u64),
    /// Nanoseconds; a sum stops at 292 years.
    Nanos(i64),
    /// A sum.
    Number(f64),
}

/// A page of attribute keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPage {
    /// The keys, in order.
    pub keys: Vec<FoundKey>,
    /// Whether more follow.
    pub more: bool,
    /// How many keys there are in all.
    pub total: u64,
}

/// An attribute key in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundKey {
    /// The key.
    pub key: String,
    /// How many spans have it; those that have it twice count once.
    pub spans: u64,
}

// === impl Measured ===

impl Measured {
    /// A sum of durations, cut to what 64 bits hold.
    pub fn nanos(sum: i128) -> Self {
        Self::Nanos(sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Which of two measures of one kind is greater.
    pub fn compare(&self, with: &Self) -> Ordering {
        self.partial_cmp(with).unwrap_or(Ordering::Equal)
    }
}
