//! Borrowing views of resources, scopes and spans: read in place, nothing decoded before it is asked for.
//!
//! Protobuf's rules for repeated parts hold: the last of a repeated scalar counts, repeated singular
//! messages merge. What is absent reads as its default, as with `prost`.

use super::reader::{Field, Fields, wire};
use super::values::{self, ValueView};

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

/// A span.
#[derive(Clone, Copy, Debug)]
pub struct SpanView<'a> {
    body: &'a [u8],
}

/// An event of a span.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    body: &'a [u8],
}

/// A link of a span.
#[derive(Clone, Copy, Debug)]
pub struct LinkView<'a> {
    body: &'a [u8],
}

/// An attribute: a key and a value.
#[derive(Clone, Copy, Debug)]
pub struct AttributeView<'a> {
    body: &'a [u8],
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusView<'a> {
    /// `STATUS_CODE_*` as a number: 0 unset, 1 ok, 2 error.
    pub code: i32,
    /// The sender's words about an error.
    pub message: &'a str,
}

// === impl ResourceView ===

impl<'a> ResourceView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The bodies of the resource; more than one where it came in parts.
    pub(super) fn parts(self) -> impl Iterator<Item = &'a [u8]> {
        messages(self.body, 1)
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
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
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

// === impl SpanView ===

impl<'a> SpanView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The encoded span, without the key and length around it.
    pub fn bytes(self) -> &'a [u8] {
        self.body
    }

    /// 16 bytes.
    pub fn trace_id(self) -> &'a [u8] {
        bytes(self.body, 1)
    }

    /// 8 bytes.
    pub fn span_id(self) -> &'a [u8] {
        bytes(self.body, 2)
    }

    /// The W3C trace state.
    pub fn trace_state(self) -> &'a str {
        string(self.body, 3)
    }

    /// Empty for a root span; of any length, as the sender had it.
    pub fn parent_span_id(self) -> &'a [u8] {
        bytes(self.body, 4)
    }

    /// The W3C trace flags and whether the parent is remote.
    pub fn flags(self) -> u32 {
        number(self.body, 16 << 3 | wire::FIXED32) as u32
    }

    /// What the span is called.
    pub fn name(self) -> &'a str {
        string(self.body, 5)
    }

    /// `SPAN_KIND_*` as a number.
    pub fn kind(self) -> i32 {
        number(self.body, int(6)) as i32
    }

    /// Nanoseconds since 1970.
    pub fn start_time_unix_nano(self) -> u64 {
        number(self.body, 7 << 3 | wire::FIXED64)
    }

    /// Nanoseconds since 1970.
    pub fn end_time_unix_nano(self) -> u64 {
        number(self.body, 8 << 3 | wire::FIXED64)
    }

    /// The span's attributes, in order.
    pub fn attributes(self) -> impl Iterator<Item = AttributeView<'a>> {
        messages(self.body, 9).map(AttributeView::new)
    }

    /// The value of the first attribute with this key.
    pub fn attribute(self, key: &str) -> Option<ValueView<'a>> {
        find(self.attributes(), key)
    }

    /// Attributes that the sender dropped.
    pub fn dropped_attributes_count(self) -> u32 {
        number(self.body, int(10)) as u32
    }

    /// The span's events, in order.
    pub fn events(self) -> impl Iterator<Item = EventView<'a>> {
        messages(self.body, 11).map(|body| EventView { body })
    }

    /// Events that the sender dropped.
    pub fn dropped_events_count(self) -> u32 {
        number(self.body, int(12)) as u32
    }

    /// The span's links, in order.
    pub fn links(self) -> impl Iterator<Item = LinkView<'a>> {
        messages(self.body, 13).map(|body| LinkView { body })
    }

    /// Links that the sender dropped.
    pub fn dropped_links_count(self) -> u32 {
        number(self.body, int(14)) as u32
    }

    /// How the span ended; unset when the sender did not say.
    pub fn status(self) -> StatusView<'a> {
        let fields = messages(self.body, 15).flat_map(Fields::of);
        fields.fold(StatusView::default(), |status, field| match field.key {
            0x12 => StatusView {
                message: text(Some(field)),
                ..status
            },
            0x18 => StatusView {
                code: field.value as i32,
                ..status
            },
            _ => status,
        })
    }
}

// === impl EventView ===

impl<'a> EventView<'a> {
    /// Nanoseconds since 1970.
    pub fn time_unix_nano(self) -> u64 {
        number(self.body, 1 << 3 | wire::FIXED64)
    }

    /// What the event is called.
    pub fn name(self) -> &'a str {
        string(self.body, 2)
    }

    /// The event's attributes, in order.
    pub fn attributes(self) -> impl Iterator<Item = AttributeView<'a>> {
        messages(self.body, 3).map(AttributeView::new)
    }

    /// Attributes that the sender dropped.
    pub fn dropped_attributes_count(self) -> u32 {
        number(self.body, int(4)) as u32
    }
}

// === impl LinkView ===

impl<'a> LinkView<'a> {
    /// The linked span's trace id, as the sender had it.
    pub fn trace_id(self) -> &'a [u8] {
        bytes(self.body, 1)
    }

    /// The linked span's id, as the sender had it.
    pub fn span_id(self) -> &'a [u8] {
        bytes(self.body, 2)
    }

    /// The W3C trace state.
    pub fn trace_state(self) -> &'a str {
        string(self.body, 3)
    }

    /// The link's attributes, in order.
    pub fn attributes(self) -> impl Iterator<Item = AttributeView<'a>> {
        messages(self.body, 4).map(AttributeView::new)
    }

    /// Attributes that the sender dropped.
    pub fn dropped_attributes_count(self) -> u32 {
        number(self.body, int(5)) as u32
    }

    /// The W3C trace flags and whether the linked span is remote.
    pub fn flags(self) -> u32 {
        number(self.body, 6 << 3 | wire::FIXED32) as u32
    }
}

// === impl AttributeView ===

impl<'a> AttributeView<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The attribute's key.
    pub fn key(self) -> &'a str {
        string(self.body, 1)
    }

    /// Whether the key is this one.
    pub(super) fn is(self, key: &str) -> bool {
        bytes(self.body, 1) == key.as_bytes()
    }

    /// An index into a string table; it belongs to profiles and is only carried along.
    pub fn key_strindex(self) -> i32 {
        number(self.body, int(3)) as i32
    }

    /// The attribute's value.
    pub fn value(self) -> ValueView<'a> {
        values::merged(messages(self.body, 2))
    }
}

fn find<'a>(mut attributes: impl Iterator<Item = AttributeView<'a>>, key: &str) -> Option<ValueView<'a>> {
    attributes
        .find(|attribute| attribute.key() == key)
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
