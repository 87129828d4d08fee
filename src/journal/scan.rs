//! Reads the records of one segment in order, steps over what is damaged, and says what it stepped over.

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::place::Amount;
use super::record::{HEADER, Header, Item, read_u64};
use super::segment::{self, Segment};
use super::state::Held;

/// Read from the file at once, in bytes.
const CHUNK: usize = 1 << 20;

/// The same where headers alone are wanted.
const SMALL_CHUNK: usize = 8 << 10;

/// A walk over one segment.
pub struct Scan {
    segment: Arc<Segment>,
    /// The next record is this one or a later one.
    expected: u64,
    /// Records from here on are not this segment's: they were never committed.
    end: u64,
    /// Bytes from here on may be changing still.
    until: u64,
    /// Where the next record is sought.
    at: u64,
    /// Bytes of the file from `at` on.
    buffer: Bytes,
    /// Bytes of the file when that was last asked.
    length: u64,
    mode: Mode,
}

/// What is read of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything, checked.
    Whole,
    /// The header alone: bodies are stepped over unseen.
    Headers,
}

/// What comes next.
#[derive(Debug)]
pub enum Found {
    /// A sound record.
    Record(Item),
    /// A record whose header is sound and whose body is not, or is not all there.
    Damaged {
        /// Its sequence number.
        seq: u64,
        /// What its header says of it.
        amount: Amount,
    },
    /// Nothing more.
    End,
}

// === impl Scan ===

impl Scan {
    /// A walk over the records of `segment` before `end`.
    pub fn new(segment: Arc<Segment>, end: u64, mode: Mode) -> Self {
        Self {
            expected: segment.base,
            end,
            until: u64::MAX,
            at: segment::HEADER,
            buffer: Bytes::new(),
            length: 0,
            segment,
            mode,
        }
    }

    /// A walk over the records that a segment holds, from a known beginning at or before `seq` on.
    pub fn over(held: &Held, seq: u64, mode: Mode) -> Self {
        let (expected, at) = held.start_for(seq);
        Self {
            expected,
            at,
            until: held.settled_length(),
            ..Self::new(held.segment.clone(), held.holds.end, mode)
        }
    }

    /// The same from a place on where the record `expected`, or a later one, begins.
    pub fn starting_at(self, expected: u64, at: u64) -> Self {
        Self { expected, at, ..self }
    }

    /// The segment it walks over.
    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Where the next record is sought.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next record that may come.
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// More records have been committed: the walk goes on over them.
    pub fn extend(&mut self, held: &Held) {
        self.end = self.end.max(held.holds.end);
        self.until = self.until.max(held.settled_length());
    }

    /// Goes one record on.
    pub fn step(&mut self) -> io::Result<Found> {
        loop {
            let chunk = match self.mode {
                Mode::Whole => CHUNK,
                Mode::Headers => SMALL_CHUNK,
            };
            if self.expected >= self.end || !self.fill(HEADER, chunk)? {
                return Ok(Found::End);
            }
            match Header::decode(&self.buffer).filter(|header| self.plausible(header.seq)) {
                Some(header) => return self.record(&header),
                None if !self.seek()? => return Ok(Found::End),
                None => {}
            }
        }
    }

    fn plausible(&self, seq: u64) -> bool {
        (self.expected..self.end).contains(&seq)
    }

    fn record(&mut self, header: &Header) -> io::Result<Found> {
        let size = header.size();
        let damaged = Found::Damaged {
            seq: header.seq,
            amount: Amount {
                records: 1,
                bytes: size,
                weight: header.weight.into(),
            },
        };
        if self.mode == Mode::Headers {
            if !self.reaches(size)? {
                return Ok(self.step_over(header, damaged));
            }
            self.advance(header.seq, size);
            return Ok(Found::Record(item(header, Bytes::new(), Bytes::new())));
        }
        let whole = usize::try_from(size).map_err(io::Error::other)?;
        if !self.fill(whole, CHUNK)? {
            return Ok(self.step_over(header, damaged));
        }
        let mut payload = self.buffer.slice(HEADER..whole);
        if !header.fits(&payload) {
            return Ok(self.step_over(header, damaged));
        }
        // A record that is kept must not keep a whole chunk.
        if whole < CHUNK / 2 {
            payload = Bytes::copy_from_slice(&payload);
        }
        self.advance(header.seq, size);
        let head = payload.split_to((header.head as usize).min(payload.len()));
        Ok(Found::Record(item(header, head, payload)))
    }

    /// A damaged record may have been overwritten by others: the search goes on right behind its header.
    fn step_over(&mut self, header: &Header, found: Found) -> Found {
        self.skip(HEADER as u64);
        self.expected = header.seq + 1;
        found
    }

    fn advance(&mut self, seq: u64, size: u64) {
        self.skip(size);
        self.expected = seq + 1;
    }

    fn skip(&mut self, bytes: u64) {
        self.at += bytes;
        let there = usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        self.buffer.advance(there);
    }

    /// Moves to the next place that looks like a header.
    fn seek(&mut self) -> io::Result<bool> {
        loop {
            self.skip(1);
            if !self.fill(HEADER, CHUNK)? {
                return Ok(false);
            }
            let places = self.buffer.len() - HEADER + 1;
            let looks = |at: &usize| {
                let seq = read_u64(&self.buffer, at + 24);
                seq.is_some_and(|seq| self.plausible(seq))
            };
            let found = (0..places).find(|at| {
                looks(at)
                    && self
                        .buffer
                        .get(*at..)
                        .and_then(Header::decode)
                        .is_some_and(|header| self.plausible(header.seq))
            });
            match found {
                Some(at) => {
                    self.skip(at as u64);
                    return Ok(true);
                }
                None => self.skip(places as u64 - 1),
            }
        }
    }

    /// Sees to it that `wanted` bytes from `at` on are in the buffer, reading `chunk` at once; `false` when the file
    /// ends before.
    fn fill(&mut self, wanted: usize, chunk: usize) -> io::Result<bool> {
        if self.buffer.len() >= wanted {
            return Ok(true);
        }
        // A length out of a header is not believed further than the file goes.
        if !self.reaches(wanted as u64)? {
            return Ok(false);
        }
        let there = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; chunk.max(wanted).min(there)];
        let read = self.segment.file.read_at(&mut bytes, self.at)?;
        bytes.truncate(read);
        self.buffer = bytes.into();
        Ok(self.buffer.len() >= wanted)
    }

    /// Whether the file goes on for `bytes` from `at` on.
    fn reaches(&mut self, bytes: u64) -> io::Result<bool> {
        let end = self.at.saturating_add(bytes);
        if end > self.length {
            self.length = self.segment.file.length()?.min(self.until);
        }
        Ok(end <= self.length)
    }
}

fn item(header: &Header, head: Bytes, body: Bytes) -> Item {
    Item {
        seq: header.seq,
        weight: header.weight,
        size: header.size(),
        time: header.time,
        head,
        body,
        memo: None,
        again: false,
    }
}
