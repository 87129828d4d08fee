//! Feeds a cursor in memory from a journal: as much as fits into its window, from memory where it can, and hands
//! back what was settled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::aside::Aside;
use super::envelope;
use crate::journal::{Account, Amount, Cursor as Reader, Item, Space, Taken};
use crate::pipeline::budget::Reservation;
use crate::pipeline::client::Client;
use crate::pipeline::log::Cursor;
use crate::telemetry::journal::JournalEvents;
use crate::telemetry::ledger::{Exit, ExporterLedger};
use crate::wire::Traces;

/// Read from disk at once, at most.
const READ: u64 = 4 << 20;

/// The wait after a read that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// From this share of the disk budget on the slowest exporter sheds, where the user wants that.
const SHED_AT: f64 = 0.9;

/// What one exporter has of one pipeline's journal, or of its own retry file.
pub struct Feed {
    reader: Reader,
    account: Arc<FeedAccount>,
    /// Where its records go that are not delivered.
    pub aside: Arc<Aside>,
    /// Its records are parked: there is no other place to park them.
    pub parked: bool,
    window: u64,
    /// Bytes given out and not settled.
    held: AtomicU64,
    fetched: Mutex<VecDeque<Item>>,
    fetching: AtomicBool,
    /// The budget whose end makes this exporter shed; none where new requests are refused instead.
    shed: Option<Space>,
    events: Arc<JournalEvents>,
    /// Pays for what is read from disk.
    _paid: Reservation,
}

/// A record that was given out, shared by its parts.
pub struct Held {
    feed: Arc<Feed>,
    seq: u64,
    size: u64,
    weight: u32,
    /// Parts not settled.
    open: AtomicUsize,
    /// It may have been sent by an earlier process, and this was not counted yet.
    again: AtomicBool,
}

/// A record on its way into the cursor.
pub struct Pulled {
    /// The spans.
    pub traces: Traces,
    /// Who sent them.
    pub client: Arc<Client>,
    /// To be closed when all is done with it.
    pub held: Arc<Held>,
}

/// Counts for a reader, and wakes it.
pub struct FeedAccount {
    /// None in a retry file, whose records its journal has counted.
    ledger: Option<ExporterLedger>,
    lost_from: ExporterLedger,
    cursor: OnceLock<Weak<Cursor>>,
    /// The last look found nothing: whoever adds something is to say so.
    starving: AtomicBool,
}

// === impl Feed ===

impl Feed {
    /// A feed of what `reader` reads, with at most `window` bytes given out, which `paid` stands for.
    pub fn new(
        reader: Reader,
        account: Arc<FeedAccount>,
        aside: Arc<Aside>,
        parked: bool,
        paid: Reservation,
        shed: Option<Space>,
        events: Arc<JournalEvents>,
    ) -> Arc<Self> {
        Arc::new(Self {
            reader,
            account,
            aside,
            parked,
            window: paid.bytes() as u64,
            held: AtomicU64::new(0),
            fetched: Mutex::default(),
            fetching: AtomicBool::new(false),
            shed,
            events,
            _paid: paid,
        })
    }

    /// The records that fit into the window now. What is only on disk is fetched meanwhile, and told when it is there.
    pub fn pull(self: &Arc<Self>, cursor: &Arc<Cursor>) -> Vec<Pulled> {
        let mut pulled = Vec::new();
        let fetched = std::mem::take(&mut *self.fetched());
        self.unpack(fetched, &mut pulled);
        loop {
            let room = self.window.saturating_sub(self.held.load(Ordering::Relaxed));
            if room == 0 || self.fetching.load(Ordering::Acquire) {
                return pulled;
            }
            self.account.starving.store(true, Ordering::SeqCst);
            match self.reader.take(room) {
                Taken::Items(items) => self.unpack(items, &mut pulled),
                Taken::OnDisk => {
                    self.fetch(room.min(READ), cursor.clone());
                    return pulled;
                }
                Taken::Nothing => return pulled,
            }
        }
    }

    fn unpack(self: &Arc<Self>, items: impl IntoIterator<Item = Item>, pulled: &mut Vec<Pulled>) {
        for item in items {
            self.held.fetch_add(item.size, Ordering::Relaxed);
            let held = Arc::new(Held {
                feed: self.clone(),
                seq: item.seq,
                size: item.size,
                weight: item.weight,
                open: AtomicUsize::new(1),
                again: AtomicBool::new(item.again),
            });
            match envelope::open(&item) {
                Ok(letter) => pulled.push(Pulled {
                    traces: letter.traces,
                    client: letter.client,
                    held,
                }),
                Err(error) => held.unreadable(item, error),
            }
        }
    }

    fn fetch(self: &Arc<Self>, most: u64, cursor: Arc<Cursor>) {
        self.fetching.store(true, Ordering::Release);
        let feed = self.clone();
        tokio::spawn(async move {
            let reading = feed.clone();
            let read = tokio::task::spawn_blocking(move || reading.reader.read(most)).await;
            match read {
                Ok(Ok(items)) => feed.fetched().extend(items),
                Ok(Err(error)) => feed.read_failed(&error.to_string()).await,
                Err(error) => feed.read_failed(&error.to_string()).await,
            }
            feed.fetching.store(false, Ordering::Release);
            cursor.wake();
        });
    }

    async fn read_failed(&self, error: &str) {
        self.events
            .warned(&format!("reading for `{}` failed: {error}", self.reader.name()));
        tokio::time::sleep(AGAIN).await;
    }

    /// Reads no more: nothing is under way, and what is not settled is for whoever reads next.
    pub fn detach(&self) {
        self.reader.detach();
    }

    /// What is not settled, parked records not included.
    pub fn unsettled(&self) -> Amount {
        self.reader.unsettled()
    }

    /// Milliseconds since the oldest record that was given out and not settled was appended.
    pub fn oldest_age(&self) -> u64 {
        self.reader.oldest_age()
    }

    /// Whether others wait behind what was given out.
    pub fn is_behind(&self) -> bool {
        self.held.load(Ordering::Relaxed) >= self.window
    }

    /// Whether this exporter is the slowest and the disk budget nearly used up.
    pub fn must_shed(&self) -> bool {
        let nearly_full = |space: &Space| space.used() as f64 > space.limit() as f64 * SHED_AT;
        self.shed.as_ref().is_some_and(nearly_full) && self.reader.is_slowest()
    }

    /// Remembers what is settled, now: what lies elsewhere on disk should not come from here again after a crash. Where
    /// that fails it is remembered later.
    pub async fn remember(self: &Arc<Self>) {
        let feed = self.clone();
        drop(tokio::task::spawn_blocking(move || feed.reader.remember()).await);
    }

    fn settled(&self, held: &Held) {
        self.reader.settle(held.seq, held.size, held.weight, || ());
        self.held.fetch_sub(held.size, Ordering::Relaxed);
    }

    fn fetched(&self) -> MutexGuard<'_, VecDeque<Item>> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Held ===

impl Held {
    /// The feed that it came from.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Adds parts that must be closed, too.
    pub fn open(&self, parts: usize) {
        self.open.fetch_add(parts, Ordering::Relaxed);
    }

    /// Closes a part; the last one settles the record.
    pub fn close(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.feed.settled(self);
        }
    }

    /// Its spans when an earlier process may have sent them: once, then zero.
    pub fn take_again(&self) -> usize {
        match self.again.swap(false, Ordering::Relaxed) {
            true => self.weight as usize,
            false => 0,
        }
    }

    /// A record that is not what was written, though its checksum is: it goes to the dead letters as it is.
    fn unreadable(self: Arc<Self>, item: Item, error: String) {
        tokio::spawn(async move {
            let reason = format!("the record cannot be read: {error}");
            while let Err(error) = self.feed.aside.put_unread(&item, &reason).await {
                self.feed.read_failed(&error).await;
            }
            self.feed.account.lost(item.weight.into());
            self.close();
        });
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed")
            .field("cursor", &self.reader.name())
            .finish_non_exhaustive()
    }
}

// === impl FeedAccount ===

impl FeedAccount {
    /// Counts in `ledger`; parked records were counted when they came into the journal.
    pub fn new(ledger: &ExporterLedger, parked: bool) -> Arc<Self> {
        Arc::new(Self {
            ledger: (!parked).then(|| ledger.clone()),
            lost_from: ledger.clone(),
            cursor: OnceLock::new(),
            starving: AtomicBool::new(false),
        })
    }

    /// The cursor to wake.
    pub fn wakes(&self, cursor: &Arc<Cursor>) {
        // Set once, when the cursor is made.
        drop(self.cursor.set(Arc::downgrade(cursor)));
    }
}

impl Account for FeedAccount {
    fn committed(&self, weight: u64) {
        if let Some(ledger) = &self.ledger {
            ledger.handed_over(usize::try_from(weight).unwrap_or(usize::MAX));
        }
    }

    fn lost(&self, weight: u64) {
        let spans = usize::try_from(weight).unwrap_or(usize::MAX);
        self.lost_from.left(spans, Exit::DeadLettered);
    }

    fn note(&self, into: &mut Vec<u8>) {
        if let Some(ledger) = &self.ledger {
            into.extend_from_slice(&ledger.columns().to_bytes());
        }
    }

    fn readable(&self) {
        if self.starving.swap(false, Ordering::SeqCst)
            && let Some(cursor) = self.cursor.get().and_then(Weak::upgrade)
        {
            cursor.wake();
        }
    }
}
