//! How far one partition is: which messages are settled, and up to where all are.

use std::collections::VecDeque;

/// The messages of a partition that were read and are not committed.
///
/// Promise: an offset is committed only when every message before it is settled.
#[derive(Debug, Default)]
pub struct Offsets {
    /// Messages in the order in which they were read, from the first that is not settled on.
    open: VecDeque<Message>,
    /// Where reading goes on when all before it is settled; none before the first message.
    reached: Option<i64>,
    /// The last that was committed.
    committed: Option<i64>,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    offset: i64,
    bytes: usize,
    is_settled: bool,
}

// === impl Offsets ===

impl Offsets {
    /// A message was read. Offsets grow, with gaps; one that does not was read before and is still open.
    pub fn read(&mut self, offset: i64, bytes: usize) -> bool {
        if self.open.back().is_some_and(|last| last.offset >= offset) {
            return false;
        }
        if self.open.is_empty() {
            self.reached = Some(self.reached.map_or(offset, |reached| reached.max(offset)));
        }
        self.open.push_back(Message {
            offset,
            bytes,
            is_settled: false,
        });
        self.bytes += bytes;
        true
    }

    /// A message need not be read again.
    pub fn settle(&mut self, offset: i64) {
        let Ok(at) = self.open.binary_search_by_key(&offset, |message| message.offset) else {
            return;
        };
        let Some(message) = self.open.get_mut(at).filter(|message| !message.is_settled) else {
            return;
        };
        message.is_settled = true;
        self.bytes -= message.bytes;
        while let Some(settled) = self.open.pop_front_if(|first| first.is_settled) {
            self.reached = Some(self.open.front().map_or(settled.offset + 1, |next| next.offset));
        }
    }

    /// What is to be committed, if that is more than was: the offset of the next message to read.
    pub fn commit(&mut self) -> Option<i64> {
        let reached = self.reached.filter(|reached| self.committed != Some(*reached))?;
        self.committed = Some(reached);
        Some(reached)
    }

    /// The last commit failed: the next one says it again.
    pub fn forget_commit(&mut self) {
        self.committed = None;
    }

    /// Bytes of messages that are not settled.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The offset of the first message that is not settled, or of the next one.
    pub fn reached(&self) -> Option<i64> {
        self.reached
    }

    /// Messages that are remembered; those behind one that is not settled are, too.
    pub fn remembered(&self) -> usize {
        self.open.len()
    }
}
