//! What the journal tells its owner. All of it has a default: do nothing.

use std::time::Duration;

/// Counts of an owner that must agree with what is durable. The journal calls these under its lock, one at a time:
/// they may not call back.
pub trait Account: Send + Sync {
    /// Records of this weight have become durable.
    fn committed(&self, _weight: u64) {}

    /// Records of this weight cannot be read any more. An estimate where their headers are lost as well, so that what is
    /// counted down by it must not go below zero.
    fn lost(&self, _weight: u64) {}

    /// Writes the counts down; they are remembered together with the positions, as of one moment.
    fn note(&self, _into: &mut Vec<u8>) {}

    /// There may be something to read. Called without the lock.
    fn readable(&self) {}
}

/// Events of one journal, for logs and metrics.
pub trait Observer: Send + Sync {
    /// A group of this many records and bytes was written and made durable, the latter in this time.
    fn committed(&self, _records: usize, _bytes: u64, _sync: Duration) {}

    /// Nothing can be appended; said again for each attempt.
    fn failing(&self, _error: &str) {}

    /// Appending works again.
    fn recovered(&self) {}

    /// A segment is damaged; its readable records go on, and the file will be set aside.
    fn damaged(&self, _file: &str, _records: usize) {}

    /// Something about files went wrong that loses nothing.
    fn warned(&self, _what: &str) {}
}

/// Nobody counts.
pub struct Uncounted;

impl Account for Uncounted {}
impl Observer for Uncounted {}
