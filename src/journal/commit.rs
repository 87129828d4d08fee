//! How records come into the log, and what happens when the disk refuses them.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::disk::AHEAD;
use super::frame::Frame;
use super::log::{CommitError, Log, Writer};
use super::place::Amount;
use super::record::{Entry, LONGEST};
use super::segment::{self, Segment};
use super::state::Held;

/// Written and removed to find out whether there is room again.
const PROBE: &str = "probe";
const PROBE_BYTES: usize = 256 * 1024;

// === impl Log ===

impl Log {
    /// Appends records and makes them durable; returns the first one's sequence number. On failure none of them was
    /// taken, and the segment is given up: what a failed write or sync left in it is not known.
    pub fn commit(&self, group: Vec<Entry>) -> Result<u64, CommitError> {
        if let Some(entry) = group.iter().find(|entry| entry.size() > LONGEST) {
            return Err(CommitError::too_long(entry.size()));
        }
        let mut writer = self.writer();
        let first = self.state().next;
        match self.write(&mut writer, first, &group) {
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
        let segment = self.active(writer)?;
        let headers = (first..).zip(group).map(|(seq, entry)| entry.header(seq));
        let headers: Vec<_> = headers.collect();
        let mut parts = Vec::with_capacity(3 * group.len());
        for (header, entry) in headers.iter().zip(group) {
            parts.extend([header, &*entry.head, &*entry.body].map(IoSlice::new));
        }
        parts.retain(|part| !part.is_empty());
        match self.ahead(writer, group) {
            0 => segment.file.append(&mut parts)?,
            zeros => segment.file.append_ahead(&mut parts, zeros)?,
        }
        let began = Instant::now();
        if self.options.sync {
            segment.file.sync()?;
        }
        Ok(began.elapsed())
    }

    /// How many zeros to write behind a group. To write over bytes that are there is made durable in half the time of
    /// making a file longer, and small groups come one after the other.
    fn ahead(&self, writer: &mut Writer, group: &[Entry]) -> usize {
        let committed = self.state().segments.back().map_or(0, |held| held.holds.length);
        let bytes: u64 = group.iter().map(Entry::size).sum();
        let end = committed + bytes;
        if end <= writer.reaches {
            return 0;
        }
        let step = AHEAD as u64;
        let small = self.options.spares > 0 && bytes < step;
        let zeros = if small { step - end % step } else { 0 };
        writer.reaches = end + zeros;
        usize::try_from(zeros).unwrap_or(0)
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
        let held = Held::empty(self.new_segment(writer, base)?);
        let segment = held.segment.clone();
        writer.reaches = segment.file.length()?;
        self.space.take(segment::HEADER);
        self.state().segments.push_back(held);
        writer.active = Some(segment.clone());
        Ok(segment)
    }

    fn new_segment(&self, writer: &mut Writer, base: u64) -> io::Result<Segment> {
        if let Some(spare) = writer.spares.take() {
            let segment = Segment::recreate(&*self.disk, &self.directory, base, &spare);
            if segment.is_ok() {
                return segment;
            }
            // Whatever is wrong with it, a new one will tell.
            drop(self.disk.remove(&spare));
        }
        Segment::create(&*self.disk, &self.directory, base)
    }

    /// The newest segment takes no more records.
    pub(super) fn seal(&self, writer: &mut Writer) {
        let Some(active) = writer.active.take() else {
            return;
        };
        let committed = self.state().segments.back().map_or(0, |held| held.holds.length);
        // Behind it lies what the file held before, or what a failed write left. To keep that costs only space.
        if active.file.length().is_ok_and(|length| length > committed) {
            drop(active.file.truncate(committed));
        }
        let mut state = self.state();
        let Some(held) = state.segments.back_mut() else {
            return;
        };
        held.sealed = true;
        // One without records is about to be replaced by another of its name, which must not be taken for it.
        if held.records() > 0 {
            writer.frames.push(Frame::Segment(held.segment.base, held.holds));
        }
    }

    /// A segment that never took a record would have the next one's name.
    fn drop_unused(&self) -> io::Result<()> {
        let unused = {
            let state = self.state();
            let newest = state.segments.back();
            newest.filter(|held| held.records() == 0).cloned()
        };
        if let Some(held) = unused {
            self.disk.remove(&held.segment.path)?;
            self.space.free(held.bytes());
            self.state().segments.pop_back();
        }
        Ok(())
    }

    fn give_up(&self, writer: &mut Writer) {
        let Some(active) = writer.active.clone() else {
            return;
        };
        self.seal(writer);
        writer.spares.clear(&*self.disk);
        let length = active.file.length().unwrap_or(0);
        if let Some(held) = self.state().segments.back_mut() {
            self.space.take(held.grow_to(length));
        }
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
        (state.whole, state.moved) = (true, true);
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
        let written = file.append(&mut [IoSlice::new(&vec![0; PROBE_BYTES])]);
        let written = written.and_then(|()| file.sync());
        drop(file);
        self.disk.remove(&path)?;
        written?;
        self.active(writer).map(drop)
    }
}

// === impl CommitError ===

impl CommitError {
    /// A record of this many bytes.
    pub(super) fn too_long(size: u64) -> Self {
        Self(format!("a record of {size} bytes is longer than {LONGEST}"))
    }
}
