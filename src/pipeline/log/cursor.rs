//! One exporter's view of one pipeline's log, as far as it is in memory: all of it, or with a journal what its feed
//! has read ahead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use tokio::sync::Notify;

use super::batching::{Batching, PartitionKey};
use super::queue::{Queue, Reader, Readiness};
use super::rate::Rate;
use super::record::{Record, Settlement, Waiter};
use crate::journal::Amount;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::delivery::{BatchSizer, QueueSizer};
use crate::pipeline::disk::Feed;
use crate::telemetry::ledger::{Exit, ExporterLedger};
use crate::wire::Traces;

/// What waits for one exporter, in partitions; what of it is ready; what became of it.
#[derive(Debug)]
pub struct Cursor {
    manner: RwLock<Arc<Manner>>,
    budget: Budget,
    ledger: ExporterLedger,
    rate: Rate,
    /// Where its records come from, if not from requests.
    feed: Option<Arc<Feed>>,
    queues: Mutex<HashMap<PartitionKey, Queue>>,
    /// Told when there may be something new to read.
    readable: Notify,
    /// Told when something has left.
    room: Notify,
}

/// How records wait, as settings say it.
#[derive(Debug, PartialEq, Eq)]
struct Manner {
    batching: Batching,
    capacity: Capacity,
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// In units of `sizer`.
    pub size: u64,
    /// What is counted.
    pub sizer: QueueSizer,
}

/// What a reader gets.
#[derive(Debug)]
pub enum Next {
    /// Records whose attempt has begun; each must be settled, or rest.
    Batch(Vec<(Arc<Record>, Traces)>),
    /// Nothing before this moment, unless `readable` tells.
    At(Instant),
    /// Nothing.
    Nothing,
}

/// Why a cursor takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// `queue_size` is reached.
    Queue,
    /// `metadata_cardinality_limit` is reached.
    Partitions,
}

// === impl Capacity ===

impl Capacity {
    /// Anything may wait.
    pub fn unbounded() -> Self {
        Self {
            size: u64::MAX,
            sizer: QueueSizer::Requests,
        }
    }
}

// === impl Cursor ===

impl Cursor {
    /// An empty cursor; records come from `feed`, or else from requests.
    pub fn new(
        batching: Batching,
        capacity: Capacity,
        budget: Budget,
        ledger: ExporterLedger,
        feed: Option<Arc<Feed>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            manner: RwLock::new(Arc::new(Manner { batching, capacity })),
            budget,
            ledger,
            rate: Rate::new(),
            feed,
            queues: Mutex::default(),
            readable: Notify::new(),
            room: Notify::new(),
        })
    }

    /// Whether it could go on with such settings: what waits is found by the keys that it was put there by.
    pub fn suits(&self, batching: &Batching) -> bool {
        self.manner().batching.metadata_keys == batching.metadata_keys
    }

    /// Changes how records wait; what waits already does so from now on, too. The settings must suit.
    pub fn change(&self, batching: Batching, capacity: Capacity) {
        let manner = Arc::new(Manner { batching, capacity });
        *self.manner.write().unwrap_or_else(PoisonError::into_inner) = manner;
        self.wake();
        self.room.notify_waiters();
    }

    fn manner(&self) -> Arc<Manner> {
        self.manner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there is room for another request of this client.
    pub fn has_room(&self, client: &Client) -> Result<(), Full> {
        let (used, most) = self.fill();
        if used >= most {
            return Err(Full::Queue);
        }
        let manner = self.manner();
        let queues = self.queues();
        let limit = manner.batching.metadata_cardinality_limit;
        if limit > 0 && queues.len() >= limit && !queues.contains_key(&manner.batching.partition(client)) {
            return Err(Full::Partitions);
        }
        Ok(())
    }

    fn used(manner: &Manner, queue: &Queue) -> u64 {
        match manner.capacity.sizer {
            QueueSizer::Requests if manner.batching.gathers() => {
                (queue.units() / manner.batching.min.max(1)) as u64
            }
            QueueSizer::Requests => queue.live() as u64,
            QueueSizer::Items => queue.spans() as u64,
            QueueSizer::Bytes => queue.bytes() as u64,
        }
    }

    /// Puts a request's spans into the queue. With a ticket, the record is a leaf of it that the caller opened.
    pub fn append(self: &Arc<Self>, traces: Traces, client: Arc<Client>, waiter: Waiter) -> Arc<Record> {
        self.ledger.handed_over(traces.spans());
        self.enqueue(traces, client, waiter)
    }

    fn enqueue(self: &Arc<Self>, traces: Traces, client: Arc<Client>, waiter: Waiter) -> Arc<Record> {
        self.rate.added(traces.bytes().len());
        let Manner { batching, .. } = &*self.manner();
        let key = batching.partition(&client);
        let record = Record::queued(self.clone(), traces, client, waiter);
        let mut queues = self.queues();
        let queue = queues.entry(key).or_default();
        let before = queue.units();
        queue.push(record.clone(), batching);
        // The reader needs to know of the first record, and of the one that fills a batch.
        let tell =
            !batching.gathers() || before == 0 || (before < batching.min && queue.units() >= batching.min);
        drop(queues);
        if tell {
            self.readable.notify_one();
        }
        record
    }

    /// The next batch that may leave, if one may.
    pub fn next(self: &Arc<Self>, idle: bool, draining: bool) -> Next {
        for pulled in self.feed.iter().flat_map(|feed| feed.pull(self)) {
            self.enqueue(pulled.traces, pulled.client, Waiter::Journal(pulled.held));
        }
        let reader = Reader {
            now: Instant::now(),
            idle,
            draining,
        };
        let Manner { batching, .. } = &*self.manner();
        let mut queues = self.queues();
        let mut earliest: Option<Instant> = None;
        let mut ready: Option<(Instant, PartitionKey)> = None;
        for (key, queue) in queues.iter() {
            match queue.readiness(reader, batching) {
                // The partition that waits longest goes first.
                Readiness::Ready(since) if ready.as_ref().is_none_or(|(known, _)| since < *known) => {
                    ready = Some((since, key.clone()));
                }
                Readiness::At(due) => earliest = Some(earliest.map_or(due, |known| known.min(due))),
                Readiness::Ready(_) | Readiness::Empty => {}
            }
        }
        let Some((_, key)) = ready else {
            return earliest.map_or(Next::Nothing, Next::At);
        };
        let batch = queues
            .get_mut(&key)
            .map(|queue| queue.take(batching))
            .unwrap_or_default();
        // An empty partition goes, so that their number is that of the senders with something to send.
        if !key.is_empty() && queues.get(&key).is_some_and(Queue::is_empty) {
            queues.remove(&key);
        }
        if batch.is_empty() {
            Next::Nothing
        } else {
            Next::Batch(batch)
        }
    }

    /// Waits until there may be something new to read.
    pub async fn readable(&self) {
        self.readable.notified().await;
    }

    /// Wakes the reader to look again.
    pub fn wake(&self) {
        self.readable.notify_one();
    }

    /// Waits until something has left.
    pub async fn room(&self) {
        self.room.notified().await;
    }

    /// How long bytes that come in now will wait.
    pub fn predicted_wait(&self) -> Duration {
        self.rate.predicted_wait(Instant::now())
    }

    /// Bytes in memory that are not settled.
    pub fn backlog(&self) -> usize {
        self.rate.backlog()
    }

    /// Where its records come from, if not from requests.
    pub fn feed(&self) -> Option<&Arc<Feed>> {
        self.feed.as_ref()
    }

    /// The exporter's counts in this pipeline.
    pub fn ledger(&self) -> &ExporterLedger {
        &self.ledger
    }

    /// What waits in the queue, and how much may, in units of `queue_size`.
    pub fn fill(&self) -> (u64, u64) {
        let manner = self.manner();
        let used = match &self.feed {
            Some(feed) => Self::unsettled(&manner, feed.unsettled()),
            None => {
                let queues = self.queues();
                queues.values().map(|queue| Self::used(&manner, queue)).sum()
            }
        };
        (used, manner.capacity.size)
    }

    fn unsettled(Manner { batching, capacity }: &Manner, amount: Amount) -> u64 {
        let spans_or_bytes = match batching.sizer {
            BatchSizer::Items => amount.weight,
            BatchSizer::Bytes => amount.bytes,
        };
        match capacity.sizer {
            QueueSizer::Requests if batching.gathers() => spans_or_bytes / batching.min.max(1) as u64,
            QueueSizer::Requests => amount.records,
            QueueSizer::Items => amount.weight,
            QueueSizer::Bytes => amount.bytes,
        }
    }

    /// A queued record was withdrawn or settled where it stood.
    pub(super) fn unqueued(&self, record: &Record) {
        let Manner { batching, .. } = &*self.manner();
        let key = batching.partition(&record.client);
        if let Some(queue) = self.queues().get_mut(&key) {
            queue.forget(record, batching);
        }
    }

    /// Pays for a part of a record, which stands for bytes that go now.
    pub(super) fn cover(&self, part: Traces) -> Traces {
        self.budget.cover(part)
    }

    /// What was counted on arrival has been cut: parts repeat headers, and leave out empty envelopes.
    pub(super) fn recounted(&self, before: usize, after: usize) {
        self.rate.added(after);
        self.rate.left(before, false);
    }

    /// A record lies somewhere else now.
    pub(super) fn moved(&self, record: &Record) {
        self.rate.left(record.bytes, false);
        self.room.notify_one();
    }

    /// A record was settled.
    pub(super) fn left(&self, record: &Record, settlement: &Settlement) {
        self.rate.left(record.bytes, settlement.exit == Exit::Delivered);
        self.ledger
            .left(record.spans.saturating_sub(settlement.refused), settlement.exit);
        if settlement.refused > 0 {
            self.ledger.left(settlement.refused, Exit::RefusedDownstream);
        }
        self.room.notify_one();
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<PartitionKey, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
