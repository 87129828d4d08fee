//! What an expression yields while a statement runs.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::fault::Error;
use crate::wire::{Value as Stored, ValueView};

/// A value. Texts and bytes are borrowed from the span or the statement where they can be; lists and maps are copies.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Nothing: a missing attribute, one without a value, the literal `nil`.
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
    /// Values in order.
    List(Vec<Stored>),
    /// Values by key, in order; no key twice unless a sender wrote it so.
    Map(Vec<(String, Stored)>),
    /// An instant and the zone in which it is shown.
    Time(Time),
    /// Nanoseconds.
    Duration(i64),
    /// A trace id.
    TraceId([u8; 16]),
    /// A span id.
    SpanId([u8; 8]),
    /// The events of a span, each encoded.
    Events(Vec<Vec<u8>>),
    /// The links of a span, each encoded.
    Links(Vec<Vec<u8>>),
    /// The status of a span.
    Status(Status),
}

/// An instant and the zone in which it is shown.
#[derive(Clone, Debug)]
pub struct Time {
    /// Whole seconds since 1970, rounded down.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
    /// Where its hours and days are read.
    pub zone: TimeZone,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `STATUS_CODE_*` as a number.
    pub code: i32,
    /// The sender's words about an error.
    pub message: String,
}

// === impl Value ===

impl<'a> Value<'a> {
    /// A text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// An attribute's value; a list or map is copied.
    pub fn of(view: ValueView<'a>) -> Self {
        match view {
            ValueView::Empty => Self::Nil,
            ValueView::String(text) => Self::Text(Cow::Borrowed(text)),
            ValueView::Bool(value) => Self::Bool(value),
            ValueView::Int(number) => Self::Int(number),
            ValueView::Double(number) => Self::Float(number),
            ValueView::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            ValueView::StringIndex(index) => Self::Int(i64::from(index)),
            ValueView::Array(list) => Self::List(list.iter().map(|item| stored(&item)).collect()),
            ValueView::KeyValueList(list) => Self::Map(
                list.iter()
                    .map(|pair| (pair.key().to_owned(), stored(&pair.value())))
                    .collect(),
            ),
        }
    }

    /// A copy of what a list or map holds.
    pub fn copied(stored: &Stored) -> Value<'static> {
        Value::owned(stored.clone())
    }

    /// What a list or map held.
    pub fn owned(stored: Stored) -> Value<'static> {
        match stored {
            Stored::Empty => Value::Nil,
            Stored::String(text) => Value::Text(Cow::Owned(text)),
            Stored::Bool(value) => Value::Bool(value),
            Stored::Int(number) => Value::Int(number),
            Stored::Double(number) => Value::Float(number),
            Stored::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes)),
            Stored::Array(items) => Value::List(items),
            Stored::KeyValueList(pairs) => Value::Map(pairs),
        }
    }

    /// What an attribute can hold of it; times, durations and ids it cannot.
    pub fn into_stored(self) -> Result<Stored, Error> {
        Ok(match self {
            Self::Nil => Stored::Empty,
            Self::Bool(value) => Stored::Bool(value),
            Self::Int(number) => Stored::Int(number),
            Self::Float(number) => Stored::Double(number),
            Self::Text(text) => Stored::String(text.into_owned()),
            Self::Bytes(bytes) => Stored::Bytes(bytes.into_owned()),
            Self::List(items) => Stored::Array(items),
            Self::Map(pairs) => Stored::KeyValueList(pairs),
            other => {
                let kind = other.kind();
                return Err(Error::new(format!("an attribute cannot hold {kind}")));
            }
        })
    }

    /// The same value, borrowed from nobody.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(number) => Value::Int(number),
            Self::Float(number) => Value::Float(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::List(items) => Value::List(items),
            Self::Map(pairs) => Value::Map(pairs),
            Self::Time(time) => Value::Time(time),
            Self::Duration(nanos) => Value::Duration(nanos),
            Self::TraceId(id) => Value::TraceId(id),
            Self::SpanId(id) => Value::SpanId(id),
            Self::Events(events) => Value::Events(events),
            Self::Links(links) => Value::Links(links),
            Self::Status(status) => Value::Status(status),
        }
    }

    /// The same value, borrowed; a list or map is copied.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            other => other.clone(),
        }
    }

    /// Whether it is nothing.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// What it is, in a word or two.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Float(_) => "a double",
            Self::Text(_) => "a string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Time(_) => "a time",
            Self::Duration(_) => "a duration",
            Self::TraceId(_) => "a trace id",
            Self::SpanId(_) => "a span id",
            Self::Events(_) => "events",
            Self::Links(_) => "links",
            Self::Status(_) => "a status",
        }
    }
}

/// A copy of an attribute's value as lists and maps hold it, empty values included.
pub fn stored(view: &ValueView<'_>) -> Stored {
    match view {
        ValueView::Empty => Stored::Empty,
        ValueView::String(text) => Stored::String((*text).to_owned()),
        ValueView::Bool(value) => Stored::Bool(*value),
        ValueView::Int(number) => Stored::Int(*number),
        ValueView::Double(number) => Stored::Double(*number),
        ValueView::Bytes(bytes) => Stored::Bytes((*bytes).to_owned()),
        ValueView::StringIndex(index) => Stored::Int(i64::from(*index)),
        ValueView::Array(list) => Stored::Array(list.iter().map(|item| stored(&item)).collect()),
        ValueView::KeyValueList(list) => Stored::KeyValueList(
            list.iter()
                .map(|pair| (pair.key().to_owned(), stored(&pair.value())))
                .collect(),
        ),
    }
}
