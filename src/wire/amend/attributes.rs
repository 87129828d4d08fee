//! Edits to attributes, with the Collector's rules for a list that may hold a key more than once.

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::super::reader::{Fields, position, wire};
use super::super::values::ToValue;
use super::super::views::AttributeView;
use super::super::writer::{put_bytes, put_key, put_varint, wrapped_len};
use super::{Amendment, Message, NOT_PLAIN, Piece};

impl<'a, V: Message<'a>> Amendment<'a, V> {
    /// Adds an attribute, unless there is one with this key.
    pub fn insert(&mut self, key: &str, value: &(impl ToValue + ?Sized)) {
        if self.pair(key).is_none() {
            self.add(key, value);
        }
    }

    /// Changes the value of the first attribute with this key, if there is one.
    pub fn update(&mut self, key: &str, value: &(impl ToValue + ?Sized)) {
        if let Some(at) = self.open_at(key) {
            self.revalue(at, value);
        }
    }

    /// Changes the value of the first attribute with this key, or adds one.
    pub fn upsert(&mut self, key: &str, value: &(impl ToValue + ?Sized)) {
        match self.open_at(key) {
            Some(at) => self.revalue(at, value),
            None => self.add(key, value),
        }
    }

    /// Removes the first attribute with this key; the last attribute takes its place. Says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let Some(at) = self.open_at(key) else {
            return false;
        };
        let last = self.pieces.iter().rposition(Self::is_attribute).unwrap_or(at);
        let moved = self.pieces.remove(last);
        if let Some(hole) = self.pieces.get_mut(at).filter(|_| at < last) {
            *hole = moved;
        }
        self.edits += 1;
        true
    }

    /// Keeps the attributes that `wanted` points out, in their order.
    pub fn retain(&mut self, mut wanted: impl FnMut(AttributeView<'_>) -> bool) {
        let unwanted: Vec<usize> = self
            .attributes()
            .enumerate()
            .filter_map(|(number, attribute)| (!wanted(attribute)).then_some(number))
            .collect();
        if unwanted.is_empty() {
            return;
        }
        self.open();
        let (mut number, mut unwanted) = (0.., unwanted.into_iter().peekable());
        self.pieces.retain(|piece| {
            let goes = Self::is_attribute(piece)
                && number
                    .next()
                    .is_some_and(|number| unwanted.next_if_eq(&number).is_some());
            !goes
        });
        self.edits += 1;
    }

    /// Puts these in the place of all attributes, in their order.
    pub fn set_attributes<K: AsRef<str>, T: ToValue>(&mut self, pairs: impl IntoIterator<Item = (K, T)>) {
        self.open();
        let pairs = pairs.into_iter();
        let pieces = pairs.map(|(key, value)| self.write_attribute(key.as_ref(), &value));
        let pieces: Vec<Piece> = pieces.collect();
        self.replace_all(V::ATTRIBUTES << 3 | wire::LEN, pieces);
    }

    /// Removes all attributes.
    pub fn clear_attributes(&mut self) {
        if self.attributes().next().is_some() {
            self.open();
            self.pieces.retain(|piece| !Self::is_attribute(piece));
            self.edits += 1;
        }
    }

    /// Adds an attribute behind the others, and does not look whether there is one with this key.
    pub fn add(&mut self, key: &str, value: &(impl ToValue + ?Sized)) {
        self.open();
        let piece = self.write_attribute(key, value);
        self.pieces.push(piece);
    }

    fn write_attribute(&mut self, key: &str, value: &(impl ToValue + ?Sized)) -> Piece {
        let name = if key.is_empty() { 0 } else { wrapped_len(key.len()) };
        let body = value.value_len();
        self.write(V::ATTRIBUTES, name + wrapped_len(body), |out| {
            if !key.is_empty() {
                put_bytes(out, 1, key.as_bytes());
            }
            put_key(out, 2, wire::LEN);
            put_varint(out, body as u64);
            value.put_value(out);
        })
    }

    /// Gives the attribute that is the piece at this place a new value; its unknown fields stay.
    pub(super) fn revalue(&mut self, at: usize, value: &(impl ToValue + ?Sized)) {
        let Some(piece) = self.pieces.get(at).copied() else {
            return;
        };
        let payload = self.payload(&piece);
        let rest: SmallVec<[Range<usize>; 2]> = match piece.key_len {
            NOT_PLAIN => {
                let rest = Fields::of(payload).filter(|field| field.number() != 2);
                rest.map(|field| position(payload, field.raw)).collect()
            }
            key_len => smallvec![0..2 + usize::from(key_len)],
        };
        let kept: usize = rest.iter().map(ExactSizeIterator::len).sum();
        let (body, len) = (self.body, value.value_len());
        let start = piece.start as usize + usize::from(piece.head);
        let changed = self.write(V::ATTRIBUTES, kept + wrapped_len(len), |out| {
            for range in rest {
                let range = start + range.start..start + range.end;
                match piece.is_written {
                    true => out.extend_from_within(range),
                    false => out.extend_from_slice(body.get(range).unwrap_or_default()),
                }
            }
            put_key(out, 2, wire::LEN);
            put_varint(out, len as u64);
            value.put_value(out);
        });
        if let Some(place) = self.pieces.get_mut(at) {
            *place = changed;
        }
    }
}
