//! Attribute values: read in place, and written.

use std::borrow::Cow;

use super::reader::{Fields, wire};
use super::views::{AttributeView, messages, text};
use super::writer::{put_bytes, put_int, put_key, varint_len, wrapped_len};

/// An attribute's value, read in place.
#[derive(Clone, Debug)]
pub enum ValueView<'a> {
    /// No value.
    Empty,
    /// Text.
    String(&'a str),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// Values in order.
    Array(ArrayView<'a>),
    /// Keys and values in order.
    KeyValueList(KeyValueListView<'a>),
    /// An index into a string table; it belongs to profiles and is only carried along.
    StringIndex(i32),
}

/// An array of values.
#[derive(Clone, Debug)]
pub struct ArrayView<'a>(Cow<'a, [u8]>);

/// A list of keys and values.
#[derive(Clone, Debug)]
pub struct KeyValueListView<'a>(Cow<'a, [u8]>);

/// A value to be written. Nested at most 30 deep it passes the check of whoever receives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Empty,
    /// Text.
    String(String),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Values in order.
    Array(Vec<Value>),
    /// Keys and values in order.
    KeyValueList(Vec<(String, Value)>),
}

/// A value as it is encoded, the body of an `AnyValue`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded(pub(super) Vec<u8>);

/// What can be written as an attribute's value.
pub trait ToValue {
    /// Bytes that the body of the `AnyValue` takes.
    fn value_len(&self) -> usize;

    /// Writes the body of an `AnyValue`.
    fn put_value(&self, out: &mut Vec<u8>);
}

// === impl ToValue ===

impl ToValue for str {
    fn value_len(&self) -> usize {
        wrapped_len(self.len())
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        put_bytes(out, 1, self.as_bytes());
    }
}

impl ToValue for String {
    fn value_len(&self) -> usize {
        self.as_str().value_len()
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        self.as_str().put_value(out);
    }
}

impl ToValue for i64 {
    fn value_len(&self) -> usize {
        1 + varint_len(*self as u64)
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        put_int(out, 3, *self as u64);
    }
}

impl ToValue for f64 {
    fn value_len(&self) -> usize {
        9
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        put_key(out, 4, wire::FIXED64);
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl ToValue for Encoded {
    fn value_len(&self) -> usize {
        self.0.len()
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl ToValue for Value {
    fn value_len(&self) -> usize {
        self.encoded().0.len()
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        self.put(out);
    }
}

// === impl Encoded ===

impl Encoded {
    /// The value, read in place.
    pub fn view(&self) -> ValueView<'_> {
        value(&self.0)
    }
}

// === impl ValueView ===

/// The value of an `AnyValue` body.
pub(super) fn value(body: &[u8]) -> ValueView<'_> {
    // Nearly all are a short text, a truth value or a small number.
    match body {
        [0x0a, len @ 0..0x80, text @ ..] if usize::from(*len) == text.len() => {
            ValueView::String(std::str::from_utf8(text).unwrap_or_default())
        }
        [0x10, value @ 0..0x80] => ValueView::Bool(*value != 0),
        [0x18, number @ 0..0x80] => ValueView::Int(i64::from(*number)),
        [0x18, low @ 0x80..=0xff, high @ 0..0x80] => {
            ValueView::Int(i64::from(*low & 0x7f) | i64::from(*high) << 7)
        }
        _ => merged(std::iter::once(body)),
    }
}

/// The value that several `AnyValue` bodies make together: the last kind wins; lists of one kind that follow
/// each other are joined.
pub(super) fn merged<'a>(bodies: impl Iterator<Item = &'a [u8]>) -> ValueView<'a> {
    bodies
        .flat_map(Fields::of)
        .fold(ValueView::Empty, |before, field| match field.key {
            0x0a => ValueView::String(text(Some(field))),
            0x10 => ValueView::Bool(field.value != 0),
            0x18 => ValueView::Int(field.value as i64),
            0x21 => ValueView::Double(f64::from_bits(field.value)),
            0x2a => ValueView::Array(ArrayView(match before {
                ValueView::Array(list) => join(list.0, field.payload),
                _ => Cow::Borrowed(field.payload),
            })),
            0x32 => ValueView::KeyValueList(KeyValueListView(match before {
                ValueView::KeyValueList(list) => join(list.0, field.payload),
                _ => Cow::Borrowed(field.payload),
            })),
            0x3a => ValueView::Bytes(field.payload),
            0x40 => ValueView::StringIndex(field.value as i32),
            _ => before,
        })
}

fn join<'a>(first: Cow<'a, [u8]>, second: &[u8]) -> Cow<'a, [u8]> {
    let mut joined = first.into_owned();
    joined.extend_from_slice(second);
    Cow::Owned(joined)
}

impl ValueView<'_> {
    /// The text, when it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A copy to be kept or written. A string index, which has no meaning in traces, becomes its number.
    pub fn to_value(&self) -> Option<Value> {
        Some(match self {
            Self::Empty => return None,
            Self::String(text) => Value::String((*text).into()),
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Double(value) => Value::Double(*value),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::Array(list) => Value::Array(list.iter().filter_map(|item| item.to_value()).collect()),
            Self::KeyValueList(list) => {
                let pairs = list.iter();
                Value::KeyValueList(
                    pairs
                        .filter_map(|pair| Some((pair.key().into(), pair.value().to_value()?)))
                        .collect(),
                )
            }
            Self::StringIndex(index) => Value::Int(i64::from(*index)),
        })
    }
}

// === impl ArrayView ===

impl ArrayView<'_> {
    /// The encoded `ArrayValue`.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The values, in order.
    pub fn iter(&self) -> impl Iterator<Item = ValueView<'_>> {
        messages(&self.0, 1).map(value)
    }
}

// === impl KeyValueListView ===

impl KeyValueListView<'_> {
    /// The encoded `KeyValueList`.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = AttributeView<'_>> {
        messages(&self.0, 1).map(AttributeView::new)
    }
}

// === impl Value ===

impl Value {
    /// The value encoded: what is written often is best encoded once.
    pub fn encoded(&self) -> Encoded {
        let mut body = Vec::new();
        self.put(&mut body);
        Encoded(body)
    }

    /// Writes the body of an `AnyValue`.
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => {}
            Self::String(text) => put_bytes(out, 1, text.as_bytes()),
            Self::Bool(value) => put_int(out, 2, u64::from(*value)),
            Self::Int(value) => put_int(out, 3, *value as u64),
            Self::Double(value) => value.put_value(out),
            Self::Bytes(bytes) => put_bytes(out, 7, bytes),
            Self::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    let mut body = Vec::new();
                    item.put(&mut body);
                    put_bytes(&mut list, 1, &body);
                }
                put_bytes(out, 5, &list);
            }
            Self::KeyValueList(pairs) => {
                let mut list = Vec::new();
                for (key, value) in pairs {
                    put_bytes(&mut list, 1, &key_value(key, value));
                }
                put_bytes(out, 6, &list);
            }
        }
    }
}

/// The body of a `KeyValue`.
fn key_value(key: &str, value: &Value) -> Vec<u8> {
    let (mut out, mut body) = (Vec::new(), Vec::new());
    value.put(&mut body);
    put_bytes(&mut out, 1, key.as_bytes());
    put_bytes(&mut out, 2, &body);
    out
}
