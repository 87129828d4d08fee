//! The log itself: appends groups of records, remembers how far cursors are, deletes what all have passed.
//!
//! Nothing here waits or has a thread of its own: each call does its I/O and returns, so that tests can run it step
//! by step over a simulated disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account::{Account, Observer};
use super::disk::Disk;
use super::frame::Frame;
use super::register::Register;
use super::segment::Segment;
use super::space::Space;
use super::spares::Spares;
use super::state::State;

/// How a journal works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether a commit waits until the disk has the records, or only the operating system.
    pub sync: bool,
    /// A segment takes no more records from this length on, in bytes.
    pub segment_bytes: u64,
    /// Newest records kept in memory, in bytes.
    pub tail_bytes: u64,
    /// After an unclean stop, unsettled records in this many bytes from a cursor's mark on count as given out before.
    pub again_bytes: u64,
    /// So many files of passed segments are kept to be written over. They, and what lies behind the committed part of the
    /// active one, are not counted against the disk budget. With 0 nothing is written ahead, either.
    pub spares: usize,
}

/// The log.
pub struct Log {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    pub(super) space: Space,
    pub(super) observer: Arc<dyn Observer>,
    state: Mutex<State>,
    writer: Mutex<Writer>,
}

/// What only one at a time may do.
pub(super) struct Writer {
    /// The segment that takes records; none after a failure.
    pub(super) active: Option<Arc<Segment>>,
    pub(super) register: Register,
    /// Bytes of that file, of which those behind what is committed mean nothing.
    pub(super) reaches: u64,
    /// Not in the register yet.
    pub(super) frames: Vec<Frame>,
    pub(super) spares: Spares,
}

/// Records could not be made durable. What was written of them may still be found after a crash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CommitError(pub String);

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            sync: true,
            segment_bytes: 64 << 20,
            tail_bytes: 32 << 20,
            again_bytes: 64 << 20,
            spares: 0,
        }
    }
}

// === impl Log ===

impl Log {
    /// A log of what was recovered.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: Options,
        space: Space,
        observer: Arc<dyn Observer>,
        state: State,
    ) -> Self {
        // However large a segment may be, it is a small part of the budget: one record that is not settled holds a
        // whole segment.
        let options = Options {
            segment_bytes: options.segment_bytes.min(space.limit() / 8),
            ..options
        };
        let writer = Writer {
            active: None,
            reaches: 0,
            register: Register::new(directory),
            spares: Spares::new(options.spares),
            frames: Vec::new(),
        };
        Self {
            disk,
            directory: directory.to_owned(),
            options,
            space,
            observer,
            state: Mutex::new(state),
            writer: Mutex::new(writer),
        }
    }

    /// The facts; the lock is not to be held during I/O.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom to wake after a commit.
    pub fn readers(&self) -> Vec<Arc<dyn Account>> {
        let state = self.state();
        state
            .cursors
            .values()
            .filter_map(|place| place.account.clone())
            .collect()
    }
}
