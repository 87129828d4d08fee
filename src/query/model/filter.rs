//! What a span must be like to be found.

use serde::{Deserialize, Serialize};

/// A condition on a span, or on its trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filter {
    /// Each of these holds; so does none at all.
    All(Vec<Filter>),
    /// One of these holds; an empty list never does.
    Any(Vec<Filter>),
    /// This does not hold. What becomes of spans without the field is said by `missing` inside.
    Not(Box<Filter>),
    /// The span has no parent: the parent's id is empty or all zero.
    Root,
    /// A field of the span passes a test.
    Field {
        /// What is tested.
        field: Field,
        /// How it is tested.
        test: Test,
        /// The verdict on a span that does not have the field.
        #[serde(default)]
        missing: bool,
    },
    /// Some span of the trace is like this: in the same projects and below the same `before`, at any time.
    AnySpan(Box<Filter>),
    /// The trace's latency, from its earliest start to its latest end, in nanoseconds, bounds included.
    TraceLatency {
        /// The least latency that passes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// The greatest latency that passes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
}

/// Something that a span has or lacks. Of several attributes with one key the first counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Field {
    /// The project.
    Project,
    /// The trace id, in lower-case hexadecimal.
    TraceId,
    /// The span id, in lower-case hexadecimal.
    SpanId,
    /// The parent's span id, in lower-case hexadecimal; a root span lacks it.
    ParentSpanId,
    /// The W3C trace state; lacking where empty.
    TraceState,
    /// The span's name.
    Name,
    /// `SPAN_KIND_*` as a whole number.
    Kind,
    /// The start, in nanoseconds since 1970.
    Start,
    /// The end, in nanoseconds since 1970.
    End,
    /// Nanoseconds from start to end; negative when the end lies before the start.
    Duration,
    /// `STATUS_CODE_*` as a whole number: 0 unset, 1 ok, 2 error.
    StatusCode,
    /// The sender's words about an error; lacking where empty.
    StatusMessage,
    /// The resource attribute `service.name`, when it is text.
    Service,
    /// The instrumentation scope's name; lacking where empty.
    ScopeName,
    /// The instrumentation scope's version; lacking where empty.
    ScopeVersion,
    /// The insertion number.
    Number,
    /// A span attribute, by key.
    Attribute(String),
    /// A resource attribute, by key.
    Resource(String),
    /// The first of these that the span has: one thing under several spellings.
    First(Vec<Field>),
}

/// A test of a field that is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Test {
    /// Of the same type and equal to one of these: 2, `2.0` and `"2"` are three values.
    Equals(Vec<Scalar>),
    /// A test of the text form.
    Text(TextTest),
    /// Less or greater than a value.
    Compare {
        /// Which way.
        op: Comparison,
        /// The value on the right.
        with: Scalar,
        /// How values of different types meet.
        how: How,
    },
    /// From `low` to `high`, both included.
    Between {
        /// The least value that passes.
        low: Scalar,
        /// The greatest value that passes.
        high: Scalar,
        /// How values of different types meet.
        how: How,
    },
    /// The field is there.
    Exists,
}

/// A test of a value's text form (see [`text`](super::text())).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextTest {
    /// What is looked for.
    pub op: TextOp,
    /// One of these must be found; an empty list never is.
    pub values: Vec<String>,
    /// Whether letters that differ in case only are the same.
    #[serde(default)]
    pub ignore_case: bool,
}

/// What a text test looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextOp {
    /// The whole text.
    Equals,
    /// A part of the text.
    Contains,
    /// The text's beginning.
    StartsWith,
    /// The text's end.
    EndsWith,
    /// A place that a regular expression matches, anywhere in the text.
    Regex,
}

/// The ways to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How values of different types meet in a comparison; where they do not, the test fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Only values of the same type: whole numbers, doubles, or texts by their bytes.
    Typed,
    /// As numbers: numbers of both types, and texts that read as a finite decimal number.
    Parsed,
    /// As numbers when both sides are numbers in the sense of `parsed`, else as texts by their bytes.
    ParsedOrText,
}

/// A plain value: JSON's `"text"`, `true`, `2` (whole) or `2.0` (double).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Text.
    String(String),
}

// === impl Filter ===

impl Default for Filter {
    /// Every span.
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Filter {
    /// The field has this text as its text form; spans without it do not pass.
    pub fn text(field: Field, value: impl Into<String>) -> Self {
        Self::Field {
            field,
            test: Test::Text(TextTest {
                op: TextOp::Equals,
                values: vec![value.into()],
                ignore_case: false,
            }),
            missing: false,
        }
    }
}
