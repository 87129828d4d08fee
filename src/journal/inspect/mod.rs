//! A journal's files seen from outside: without the lock, while another process may append to them, delete them and set
//! them aside.
//!
//! Promise: nothing here writes. What is seen is as of the moment of looking, give or take what the process that works
//! there had not yet remembered. A segment that loses its name meanwhile is one that nobody needs any more, and may be
//! written over: what is found in it counts only as long as it has its name.

#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{Disk, FileSystem};
use super::keep::ASIDE;
use super::marks::Marks;
use super::place::Amount;
use super::recover::OpenError;
use super::register::{self, CursorMemory, Memory, Recalled, Register, SegmentMemory};
use super::scan::{Found, Mode, Scan};
use super::segment::{self, NotASegment, Segment};

pub use walk::{Damage, Harm, Piece, Record, Walk};

/// A register that is being written is read again after this time, and so many times.
const AGAIN: Duration = Duration::from_millis(20);
const TIMES: usize = 10;

/// The files of one journal, as they were when they were looked at.
pub struct Files {
    directory: PathBuf,
    disk: FileSystem,
    extents: Vec<Extent>,
    memory: Memory,
    register: State,
    aside: Vec<Aside>,
}

/// The state of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All of it can be read, or there is nothing to remember.
    Whole,
    /// There are records, and no register.
    Absent,
    /// From this byte on it cannot be read; there are so many bytes.
    Broken {
        /// The first byte that cannot be read.
        offset: u64,
        /// The length of the file.
        length: u64,
    },
}

/// A file that was set aside because it is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What a cursor has not settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// How much.
    pub amount: Amount,
    /// When the oldest of it was appended, in milliseconds since 1970.
    pub oldest: Option<u64>,
}

/// Which records a segment may hold.
#[derive(Clone, Copy, Debug)]
struct Extent {
    base: u64,
    /// One past the last; the greatest number there is for the newest segment, which may grow.
    end: u64,
    /// What the register knows.
    known: Option<SegmentMemory>,
}

// === impl Files ===

impl Files {
    /// Looks at the journal in `directory`. Fails when it cannot be read, or a newer program wrote it.
    pub fn look(directory: &Path) -> Result<Self, OpenError> {
        let io_error = |error| OpenError::Io(directory.to_owned(), error);
        let disk = FileSystem::default();
        // The register first: what happens between the two readings makes more seem unsettled than is, never less.
        let recalled = recall(&disk, directory).map_err(io_error)?;
        let names = disk.list(directory).map_err(io_error)?;
        let mut bases: Vec<u64> = names.iter().filter_map(|name| segment::base_of(name)).collect();
        bases.sort_unstable();
        let ends = bases.iter().skip(1).copied().chain([u64::MAX]);
        let extent = |(base, end): (u64, u64)| {
            let known = recalled.memory.segments.get(&base).copied();
            let known = known.filter(|known| known.end > base && known.end <= end);
            let end = known.map_or(end, |known| known.end);
            Extent { base, end, known }
        };
        let extents: Vec<Extent> = bases.iter().copied().zip(ends).map(extent).collect();
        let register = match (recalled.sound, recalled.length) {
            (0, 0) if extents.is_empty() => State::Whole,
            (0, 0) => State::Absent,
            (offset, length) if offset < length => State::Broken { offset, length },
            _ => State::Whole,
        };
        Ok(Self {
            directory: directory.to_owned(),
            disk,
            extents,
            memory: recalled.memory,
            register,
            aside: set_aside(directory),
        })
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The state of the register, and its file.
    pub fn register(&self) -> (State, PathBuf) {
        (self.register, self.directory.join(register::NAME))
    }

    /// Files that were set aside because they are damaged.
    pub fn aside(&self) -> &[Aside] {
        &self.aside
    }

    /// The names of its cursors.
    pub fn cursors(&self) -> impl Iterator<Item = &str> {
        self.memory.cursors.keys().map(String::as_str)
    }

    /// How many segments there are, and their bytes.
    pub fn segments(&self) -> (usize, u64) {
        let path = |extent: &Extent| self.directory.join(segment::file_name(extent.base));
        let bytes = self
            .extents
            .iter()
            .filter_map(|extent| fs::metadata(path(extent)).ok());
        (self.extents.len(), bytes.map(|metadata| metadata.len()).sum())
    }

    /// Whether a cursor is done with a record; not when there is no such cursor.
    pub fn is_settled(&self, cursor: &str, seq: u64) -> bool {
        let cursor = self.memory.cursors.get(cursor);
        cursor.is_some_and(|cursor| cursor.marks.contains(seq))
    }

    /// The cursors that are not done with all of these records.
    pub fn waiting_for(&self, records: &Range<u64>) -> Vec<&str> {
        let waits = |marks: &Marks| marks.next_open(records.start) < records.end;
        let cursors = self.memory.cursors.iter();
        cursors
            .filter(|(_, cursor)| waits(&cursor.marks))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Every record, sound or damaged, in order.
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }

    /// What each cursor has not settled, as far as it has a readable header.
    pub fn unsettled(&self) -> io::Result<BTreeMap<String, Unsettled>> {
        let mut unsettled: BTreeMap<String, Unsettled> = BTreeMap::new();
        for name in self.memory.cursors.keys() {
            unsettled.insert(name.clone(), Unsettled::default());
        }
        for extent in &self.extents {
            self.unsettled_in(extent, &mut unsettled)?;
        }
        Ok(unsettled)
    }

    fn unsettled_in(&self, extent: &Extent, sums: &mut BTreeMap<String, Unsettled>) -> io::Result<()> {
        let waiting = self.waiting_for(&(extent.base..extent.end));
        let waiting: Vec<(&str, &CursorMemory)> = waiting
            .into_iter()
            .filter_map(|name| Some((name, self.memory.cursors.get(name)?)))
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let Some((segment, _)) = self.open(extent).map_err(io::Error::other)? else {
            return Ok(());
        };
        let untouched = |(_, cursor): &(&str, &CursorMemory)| {
            cursor.marks.low() <= extent.base && !cursor.marks.touches(extent.base, extent.end)
        };
        // Of a segment that nobody has begun, the register knows everything but when it began.
        let known = extent.known.filter(|_| waiting.iter().all(untouched));
        let mut scan = Scan::new(segment.into(), extent.end, Mode::Headers);
        loop {
            let (seq, time, one) = match scan.step()? {
                Found::Record(item) => (item.seq, Some(item.time), Amount::of(&item)),
                Found::Damaged { seq, amount } => (seq, None, amount),
                Found::End => return Ok(()),
            };
            let all = known.map(|known| Amount {
                records: known.end - extent.base,
                bytes: known.length.saturating_sub(segment::HEADER),
                weight: known.weight,
            });
            for (name, cursor) in &waiting {
                if let Some(sum) = sums.get_mut(*name).filter(|_| !cursor.marks.contains(seq)) {
                    sum.amount.add(all.unwrap_or(one));
                    sum.oldest = sum.oldest.or(time);
                }
            }
            if known.is_some() {
                return Ok(());
            }
        }
    }

    /// A segment, and whether its header is sound; none when it is gone.
    fn open(&self, extent: &Extent) -> Result<Option<(Segment, bool)>, NotASegment> {
        match Segment::open(&self.disk, &self.directory, extent.base) {
            Ok(opened) => Ok(Some(opened)),
            Err(NotASegment::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads the register. One that is just being written may end in the middle of a frame.
fn recall(disk: &dyn Disk, directory: &Path) -> io::Result<Recalled> {
    let mut recalled = Register::recall(disk, directory)?;
    for _ in 0..TIMES {
        if recalled.sound == recalled.length {
            break;
        }
        std::thread::sleep(AGAIN);
        let again = Register::recall(disk, directory)?;
        if (again.sound, again.length) == (recalled.sound, recalled.length) {
            break;
        }
        recalled = again;
    }
    Ok(recalled)
}

fn set_aside(directory: &Path) -> Vec<Aside> {
    let entries = fs::read_dir(directory.join(ASIDE))
        .into_iter()
        .flatten()
        .flatten();
    let file = |entry: fs::DirEntry| {
        Some(Aside {
            path: entry.path(),
            bytes: entry.metadata().ok()?.len(),
        })
    };
    let mut aside: Vec<Aside> = entries.filter_map(file).collect();
    aside.sort_by(|a, b| a.path.cmp(&b.path));
    aside
}

// === impl Extent ===

impl Extent {
    /// Nothing bounds it: it may take more records.
    fn is_newest(&self) -> bool {
        self.end == u64::MAX
    }
}
