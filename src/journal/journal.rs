//! The journal as others use it: appends from anywhere, a thread that commits them in groups.
//!
//! The thread takes everything that waits, writes it with one call, syncs once, and tells everybody; meanwhile the next
//! group gathers. A record alone waits for no other.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::account::{Account, Observer};
use super::cursor::Cursor;
use super::disk::Disk;
use super::log::{CommitError, Log, Options};
use super::record::{Entry, LONGEST};
use super::recover::{OpenError, recover};
use super::space::Space;
use super::state::Amount;

/// What has moved is remembered this long after, at the latest: so many settlements a crash may repeat.
const REMEMBER: Duration = Duration::from_millis(20);

/// How often a journal that cannot be written is tried again.
const PROBE: Duration = Duration::from_millis(500);

/// No group has more bytes, so that the first of it does not wait for all that gathered.
const GROUP: u64 = 32 << 20;

/// A journal at work. Dropping it ends its thread without closing it in order.
pub struct Journal {
    log: Arc<Log>,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    owner: Option<(Vec<u8>, u64)>,
}

/// Whoever waits for a record to be durable.
pub trait Waiter: Send {
    /// Whether it still wants the record appended; asked right before that is done.
    fn wants(&self) -> bool {
        true
    }

    /// The record is durable, with this sequence number; or it was not taken. Called on the journal's thread.
    fn done(self: Box<Self>, result: Result<u64, CommitError>);
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

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    told: Condvar,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<(Entry, Box<dyn Waiter>)>,
    bytes: u64,
    /// Cursors have moved.
    moved: bool,
    ending: bool,
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
        self.end();
        self.log.close()
    }

    fn end(&self) {
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
        self.end();
    }
}

// === impl Queue ===

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for records, of which it takes up to `most` bytes; or until `due`; or until cursors have moved when nothing
    /// is `due`.
    fn next(&self, due: Option<Instant>, most: u64) -> Waiting {
        let mut waiting = self.waiting();
        while waiting.entries.is_empty() && !waiting.ending {
            waiting = match due {
                None if waiting.moved => break,
                None => self.told.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    let told = self.told.wait_timeout(waiting, left);
                    told.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let mut taken = Waiting {
            moved: std::mem::take(&mut waiting.moved),
            ending: waiting.ending,
            ..Waiting::default()
        };
        let mut bytes = 0;
        let fits = |(entry, _): &&(Entry, _)| {
            bytes += entry.size();
            bytes <= most
        };
        let count = waiting.entries.iter().take_while(fits).count().max(1);
        let count = count.min(waiting.entries.len());
        let rest = waiting.entries.split_off(count);
        taken.entries = std::mem::replace(&mut waiting.entries, rest);
        waiting.bytes = waiting.entries.iter().map(|(entry, _)| entry.size()).sum();
        taken
    }
}

/// The thread's life.
fn run(log: &Log, queue: &Queue) {
    let _last = Last(queue);
    let mut remember: Option<Instant> = None;
    let mut probe: Option<Instant> = None;
    let most = GROUP.min(log.options.segment_bytes);
    loop {
        let group = queue.next(remember.into_iter().chain(probe).min(), most);
        let (ending, empty) = (group.ending, group.entries.is_empty());
        commit(log, group.entries);
        let now = Instant::now();
        if log.state().trouble.is_some() {
            let due = *probe.get_or_insert(now + PROBE);
            if due <= now {
                probe = (!log.probe()).then(|| Instant::now() + PROBE);
            }
        }
        if log.state().moved {
            let due = *remember.get_or_insert(now + REMEMBER);
            if due <= now {
                remember = log.keep().err().map(|_| Instant::now() + PROBE);
            }
        } else {
            remember = None;
        }
        if ending && empty {
            return;
        }
    }
}

/// However the thread ends, nobody waits for it any more.
struct Last<'a>(&'a Queue);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.ending = true;
        let left = std::mem::take(&mut waiting.entries);
        drop(waiting);
        for (_, waiter) in left {
            waiter.done(Err(CommitError("the journal is closed".into())));
        }
    }
}

fn commit(log: &Log, waiting: Vec<(Entry, Box<dyn Waiter>)>) {
    let (mut group, mut waiters) = (Vec::new(), Vec::new());
    for (entry, waiter) in waiting {
        if waiter.wants() {
            group.push(entry);
            waiters.push(waiter);
        } else {
            waiter.done(Err(CommitError("withdrawn".into())));
        }
    }
    if group.is_empty() {
        return;
    }
    let trouble = log.state().trouble.clone();
    let result = match trouble {
        Some(trouble) => Err(CommitError(trouble)),
        None => log.commit(group),
    };
    match result {
        Ok(first) => {
            // Readers first: what they begin now runs while the others are told.
            log.readers().iter().for_each(|reader| reader.readable());
            for (seq, waiter) in (first..).zip(waiters) {
                waiter.done(Ok(seq));
            }
        }
        Err(error) => {
            for waiter in waiters {
                waiter.done(Err(error.clone()));
            }
        }
    }
}
