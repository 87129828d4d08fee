//! A bound in bytes on what lies on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A disk budget; clones share it, and several journals may.
#[derive(Clone, Debug)]
pub struct Space(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: u64,
    used: AtomicU64,
}

/// Bytes set aside for a record that is to be appended; given back on drop unless it was.
#[derive(Debug)]
pub struct Room {
    space: Space,
    bytes: u64,
}

/// The budget has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the disk budget of {limit} bytes is in use: {wanted} more bytes were wanted, {used} are taken")]
pub struct NoRoom {
    /// Bytes asked for.
    pub wanted: u64,
    /// Bytes taken.
    pub used: u64,
    /// The bound.
    pub limit: u64,
}

// === impl Space ===

impl Space {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        let used = AtomicU64::new(0);
        Self(Arc::new(Inner { limit, used }))
    }

    /// The bound in bytes.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Bytes in files and bytes set aside.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Sets `bytes` aside, or says at once that there is no room.
    pub fn reserve(&self, bytes: u64) -> Result<Room, NoRoom> {
        let limit = self.0.limit;
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= limit);
        match self.0.used.try_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(Room {
                space: self.clone(),
                bytes,
            }),
            Err(used) => Err(NoRoom {
                wanted: bytes,
                used,
                limit,
            }),
        }
    }

    /// Counts bytes that are there, whether or not there is room.
    pub(super) fn take(&self, bytes: u64) {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that are gone.
    pub(super) fn free(&self, bytes: u64) {
        let less = |used: u64| used.saturating_sub(bytes);
        self.0.used.update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

// === impl Room ===

impl Room {
    /// Bytes set aside.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A record of `size` bytes is in a file now; they are freed with it.
    pub(super) fn filled(mut self, size: u64) {
        let rest = self.bytes.saturating_sub(size);
        self.space.take(size.saturating_sub(self.bytes));
        self.bytes = rest;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.space.free(self.bytes);
    }
}
