//! The buffer in which records are looked for: one for all files of a receiver, paid for.

use std::io;

use super::content::Content;
use crate::pipeline::budget::{Budget, OverBudget, Reservation};

/// Bytes that are read at a time.
const CHUNK: usize = 128 << 10;

/// Bytes of a file from some place on.
#[derive(Debug)]
pub struct Scratch {
    bytes: Vec<u8>,
    /// Bytes at the beginning that are done with.
    start: usize,
    paid: Reservation,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum Unfilled {
    /// There is no memory for more.
    #[error(transparent)]
    NoRoom(#[from] OverBudget),
    /// The file cannot be read.
    #[error(transparent)]
    Source(#[from] io::Error),
}

// === impl Scratch ===

impl Scratch {
    /// An empty one.
    pub fn new(budget: &Budget) -> Self {
        Self {
            bytes: Vec::with_capacity(CHUNK),
            start: 0,
            paid: budget.overdraw(CHUNK),
        }
    }

    /// What was not done with.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// So many bytes are done with.
    pub fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.bytes.len());
    }

    /// Begins anew, without the room that a long record needed.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
        if self.bytes.capacity() > CHUNK {
            self.bytes = Vec::with_capacity(CHUNK);
            self.paid.shrink_to(CHUNK);
        }
    }

    /// Reads on from `offset`, behind the rest. Returns how many bytes.
    pub fn fill(&mut self, content: &mut Content, offset: u64) -> Result<usize, Unfilled> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let len = self.bytes.len();
        let wanted = len.saturating_add(CHUNK);
        if wanted > self.bytes.capacity() && len > 0 {
            let capacity = wanted.max(2 * self.bytes.capacity());
            self.paid.grow(capacity - self.paid.bytes().min(capacity))?;
            self.bytes.reserve_exact(capacity - len);
        }
        let room = self.bytes.capacity().min(wanted.max(CHUNK));
        self.bytes.resize(room, 0);
        let read = content.read(offset, self.bytes.get_mut(len..).unwrap_or_default());
        self.bytes.truncate(len + *read.as_ref().unwrap_or(&0));
        Ok(read?)
    }
}
