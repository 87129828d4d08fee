//! Writes down how far files are, in the folder of a storage.
//!
//! Promise: what is there is whole, as it was written at some time; it is replaced at once or not at all.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::mark::Mark;
use crate::pipeline::storage::StorageSettings;

/// The version of what is written.
const VERSION: u32 = 1;

/// Between two attempts to get the lock.
const PAUSE: Duration = Duration::from_millis(20);

/// A file that was read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Known {
    /// Its name at last.
    pub path: PathBuf,
    /// How far it was read.
    #[serde(flatten)]
    pub mark: Mark,
}

/// Where it is written.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    fsync: bool,
    /// What is there.
    written: Vec<u8>,
    /// Locked, as long as it is open.
    _lock: File,
}

#[derive(Deserialize, Serialize)]
struct Written {
    version: u32,
    files: Vec<Known>,
}

// === impl Checkpoint ===

impl Checkpoint {
    /// Takes the place of the receiver with this id, and reads what is there; none where nothing was written yet.
    pub fn open(settings: &StorageSettings, id: &str) -> io::Result<(Self, Option<Vec<Known>>)> {
        let directory = &settings.directory;
        if settings.create_directory {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(settings.directory_permissions);
            builder.create(directory).map_err(at(directory))?;
        }
        let name = id.replace('%', "%25").replace('/', "%2F");
        let path = directory.join(format!("receiver_{name}.json"));
        let lock = lock(&path.with_extension("lock"), settings.lock_timeout)?;
        let written = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some(read.map_err(at(&path))?),
        };
        let known = written
            .as_deref()
            .map(|written| parse(written).map_err(at(&path)));
        let known = known.transpose()?;
        let checkpoint = Self {
            path,
            fsync: settings.fsync,
            written: written.unwrap_or_default(),
            _lock: lock,
        };
        Ok((checkpoint, known))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes how far these files are. Whether anything was new.
    pub fn save(&mut self, files: Vec<Known>) -> io::Result<bool> {
        let content = serde_json::to_vec(&Written {
            version: VERSION,
            files,
        })?;
        if content == self.written {
            return Ok(false);
        }
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&content)?;
        if self.fsync {
            file.sync_data()?;
        }
        fs::rename(&new, &self.path)?;
        if let (true, Some(directory)) = (self.fsync, self.path.parent()) {
            File::open(directory)?.sync_all()?;
        }
        self.written = content;
        Ok(true)
    }
}

fn parse(written: &[u8]) -> io::Result<Vec<Known>> {
    let Written { version, files } = serde_json::from_slice(written)?;
    match version {
        VERSION => Ok(files),
        version => Err(io::Error::other(format!(
            "it is of version {version}, which this gateway does not know"
        ))),
    }
}

fn lock(path: &Path, patience: Duration) -> io::Result<File> {
    let mut options = File::options();
    let file = options.create(true).append(true).open(path).map_err(at(path))?;
    let deadline = Instant::now().checked_add(patience);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                std::thread::sleep(PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(at(path)(io::Error::other("another process holds it")));
            }
            Err(TryLockError::Error(error)) => return Err(at(path)(error)),
        }
    }
}

/// Says where an error was.
fn at(path: &Path) -> impl Fn(io::Error) -> io::Error + '_ {
    |error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}
