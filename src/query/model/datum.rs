//! The values of a span's fields, and how they compare.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Field, FoundSpan, Scalar, text::text};
use crate::wire::{SpanView, ValueView};

/// The value of a field of a span.
#[derive(Clone, Debug)]
pub enum Datum<'a> {
    /// Text of a field that is always text.
    Text(Cow<'a, str>),
    /// A field that is always a whole number.
    Whole(i128),
    /// An attribute's value.
    Value(ValueView<'a>),
}

/// A number: exact among whole numbers, a double otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(i128),
    /// A floating point number.
    Double(f64),
}

// === impl Field ===

impl Field {
    /// The field's value in a span; none when the span lacks it.
    pub fn of<'a>(&self, found: &'a FoundSpan) -> Option<Datum<'a>> {
        let span = || found.span();
        match self {
            Self::Project => shown(&found.project),
            Self::TraceId => Some(Datum::id(span().trace_id())),
            Self::SpanId => Some(Datum::id(span().span_id())),
            Self::ParentSpanId if found.is_root() => None,
            Self::ParentSpanId => Some(Datum::id(span().parent_span_id())),
            Self::TraceState => not_empty(span().trace_state()),
            Self::Name => shown(span().name()),
            Self::Kind => whole(span().kind()),
            Self::Start => whole(found.start()),
            Self::End => whole(found.end()),
            Self::Duration => whole(found.duration()),
            Self::StatusCode => whole(span().status().code),
            Self::StatusMessage => not_empty(span().status().message),
            Self::Service => found.service().and_then(shown),
            Self::ScopeName => not_empty(found.scope().name()),
            Self::ScopeVersion => not_empty(found.scope().version()),
            Self::Number => whole(found.number),
            Self::Attribute(key) => span().attribute(key).map(Datum::Value),
            Self::Resource(key) => found.resource().attribute(key).map(Datum::Value),
            Self::First(fields) if fields.iter().all(|field| matches!(field, Self::Attribute(_))) => {
                first(fields, &span())
            }
            Self::First(fields) => fields.iter().find_map(|field| field.of(found)),
        }
    }
}

/// The first of these attributes that a span has, in one pass over it.
fn first<'a>(fields: &[Field], span: &SpanView<'a>) -> Option<Datum<'a>> {
    let (mut fields, mut found) = (fields, None);
    for attribute in span.attributes() {
        let is = |field: &Field| matches!(field, Field::Attribute(key) if key == attribute.key());
        if let Some((better, _)) = fields.iter().position(is).map(|place| fields.split_at(place)) {
            (fields, found) = (better, Some(attribute.value()));
        }
    }
    found.map(Datum::Value)
}

fn shown(text: &str) -> Option<Datum<'_>> {
    Some(Datum::Text(Cow::Borrowed(text)))
}

fn not_empty(text: &str) -> Option<Datum<'_>> {
    if text.is_empty() { None } else { shown(text) }
}

fn whole<'a>(number: impl Into<i128>) -> Option<Datum<'a>> {
    Some(Datum::Whole(number.into()))
}

// === impl Datum ===

impl<'a> Datum<'a> {
    /// An id, in lower-case hexadecimal.
    pub fn id(id: &[u8]) -> Self {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        let digits = id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        Self::Text(Cow::Owned(digits.collect()))
    }

    /// The text form.
    pub fn text(&self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Value(value) => text(value),
        }
    }

    /// The value as a number: it is one, or it is text that reads as a finite decimal number.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Whole(number) => Some(Number::Whole(*number)),
            Self::Text(text) => Number::parse(text),
            Self::Value(ValueView::Int(number)) => Some(Number::Whole((*number).into())),
            Self::Value(ValueView::Double(number)) => Some(Number::Double(*number)),
            Self::Value(ValueView::String(text)) => Number::parse(text),
            Self::Value(_) => None,
        }
    }

    /// Whether the value has the scalar's type and equals it.
    pub fn is(&self, scalar: &Scalar) -> bool {
        match (self, scalar) {
            (Self::Value(ValueView::Bool(left)), Scalar::Bool(right)) => left == right,
            _ => self.compare_typed(scalar) == Some(Ordering::Equal),
        }
    }

    /// Compares with a scalar of the same type; none for another type, for truth values and for NaN.
    pub fn compare_typed(&self, with: &Scalar) -> Option<Ordering> {
        match (self, with) {
            (Self::Text(left), Scalar::String(right)) => Some((**left).cmp(right)),
            (Self::Value(ValueView::String(left)), Scalar::String(right)) => Some((*left).cmp(right)),
            (Self::Whole(left), Scalar::Int(right)) => Some(left.cmp(&(*right).into())),
            (Self::Value(ValueView::Int(left)), Scalar::Int(right)) => Some(left.cmp(right)),
            (Self::Value(ValueView::Double(left)), Scalar::Double(right)) => left.partial_cmp(right),
            _ => None,
        }
    }
}

// === impl Number ===

impl Number {
    /// Reads a finite decimal number; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Whole(number));
        }
        let number: f64 = text.parse().ok()?;
        number.is_finite().then_some(Self::Double(number))
    }

    /// Compares two numbers: whole ones exactly, others as doubles; none for NaN.
    pub fn compare(self, with: Self) -> Option<Ordering> {
        match (self, with) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            _ => self.double().partial_cmp(&with.double()),
        }
    }

    /// The nearest double.
    pub fn double(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Double(number) => number,
        }
    }

    /// The nearest double for orders and sums: none for NaN and the infinities, and no negative zero.
    pub fn finite(self) -> Option<f64> {
        let number = self.double();
        number.is_finite().then_some(number + 0.0)
    }
}

// === impl Scalar ===

impl Scalar {
    /// The text form.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Bool(value) => text(&ValueView::Bool(*value)),
            Self::Int(number) => text(&ValueView::Int(*number)),
            Self::Double(number) => text(&ValueView::Double(*number)),
            Self::String(text) => Cow::Borrowed(text),
        }
    }

    /// The value as a number, as [`Datum::number`].
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Bool(_) => None,
            Self::Int(number) => Some(Number::Whole((*number).into())),
            Self::Double(number) => Some(Number::Double(*number)),
            Self::String(text) => Number::parse(text),
        }
    }
}
