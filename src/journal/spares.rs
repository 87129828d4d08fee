//! Files of segments that are no longer needed, kept to be written over by new ones: their blocks are allocated and
//! their pages in memory, which saves a third of the cost of writing.
//!
//! What such a file held before does not count: its records have numbers below those of the segment that it becomes.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::Disk;

const PREFIX: &str = "spare-";

/// The spare files of one journal.
#[derive(Debug, Default)]
pub struct Spares {
    limit: usize,
    paths: Vec<PathBuf>,
    made: u64,
}

// === impl Spares ===

impl Spares {
    /// Keeps up to `limit` files.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Deletes what an earlier process kept.
    pub fn sweep(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
        for name in disk.list(directory)? {
            if name.starts_with(PREFIX) {
                disk.remove(&directory.join(name))?;
            }
        }
        Ok(())
    }

    /// Keeps a file under another name; `false` when there are enough.
    pub fn keep(&mut self, disk: &dyn Disk, directory: &Path, file: &Path) -> io::Result<bool> {
        if self.paths.len() >= self.limit {
            return Ok(false);
        }
        self.made += 1;
        let spare = directory.join(format!("{PREFIX}{}", self.made));
        disk.rename(file, &spare)?;
        self.paths.push(spare);
        Ok(true)
    }

    /// One to be written over.
    pub fn take(&mut self) -> Option<PathBuf> {
        self.paths.pop()
    }

    /// Deletes all of them: the disk has no room.
    pub fn clear(&mut self, disk: &dyn Disk) {
        for path in self.paths.drain(..) {
            // One that cannot be deleted now is when the journal is opened again.
            drop(disk.remove(&path));
        }
    }
}
