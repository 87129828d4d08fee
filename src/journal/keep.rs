//! What the log remembers beside its records, and what it deletes because all cursors have passed it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::disk::Disk;
use super::frame::Frame;
use super::log::{Log, Writer};
use super::place::Amount;
use super::segment;
use super::state::Held;

/// Where damaged segments go.
pub const ASIDE: &str = "damaged";

// === impl Log ===

impl Log {
    /// Remembers how far cursors are, and deletes what all of them have passed. An error loses nothing but time: it is
    /// tried again, and after a crash some records repeat.
    pub fn keep(&self) -> io::Result<()> {
        self.remember(&mut self.writer(), &[], false)
    }

    /// The same, durable, with a note that the journal was closed in order.
    pub fn close(&self) -> io::Result<()> {
        self.remember(&mut self.writer(), &[Frame::Closed], self.options.sync)
    }

    fn remember(&self, writer: &mut Writer, last: &[Frame], sync: bool) -> io::Result<()> {
        self.seal_passed(writer);
        let (mut frames, passed) = self.snapshot(writer);
        frames.extend_from_slice(last);
        let sync = sync || (self.options.sync && !passed.is_empty());
        let remembered = writer.register.write(&*self.disk, &frames, sync);
        if remembered.is_ok() {
            writer.frames.clear();
        }
        // A full disk must not keep passed segments from making room: what is behind every cursor is not needed.
        let deleted = passed.iter().try_for_each(|held| self.delete(writer, held));
        let result = remembered.and(deleted);
        self.state().moved |= result.is_err();
        result
    }

    /// When room is scarce, even the segment that takes records goes once everything in it is settled.
    fn seal_passed(&self, writer: &mut Writer) {
        let state = self.state();
        let newest = state.segments.back();
        let passed = newest.is_some_and(|held| held.records() > 0 && held.holds.end <= state.low());
        drop(state);
        if passed && writer.active.is_some() && self.space.used() > self.space.limit() / 2 {
            self.seal(writer);
        }
    }

    /// What is to be written, and the segments that all cursors have passed.
    fn snapshot(&self, writer: &Writer) -> (Vec<Frame>, Vec<Held>) {
        let mut state = self.state();
        state.moved = false;
        let mut frames = Vec::new();
        let all = writer.register.wants_all();
        if all && !state.whole {
            frames.push(Frame::Doubtful);
        }
        if !all {
            frames.clone_from(&writer.frames);
        }
        let sealed = state
            .segments
            .iter()
            .filter(|held| held.sealed && held.records() > 0);
        let told = sealed.filter(|held| all || held.holds.damaged);
        frames.extend(told.map(|held| Frame::Segment(held.segment.base, held.holds)));
        let cursors = state.cursors.iter();
        frames.extend(cursors.map(|(name, place)| Frame::Cursor(name.clone(), place.memory())));
        frames.extend(state.owner_memory().map(|(end, note)| Frame::Owner(end, note)));
        frames.push(Frame::Committed(state.next));
        let low = state.low();
        let passed = state.segments.iter();
        let passed = passed.take_while(|held| held.sealed && held.holds.end <= low);
        let passed: Vec<Held> = passed.cloned().collect();
        (frames, passed)
    }

    fn delete(&self, writer: &mut Writer, held: &Held) -> io::Result<()> {
        let (disk, directory) = (&*self.disk, &self.directory);
        let gone = match held.holds.damaged {
            true => set_aside(disk, directory, &segment::file_name(held.segment.base)),
            false if self.is_spare(held) && writer.spares.keep(disk, directory, &held.segment.path)? => {
                Ok(())
            }
            false => disk.remove(&held.segment.path),
        };
        match gone {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.space.free(held.bytes());
        let mut state = self.state();
        state
            .segments
            .retain(|known| known.segment.base != held.segment.base);
        Ok(())
    }

    /// Whether a file may be written over: it has its full length, the disk has room, and nobody reads it any more but the
    /// list of segments and whoever asks.
    fn is_spare(&self, held: &Held) -> bool {
        let full = held.holds.length >= self.options.segment_bytes;
        full && self.state().trouble.is_none() && Arc::strong_count(&held.segment) <= 2
    }

    /// Adds a cursor, at the end or at the beginning. It is durable when this returns: no record that is acknowledged
    /// later passes it by. One that is there already is left alone.
    pub fn add_cursor(&self, name: &str, at_end: bool) -> io::Result<()> {
        let mut writer = self.writer();
        {
            let mut state = self.state();
            if state.cursors.contains_key(name) {
                return Ok(());
            }
            let place = state.new_place(at_end);
            state.cursors.insert(name.to_owned(), place);
        }
        writer.register.renew();
        let (frames, _) = self.snapshot(&writer);
        let written = writer.register.write(&*self.disk, &frames, true);
        match &written {
            Ok(()) => writer.frames.clear(),
            Err(_) => {
                let mut state = self.state();
                state.cursors.remove(name);
                state.moved = true;
            }
        }
        written
    }

    /// Gives a cursor up, with all that it has not settled. After an error it may be there again after a restart.
    pub fn forget(&self, name: &str) -> io::Result<Amount> {
        let mut writer = self.writer();
        let given_up = self.state().cursors.remove(name).map(|place| place.unsettled);
        writer.register.renew();
        self.remember(&mut writer, &[], true)?;
        Ok(given_up.unwrap_or_default())
    }
}

/// Moves a file out of the way; never over one that is there already.
pub fn set_aside(disk: &dyn Disk, directory: &Path, name: &str) -> io::Result<()> {
    let aside = directory.join(ASIDE);
    disk.create_directory(&aside)?;
    let taken = disk.list(&aside)?;
    let free = (0..)
        .map(|number| format!("{name}.{number}"))
        .find(|name| !taken.contains(name));
    let target = aside.join(free.unwrap_or_else(|| name.to_owned()));
    disk.rename(&directory.join(name), &target)
}
