//! What is found when a journal is opened.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account::Observer;
use super::disk::Disk;
use super::log::{Log, Options, set_aside};
use super::register::{Memory, Register, SegmentMemory};
use super::scan::{Found, Mode, Scan};
use super::segment::{self, NotASegment, Segment};
use super::space::Space;
use super::state::{Amount, Held, Place, State};
use super::tail::Tail;

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file is of a newer format, or cannot be read.
    #[error("{0}")]
    Segment(#[from] NotASegment),
    /// The directory, or something in it, cannot be read or written.
    #[error("`{path}`: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
}

/// A journal as it was found.
pub struct Recovered {
    /// Ready for more.
    pub log: Log,
    /// Whether every cursor that ever was is known.
    pub whole: bool,
    /// The owner's counts when they were last remembered, and the weight of the records that came after.
    pub owner: Option<(Vec<u8>, u64)>,
}

/// Opens the journal in `directory`, which is made if it is not there. The caller holds the directory's lock.
pub fn recover(
    disk: Arc<dyn Disk>,
    directory: &Path,
    options: Options,
    space: Space,
    observer: Arc<dyn Observer>,
) -> Result<Recovered, OpenError> {
    let io_error = |error| OpenError::Io(directory.to_owned(), error);
    disk.create_directory(directory).map_err(io_error)?;
    let recalled = Register::recall(&*disk, directory).map_err(io_error)?;
    let memory = recalled.memory;
    let files = Files {
        disk: &*disk,
        directory,
        observer: &*observer,
    };
    let segments = files.segments(&memory)?;
    for held in &segments {
        space.take(held.bytes());
    }
    let found = segments.back().map_or(0, |held| held.holds.end);
    let next = memory
        .cursors
        .values()
        .map(|cursor| cursor.marks.end())
        .chain([found])
        .max()
        .unwrap_or(0);
    let first = segments.front().map_or(next, |held| held.segment.base);
    let cursors = memory.cursors.iter().map(|(name, cursor)| {
        let mut place = Place::at(first.max(cursor.marks.low()));
        for (start, end) in cursor.marks.ranges() {
            place.marks.add(start, end);
        }
        place.read = place.marks.low();
        place.note.clone_from(&cursor.note);
        place.unsettled = amount(&segments, &place, 0)?;
        place.again_below = match memory.closed {
            true => cursor.read,
            false => cursor.read.max(reach(&segments, &place, options.again_bytes)?),
        };
        Ok((name.clone(), place))
    });
    let cursors: BTreeMap<_, _> = cursors.collect::<Result<_, io::Error>>().map_err(io_error)?;
    let owner = match &memory.owner {
        Some((end, note)) => {
            let beyond = amount(&segments, &Place::at(*end), *end).map_err(io_error)?;
            Some((note.clone(), beyond.weight))
        }
        None => None,
    };
    let state = State {
        segments,
        next,
        tail: Tail::new(next, options.tail_bytes),
        cursors,
        moved: false,
        trouble: None,
        owner: None,
        owner_note: memory.owner,
    };
    Ok(Recovered {
        whole: recalled.whole || found == 0,
        log: Log::new(disk.clone(), directory, options, space, observer, state),
        owner,
    })
}

/// The files of a journal that is being opened.
struct Files<'a> {
    disk: &'a dyn Disk,
    directory: &'a Path,
    observer: &'a dyn Observer,
}

// === impl Files ===

impl Files<'_> {
    fn segments(&self, memory: &Memory) -> Result<VecDeque<Held>, OpenError> {
        let io_error = |error| OpenError::Io(self.directory.to_owned(), error);
        let names = self.disk.list(self.directory).map_err(io_error)?;
        let mut bases: Vec<u64> = names.iter().filter_map(|name| segment::base_of(name)).collect();
        bases.sort_unstable();
        let mut segments = VecDeque::new();
        let ends = bases.iter().skip(1).copied().chain([u64::MAX]);
        for (base, end) in bases.iter().copied().zip(ends) {
            let opened = Segment::open(self.disk, self.directory, base);
            let held = match opened {
                Ok(segment) => self.survey(segment, end, memory).map_err(io_error)?,
                Err(NotASegment::Header(path)) => {
                    self.observer.damaged(&path.display().to_string(), 0);
                    set_aside(self.disk, self.directory, &segment::file_name(base)).map_err(io_error)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match held.holds.records {
                0 if held.damaged => {
                    let name = segment::file_name(base);
                    set_aside(self.disk, self.directory, &name).map_err(io_error)?;
                }
                0 => self.disk.remove(&held.segment.path).map_err(io_error)?,
                _ => segments.push_back(held),
            }
        }
        Ok(segments)
    }

    /// What a segment holds: remembered, or counted. The newest is read whole, to find where its tail is torn.
    fn survey(&self, segment: Segment, end: u64, memory: &Memory) -> io::Result<Held> {
        let base = segment.base;
        let mut held = Held::empty(segment);
        held.sealed = true;
        let file_length = held.segment.file.length()?;
        if let Some(known) = memory.segments.get(&base) {
            held.holds = *known;
            held.waste = file_length.saturating_sub(known.length);
            return Ok(held);
        }
        let mode = if end == u64::MAX {
            Mode::Whole
        } else {
            Mode::Headers
        };
        let mut scan = Scan::new(held.segment.clone(), end, mode);
        let mut holds = SegmentMemory {
            end: base,
            length: segment::HEADER,
            ..SegmentMemory::default()
        };
        // Records that cannot be read count once a sound one follows; at the end nobody knows whether they were committed.
        let mut pending = SegmentMemory::default();
        let mut damaged = 0;
        loop {
            match scan.step()? {
                Found::Record(item) => {
                    damaged += usize::from(item.seq > holds.end + pending.records);
                    holds.records += 1 + std::mem::take(&mut pending.records);
                    holds.weight += u64::from(item.weight) + std::mem::take(&mut pending.weight);
                    holds.end = item.seq + 1;
                    holds.length = scan.position();
                }
                Found::Damaged { weight, torn, .. } => {
                    pending.records += 1;
                    pending.weight += u64::from(weight);
                    damaged += usize::from(!torn);
                }
                Found::End => break,
            }
        }
        // What lies between this segment and the next was committed, too.
        if end != u64::MAX && pending.records > 0 && holds.end < end {
            holds.records += pending.records;
            holds.weight += pending.weight;
            holds.end = end;
            damaged += 1;
        }
        held.damaged = damaged > 0;
        if held.damaged {
            self.observer
                .damaged(&held.segment.path.display().to_string(), damaged);
        }
        held.holds = holds;
        held.waste = file_length.saturating_sub(holds.length);
        Ok(held)
    }
}

/// What from `from` on is not settled.
fn amount(segments: &VecDeque<Held>, place: &Place, from: u64) -> io::Result<Amount> {
    let from = from.max(place.marks.low());
    let mut sum = Amount::default();
    for held in segments.iter().filter(|held| held.holds.end > from) {
        if held.segment.base >= from && !place.marks.touches(held.segment.base, held.holds.end) {
            sum.add(held.amount());
            continue;
        }
        let mut scan = Scan::new(held.segment.clone(), held.holds.end, Mode::Headers);
        while let Some(one) = one(&mut scan)? {
            if one.0 >= from && !place.marks.contains(one.0) {
                sum.add(one.1);
            }
        }
    }
    Ok(sum)
}

/// The first record that lies more than `bytes` behind a cursor's mark.
fn reach(segments: &VecDeque<Held>, place: &Place, bytes: u64) -> io::Result<u64> {
    let low = place.marks.low();
    let mut passed = 0;
    let mut reached = low;
    for held in segments.iter().filter(|held| held.holds.end > low) {
        let mut scan = Scan::new(held.segment.clone(), held.holds.end, Mode::Headers);
        while let Some((seq, amount)) = one(&mut scan)? {
            if seq < low {
                continue;
            }
            passed += amount.bytes;
            if passed > bytes {
                return Ok(reached);
            }
            reached = seq + 1;
        }
    }
    Ok(reached)
}

/// The next record's number and amount, whether or not its body is sound.
fn one(scan: &mut Scan) -> io::Result<Option<(u64, Amount)>> {
    let (seq, weight, bytes) = match scan.step()? {
        Found::Record(item) => (item.seq, item.weight, item.size),
        Found::Damaged {
            seq, weight, size, ..
        } => (seq, weight, size),
        Found::End => return Ok(None),
    };
    let amount = Amount {
        records: 1,
        bytes,
        weight: weight.into(),
    };
    Ok(Some((seq, amount)))
}
