//! Which segments there are when a journal is opened, and what they hold.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::account::Observer;
use super::disk::Disk;
use super::keep::set_aside;
use super::recover::OpenError;
use super::register::{Memory, SegmentMemory};
use super::scan::{Found, Mode, Scan};
use super::segment::{self, Segment};
use super::state::Held;

/// The files of a journal that is being opened.
pub struct Files<'a> {
    pub disk: &'a dyn Disk,
    pub directory: &'a Path,
    pub observer: &'a dyn Observer,
    /// Whether what is found is made durable before it counts.
    pub sync: bool,
    /// Records below this one were committed; of later ones nobody knows.
    pub committed: u64,
}

/// What is known of a segment before it is read.
struct Hints {
    /// Its header is sound.
    sound: bool,
    /// Where the next segment begins; none after the newest.
    next: Option<u64>,
}

// === impl Files ===

impl Files<'_> {
    /// The segments, from the oldest to the newest. Files without a record are cleared away.
    pub fn segments(&self, memory: &Memory) -> Result<VecDeque<Held>, OpenError> {
        let io_error = |error| OpenError::Io(self.directory.to_owned(), error);
        let names = self.disk.list(self.directory).map_err(io_error)?;
        let mut bases: Vec<u64> = names.iter().filter_map(|name| segment::base_of(name)).collect();
        bases.sort_unstable();
        let mut segments = VecDeque::new();
        let nexts = bases.iter().skip(1).copied().map(Some).chain([None]);
        for (base, next) in bases.iter().copied().zip(nexts) {
            let (segment, sound) = Segment::open(self.disk, self.directory, base)?;
            let hints = Hints { sound, next };
            let found = self.hold(segment, &hints, memory).map_err(io_error)?;
            segments.extend(found);
        }
        Ok(segments)
    }

    /// What a file holds; nothing when it was cleared away.
    fn hold(&self, segment: Segment, hints: &Hints, memory: &Memory) -> io::Result<Option<Held>> {
        let (base, path) = (segment.base, segment.path.clone());
        let length = segment.file.length()?;
        let mut held = Held::found(segment, length);
        let known = memory.segments.get(&base);
        let known = known.filter(|known| known.end > base && hints.next.is_none_or(|next| known.end <= next));
        let holds = match known {
            Some(known) => SegmentMemory {
                damaged: known.damaged || !hints.sound,
                ..*known
            },
            None => self.survey(&held, hints)?,
        };
        held.holds = holds;
        if held.holds.damaged {
            self.observer.damaged(&path.display().to_string(), 0);
        }
        match held.records() {
            // Not even its header was finished.
            0 if held.holds.damaged && length > segment::HEADER => {
                set_aside(self.disk, self.directory, &segment::file_name(base))?;
            }
            0 => self.disk.remove(&path)?,
            _ => return Ok(Some(held)),
        }
        Ok(None)
    }

    /// Counts what a segment holds. The newest is read whole, to find where its tail is torn.
    fn survey(&self, held: &Held, hints: &Hints) -> io::Result<SegmentMemory> {
        let mode = match hints.next {
            None => Mode::Whole,
            Some(_) => Mode::Headers,
        };
        let mut scan = Scan::new(held.segment.clone(), hints.next.unwrap_or(u64::MAX), mode);
        let mut holds = held.holds;
        // A record that cannot be read was committed if a sound one follows; at the end nobody knows.
        let mut pending = 0;
        let mut damaged = !hints.sound;
        loop {
            match scan.step()? {
                Found::Record(item) => {
                    damaged |= item.seq > holds.end;
                    holds.weight += u64::from(item.weight) + std::mem::take(&mut pending);
                    holds.end = item.seq + 1;
                    holds.length = scan.position();
                }
                Found::Damaged { seq, amount } => {
                    pending += amount.weight;
                    damaged |= seq < self.committed;
                }
                Found::End => break,
            }
        }
        // Bytes that are no record, where records are missing: those were committed, too.
        if let Some(next) = hints.next
            && next > holds.end
            && held.bytes() > holds.length
        {
            holds.end = next;
            holds.weight += pending;
            holds.length = held.bytes();
            damaged = true;
        }
        holds.damaged = damaged && held.bytes() > segment::HEADER;
        if self.sync && hints.next.is_none() && holds.end > held.segment.base {
            held.segment.file.sync()?;
        }
        Ok(holds)
    }
}
