//! Fields that a message has once: read with their edits, and set. One that becomes its default goes.

use super::super::reader::{Extents, Fields, wire};
use super::super::writer::{put_fixed32, put_fixed64, put_int};
use super::{Amendment, Message, NO_ATTRIBUTE, Piece};

impl<'a, V: Message<'a>> Amendment<'a, V> {
    /// The content of a length-delimited field; empty where there is none. Of several the last counts, as protobuf has it.
    pub(super) fn bytes(&self, number: u32) -> &[u8] {
        self.last(number << 3 | wire::LEN, |raw, head| raw.get(head..))
            .unwrap_or_default()
    }

    /// The content of a text field.
    pub(super) fn text(&self, number: u32) -> &str {
        // Checked on arrival; the default is for bytes that were not.
        std::str::from_utf8(self.bytes(number)).unwrap_or_default()
    }

    /// The value of a varint field.
    pub(super) fn int(&self, number: u32) -> u64 {
        let value = |raw, _| Fields::of(raw).next().map(|field| field.value);
        self.last(number << 3 | wire::VARINT, value).unwrap_or_default()
    }

    /// The value of a field of eight bytes.
    pub(super) fn fixed64(&self, number: u32) -> u64 {
        let value = |raw: &[u8], _| raw.last_chunk().copied();
        self.last(number << 3 | wire::FIXED64, value)
            .map_or(0, u64::from_le_bytes)
    }

    /// The value of a field of four bytes.
    pub(super) fn fixed32(&self, number: u32) -> u32 {
        let value = |raw: &[u8], _| raw.last_chunk().copied();
        self.last(number << 3 | wire::FIXED32, value)
            .map_or(0, u32::from_le_bytes)
    }

    /// What `read` makes of the last field with this key, given all its bytes and how many come before its content.
    #[inline]
    fn last<'s, T>(&'s self, key: u32, read: impl FnOnce(&'s [u8], usize) -> Option<T>) -> Option<T> {
        match self.known() {
            Some(pieces) => {
                let piece = pieces.iter().rfind(|piece| piece.key == key)?;
                read(
                    self.slice(piece.is_written, piece.start..piece.end),
                    usize::from(piece.head),
                )
            }
            None => {
                let fields = self.view.bodies().flat_map(Extents::of);
                let field = fields.filter(|field| field.key == key).last()?;
                read(field.raw, usize::from(field.head))
            }
        }
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
        Piece {
            key,
            start,
            end: self.written.len() as u32,
            head: 0,
            key_len: NO_ATTRIBUTE,
            is_written: true,
        }
    }
}
