//! What a writer asks of the system, so that tests can let it fail.

use std::fs::{self, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

/// How often a file is locked in vain, and the pause after each.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Opens files.
pub trait Disk: Send + Sync {
    /// Opens a file to append to, and makes it where it is not there.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Target>>;
}

/// A file that is open.
pub trait Target: Send {
    /// Appends what it can of `bytes`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Reads what it can from `offset` on.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Leaves the first `len` bytes of it.
    fn cut(&mut self, len: u64) -> io::Result<()>;
    /// Returns when the disk has it.
    fn sync(&mut self) -> io::Result<()>;
    /// What it is now.
    fn state(&self) -> io::Result<State>;
    /// Keeps others from writing to it, as long as it is open. The error is `ResourceBusy` when another does so.
    fn lock(&mut self) -> io::Result<()>;
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Its bytes.
    pub len: u64,
    /// Names that lead to it; none when it was removed.
    pub links: u64,
    /// What it is, whatever its name.
    pub identity: (u64, u64),
    /// A file, and not a pipe or a device.
    pub is_file: bool,
}

/// The system.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

// === impl State ===

impl State {
    /// Of the file with this name.
    pub fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::from(&metadata))
    }
}

impl From<&fs::Metadata> for State {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            len: metadata.len(),
            links: metadata.nlink(),
            identity: (metadata.dev(), metadata.ino()),
            is_file: metadata.is_file(),
        }
    }
}

// === impl System ===

impl Disk for System {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Target>> {
        let mut options = fs::OpenOptions::new();
        options.append(true).create(true).mode(0o644);
        // A pipe or a device may not let itself be read.
        let opened = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => options.open(path)?,
            _ => options.read(true).open(path)?,
        };
        Ok(Box::new(opened))
    }
}

impl Target for fs::File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(self, bytes)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, into, offset)
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn state(&self) -> io::Result<State> {
        self.metadata().map(|metadata| State::from(&metadata))
    }

    fn lock(&mut self) -> io::Result<()> {
        for attempt in 1.. {
            match self.try_lock() {
                // Whoever reads may only be asking whether somebody writes.
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => break,
                // Some network file systems have no locks; there nobody is kept from it.
                Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                    return Err(error);
                }
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(()),
            }
        }
        let message = "another exporter or process writes to it";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, message))
    }
}
