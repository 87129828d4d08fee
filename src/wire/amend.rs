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
#[cfg(test)]
mod tests;

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use super::reader::{Extent, Extents, Fields, plain_pair, position, wire};
use super::values::ValueView;
use super::views::{AttributeView, EventView, ResourceView, ScopeView, SpanView};
use super::writer::{put_key, put_varint};

pub use each::Change;
pub use message::{Header, Message};

/// Edits being made to what the view `V` shows. Nothing is copied before the first edit.
#[derive(Clone, Debug)]
pub struct Amendment<'a, V> {
    view: V,
    /// What the pieces that stay are ranges of.
    body: &'a [u8],
    /// All fields as they came; found when one is first asked for, where that is worth it.
    found: OnceCell<Vec<Piece>>,
    /// All fields as they are, once the first edit was made.
    pieces: Vec<Piece>,
    /// A buffer for either, used before.
    spare: RefCell<Vec<Piece>>,
    /// The fields that edits have written, and what later edits took the place of.
    written: Vec<u8>,
    /// How long that may get before what is in use is gathered.
    gather_at: usize,
    opened: bool,
    /// How many edits were made.
    edits: u32,
    /// The new one, where it was set.
    schema_url: Option<String>,
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
    start: u32,
    end: u32,
    /// Bytes before the payload of a length-delimited field.
    head: u8,
    /// Bytes of an attribute's key, where it is plain and so comes first; [`NOT_PLAIN`] or [`NO_ATTRIBUTE`] otherwise.
    key_len: u8,
    is_written: bool,
}

/// Room for the fields that most messages have, and for the bytes that most edits write.
const USUAL_FIELDS: usize = 32;
const USUAL_EDITS: usize = 256;

/// Written bytes that are not worth gathering.
const MIN_GATHERED: usize = 1 << 20;

/// Bytes of the longest message whose fields are remembered when one is asked for: what they take has a bound.
const MAX_FOUND: usize = 64 << 10;

/// One more than the key of a plain attribute can have.
const TOO_LONG: u8 = 0x80;
/// The field is no attribute.
const NO_ATTRIBUTE: u8 = 0xfe;
/// It is an attribute that takes the general way.
const NOT_PLAIN: u8 = 0xff;

// === impl Amendment ===

impl<'a, V: Message<'a>> Amendment<'a, V> {
    /// Begins to edit what `view` shows.
    pub fn new(view: V) -> Self {
        Self {
            view,
            body: view.whole(),
            found: OnceCell::new(),
            pieces: Vec::new(),
            spare: RefCell::default(),
            written: Vec::new(),
            gather_at: MIN_GATHERED,
            opened: false,
            edits: 0,
            schema_url: None,
        }
    }

    /// Begins to edit another one, in the same buffers.
    pub(super) fn turn_to(&mut self, view: V) {
        self.view = view;
        self.body = view.whole();
        let used = match self.opened {
            true => Some(std::mem::take(&mut self.pieces)),
            false => self.found.take(),
        };
        if let Some(mut used) = used {
            used.clear();
            *self.spare.get_mut() = used;
        }
        self.written.clear();
        self.gather_at = MIN_GATHERED;
        self.opened = false;
        self.edits = 0;
        self.schema_url = None;
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
        match self.known() {
            Some(pieces) => {
                let piece = pieces.get(self.first(pieces, key)?)?;
                Some(AttributeView::new(self.payload(piece)))
            }
            None => self.view.find(key),
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

    /// The fields as they are now, unless they are better looked for each time: those of what stands above spans, which is
    /// shown anew to each of them, and those of a large message.
    #[inline]
    fn known(&self) -> Option<&[Piece]> {
        match self.opened {
            true => Some(&self.pieces),
            false if V::IS_WHOLE && self.body.len() <= MAX_FOUND => {
                Some(self.found.get_or_init(|| self.taken_apart()))
            }
            false => None,
        }
    }

    /// The bodies of a message field, in order.
    fn messages(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        let wanted = number << 3 | wire::LEN;
        let known = self.known();
        let now = known.unwrap_or_default().iter();
        let now = now
            .filter(move |piece| piece.key == wanted)
            .map(|piece| self.payload(piece));
        let came = known.is_none().then(|| self.view.bodies().flat_map(Fields::of));
        let came = came.into_iter().flatten();
        let came = came.filter(move |field| field.key == wanted);
        now.chain(came.map(|field| field.payload))
    }

    fn is_attribute(piece: &Piece) -> bool {
        piece.key == V::ATTRIBUTES << 3 | wire::LEN
    }

    /// Which of these pieces is the first attribute with this key.
    fn first(&self, pieces: &[Piece], key: &str) -> Option<usize> {
        let plain_len = key.len().min(usize::from(TOO_LONG)) as u8;
        pieces.iter().position(|piece| match piece.key_len {
            len if len == plain_len => self.payload(piece).get(2..2 + key.len()) == Some(key.as_bytes()),
            NOT_PLAIN => AttributeView::new(self.payload(piece)).is(key),
            _ => false,
        })
    }

    /// Which piece is the first attribute with this key; opened only where there is one.
    fn open_at(&mut self, key: &str) -> Option<usize> {
        let at = match self.known() {
            Some(pieces) => Some(self.first(pieces, key)?),
            None => {
                self.view.find(key)?;
                None
            }
        };
        self.open();
        at.or_else(|| self.first(&self.pieces, key))
    }

    /// Takes the message apart, before the first edit. All edits begin with this.
    fn open(&mut self) {
        if self.opened {
            if self.written.len() > self.gather_at {
                self.gather();
            }
            return;
        }
        self.pieces = self.found.take().unwrap_or_else(|| self.taken_apart());
        self.opened = true;
    }

    /// Forgets what is written and no longer in use: edits of one field over and over take no more than twice what is there.
    fn gather(&mut self) {
        let mut pieces = std::mem::take(&mut self.pieces);
        let mut gathered = Vec::new();
        for piece in pieces.iter_mut().filter(|piece| piece.is_written) {
            let bytes = self.slice(true, piece.start..piece.end);
            piece.start = gathered.len() as u32;
            gathered.extend_from_slice(bytes);
            piece.end = gathered.len() as u32;
        }
        self.gather_at = (2 * gathered.len()).max(MIN_GATHERED);
        (self.pieces, self.written) = (pieces, gathered);
    }

    /// All fields as they came.
    fn taken_apart(&self) -> Vec<Piece> {
        let mut pieces = self.spare.take();
        pieces.reserve(USUAL_FIELDS);
        for body in self.view.bodies() {
            let mut start = position(self.body, body).start as u32;
            for Extent { key, head, raw } in Extents::of(body) {
                let end = start + raw.len() as u32;
                let is_attribute = key == V::ATTRIBUTES << 3 | wire::LEN;
                pieces.push(Piece {
                    key,
                    start,
                    end,
                    head,
                    key_len: match is_attribute {
                        true => plain_key_len(raw.get(usize::from(head)..).unwrap_or_default()),
                        false => NO_ATTRIBUTE,
                    },
                    is_written: false,
                });
                start = end;
            }
        }
        pieces
    }

    fn slice(&self, is_written: bool, range: Range<u32>) -> &[u8] {
        let from: &[u8] = if is_written { &self.written } else { self.body };
        let range = range.start as usize..range.end as usize;
        from.get(range).unwrap_or_default()
    }

    /// The content of a length-delimited field.
    fn payload(&self, piece: &Piece) -> &[u8] {
        self.slice(piece.is_written, piece.start + u32::from(piece.head)..piece.end)
    }

    /// Writes a length-delimited field whose content, of `len` bytes, `put` writes.
    fn write(&mut self, number: u32, len: usize, put: impl FnOnce(&mut Vec<u8>)) -> Piece {
        if self.written.capacity() == 0 {
            self.written.reserve(USUAL_EDITS);
        }
        let start = self.written.len();
        put_key(&mut self.written, number, wire::LEN);
        put_varint(&mut self.written, len as u64);
        let payload = self.written.len();
        put(&mut self.written);
        self.edits += 1;
        let written = self.written.get(payload..).unwrap_or_default();
        Piece {
            key: number << 3 | wire::LEN,
            start: start as u32,
            end: self.written.len() as u32,
            head: (payload - start) as u8,
            key_len: match number == V::ATTRIBUTES {
                true => plain_key_len(written),
                false => NO_ATTRIBUTE,
            },
            is_written: true,
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

/// What [`Piece::key_len`] is for an attribute.
#[inline]
fn plain_key_len(attribute: &[u8]) -> u8 {
    plain_pair(attribute).map_or(NOT_PLAIN, |(key, _)| key.len() as u8)
}
