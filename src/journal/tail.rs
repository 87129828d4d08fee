//! The newest records, kept in memory so that cursors which keep up never read the disk.

use std::collections::VecDeque;

use super::record::Item;

/// Records without a gap, up to the newest.
#[derive(Debug, Default)]
pub struct Tail {
    items: VecDeque<Item>,
    /// The first record in it; the next to come when it is empty.
    base: u64,
    bytes: u64,
    limit: u64,
}

// === impl Tail ===

impl Tail {
    /// An empty tail that holds up to `limit` bytes; the next record will be `next`.
    pub fn new(next: u64, limit: u64) -> Self {
        Self {
            items: VecDeque::new(),
            base: next,
            bytes: 0,
            limit,
        }
    }

    /// The first record in it.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Adds the newest record.
    pub fn push(&mut self, item: Item) {
        self.bytes += item.size;
        self.items.push_back(item);
        while self.bytes > self.limit {
            self.pop();
        }
    }

    /// Lets go of everything before `seq`.
    pub fn forget(&mut self, seq: u64) {
        while self.base < seq && !self.items.is_empty() {
            self.pop();
        }
    }

    /// A record.
    pub fn get(&self, seq: u64) -> Option<&Item> {
        let at = usize::try_from(seq.checked_sub(self.base)?).ok()?;
        self.items.get(at)
    }

    fn pop(&mut self) {
        if let Some(item) = self.items.pop_front() {
            self.base = item.seq + 1;
            self.bytes -= item.size;
        }
    }
}
