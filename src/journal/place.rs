//! Where one cursor is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::Account;
use super::marks::Marks;
use super::missing::Content;
use super::record::Item;
use super::register::CursorMemory;

/// Where a cursor is.
pub struct Place {
    /// What is settled.
    pub marks: Marks,
    /// The next record to give out.
    pub read: u64,
    /// What its owner counts; none while nobody reads.
    pub account: Option<Arc<dyn Account>>,
    /// The owner's counts as they were remembered.
    pub note: Vec<u8>,
    /// What is not settled.
    pub unsettled: Amount,
    /// When each record that was given out and not settled was appended.
    pub given: BTreeMap<u64, u64>,
    /// Records below this one may have been given out by an earlier process.
    pub again_below: u64,
}

/// An amount of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// The sum of their weights.
    pub weight: u64,
}

// === impl Place ===

impl Place {
    /// A place at `low`, with nothing unsettled yet.
    pub fn at(low: u64) -> Self {
        Self {
            marks: Marks::at(low),
            read: low,
            account: None,
            note: Vec::new(),
            unsettled: Amount::default(),
            given: BTreeMap::new(),
            again_below: 0,
        }
    }

    /// Steps over numbers that no record has.
    pub fn skip(&mut self, holes: &[(u64, u64)]) {
        for (start, end) in holes {
            self.marks.add(*start, *end);
        }
        self.skip_settled();
    }

    /// What is to be remembered of it.
    pub fn memory(&self) -> CursorMemory {
        let mut note = self.note.clone();
        if let Some(account) = &self.account {
            note.clear();
            account.note(&mut note);
        }
        CursorMemory {
            marks: self.marks.clone(),
            // Nobody has had what comes after this.
            read: self.read.max(self.again_below),
            note,
        }
    }

    /// When the oldest unsettled record that was given out was appended, in milliseconds since 1970.
    pub fn oldest_given(&self) -> Option<u64> {
        self.given.first_key_value().map(|(_, time)| *time)
    }

    /// A record was given out.
    pub fn give(&mut self, item: &Item) -> Item {
        self.read = item.seq + 1;
        self.given.insert(item.seq, item.time);
        Item {
            again: item.seq < self.again_below,
            ..item.clone()
        }
    }

    /// Whoever read has ended: who comes next is given everything again that is not settled.
    pub fn leave(&mut self) {
        if let Some(account) = self.account.take() {
            self.note.clear();
            account.note(&mut self.note);
        }
        self.again_below = self.again_below.max(self.read);
        self.read = self.marks.low();
        self.given.clear();
    }

    /// Moves on to the next record that is not settled.
    pub fn skip_settled(&mut self) {
        self.read = self.marks.next_open(self.read);
    }

    /// Records cannot be read.
    pub fn lose(&mut self, lost: &Content) {
        let amount = lost.open(&self.marks);
        let (start, end) = lost.range();
        self.marks.add(start, end);
        self.take_away(amount);
    }

    /// What missing records had is estimated where others of their segment were settled before; no rest of that stays.
    pub fn settle_rest(&mut self) {
        if self.unsettled.records == 0 {
            self.take_away(self.unsettled);
        }
    }

    fn take_away(&mut self, amount: Amount) {
        self.unsettled.remove(amount);
        if let Some(account) = self.account.as_ref().filter(|_| amount.weight > 0) {
            account.lost(amount.weight);
        }
    }

    /// A record is done with.
    pub fn settle(&mut self, seq: u64, amount: Amount) -> bool {
        self.given.remove(&seq);
        let first = self.marks.settle(seq);
        if first {
            self.unsettled.remove(amount);
        }
        first
    }
}

// === impl Amount ===

impl Amount {
    /// One record.
    pub fn of(item: &Item) -> Self {
        Self {
            records: 1,
            bytes: item.size,
            weight: item.weight.into(),
        }
    }

    /// Adds another amount.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.weight += other.weight;
    }

    /// Takes another amount away.
    pub fn remove(&mut self, other: Self) {
        self.records = self.records.saturating_sub(other.records);
        self.bytes = self.bytes.saturating_sub(other.bytes);
        self.weight = self.weight.saturating_sub(other.weight);
    }
}
