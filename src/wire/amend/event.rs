//! What only events have, and the edits of a span's events.

use super::super::Decision;
use super::super::reader::wire;
use super::super::views::EventView;
use super::{Amendment, EventEdit, Piece, SpanEdit};

const EVENTS: u32 = 11;

impl<'a> EventView<'a> {
    /// Begins to edit this event.
    pub fn amend(self) -> EventEdit<'a> {
        Amendment::new(self)
    }
}

// === impl EventEdit ===

impl EventEdit<'_> {
    /// The event as it is now, encoded, without the key and length around it.
    pub fn encoded(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.put(&mut body);
        body
    }

    /// When it happened, in nanoseconds since 1970, edits included.
    pub fn time_unix_nano(&self) -> u64 {
        self.fixed64(1)
    }

    /// Sets when it happened, in nanoseconds since 1970.
    pub fn set_time(&mut self, nanos: u64) {
        self.set_fixed64(1, nanos);
    }

    /// The name, edits included.
    pub fn name(&self) -> &str {
        self.text(2)
    }

    /// Renames the event.
    pub fn set_name(&mut self, name: &str) {
        self.set(2, name.as_bytes());
    }

    /// Attributes that the sender dropped, edits included.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.int(4) as u32
    }

    /// Says how many attributes were dropped before.
    pub fn set_dropped_attributes_count(&mut self, count: u32) {
        self.set_int(4, u64::from(count));
    }
}

// === impl SpanEdit ===

impl SpanEdit<'_> {
    /// Edits the events in order; one that `edit` drops goes. `edit` is given the event with its number, and the span as
    /// it is before any of these edits.
    pub fn edit_events(
        &mut self,
        mut edit: impl FnMut(&SpanEdit<'_>, usize, &mut EventEdit<'_>) -> Decision,
    ) {
        let mut changes: Vec<(usize, Option<Vec<u8>>)> = Vec::new();
        // One amendment is used again for all of them, so that its buffers are.
        let mut event = EventView::over(&[]).amend();
        for (number, view) in self.events().enumerate() {
            event.turn_to(view);
            match edit(self, number, &mut event) {
                Decision::Drop => changes.push((number, None)),
                Decision::Keep if event.is_changed() => changes.push((number, Some(event.encoded()))),
                Decision::Keep => {}
            }
        }
        if !changes.is_empty() {
            self.change_events(changes);
        }
    }

    /// A copy of the event of this number, to be edited while the span is, and put back with [`Self::replace_event`].
    /// Each of the two takes as long as the span has fields.
    pub fn event_body(&self, number: usize) -> Option<Vec<u8>> {
        self.messages(EVENTS).nth(number).map(<[u8]>::to_vec)
    }

    /// Puts this body in the place of the event of this number; none removes it, so that the next has its number.
    pub fn replace_event(&mut self, number: usize, body: Option<&[u8]>) {
        self.open();
        let events = self.pieces.iter().enumerate();
        let mut events = events.filter(|(_, piece)| piece.key == EVENTS << 3 | wire::LEN);
        let Some((at, _)) = events.nth(number) else {
            return;
        };
        match body {
            Some(body) => {
                let field = self.write_bytes(EVENTS, body);
                if let Some(place) = self.pieces.get_mut(at) {
                    *place = field;
                }
            }
            None => {
                self.pieces.remove(at);
                self.edits += 1;
            }
        }
    }

    /// Puts these in the place of all events: each as [`EventView::bytes`] has it.
    pub fn set_events<B: AsRef<[u8]>>(&mut self, bodies: impl IntoIterator<Item = B>) {
        self.set_messages(EVENTS, bodies);
    }

    /// By number of the event: what takes its place, or nothing.
    fn change_events(&mut self, changes: Vec<(usize, Option<Vec<u8>>)>) {
        self.open();
        let mut changes = changes.into_iter().peekable();
        let mut number = 0..;
        let mut pieces: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in std::mem::take(&mut self.pieces) {
            if piece.key != EVENTS << 3 | wire::LEN {
                pieces.push(piece);
                continue;
            }
            let number = number.next().unwrap_or_default();
            match changes.next_if(|(changed, _)| *changed == number) {
                None => pieces.push(piece),
                Some((_, None)) => self.edits += 1,
                Some((_, Some(body))) => pieces.push(self.write_bytes(EVENTS, &body)),
            }
        }
        self.pieces = pieces;
    }
}
