//! What may be wanted of spans.

use serde::{Deserialize, Serialize};

use super::{Direction, Field, Order, Page, TraceId};

/// What is wanted of the selected spans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Find {
    /// The spans themselves.
    Spans(FindSpans),
    /// The traces with at least one of the spans.
    Traces(FindTraces),
    /// All spans of one trace.
    Trace(FindTrace),
    /// Counts and measures, a group for each combination of keys.
    Groups(FindGroups),
    /// The attribute keys in use.
    Keys(FindKeys),
}

/// Wants spans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindSpans {
    /// In which order.
    pub order: Order<SpanOrderBy>,
    /// Which of them.
    pub page: Page<u64>,
    /// Whether to count all of them, exactly.
    #[serde(default)]
    pub total: bool,
}

/// What spans may be ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanOrderBy {
    /// The start.
    Start,
    /// The duration.
    Duration,
    /// The insertion number.
    Insertion,
    /// The text form of a field, by bytes.
    Text(Field),
    /// A field as a finite number; what is none counts as missing.
    Number(Field),
}

/// Wants traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindTraces {
    /// In which order.
    pub order: Order<TraceOrderBy>,
    /// Which of them.
    pub page: Page<TraceId>,
    /// Whether to count all of them, exactly.
    #[serde(default)]
    pub total: bool,
    /// Fields whose numbers are summed over all spans of each trace.
    #[serde(default)]
    pub sums: Vec<Field>,
    /// How many spans to give with each trace: of those that start in the selected time, root spans first, then
    /// those that match, then by start.
    #[serde(default)]
    pub spans: usize,
}

/// What traces may be ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceOrderBy {
    /// The earliest start of its spans.
    Start,
    /// From the earliest start to the latest end.
    Latency,
    /// The earliest start of its matching spans.
    EarliestMatch,
    /// The greatest duration of its matching spans.
    LongestMatch,
    /// The sum of a field's finite numbers over all its spans; missing where none has one.
    Sum(Field),
}

/// Wants one trace: its spans by start, then insertion number. Those that the filter does not let pass come too,
/// marked as not matching.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindTrace {
    /// Which trace.
    pub id: TraceId,
    /// Which of its spans.
    pub page: Page<u64>,
}

/// Wants groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindGroups {
    /// What makes a group; without any, all spans are one.
    #[serde(default)]
    pub by: Vec<GroupBy>,
    /// Whether spans that lack a field make groups of their own; else they are left out.
    #[serde(default)]
    pub missing: bool,
    /// What is measured of each group.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// In which order.
    #[serde(default)]
    pub order: GroupOrder,
    /// Only groups whose last key, a text, has this text in it, in whatever case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Groups to leave out at the beginning.
    #[serde(default)]
    pub offset: u64,
    /// The most groups to give.
    pub limit: usize,
}

/// What spans of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The text form of a field.
    Text(Field),
    /// The time of the start, in buckets of so many nanoseconds that begin at multiples of it since 1970.
    Time(u64),
    /// The duration, in buckets that begin at 0, 1, 2, 5, 10, 20, 50, ... nanoseconds.
    Duration,
}

/// What is measured of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many spans.
    Spans,
    /// How many different traces.
    Traces,
    /// How many spans whose status is an error.
    Errors,
    /// The sum of the durations.
    DurationSum,
    /// The shortest duration.
    DurationMin,
    /// The longest duration.
    DurationMax,
    /// The duration that this share of the spans (0 to 1) does not exceed, within one per cent.
    DurationQuantile(f64),
    /// The sum of a field's finite numbers.
    Sum(Field),
}

/// The order of groups; ties are decided by the keys, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupOrder {
    /// By what.
    pub by: GroupOrderBy,
    /// Which way.
    pub direction: Direction,
}

/// What groups may be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupOrderBy {
    /// The keys, from the first on.
    Keys,
    /// The measure of this place in the list.
    Measure(usize),
}

/// Wants attribute keys: those in most spans first, then by key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindKeys {
    /// Whose keys.
    pub of: KeyPlace,
    /// Only keys with this text in them, in whatever case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Keys to leave out at the beginning.
    #[serde(default)]
    pub offset: u64,
    /// The most keys to give.
    pub limit: usize,
}

/// Where attributes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// At the span.
    Span,
    /// At the span's resource.
    Resource,
}

// === impl GroupOrder ===

impl Default for GroupOrder {
    /// By the keys, ascending.
    fn default() -> Self {
        Self {
            by: GroupOrderBy::Keys,
            direction: Direction::Ascending,
        }
    }
}
