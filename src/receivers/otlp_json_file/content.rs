//! A file that is open: its bytes, those of gzip decompressed.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;

use super::config::Compression;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a file is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it is, whatever its name.
    pub identity: (u64, u64),
    /// Its bytes, as they lie on disk.
    pub len: u64,
    /// Its last change.
    pub modified: SystemTime,
    /// Names that lead to it.
    pub links: u64,
}

/// Reads from anywhere in a file.
#[derive(Debug)]
pub struct Content {
    file: File,
    gzip: Option<Gzip>,
}

#[derive(Debug, Default)]
struct Gzip {
    decoder: Option<MultiGzDecoder<BufReader<File>>>,
    /// Bytes that the decoder has given.
    at: u64,
}

// === impl Stamp ===

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            identity: (metadata.dev(), metadata.ino()),
            len: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            links: metadata.nlink(),
        }
    }
}

// === impl Content ===

impl Content {
    /// Opens a file.
    pub fn open(path: &Path, compression: Compression) -> io::Result<Self> {
        let file = File::open(path)?;
        let is_gzip = match compression {
            Compression::None | Compression::Zstd => false,
            Compression::Gzip => true,
            Compression::Auto => {
                let mut first = [0; GZIP.len()];
                file.read_exact_at(&mut first, 0).is_ok() && first == GZIP
            }
        };
        Ok(Self {
            file,
            gzip: is_gzip.then(Gzip::default),
        })
    }

    /// What it is now.
    pub fn stamp(&self) -> io::Result<Stamp> {
        self.file.metadata().map(|metadata| Stamp::from(&metadata))
    }

    /// Whether its length says how many bytes can be read.
    pub fn is_plain(&self) -> bool {
        self.gzip.is_none()
    }

    /// Whether somebody has locked it, as the exporter `file` does with what it writes to.
    pub fn is_locked(&self) -> bool {
        match self.file.try_lock() {
            Ok(()) => {
                // It is given back with the file at the latest.
                self.file.unlock().ok();
                false
            }
            Err(fs::TryLockError::WouldBlock) => true,
            Err(fs::TryLockError::Error(_)) => false,
        }
    }

    /// Reads from `offset` on until `into` is full or nothing more is there now; says how many bytes.
    pub fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset + filled as u64;
            let read = match &mut self.gzip {
                None => self.file.read_at(rest, at),
                Some(gzip) => gzip.read(&self.file, at, rest),
            };
            match read {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

// === impl Gzip ===

impl Gzip {
    fn read(&mut self, file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let read = self.read_on(file, offset, into);
        match read {
            Ok(read) if read > 0 => {
                self.at += read as u64;
                Ok(read)
            }
            read => {
                // Whoever decodes has come to an end, and does not go on when there is more.
                self.decoder = None;
                self.at = 0;
                match read {
                    // The rest is still being written.
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
                    read => read,
                }
            }
        }
    }

    fn read_on(&mut self, file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        if self.at > offset || self.decoder.is_none() {
            let mut file = file.try_clone()?;
            file.seek(SeekFrom::Start(0))?;
            self.at = 0;
            self.decoder = Some(MultiGzDecoder::new(BufReader::new(file)));
        }
        let Some(decoder) = &mut self.decoder else {
            return Ok(0);
        };
        if self.at < offset {
            let wanted = offset - self.at;
            let skipped = io::copy(&mut decoder.by_ref().take(wanted), &mut io::sink())?;
            self.at += skipped;
            if skipped < wanted {
                return Ok(0);
            }
        }
        decoder.read(into)
    }
}
