//! How a store works, and what it asks of and tells to whoever opens it.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::journal::{LockError, OpenError};

/// How a store works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it lies.
    pub directory: PathBuf,
    /// When the head becomes a segment.
    pub segment: SegmentSettings,
    /// When spans expire.
    pub retention: Retention,
    /// Whether an acknowledgement waits until the disk has the spans.
    pub fsync: bool,
    /// How long to wait for the directory's lock while another process holds it.
    pub lock_timeout: Duration,
}

/// When what is in memory becomes a segment: at whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSettings {
    /// So many spans.
    pub max_spans: usize,
    /// So many bytes in memory.
    pub max_bytes: usize,
    /// So long after the first of them.
    pub max_age: Duration,
}

/// When spans expire; always whole segments, the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// So long after the newest span of a segment came in; zero is never.
    pub max_age: Duration,
    /// When all segments together have more bytes than this; 0 is no bound.
    pub max_bytes: u64,
}

/// Pays for memory that the store holds beside the buffers it was given.
pub trait Memory: Send + Sync {
    /// Counts bytes that are there, whether or not there is room, until what this returns is dropped.
    fn hold(&self, bytes: usize) -> Box<dyn Any + Send + Sync>;
}

/// Nobody counts memory.
#[derive(Clone, Copy, Debug)]
pub struct Unbounded;

/// Why a store could not be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process works there.
    #[error("{0}")]
    Locked(Arc<LockError>),
    /// The journal cannot be opened.
    #[error("{0}")]
    Journal(Arc<OpenError>),
    /// The file of the store's state.
    #[error("the state in `{}`: {error}", .path.display())]
    State {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// A file or directory cannot be used.
    #[error("`{}`: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: String,
    },
}

// === impl Settings ===

impl Settings {
    /// The defaults, in this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment: SegmentSettings::default(),
            retention: Retention::default(),
            fsync: true,
            lock_timeout: Duration::from_secs(1),
        }
    }

    /// The bound on the journal in bytes: as much as fills the head twice, as requests that are duplicates are in the
    /// journal alone.
    pub fn wal_bytes(&self) -> u64 {
        const LEAST: u64 = 64 << 20;
        let head = (self.segment.max_bytes as u64).saturating_mul(HEADS as u64);
        head.saturating_mul(2).max(LEAST)
    }
}

/// The head is full at so many segments' worth.
pub(super) const HEADS: usize = 3;

impl Default for SegmentSettings {
    fn default() -> Self {
        Self {
            max_spans: 131_072,
            max_bytes: 64 << 20,
            max_age: Duration::from_secs(60),
        }
    }
}

// === impl Unbounded ===

impl Memory for Unbounded {
    fn hold(&self, _: usize) -> Box<dyn Any + Send + Sync> {
        Box::new(())
    }
}

// === impl StoreError ===

impl From<LockError> for StoreError {
    fn from(error: LockError) -> Self {
        Self::Locked(Arc::new(error))
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Journal(Arc::new(error))
    }
}
