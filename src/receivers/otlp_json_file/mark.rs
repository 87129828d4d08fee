//! How far a file was read, and how it is recognised whatever its name is: by its beginning, and by what stands before the
//! place that was reached. The beginning alone is the same in many files of spans: that of one resource.

use std::io;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::content::Content;

/// Bytes before a place by which it is recognised.
const TAIL: usize = 256;

/// Some bytes, as a hash.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Piece {
    len: u32,
    hash: u64,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// Bytes before it.
    pub offset: u64,
    /// The first bytes of the file.
    pub head: Piece,
    /// The last bytes before the place.
    pub tail: Piece,
    /// Records before it that nobody took.
    pub refused: u64,
}

// === impl Piece ===

impl Piece {
    fn of(bytes: &[u8]) -> Self {
        Self {
            len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            hash: XxHash3_64::oneshot(bytes),
        }
    }

    /// Of the first bytes of a file of which `offset` were read.
    pub fn head(bytes: &[u8], offset: u64) -> Self {
        let len = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Self::of(bytes.get(..len).unwrap_or_default())
    }

    /// Of the last of these bytes.
    pub fn tail(bytes: &[u8]) -> Self {
        Self::of(bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default())
    }

    /// Whether a file has these bytes before the place.
    pub fn ends_at(&self, offset: u64, content: &mut Content) -> io::Result<bool> {
        let len = self.len as usize;
        let Some(start) = offset.checked_sub(u64::from(self.len)).filter(|_| len <= TAIL) else {
            return Ok(false);
        };
        let mut bytes = [0; TAIL];
        let bytes = bytes.get_mut(..len).unwrap_or_default();
        Ok(content.read(start, bytes)? == len && Self::of(bytes) == *self)
    }
}

// === impl Mark ===

impl Mark {
    /// The beginning of any file.
    pub fn beginning() -> Self {
        Self {
            offset: 0,
            head: Piece::of(&[]),
            tail: Piece::of(&[]),
            refused: 0,
        }
    }

    /// A place in a file whose first bytes are these.
    pub fn at(offset: u64, head: &[u8], content: &mut Content) -> io::Result<Self> {
        let start = offset.saturating_sub(TAIL as u64);
        let mut bytes = vec![0; (offset - start) as usize];
        let read = content.read(start, &mut bytes)?;
        bytes.truncate(read);
        Ok(Self {
            offset,
            head: Piece::head(head, offset),
            tail: Piece::tail(&bytes),
            refused: 0,
        })
    }

    /// Whether it is in a file that begins with these bytes.
    pub fn fits(&self, head: &[u8], content: &mut Content) -> io::Result<bool> {
        let first = head.get(..self.head.len as usize);
        if self.offset == 0 || first.map(Piece::of) != Some(self.head) {
            return Ok(false);
        }
        self.tail.ends_at(self.offset, content)
    }
}
