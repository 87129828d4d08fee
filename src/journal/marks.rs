//! Which records of a cursor are settled: all below a low-water mark, and a set above it.

use std::collections::BTreeMap;

/// A low-water mark and the ranges settled above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    low: u64,
    /// First to one past the last, none touching another, all above `low`.
    ranges: BTreeMap<u64, u64>,
}

// === impl Marks ===

impl Marks {
    /// Everything below `low` is settled, and nothing else.
    pub fn at(low: u64) -> Self {
        Self {
            low,
            ranges: BTreeMap::new(),
        }
    }

    /// The first record that is not settled.
    pub fn low(&self) -> u64 {
        self.low
    }

    /// One past the last settled record.
    pub fn end(&self) -> u64 {
        self.ranges.last_key_value().map_or(self.low, |(_, end)| *end)
    }

    /// The ranges above the mark, in order.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().map(|(start, end)| (*start, *end))
    }

    /// Whether a record is settled.
    pub fn contains(&self, seq: u64) -> bool {
        let before = self.ranges.range(..=seq).next_back();
        seq < self.low || before.is_some_and(|(_, end)| seq < *end)
    }

    /// The first record from `seq` on that is not settled.
    pub fn next_open(&self, seq: u64) -> u64 {
        let seq = seq.max(self.low);
        let before = self.ranges.range(..=seq).next_back();
        before.map_or(seq, |(_, end)| seq.max(*end))
    }

    /// The first record from `seq` on that is settled, if there is one; else the largest number.
    pub fn next_settled(&self, seq: u64) -> u64 {
        match self.contains(seq) {
            true => seq,
            false => self
                .ranges
                .range(seq..)
                .next()
                .map_or(u64::MAX, |(start, _)| *start),
        }
    }

    /// Whether any record from `start` up to, not including, `end` is settled above the mark.
    pub fn touches(&self, start: u64, end: u64) -> bool {
        let before = self.ranges.range(..end).next_back();
        before.is_some_and(|(_, known)| *known > start)
    }

    /// Settles a record; `false` when it was settled before.
    pub fn settle(&mut self, seq: u64) -> bool {
        if self.contains(seq) {
            return false;
        }
        self.add(seq, seq + 1);
        true
    }

    /// Settles all from `start` up to, not including, `end`.
    pub fn add(&mut self, start: u64, end: u64) {
        let (mut start, mut end) = (start.max(self.low), end);
        if start >= end {
            return;
        }
        // Ranges that overlap or touch become one.
        while let Some((known, until)) = self.ranges.range(..=end).next_back().map(|(a, b)| (*a, *b)) {
            if until < start {
                break;
            }
            (start, end) = (start.min(known), end.max(until));
            self.ranges.remove(&known);
        }
        if start <= self.low {
            self.low = end;
        } else {
            self.ranges.insert(start, end);
        }
    }
}
