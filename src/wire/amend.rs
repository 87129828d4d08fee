//! Edits to one span, event, resource or scope. What is not edited keeps its bytes and its order.
//!
//! Attributes are an ordered list in which a key may occur more than once, as the Collector has it: reading and
//! writing mean the first of a key, a new one goes to the end, and where one is removed the last takes its place.

mod attributes;
mod each;
mod event;
mod header;
mod message;
mod singular;
mod span;

use std::cell::OnceCell;
use std::ops::Range;

use super::reader::{Field, Fields, Reader, plain_pair, position, wire};
use super::values::ValueView;
use super::views::{AttributeView, EventView, ResourceView, ScopeView, SpanView};
use super::writer::{put_key, put_varint};

pub use each::Change;
pub use message::{Header, Message};
use singular::Outline;

/// Edits being made to what the view `V` shows. Nothing is copied before the first edit.
#[derive(Clone, Debug)]
pub struct Amendment<'a, V> {
    view: V,
    /// What the pieces that stay are ranges of.
    body: &'a [u8],
    /// All fields, once the first edit was made.
    pieces: Vec<Piece>,
    /// The fields that edits have written.
    written: Vec<u8>,
    opened: bool,
    /// How many edits were made.
    edits: u32,
    /// The new one, where it was set.
    schema_url: Option<String>,
    /// Where the fields of a message in one piece are, before the first edit; found when first asked for.
    outline: OnceCell<Outline>,
}

/// A resource being edited.
pub type ResourceEdit<'a> = Amendment<'a, ResourceView<'a>>;

/// A scope being edited.
pub type ScopeEdit<'a> = Amendment<'a, ScopeView<'a>>;

/// A span being edited.
pub type SpanEdit<'a> = Amendment<'a, SpanView<'a>>;

/// An event being edited.
pub type EventEdit<'a> = Amendment<'a, EventView<'a>>;

/// One field of the message: a range of the body, or of what was written.
#[derive(Clone, Copy, Debug)]
struct Piece {
    key: u32,
    is_written: bool,
    /// Bytes of an attribute's key, where it is plain and so comes first; [`NOT_PLAIN`] otherwise.
    key_len: u8,
    start: u32,
    /// Where the payload of a length-delimited field begins.
    payload: u32,
    end: u32,
}

/// Room for the fields that most messages have, and for the bytes that most edits write.
const USUAL_FIELDS: usize = 32;
const USUAL_EDITS: usize = 256;

/// Longer than the key of a plain attribute can be.
const NOT_PLAIN: u8 = 0xff;

// === impl Amendment ===

impl<'a, V: Message<'a>> Amendment<'a, V> {
    /// Begins to edit what `view` shows.
    pub fn new(view: V) -> Self {
        Self {
            view,
            body: view.whole(),
            pieces: Vec::new(),
            written: Vec::new(),
            opened: false,
            edits: 0,
            schema_url: None,
            outline: OnceCell::new(),
        }
    }

    /// Begins to edit another one, in the same buffers.
    pub(super) fn turn_to(&mut self, view: V) {
        self.view = view;
        self.body = view.whole();
        self.pieces.clear();
        self.written.clear();
        self.opened = false;
        self.edits = 0;
        self.schema_url = None;
        self.outline.take();
    }

    /// What is being edited, as it was before.
    pub fn before(&self) -> V {
        self.view
    }

    /// Whether anything was edited so far.
    pub fn is_changed(&self) -> bool {
        self.edits > 0
    }

    /// A number that grows with each edit.
    pub fn edits(&self) -> u32 {
        self.edits
    }

    /// The attributes in order, edits included.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeView<'_>> {
        self.messages(V::ATTRIBUTES).map(AttributeView::new)
    }

    /// The value of the first attribute with this key, edits included.
    pub fn attribute(&self, key: &str) -> Option<ValueView<'_>> {
        self.pair(key).map(AttributeView::value)
    }

    /// The first attribute with this key, edits included.
    pub fn pair(&self, key: &str) -> Option<AttributeView<'_>> {
        match self.opened {
            false => self.view.find(key),
            true => {
                let piece = self.pieces.get(self.find(key)?)?;
                Some(AttributeView::new(self.payload(piece)))
            }
        }
    }

    /// Bytes of the message as it is now.
    pub(super) fn len(&self) -> usize {
        match self.opened {
            false => self.view.bodies().map(<[u8]>::len).sum(),
            true => self
                .pieces
                .iter()
                .map(|piece| (piece.end - piece.start) as usize)
                .sum(),
        }
    }

    /// Appends the message as it is now.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        if !self.opened {
            return self.view.bodies().for_each(|body| out.extend_from_slice(body));
        }
        // Pieces that lie side by side are copied at once.
        let mut pieces = self.pieces.iter().peekable();
        while let Some(first) = pieces.next() {
            let mut end = first.end;
            while let Some(next) =
                pieces.next_if(|next| next.is_written == first.is_written && next.start == end)
            {
                end = next.end;
            }
            out.extend_from_slice(self.slice(first.is_written, first.start..end));
        }
    }

    /// The fields as they are now.
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let before = (!self.opened).then(|| self.view.bodies().flat_map(Fields::of));
        let before = before
            .into_iter()
            .flatten()
            .map(|field: Field<'a>| -> Field<'_> { field });
        let now = self.pieces.iter().filter_map(|piece| self.field(piece));
        before.chain(now)
    }

    /// The bodies of a message field, in order.
    fn messages(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        let wanted = number << 3 | wire::LEN;
        self.fields()
            .filter(move |field| field.key == wanted)
            .map(|field| field.payload)
    }

    fn is_attribute(piece: &Piece) -> bool {
        piece.key == V::ATTRIBUTES << 3 | wire::LEN
    }

    /// Which piece is the first attribute with this key, once opened.
    fn find(&self, key: &str) -> Option<usize> {
        self.pieces.iter().position(|piece| match piece.key_len {
            NOT_PLAIN => Self::is_attribute(piece) && AttributeView::new(self.payload(piece)).is(key),
            key_len => {
                usize::from(key_len) == key.len()
                    && self.payload(piece).get(2..2 + key.len()) == Some(key.as_bytes())
            }
        })
    }

    /// The same, opened only where there is one.
    fn open_at(&mut self, key: &str) -> Option<usize> {
        if !self.opened {
            self.view.find(key)?;
            self.open();
        }
        self.find(key)
    }

    /// Takes the message apart, before the first edit.
    fn open(&mut self) {
        if self.opened {
            return;
        }
        self.opened = true;
        if self.pieces.capacity() == 0 {
            self.pieces.reserve(USUAL_FIELDS);
            self.written.reserve(USUAL_EDITS);
        }
        let fields = self.view.bodies().flat_map(Fields::of);
        self.pieces.extend(fields.map(|field| {
            let Range { start, end } = position(self.body, field.raw);
            Piece {
                key: field.key,
                is_written: false,
                key_len: Self::plain_key_len(field.key, field.payload),
                start: start as u32,
                payload: (end - field.payload.len()) as u32,
                end: end as u32,
            }
        }));
    }

    /// What [`Piece::key_len`] is.
    fn plain_key_len(key: u32, payload: &[u8]) -> u8 {
        match plain_pair(payload) {
            Some((name, _)) if key == V::ATTRIBUTES << 3 | wire::LEN => name.len() as u8,
            _ => NOT_PLAIN,
        }
    }

    fn slice(&self, is_written: bool, range: Range<u32>) -> &[u8] {
        let from: &[u8] = if is_written { &self.written } else { self.body };
        let range = range.start as usize..range.end as usize;
        from.get(range).unwrap_or_default()
    }

    /// The content of a length-delimited field.
    fn payload(&self, piece: &Piece) -> &[u8] {
        self.slice(piece.is_written, piece.payload..piece.end)
    }

    fn field(&self, piece: &Piece) -> Option<Field<'_>> {
        Reader::new(self.slice(piece.is_written, piece.start..piece.end))
            .field()
            .ok()
    }

    /// Writes a length-delimited field whose content, of `len` bytes, `put` writes.
    fn write(&mut self, number: u32, len: usize, put: impl FnOnce(&mut Vec<u8>)) -> Piece {
        let start = self.written.len() as u32;
        put_key(&mut self.written, number, wire::LEN);
        put_varint(&mut self.written, len as u64);
        let payload = self.written.len() as u32;
        put(&mut self.written);
        self.edits += 1;
        let (key, written) = (number << 3 | wire::LEN, self.written.get(payload as usize..));
        Piece {
            key,
            is_written: true,
            key_len: Self::plain_key_len(key, written.unwrap_or_default()),
            start,
            payload,
            end: self.written.len() as u32,
        }
    }

    /// Writes a length-delimited field with this content.
    fn write_bytes(&mut self, number: u32, content: &[u8]) -> Piece {
        self.write(number, content.len(), |out| out.extend_from_slice(content))
    }

    /// Puts these in the place of all fields of this kind.
    fn replace_all(&mut self, key: u32, fields: Vec<Piece>) {
        let is_it = |piece: &Piece| piece.key == key;
        let first = self.pieces.iter().position(is_it);
        let at = first.unwrap_or(self.pieces.len());
        self.pieces.retain(|piece| !is_it(piece));
        self.pieces.splice(at..at, fields);
        self.edits += 1;
    }
}
