//! Borrowing views of resources, scopes and spans: read in place, nothing decoded before it is asked for.
//!
//! Protobuf's rules for repeated parts hold: the last of a repeated scalar counts, repeated singular
//! messages merge. What is absent reads as its default, as with `prost`.

mod span;

use super::reader::{Field, Fields, plain_pair, wire};
use super::values::{self, Encoded, ValueView};

pub use span::{EventView, LinkView, SpanView, StatusView};

/// A resource and the schema URL that goes with it.
#[derive(Clone, Copy, Debug)]
pub struct ResourceView<'a> {
    /// The body of a `ResourceSpans`.
    body: &'a [u8],
}

/// An instrumentation scope and the schema URL that goes with it.
#[derive(Clone, Copy, Debug)]
pub struct ScopeView<'a> {
    /// The body of a `ScopeSpans`.
    body: &'a [u8],
}

/// An attribute: a key and a value.
#[derive(Clone, Copy, Debug)]
pub struct AttributeView<'a> {
    body: &'a [u8],
}

// === impl ResourceView ===

impl<'a> ResourceView<'a> {
    /// The body that this was made over.
    pub(super) fn envelope(self) -> &'a [u8] {
        self.body
    }

    /// The resource in the body of a `ResourceSpans` that was checked once; other bytes read as defaults.
    pub fn over(body: &'a [u8]) -> Self {
        Self::new(body)
    }

    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// Whether both are the very same resource of a request, not only alike.
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.body, other.body)
    }

    /// The bodies of the resource; more than one where it came in parts.
    pub(super) fn parts(self) -> impl Iterator<Item = &'a [u8]> {
        messages(self.body, 1)
    }

    /// Whether scopes are below it.
    pub fn has_scopes(self) -> bool {
        messages(self.body, 2).next().is_some()
    }

    /// How many spans are below it.
    pub fn spans(self) -> usize {
        messages(self.body, 2)
            .map(|scope| messages(scope, 2).count())
            .sum()
    }

    /// Whether spans are below it.
    pub fn has_spans(self) -> bool {
        messages(self.body, 2).any(|scope| messages(scope, 2).next().is_some())
    }

    /// The resource's attributes, in order.
    pub fn attributes(self) -> impl Iterator<Item = AttributeView<'a>> {
        self.parts()
            .flat_map(|part| messages(part, 1))
            .map(AttributeView::new)
    }

    /// The value of the first attribute with this key.
    pub fn attribute(self, key: &str) -> Option<ValueView<'a>> {
        find(self.attributes(), key)
    }

    /// Attributes that the sender dropped.
    pub fn dropped_attributes_count(self) -> u32 {
        let counts = self
            .parts()
            .flat_map(Fields::of)
            .filter(|field| field.key == int(2));
        counts.last().map_or(0, |field| field.value as u32)
    }

    /// The schema URL of the resource.
    pub fn schema_url(self) -> &'a str {
        string(self.body, 3)
    }
}

// === impl ScopeView ===

impl<'a> ScopeView<'a> {
    /// The body that this was made over.
    pub(super) fn envelope(self) -> &'a [u8] {
        self.body
    }

    /// The scope in the body of a `ScopeSpans` that was checked once; other bytes read as defaults.
    pub fn over(body: &'a [u8]) -> Self {
        Self::new(body)
    }

    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// Whether both are the very same scope of a request, not only alike.
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.body, other.body)
    }

    /// The bodies of the scope; more than one where it came in parts.
    pub(super) fn parts(self) -> impl Iterator<Item = &'a [u8]> {
        messages(self.body, 1)
    }

    fn fields(self) -> impl Iterator<Item = Field<'a>> {
        self.parts().flat_map(Fields::of)
    }

    /// The scope's name.
    pub fn name(self) -> &'a str {
        text(self.fields().filter(|field| field.key == len(1)).last())
    }

    /// The scope's version.
    pub fn version(self) -> &'a str {
        text(self.fields().filter(|field| field.key == len(2)).last())
    }

    /// How many spans are below it.
    pub fn spans(self) -> usize {
        messages(self.body, 2).count()
    }

    /// Whether spans are below it.
    pub fn has_spans(self) -> bool {
        messages(self.body, 2).next().is_some()
    }

    /// The scope's attributes, in order.
    pub fn attributes(self) -> impl Iterator<Item = AttributeView<'a>> {
        let attributes = self.fields().filter(|field| field.key == len(3));
        attributes.map(|field| AttributeView::new(field.payload))
    }

    /// The value of the first attribute with this key.
    pub fn attribute(self, key: &str) -> Option<ValueView<'a>> {
        find(self.attributes(), key)
    }

    /// Attributes that the sender dropped.
    pub fn dropped_attributes_count(self) -> u32 {
        let counts = self.fields().filter(|field| field.key == int(4));
        counts.last().map_or(0, |field| field.value as u32)
    }

    /// The schema URL of the scope's spans.
    pub fn schema_url(self) -> &'a str {
        string(self.body, 3)
    }
}

// === impl AttributeView ===

impl<'a> AttributeView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The attribute's key.
    pub fn key(self) -> &'a str {
        std::str::from_utf8(self.raw_key()).unwrap_or_default()
    }

    fn raw_key(self) -> &'a [u8] {
        match plain_pair(self.body) {
            Some((key, _)) => key,
            None => bytes(self.body, 1),
        }
    }

    /// Whether the key is this one.
    pub(super) fn is(self, key: &str) -> bool {
        self.raw_key() == key.as_bytes()
    }

    /// An index into a string table; it belongs to profiles and is only carried along.
    pub fn key_strindex(self) -> i32 {
        number(self.body, int(3)) as i32
    }

    /// A copy of the value as it is encoded, to be written elsewhere.
    pub fn encoded(self) -> Encoded {
        match plain_pair(self.body) {
            Some((_, value)) => Encoded(value.to_vec()),
            None => Encoded(messages(self.body, 2).flatten().copied().collect()),
        }
    }

    /// The attribute's value.
    pub fn value(self) -> ValueView<'a> {
        match plain_pair(self.body) {
            Some((_, value)) => values::value(value),
            None => values::merged(messages(self.body, 2)),
        }
    }
}

fn find<'a>(mut attributes: impl Iterator<Item = AttributeView<'a>>, key: &str) -> Option<ValueView<'a>> {
    attributes
        .find(|attribute| attribute.is(key))
        .map(AttributeView::value)
}

/// The bodies of a message field, in order.
pub(super) fn messages(body: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let fields = Fields::of(body).filter(move |field| field.key == len(number));
    fields.map(|field| field.payload)
}

fn bytes(body: &[u8], number: u32) -> &[u8] {
    messages(body, number).last().unwrap_or_default()
}

fn string(body: &[u8], number: u32) -> &str {
    text(Fields::of(body).filter(|field| field.key == len(number)).last())
}

/// Checked on arrival; the default is for bytes that were not.
pub(super) fn text(field: Option<Field<'_>>) -> &str {
    field.map_or("", |field| std::str::from_utf8(field.payload).unwrap_or_default())
}

fn number(body: &[u8], key: u32) -> u64 {
    let values = Fields::of(body).filter(|field| field.key == key);
    values.last().map_or(0, |field| field.value)
}

const fn len(number: u32) -> u32 {
    number << 3 | wire::LEN
}

const fn int(number: u32) -> u32 {
    number << 3 | wire::VARINT
}
