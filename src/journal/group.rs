//! What is appended gathers here, and a thread commits it in groups.
//!
//! The thread takes everything that waits, writes it with one call, syncs once, and tells everybody; meanwhile the next
//! group gathers. A record alone waits for no other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::log::{CommitError, Log};
use super::record::Entry;

/// What has moved is remembered this long after, at the latest: so many settlements a crash may repeat.
const REMEMBER: Duration = Duration::from_millis(20);

/// How often a journal that cannot be written is tried again.
const PROBE: Duration = Duration::from_millis(500);

/// No group has more bytes, so that the first of it does not wait for all that gathered.
const GROUP: u64 = 32 << 20;

/// Whoever waits for a record to be durable.
pub trait Waiter: Send {
    /// Whether it still wants the record appended; asked right before that is done.
    fn wants(&self) -> bool {
        true
    }

    /// The record is durable, with this sequence number; or it was not taken. Called on the journal's thread.
    fn done(self: Box<Self>, result: Result<u64, CommitError>);
}

/// What waits for the thread.
#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    /// Rung when there is something to do.
    pub told: Condvar,
}

/// What waits, under the queue's lock.
#[derive(Default)]
pub struct Waiting {
    pub entries: Vec<(Entry, Box<dyn Waiter>)>,
    pub bytes: u64,
    /// Cursors have moved.
    pub moved: bool,
    /// Nothing more comes.
    pub ending: bool,
}

// === impl Queue ===

impl Queue {
    /// What waits.
    pub fn waiting(&self) -> MutexGuard<'_, Waiting> {
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
pub fn run(log: &Log, queue: &Queue) {
    let _last = Last(queue);
    let mut remember = log.state().moved.then(Instant::now);
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
            // Who waits for an answer is woken before what is to be done next.
            for (seq, waiter) in (first..).zip(waiters) {
                waiter.done(Ok(seq));
            }
            log.readers().iter().for_each(|reader| reader.readable());
        }
        Err(error) => {
            for waiter in waiters {
                waiter.done(Err(error.clone()));
            }
        }
    }
}
