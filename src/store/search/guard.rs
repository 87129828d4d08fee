//! What a search may cost, and whether anybody still wants it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::query::model::{Limits, QueryError};

/// Ends a search that takes too long, needs too much, or is not wanted any more.
pub struct Guard {
    limits: Limits,
    deadline: Option<Instant>,
    used: Cell<u64>,
    cancelled: Arc<AtomicBool>,
}

// === impl Guard ===

impl Guard {
    /// A search with these limits, asked for at a time; whoever sets `cancelled` ends it.
    pub fn new(limits: Limits, asked: Instant, cancelled: Arc<AtomicBool>) -> Self {
        Self {
            limits,
            deadline: asked.checked_add(Duration::from_millis(limits.deadline_ms)),
            used: Cell::new(0),
            cancelled,
        }
    }

    /// To be asked before each block that is read: whether the search may go on.
    pub fn check(&self) -> Result<(), QueryError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(QueryError::Cancelled);
        }
        match self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            true => Err(QueryError::TooLong(self.limits.deadline_ms)),
            false => Ok(()),
        }
    }

    /// Counts bytes of memory that the search keeps until it ends.
    pub fn keep(&self, bytes: usize) -> Result<(), QueryError> {
        self.used.set(self.used.get() + bytes as u64);
        match self.used.get() > self.limits.memory_bytes {
            true => Err(QueryError::TooMuch(self.limits.memory_bytes)),
            false => Ok(()),
        }
    }

    /// Counts bytes back that were kept before.
    pub fn give_back(&self, bytes: usize) {
        self.used.set(self.used.get().saturating_sub(bytes as u64));
    }
}
