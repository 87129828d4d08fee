//! What only spans and events have.

use super::super::Decision;
use super::super::reader::{Field, Fields, wire};
use super::super::views::{EventView, LinkView, SpanView, StatusView, text};
use super::super::writer::{put_bytes, put_fixed64, put_int};
use super::{Amendment, EventEdit, SpanEdit};

impl<'a> SpanView<'a> {
    /// Begins to edit this span.
    pub fn amend(self) -> SpanEdit<'a> {
        Amendment::new(self)
    }
}

impl SpanEdit<'_> {
    /// The span as it is now, encoded, without the key and length around it.
    pub fn encoded(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.put(&mut body);
        body
    }

    /// 16 bytes.
    pub fn trace_id(&self) -> &[u8] {
        self.view.trace_id()
    }

    /// 8 bytes.
    pub fn span_id(&self) -> &[u8] {
        self.view.span_id()
    }

    /// The W3C trace state, edits included.
    pub fn trace_state(&self) -> &str {
        match self.opened {
            false => self.view.trace_state(),
            true => text(self.last(3 << 3 | wire::LEN)),
        }
    }

    /// The name, edits included.
    pub fn name(&self) -> &str {
        match self.opened {
            false => self.view.name(),
            true => text(self.last(5 << 3 | wire::LEN)),
        }
    }

    /// `SPAN_KIND_*` as a number, edits included.
    pub fn kind(&self) -> i32 {
        match self.opened {
            false => self.view.kind(),
            true => self
                .last(6 << 3 | wire::VARINT)
                .map_or(0, |field| field.value as i32),
        }
    }

    /// How the span ended, edits included.
    pub fn status(&self) -> StatusView<'_> {
        StatusView::of(self.messages(15))
    }

    /// The events in order, edits included.
    pub fn events(&self) -> impl Iterator<Item = EventView<'_>> {
        self.messages(11).map(EventView::new)
    }

    /// The links in order, edits included.
    pub fn links(&self) -> impl Iterator<Item = LinkView<'_>> {
        self.messages(13).map(LinkView::new)
    }

    /// Renames the span.
    pub fn set_name(&mut self, name: &str) {
        self.set(5, name.as_bytes());
    }

    /// Sets the W3C trace state.
    pub fn set_trace_state(&mut self, state: &str) {
        self.set(3, state.as_bytes());
    }

    /// Sets when the span began, in nanoseconds since 1970.
    pub fn set_start_time(&mut self, nanos: u64) {
        self.set_time(7, nanos);
    }

    /// Sets when the span ended, in nanoseconds since 1970.
    pub fn set_end_time(&mut self, nanos: u64) {
        self.set_time(8, nanos);
    }

    /// Sets how the span ended: `STATUS_CODE_*` as a number, and a message.
    pub fn set_status(&mut self, code: i32, message: &str) {
        let mut status = Vec::new();
        for body in self.messages(15) {
            let unknown = Fields::of(body).filter(|field| !matches!(field.number(), 2 | 3));
            unknown.for_each(|field| status.extend_from_slice(field.raw));
        }
        if !message.is_empty() {
            put_bytes(&mut status, 2, message.as_bytes());
        }
        if code != 0 {
            put_int(&mut status, 3, i64::from(code) as u64);
        }
        self.set(15, &status);
    }

    /// Edits the events in order; one that `edit` drops goes.
    pub fn edit_events(&mut self, mut edit: impl FnMut(&mut EventEdit<'_>) -> Decision) {
        let mut changes: Vec<(usize, Option<Vec<u8>>)> = Vec::new();
        for (number, event) in self.events().enumerate() {
            let mut event = Amendment::new(event);
            match edit(&mut event) {
                Decision::Drop => changes.push((number, None)),
                Decision::Keep if event.is_changed() => {
                    let mut body = Vec::new();
                    event.put(&mut body);
                    changes.push((number, Some(body)));
                }
                Decision::Keep => {}
            }
        }
        if !changes.is_empty() {
            self.change_events(changes);
        }
    }

    /// By number of the event: what takes its place, or nothing.
    fn change_events(&mut self, changes: Vec<(usize, Option<Vec<u8>>)>) {
        self.open();
        let mut changes = changes.into_iter().peekable();
        let mut number = 0..;
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in std::mem::take(&mut self.pieces) {
            if piece.key != 11 << 3 | wire::LEN {
                pieces.push(piece);
                continue;
            }
            let number = number.next().unwrap_or_default();
            match changes.next_if(|(changed, _)| *changed == number) {
                None => pieces.push(piece),
                Some((_, None)) => self.edits += 1,
                Some((_, Some(body))) => {
                    pieces.push(self.write(11, body.len(), |out| out.extend_from_slice(&body)));
                }
            }
        }
        self.pieces = pieces;
    }

    fn set_time(&mut self, number: u32, nanos: u64) {
        self.open();
        let key = number << 3 | wire::FIXED64;
        let field = self.write_plain(key, |out| put_fixed64(out, number, nanos));
        self.place(number, Some(field));
    }

    /// The last of a singular field.
    fn last(&self, key: u32) -> Option<Field<'_>> {
        let piece = self.pieces.iter().rfind(|piece| piece.key == key)?;
        self.field(piece)
    }
}
