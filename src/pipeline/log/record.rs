//! One request, or a part of it, on its way to one exporter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

use crate::pipeline::client::Client;
use crate::pipeline::disk::Held;
use crate::pipeline::ticket::{Branch, Outcome, Ticket};
use crate::telemetry::ledger::Exit;
use crate::wire::Traces;

use super::cursor::Cursor;

/// One request's spans for one exporter. Its bytes are freed when it settles.
#[derive(Debug)]
pub struct Record {
    cursor: Arc<Cursor>,
    /// The sender.
    pub client: Arc<Client>,
    /// When the request came in.
    pub arrived: Instant,
    /// How many spans.
    pub spans: usize,
    /// Encoded bytes.
    pub bytes: usize,
    waiter: Waiter,
    state: Mutex<State>,
}

/// Who is told when a record is settled.
#[derive(Clone, Debug)]
pub enum Waiter {
    /// Nobody: its client was answered on arrival.
    Nobody,
    /// The client.
    Client(Arc<Ticket>, Branch),
    /// The journal that it came from.
    Journal(Arc<Held>),
}

#[derive(Debug)]
enum State {
    /// In the cursor's queue.
    Queued(Traces),
    /// Between two attempts.
    Resting(Traces),
    Sending,
    /// Replaced by its parts.
    Cut(Vec<Arc<Record>>),
    Settled,
}

/// How a record is settled: a column of the ledger, and what its client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Spans that left by `Exit::RefusedDownstream`; the others leave by `exit`.
    pub refused: usize,
    /// How the others left.
    pub exit: Exit,
    /// For the client.
    pub outcome: Outcome,
}

// === impl Record ===

impl Record {
    pub(super) fn queued(
        cursor: Arc<Cursor>,
        traces: Traces,
        client: Arc<Client>,
        waiter: Waiter,
    ) -> Arc<Self> {
        let (spans, bytes) = (traces.spans(), traces.bytes().len());
        let state = Mutex::new(State::Queued(traces));
        Arc::new(Self {
            cursor,
            client,
            arrived: Instant::now(),
            spans,
            bytes,
            waiter,
            state,
        })
    }

    /// Whether a client waits for it.
    pub fn is_awaited(&self) -> bool {
        matches!(self.waiter, Waiter::Client(..))
    }

    /// What it is in the journal that it came from, if it came from one.
    pub fn held(&self) -> Option<&Arc<Held>> {
        match &self.waiter {
            Waiter::Journal(held) => Some(held),
            Waiter::Nobody | Waiter::Client(..) => None,
        }
    }

    /// Begins an attempt. `None` when the record has been withdrawn.
    pub fn begin(&self) -> Option<Traces> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Sending) {
            State::Queued(traces) | State::Resting(traces) => Some(traces),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Ends an attempt that failed: the record waits for the next, unless its client has given up; then it is
    /// withdrawn and the answer is `false`.
    pub fn rest(&self, traces: Traces) -> bool {
        let mut state = self.state();
        if !matches!(*state, State::Sending) {
            return false;
        }
        *state = State::Resting(traces);
        // Looked at under the record's lock: `withdraw` takes it after the ticket was marked.
        let abandoned = matches!(&self.waiter, Waiter::Client(ticket, _) if ticket.abandoned());
        drop(state);
        !(abandoned && self.withdraw())
    }

    /// Replaces a record that is being sent by parts of it, which rest in its stead.
    pub fn cut(&self, parts: Vec<Traces>) -> Vec<Arc<Record>> {
        self.replace(parts, State::Resting)
    }

    /// The same, where the parts wait in the queue.
    pub(super) fn cut_in_queue(&self, parts: Vec<Traces>) -> Vec<Arc<Record>> {
        self.replace(parts, State::Queued)
    }

    fn replace(&self, parts: Vec<Traces>, place: fn(Traces) -> State) -> Vec<Arc<Record>> {
        let paid = parts.into_iter().map(|part| self.cursor.cover(part));
        let parts: Vec<_> = paid.map(|part| self.part(part, place)).collect();
        self.cursor
            .recounted(self.bytes, parts.iter().map(|part| part.bytes).sum());
        let more = parts.len().saturating_sub(1);
        match &self.waiter {
            Waiter::Client(ticket, _) => ticket.open(more),
            Waiter::Journal(held) => held.open(more),
            Waiter::Nobody => {}
        }
        *self.state() = State::Cut(parts.clone());
        parts
    }

    fn part(&self, traces: Traces, place: fn(Traces) -> State) -> Arc<Self> {
        Arc::new(Self {
            cursor: self.cursor.clone(),
            client: self.client.clone(),
            arrived: self.arrived,
            spans: traces.spans(),
            bytes: traces.bytes().len(),
            waiter: self.waiter.clone(),
            state: Mutex::new(place(traces)),
        })
    }

    /// Whether it waits in the queue.
    pub(super) fn is_queued(&self) -> bool {
        matches!(*self.state(), State::Queued(_))
    }

    /// Takes the record back if it is not being sent. Says whether it did, of any part.
    pub fn withdraw(&self) -> bool {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Settled) {
            State::Queued(traces) => {
                drop((state, traces));
                self.cursor.unqueued(self);
            }
            State::Resting(traces) => drop((state, traces)),
            State::Cut(parts) => {
                *state = State::Cut(parts.clone());
                drop(state);
                return parts.iter().fold(false, |any, part| part.withdraw() | any);
            }
            other => {
                *state = other;
                return false;
            }
        }
        self.cursor.left(
            self,
            &Settlement {
                refused: 0,
                exit: Exit::Withdrawn,
                outcome: withdrawn(),
            },
        );
        self.answer(withdrawn());
        true
    }

    /// Settles a record that is being sent, or waits. A settled record stays as it was.
    pub fn settle(&self, settlement: Settlement) {
        let mut state = self.state();
        if matches!(*state, State::Settled | State::Cut(_)) {
            return;
        }
        let was = std::mem::replace(&mut *state, State::Settled);
        drop(state);
        if matches!(was, State::Queued(_)) {
            self.cursor.unqueued(self);
        }
        self.cursor.left(self, &settlement);
        self.answer(settlement.outcome);
    }

    /// A record that is being sent lies somewhere else on disk now: it is still in flight, but no longer here.
    pub fn moved(&self) {
        let was = std::mem::replace(&mut *self.state(), State::Settled);
        if let (State::Sending, Waiter::Journal(held)) = (was, &self.waiter) {
            self.cursor.moved(self);
            held.close();
        }
    }

    fn answer(&self, outcome: Outcome) {
        match &self.waiter {
            Waiter::Client(ticket, branch) => ticket.settle(*branch, outcome),
            Waiter::Journal(held) => held.close(),
            Waiter::Nobody => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client is told whose spans were taken back because it stopped waiting.
fn withdrawn() -> Outcome {
    Outcome::NotNow(crate::pipeline::verdict::Refused {
        message: "the spans were not sent within the time that the client waits; send them again".into(),
        retry_after: std::time::Duration::from_secs(1),
    })
}
