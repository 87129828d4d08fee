//! One process at a time works in a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a taken lock is tried again.
const AGAIN: Duration = Duration::from_millis(20);

/// Held while a directory is in use; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why a directory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("`{}` is locked: process {holder} works there", .path.display())]
    Taken {
        /// The directory.
        path: PathBuf,
        /// What the holder wrote into the lock, usually its process id.
        holder: String,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock `{}`: {error}", .path.display())]
    Failed {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

// === impl DirectoryLock ===

impl DirectoryLock {
    /// Locks `directory`, which must exist; waits up to `timeout` for another holder to let go.
    pub fn take(directory: &Path, timeout: Duration) -> Result<Self, LockError> {
        let failed = |error| LockError::Failed {
            path: directory.to_owned(),
            error,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(directory.join("lock")).map_err(failed)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() < timeout => std::thread::sleep(AGAIN),
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Taken {
                        path: directory.to_owned(),
                        holder: holder(&mut file),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        // Only for the words of whoever finds it taken; a full disk must not keep anybody out.
        drop(sign(&mut file));
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(32).read_to_string(&mut text) {
        Ok(read) if read > 0 => text,
        _ => "unknown".into(),
    }
}
