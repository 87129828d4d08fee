//! The store as others use it: the shared core and the threads that work on it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::core::Core;
use super::events::{Event, Failing, Observer};
use super::priority;
use super::settings::{Memory, Settings, StoreError};
use super::tombstone::Tombstone;
use super::view::View;
use super::wal::{self, Appended};
use crate::journal::{NoRoom, Room};
use crate::wire::Traces;

/// What failed in the background is tried again after this time.
const AGAIN: Duration = Duration::from_secs(1);

/// How often the age of what is in memory is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How often upkeep looks for expired segments when none are added.
const UPKEEP: Duration = Duration::from_secs(30);

/// A store at work. Dropping it ends its threads; what was acknowledged is on disk either way.
pub struct Store {
    core: Arc<Core>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Segments.
    pub segments: usize,
    /// Spans in them.
    pub spans: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Spans in the head.
    pub head_spans: u64,
    /// Bytes of the head.
    pub head_bytes: u64,
    /// Bytes of the journal.
    pub wal_bytes: u64,
}

// === impl Store ===

impl Store {
    /// Opens the store in its directory and begins to read what its journal holds; see [`Store::ready`].
    pub fn open(
        settings: Settings,
        observer: Arc<dyn Observer>,
        memory: Arc<dyn Memory>,
    ) -> Result<Self, StoreError> {
        let core = Arc::new(Core::open(settings, observer, memory)?);
        let store = Self {
            core,
            threads: Mutex::default(),
        };
        store.spawn("store-replay", replay)?;
        store.spawn("store-seal", seal)?;
        store.spawn("store-upkeep", upkeep)?;
        Ok(store)
    }

    /// How it works.
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// Whether all that the journal held is visible; until then a view is not complete, and nothing is taken.
    pub fn ready(&self) -> bool {
        self.core.ready.load(Ordering::Acquire)
    }

    /// Why no request at all is taken now, if so.
    pub fn congested(&self) -> Option<String> {
        if !self.ready() {
            return Some("the store is still reading its journal".into());
        }
        if let Some(trouble) = self.core.journal.trouble() {
            return Some(format!("the store cannot be written: {trouble}"));
        }
        let full = "the store's memory is full until segments are written";
        self.core.is_full().then(|| full.into())
    }

    /// Sets aside room in the journal for a request.
    pub fn admit(&self, project: Option<&str>, traces: &Traces) -> Result<Room, NoRoom> {
        self.core.space.reserve(wal::size(project, traces))
    }

    /// Keeps the spans of a request, in the room that was set aside for it. `project` is what the door says; else the
    /// resources name it. `told` learns when they are durable and visible.
    pub fn append(
        &self,
        project: Option<&str>,
        traces: &Traces,
        room: Option<Room>,
        told: Box<dyn Appended>,
    ) {
        match self.ready() {
            true => wal::append(&self.core, project, traces, room, told),
            false => told.done(Err("the store is still reading its journal".into())),
        }
    }

    /// What a reader sees now.
    pub fn view(&self) -> Arc<View> {
        Arc::new(self.core.visible.view())
    }

    /// Hides the spans that `tombstone` names, as far as they are there now; durable when this returns. Blocks.
    pub fn delete(&self, tombstone: Tombstone) -> Result<(), StoreError> {
        self.core.delete(tombstone)
    }

    /// How much it holds.
    pub fn size(&self) -> Size {
        let core = &self.core;
        let view = core.visible.view();
        let segments = view.segments();
        Size {
            segments: segments.len(),
            spans: segments.iter().map(|segment| segment.summary().rows).sum(),
            bytes: segments.iter().map(|segment| segment.bytes()).sum(),
            head_spans: view.parts().iter().map(|part| part.len() as u64).sum(),
            head_bytes: core.head_bytes.load(Ordering::Relaxed),
            wal_bytes: core.space.used(),
        }
    }

    /// Ends the threads and closes the journal, which keeps what is in no segment. Blocks for a moment; what comes later is
    /// refused.
    pub fn close(&self) -> Result<(), StoreError> {
        self.end();
        let closed = self.core.journal.close();
        closed.map_err(super::open::failed(&self.core.places.wal))
    }

    fn end(&self) {
        self.core.work().ending = true;
        self.core.told.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // A thread that panicked has nothing more to say.
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }

    fn spawn(&self, name: &str, work: fn(&Core)) -> Result<(), StoreError> {
        let core = self.core.clone();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || work(&core))
            .map_err(super::open::failed(&self.core.settings.directory))?;
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(thread);
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
        // Whoever waits for the journal holds the core, and must not be the last to: the journal ends first.
        self.core.journal.end_thread();
    }
}

/// The life of the thread that reads the journal on opening.
fn replay(core: &Core) {
    let mut troubled = false;
    while let Err(error) = wal::replay(core) {
        tell(core, Failing::Journal, &error, &mut troubled);
        core.rest(AGAIN);
        if core.is_ending() {
            return;
        }
    }
    recovered(core, Failing::Journal, &mut troubled);
    if !core.is_ending() {
        core.ready.store(true, Ordering::Release);
    }
}

/// The life of the thread that writes segments.
fn seal(core: &Core) {
    let mut troubled = false;
    loop {
        core.close_part(&mut core.head(), false);
        let mut work = core.work();
        if work.ending {
            return;
        }
        let Some(closed) = work.closed.front().cloned() else {
            drop(work);
            core.count();
            core.rest(LOOK);
            continue;
        };
        drop(work);
        match core.seal(&closed) {
            Ok(()) => {
                work = core.work();
                work.closed.pop_front();
                work.grown = true;
                drop(work);
                core.told.notify_all();
                recovered(core, Failing::Seal, &mut troubled);
            }
            Err(error) => {
                tell(core, Failing::Seal, &error, &mut troubled);
                pause(core, AGAIN);
            }
        }
    }
}

/// The life of the thread that merges segments and lets them expire.
fn upkeep(core: &Core) {
    priority::low();
    let mut troubled = false;
    while !core.is_ending() {
        match core.upkeep() {
            Ok(()) => recovered(core, Failing::Upkeep, &mut troubled),
            Err(error) => {
                tell(core, Failing::Upkeep, &error, &mut troubled);
                pause(core, AGAIN);
            }
        }
        let until = Instant::now() + UPKEEP;
        while Instant::now() < until && !core.is_ending() {
            if std::mem::take(&mut core.work().grown) {
                break;
            }
            core.rest(LOOK);
        }
    }
}

/// Waits, whoever rings.
fn pause(core: &Core, long: Duration) {
    let until = Instant::now() + long;
    while Instant::now() < until && !core.is_ending() {
        core.rest(until.saturating_duration_since(Instant::now()));
    }
}

fn tell(core: &Core, what: Failing, error: &StoreError, troubled: &mut bool) {
    *troubled = true;
    let error = error.to_string();
    core.observer.tell(Event::Failing { what, error: &error });
}

fn recovered(core: &Core, what: Failing, troubled: &mut bool) {
    if std::mem::take(troubled) {
        core.observer.tell(Event::Recovered(what));
    }
}
