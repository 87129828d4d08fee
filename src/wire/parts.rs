//! A span taken apart in one pass, and put together again.
//!
//! For whoever stores spans as columns. [`Parts::put`] writes the form that nearly all senders write: fields in the
//! order of their numbers, each once, defaults left out unless they are marked as explicit. Whether it gives back the
//! bytes that were taken apart is for the caller to compare; it does for all but unusual encodings and unknown fields.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::reader::{Field, Fields, plain_pair, position};
use super::values::{ValueView, merged};
use super::views::{AttributeView, messages, text};
use super::writer::{put_bytes, put_int, put_key, put_varint, varint_len, wrapped_len};

/// The content of a span. Texts are UTF-8 when the bytes were checked.
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// 16 bytes.
    pub trace_id: &'a [u8],
    /// 8 bytes.
    pub span_id: &'a [u8],
    /// The W3C trace state.
    pub trace_state: &'a [u8],
    /// Empty for most roots.
    pub parent_span_id: &'a [u8],
    /// W3C trace flags and more.
    pub flags: u32,
    /// The span's name.
    pub name: &'a [u8],
    /// `SPAN_KIND_*` as a number.
    pub kind: i32,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// In order, repeated keys included.
    pub attributes: SmallVec<[Pair<'a>; 16]>,
    /// Attributes that the sender dropped.
    pub dropped_attributes: u32,
    /// The fields that hold the events, one behind the other, keys and lengths included.
    pub events: Cow<'a, [u8]>,
    /// Events that the sender dropped.
    pub dropped_events: u32,
    /// The fields that hold the links, one behind the other, keys and lengths included.
    pub links: Cow<'a, [u8]>,
    /// Links that the sender dropped.
    pub dropped_links: u32,
    /// `STATUS_CODE_*` as a number.
    pub status_code: i32,
    /// The sender's words about an error.
    pub status_message: &'a [u8],
    /// Bit n: field n is there although it holds its default. Bits of ids, which never do, stand for fields of the status:
    /// 1 for its code, 2 for its message.
    pub explicit: u32,
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub cell: Cell<'a>,
}

/// An attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// The attribute has no value at all.
    Missing,
    /// A value of no kind.
    Empty,
    /// Text.
    String(&'a [u8]),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
    /// An encoded `AnyValue` that holds an array.
    Array(Cow<'a, [u8]>),
    /// An encoded `AnyValue` that holds keys and values.
    KeyValueList(Cow<'a, [u8]>),
    /// An index into a string table; it belongs to profiles and is only carried along.
    StringIndex(i32),
}

const PARENT: u32 = 4;
const STATUS: u32 = 15;
const STATUS_CODE: u32 = 1;
const STATUS_MESSAGE: u32 = 2;

// === impl Parts ===

impl<'a> Parts<'a> {
    /// The parts of an encoded span.
    pub fn of(span: &'a [u8]) -> Self {
        let mut parts = Self::default();
        for field in Fields::of(span) {
            parts.read(span, &field);
        }
        parts
    }

    fn read(&mut self, span: &'a [u8], field: &Field<'a>) {
        let is_default = field.value == 0 && field.payload.is_empty();
        match field.key {
            0x0a => return self.trace_id = field.payload,
            0x12 => return self.span_id = field.payload,
            0x1a => self.trace_state = field.payload,
            0x22 => self.parent_span_id = field.payload,
            0x2a => self.name = field.payload,
            0x30 => self.kind = field.value as i32,
            0x39 => self.start = field.value,
            0x41 => self.end = field.value,
            0x4a => return self.attributes.push(Pair::of(field.payload)),
            0x50 => self.dropped_attributes = field.value as u32,
            0x5a => return append(&mut self.events, span, field.raw),
            0x60 => self.dropped_events = field.value as u32,
            0x6a => return append(&mut self.links, span, field.raw),
            0x70 => self.dropped_links = field.value as u32,
            0x7a => return self.read_status(field.payload),
            0x85 => self.flags = field.value as u32,
            _ => return,
        }
        self.mark(field.key >> 3, is_default);
    }

    /// Takes note of a field that is there.
    fn mark(&mut self, number: u32, is_default: bool) {
        match is_default {
            true => self.explicit |= 1 << number,
            false => self.explicit &= !(1 << number),
        }
    }

    fn read_status(&mut self, status: &'a [u8]) {
        for field in Fields::of(status) {
            match field.key {
                0x12 => {
                    self.status_message = field.payload;
                    self.mark(STATUS_MESSAGE, field.payload.is_empty());
                }
                0x18 => {
                    self.status_code = field.value as i32;
                    self.mark(STATUS_CODE, field.value == 0);
                }
                _ => {}
            }
        }
        let says_nothing = self.status_code == 0 && self.status_message.is_empty();
        let is_explicit = self.is_explicit(STATUS_CODE) || self.is_explicit(STATUS_MESSAGE);
        self.mark(STATUS, says_nothing && !is_explicit);
    }

    /// Whether the span has no parent: none is named, or one of zeros only.
    pub fn is_root(&self) -> bool {
        self.parent_span_id.iter().all(|byte| *byte == 0)
    }

    /// Writes the encoded span.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, 1, self.trace_id);
        put_bytes(out, 2, self.span_id);
        self.put_text(out, 3, self.trace_state);
        self.put_text(out, PARENT, self.parent_span_id);
        self.put_text(out, 5, self.name);
        // An enum of 32 bits travels with its sign extended.
        self.put_number(out, 6, i64::from(self.kind) as u64);
        self.put_time(out, 7, self.start);
        self.put_time(out, 8, self.end);
        self.attributes.iter().for_each(|pair| pair.put(out));
        self.put_number(out, 10, self.dropped_attributes.into());
        out.extend_from_slice(&self.events);
        self.put_number(out, 12, self.dropped_events.into());
        out.extend_from_slice(&self.links);
        self.put_number(out, 14, self.dropped_links.into());
        self.put_status(out);
        if self.flags != 0 || self.is_explicit(16) {
            put_key(out, 16, 5);
            out.extend_from_slice(&self.flags.to_le_bytes());
        }
    }

    fn is_explicit(&self, number: u32) -> bool {
        self.explicit & 1 << number != 0
    }

    fn put_text(&self, out: &mut Vec<u8>, number: u32, text: &[u8]) {
        if !text.is_empty() || self.is_explicit(number) {
            put_bytes(out, number, text);
        }
    }

    fn put_number(&self, out: &mut Vec<u8>, number: u32, value: u64) {
        if value != 0 || self.is_explicit(number) {
            put_int(out, number, value);
        }
    }

    fn put_time(&self, out: &mut Vec<u8>, number: u32, time: u64) {
        if time != 0 || self.is_explicit(number) {
            put_key(out, number, 1);
            out.extend_from_slice(&time.to_le_bytes());
        }
    }

    fn put_status(&self, out: &mut Vec<u8>) {
        let code = i64::from(self.status_code) as u64;
        let has_message = !self.status_message.is_empty() || self.is_explicit(STATUS_MESSAGE);
        let has_code = code != 0 || self.is_explicit(STATUS_CODE);
        let message = if has_message {
            wrapped_len(self.status_message.len())
        } else {
            0
        };
        let len = message + if has_code { 1 + varint_len(code) } else { 0 };
        if len == 0 && !self.is_explicit(STATUS) {
            return;
        }
        put_key(out, STATUS, 2);
        put_varint(out, len as u64);
        if has_message {
            put_bytes(out, 2, self.status_message);
        }
        if has_code {
            put_int(out, 3, code);
        }
    }
}

/// Adds a field of `whole` to those that were found before; borrowed as long as they follow each other.
fn append<'a>(found: &mut Cow<'a, [u8]>, whole: &'a [u8], raw: &'a [u8]) {
    if found.is_empty() {
        *found = Cow::Borrowed(raw);
        return;
    }
    if let Cow::Borrowed(before) = found {
        let (before, next) = (position(whole, before), position(whole, raw));
        if before.end == next.start {
            *found = Cow::Borrowed(whole.get(before.start..next.end).unwrap_or_default());
            return;
        }
    }
    found.to_mut().extend_from_slice(raw);
}

// === impl Pair ===

impl<'a> Pair<'a> {
    fn of(body: &'a [u8]) -> Self {
        match plain_pair(body) {
            Some((key, value)) => Self {
                key,
                cell: Cell::of(value),
            },
            None => Self::of_any(body),
        }
    }

    /// The general way.
    fn of_any(body: &'a [u8]) -> Self {
        let mut values = messages(body, 2);
        let cell = match (values.next(), values.next()) {
            (None, _) => Cell::Missing,
            (Some(value), None) => Cell::of(value),
            // Parts of one value: rare enough to be put together.
            _ => Cell::owned(AttributeView::new(body).value()),
        };
        let key = Fields::of(body).filter(|field| field.key == 0x0a).last();
        Self {
            key: text(key).as_bytes(),
            cell,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        let value = self.cell.len();
        let key = match self.key.is_empty() {
            true => 0,
            false => wrapped_len(self.key.len()),
        };
        put_key(out, 9, 2);
        put_varint(out, (key + value.map_or(0, wrapped_len)) as u64);
        if key > 0 {
            put_bytes(out, 1, self.key);
        }
        if let Some(len) = value {
            put_key(out, 2, 2);
            put_varint(out, len as u64);
            self.cell.put(out);
        }
    }
}

// === impl Cell ===

impl<'a> Cell<'a> {
    /// The content of an encoded `AnyValue`.
    pub fn of(value: &'a [u8]) -> Self {
        let mut fields = Fields::of(value);
        let Some(field) = fields.next() else {
            return Self::Empty;
        };
        if fields.next().is_some() {
            return Self::owned(merged(std::iter::once(value)));
        }
        match field.key {
            0x0a => Self::String(field.payload),
            0x10 => Self::Bool(field.value != 0),
            0x18 => Self::Int(field.value as i64),
            0x21 => Self::Double(f64::from_bits(field.value)),
            0x2a => Self::Array(Cow::Borrowed(value)),
            0x32 => Self::KeyValueList(Cow::Borrowed(value)),
            0x3a => Self::Bytes(Cow::Borrowed(field.payload)),
            0x40 => Self::StringIndex(field.value as i32),
            _ => Self::Empty,
        }
    }

    /// The value as others read it.
    pub fn view(&self) -> ValueView<'_> {
        match self {
            Self::Missing | Self::Empty => ValueView::Empty,
            Self::String(text) => ValueView::String(std::str::from_utf8(text).unwrap_or_default()),
            Self::Bool(value) => ValueView::Bool(*value),
            Self::Int(value) => ValueView::Int(*value),
            Self::Double(value) => ValueView::Double(*value),
            Self::Bytes(bytes) => ValueView::Bytes(bytes),
            Self::Array(value) | Self::KeyValueList(value) => merged(std::iter::once(value.as_ref())),
            Self::StringIndex(index) => ValueView::StringIndex(*index),
        }
    }

    fn owned(view: ValueView<'a>) -> Self {
        let nested = |number: u32, body: &[u8]| {
            let mut value = Vec::with_capacity(wrapped_len(body.len()));
            put_bytes(&mut value, number, body);
            Cow::Owned(value)
        };
        match view {
            ValueView::Empty => Self::Empty,
            ValueView::String(text) => Self::String(text.as_bytes()),
            ValueView::Bool(value) => Self::Bool(value),
            ValueView::Int(value) => Self::Int(value),
            ValueView::Double(value) => Self::Double(value),
            ValueView::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            ValueView::Array(list) => Self::Array(nested(5, list.bytes())),
            ValueView::KeyValueList(list) => Self::KeyValueList(nested(6, list.bytes())),
            ValueView::StringIndex(index) => Self::StringIndex(index),
        }
    }

    /// Bytes of the encoded `AnyValue`; none when there is no value.
    fn len(&self) -> Option<usize> {
        Some(match self {
            Self::Missing => return None,
            Self::Empty => 0,
            Self::String(text) => wrapped_len(text.len()),
            Self::Bytes(bytes) => wrapped_len(bytes.len()),
            Self::Bool(_) => 2,
            Self::Int(value) => 1 + varint_len(*value as u64),
            Self::Double(_) => 9,
            Self::Array(value) | Self::KeyValueList(value) => value.len(),
            Self::StringIndex(index) => 1 + varint_len(i64::from(*index) as u64),
        })
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Missing | Self::Empty => {}
            Self::String(text) => put_bytes(out, 1, text),
            Self::Bool(value) => put_int(out, 2, u64::from(*value)),
            Self::Int(value) => put_int(out, 3, *value as u64),
            Self::Double(value) => {
                put_key(out, 4, 1);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Array(value) | Self::KeyValueList(value) => out.extend_from_slice(value),
            Self::Bytes(bytes) => put_bytes(out, 7, bytes),
            Self::StringIndex(index) => put_int(out, 8, i64::from(*index) as u64),
        }
    }
}
