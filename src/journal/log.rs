//! The log itself: appends groups of records, remembers how far cursors are, deletes what all have passed.
//!
//! Nothing here waits or has a thread of its own: each call does its I/O and returns, so that tests can run it step
//! by step over a simulated disk.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::account::{Account, Observer};
use super::disk::Disk;
use super::frame::Frame;
use super::record::{self, Entry};
use super::register::Register;
use super::segment::{self, Segment};
use super::space::Space;
use super::state::{Amount, Held, Place, State};

/// Where damaged segments go.
pub const ASIDE: &str = "damaged";

/// Written and removed to find out whether there is room again.
const PROBE: &str = "probe";
const PROBE_BYTES: usize = 256 * 1024;

/// How a journal works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether a commit waits until the disk has the records, or only the operating system.
    pub sync: bool,
    /// A segment takes no more records from this length on, in bytes.
    pub segment_bytes: u64,
    /// Newest records kept in memory, in bytes.
    pub tail_bytes: u64,
    /// After an unclean stop, unsettled records in this many bytes from a cursor's mark on count as given out before.
    pub again_bytes: u64,
}

/// The log.
pub struct Log {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    pub(super) space: Space,
    pub(super) observer: Arc<dyn Observer>,
    state: Mutex<State>,
    writer: Mutex<Writer>,
}

/// What only one at a time may do.
pub(super) struct Writer {
    /// The segment that takes records; none after a failure.
    active: Option<Arc<Segment>>,
    register: Register,
    /// Not in the register yet.
    frames: Vec<Frame>,
}

/// Records could not be made durable. What was written of them may still be found after a crash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CommitError(pub String);

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            sync: true,
            segment_bytes: 64 << 20,
            tail_bytes: 32 << 20,
            again_bytes: 64 << 20,
        }
    }
}

// === impl Log ===

impl Log {
    /// A log of what was recovered.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: Options,
        space: Space,
        observer: Arc<dyn Observer>,
        state: State,
    ) -> Self {
        let writer = Writer {
            active: None,
            register: Register::new(directory),
            frames: Vec::new(),
        };
        Self {
            disk,
            directory: directory.to_owned(),
            options,
            space,
            observer,
            state: Mutex::new(state),
            writer: Mutex::new(writer),
        }
    }

    /// The facts; the lock is not to be held during I/O.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends records and makes them durable; returns the first one's sequence number. On failure none of them was
    /// taken, and the segment is given up: what a failed write or sync left in it is not known.
    pub fn commit(&self, group: Vec<Entry>) -> Result<u64, CommitError> {
        let mut writer = self.writer();
        let first = self.state().next;
        let written = self.write(&mut writer, first, &group);
        match written {
            Ok(sync) => {
                let bytes = group.iter().map(Entry::size).sum();
                self.observer.committed(group.len(), bytes, sync);
                self.take_in(first, group);
                Ok(first)
            }
            Err(error) => {
                self.give_up(&mut writer);
                Err(self.fail(&error))
            }
        }
    }

    fn write(&self, writer: &mut Writer, first: u64, group: &[Entry]) -> io::Result<Duration> {
        if let Some(entry) = group.iter().find(|entry| entry.size() > record::LONGEST) {
            let text = format!(
                "a record of {} bytes is longer than {}",
                entry.size(),
                record::LONGEST
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let segment = self.active(writer)?;
        let headers: Vec<_> = (first..)
            .zip(group)
            .map(|(seq, entry)| entry.header(seq))
            .collect();
        let mut parts = Vec::with_capacity(3 * group.len());
        for (header, entry) in headers.iter().zip(group) {
            parts.extend([header, &*entry.head, &*entry.body].map(IoSlice::new));
        }
        parts.retain(|part| !part.is_empty());
        segment.file.append(&mut parts)?;
        let began = Instant::now();
        if self.options.sync {
            segment.file.sync()?;
        }
        Ok(began.elapsed())
    }

    /// The segment that takes records now.
    fn active(&self, writer: &mut Writer) -> io::Result<Arc<Segment>> {
        if let Some(active) = &writer.active {
            let length = self.state().segments.back().map_or(0, |held| held.holds.length);
            if length < self.options.segment_bytes {
                return Ok(active.clone());
            }
            self.seal(writer);
        }
        self.drop_unused()?;
        let base = self.state().next;
        let held = Held::empty(Segment::create(&*self.disk, &self.directory, base)?);
        let segment = held.segment.clone();
        self.space.take(segment::HEADER);
        self.state().segments.push_back(held);
        writer.active = Some(segment.clone());
        Ok(segment)
    }

    /// The newest segment takes no more records.
    fn seal(&self, writer: &mut Writer) {
        writer.active = None;
        if let Some(held) = self.state().segments.back_mut() {
            held.sealed = true;
            writer.frames.push(Frame::Segment(held.segment.base, held.holds));
        }
    }

    /// A segment that never took a record would have the next one's name.
    fn drop_unused(&self) -> io::Result<()> {
        let unused = {
            let state = self.state();
            let newest = state.segments.back();
            newest.filter(|held| held.holds.records == 0).cloned()
        };
        if let Some(held) = unused {
            self.disk.remove(&held.segment.path)?;
            self.space.free(held.bytes());
            self.state().segments.pop_back();
        }
        Ok(())
    }

    fn give_up(&self, writer: &mut Writer) {
        let Some(active) = writer.active.take() else {
            return;
        };
        let length = active.file.length().unwrap_or(0);
        let mut state = self.state();
        let Some(held) = state.segments.back_mut() else {
            return;
        };
        held.sealed = true;
        held.waste = length.saturating_sub(held.holds.length);
        self.space.take(held.waste);
        writer.frames.push(Frame::Segment(held.segment.base, held.holds));
    }

    fn take_in(&self, first: u64, group: Vec<Entry>) {
        let mut amount = Amount::default();
        let mut state = self.state();
        let state = &mut *state;
        for (seq, mut entry) in (first..).zip(group) {
            match entry.room.take() {
                Some(room) => room.filled(entry.size()),
                None => self.space.take(entry.size()),
            }
            let item = entry.into_item(seq);
            amount.add(Amount::of(&item));
            if let Some(held) = state.segments.back_mut() {
                held.push(seq, item.size, item.weight);
            }
            state.next = seq + 1;
            state.tail.push(item);
        }
        if let Some(owner) = &state.owner {
            owner.committed(amount.weight);
        }
        for place in state.cursors.values_mut() {
            place.unsettled.add(amount);
            if let Some(account) = &place.account {
                account.committed(amount.weight);
            }
        }
        state.trim();
        state.moved = true;
    }

    fn fail(&self, error: &io::Error) -> CommitError {
        let text = error.to_string();
        self.observer.failing(&text);
        self.state().trouble = Some(text.clone());
        CommitError(text)
    }

    /// After a failure: tries whether records can be appended again.
    pub fn probe(&self) -> bool {
        let mut writer = self.writer();
        match self.try_to_write(&mut writer) {
            Ok(()) => {
                self.state().trouble = None;
                self.observer.recovered();
                true
            }
            Err(error) => {
                self.give_up(&mut writer);
                self.fail(&error);
                false
            }
        }
    }

    fn try_to_write(&self, writer: &mut Writer) -> io::Result<()> {
        let path = self.directory.join(PROBE);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create(&path)?;
        let written = file
            .append(&mut [IoSlice::new(&vec![0; PROBE_BYTES])])
            .and_then(|()| file.sync());
        drop(file);
        self.disk.remove(&path)?;
        written?;
        self.active(writer).map(drop)
    }

    /// Remembers how far cursors are, and deletes what all of them have passed. An error loses nothing but time: it is
    /// tried again, and after a crash some records repeat.
    pub fn keep(&self) -> io::Result<()> {
        self.remember(&mut self.writer(), false)
    }

    /// The same, durable, with a note that the journal was closed in order.
    pub fn close(&self) -> io::Result<()> {
        self.remember(&mut self.writer(), true)
    }

    fn remember(&self, writer: &mut Writer, close: bool) -> io::Result<()> {
        let (mut frames, passed) = self.snapshot(writer);
        if close {
            frames.push(Frame::Closed);
        }
        let sync = self.options.sync && (close || !passed.is_empty());
        let remembered = writer.register.write(&*self.disk, &frames, sync);
        match &remembered {
            Ok(()) => writer.frames.clear(),
            Err(_) => self.state().moved = true,
        }
        // A full disk must not keep passed segments from making room: what is behind every cursor is not needed.
        for held in passed {
            self.delete(&held)?;
        }
        remembered
    }

    fn snapshot(&self, writer: &Writer) -> (Vec<Frame>, Vec<Held>) {
        let mut state = self.state();
        state.moved = false;
        let mut frames = Vec::new();
        if writer.register.wants_all() {
            let sealed = state.segments.iter().filter(|held| held.sealed);
            frames.extend(sealed.map(|held| Frame::Segment(held.segment.base, held.holds)));
        } else {
            frames.clone_from(&writer.frames);
        }
        let cursors = state.cursors.iter();
        frames.extend(cursors.map(|(name, place)| Frame::Cursor(name.clone(), place.memory())));
        frames.extend(state.owner_memory().map(|(end, note)| Frame::Owner(end, note)));
        let low = state.low();
        let passed = state.segments.iter();
        let passed = passed.take_while(|held| held.sealed && held.holds.end <= low);
        let passed: Vec<Held> = passed.cloned().collect();
        (frames, passed)
    }

    fn delete(&self, held: &Held) -> io::Result<()> {
        if held.damaged {
            set_aside(
                &*self.disk,
                &self.directory,
                &segment::file_name(held.segment.base),
            )?;
        } else {
            self.disk.remove(&held.segment.path)?;
        }
        self.space.free(held.bytes());
        let mut state = self.state();
        state
            .segments
            .retain(|known| known.segment.base != held.segment.base);
        Ok(())
    }

    /// Adds a cursor, at the end or at the beginning. It is durable when this returns: no record that is acknowledged
    /// later passes it by.
    pub fn add_cursor(&self, name: &str, at_end: bool) -> io::Result<()> {
        let mut writer = self.writer();
        {
            let mut state = self.state();
            let mut place = Place::at(state.next);
            if !at_end && let Some(first) = state.segments.front() {
                place = Place::at(first.segment.base);
                place.again_below = state.next;
                state
                    .segments
                    .iter()
                    .for_each(|held| place.unsettled.add(held.amount()));
            }
            state.cursors.insert(name.to_owned(), place);
        }
        let (frames, _) = self.snapshot(&writer);
        let written = writer.register.write(&*self.disk, &frames, true);
        match &written {
            Ok(()) => writer.frames.clear(),
            Err(_) => drop(self.state().cursors.remove(name)),
        }
        written
    }

    /// Gives a cursor up, with all that it has not settled.
    pub fn forget(&self, name: &str) -> io::Result<Amount> {
        let mut writer = self.writer();
        let given_up = self.state().cursors.remove(name).map(|place| place.unsettled);
        writer.frames.push(Frame::Forgotten(name.to_owned()));
        self.remember(&mut writer, false)?;
        Ok(given_up.unwrap_or_default())
    }

    /// Whom to wake after a commit.
    pub fn readers(&self) -> Vec<Arc<dyn Account>> {
        let state = self.state();
        state
            .cursors
            .values()
            .filter_map(|place| place.account.clone())
            .collect()
    }
}

/// Moves a file out of the way; never over one that is there already.
pub(super) fn set_aside(disk: &dyn Disk, directory: &Path, name: &str) -> io::Result<()> {
    let aside = directory.join(ASIDE);
    disk.create_directory(&aside)?;
    let taken = disk.list(&aside)?;
    let free = (0..)
        .map(|number| format!("{name}.{number}"))
        .find(|name| !taken.contains(name));
    let target = aside.join(free.unwrap_or_else(|| name.to_owned()));
    disk.rename(&directory.join(name), &target)
}
