//! The way of a request into its pipeline's journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::envelope;
use super::store::Store;
use crate::journal::{CommitError, Room, Waiter};
use crate::pipeline::client::Client;
use crate::pipeline::log::Cursor;
use crate::pipeline::log::rate::Rate;
use crate::pipeline::ticket::{Branch, Outcome, Ticket};
use crate::pipeline::verdict::Refused;
use crate::telemetry::ledger::PipelineLedger;
use crate::wire::Traces;

/// When to come back while the journal cannot be written, or is full; spread by whoever tells a client.
const COME_BACK: Duration = Duration::from_secs(1);

/// How often a full journal is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A journal that was full is so until this share of its budget is free.
const FREE_AGAIN: f64 = 0.05;

/// Room on disk that a request has reserved, one for each journal that it goes to.
pub type Rooms = SmallVec<[Room; 1]>;

/// Where a journaled pipeline's requests go.
pub struct Shelf {
    store: Arc<Store>,
    cursors: Vec<Arc<Cursor>>,
    /// The number that tells its answers from those of others.
    branch: Branch,
    rate: Arc<Rate>,
    full: Arc<AtomicBool>,
}

/// Waits for a request's record to be durable.
struct Commit {
    ticket: Arc<Ticket>,
    branch: Branch,
    ledger: PipelineLedger,
    rate: Arc<Rate>,
    spans: usize,
    bytes: usize,
}

// === impl Shelf ===

impl Shelf {
    /// A shelf in front of a pipeline's journal, which `cursors` read.
    pub fn new(store: Arc<Store>, cursors: Vec<Arc<Cursor>>, branch: Branch) -> Self {
        Self {
            store,
            cursors,
            branch,
            rate: Arc::new(Rate::new()),
            full: Arc::default(),
        }
    }

    /// Reserves room on disk for a request.
    pub fn admits(&self, traces: &Traces, client: &Client, rooms: &mut Rooms) -> Result<(), Refused> {
        match self.store.space.reserve(envelope::size(traces, client)) {
            Ok(room) => {
                rooms.push(room);
                Ok(())
            }
            Err(full) => {
                self.found_no_room();
                Err(come_back(format!("the journal is full: {full}")))
            }
        }
    }

    /// Why no request at all is taken: the disk does not take what is written, or not fast enough.
    pub fn congested(&self, patience: Duration) -> Option<Refused> {
        if let Some(trouble) = self.store.journal.trouble() {
            return Some(come_back(format!("the journal cannot be written: {trouble}")));
        }
        if self.full.load(Ordering::Relaxed) {
            return Some(come_back("the disk budget of the journal is used up".into()));
        }
        let wait = self.predicted_wait();
        (wait > patience).then(|| {
            let wait = wait.as_secs_f64();
            come_back(format!(
                "spans wait {wait:.1} s for the disk, longer than the client does"
            ))
        })
    }

    /// How long bytes that come in now will wait for the disk.
    pub fn predicted_wait(&self) -> Duration {
        self.rate.predicted_wait(Instant::now())
    }

    /// Puts a request's record in line; the ticket's leaf that the caller opened is closed when it is durable.
    pub fn append(&self, traces: &Traces, client: &Arc<Client>, ticket: &Arc<Ticket>, room: Option<Room>) {
        let (spans, bytes) = (traces.spans(), traces.bytes().len());
        let mut entry = envelope::seal(traces, client, "");
        if let Some(room) = room {
            entry = entry.with_room(room);
        }
        self.rate.added(bytes);
        let commit = Commit {
            ticket: ticket.clone(),
            branch: self.branch,
            ledger: self.store.ledger.clone(),
            rate: self.rate.clone(),
            spans,
            bytes,
        };
        self.store.journal.append(entry, Box::new(commit));
    }

    /// A request found no room. Tells that the budget is used up, once, and when it no longer is.
    fn found_no_room(&self) {
        self.cursors.iter().for_each(|cursor| cursor.wake());
        let enough = (self.store.space.limit() as f64 * (1.0 - FREE_AGAIN)) as u64;
        // One large request that finds no room says nothing about others.
        let is_full = self.store.space.used() > enough;
        if !is_full || self.store.sheds() || self.full.swap(true, Ordering::Relaxed) {
            return;
        }
        self.store.events.full(true);
        let (store, full) = (self.store.clone(), self.full.clone());
        tokio::spawn(async move {
            while store.space.used() > enough {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            full.store(false, Ordering::Relaxed);
            store.events.full(false);
        });
    }
}

fn come_back(message: String) -> Refused {
    Refused {
        message,
        retry_after: crate::pipeline::flow::come_back_after(COME_BACK),
    }
}

impl Waiter for Commit {
    fn wants(&self) -> bool {
        !self.ticket.abandoned()
    }

    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        self.rate.left(self.bytes, result.is_ok());
        let outcome = match result {
            Ok(_) => Outcome::Delivered {
                rejected: 0,
                message: String::new(),
            },
            Err(error) => {
                self.ledger.withdrawn(self.spans);
                Outcome::NotNow(come_back(format!("the journal cannot be written: {error}")))
            }
        };
        self.ticket.settle(self.branch, outcome);
    }
}
