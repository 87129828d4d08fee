//! The loop between one cursor and its destination: what may be sent is sent, as many at a time as allowed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use tokio_util::sync::CancellationToken;

use super::attempt::{Batch, Rested};
use super::gate::{Gate, HURRY, Pass};
use super::settings::{QueueSettings, RetrySettings};
use super::slots::{Slot, Slots};
use crate::pipeline::destination::Destination;
use crate::pipeline::disk::Feed;
use crate::pipeline::log::{Cursor, Next};
use crate::telemetry::exporter::ExporterEvents;

/// The longest sleep without anything to wait for; a guard, not a schedule.
const LONG: Duration = Duration::from_secs(3600);

/// Between two batches that are shed.
const SHED_PAUSE: Duration = Duration::from_millis(25);

/// What all cursors of one exporter share.
pub struct Outlet {
    /// What is known of the destination's state.
    pub gate: Arc<Gate>,
    /// What is told about it.
    pub events: Arc<ExporterEvents>,
    way: RwLock<Arc<Way>>,
}

/// How batches go out, as an exporter's settings say it.
pub struct Way {
    /// Where batches go.
    pub destination: Arc<dyn Destination>,
    /// How failures that may pass are met.
    pub retry: RetrySettings,
    /// How many batches may be under way.
    pub slots: Arc<Slots>,
}

/// Drives one cursor.
pub struct Driver {
    pub(super) outlet: Arc<Outlet>,
    pub(super) cursor: Arc<Cursor>,
    under_way: AtomicUsize,
    shedding: AtomicBool,
    resting: Mutex<Vec<Resting>>,
    draining: AtomicBool,
}

/// A batch between two attempts.
struct Resting {
    batch: Rested,
    due: Instant,
    /// The destination's recoveries when it failed: one more, and it is due at once.
    recoveries: u64,
}

/// What the loop does next.
enum Step {
    Send(Batch, Slot),
    Shed(Batch),
    Wait(Duration),
}

// === impl Way ===

impl Way {
    /// The way of an exporter with these settings.
    pub fn new(destination: Arc<dyn Destination>, queue: &QueueSettings, retry: RetrySettings) -> Self {
        let slots = match queue.enabled {
            true => Slots::new(queue.num_consumers, destination.timeout()),
            false => Slots::unbounded(),
        };
        Self {
            destination,
            retry,
            slots,
        }
    }
}

// === impl Outlet ===

impl Outlet {
    /// An exporter that nothing is known about.
    pub fn new(way: Way, events: Arc<ExporterEvents>) -> Self {
        Self {
            gate: Gate::new(way.retry.clone()),
            events,
            way: RwLock::new(Arc::new(way)),
        }
    }

    /// How batches go out now.
    pub fn way(&self) -> Arc<Way> {
        self.way.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends what comes from now on another way; what is under way ends as it began.
    pub fn replace(&self, way: Way) {
        let retry = way.retry.clone();
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(way);
        if self.gate.renew(retry) {
            self.events.cleared();
        }
    }
}

// === impl Driver ===

impl Driver {
    /// A driver that has not started.
    pub fn new(outlet: Arc<Outlet>, cursor: Arc<Cursor>) -> Arc<Self> {
        outlet.gate.tell(&cursor);
        Arc::new(Self {
            outlet,
            cursor,
            under_way: AtomicUsize::new(0),
            shedding: AtomicBool::new(false),
            resting: Mutex::default(),
            draining: AtomicBool::new(false),
        })
    }

    /// Leaves its journal to whoever reads it next; for one that has ended.
    pub fn detach(&self) {
        if let Some(feed) = self.cursor.feed() {
            feed.detach();
        }
    }

    /// Runs until `close` is cancelled and everything has left. From `drain` on nothing waits longer than it must.
    pub async fn run(self: Arc<Self>, drain: CancellationToken, close: CancellationToken) {
        loop {
            if drain.is_cancelled() && !self.draining.swap(true, Ordering::Relaxed) {
                self.outlet.gate.hurry();
            }
            match self.step() {
                Step::Send(batch, slot) => self.start(batch, slot),
                Step::Shed(batch) => self.shed(batch),
                Step::Wait(_) if close.is_cancelled() && self.is_empty() => return,
                Step::Wait(wait) => {
                    let stopping = if self.draining() { &close } else { &drain };
                    self.wait(wait, stopping).await;
                }
            }
        }
    }

    async fn wait(&self, wait: Duration, stopping: &CancellationToken) {
        tokio::select! {
            () = self.cursor.readable() => {
                // Requests that are ready to be appended join the batch of the one that woke us.
                if self.is_idle() {
                    tokio::task::yield_now().await;
                }
            }
            () = tokio::time::sleep(wait) => {}
            () = stopping.cancelled(), if !stopping.is_cancelled() => {}
        }
    }

    fn step(&self) -> Step {
        let now = Instant::now();
        if let Some(batch) = self.to_shed() {
            return Step::Shed(batch);
        }
        let pass = self.outlet.gate.pass(now);
        match pass {
            Pass::Closed(until) => return Step::Wait(until.saturating_duration_since(now)),
            Pass::Probing => return Step::Wait(LONG),
            Pass::Open | Pass::Probe => {}
        }
        let step = self.choose(now, pass == Pass::Probe);
        if pass == Pass::Probe && matches!(step, Step::Wait(_)) {
            self.outlet.gate.probe_unused();
        }
        step
    }

    /// The oldest batch, when the disk budget is used up because of this exporter and its user wants it so.
    fn to_shed(&self) -> Option<Batch> {
        let must_shed = self.cursor.feed().is_some_and(|feed| feed.must_shed());
        if !must_shed || self.draining() || self.shedding.swap(true, Ordering::Relaxed) {
            return None;
        }
        let rested = self.resting().pop().and_then(|resting| resting.batch.again());
        let batch = rested.or_else(|| match self.cursor.next(true, true) {
            Next::Batch(records) => Some(Batch::new(records)),
            Next::At(_) | Next::Nothing => None,
        });
        self.shedding.store(batch.is_some(), Ordering::Relaxed);
        batch
    }

    fn shed(self: &Arc<Self>, batch: Batch) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let driver = self.clone();
        tokio::spawn(async move {
            batch.shed(&driver).await;
            // The journal needs a moment to delete what is settled now.
            tokio::time::sleep(SHED_PAUSE).await;
            driver.under_way.fetch_sub(1, Ordering::Relaxed);
            driver.shedding.store(false, Ordering::Relaxed);
            driver.cursor.wake();
        });
    }

    fn choose(&self, now: Instant, probe: bool) -> Step {
        // Whoever gives a slot back wakes us.
        let Some(slot) = self.outlet.way().slots.take() else {
            return Step::Wait(LONG);
        };
        match self.ready(now, probe) {
            Ok(batch) => Step::Send(batch, slot),
            Err(wait) => {
                self.give_back(slot);
                Step::Wait(wait)
            }
        }
    }

    /// The batch to send now, or how long there will be none.
    fn ready(&self, now: Instant, probe: bool) -> Result<Batch, Duration> {
        let due = match self.rested(now) {
            Ok(batch) => return Ok(batch),
            Err(due) => due,
        };
        if probe && !self.draining() {
            return Ok(Batch::probe());
        }
        let at = match self.cursor.next(self.is_idle(), self.draining()) {
            Next::Batch(records) => return Ok(Batch::new(records)),
            Next::At(at) => Some(at),
            Next::Nothing => None,
        };
        let asked = match self.gate_in_doubt(due, at, now) {
            Pass::Probe => return Ok(Batch::probe()),
            Pass::Closed(until) => Some(until),
            Pass::Open | Pass::Probing => None,
        };
        let next = [due, at, asked].into_iter().flatten().min();
        Err(next.map_or(LONG, |next| next.saturating_duration_since(now)))
    }

    /// Asked when batches rest and nothing else is to be sent.
    fn gate_in_doubt(&self, resting: Option<Instant>, queued: Option<Instant>, now: Instant) -> Pass {
        match resting.is_some() && queued.is_none() && self.is_idle() && !self.draining() {
            true => self.outlet.gate.doubt(now),
            false => Pass::Open,
        }
    }

    /// The batch whose time has come, or when the first one's will.
    fn rested(&self, now: Instant) -> Result<Batch, Option<Instant>> {
        let mut resting = self.resting();
        let recoveries = self.outlet.gate.recoveries();
        let is_due = |batch: &Resting| batch.due <= now || batch.recoveries != recoveries;
        while let Some(at) = resting.iter().position(is_due) {
            // What was withdrawn in the meantime is not tried again.
            if let Some(batch) = resting.swap_remove(at).batch.again() {
                return Ok(batch);
            }
        }
        Err(resting.iter().map(|batch| batch.due).min())
    }

    fn start(self: &Arc<Self>, batch: Batch, slot: Slot) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let driver = self.clone();
        tokio::spawn(async move {
            batch.send(&driver).await;
            driver.under_way.fetch_sub(1, Ordering::Relaxed);
            driver.give_back(slot);
            driver.cursor.wake();
        });
    }

    fn give_back(&self, slot: Slot) {
        if slot.give_back() {
            // Perhaps it was another pipeline's driver that found none.
            self.outlet.gate.wake();
        }
    }

    /// Keeps a batch until `delay` has passed.
    pub(super) fn rest(&self, batch: Rested, delay: Duration) {
        let recoveries = self.outlet.gate.recoveries();
        // A stopping process has no time for long waits.
        let delay = if self.draining() { delay.min(HURRY) } else { delay };
        self.resting().push(Resting {
            batch,
            due: Instant::now() + delay,
            recoveries,
        });
    }

    fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    /// Nothing is left, or what is left stays on disk: parked records, and all when the destination takes nothing.
    fn is_empty(&self) -> bool {
        let stays =
            |feed: &Arc<Feed>| feed.parked || feed.unsettled().records == 0 || self.outlet.gate.is_failing();
        self.is_idle()
            && match self.cursor.feed() {
                Some(feed) => stays(feed),
                None => self.resting().is_empty() && self.cursor.backlog() == 0,
            }
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
