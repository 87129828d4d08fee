//! What a store tells, for logs, metrics and health.

use std::path::Path;
use std::time::Duration;

/// Something that happened in a store.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The directory is open; what the journal holds follows.
    Opened {
        /// Segments.
        segments: usize,
        /// Spans in them.
        spans: u64,
        /// Bytes of their files.
        bytes: u64,
        /// Spans in the journal alone.
        unsealed: u64,
    },
    /// What the journal held is in the head: the store is ready.
    Replayed {
        /// So many spans.
        spans: u64,
        /// It took so long.
        took: Duration,
    },
    /// Records of the journal cannot be read; their spans are lost.
    Unreadable {
        /// So many spans.
        spans: u64,
        /// Why.
        error: &'a str,
    },
    /// Spans were made durable.
    Committed {
        /// The disk took so long.
        sync: Duration,
    },
    /// Spans that just came are visible; not said of what the journal held on opening.
    Entered {
        /// So many, duplicates among them.
        spans: usize,
        /// They were there already.
        duplicates: usize,
    },
    /// Nothing can be written; said again for each attempt.
    Failing {
        /// What.
        what: Failing,
        /// Why.
        error: &'a str,
    },
    /// Writing works again.
    Recovered(Failing),
    /// Spans of the head are in segments.
    Sealed {
        /// New segments.
        segments: usize,
        /// Spans in them.
        spans: u64,
        /// Bytes of their files.
        bytes: u64,
        /// It took so long.
        took: Duration,
    },
    /// Segments became one.
    Compacted {
        /// So many segments.
        segments: usize,
        /// Spans in the new one.
        spans: u64,
        /// Spans that tombstones had deleted.
        deleted: u64,
        /// Bytes of the new one.
        bytes: u64,
        /// It took so long.
        took: Duration,
    },
    /// Segments have expired.
    Expired {
        /// So many segments.
        segments: usize,
        /// Spans in them.
        spans: u64,
        /// Bytes of their files.
        bytes: u64,
        /// For their age, not for room.
        aged: bool,
    },
    /// A segment cannot be read.
    Damaged {
        /// Its file.
        file: &'a Path,
        /// Spans that it held.
        spans: u64,
        /// What is wrong.
        error: &'a str,
    },
    /// A file that the store knows nothing of was moved away.
    Foreign {
        /// Where it is now.
        file: &'a Path,
    },
    /// Something about files went wrong that loses nothing.
    Warned {
        /// What.
        what: &'a str,
    },
}

/// What of a store cannot write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// The journal: requests are refused.
    Journal,
    /// Segments: requests are refused once the head is full.
    Seal,
    /// Merging and expiry: the store grows.
    Upkeep,
}

/// Whoever is told.
pub trait Observer: Send + Sync {
    /// It happened just now. Must not wait.
    fn tell(&self, event: Event<'_>);
}

/// Nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

// === impl Unobserved ===

impl Observer for Unobserved {
    fn tell(&self, _: Event<'_>) {}
}
