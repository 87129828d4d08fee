//! Exporters that keep spans themselves, such as a store: nothing is batched, sent again or queued on their way.
//!
//! A request that was admitted goes to its keeper as it came; its client is answered when the keeper has it durable. In a
//! pipeline with a journal keeper and journal commit side by side.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::budget::Budget;
use super::client::Client;
use super::disk::Rooms;
use super::flow::{Obstacle, come_back_after, come_back_when_drained};
use super::log::rate::Rate;
use super::ticket::{Branch, Outcome, Ticket};
use super::verdict::Refused;
use crate::journal::Room;
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::health::Health;
use crate::telemetry::ledger::{Exit, ExporterLedger};
use crate::wire::Traces;

/// When to come back to a keeper that takes nothing; spread by whoever tells a client.
const COME_BACK: Duration = Duration::from_secs(1);

/// Keeps requests.
pub trait Keeper: Send + Sync {
    /// Why no request at all is taken now, if so.
    fn congested(&self) -> Option<String>;

    /// Sets aside room on disk for a request, or says why there is none.
    fn admit(&self, traces: &Traces, client: &Client) -> Result<Room, String>;

    /// Keeps a request in the room that was set aside for it; `kept` is told when it is durable, or why it is not.
    fn take(&self, traces: Traces, client: &Client, room: Option<Room>, kept: Box<dyn Kept>);

    /// Sets gauges; called before each scrape.
    fn measure(&self) {}

    /// Ends in order, after the last request. Blocks.
    fn close(&self) -> Result<(), String>;
}

/// Learns what became of a request.
pub trait Kept: Send {
    /// Whether somebody still waits for it; asked right before it is written.
    fn wants(&self) -> bool;

    /// It is kept, or was not taken for this reason and may be sent again.
    fn done(self: Box<Self>, result: Result<(), String>);
}

/// What the factory of such an exporter makes.
pub trait Opens: Send + Sync {
    /// Opens what it keeps spans in; memory beside the requests' own is taken from `budget`.
    fn open(&self, budget: &Budget, health: &Health) -> Result<Arc<dyn Keeper>, String>;
}

/// A pipeline's way to a keeper.
#[derive(Clone)]
pub struct Keeping {
    /// What keeps.
    pub keeper: Arc<dyn Keeper>,
    /// Its counts.
    pub ledger: ExporterLedger,
    /// What is told about it.
    pub events: Arc<ExporterEvents>,
    branch: Branch,
    rate: Arc<Rate>,
}

/// Settles a request's leaf when it is kept.
struct Settle {
    ticket: Arc<Ticket>,
    branch: Branch,
    ledger: ExporterLedger,
    events: Arc<ExporterEvents>,
    rate: Arc<Rate>,
    spans: usize,
    bytes: usize,
}

// === impl Keeping ===

impl Keeping {
    /// A way with counts of its own.
    pub fn new(keeper: Arc<dyn Keeper>, events: Arc<ExporterEvents>, branch: Branch) -> Self {
        Self {
            keeper,
            ledger: ExporterLedger::default(),
            events,
            branch,
            rate: Arc::new(Rate::new()),
        }
    }

    /// Whether a request is taken now; reserves its room on disk.
    pub(super) fn admits(
        &self,
        traces: &Traces,
        client: &Client,
        patience: Duration,
        rooms: &mut Rooms,
    ) -> Result<(), Obstacle<'_>> {
        let room = match self.congested(patience) {
            Some(refused) => Err(refused),
            None => self.keeper.admit(traces, client).map_err(come_back),
        };
        match room {
            Ok(room) => {
                rooms.push(room);
                Ok(())
            }
            Err(refused) => {
                self.events.enqueue_refused(traces.spans());
                Err(Obstacle::Refused(refused))
            }
        }
    }

    /// Why no request at all is taken now.
    pub(super) fn congested(&self, patience: Duration) -> Option<Refused> {
        if let Some(why) = self.keeper.congested() {
            return Some(come_back(why));
        }
        let wait = self.predicted_wait();
        (wait > patience).then(|| Refused {
            message: format!(
                "spans wait {:.1} s for the disk, longer than the client does",
                wait.as_secs_f64()
            ),
            retry_after: come_back_when_drained(wait),
        })
    }

    /// How long bytes that come in now will wait for the disk.
    pub(super) fn predicted_wait(&self) -> Duration {
        self.rate.predicted_wait(Instant::now())
    }

    /// Hands a request over; the ticket's leaf that the caller opened is closed when it is kept.
    pub(super) fn append(&self, traces: Traces, client: &Client, ticket: &Arc<Ticket>, room: Option<Room>) {
        let (spans, bytes) = (traces.spans(), traces.bytes().len());
        self.ledger.handed_over(spans);
        self.rate.added(bytes);
        let settle = Settle {
            ticket: ticket.clone(),
            branch: self.branch,
            ledger: self.ledger.clone(),
            events: self.events.clone(),
            rate: self.rate.clone(),
            spans,
            bytes,
        };
        self.keeper.take(traces, client, room, Box::new(settle));
    }
}

fn come_back(message: String) -> Refused {
    Refused {
        message,
        retry_after: come_back_after(COME_BACK),
    }
}

// === impl Settle ===

impl Kept for Settle {
    fn wants(&self) -> bool {
        !self.ticket.abandoned()
    }

    fn done(self: Box<Self>, result: Result<(), String>) {
        self.rate.left(self.bytes, result.is_ok());
        let (exit, outcome) = match result {
            Ok(()) => {
                self.events.sent(self.spans, self.bytes, 0, "");
                let outcome = Outcome::Delivered {
                    rejected: 0,
                    message: String::new(),
                };
                (Exit::Delivered, outcome)
            }
            Err(why) => {
                self.events.send_failed(self.spans, &why);
                (Exit::Withdrawn, Outcome::NotNow(come_back(why)))
            }
        };
        self.ledger.left(self.spans, exit);
        self.ticket.settle(self.branch, outcome);
    }
}
