//! What all parts of a store share: its files, its head, and what readers see.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use foldhash::quality::RandomState;

use super::catalog::{Catalog, Registered};
use super::duplicates;
use super::events::Observer;
use super::fault::Faults;
use super::head::{Batch, Closed, Head, PartView, Recorded, Stretch};
use super::segment::Cache;
use super::settings::{Settings, StoreError};
use super::tombstone::{self, Tombstone};
use super::view::Visible;
use crate::journal::disk::FileSystem;
use crate::journal::{Cursor, DirectoryLock, Journal, Space};
use crate::wire::Identity;

/// So many stretches of the head are counted at a time: some milliseconds of work.
const COUNTED: usize = 8;

/// A store without its threads.
pub struct Core {
    pub settings: Settings,
    pub places: Places,
    pub disk: FileSystem,
    pub observer: Arc<dyn Observer>,
    pub catalog: Catalog,
    pub journal: Journal,
    pub cursor: Cursor,
    pub space: Space,
    /// Dictionaries of segments.
    pub cache: Arc<Cache>,
    /// Of the hashes of contents; new in each process.
    pub key: RandomState,
    pub visible: Visible,
    /// What the catalogue knows of each segment.
    pub registered: Mutex<BTreeMap<u64, Registered>>,
    pub faults: Faults,
    pub(super) head: Mutex<Head>,
    pub(super) next_segment: AtomicU64,
    pub(super) sealed: AtomicU64,
    /// All spans with a lower insertion number are in segments, of which readers know.
    pub(super) sealed_number: AtomicU64,
    /// Segments that could not be read; they are not merged.
    pub(super) unreadable: Mutex<BTreeSet<u64>>,
    pub(super) full: AtomicBool,
    pub(super) head_bytes: AtomicU64,
    pub(super) ready: AtomicBool,
    pub(super) work: Mutex<Work>,
    /// Rung when there is work, or the store ends.
    pub(super) told: Condvar,
    pub(super) _lock: DirectoryLock,
    /// Pays for the cache.
    pub(super) _paid: Box<dyn Any + Send + Sync>,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// The journal.
    pub wal: PathBuf,
    /// The segments.
    pub segments: PathBuf,
    /// The catalogue.
    pub state: PathBuf,
    /// Segments that cannot be read.
    pub damaged: PathBuf,
    /// Files that are none of ours.
    pub foreign: PathBuf,
}

/// What is to be done in the background.
#[derive(Default)]
pub struct Work {
    /// Parts to be sealed, oldest first.
    pub closed: VecDeque<Arc<Closed>>,
    /// Segments have come since upkeep last looked.
    pub grown: bool,
    /// The store ends.
    pub ending: bool,
}

// === impl Core ===

impl Core {
    /// The spans of a record become visible; returns how many were there already.
    pub fn enter(&self, record: Recorded, mut batch: Batch) -> usize {
        let mut head = self.head();
        // While the head is held, no part leaves it for a segment: a span is found in one of them.
        let held = self.visible.held();
        duplicates::mark(&mut batch, &held, &*self.observer);
        let is_deleted = |number: u64, project: &str, span: &Identity| {
            tombstone::deleted(&held.tombstones, number, project, span)
        };
        let duplicates = head.enter(record, batch, &is_deleted);
        self.close_part(&mut head, false);
        self.measure(&head);
        duplicates
    }

    /// Closes the open part when it is due, or in any case when that is `wanted`.
    pub fn close_part(&self, head: &mut Head, wanted: bool) {
        if !wanted && !head.is_due(Instant::now()) {
            return;
        }
        let Some(closed) = head.close_part() else { return };
        self.visible.now().parts.push(head.part().clone());
        self.work().closed.push_back(Arc::new(closed));
        self.told.notify_all();
    }

    /// Counts what is in the newest rows, a few stretches at a time, so that the first question about it need not.
    pub fn count(&self) {
        let view = self.visible.view();
        let stretches = view.parts().iter().flat_map(PartView::stretches);
        let uncounted = stretches.filter(|stretch| stretch.is_uncounted());
        let counted = uncounted.take(COUNTED).filter_map(Stretch::summary).count();
        if counted > 0 {
            self.measure(&self.head());
        }
    }

    /// Takes note of how full the head is.
    pub fn measure(&self, head: &Head) {
        self.full.store(head.is_full(), Ordering::Relaxed);
        self.head_bytes.store(head.bytes() as u64, Ordering::Relaxed);
    }

    /// Whether the head takes nothing before something was sealed.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// The head, as its writers have it. Taken before all other locks.
    pub fn head(&self) -> MutexGuard<'_, Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records below this number are in segments.
    pub fn sealed(&self) -> u64 {
        self.sealed.load(Ordering::Relaxed)
    }

    /// What is to be done.
    pub fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the catalogue knows of each segment.
    pub fn registered(&self) -> MutexGuard<'_, BTreeMap<u64, Registered>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the store ends.
    pub fn is_ending(&self) -> bool {
        self.work().ending
    }

    /// Waits for this long, less when it is rung for or the store ends.
    pub fn rest(&self, long: Duration) {
        let work = self.work();
        if !work.ending {
            drop(self.told.wait_timeout(work, long));
        }
    }

    /// Hides what `tombstone` names among the spans that are there now; durable when this returns.
    pub fn delete(&self, tombstone: Tombstone) -> Result<(), StoreError> {
        // While the head is held nothing enters: what comes later is not deleted.
        let head = self.head();
        let tombstone = Tombstone {
            before: head.next(),
            ..tombstone
        };
        let id = self.catalog.bury(&tombstone)?;
        let mut now = self.visible.now();
        let known = now.held.tombstones.iter().cloned();
        now.held.tombstones = known.chain([(id, tombstone)]).collect();
        Ok(())
    }

    /// An id that no segment had before.
    pub fn new_segment(&self) -> u64 {
        self.next_segment.fetch_add(1, Ordering::Relaxed)
    }
}

// === impl Places ===

impl Places {
    pub fn of(directory: &Path) -> Self {
        Self {
            wal: directory.join("wal"),
            segments: directory.join("segments"),
            state: directory.join("state.redb"),
            damaged: directory.join("damaged"),
            foreign: directory.join("foreign"),
        }
    }

    /// The file of a segment.
    pub fn segment(&self, id: u64) -> PathBuf {
        self.segments.join(format!("{id:016x}.parquet"))
    }

    /// The file of a segment before it is registered.
    pub fn new_segment(&self, id: u64) -> PathBuf {
        self.segments.join(format!("{id:016x}.new"))
    }
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
