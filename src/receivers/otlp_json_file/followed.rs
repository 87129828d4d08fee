//! A file that is open: records are read from it as they come.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use tokio::runtime::Handle;

use super::checkpoint::Known;
use super::content::{Content, Stamp};
use super::framing::{Found, Framing};
use super::handling::{Handling, Record};
use super::mark::{Mark, Piece};
use super::progress::{Progress, Settled};
use super::scratch::{Scratch, Unfilled};
use super::window::Window;
use crate::telemetry::file::{Place, ReaderEvents};

/// Bytes that are read of a file before it is the turn of others.
const TURN: usize = 4 << 20;

/// Records that may be remembered of a file whose first is not settled.
const MOST_REMEMBERED: usize = 10_000;

/// Bytes that are read at a time when the end of a line is looked for.
const STEP: u64 = 64 * 1024;

/// What all files of a receiver need to be read.
pub struct Work {
    /// How records are told from each other.
    pub framing: Framing,
    /// The most bytes of a record.
    pub most: usize,
    /// How long after its last change a file's last line is taken as it is; zero is never.
    pub flush: Duration,
    /// Bytes at the beginning by which files are recognised.
    pub fingerprint: usize,
    /// Hands records to the pipelines.
    pub handling: Arc<Handling>,
    /// What may be in flight.
    pub window: Window,
    /// Where records are handled.
    pub runtime: Handle,
    /// What is told.
    pub events: Arc<ReaderEvents>,
}

/// A file that is open.
pub struct Followed {
    /// Tells it from others.
    pub number: u64,
    /// Its name now.
    pub path: Arc<PathBuf>,
    /// A file that is read to its end first: it had this name before.
    pub after: Option<u64>,
    /// Since when no name of it is found.
    pub gone_since: Option<Instant>,
    /// It was told that it is not deleted.
    pub was_kept: bool,
    content: Content,
    /// What it was when it was looked at last, and since when it is that.
    stamp: Stamp,
    since: Instant,
    /// Where the next record begins; within a record that is passed over, how far that goes so far.
    position: u64,
    /// The beginning of the record that is being passed over.
    passing: Option<u64>,
    /// What stands before the position.
    tail: Piece,
    /// Its first bytes, as far as they were read, and how many they may be.
    head: Vec<u8>,
    head_most: usize,
    progress: Arc<Progress>,
    at_end: bool,
    /// The beginning of a record stands at the end.
    has_rest: bool,
    /// That beginning was looked at: it is no whole record.
    was_tried: bool,
}

/// Why reading a file has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// Others have their turn.
    Turn,
    /// Nothing more is there now.
    End,
    /// Too much is in flight.
    NoRoom,
    /// What was read is not there any more.
    Truncated,
}

// === impl Followed ===

impl Followed {
    /// Begins at a mark. `head` are the first bytes of the file.
    pub fn begin(
        number: u64,
        path: PathBuf,
        content: Content,
        mut head: Vec<u8>,
        head_most: usize,
        mark: Mark,
    ) -> io::Result<Self> {
        head.truncate(usize::try_from(mark.offset).unwrap_or(usize::MAX));
        Ok(Self {
            number,
            path: Arc::new(path),
            after: None,
            gone_since: None,
            was_kept: false,
            stamp: content.stamp()?,
            since: Instant::now(),
            position: mark.offset,
            passing: None,
            tail: mark.tail,
            content,
            head,
            head_most,
            progress: Arc::new(Progress::new(Settled {
                offset: mark.offset,
                tail: mark.tail,
                refused: mark.refused,
            })),
            at_end: false,
            has_rest: false,
            was_tried: false,
        })
    }

    /// What it was when it was looked at last.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// How far it is settled.
    pub fn mark(&self) -> Mark {
        let Settled {
            offset,
            tail,
            refused,
        } = self.progress.settled();
        Mark {
            offset,
            head: Piece::head(&self.head, offset),
            tail,
            refused,
        }
    }

    /// What is written down of it.
    pub fn known(&self) -> Known {
        Known {
            path: self.path.to_path_buf(),
            mark: self.mark(),
        }
    }

    /// Whether all that is there was read.
    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Whether all that is there was settled.
    pub fn is_done(&self) -> bool {
        self.at_end && !self.has_rest && self.passing.is_none() && self.progress.open() == 0
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.at_end && self.progress.open() == 0
    }

    /// How long it has been as it is.
    pub fn rested(&self) -> Duration {
        self.since.elapsed()
    }

    /// Whether somebody writes to it.
    pub fn is_locked(&self) -> bool {
        self.content.is_locked()
    }

    /// Goes to another place; what is under way there does not concern it any more.
    pub fn restart(&mut self, at: u64) -> io::Result<()> {
        self.stamp = self.content.stamp()?;
        self.since = Instant::now();
        self.head.clear();
        let mark = Mark::at(at, &self.head, &mut self.content)?;
        self.tail = mark.tail;
        self.position = at;
        self.passing = None;
        self.progress = Arc::new(Progress::new(Settled {
            offset: at,
            tail: mark.tail,
            refused: 0,
        }));
        (self.at_end, self.has_rest, self.was_tried) = (false, false, false);
        Ok(())
    }

    /// Where a record begins that is not there yet.
    pub fn end(&mut self, framing: Framing) -> io::Result<u64> {
        end_of(&mut self.content, framing)
    }

    /// Goes on from where it is, whatever stands before that now.
    pub fn accept_change(&mut self) -> io::Result<()> {
        self.stamp = self.content.stamp()?;
        if self.stamp.len >= self.position {
            self.tail = Mark::at(self.position, &self.head, &mut self.content)?.tail;
        }
        self.at_end = self.stamp.len <= self.position;
        Ok(())
    }

    /// Reads records until there is a reason to stop.
    pub fn pump(&mut self, scratch: &mut Scratch, work: &Work) -> io::Result<Pumped> {
        let stamp = self.content.stamp()?;
        if (stamp.len, stamp.modified) != (self.stamp.len, self.stamp.modified) {
            if self.was_truncated(&stamp)? {
                return Ok(Pumped::Truncated);
            }
            self.since = Instant::now();
            (self.at_end, self.was_tried) = (false, false);
        }
        self.stamp = stamp;
        let flushes = self.has_rest && !self.was_tried && self.is_old(work);
        if self.at_end && !flushes {
            return Ok(Pumped::End);
        }
        scratch.clear();
        let pumped = self.read(scratch, work);
        scratch.clear();
        pumped
    }

    /// Whether what was read is not there any more.
    fn was_truncated(&mut self, stamp: &Stamp) -> io::Result<bool> {
        let is_shorter = match self.content.is_plain() {
            true => stamp.len < self.position,
            false => stamp.len < self.stamp.len,
        };
        Ok(is_shorter || !self.stands()?)
    }

    /// Whether what was read last stands before the position.
    fn stands(&mut self) -> io::Result<bool> {
        self.tail.ends_at(self.position, &mut self.content)
    }

    fn is_old(&self, work: &Work) -> bool {
        !work.flush.is_zero() && self.since.elapsed() >= work.flush
    }

    fn read(&mut self, scratch: &mut Scratch, work: &Work) -> io::Result<Pumped> {
        let mut turn = TURN;
        let mut seen = 0;
        loop {
            let before = self.position;
            match self.next(scratch, seen, work)? {
                Some(Found::Record { start, stop, end }) => {
                    if !self.emit(scratch, start..stop, end, work) {
                        return Ok(Pumped::NoRoom);
                    }
                    scratch.consume(end);
                }
                Some(_) => {}
                None => {
                    seen = scratch.rest().len();
                    match scratch.fill(&mut self.content, self.position + seen as u64) {
                        Ok(0) => return Ok(self.reached_end(scratch, work)),
                        // It may have been written anew just before that was read.
                        Ok(_) if self.content.is_plain() && !self.stands()? => return Ok(Pumped::Truncated),
                        Ok(_) => continue,
                        Err(Unfilled::NoRoom(_)) => return Ok(Pumped::NoRoom),
                        Err(Unfilled::Source(error)) => return Err(error),
                    }
                }
            }
            seen = 0;
            turn = turn.saturating_sub(usize::try_from(self.position - before).unwrap_or(TURN));
            if turn == 0 {
                return Ok(Pumped::Turn);
            }
        }
    }

    /// A record, or something that was passed over; none when more bytes are needed.
    fn next(&mut self, scratch: &mut Scratch, seen: usize, work: &Work) -> io::Result<Option<Found>> {
        if let Some(begin) = self.passing {
            let rest = scratch.rest();
            if rest.is_empty() {
                return Ok(None);
            }
            let stop = rest.iter().position(|byte| *byte == b'\n');
            let passed = stop.map_or(rest.len(), |stop| stop + 1);
            self.advance(rest.get(..passed).unwrap_or_default());
            scratch.consume(passed);
            if stop.is_some() {
                self.pass_over(begin, work);
            }
            return Ok(Some(Found::Part));
        }
        let found = work.framing.find(scratch.rest(), seen, work.most);
        match found {
            Found::Part => return Ok(None),
            Found::Record { .. } => {}
            Found::TooLong(None) => self.passing = Some(self.position),
            Found::TooLong(Some(end)) => {
                let begin = self.position;
                let end = begin.saturating_add(end);
                if self.content.is_plain() && end > self.stamp.len {
                    self.stamp = self.content.stamp()?;
                    if end > self.stamp.len {
                        return Ok(None);
                    }
                }
                scratch.clear();
                self.tail = Mark::at(end, &self.head, &mut self.content)?.tail;
                self.position = end;
                self.pass_over(begin, work);
            }
        }
        Ok(Some(found))
    }

    /// The record that begins there and ends here is too long.
    fn pass_over(&mut self, begin: u64, work: &Work) {
        self.passing = None;
        let number = self.progress.begin(self.position, self.tail);
        self.progress.settle(number, true);
        let place = Place {
            path: &self.path,
            offset: begin,
        };
        let reason = format!(
            "it has {} bytes, and `max_log_size` is {}",
            self.position - begin,
            work.most
        );
        work.events.passed_over(place, &reason);
    }

    /// Begins with a record; not when too much is in flight.
    fn emit(&mut self, scratch: &Scratch, content: std::ops::Range<usize>, end: usize, work: &Work) -> bool {
        let rest = scratch.rest();
        let (content, all) = (
            rest.get(content).unwrap_or_default(),
            rest.get(..end).unwrap_or_default(),
        );
        let (place, stop) = (self.position, self.position + end as u64);
        if content.trim_ascii().is_empty() {
            self.advance(all);
            let number = self.progress.begin(stop, self.tail);
            self.progress.settle(number, false);
            return true;
        }
        if self.progress.open() >= MOST_REMEMBERED {
            return false;
        }
        let budget = work.handling.budget();
        let paid = match budget.reserve(content.len()) {
            Ok(paid) => paid,
            // It will never fit, and whoever handles it says so.
            Err(_) if content.len() >= budget.limit() => budget.overdraw(content.len()),
            Err(_) => return false,
        };
        let Some(room) = work.window.take(content.len()) else {
            return false;
        };
        self.advance(all);
        work.events.read(content.len());
        let record = Record {
            path: self.path.clone(),
            offset: place,
            content: paid.bind(content.to_vec()),
            number: self.progress.begin(stop, self.tail),
            progress: self.progress.clone(),
            room,
        };
        let handling = work.handling.clone();
        work.runtime.spawn(async move { handling.handle(record).await });
        true
    }

    /// Goes past these bytes, which stand at the position.
    fn advance(&mut self, bytes: &[u8]) {
        self.position += bytes.len() as u64;
        self.tail = Piece::tail(bytes);
        self.has_rest = false;
        self.head_grows(bytes);
    }

    fn head_grows(&mut self, bytes: &[u8]) {
        let before = self.position - bytes.len() as u64;
        let room = self.head_most.saturating_sub(self.head.len());
        if room > 0 && self.head.len() as u64 == before {
            let more = bytes.get(..room.min(bytes.len())).unwrap_or_default();
            self.head.extend_from_slice(more);
        }
    }

    /// Nothing more is there; what stands at the end may be a whole record all the same.
    fn reached_end(&mut self, scratch: &mut Scratch, work: &Work) -> Pumped {
        let rest = scratch.rest();
        self.at_end = true;
        self.has_rest = !rest.is_empty();
        if !self.has_rest || work.framing != Framing::Lines || !self.is_old(work) || self.passing.is_some() {
            return Pumped::End;
        }
        let len = rest.len();
        let is_whole =
            rest.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(rest).is_ok();
        if is_whole && !self.emit(scratch, 0..len, len, work) {
            return Pumped::NoRoom;
        }
        self.was_tried = true;
        Pumped::End
    }
}

/// Where a record begins that is not there yet.
pub fn end_of(content: &mut Content, framing: Framing) -> io::Result<u64> {
    let mut end = content.stamp()?.len;
    if !content.is_plain() {
        let mut at = 0;
        let mut piece = vec![0; STEP as usize];
        loop {
            match content.read(at, &mut piece)? {
                0 => return Ok(at),
                read => at += read as u64,
            }
        }
    }
    if framing == Framing::Lengths {
        return Ok(end);
    }
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut piece = vec![0; (end - start) as usize];
        let read = content.read(start, &mut piece)?;
        piece.truncate(read);
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
