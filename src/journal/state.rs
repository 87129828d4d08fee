//! What is in the journal, as far as it is committed: segments, cursors, the newest records. Under one lock, never
//! held during I/O.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::account::Account;
use super::place::{Amount, Place};
use super::record::Item;
use super::register::SegmentMemory;
use super::segment::{self, Segment};
use super::tail::Tail;

/// Bytes between two records whose offsets are kept.
const INDEX_STEP: u64 = 1 << 20;

/// The journal's facts.
pub struct State {
    /// From the oldest to the newest.
    pub segments: VecDeque<Held>,
    /// The next record's sequence number.
    pub next: u64,
    /// The newest records.
    pub tail: Tail,
    /// Every cursor, those without a reader included.
    pub cursors: BTreeMap<String, Place>,
    /// Whether every cursor that ever was is known; that is so, too, once somebody appends, having asked for its cursors.
    pub whole: bool,
    /// Whether cursors have moved since the register was written.
    pub moved: bool,
    /// Why nothing can be appended.
    pub trouble: Option<String>,
    /// The owner of all of it; none until it is made known.
    pub owner: Option<Arc<dyn Account>>,
    /// The owner's counts as they were remembered, and the first record that they do not know of.
    pub owner_note: Option<(u64, Vec<u8>)>,
}

/// A segment and what it holds.
#[derive(Clone)]
pub struct Held {
    /// The file.
    pub segment: Arc<Segment>,
    /// What of it is committed.
    pub holds: SegmentMemory,
    /// Takes no more records.
    pub sealed: bool,
    /// Bytes of the file: more than is committed after a write that failed, less after a loss.
    file_length: u64,
    /// Where some of its records begin: sequence number and offset, in order.
    pub index: Vec<(u64, u64)>,
}

/// What a cursor may have from memory.
#[derive(Debug)]
pub enum Taken {
    /// These records.
    Items(Vec<Item>),
    /// The next record is on disk only.
    OnDisk,
    /// There is none.
    Nothing,
}

// === impl State ===

impl State {
    /// The segment that holds a record, or the first after it.
    pub fn segment_of(&self, seq: u64) -> Option<&Held> {
        let at = self.segments.partition_point(|held| held.holds.end <= seq);
        self.segments.get(at)
    }

    /// The first record that is still needed: some cursor has not settled it, or the owner, who has not come yet, has
    /// not counted it. All are as long as it is not known which cursors there are.
    pub fn low(&self) -> u64 {
        if !self.whole {
            return 0;
        }
        let lows = self.cursors.values().map(|place| place.marks.low());
        let note = self.owner_note.as_ref().filter(|_| self.owner.is_none());
        let lows = lows.chain(note.map(|(end, _)| *end));
        lows.min().unwrap_or(self.next)
    }

    /// Lets go of records in memory that every reading cursor has had.
    pub fn trim(&mut self) {
        let reading = self.cursors.values().filter(|place| place.account.is_some());
        let had = reading.map(|place| place.read).min().unwrap_or(self.next);
        self.tail.forget(had);
    }

    /// Bytes on disk of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(Held::bytes).sum()
    }

    /// Numbers that no record has any more: first and one past the last.
    pub fn holes(&self) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut at = 0;
        for held in &self.segments {
            holes.push((at, held.segment.base));
            at = held.holds.end;
        }
        holes.push((at, self.next));
        holes.retain(|(start, end)| start < end);
        holes
    }

    /// A place for a new cursor, at the end or at the beginning.
    pub fn new_place(&self, at_end: bool) -> Place {
        if at_end {
            return Place::at(self.next);
        }
        let mut place = Place::at(0);
        place.again_below = self.next;
        place.skip(&self.holes());
        for held in &self.segments {
            place.unsettled.add(held.amount());
        }
        place
    }

    /// What is to be remembered of the owner's counts.
    pub fn owner_memory(&self) -> Option<(u64, Vec<u8>)> {
        let Some(owner) = &self.owner else {
            return self.owner_note.clone();
        };
        let mut note = Vec::new();
        owner.note(&mut note);
        Some((self.next, note))
    }
}

// === impl Held ===

impl Held {
    /// A segment without records.
    pub fn empty(segment: Segment) -> Self {
        let holds = SegmentMemory {
            end: segment.base,
            length: segment::HEADER,
            ..SegmentMemory::default()
        };
        Self {
            segment: Arc::new(segment),
            holds,
            sealed: false,
            file_length: segment::HEADER,
            index: Vec::new(),
        }
    }

    /// A segment whose file is there, with this many bytes; what it holds is not known yet.
    pub fn found(segment: Segment, length: u64) -> Self {
        Self {
            sealed: true,
            file_length: length,
            ..Self::empty(segment)
        }
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.file_length
    }

    /// The file is this long; returns by how many bytes it has grown.
    pub fn grow_to(&mut self, length: u64) -> u64 {
        let more = length.saturating_sub(self.file_length);
        self.file_length += more;
        more
    }

    /// Bytes of the file that change no more: behind what is committed a write may be under way, over what was there.
    pub fn settled_length(&self) -> u64 {
        if self.sealed { u64::MAX } else { self.holds.length }
    }

    /// How many records it holds: their numbers have no gap.
    pub fn records(&self) -> u64 {
        self.holds.end - self.segment.base
    }

    /// All of its records.
    pub fn amount(&self) -> Amount {
        Amount {
            records: self.records(),
            bytes: self.holds.length.saturating_sub(segment::HEADER),
            weight: self.holds.weight,
        }
    }

    /// A record at `offset` joins it.
    pub fn push(&mut self, seq: u64, size: u64, weight: u32) {
        let known = self.index.last().map_or(0, |(_, offset)| *offset);
        if self.holds.length >= known + INDEX_STEP {
            self.index.push((seq, self.holds.length));
        }
        self.holds.end = seq + 1;
        self.holds.weight += u64::from(weight);
        self.holds.length += size;
        self.file_length += size;
    }

    /// A known beginning at or before a record: sequence number and offset.
    pub fn start_for(&self, seq: u64) -> (u64, u64) {
        let at = self.index.partition_point(|(known, _)| *known <= seq);
        let known = at.checked_sub(1).and_then(|at| self.index.get(at));
        known.copied().unwrap_or((self.segment.base, segment::HEADER))
    }
}
