//! Edits to one span, resource or scope. What is not edited keeps its bytes and its order.

use super::edit::Decision;
use super::reader::{Field, Fields};
use super::values::{self, Value, ValueView};
use super::views::{AttributeView, ResourceView, ScopeView, SpanView};
use super::writer::{put_bytes, put_fixed64, put_int};

/// Edits being made to what the view `V` shows.
///
/// An attribute that is written occurs once afterwards, and one that is deleted not at all, even where the
/// sender had its key twice.
#[derive(Clone, Debug)]
pub struct Amendment<'a, V> {
    view: V,
    /// The number of the field `attributes`.
    attributes: u32,
    pieces: Vec<Piece<'a>>,
    changed: bool,
}

/// Room for the fields that most spans have.
const USUAL_FIELDS: usize = 32;

/// One field of the message.
#[derive(Clone, Debug)]
enum Piece<'a> {
    Kept(Field<'a>),
    /// A length-delimited field.
    New {
        number: u32,
        payload: Vec<u8>,
    },
    /// A field of eight bytes.
    Fixed {
        number: u32,
        value: u64,
    },
}

impl<'a> SpanView<'a> {
    /// Begins to edit this span.
    pub fn amend(self) -> Amendment<'a, Self> {
        Amendment::new(self, 9, Fields::of(self.bytes()))
    }
}

impl<'a> ResourceView<'a> {
    /// Begins to edit this resource.
    pub fn amend(self) -> Amendment<'a, Self> {
        Amendment::new(self, 1, self.parts().flat_map(Fields::of))
    }
}

impl<'a> ScopeView<'a> {
    /// Begins to edit this scope.
    pub fn amend(self) -> Amendment<'a, Self> {
        Amendment::new(self, 3, self.parts().flat_map(Fields::of))
    }
}

// === impl Amendment ===

impl<'a, V: Copy> Amendment<'a, V> {
    fn new(view: V, attributes: u32, fields: impl Iterator<Item = Field<'a>>) -> Self {
        let mut pieces = Vec::with_capacity(USUAL_FIELDS);
        pieces.extend(fields.map(Piece::Kept));
        Self {
            view,
            attributes,
            pieces,
            changed: false,
        }
    }

    /// What is being edited, as it was before.
    pub fn before(&self) -> V {
        self.view
    }

    /// The value of the first attribute with this key, edits included.
    pub fn attribute(&self, key: &str) -> Option<ValueView<'_>> {
        let at = self.find(key)?;
        self.pieces
            .get(at)
            .map(|piece| AttributeView::new(piece.payload()).value())
    }

    /// Adds an attribute, unless there is one with this key.
    pub fn insert(&mut self, key: &str, value: &Value) {
        if self.find(key).is_none() {
            self.add(key, value);
        }
    }

    /// Changes the value of an attribute, if there is one with this key.
    pub fn update(&mut self, key: &str, value: &Value) {
        if let Some(at) = self.find(key) {
            self.change(at, key, value);
        }
    }

    /// Changes the value of an attribute, or adds it.
    pub fn upsert(&mut self, key: &str, value: &Value) {
        match self.find(key) {
            Some(at) => self.change(at, key, value),
            None => self.add(key, value),
        }
    }

    /// Removes an attribute.
    pub fn delete(&mut self, key: &str) {
        self.delete_where(|found| found.key() == key);
    }

    /// Removes the attributes that `unwanted` points out.
    pub fn delete_where(&mut self, mut unwanted: impl FnMut(AttributeView<'_>) -> bool) {
        let (before, number) = (self.pieces.len(), self.attributes);
        self.pieces
            .retain(|piece| piece.number() != number || !unwanted(AttributeView::new(piece.payload())));
        self.changed |= self.pieces.len() != before;
    }

    /// The decision that carries the edits out: [`Decision::Keep`] when there were none.
    pub fn decide(self) -> Decision {
        if !self.changed {
            return Decision::Keep;
        }
        let mut out = Vec::with_capacity(self.pieces.iter().map(Piece::bytes).sum());
        self.pieces.iter().for_each(|piece| piece.put(&mut out));
        Decision::Replace(out)
    }

    fn find(&self, key: &str) -> Option<usize> {
        let is_it = |piece: &Piece<'_>| {
            piece.number() == self.attributes && AttributeView::new(piece.payload()).is(key)
        };
        self.pieces.iter().position(is_it)
    }

    fn add(&mut self, key: &str, value: &Value) {
        let payload = values::key_value(key, value);
        self.pieces.push(Piece::New {
            number: self.attributes,
            payload,
        });
        self.changed = true;
    }

    /// Gives the attribute at `at` a new value and removes others of its key. Its unknown fields stay.
    fn change(&mut self, at: usize, key: &str, value: &Value) {
        let number = self.attributes;
        if let Some(piece) = self.pieces.get_mut(at) {
            let (mut payload, mut body) = (Vec::new(), Vec::new());
            let rest = Fields::of(piece.payload()).filter(|field| field.number() != 2);
            rest.for_each(|field| payload.extend_from_slice(field.raw));
            value.put(&mut body);
            put_bytes(&mut payload, 2, &body);
            *piece = Piece::New { number, payload };
        }
        let mut place = 0..;
        self.pieces.retain(|piece| {
            let further = place.next().is_some_and(|place| place > at);
            !(further && piece.number() == number && AttributeView::new(piece.payload()).is(key))
        });
        self.changed = true;
    }

    /// Sets a singular length-delimited field, where it was first or at the end.
    fn set(&mut self, number: u32, payload: Vec<u8>) {
        self.put(Piece::New { number, payload });
    }

    /// Puts a singular field where it was first or at the end.
    fn put(&mut self, field: Piece<'a>) {
        let number = field.number();
        let at = self.pieces.iter().position(|piece| piece.number() == number);
        self.pieces.retain(|piece| piece.number() != number);
        let at = at.unwrap_or(self.pieces.len());
        self.pieces.insert(at, field);
        self.changed = true;
    }
}

impl<'a> Amendment<'a, SpanView<'a>> {
    /// Renames the span.
    pub fn set_name(&mut self, name: &str) {
        self.set(5, name.into());
    }

    /// Sets when the span began, in nanoseconds since 1970.
    pub fn set_start_time(&mut self, nanos: u64) {
        self.put(Piece::Fixed {
            number: 7,
            value: nanos,
        });
    }

    /// Sets when the span ended, in nanoseconds since 1970.
    pub fn set_end_time(&mut self, nanos: u64) {
        self.put(Piece::Fixed {
            number: 8,
            value: nanos,
        });
    }

    /// Sets how the span ended: `STATUS_CODE_*` as a number, and a message.
    pub fn set_status(&mut self, code: i32, message: &str) {
        let mut status = Vec::new();
        for piece in self.pieces.iter().filter(|piece| piece.number() == 15) {
            let unknown = Fields::of(piece.payload()).filter(|field| !matches!(field.number(), 2 | 3));
            unknown.for_each(|field| status.extend_from_slice(field.raw));
        }
        put_bytes(&mut status, 2, message.as_bytes());
        put_int(&mut status, 3, i64::from(code) as u64);
        self.set(15, status);
    }
}

impl<'a> Amendment<'a, ScopeView<'a>> {
    /// Renames the scope.
    pub fn set_name(&mut self, name: &str) {
        self.set(1, name.into());
    }
}

// === impl Piece ===

impl Piece<'_> {
    fn number(&self) -> u32 {
        match self {
            Self::Kept(field) => field.number(),
            Self::New { number, .. } | Self::Fixed { number, .. } => *number,
        }
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Kept(field) => field.payload,
            Self::New { payload, .. } => payload,
            // Asked only of fields that have a length.
            Self::Fixed { .. } => &[],
        }
    }

    /// Encoded bytes, or a little more.
    fn bytes(&self) -> usize {
        match self {
            Self::Kept(field) => field.raw.len(),
            Self::New { payload, .. } => payload.len() + 10,
            Self::Fixed { .. } => 10,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Kept(field) => out.extend_from_slice(field.raw),
            Self::New { number, payload } => put_bytes(out, *number, payload),
            Self::Fixed { number, value } => put_fixed64(out, *number, *value),
        }
    }
}
