//! Phoenix's filter language, as far as a span alone answers it: a subset of Python's expressions.
//!
//! Comparisons, `in`, `not in`, `is None`, `and`, `or`, `not`; texts, numbers, `True`, `False`, `None` and lists; names of a
//! span's columns, `attributes['a']['b']`, `metadata['a']`, dotted names of attributes; `str()`, `int()`, `float()`. What is
//! missing makes a comparison neither true nor false, as in SQL. Length and depth are bounded.

mod judge;
mod lex;
mod parse;
mod push;

pub use judge::value;
pub use parse::operand;

use super::seen::Seen;
use crate::query::model::Filter;

/// A condition on a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Test);

/// What holds or does not.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare(Operand, Comparison, Operand),
    /// The second is among the first, or a part of its text.
    In(Operand, Operand),
    IsNone(Operand),
}

/// Something with a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A value.
    Literal(Literal),
    /// Several.
    List(Vec<Literal>),
    /// A column of a span.
    Column(Column),
    /// An attribute, by its path.
    Attribute(Vec<String>),
    /// A value made another.
    Cast(Cast, Box<Operand>),
}

/// A value that is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// What a value may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// `str()`
    Text,
    /// `int()`
    Whole,
    /// `float()`
    Number,
}

/// A column of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The name.
    Name,
    /// The kind, in capitals.
    Kind,
    /// The status.
    Status,
    /// What the status says.
    StatusMessage,
    /// The trace's id.
    TraceId,
    /// The span's id.
    SpanId,
    /// The parent's id.
    ParentId,
    /// The start.
    Start,
    /// The end.
    End,
    /// Milliseconds from start to end.
    Latency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

// === impl Condition ===

impl Condition {
    /// Reads a condition; an error says what is wrong and where.
    pub fn read(text: &str) -> Result<Self, String> {
        parse::condition(text).map(Self)
    }

    /// Whether it holds for a span.
    pub fn holds(&self, seen: &Seen) -> bool {
        judge::verdict(&self.0, seen) == Some(true)
    }

    /// A filter that lets pass at least all spans for which it holds.
    pub fn filter(&self) -> Filter {
        push::filter(&self.0)
    }
}

// === impl Column ===

impl Column {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "name" => Self::Name,
            "span_kind" => Self::Kind,
            "status_code" => Self::Status,
            "status_message" => Self::StatusMessage,
            "trace_id" | "context.trace_id" => Self::TraceId,
            "span_id" | "context.span_id" => Self::SpanId,
            "parent_id" => Self::ParentId,
            "start_time" => Self::Start,
            "end_time" => Self::End,
            "latency_ms" => Self::Latency,
            _ => return None,
        })
    }

    fn is_text(self) -> bool {
        !matches!(self, Self::Start | Self::End | Self::Latency)
    }
}
