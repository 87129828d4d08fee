//! What the journal remembers beside its records: how far each cursor is, what its owner counted, and what sealed
//! segments hold. A file of snapshots, of which the last of each kind counts.
//!
//! ```text
//!  0   8  "spwaycrs"
//!  8   4  format version
//! 12   4  bytes of the frames that were written with the file
//! 16   4  CRC32C of bytes 0..16
//! 20      those, then what was added
//! ```
//!
//! The file is written anew, in the place of the old one, whenever a cursor comes or goes. Losing what was added loses
//! settlements, so that records are sent again. Losing more never loses a record: a journal whose register is not whole
//! gives unknown cursors everything that is there.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use super::disk::{Disk, DiskFile};
use super::frame::Frame;
use super::marks::Marks;
use super::record::read_u32;

/// The file.
pub const NAME: &str = "cursors.log";
const FRESH: &str = "cursors.tmp";
const MAGIC: &[u8; 8] = b"spwaycrs";
const VERSION: u32 = 1;
const PREFIX: usize = 20;

/// The file is written anew when it has grown to this many bytes and to eight times what it must hold.
const LONG: u64 = 128 * 1024;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// By name.
    pub cursors: BTreeMap<String, CursorMemory>,
    /// By first record.
    pub segments: BTreeMap<u64, SegmentMemory>,
    /// The owner's counts, and the first record that they do not know of.
    pub owner: Option<(u64, Vec<u8>)>,
    /// Records before this one were committed.
    pub committed: u64,
    /// The journal was closed in order after all this was written.
    pub closed: bool,
    /// There may have been more cursors.
    pub doubtful: bool,
}

/// What is remembered of a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CursorMemory {
    /// What is settled.
    pub marks: Marks,
    /// Records from this one on were not given out.
    pub read: u64,
    /// The owner's counts.
    pub note: Vec<u8>,
}

/// What a segment that takes no more records holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentMemory {
    /// One past its last record.
    pub end: u64,
    /// The sum of its records' weights.
    pub weight: u64,
    /// Bytes up to the end of the last record.
    pub length: u64,
    /// Not all of it can be read: it will be set aside rather than deleted.
    pub damaged: bool,
}

/// The file, open for writing.
pub struct Register {
    directory: PathBuf,
    file: Option<Box<dyn DiskFile>>,
    length: u64,
    /// Bytes after the file was last written anew.
    fresh: u64,
}

/// What a register file holds, and whether all of it could be read.
#[derive(Debug, Default)]
pub struct Recalled {
    /// Its frames, merged.
    pub memory: Memory,
    /// The file was there, and no cursor is missing.
    pub whole: bool,
    /// Bytes of the file; none without one.
    pub length: u64,
    /// Bytes from the beginning that are sound.
    pub sound: u64,
}

// === impl Register ===

impl Register {
    /// Reads what is remembered in `directory`. Fails when the file cannot be read or a newer program wrote it.
    pub fn recall(disk: &dyn Disk, directory: &Path) -> io::Result<Recalled> {
        let path = directory.join(NAME);
        let file = match disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Recalled::default()),
            Err(error) => return Err(error),
        };
        let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        match version(&bytes) {
            Some(version) if version > VERSION => {
                let text = format!("`{}` has format {version}, newer than {VERSION}", path.display());
                Err(io::Error::new(io::ErrorKind::Unsupported, text))
            }
            Some(_) => Ok(merge(&bytes)),
            None => Ok(Recalled::default()),
        }
    }

    /// A register that will be written anew with the first frames.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            file: None,
            length: 0,
            fresh: 0,
        }
    }

    /// The next write holds everything.
    pub fn renew(&mut self) {
        self.file = None;
    }

    /// Whether the next write must hold everything: the file is long, or its end is not known to be sound.
    pub fn wants_all(&self) -> bool {
        self.file.is_none() || self.length > LONG.max(8 * self.fresh)
    }

    /// Writes frames; `sync` makes them durable. After an error everything must be written.
    pub fn write(&mut self, disk: &dyn Disk, frames: &[Frame], sync: bool) -> io::Result<()> {
        let result = match self.wants_all() {
            true => self.write_all(disk, frames),
            false => self.write_more(frames, sync),
        };
        if result.is_err() {
            self.file = None;
        }
        result
    }

    fn write_all(&mut self, disk: &dyn Disk, frames: &[Frame]) -> io::Result<()> {
        let fresh = self.directory.join(FRESH);
        match disk.remove(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = disk.create(&fresh)?;
        let mut content = Vec::new();
        frames.iter().for_each(|frame| frame.encode(&mut content));
        let first = u32::try_from(content.len()).map_err(io::Error::other)?;
        let prefix = [MAGIC, &VERSION.to_le_bytes()[..], &first.to_le_bytes()].concat();
        let bytes = [&prefix[..], &crc32c::crc32c(&prefix).to_le_bytes(), &content].concat();
        file.append(&mut [IoSlice::new(&bytes)])?;
        file.sync()?;
        disk.rename(&fresh, &self.directory.join(NAME))?;
        disk.sync_directory(&self.directory)?;
        self.file = Some(file);
        self.length = bytes.len() as u64;
        self.fresh = self.length;
        Ok(())
    }

    fn write_more(&mut self, frames: &[Frame], sync: bool) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| frame.encode(&mut bytes));
        file.append(&mut [IoSlice::new(&bytes)])?;
        self.length += bytes.len() as u64;
        if sync { file.sync() } else { Ok(()) }
    }
}

/// The format of a register whose first bytes are sound.
fn version(bytes: &[u8]) -> Option<u32> {
    let crc = crc32c::crc32c(bytes.get(..PREFIX - 4)?);
    let sound = bytes.starts_with(MAGIC) && read_u32(bytes, PREFIX - 4) == Some(crc);
    sound.then(|| read_u32(bytes, MAGIC.len())).flatten()
}

fn merge(bytes: &[u8]) -> Recalled {
    let mut memory = Memory::default();
    let mut at = PREFIX;
    while let Some((frame, next)) = Frame::read(bytes, at) {
        memory.apply(frame);
        at = next;
    }
    memory.closed &= at == bytes.len();
    let first = read_u32(bytes, MAGIC.len() + 4).and_then(|first| usize::try_from(first).ok());
    let whole = first.is_some_and(|first| at - PREFIX >= first) && !memory.doubtful;
    Recalled {
        memory,
        whole,
        length: bytes.len() as u64,
        sound: at as u64,
    }
}

// === impl Memory ===

impl Memory {
    /// Adds what a frame says.
    pub fn apply(&mut self, frame: Frame) {
        self.closed = false;
        match frame {
            Frame::Cursor(name, cursor) => drop(self.cursors.insert(name, cursor)),
            Frame::Segment(base, segment) => drop(self.segments.insert(base, segment)),
            Frame::Owner(end, note) => self.owner = Some((end, note)),
            // Whoever works here has asked for its cursors by now.
            Frame::Closed => (self.closed, self.doubtful) = (true, false),
            Frame::Doubtful => self.doubtful = true,
            Frame::Committed(next) => self.committed = next,
        }
    }
}
