//! All records of a journal one after the other, and between them what cannot be read.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Extent, Files};
use crate::journal::place::Amount;
use crate::journal::record::{HEADER, Item};
use crate::journal::scan::{Found, Mode, Scan};
use crate::journal::segment::{self, Segment};

/// What comes next.
#[derive(Debug)]
pub enum Piece {
    /// A record whose checksums are right.
    Record(Record),
    /// Something that cannot be read.
    Damaged(Damage),
    /// The beginning of a record at the end of the newest file, of a write that has not ended or never will. If it was
    /// acknowledged at all, then in the last moment before its process ended without a word.
    Unfinished {
        /// The file.
        file: PathBuf,
        /// Where it begins.
        offset: u64,
    },
}

/// A sound record.
#[derive(Debug)]
pub struct Record {
    /// The file that it is in.
    pub file: PathBuf,
    /// Where it begins.
    pub offset: u64,
    /// The record.
    pub item: Item,
}

/// Something that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file, or where it would be.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// The records that are lost with it; may be none.
    pub records: Range<u64>,
    /// The sum of their weights, where it is known.
    pub weight: Option<u64>,
    /// What is wrong.
    pub harm: Harm,
}

/// What is wrong with a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It does not begin as a segment does.
    Beginning,
    /// What follows a record's header is not what was written, or not all there.
    Checksum,
    /// No record begins where one should.
    NoRecord,
    /// There is no such file.
    NoFile,
}

/// A walk over all records.
pub struct Walk<'a> {
    files: &'a Files,
    /// The next segment to open.
    next: usize,
    /// One past the last record of the segment before, when that was there.
    reached: Option<u64>,
    pass: Option<Pass>,
    ready: VecDeque<Piece>,
}

/// The walk over one segment.
struct Pass {
    scan: Scan,
    extent: Extent,
    /// Records below this one were committed.
    committed: u64,
    /// The next record to come.
    expected: u64,
    /// Where what was understood ends.
    sound: u64,
    /// A record of the newest segment that cannot be read: perhaps it is being written.
    doubt: Option<Damage>,
    /// The last record that was read once more to find that out.
    again: Option<u64>,
    weight: u64,
    gaps: Vec<Damage>,
}

// === impl Walk ===

impl<'a> Walk<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        Self {
            files,
            next: 0,
            reached: None,
            pass: None,
            ready: VecDeque::new(),
        }
    }

    /// Opens the next segment; `false` when there is none.
    fn open(&mut self) -> io::Result<bool> {
        let Some(extent) = self.files.extents.get(self.next).copied() else {
            return Ok(false);
        };
        self.next += 1;
        match self.files.open(&extent).map_err(io::Error::other)? {
            Some((segment, sound)) => {
                self.ready.extend(self.no_file_before(&extent));
                if !sound && segment.path.exists() {
                    self.ready.extend(bad_beginning(&segment)?);
                }
                self.pass = Some(Pass::new(segment, extent, self.files.memory.committed));
            }
            // All before it have gone, too.
            None => self.reached = None,
        }
        Ok(true)
    }

    /// Between two files there is nothing, and somebody waits for it.
    fn no_file_before(&self, extent: &Extent) -> Option<Piece> {
        let records = self.reached?..extent.base;
        let file = self.files.directory.join(segment::file_name(records.start));
        let lost = !records.is_empty() && !self.files.waiting_for(&records).is_empty() && !file.exists();
        lost.then(|| {
            Piece::Damaged(Damage {
                file,
                offset: 0,
                records,
                weight: None,
                harm: Harm::NoFile,
            })
        })
    }

    /// What a segment comes to at its end. What was found in one that has lost its name does not count.
    fn end(&mut self) {
        let Some(pass) = self.pass.take() else { return };
        let reached = pass.reached();
        match pass.is_named() {
            true => {
                self.ready.extend(pass.end());
                self.reached = Some(reached);
            }
            false => self.reached = None,
        }
    }
}

/// A header that is not sound. One that is not all there is that of a file which is being made.
fn bad_beginning(segment: &Segment) -> io::Result<Option<Piece>> {
    let file = segment.path.clone();
    let whole = segment.file.length()? > segment::HEADER;
    Ok(whole.then_some(Piece::Damaged(Damage {
        file,
        offset: 0,
        records: segment.base..segment.base,
        weight: Some(0),
        harm: Harm::Beginning,
    })))
}

impl Iterator for Walk<'_> {
    type Item = io::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            let stepped = match &mut self.pass {
                Some(pass) => pass.step(),
                None => match self.open() {
                    Ok(true) => continue,
                    Ok(false) => return None,
                    Err(error) => Err(error),
                },
            };
            match stepped {
                Ok(Some(piece)) => return Some(Ok(piece)),
                Ok(None) => self.end(),
                Err(error) => {
                    // What cannot be read now will not be read by going on.
                    self.pass = None;
                    self.next = usize::MAX;
                    return Some(Err(error));
                }
            }
        }
    }
}

// === impl Pass ===

impl Pass {
    fn new(segment: Segment, extent: Extent, committed: u64) -> Self {
        Self {
            scan: Scan::new(Arc::new(segment), extent.end, Mode::Whole),
            extent,
            committed,
            expected: extent.base,
            sound: segment::HEADER,
            doubt: None,
            again: None,
            weight: 0,
            gaps: Vec::new(),
        }
    }

    fn file(&self) -> PathBuf {
        self.scan.segment().path.clone()
    }

    fn is_named(&self) -> bool {
        self.scan.segment().path.exists()
    }

    /// One past the last record that it should have.
    fn reached(&self) -> u64 {
        match self.extent.is_newest() {
            true => self.expected.max(self.committed),
            false => self.extent.end,
        }
    }

    /// The next piece; none at the end.
    fn step(&mut self) -> io::Result<Option<Piece>> {
        loop {
            match self.scan.step()? {
                Found::Record(item) if self.may_have_been_written(item.seq) => self.rewind(),
                Found::Record(item) => {
                    let offset = self.scan.position() - item.size;
                    self.saw(offset, item.seq, Amount::of(&item));
                    let file = self.file();
                    return Ok(Some(Piece::Record(Record { file, offset, item })));
                }
                Found::Damaged { seq, amount } => {
                    let damage = Damage {
                        file: self.file(),
                        offset: self.scan.position() - HEADER as u64,
                        records: seq..seq + 1,
                        weight: Some(amount.weight),
                        harm: Harm::Checksum,
                    };
                    if self.extent.is_newest() && seq >= self.committed && self.again != Some(seq) {
                        self.doubt.get_or_insert(damage);
                        continue;
                    }
                    if !self.is_named() {
                        return Ok(None);
                    }
                    self.saw(damage.offset, seq, amount);
                    return Ok(Some(Piece::Damaged(damage)));
                }
                Found::End => return Ok(None),
            }
        }
    }

    /// Whether what lies before this record was perhaps being written when it was read: it was not committed then, and
    /// now something follows it.
    fn may_have_been_written(&self, seq: u64) -> bool {
        let unsure = self.extent.is_newest() && self.expected >= self.committed;
        unsure && seq > self.expected && self.again != Some(self.expected)
    }

    /// Goes back to what was not understood; once.
    fn rewind(&mut self) {
        let segment = self.scan.segment().clone();
        let scan = Scan::new(segment, self.extent.end, Mode::Whole);
        self.scan = scan.starting_at(self.expected, self.sound);
        self.again = Some(self.expected);
        self.doubt = None;
    }

    fn saw(&mut self, offset: u64, seq: u64, amount: Amount) {
        if seq > self.expected {
            self.gap(self.expected..seq);
        }
        self.expected = seq + 1;
        self.sound = offset + amount.bytes;
        self.weight += amount.weight;
        self.doubt = None;
    }

    fn gap(&mut self, records: Range<u64>) {
        self.gaps.push(Damage {
            file: self.file(),
            offset: self.sound,
            records,
            weight: None,
            harm: Harm::NoRecord,
        });
    }

    /// What is known only at the end: what is missing there, and what all gaps held.
    fn end(mut self) -> Vec<Piece> {
        if self.expected < self.reached() {
            self.gap(self.expected..self.reached());
            self.doubt = None;
        }
        let count = |gap: &Damage| gap.records.end - gap.records.start;
        let missing: u64 = self.gaps.iter().map(count).sum();
        if let Some(known) = self.extent.known {
            let weight = known.weight.saturating_sub(self.weight);
            for gap in &mut self.gaps {
                // Of several gaps each gets its part by the number of its records.
                gap.weight = Some(weight * count(gap) / missing.max(1));
            }
        }
        let gaps = self.gaps.into_iter().map(Piece::Damaged);
        let unfinished = self
            .doubt
            .map(|Damage { file, offset, .. }| Piece::Unfinished { file, offset });
        gaps.chain(unfinished).collect()
    }
}
