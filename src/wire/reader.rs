//! Protobuf's framing: varints, keys, lengths, and skipping what is not known.
//!
//! It accepts exactly what `prost` accepts: a varint of at most ten bytes that fits 64 bits, overlong ones
//! included; a key that fits 32 bits; groups with matching ends; the same count of nesting.

use std::ops::Range;

/// How deep messages and groups may nest below the request, as `prost` counts it.
pub(super) const DEPTH: u32 = 100;

/// What is wrong with a piece of protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("a varint is cut off or exceeds 64 bits")]
    Varint,
    #[error("a field key has number 0, an unknown wire type, or exceeds 32 bits")]
    Key,
    #[error("the wire type does not fit the field")]
    WireType,
    #[error("the length runs past the end of the enclosing message")]
    Overrun,
    #[error("the string is not UTF-8")]
    Utf8,
    #[error("a group is not closed, or closed by the wrong field number")]
    Group,
    #[error("messages nest more than 100 deep")]
    Depth,
}

/// The wire types, the low three bits of a key.
pub(super) mod wire {
    pub(in crate::wire) const VARINT: u32 = 0;
    pub(in crate::wire) const FIXED64: u32 = 1;
    pub(in crate::wire) const LEN: u32 = 2;
    pub(in crate::wire) const GROUP: u32 = 3;
    pub(in crate::wire) const END_GROUP: u32 = 4;
    pub(in crate::wire) const FIXED32: u32 = 5;
}

/// Reads from the front of a message body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// One field of a message body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// Field number and wire type.
    pub key: u32,
    /// The whole field, key included.
    pub raw: &'a [u8],
    /// The content of a length-delimited field; empty for all others.
    pub payload: &'a [u8],
    /// The value of a varint or fixed field; 0 for all others.
    pub value: u64,
}

/// The fields of a message body that has been checked; ends early where it has not.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(Reader<'a>);

/// The same fields for those who remember where they are, and read them later.
#[derive(Clone, Debug)]
pub(super) struct Extents<'a>(&'a [u8]);

/// Where a field is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent<'a> {
    /// Field number and wire type.
    pub key: u32,
    /// Bytes before the content of a length-delimited field; 0 for all others.
    pub head: u8,
    /// The whole field, key included.
    pub raw: &'a [u8],
}

// === impl Reader ===

impl<'a> Reader<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Fault> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            [low, high, rest @ ..] if *high < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for (count, byte) in self.rest.iter().take(10).enumerate() {
            if count == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * count);
            if *byte < 0x80 {
                self.rest = self.rest.get(count + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(Fault::Varint)
    }

    /// A field's key: its number shifted left by three, and its wire type. Not yet judged.
    #[inline(always)]
    pub fn key(&mut self) -> Result<u32, Fault> {
        u32::try_from(self.varint()?).map_err(|_| Fault::Key)
    }

    /// A length and that many bytes.
    #[inline(always)]
    pub fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let len = self.varint()?;
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    #[inline(always)]
    pub fn fixed32(&mut self) -> Result<u32, Fault> {
        let (value, rest) = self.rest.split_first_chunk().ok_or(Fault::Overrun)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*value))
    }

    #[inline(always)]
    pub fn fixed64(&mut self) -> Result<u64, Fault> {
        let (value, rest) = self.rest.split_first_chunk().ok_or(Fault::Overrun)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*value))
    }

    #[inline(always)]
    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Fault::Overrun)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads over a field that its message does not know, or finds fault with its key. `known` has a bit
    /// for each field number that the message does know: such a field has come with the wrong wire type.
    #[cold]
    pub fn unknown(&mut self, key: u32, known: u32, depth: u32) -> Result<(), Fault> {
        match 1_u32.checked_shl(key >> 3) {
            Some(bit) if bit & known != 0 && key & 7 <= wire::FIXED32 => Err(Fault::WireType),
            _ => self.skip(key, depth),
        }
    }

    /// Reads over the value of the field `key`.
    pub fn skip(&mut self, key: u32, depth: u32) -> Result<(), Fault> {
        let number = key >> 3;
        if number == 0 {
            return Err(Fault::Key);
        }
        let inside = depth.checked_sub(1).ok_or(Fault::Depth)?;
        match key & 7 {
            wire::VARINT => self.varint().map(drop),
            wire::FIXED64 => self.take(8).map(drop),
            wire::LEN => self.bytes().map(drop),
            wire::GROUP => self.skip_group(number, inside),
            wire::END_GROUP => Err(Fault::Group),
            wire::FIXED32 => self.take(4).map(drop),
            _ => Err(Fault::Key),
        }
    }

    fn skip_group(&mut self, number: u32, depth: u32) -> Result<(), Fault> {
        while !self.is_empty() {
            let key = self.key()?;
            if key & 7 != wire::END_GROUP {
                self.skip(key, depth)?;
            } else if key >> 3 == number {
                return Ok(());
            } else {
                return Err(Fault::Group);
            }
        }
        Err(Fault::Group)
    }

    /// The next field; none where there is no field.
    #[inline(never)]
    fn any_field(&mut self) -> Option<Field<'a>> {
        self.field().ok()
    }

    /// The key of the next field, whatever it is, the bytes before its content, and all of its bytes.
    #[inline(never)]
    fn any_extent(&mut self) -> Option<(u32, u8, usize)> {
        let field = self.field().ok()?;
        let head = match field.key & 7 {
            wire::LEN => (field.raw.len() - field.payload.len()) as u8,
            _ => 0,
        };
        Some((field.key, head, field.raw.len()))
    }

    /// The next field, whatever it is.
    #[inline]
    pub fn field(&mut self) -> Result<Field<'a>, Fault> {
        let start = self.rest;
        let key = self.key()?;
        let (mut payload, mut value) = (&[][..], 0);
        match key & 7 {
            wire::VARINT => value = self.varint()?,
            wire::FIXED64 => value = self.fixed64()?,
            wire::LEN => payload = self.bytes()?,
            wire::FIXED32 => value = u64::from(self.fixed32()?),
            _ => self.skip(key, DEPTH)?,
        }
        let read = start.len() - self.rest.len();
        Ok(Field {
            key,
            raw: start.get(..read).unwrap_or_default(),
            payload,
            value,
        })
    }
}

// === impl Fields ===

impl<'a> Fields<'a> {
    pub fn of(body: &'a [u8]) -> Self {
        Self(Reader::new(body))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let whole = self.0.rest;
        // Nearly all fields are one of these: a key of one byte, and a short length, a small number, or eight bytes.
        if let [key @ 0..0x80, rest @ ..] = whole {
            let key = u32::from(*key);
            let (read, payload, value) = match (key & 7, rest) {
                (wire::LEN, [len @ 0..0x80, rest @ ..]) => {
                    let len = usize::from(*len);
                    (2 + len, rest.get(..len)?, 0)
                }
                (wire::LEN, [low, high @ 0..0x80, rest @ ..]) => {
                    let len = usize::from(*low & 0x7f) | usize::from(*high) << 7;
                    (3 + len, rest.get(..len)?, 0)
                }
                (wire::VARINT, [value @ 0..0x80, ..]) => (2, &[][..], u64::from(*value)),
                (wire::FIXED64, rest) => (9, &[][..], u64::from_le_bytes(*rest.first_chunk()?)),
                _ => return self.0.any_field(),
            };
            let (raw, rest) = whole.split_at_checked(read)?;
            self.0.rest = rest;
            return Some(Field {
                key,
                raw,
                payload,
                value,
            });
        }
        match whole.is_empty() {
            true => None,
            false => self.0.any_field(),
        }
    }
}

// === impl Extents ===

impl<'a> Extents<'a> {
    pub fn of(body: &'a [u8]) -> Self {
        Self(body)
    }
}

impl<'a> Iterator for Extents<'a> {
    type Item = Extent<'a>;

    #[inline]
    fn next(&mut self) -> Option<Extent<'a>> {
        let (key, head, len) = match self.0 {
            [] => return None,
            [key @ 0..0x80, len @ 0..0x80, ..] if key & 7 == wire::LEN as u8 => {
                (u32::from(*key), 2, 2 + usize::from(*len))
            }
            [key @ 0..0x80, low, high @ 0..0x80, ..] if key & 7 == wire::LEN as u8 => {
                let len = usize::from(*low & 0x7f) | usize::from(*high) << 7;
                (u32::from(*key), 3, 3 + len)
            }
            [key @ 0..0x80, 0..0x80, ..] if key & 7 == wire::VARINT as u8 => (u32::from(*key), 0, 2),
            [key @ 0..0x80, ..] if key & 7 == wire::FIXED64 as u8 => (u32::from(*key), 0, 9),
            // The flags of a span.
            [low @ 0x80..=0xff, high @ 0..0x80, ..] if low & 7 == wire::FIXED32 as u8 => {
                (u32::from(*low & 0x7f) | u32::from(*high) << 7, 0, 6)
            }
            rest => Reader::new(rest).any_extent()?,
        };
        let (raw, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(Extent { key, head, raw })
    }
}

// === impl Field ===

impl Field<'_> {
    /// The field's number.
    pub fn number(&self) -> u32 {
        self.key >> 3
    }
}

/// The key and the encoded value of a `KeyValue` that is just these two, in this order, both shorter than 128
/// bytes. That is what nearly all are; the others take the general way.
#[inline(always)]
pub(super) fn plain_pair(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x0a, key_len @ 0..0x80, rest @ ..] = body else {
        return None;
    };
    let (key, rest) = rest.split_at_checked(usize::from(*key_len))?;
    let [0x12, value_len @ 0..0x80, value @ ..] = rest else {
        return None;
    };
    (usize::from(*value_len) == value.len()).then_some((key, value))
}

/// Where `part`, a slice of `whole`, lies in it.
pub(super) fn position(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}
