//! One pipeline: what is accepted goes through its processors and into the log of each exporter.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use smallvec::SmallVec;

use super::client::Client;
use super::delivery::Gate;
use super::log::cursor::Full;
use super::log::{Cursor, Record};
use super::ticket::{Branch, Ticket};
use super::verdict::Refused;
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::ledger::PipelineLedger;
use crate::wire::Traces;

/// A delay that we ask of a client is never shorter or longer than these.
const SHORTEST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// A delay that follows from a predicted wait is never longer: the prediction may come from a moment in which the
/// destination hung, and when that takes spans again it should not find everybody told to stay away.
const LONGEST_GUESS: Duration = Duration::from_secs(5);

/// A pipeline.
pub struct Pipeline {
    /// Its counts.
    pub ledger: PipelineLedger,
    /// Where its spans go.
    pub outputs: Vec<Output>,
}

/// One of the places a pipeline's spans go to.
pub enum Output {
    /// The log of an exporter.
    Exporter(Branching),
    /// Another pipeline, behind a connector.
    Pipeline(Arc<Pipeline>),
}

/// A pipeline's way to one exporter.
pub struct Branching {
    /// What waits for the exporter.
    pub cursor: Arc<Cursor>,
    /// The state of its destination.
    pub gate: Arc<Gate>,
    /// Whether clients wait for the destination.
    pub awaited: bool,
    /// Whether a full queue keeps clients waiting.
    pub blocks: bool,
    /// The number that tells its answers from those of others.
    pub branch: Branch,
    /// What is told about it.
    pub events: Arc<ExporterEvents>,
}

/// Why a request is not taken now.
pub enum Obstacle<'a> {
    /// The client is told.
    Refused(Refused),
    /// The queue of this cursor is full, and its user wants clients to wait for room.
    Wait(&'a Cursor),
}

/// The records of one request that its client waits for.
pub type Awaited = SmallVec<[Arc<Record>; 2]>;

// === impl Pipeline ===

impl Pipeline {
    /// Whether every exporter behind this pipeline takes a request now.
    pub fn admits(&self, spans: usize, client: &Client, patience: Duration) -> Result<(), Obstacle<'_>> {
        self.outputs.iter().try_for_each(|output| match output {
            Output::Exporter(branching) => branching.admits(spans, client, patience),
            Output::Pipeline(pipeline) => pipeline.admits(spans, client, patience),
        })
    }

    /// Takes a request that was admitted.
    pub fn take(&self, traces: &Traces, client: &Arc<Client>, ticket: &Arc<Ticket>, awaited: &mut Awaited) {
        self.ledger.accepted(traces.spans());
        for output in &self.outputs {
            match output {
                Output::Exporter(branching) => branching.append(traces.clone(), client, ticket, awaited),
                Output::Pipeline(pipeline) => pipeline.take(traces, client, ticket, awaited),
            }
        }
        self.ledger.handed_over(traces.spans());
    }

    /// The longest that bytes which come in now will wait for an exporter.
    pub fn predicted_wait(&self) -> Duration {
        let waits = self.outputs.iter().map(|output| match output {
            Output::Exporter(branching) => branching.cursor.predicted_wait(),
            Output::Pipeline(pipeline) => pipeline.predicted_wait(),
        });
        waits.max().unwrap_or_default()
    }
}

// === impl Branching ===

impl Branching {
    fn admits(&self, spans: usize, client: &Client, patience: Duration) -> Result<(), Obstacle<'_>> {
        let refused = self.obstacle(client, patience);
        if matches!(refused, Some(Obstacle::Refused(_))) {
            self.events.enqueue_refused(spans);
        }
        refused.map_or(Ok(()), Err)
    }

    fn obstacle(&self, client: &Client, patience: Duration) -> Option<Obstacle<'_>> {
        if let Some(refused) = self.gate.refusal(Instant::now(), patience) {
            return Some(Obstacle::Refused(Refused {
                message: format!("a destination is failing: {}", refused.message),
                retry_after: come_back_after(refused.retry_after),
            }));
        }
        let refuse = |message: String, wait: Duration| {
            Some(Obstacle::Refused(Refused {
                message,
                retry_after: come_back_when_drained(wait),
            }))
        };
        let wait = self.cursor.predicted_wait();
        match self.cursor.has_room(client) {
            Err(Full::Queue) if self.blocks => return Some(Obstacle::Wait(&self.cursor)),
            Err(Full::Queue) => return refuse("the sending queue is full".into(), wait / 2),
            Err(Full::Partitions) => {
                return refuse(
                    "too many different values of metadata_keys are waiting".into(),
                    wait,
                );
            }
            Ok(()) => {}
        }
        if self.awaited && wait > patience {
            return refuse(
                format!(
                    "spans wait {:.1} s for a destination, longer than the client does",
                    wait.as_secs_f64()
                ),
                wait.saturating_sub(patience / 2),
            );
        }
        None
    }

    fn append(&self, traces: Traces, client: &Arc<Client>, ticket: &Arc<Ticket>, awaited: &mut Awaited) {
        if !self.awaited {
            self.cursor.append(traces, client.clone(), None);
            return;
        }
        ticket.open(1);
        awaited.push(
            self.cursor
                .append(traces, client.clone(), Some((ticket.clone(), self.branch))),
        );
    }
}

/// A delay for clients that would wait this long by what is predicted.
pub fn come_back_when_drained(wait: Duration) -> Duration {
    come_back_after(wait.min(LONGEST_GUESS))
}

/// A delay for clients, spread so that they do not all come back at once.
pub fn come_back_after(wait: Duration) -> Duration {
    let spread = rand::random_range(0.8..=1.2);
    wait.clamp(SHORTEST_DELAY, LONGEST_DELAY).mul_f64(spread)
}
