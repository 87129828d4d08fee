//! A span, its events and its links.

use super::super::reader::{Fields, wire};
use super::super::values::ValueView;
use super::{AttributeView, bytes, find, int, messages, number, string, text};

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

/// How a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusView<'a> {
    /// `STATUS_CODE_*` as a number: 0 unset, 1 ok, 2 error.
    pub code: i32,
    /// The sender's words about an error.
    pub message: &'a str,
}

// === impl SpanView ===

impl<'a> SpanView<'a> {
    /// The span of a body that was checked once; other bytes read as defaults.
    pub fn over(body: &'a [u8]) -> Self {
        Self::new(body)
    }

    pub(in crate::wire) fn new(body: &'a [u8]) -> Self {
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
        messages(self.body, 11).map(EventView::new)
    }

    /// Events that the sender dropped.
    pub fn dropped_events_count(self) -> u32 {
        number(self.body, int(12)) as u32
    }

    /// The span's links, in order.
    pub fn links(self) -> impl Iterator<Item = LinkView<'a>> {
        messages(self.body, 13).map(LinkView::new)
    }

    /// Links that the sender dropped.
    pub fn dropped_links_count(self) -> u32 {
        number(self.body, int(14)) as u32
    }

    /// How the span ended; unset when the sender did not say.
    pub fn status(self) -> StatusView<'a> {
        StatusView::of(messages(self.body, 15))
    }
}

// === impl StatusView ===

impl<'a> StatusView<'a> {
    /// The status that these bodies make together.
    pub(in crate::wire) fn of(bodies: impl Iterator<Item = &'a [u8]>) -> Self {
        let fields = bodies.flat_map(Fields::of);
        fields.fold(Self::default(), |status, field| match field.key {
            0x12 => Self {
                message: text(Some(field)),
                ..status
            },
            0x18 => Self {
                code: field.value as i32,
                ..status
            },
            _ => status,
        })
    }
}

// === impl EventView ===

impl<'a> EventView<'a> {
    /// The event of a body that was checked once; other bytes read as defaults.
    pub fn over(body: &'a [u8]) -> Self {
        Self::new(body)
    }

    pub(in crate::wire) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The encoded event, without the key and length around it.
    pub fn bytes(self) -> &'a [u8] {
        self.body
    }

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
    pub(in crate::wire) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The encoded link, without the key and length around it.
    pub fn bytes(self) -> &'a [u8] {
        self.body
    }

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
