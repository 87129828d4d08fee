//! The journal as others use it: appends from anywhere, a thread that commits them in groups.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::account::{Account, Observer};
use super::cursor::Cursor;
use super::disk::Disk;
use super::group::{Queue, Waiter, run};
use super::log::{CommitError, Log, Options};
use super::place::Amount;
use super::record::{Entry, LONGEST};
use super::recover::{OpenError, recover};
use super::space::Space;

/// A journal at work. Dropping it ends its thread without closing it in order.
pub struct Journal {
    log: Arc<Log>,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    owner: Option<(Vec<u8>, u64)>,
}

/// A cursor as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundCursor {
    /// Its name.
    pub name: String,
    /// Its owner's counts when they were last remembered.
    pub note: Vec<u8>,
    /// What it has not settled.
    pub unsettled: Amount,
    /// Whether somebody reads.
    pub attached: bool,
}

// === impl Journal ===

impl Journal {
    /// Opens the journal in `directory` and starts its thread. The caller holds the directory's lock.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: Options,
        space: Space,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, OpenError> {
        let recovered = recover(disk, directory, options, space, observer)?;
        let journal = Self {
            log: Arc::new(recovered.log),
            queue: Arc::default(),
            thread: Mutex::default(),
            owner: recovered.owner,
        };
        let (log, queue) = (journal.log.clone(), journal.queue.clone());
        let name = "journal".to_owned();
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || run(&log, &queue));
        let thread = thread.map_err(|error| OpenError::Io(directory.to_owned(), error))?;
        journal.thread().replace(thread);
        Ok(journal)
    }

    /// The owner's counts when they were last remembered, and the weight of the records that came after.
    pub fn owner(&self) -> Option<&(Vec<u8>, u64)> {
        self.owner.as_ref()
    }

    /// Makes known who counts what is appended.
    pub fn owned_by(&self, owner: Arc<dyn Account>) {
        self.log.state().owner = Some(owner);
    }

    /// The cursors that there are.
    pub fn cursors(&self) -> Vec<FoundCursor> {
        let state = self.log.state();
        let cursors = state.cursors.iter().map(|(name, place)| FoundCursor {
            name: name.clone(),
            note: place.note.clone(),
            unsettled: place.unsettled,
            attached: place.account.is_some(),
        });
        cursors.collect()
    }

    /// Finds a cursor. A new one begins at the end, or where the journal begins when it cannot be known whether it is
    /// new. All are to be asked for before the first record is appended.
    pub fn cursor(&self, name: &str) -> io::Result<FoundCursor> {
        let found = || self.cursors().into_iter().find(|cursor| cursor.name == name);
        if let Some(found) = found() {
            return Ok(found);
        }
        let whole = self.log.state().whole;
        self.log.add_cursor(name, whole)?;
        Ok(found().unwrap_or_default())
    }

    /// Begins to read with a cursor that was found.
    pub fn attach(&self, name: &str, account: Arc<dyn Account>) -> Cursor {
        if let Some(place) = self.log.state().cursors.get_mut(name) {
            place.account = Some(account);
        }
        let queue = self.queue.clone();
        let moved = move || {
            queue.waiting().moved = true;
            queue.told.notify_one();
        };
        Cursor::new(self.log.clone(), name, Arc::new(moved))
    }

    /// Gives a cursor up; returns what it had not settled.
    pub fn forget(&self, name: &str) -> io::Result<Amount> {
        self.log.forget(name)
    }

    /// Puts a record in line. Its waiter is told, whatever happens.
    pub fn append(&self, entry: Entry, waiter: Box<dyn Waiter>) {
        if entry.size() > LONGEST {
            return waiter.done(Err(CommitError::too_long(entry.size())));
        }
        let mut waiting = self.queue.waiting();
        if waiting.ending {
            drop(waiting);
            return waiter.done(Err(CommitError("the journal is closed".into())));
        }
        waiting.bytes += entry.size();
        waiting.entries.push((entry, waiter));
        let first = waiting.entries.len() == 1;
        drop(waiting);
        if first {
            self.queue.told.notify_one();
        }
    }

    /// Why nothing can be appended now, if so.
    pub fn trouble(&self) -> Option<String> {
        self.log.state().trouble.clone()
    }

    /// The number that the next record gets.
    pub fn end(&self) -> u64 {
        self.log.state().next
    }

    /// Bytes that wait to be committed.
    pub fn waiting_bytes(&self) -> u64 {
        self.queue.waiting().bytes
    }

    /// Bytes on disk, and damaged segments among them.
    pub fn on_disk(&self) -> (u64, usize) {
        let state = self.log.state();
        let damaged = state.segments.iter().filter(|held| held.holds.damaged).count();
        (state.bytes(), damaged)
    }

    /// Commits what waits, remembers everything, and ends. Records that come later are refused.
    pub fn close(&self) -> io::Result<()> {
        self.end_thread();
        self.log.close()
    }

    /// Commits what waits, and ends as a crash would.
    pub fn end_thread(&self) {
        self.queue.waiting().ending = true;
        self.queue.told.notify_one();
        let thread = self.thread().take();
        if let Some(thread) = thread {
            // A thread that panicked has nothing more to say.
            drop(thread.join());
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.end_thread();
    }
}
