//! What only spans have.

use super::super::reader::{Fields, wire};
use super::super::views::{EventView, LinkView, SpanView, StatusView};
use super::super::writer::{put_bytes, put_int};
use super::{Amendment, Piece, SpanEdit};

const LINKS: u32 = 13;
const STATUS: u32 = 15;
const FLAGS: u32 = 16;

impl<'a> SpanView<'a> {
    /// Begins to edit this span.
    pub fn amend(self) -> SpanEdit<'a> {
        Amendment::new(self)
    }
}

/// What it is now, edits included.
impl SpanEdit<'_> {
    /// The span as it is now, encoded, without the key and length around it.
    pub fn encoded(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.put(&mut body);
        body
    }

    /// 16 bytes.
    pub fn trace_id(&self) -> &[u8] {
        self.bytes(1)
    }

    /// 8 bytes.
    pub fn span_id(&self) -> &[u8] {
        self.bytes(2)
    }

    /// The W3C trace state.
    pub fn trace_state(&self) -> &str {
        self.text(3)
    }

    /// Empty for a root span; of any length, as the sender had it.
    pub fn parent_span_id(&self) -> &[u8] {
        self.bytes(4)
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.text(5)
    }

    /// `SPAN_KIND_*` as a number.
    pub fn kind(&self) -> i32 {
        self.int(6) as i32
    }

    /// When it began, in nanoseconds since 1970.
    pub fn start_time_unix_nano(&self) -> u64 {
        self.fixed64(7)
    }

    /// When it ended, in nanoseconds since 1970.
    pub fn end_time_unix_nano(&self) -> u64 {
        self.fixed64(8)
    }

    /// Attributes that the sender dropped.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.int(10) as u32
    }

    /// The events in order.
    pub fn events(&self) -> impl Iterator<Item = EventView<'_>> {
        self.messages(11).map(EventView::new)
    }

    /// Events that the sender dropped.
    pub fn dropped_events_count(&self) -> u32 {
        self.int(12) as u32
    }

    /// The links in order.
    pub fn links(&self) -> impl Iterator<Item = LinkView<'_>> {
        self.messages(LINKS).map(LinkView::new)
    }

    /// Links that the sender dropped.
    pub fn dropped_links_count(&self) -> u32 {
        self.int(14) as u32
    }

    /// How the span ended.
    pub fn status(&self) -> StatusView<'_> {
        StatusView::of(self.messages(STATUS))
    }

    /// The W3C trace flags and whether the parent is remote.
    pub fn flags(&self) -> u32 {
        self.fixed32(FLAGS)
    }
}

/// Edits.
impl SpanEdit<'_> {
    /// Sets the trace id.
    pub fn set_trace_id(&mut self, id: [u8; 16]) {
        self.set(1, &id);
    }

    /// Sets the span's own id.
    pub fn set_span_id(&mut self, id: [u8; 8]) {
        self.set(2, &id);
    }

    /// Sets the W3C trace state.
    pub fn set_trace_state(&mut self, state: &str) {
        self.set(3, state.as_bytes());
    }

    /// Sets the parent's id; none makes a root span.
    pub fn set_parent_span_id(&mut self, id: Option<[u8; 8]>) {
        self.set(4, id.as_ref().map_or(&[][..], |id| id));
    }

    /// Renames the span.
    pub fn set_name(&mut self, name: &str) {
        self.set(5, name.as_bytes());
    }

    /// Sets `SPAN_KIND_*`, as a number.
    pub fn set_kind(&mut self, kind: i32) {
        self.set_int(6, i64::from(kind) as u64);
    }

    /// Sets when the span began, in nanoseconds since 1970.
    pub fn set_start_time(&mut self, nanos: u64) {
        self.set_fixed64(7, nanos);
    }

    /// Sets when the span ended, in nanoseconds since 1970.
    pub fn set_end_time(&mut self, nanos: u64) {
        self.set_fixed64(8, nanos);
    }

    /// Says how many attributes were dropped before.
    pub fn set_dropped_attributes_count(&mut self, count: u32) {
        self.set_int(10, u64::from(count));
    }

    /// Says how many events were dropped before.
    pub fn set_dropped_events_count(&mut self, count: u32) {
        self.set_int(12, u64::from(count));
    }

    /// Puts these in the place of all links: each as [`LinkView::bytes`] has it.
    pub fn set_links<B: AsRef<[u8]>>(&mut self, bodies: impl IntoIterator<Item = B>) {
        self.set_messages(LINKS, bodies);
    }

    /// Says how many links were dropped before.
    pub fn set_dropped_links_count(&mut self, count: u32) {
        self.set_int(14, u64::from(count));
    }

    /// Sets how the span ended: `STATUS_CODE_*` as a number, and a message.
    pub fn set_status(&mut self, code: i32, message: &str) {
        let mut status = Vec::new();
        for body in self.messages(STATUS) {
            let unknown = Fields::of(body).filter(|field| !matches!(field.number(), 2 | 3));
            unknown.for_each(|field| status.extend_from_slice(field.raw));
        }
        if !message.is_empty() {
            put_bytes(&mut status, 2, message.as_bytes());
        }
        if code != 0 {
            put_int(&mut status, 3, i64::from(code) as u64);
        }
        self.set(STATUS, &status);
    }

    /// Sets the W3C trace flags and whether the parent is remote.
    pub fn set_flags(&mut self, flags: u32) {
        self.set_fixed32(FLAGS, flags);
    }

    /// Puts these in the place of all messages of this field.
    pub(super) fn set_messages<B: AsRef<[u8]>>(&mut self, number: u32, bodies: impl IntoIterator<Item = B>) {
        self.open();
        let fields: Vec<Piece> = bodies
            .into_iter()
            .map(|body| self.write_bytes(number, body.as_ref()))
            .collect();
        self.replace_all(number << 3 | wire::LEN, fields);
    }
}
