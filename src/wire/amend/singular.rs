//! Fields that a message has once: read with their edits, and set. One that becomes its default goes.

use super::super::reader::{Field, Fields, Reader, wire};
use super::super::writer::{put_fixed32, put_fixed64, put_int};
use super::{Amendment, Message, NOT_PLAIN, Piece};

/// By number of the field: where the last of them begins in the body, or a place behind its end.
pub(super) type Outline = [u32; 17];

/// Where the fields are.
fn outline(body: &[u8]) -> Outline {
    let mut outline = [u32::MAX; 17];
    let mut start = 0;
    for field in Fields::of(body) {
        if let Some(place) = outline.get_mut(field.number() as usize) {
            *place = start;
        }
        start += field.raw.len() as u32;
    }
    outline
}

impl<'a, V: Message<'a>> Amendment<'a, V> {
    /// The field with this key as it is now: the last of them, as protobuf has it.
    pub(super) fn last(&self, key: u32) -> Option<Field<'_>> {
        if self.opened {
            let piece = self.pieces.iter().rfind(|piece| piece.key == key)?;
            return self.field(piece);
        }
        match V::IS_WHOLE {
            // Whoever asks for one field asks for others, too.
            true => {
                let outline = self.outline.get_or_init(|| outline(self.body));
                let start = *outline.get((key >> 3) as usize)?;
                let field = Reader::new(self.body.get(start as usize..)?).field().ok()?;
                (field.key == key).then_some(field)
            }
            false => {
                let fields = self.view.bodies().flat_map(Fields::of);
                fields.filter(|field| field.key == key).last()
            }
        }
    }

    /// The content of a length-delimited field; empty where there is none.
    pub(super) fn bytes(&self, number: u32) -> &[u8] {
        let field = self.last(number << 3 | wire::LEN);
        field.map(|field| field.payload).unwrap_or_default()
    }

    /// The value of a varint field.
    pub(super) fn int(&self, number: u32) -> u64 {
        self.last(number << 3 | wire::VARINT)
            .map_or(0, |field| field.value)
    }

    /// The value of a field of eight bytes.
    pub(super) fn fixed64(&self, number: u32) -> u64 {
        self.last(number << 3 | wire::FIXED64)
            .map_or(0, |field| field.value)
    }

    /// Puts a singular field where it was first or at the end.
    fn place(&mut self, number: u32, field: Option<Piece>) {
        let is_it = |piece: &Piece| piece.key >> 3 == number;
        self.edits += 1;
        let Some(first) = self.pieces.iter().position(is_it) else {
            return self.pieces.extend(field);
        };
        self.pieces.retain({
            let mut at = 0..;
            move |piece| at.next() == Some(first) || !is_it(piece)
        });
        match (self.pieces.get_mut(first), field) {
            (Some(place), Some(field)) => *place = field,
            _ => drop(self.pieces.remove(first)),
        }
    }

    /// Sets a singular length-delimited field; an empty one goes.
    pub(super) fn set(&mut self, number: u32, payload: &[u8]) {
        self.open();
        let field = (!payload.is_empty()).then(|| self.write_bytes(number, payload));
        self.place(number, field);
    }

    /// Sets a varint field.
    pub(super) fn set_int(&mut self, number: u32, value: u64) {
        let key = number << 3 | wire::VARINT;
        self.set_plain(key, value != 0, |out| put_int(out, number, value));
    }

    /// Sets a field of four bytes.
    pub(super) fn set_fixed32(&mut self, number: u32, value: u32) {
        let key = number << 3 | wire::FIXED32;
        self.set_plain(key, value != 0, |out| put_fixed32(out, number, value));
    }

    /// Sets a field of eight bytes.
    pub(super) fn set_fixed64(&mut self, number: u32, value: u64) {
        let key = number << 3 | wire::FIXED64;
        self.set_plain(key, value != 0, |out| put_fixed64(out, number, value));
    }

    fn set_plain(&mut self, key: u32, stays: bool, put: impl FnOnce(&mut Vec<u8>)) {
        self.open();
        let field = stays.then(|| self.write_plain(key, put));
        self.place(key >> 3, field);
    }

    /// Writes a field that is not length-delimited; `put` writes its key, too.
    fn write_plain(&mut self, key: u32, put: impl FnOnce(&mut Vec<u8>)) -> Piece {
        let start = self.written.len() as u32;
        put(&mut self.written);
        self.edits += 1;
        let end = self.written.len() as u32;
        Piece {
            key,
            is_written: true,
            key_len: NOT_PLAIN,
            start,
            payload: end,
            end,
        }
    }
}
