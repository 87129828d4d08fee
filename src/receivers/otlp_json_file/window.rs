//! What all files of a receiver may have in flight, and who waits until it is less.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// Bytes in flight; clones share them.
#[derive(Clone, Debug)]
pub struct Window(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    bytes: AtomicUsize,
    records: AtomicUsize,
    /// Somebody waits for room.
    starved: AtomicBool,
    reader: Thread,
}

/// A record's share; given back when it is dropped.
#[derive(Debug)]
pub struct Room {
    window: Window,
    bytes: usize,
}

// === impl Window ===

impl Window {
    /// For `most` bytes, read by this thread.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner {
            most,
            bytes: AtomicUsize::new(0),
            records: AtomicUsize::new(0),
            starved: AtomicBool::new(false),
            reader: std::thread::current(),
        }))
    }

    /// Room for a record: there is some as long as not all of it is in use.
    pub fn take(&self, bytes: usize) -> Option<Room> {
        if self.0.bytes.load(Ordering::Acquire) >= self.0.most {
            return None;
        }
        self.0.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.0.records.fetch_add(1, Ordering::AcqRel);
        Some(Room {
            window: self.clone(),
            bytes,
        })
    }

    /// Bytes in flight.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Acquire)
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.0.records.load(Ordering::Acquire) == 0
    }

    /// Waits until something is done, as long as something is in flight that is waited for; until somebody wakes the
    /// reader; or so long.
    pub fn wait(&self, for_room: bool, most: Duration) {
        self.0.starved.store(for_room, Ordering::Release);
        std::thread::park_timeout(most);
        self.0.starved.store(false, Ordering::Release);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let window = &self.window.0;
        window.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        window.records.fetch_sub(1, Ordering::AcqRel);
        if window.starved.load(Ordering::Acquire) {
            window.reader.unpark();
        }
    }
}
