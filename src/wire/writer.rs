//! Protobuf's framing, outwards.

use smallvec::SmallVec;

use super::reader::wire;

/// Bytes that `value` takes as a varint.
pub(super) fn varint_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Bytes of a length-delimited field with a one-byte key around `len` bytes.
pub(super) fn wrapped_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

pub(super) fn put_varint(out: &mut impl Extend<u8>, mut value: u64) {
    while value >= 0x80 {
        out.extend([value as u8 | 0x80]);
        value >>= 7;
    }
    out.extend([value as u8]);
}

/// A length-delimited field.
pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_key(out, number, wire::LEN);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A varint field.
pub(super) fn put_int(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, wire::VARINT);
    put_varint(out, value);
}

/// A field of four bytes.
pub(super) fn put_fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    put_key(out, number, wire::FIXED32);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of eight bytes.
pub(super) fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, wire::FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_key(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_varint(out, u64::from(number << 3 | wire_type));
}

/// A message field whose body is being written.
#[must_use]
pub(super) struct Open {
    prefix: usize,
    start: usize,
    expected: usize,
}

impl Open {
    /// Where its body begins.
    pub fn start(&self) -> usize {
        self.start
    }
}

/// Begins a message field of about `expected` bytes. All that is written before [`close`] is its body.
pub(super) fn open(out: &mut Vec<u8>, number: u32, expected: usize) -> Open {
    put_key(out, number, wire::LEN);
    let prefix = out.len();
    put_varint(out, expected as u64);
    Open {
        prefix,
        start: out.len(),
        expected,
    }
}

/// Ends a message field; its body moves when the length needs more or fewer bytes than were expected.
pub(super) fn close(out: &mut Vec<u8>, message: Open) {
    let len = out.len().saturating_sub(message.start);
    if len != message.expected {
        let mut exact = SmallVec::<[u8; 10]>::new();
        put_varint(&mut exact, len as u64);
        out.splice(message.prefix..message.start, exact);
    }
}
