//! What both protocols share: from a request's bytes to the pipelines' verdict.
//!
//! Promises: every byte that is held is reserved first; a request is checked in full before any pipeline sees
//! it; what is large is unpacked and checked away from the threads that serve connections; each request is
//! counted once.

use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use tokio::sync::Semaphore;

use super::fault::{Fault, Unread};
use crate::net::buffer::PaidBuffer;
use crate::net::decompress::{Encoding, decompress};
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::intake::{Arrival, Intake};
use crate::telemetry::receiver::{Reason, ReceiverEvents};
use crate::wire::{Checked, Traces};

/// Bodies above this are checked on a thread of their own, so that a worker's other connections do not wait:
/// a worker checks about this much in half a millisecond.
const LARGE: usize = 1024 * 1024;

/// As [`LARGE`], for compressed bodies: they expand about eightfold, a thousandfold at worst.
const LARGE_PACKED: usize = 64 * 1024;

/// How long a client may send nothing while its body is incomplete: what is reserved for it is others' room.
pub const STALL: Duration = Duration::from_secs(30);

/// The longest message that a response carries, in bytes; far below the 4 MiB that it may have.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// One receiver on one protocol.
pub struct Door {
    /// Where requests go.
    pub intake: Arc<dyn Intake>,
    /// Where they are counted.
    pub events: ReceiverEvents,
    /// The largest request in bytes, as sent and decompressed.
    pub limit: usize,
    /// Whether pipelines see request headers.
    pub include_metadata: bool,
    /// How many large requests may be checked at once, so that small ones find a processor too.
    pub large: Arc<Semaphore>,
}

/// A request as it was sent.
pub struct Sent {
    /// Its body.
    pub body: PaidBuffer,
    /// How the body is compressed.
    pub encoding: Encoding,
    /// From the decompressed body to protobuf, where it is something else.
    pub to_protobuf: Option<Convert>,
}

/// Turns another encoding of a request into protobuf, within a limit and paid for by a budget.
pub type Convert = fn(&[u8], usize, &Budget) -> Result<PaidBuffer, Unread>;

/// What full or partial success says; `None` is full success without a word.
pub type Answer = Option<ExportTracePartialSuccess>;

// === impl Door ===

impl Door {
    /// The budget that bodies are paid from.
    pub fn budget(&self) -> &Budget {
        self.intake.budget()
    }

    /// Refuses a request by its head when none would be taken now.
    pub fn welcome(&self, patience: Option<Duration>) -> Result<(), Fault> {
        match self.intake.congested(patience) {
            Some(refused) => Err(Fault::refused(Reason::Unavailable, refused, 0)),
            None => Ok(()),
        }
    }

    /// Checks a request and hands it to the pipelines.
    pub async fn export(
        &self,
        sent: Sent,
        client: Arc<Client>,
        patience: Option<Duration>,
    ) -> Result<Answer, Fault> {
        let checked = self.check(sent).await.map_err(|unread| self.fault(unread))?;
        let Checked {
            traces,
            rejected,
            reason,
        } = checked;
        let rejected = u64::from(rejected);
        if rejected > 0 {
            self.events.rejected(rejected, &reason);
        }
        let spans = traces.spans();
        if spans == 0 {
            return Ok(answer(rejected, reason));
        }
        let arrival = Arrival {
            traces,
            client,
            patience,
        };
        match self.intake.accept(arrival).await {
            Ok(accepted) => {
                self.events.accepted(spans);
                if accepted.rejected_spans > 0 {
                    self.events.rejected(accepted.rejected_spans, &accepted.message);
                }
                Ok(answer(
                    rejected + accepted.rejected_spans,
                    join(reason, accepted.message),
                ))
            }
            Err(refused) => Err(Fault::refused(Reason::Unavailable, refused, spans)),
        }
    }

    /// The final fault, with the pipelines' own words when the budget is full.
    pub fn fault(&self, unread: Unread) -> Fault {
        match unread {
            Unread::Fault(fault) => fault,
            Unread::OverBudget(wanted) => {
                Fault::refused(Reason::OverBudget, self.intake.over_budget(wanted), 0)
            }
        }
    }

    /// Counts and logs a fault on its way out.
    pub fn note(&self, fault: &Fault, peer: Option<SocketAddr>) {
        self.events
            .refused(fault.reason, fault.spans, peer, &fault.message);
    }

    async fn check(&self, sent: Sent) -> Result<Checked, Unread> {
        let large = match sent.encoding {
            Encoding::Identity => LARGE,
            _ => LARGE_PACKED,
        };
        let limit = self.limit;
        if sent.body.len() < large {
            return sent.check(limit, self.budget());
        }
        let budget = self.budget().clone();
        let internal = |error: &dyn Error| Unread::from(Fault::new(Reason::Internal, error.to_string()));
        let turn = self
            .large
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| internal(&error))?;
        let check = move || {
            let checked = sent.check(limit, &budget);
            drop(turn);
            checked
        };
        tokio::task::spawn_blocking(check)
            .await
            .unwrap_or_else(|error| Err(internal(&error)))
    }
}

/// One large request for each processor.
pub fn large() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get)))
}

// === impl Sent ===

impl Sent {
    fn check(self, limit: usize, budget: &Budget) -> Result<Checked, Unread> {
        let mut body = self.body;
        if self.encoding != Encoding::Identity {
            body = decompress(self.encoding, body.as_slice(), limit, budget)?;
        }
        if let Some(to_protobuf) = self.to_protobuf {
            body = to_protobuf(body.as_slice(), limit, budget)?;
        }
        // Without a byte there is nothing to keep a reservation for.
        let bytes = if body.is_empty() {
            Bytes::new()
        } else {
            body.into_bytes()
        };
        Ok(Traces::check(bytes)?)
    }
}

fn answer(rejected_spans: u64, mut message: String) -> Answer {
    if rejected_spans == 0 && message.is_empty() {
        return None;
    }
    let mut end = message.len().min(LONGEST_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.truncate(end);
    Some(ExportTracePartialSuccess {
        rejected_spans: i64::try_from(rejected_spans).unwrap_or(i64::MAX),
        error_message: message,
    })
}

fn join(first: String, second: String) -> String {
    match (first.is_empty(), second.is_empty()) {
        (_, true) => first,
        (true, false) => second,
        (false, false) => format!("{first}; {second}"),
    }
}
