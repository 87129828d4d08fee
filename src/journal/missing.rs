//! What a segment holds, record by record, where some of them have no header any more.
//!
//! Of a lost header nothing is known but that there was one: the numbers of a segment's records have no gap. What the
//! segment holds less what its sound headers say is what the missing ones had; each gets its part of that, so that the
//! parts add up exactly.

use std::io;
use std::ops::ControlFlow;

use super::marks::Marks;
use super::place::Amount;
use super::scan::{Found, Mode, Scan};
use super::state::Held;

/// What comes next in a segment.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// A record with its amount; its body may be damaged.
    Record(u64, Amount),
    /// Records without a header.
    Missing(Gap),
}

/// Records without a header, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The first.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Missing records of the segment before these.
    before: u64,
    /// All missing records of the segment.
    all: Amount,
}

// === impl Content ===

impl Content {
    /// The first record, and one past the last.
    pub fn range(&self) -> (u64, u64) {
        match self {
            Self::Record(seq, _) => (*seq, seq + 1),
            Self::Missing(gap) => (gap.start, gap.end),
        }
    }

    /// As much of it as is not settled.
    pub fn open(&self, marks: &Marks) -> Amount {
        match self {
            Self::Record(seq, _) if marks.contains(*seq) => Amount::default(),
            Self::Record(_, amount) => *amount,
            Self::Missing(gap) => gap.open(marks),
        }
    }
}

// === impl Gap ===

impl Gap {
    /// The records from `start` up to `end`, of which the segment has no header.
    pub fn find(held: &Held, start: u64, end: u64) -> io::Result<Self> {
        let mut all = held.amount();
        let mut before = start - held.segment.base;
        let mut scan = Scan::over(held, held.segment.base, Mode::Headers);
        while let Some((seq, amount)) = record(scan.step()?) {
            all.remove(amount);
            before -= u64::from(seq < start);
        }
        Ok(Self {
            start,
            end,
            before,
            all,
        })
    }

    fn open(&self, marks: &Marks) -> Amount {
        let mut sum = Amount::default();
        let mut start = marks.next_open(self.start);
        while start < self.end {
            let end = marks.next_settled(start).min(self.end);
            sum.add(self.part(start, end));
            start = marks.next_open(end);
        }
        sum
    }

    fn part(&self, start: u64, end: u64) -> Amount {
        let first = self.before + (start - self.start);
        let up_to = |sum: u64, count: u64| {
            let part = u128::from(sum) * u128::from(count) / u128::from(self.all.records.max(1));
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        let share = |sum| up_to(sum, first + (end - start)).saturating_sub(up_to(sum, first));
        Amount {
            records: end - start,
            bytes: share(self.all.bytes),
            weight: share(self.all.weight),
        }
    }
}

/// Visits everything that a segment holds, in order.
pub fn walk(held: &Held, mut visit: impl FnMut(Content) -> ControlFlow<()>) -> io::Result<()> {
    let mut scan = Scan::over(held, held.segment.base, Mode::Headers);
    let mut next = held.segment.base;
    loop {
        let found = record(scan.step()?);
        let seq = found.map_or(held.holds.end, |(seq, _)| seq);
        if seq > next && visit(Content::Missing(Gap::find(held, next, seq)?)).is_break() {
            return Ok(());
        }
        match found {
            Some((seq, amount)) if visit(Content::Record(seq, amount)).is_continue() => next = seq + 1,
            _ => return Ok(()),
        }
    }
}

fn record(found: Found) -> Option<(u64, Amount)> {
    match found {
        Found::Record(item) => Some((item.seq, Amount::of(&item))),
        Found::Damaged { seq, amount, .. } => Some((seq, amount)),
        Found::End => None,
    }
}
