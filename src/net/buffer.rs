//! A growing buffer that is paid for before it grows.
//!
//! Promise: the bytes allocated never exceed the reservation, nor the contents the size limit.

#[cfg(test)]
mod tests;

use std::io::{self, Read};

use bytes::Bytes;

use crate::pipeline::budget::{Budget, OverBudget, Reservation};

/// The least that a buffer of unknown final size grows by, in bytes.
const STEP: usize = 64 * 1024;

/// Bytes on their way in, with the reservation that pays for them.
#[derive(Debug)]
pub struct PaidBuffer {
    bytes: Vec<u8>,
    reservation: Reservation,
    limit: usize,
}

/// Why a buffer could not take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The contents would exceed what one request may have.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The bound in bytes.
        limit: usize,
    },
    /// The process has no memory to spare for them now.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

/// Why a source could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Fill {
    /// The buffer could not take more.
    #[error(transparent)]
    Full(#[from] Full),
    /// The source failed.
    #[error(transparent)]
    Source(#[from] io::Error),
}

// === impl PaidBuffer ===

impl PaidBuffer {
    /// An empty buffer with room for `capacity` bytes, that may grow up to `limit`.
    pub fn new(budget: &Budget, capacity: usize, limit: usize) -> Result<Self, Full> {
        if capacity > limit {
            return Err(Full::TooLarge { limit });
        }
        let reservation = budget.reserve(capacity)?;
        Ok(Self {
            bytes: Vec::with_capacity(capacity),
            reservation,
            limit,
        })
    }

    /// Takes over `bytes`, for which `reservation` was made beforehand, and gives back what was too much.
    pub fn adopt(bytes: Vec<u8>, mut reservation: Reservation, limit: usize) -> Result<Self, Full> {
        if bytes.len() > limit {
            return Err(Full::TooLarge { limit });
        }
        reservation.grow(bytes.capacity().saturating_sub(reservation.bytes()))?;
        reservation.shrink_to(bytes.capacity());
        Ok(Self {
            bytes,
            reservation,
            limit,
        })
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The contents.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends `data`, growing as needed.
    pub fn extend(&mut self, data: &[u8]) -> Result<(), Full> {
        self.make_room(data.len())?;
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// Makes room for `more` bytes beyond the contents, and for some after them.
    pub fn make_room(&mut self, more: usize) -> Result<(), Full> {
        let limit = self.limit;
        let needed = self.bytes.len().saturating_add(more);
        if needed > limit {
            return Err(Full::TooLarge { limit });
        }
        let capacity = self.bytes.capacity();
        if needed <= capacity {
            return Ok(());
        }
        let grown = capacity
            .saturating_add(STEP.max(capacity / 2))
            .min(limit)
            .max(needed);
        // While the bytes move, the old room and the new one exist side by side.
        self.reservation.grow(grown)?;
        self.bytes.reserve_exact(grown - self.bytes.len());
        self.reservation.shrink_to(grown);
        Ok(())
    }

    /// Has `source` append to the contents until it says that it is done, with more room whenever it says that
    /// it is not. It must not make room itself, which would not be paid for.
    pub fn fill(&mut self, mut source: impl FnMut(&mut Vec<u8>) -> io::Result<bool>) -> Result<(), Fill> {
        while !source(&mut self.bytes)? {
            self.make_room(1)?;
        }
        Ok(())
    }

    /// Appends all that `source` yields.
    pub fn read_all(&mut self, mut source: impl Read) -> Result<(), Fill> {
        let mut filled = self.bytes.len();
        let outcome = self.read_on(&mut source, &mut filled);
        self.bytes.truncate(filled);
        outcome
    }

    /// Bytes beyond `filled` are zeros for the source to write over, made once and not once a read.
    fn read_on(&mut self, source: &mut impl Read, filled: &mut usize) -> Result<(), Fill> {
        loop {
            if *filled == self.bytes.len() {
                if *filled == self.bytes.capacity() {
                    // Full to the last byte is the usual end: ask before growing.
                    let mut next = [0];
                    if source.read(&mut next)? == 0 {
                        return Ok(());
                    }
                    self.extend(&next)?;
                    *filled += 1;
                }
                let zeroed = self.bytes.capacity().min(*filled + STEP);
                self.bytes.resize(zeroed, 0);
            }
            let room = self.bytes.get_mut(*filled..).unwrap_or_default();
            match source.read(room)? {
                0 if !room.is_empty() => return Ok(()),
                count => *filled += count,
            }
        }
    }

    /// The contents as shareable bytes, which carry the reservation with them.
    pub fn into_bytes(mut self) -> Bytes {
        // A large unused tail would be paid for as long as the bytes live.
        if self.bytes.capacity() - self.bytes.len() > self.bytes.len() / 4 {
            self.bytes.shrink_to_fit();
        }
        self.reservation.bind(self.bytes)
    }
}
