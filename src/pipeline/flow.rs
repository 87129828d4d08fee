//! One pipeline: what is accepted goes through its processors and into the log of each exporter.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use smallvec::SmallVec;

use super::client::Client;
use super::delivery::Gate;
use super::disk::{Rooms, Shelf};
use super::keeper::Keeping;
use super::log::cursor::Full;
use super::log::{Cursor, Record, Waiter};
use super::processing::{Processed, Processing};
use super::routing::Routing;
use super::ticket::{Branch, Ticket};
use super::verdict::{Refused, Unprepared};
use crate::journal::Room;
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
    /// Its processors that look into spans, where it has any.
    pub processing: Option<Arc<Processing>>,
    /// Where its spans go.
    pub outputs: Vec<Output>,
}

/// One of the places a pipeline's spans go to.
pub enum Output {
    /// The log of an exporter.
    Exporter(Branching),
    /// The journal, which all exporters of the pipeline read.
    Journal(Shelf, Vec<Branching>),
    /// An exporter that keeps spans itself.
    Keeper(Keeping),
    /// Another pipeline, behind a connector.
    Pipeline(Arc<Pipeline>),
    /// Others, among which a connector divides requests.
    Router(Routing),
}

/// A pipeline's way to one exporter.
#[derive(Clone)]
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

/// A request as a pipeline's processors leave it, to be admitted and taken. Nothing is counted yet.
#[derive(Debug)]
pub struct Prepared {
    /// Spans that came in.
    arrived: usize,
    processed: Processed,
    /// The same for each output behind a connector, in their order.
    behind: Vec<Behind>,
}

/// A request as the pipelines behind one connector leave it.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// By pipeline; nothing for one that gets nothing.
    pub prepared: Vec<Option<Prepared>>,
    /// Spans that no pipeline gets.
    pub unrouted: u64,
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
    /// Runs a request through the processors of this pipeline and of those behind it. An error says that what they make of
    /// it exceeds the memory budget, or that one of them rejects it.
    pub fn prepare(&self, traces: &Traces, client: &Client) -> Result<Prepared, Unprepared> {
        let processed = match &self.processing {
            Some(processing) => processing.run(traces, client)?,
            None => Processed::untouched(traces),
        };
        let behind = self.outputs.iter().filter_map(|output| match output {
            Output::Pipeline(pipeline) => {
                let prepared = pipeline.prepare(&processed.traces, client);
                Some(prepared.map(Behind::only))
            }
            Output::Router(routing) => Some(routing.prepare(&processed.traces, client)),
            _ => None,
        });
        Ok(Prepared {
            arrived: traces.spans(),
            behind: behind.collect::<Result<_, _>>()?,
            processed,
        })
    }

    /// Whether any processor or connector here or behind looks into spans.
    pub fn is_processing(&self) -> bool {
        self.processing.is_some()
            || self.outputs.iter().any(|output| match output {
                Output::Pipeline(pipeline) => pipeline.is_processing(),
                Output::Router(_) => true,
                _ => false,
            })
    }

    /// Whether everything behind this pipeline takes a request now; reserves room on disk where it goes there.
    pub fn admits(
        &self,
        prepared: &Prepared,
        client: &Client,
        patience: Duration,
        rooms: &mut Rooms,
    ) -> Result<(), Obstacle<'_>> {
        let traces = &prepared.processed.traces;
        if traces.spans() == 0 {
            return Ok(());
        }
        let mut behind = prepared.behind.iter();
        self.outputs.iter().try_for_each(|output| match output {
            Output::Exporter(branching) => branching.admits(traces.spans(), client, patience),
            Output::Journal(shelf, branches) => {
                let full = branches.iter().find_map(|branching| branching.full(client));
                let obstacle = full
                    .or_else(|| shelf.congested(patience).map(Obstacle::Refused))
                    .or_else(|| shelf.admits(traces, client, rooms).err().map(Obstacle::Refused));
                if matches!(obstacle, Some(Obstacle::Refused(_))) {
                    let events = branches.iter().map(|branching| &branching.events);
                    events.for_each(|events| events.enqueue_refused(traces.spans()));
                }
                obstacle.map_or(Ok(()), Err)
            }
            Output::Keeper(keeping) => keeping.admits(traces, client, patience, rooms),
            Output::Pipeline(_) | Output::Router(_) => {
                let behind = behind.next().map_or(&[][..], |behind| &behind.prepared);
                let mut fed = output.pipelines().iter().zip(behind);
                fed.try_for_each(|(pipeline, prepared)| match prepared {
                    Some(prepared) => pipeline.admits(prepared, client, patience, rooms),
                    None => Ok(()),
                })
            }
        })
    }

    /// Whether a request waits for a disk.
    pub fn is_journaled(&self) -> bool {
        self.outputs.iter().any(|output| match output {
            Output::Exporter(_) => false,
            Output::Journal(..) | Output::Keeper(_) => true,
            Output::Pipeline(_) | Output::Router(_) => {
                output.pipelines().iter().any(|pipeline| pipeline.is_journaled())
            }
        })
    }

    /// Why no request at all would be taken now.
    pub fn congested(&self, patience: Duration) -> Option<Refused> {
        self.outputs.iter().find_map(|output| match output {
            Output::Exporter(branching) => branching.congested(patience),
            Output::Journal(shelf, _) => shelf.congested(patience),
            Output::Keeper(keeping) => keeping.congested(patience),
            Output::Pipeline(pipeline) => pipeline.congested(patience),
            // One that is not may be the only one that a request goes to.
            Output::Router(routing) => {
                let refused = routing
                    .pipelines
                    .iter()
                    .map(|pipeline| pipeline.congested(patience));
                let all: Option<Vec<Refused>> = refused.collect();
                all.and_then(|all| all.into_iter().next())
            }
        })
    }

    /// Takes a request that was admitted, with the room that was reserved for it, in the same order.
    pub fn take(
        &self,
        prepared: Prepared,
        client: &Arc<Client>,
        ticket: &Arc<Ticket>,
        awaited: &mut Awaited,
        rooms: &mut smallvec::IntoIter<[Room; 1]>,
    ) {
        let Prepared {
            arrived,
            processed,
            behind,
        } = prepared;
        self.ledger.accepted(arrived);
        if let Some(processing) = &self.processing {
            processing.count(&processed, &self.ledger);
        }
        let traces = processed.traces;
        if traces.spans() == 0 {
            // Nobody behind is asked; where nothing was dropped, nothing came.
            return;
        }
        // What goes somewhere else is not lost where a connector has no pipeline for it.
        let is_only = self.outputs.len() == 1;
        let (mut journaled, mut unrouted, mut behind) = (false, 0, behind.into_iter());
        for output in &self.outputs {
            match output {
                Output::Exporter(branching) => branching.append(traces.clone(), client, ticket, awaited),
                Output::Journal(shelf, _) => {
                    journaled = true;
                    ticket.open(1);
                    shelf.append(&traces, client, ticket, rooms.next());
                }
                Output::Keeper(keeping) => {
                    ticket.open(1);
                    keeping.append(traces.clone(), client, ticket, rooms.next());
                }
                Output::Pipeline(_) | Output::Router(_) => {
                    let behind = behind.next().unwrap_or_default();
                    if let Output::Router(routing) = output {
                        routing.events.unrouted(behind.unrouted);
                        unrouted += behind.unrouted;
                    }
                    for (pipeline, prepared) in output.pipelines().iter().zip(behind.prepared) {
                        if let Some(prepared) = prepared {
                            pipeline.take(prepared, client, ticket, awaited, rooms);
                        }
                    }
                }
            }
        }
        let spans = traces.spans();
        let lost = if is_only { unrouted.min(spans as u64) } else { 0 };
        if lost > 0 {
            self.ledger.processed(lost, 0, 0);
        }
        // A journal hands over what is durable.
        if !journaled {
            self.ledger.handed_over(spans - lost as usize);
        }
    }

    /// The longest that bytes which come in now will wait for an exporter.
    pub fn predicted_wait(&self) -> Duration {
        let waits = self.outputs.iter().map(|output| match output {
            Output::Exporter(branching) => branching.cursor.predicted_wait(),
            Output::Journal(shelf, _) => shelf.predicted_wait(),
            Output::Keeper(keeping) => keeping.predicted_wait(),
            Output::Pipeline(_) | Output::Router(_) => {
                let behind = output.pipelines().iter();
                behind
                    .map(|pipeline| pipeline.predicted_wait())
                    .max()
                    .unwrap_or_default()
            }
        });
        waits.max().unwrap_or_default()
    }
}

// === impl Output ===

impl Output {
    /// The pipelines behind it.
    fn pipelines(&self) -> &[Arc<Pipeline>] {
        match self {
            Self::Pipeline(pipeline) => std::slice::from_ref(pipeline),
            Self::Router(routing) => &routing.pipelines,
            Self::Exporter(_) | Self::Journal(..) | Self::Keeper(_) => &[],
        }
    }
}

// === impl Behind ===

impl Behind {
    fn only(prepared: Prepared) -> Self {
        Self {
            prepared: vec![Some(prepared)],
            unrouted: 0,
        }
    }
}

// === impl Branching ===

impl Branching {
    fn admits(&self, spans: usize, client: &Client, patience: Duration) -> Result<(), Obstacle<'_>> {
        let obstacle = self
            .congested(patience)
            .map(Obstacle::Refused)
            .or_else(|| self.full(client));
        if matches!(obstacle, Some(Obstacle::Refused(_))) {
            self.events.enqueue_refused(spans);
        }
        obstacle.map_or(Ok(()), Err)
    }

    /// The destination fails, or what waits for it takes longer than the client waits.
    fn congested(&self, patience: Duration) -> Option<Refused> {
        if let Some(refused) = self.gate.refusal(Instant::now(), patience) {
            let message = format!("a destination is failing: {}", refused.message);
            return Some(Refused {
                message,
                retry_after: come_back_after(refused.retry_after),
            });
        }
        let wait = self.cursor.predicted_wait();
        (self.awaited && wait > patience).then(|| Refused {
            message: format!(
                "spans wait {:.1} s for a destination, longer than the client does",
                wait.as_secs_f64()
            ),
            retry_after: come_back_when_drained(wait.saturating_sub(patience / 2)),
        })
    }

    /// The queue has no room for another request.
    fn full(&self, client: &Client) -> Option<Obstacle<'_>> {
        let message = match self.cursor.has_room(client) {
            Ok(()) => return None,
            Err(Full::Queue) if self.blocks => return Some(Obstacle::Wait(&self.cursor)),
            Err(Full::Queue) => "the sending queue is full",
            Err(Full::Partitions) => "too many different values of metadata_keys are waiting",
        };
        let retry_after = come_back_when_drained(self.cursor.predicted_wait() / 2);
        Some(Obstacle::Refused(Refused {
            message: message.into(),
            retry_after,
        }))
    }

    fn append(&self, traces: Traces, client: &Arc<Client>, ticket: &Arc<Ticket>, awaited: &mut Awaited) {
        if !self.awaited {
            self.cursor.append(traces, client.clone(), Waiter::Nobody);
            return;
        }
        ticket.open(1);
        awaited.push(self.cursor.append(
            traces,
            client.clone(),
            Waiter::Client(ticket.clone(), self.branch),
        ));
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
