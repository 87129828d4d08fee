//! One file of the log: a header, then records one after the other.
//!
//! ```text
//!  0   8  "spwayjnl"
//!  8   4  format version
//! 12   8  sequence number of the first record
//! 20   4  CRC32C of bytes 0..20
//! 24   8  zero
//! 32      records
//! ```

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use super::disk::{Disk, DiskFile};
use super::record::{read_u32, read_u64};

/// Bytes before the first record.
pub const HEADER: u64 = 32;

/// The format that this build writes, and the newest that it reads.
pub const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"spwayjnl";
const SUFFIX: &str = ".log";

/// A file of the log.
pub struct Segment {
    /// Sequence number of its first record.
    pub base: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Open for reading; the newest one also for writing.
    pub file: Box<dyn DiskFile>,
}

/// Why a file is not a segment that can be read.
#[derive(Debug, thiserror::Error)]
pub enum NotASegment {
    /// A newer program wrote it.
    #[error("`{}` has format {version}, newer than {VERSION}, the newest that this version reads", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// It cannot be read.
    #[error("cannot read `{path}`: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
}

// === impl Segment ===

impl Segment {
    /// Makes a new file whose first record will be `base`. A file that is there is what is left of an attempt that
    /// failed.
    pub fn create(disk: &dyn Disk, directory: &Path, base: u64) -> io::Result<Self> {
        let path = directory.join(file_name(base));
        let file = match disk.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                disk.remove(&path)?;
                disk.create(&path)?
            }
            other => other?,
        };
        file.append(&mut [IoSlice::new(&header(base))])?;
        file.sync()?;
        disk.sync_directory(directory)?;
        Ok(Self { base, path, file })
    }

    /// The same out of a file that is written over. It gets its name when its header is durable: under the name of a
    /// segment it never holds anything else.
    pub fn recreate(disk: &dyn Disk, directory: &Path, base: u64, spare: &Path) -> io::Result<Self> {
        let path = directory.join(file_name(base));
        let file = disk.reuse(spare)?;
        file.append(&mut [IoSlice::new(&header(base))])?;
        file.sync()?;
        disk.rename(spare, &path)?;
        disk.sync_directory(directory)?;
        Ok(Self { base, path, file })
    }

    /// Opens one that is there, and says whether its header is sound.
    pub fn open(disk: &dyn Disk, directory: &Path, base: u64) -> Result<(Self, bool), NotASegment> {
        let path = directory.join(file_name(base));
        let io_error = |error| NotASegment::Io(path.clone(), error);
        let file = disk.open(&path).map_err(io_error)?;
        let mut bytes = [0; HEADER as usize];
        let read = file.read_at(&mut bytes, 0).map_err(io_error)?;
        let found = bytes.get(..read).unwrap_or_default();
        let sound = sound(found);
        match read_u32(found, 8) {
            Some(version) if sound && version > VERSION => Err(NotASegment::Newer { path, version }),
            _ => {
                let sound = sound && read_u64(found, 12) == Some(base);
                Ok((Self { base, path, file }, sound))
            }
        }
    }
}

fn header(base: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER as usize);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&base.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes.resize(HEADER as usize, 0);
    bytes
}

fn sound(bytes: &[u8]) -> bool {
    let crc = bytes.get(..20).map(crc32c::crc32c);
    bytes.starts_with(MAGIC) && crc.is_some() && crc == read_u32(bytes, 20)
}

/// The name of the segment that begins with this record.
pub fn file_name(base: u64) -> String {
    format!("{base:020}{SUFFIX}")
}

/// The first record of the segment with this name, if it is a segment's name.
pub fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let of_a_segment = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    of_a_segment.then(|| digits.parse().ok()).flatten()
}
