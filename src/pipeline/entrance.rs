//! A receiver's door to its pipelines: admission, and the wait for the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smallvec::SmallVec;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::budget::Budget;
use super::client::Client;
use super::disk::Rooms;
use super::flow::{Awaited, Obstacle, Pipeline, Prepared, come_back_when_drained};
use super::intake::{Arrival, Intake};
use super::ticket::Ticket;
use super::verdict::{Accepted, Refused, Unprepared};
use crate::wire::{Overgrown, Traces};

/// What a client is told while the process stops.
const STOPPING: Duration = Duration::from_secs(1);

/// Requests of more bytes are processed beside the threads that answer clients.
const LONG_WORK: usize = 1 << 20;

/// The share of the budget, as a divisor, that is always in use somewhere.
const HARDLY_ANYTHING: usize = 8;

/// The door of one receiver.
pub struct Entrance {
    /// The pipelines that it feeds; a request goes to all of them.
    pub pipelines: Vec<Arc<Pipeline>>,
    /// The process's budget.
    pub budget: Budget,
    /// How long a client waits that does not say so itself.
    pub ack_timeout: Duration,
    /// Set when the process stops.
    pub stopping: Arc<AtomicBool>,
}

/// One request that was taken. Dropped before the answer: its client has gone.
struct Receipt {
    ticket: Arc<Ticket>,
    awaited: Awaited,
    /// A disk is waited for, too.
    journaled: bool,
    answered: bool,
}

// === impl Entrance ===

impl Entrance {
    async fn take(&self, arrival: Arrival) -> Result<Accepted, Refused> {
        let Arrival {
            traces,
            client,
            patience,
        } = arrival;
        if traces.spans() == 0 {
            return Ok(Accepted::default());
        }
        let deadline = Instant::now() + patience.unwrap_or(self.ack_timeout);
        let spans = traces.spans();
        let prepared = match self.prepare(traces, &client).await {
            Ok(prepared) => prepared,
            Err(Unprepared::Overgrown(Overgrown { wanted })) => return self.no_room(spans, wanted),
            Err(failed @ Unprepared::Failed { .. }) => return Ok(rejected(spans, failed.to_string())),
        };
        let mut rooms = self.admit(&prepared, &client, deadline).await?.into_iter();
        let (ticket, answer) = Ticket::new();
        let mut awaited = SmallVec::new();
        // The log has the bytes then: what is withdrawn there is to be freed.
        for (pipeline, prepared) in self.pipelines.iter().zip(prepared) {
            pipeline.take(prepared, &client, &ticket, &mut awaited, &mut rooms);
        }
        ticket.close();
        Receipt {
            ticket,
            awaited,
            journaled: self.pipelines.iter().any(|pipeline| pipeline.is_journaled()),
            answered: false,
        }
        .wait(answer, deadline)
        .await
    }

    /// Runs a request through the processors of all pipelines; a large one where nobody waits behind it.
    async fn prepare(
        &self,
        traces: Traces,
        client: &Arc<Client>,
    ) -> Result<SmallVec<[Prepared; 1]>, Unprepared> {
        let prepare = |pipelines: &[Arc<Pipeline>], traces: &Traces, client: &Client| {
            let prepared = pipelines.iter().map(|pipeline| pipeline.prepare(traces, client));
            prepared.collect::<Result<_, _>>()
        };
        let is_long = traces.bytes().len() > LONG_WORK
            && self.pipelines.iter().any(|pipeline| pipeline.is_processing());
        if !is_long {
            return prepare(&self.pipelines, &traces, client);
        }
        let (pipelines, others) = (self.pipelines.clone(), (traces.clone(), client.clone()));
        let work = move || prepare(&pipelines, &others.0, &others.1);
        match tokio::task::spawn_blocking(work).await {
            Ok(prepared) => prepared,
            // A panic there is a defect; here it is one again, and ends this request alone.
            Err(_) => prepare(&self.pipelines, &traces, client),
        }
    }

    /// What to tell about a request that, edited, needs `wanted` bytes or more: sent again it may find room, unless it
    /// found none although hardly anything else is held.
    fn no_room(&self, spans: usize, wanted: usize) -> Result<Accepted, Refused> {
        let limit = self.budget.limit();
        if self.budget.used() > limit / HARDLY_ANYTHING {
            return Err(self.over_budget(wanted));
        }
        let message =
            format!("edited, the request needs more than {wanted} bytes of a memory budget of {limit}");
        Ok(rejected(spans, message))
    }

    /// Waits only where a full queue is configured to let clients wait.
    async fn admit(
        &self,
        prepared: &[Prepared],
        client: &Client,
        deadline: Instant,
    ) -> Result<Rooms, Refused> {
        loop {
            let mut rooms = Rooms::new();
            if self.stopping.load(Ordering::Relaxed) {
                return Err(stopping());
            }
            let patience = deadline.saturating_duration_since(Instant::now());
            match self
                .pipelines
                .iter()
                .zip(prepared)
                .try_for_each(|(pipeline, prepared)| pipeline.admits(prepared, client, patience, &mut rooms))
            {
                Ok(()) => return Ok(rooms),
                Err(Obstacle::Refused(refused)) => return Err(refused),
                Err(Obstacle::Wait(cursor)) => {
                    if tokio::time::timeout_at(deadline, cursor.room()).await.is_err() {
                        let retry_after = come_back_when_drained(cursor.predicted_wait());
                        return Err(Refused {
                            message: "the sending queue is full".into(),
                            retry_after,
                        });
                    }
                }
            }
        }
    }
}

impl Intake for Entrance {
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>> {
        self.take(arrival).boxed()
    }

    fn congested(&self, patience: Option<Duration>) -> Option<Refused> {
        if self.stopping.load(Ordering::Relaxed) {
            return Some(stopping());
        }
        let patience = patience.unwrap_or(self.ack_timeout);
        self.pipelines
            .iter()
            .find_map(|pipeline| pipeline.congested(patience))
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn over_budget(&self, wanted: usize) -> Refused {
        let wait = self
            .pipelines
            .iter()
            .map(|pipeline| pipeline.predicted_wait())
            .max()
            .unwrap_or_default();
        let message = format!(
            "no room for {wanted} bytes in the memory budget of {} bytes",
            self.budget.limit()
        );
        Refused {
            message,
            retry_after: come_back_when_drained(wait / 2),
        }
    }
}

/// None of the spans is taken, and to send them again is of no use.
fn rejected(spans: usize, message: String) -> Accepted {
    Accepted {
        rejected_spans: spans as u64,
        message,
    }
}

fn stopping() -> Refused {
    Refused {
        message: "the gateway is stopping".into(),
        retry_after: STOPPING,
    }
}

fn slow_disk() -> Refused {
    Refused {
        message: "the disk did not take the spans in time; send them again".into(),
        retry_after: come_back_when_drained(STOPPING),
    }
}

// === impl Receipt ===

impl Receipt {
    /// Waits for the answer. At the deadline, what is not being sent is withdrawn; what is, is waited for.
    async fn wait(
        mut self,
        mut answer: oneshot::Receiver<Result<Accepted, Refused>>,
        deadline: Instant,
    ) -> Result<Accepted, Refused> {
        let answered = match tokio::time::timeout_at(deadline, &mut answer).await {
            Ok(answered) => answered,
            Err(_) => {
                self.give_up();
                match self.journaled {
                    // A disk that hangs may never answer.
                    true => answer.now_or_never().unwrap_or_else(|| Ok(Err(slow_disk()))),
                    false => answer.await,
                }
            }
        };
        self.answered = true;
        // The ticket answers before it goes; an answer lost is a defect, and then the client had better ask again.
        answered.unwrap_or_else(|_| {
            Err(Refused {
                message: "the answer was lost; this is a defect".into(),
                retry_after: STOPPING,
            })
        })
    }

    fn give_up(&self) {
        self.ticket.abandon();
        for record in &self.awaited {
            record.withdraw();
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.answered {
            self.give_up();
        }
    }
}
