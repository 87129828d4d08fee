//! The frame of one record.
//!
//! ```text
//!  0   4  CRC32C of bytes 4..40
//!  4   4  CRC32C of head and body
//!  8   4  length of head, bytes
//! 12   4  length of body, bytes
//! 16   4  weight
//! 20   4  zero
//! 24   8  sequence number
//! 32   8  milliseconds since 1970 when it was appended
//! 40      head, then body
//! ```
//!
//! All numbers are little-endian. The header has a checksum of its own, so that a record with a damaged body is stepped
//! over exactly, and is still counted.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::space::Room;

/// Bytes of a record before its head.
pub const HEADER: usize = 40;

/// No record is longer, so that a damaged length cannot ask for all the memory there is.
pub const LONGEST: u64 = 1 << 30;

/// A record to be appended.
pub struct Entry {
    pub(super) head: Bytes,
    pub(super) body: Bytes,
    pub(super) weight: u32,
    pub(super) time: u64,
    pub(super) memo: Option<Memo>,
    pub(super) room: Option<Room>,
    crc: u32,
}

/// What the owner wants to have back with a record as long as that is still in memory.
pub type Memo = Arc<dyn Any + Send + Sync>;

/// A record as a cursor gives it out.
#[derive(Clone)]
pub struct Item {
    /// Its sequence number.
    pub seq: u64,
    /// What the owner counts in, such as spans.
    pub weight: u32,
    /// Bytes on disk.
    pub size: u64,
    /// Milliseconds since 1970 when it was appended.
    pub time: u64,
    /// The owner's description.
    pub head: Bytes,
    /// The content.
    pub body: Bytes,
    /// Present when the record did not go through the disk.
    pub memo: Option<Memo>,
    /// An earlier process may have given it out too.
    pub again: bool,
}

/// The header, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub crc: u32,
    pub head: u32,
    pub body: u32,
    pub weight: u32,
    pub seq: u64,
    pub time: u64,
}

// === impl Entry ===

impl Entry {
    /// A record of this moment. The checksum is computed here, by whoever appends, not by the journal's thread.
    pub fn new(head: Bytes, body: Bytes, weight: u32) -> Self {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&head), &body);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            head,
            body,
            weight,
            time: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            memo: None,
            room: None,
            crc,
        }
    }

    /// The same with the room that was set aside for it.
    pub fn with_room(self, room: Room) -> Self {
        Self {
            room: Some(room),
            ..self
        }
    }

    /// The same with something that stays in memory with it.
    pub fn with_memo(self, memo: Memo) -> Self {
        Self {
            memo: Some(memo),
            ..self
        }
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        HEADER as u64 + self.head.len() as u64 + self.body.len() as u64
    }

    pub(super) fn header(&self, seq: u64) -> [u8; HEADER] {
        let header = Header {
            crc: self.crc,
            // Longer ones are refused on append.
            head: u32::try_from(self.head.len()).unwrap_or(u32::MAX),
            body: u32::try_from(self.body.len()).unwrap_or(u32::MAX),
            weight: self.weight,
            seq,
            time: self.time,
        };
        header.encode()
    }

    pub(super) fn into_item(self, seq: u64) -> Item {
        Item {
            seq,
            weight: self.weight,
            size: self.size(),
            time: self.time,
            head: self.head,
            body: self.body,
            memo: self.memo,
            again: false,
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("size", &self.size())
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}

// === impl Item ===

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("seq", &self.seq)
            .field("size", &self.size)
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}

// === impl Header ===

impl Header {
    fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let numbers = [(4, self.crc), (8, self.head), (12, self.body), (16, self.weight)];
        for (at, number) in numbers {
            put(&mut bytes, at, &number.to_le_bytes());
        }
        put(&mut bytes, 24, &self.seq.to_le_bytes());
        put(&mut bytes, 32, &self.time.to_le_bytes());
        let crc = bytes.get(4..).map_or(0, crc32c::crc32c);
        put(&mut bytes, 0, &crc.to_le_bytes());
        bytes
    }

    /// The header at the beginning of `bytes`, if there is a sound one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER)?;
        let header = Self {
            crc: read_u32(bytes, 4)?,
            head: read_u32(bytes, 8)?,
            body: read_u32(bytes, 12)?,
            weight: read_u32(bytes, 16)?,
            seq: read_u64(bytes, 24)?,
            time: read_u64(bytes, 32)?,
        };
        let sound = read_u32(bytes, 0)? == crc32c::crc32c(bytes.get(4..)?) && header.size() <= LONGEST;
        sound.then_some(header)
    }

    /// Bytes of the whole record.
    pub fn size(&self) -> u64 {
        HEADER as u64 + u64::from(self.head) + u64::from(self.body)
    }

    /// Whether these bytes are the head and body that were written.
    pub fn fits(&self, payload: &[u8]) -> bool {
        crc32c::crc32c(payload) == self.crc
    }
}

/// A number at `at`, where there is one.
pub(super) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    field.try_into().ok().map(u32::from_le_bytes)
}

/// A number at `at`, where there is one.
pub(super) fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    field.try_into().ok().map(u64::from_le_bytes)
}

fn put(bytes: &mut [u8; HEADER], at: usize, number: &[u8]) {
    if let Some(field) = bytes.get_mut(at..at + number.len()) {
        field.copy_from_slice(number);
    }
}
