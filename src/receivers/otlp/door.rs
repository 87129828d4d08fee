//! What both protocols share: from a request's bytes to the pipelines' verdict.
//!
//! Promises: every byte that is held is reserved first; a request is checked in full before any pipeline sees
//! it; what is large is unpacked and checked away from the threads that serve connections; each request is
//! counted once.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use tokio::sync::Semaphore;

use super::fault::{Fault, Unread};
use super::guard::Guard;
use super::{metadata, project};
use crate::net::auth::{Identity, Purse};
use crate::net::buffer::{Full, PaidBuffer};
use crate::net::decompress::{self, Encoding, decompress};
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::intake::{Arrival, Intake};
use crate::telemetry::receiver::{Reason, ReceiverEvents};
use crate::wire::{Checked, Traces};

/// Bodies above this are checked on a thread of their own, so that a worker's other connections do not wait:
/// a worker checks about this much in half a millisecond.
pub const LARGE: usize = 1024 * 1024;

/// As [`LARGE`], for compressed bodies, which expand about eightfold. One that expands to more than [`LARGE`] is
/// found out on the way.
const LARGE_PACKED: usize = 128 * 1024;

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
    /// Who may send.
    pub guard: Guard,
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

    /// What a request of this client is paid with.
    pub fn purse(&self, client: &Client) -> Purse {
        let identity = client.identity.as_ref();
        Purse::new(self.budget(), identity.map(|identity| &identity.allowance))
    }

    /// Refuses a request by its head when its sender may send none now, or none would be taken.
    pub fn welcome(&self, client: &Client, patience: Option<Duration>) -> Result<(), Fault> {
        if let Some(identity) = &client.identity {
            identity.allowance.request()?;
        }
        match self.intake.congested(patience) {
            Some(refused) => Err(Fault::refused(Reason::Unavailable, refused, 0)),
            None => Ok(()),
        }
    }

    /// Lets a request in by its head, and yields its client as pipelines see it; `authority` is the key under which
    /// its host stands in metadata.
    pub async fn admit(
        &self,
        connected: &Arc<Client>,
        head: &Parts,
        authority: &str,
    ) -> Result<Arc<Client>, Fault> {
        let identity = self.guard.admit(head).await?;
        Ok(self.sender(connected, head, authority, identity))
    }

    /// The client of a request whose sender is `identity`, as pipelines see it.
    pub fn sender(
        &self,
        connected: &Arc<Client>,
        head: &Parts,
        authority: &str,
        identity: Option<Arc<Identity>>,
    ) -> Arc<Client> {
        let project = identity.as_ref().and_then(|identity| identity.project.clone());
        let project = project.or_else(|| project::of(head));
        if project.is_none() && identity.is_none() && !self.include_metadata {
            return connected.clone();
        }
        let mut metadata = match self.include_metadata {
            true => metadata::of(head, authority),
            false => Vec::new(),
        };
        metadata.retain(|(name, _)| !self.guard.hides(name));
        Arc::new(Client {
            address: connected.address,
            metadata,
            project,
            identity,
        })
    }

    /// Checks a request and hands it to the pipelines.
    pub async fn export(
        &self,
        sent: Sent,
        client: Arc<Client>,
        patience: Option<Duration>,
    ) -> Result<Answer, Fault> {
        let checked = self.check(sent, self.purse(&client).budget).await;
        let checked = checked.map_err(|unread| self.fault(unread, &client))?;
        self.hand_over(checked, client, patience).await
    }

    /// Hands a request that was checked to the pipelines.
    pub async fn hand_over(
        &self,
        checked: Checked,
        client: Arc<Client>,
        patience: Option<Duration>,
    ) -> Result<Answer, Fault> {
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
    pub fn fault(&self, unread: Unread, client: &Client) -> Fault {
        match unread {
            Unread::Fault(fault) => fault,
            Unread::OverBudget(wanted) => {
                if let Some(identity) = &client.identity {
                    identity.allowance.over_budget();
                }
                Fault::refused(Reason::OverBudget, self.intake.over_budget(wanted), 0)
            }
        }
    }

    /// Counts and logs a fault on its way out.
    pub fn note(&self, fault: &Fault, peer: Option<SocketAddr>) {
        self.events
            .refused(fault.reason, fault.spans, peer, &fault.message);
    }

    async fn check(&self, mut sent: Sent, budget: Budget) -> Result<Checked, Unread> {
        let limit = self.limit;
        if !sent.is_large() {
            match sent.unpack(limit.min(LARGE), &budget) {
                Ok(()) => return sent.check(limit, &budget),
                // It grows too large for this thread, and so begins anew on another.
                Err(decompress::Error::Full(Full::TooLarge { .. })) if limit > LARGE => {}
                Err(error) => return Err(error.into()),
            }
        }
        let check = move || {
            sent.unpack(limit, &budget)?;
            sent.check(limit, &budget)
        };
        self.aside(check).await?
    }

    /// Does what takes long, when its turn comes, on a thread that serves no connections.
    pub async fn aside<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Fault> {
        let internal = |error: &dyn Error| Fault::new(Reason::Internal, error.to_string());
        let turn = self.large.clone().acquire_owned().await;
        let turn = turn.map_err(|error| internal(&error))?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| internal(&error))
    }
}

/// One large request for each processor.
pub fn large() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get)))
}

// === impl Sent ===

impl Sent {
    fn is_large(&self) -> bool {
        let large = match self.encoding {
            Encoding::Identity => LARGE,
            _ => LARGE_PACKED,
        };
        self.body.len() >= large
    }

    /// Decompresses the body to at most `limit` bytes; on failure leaves it as it is.
    fn unpack(&mut self, limit: usize, budget: &Budget) -> Result<(), decompress::Error> {
        if self.encoding != Encoding::Identity {
            self.body = decompress(self.encoding, self.body.as_slice(), limit, budget)?;
            self.encoding = Encoding::Identity;
        }
        Ok(())
    }

    /// Checks the unpacked body.
    fn check(self, limit: usize, budget: &Budget) -> Result<Checked, Unread> {
        let mut body = self.body;
        if let Some(to_protobuf) = self.to_protobuf {
            body = to_protobuf(body.as_slice(), limit, budget)?;
        }
        // Without a byte there is nothing to keep a reservation for.
        let bytes = if body.is_empty() {
            Bytes::new()
        } else {
            body.into_bytes()
        };
        let mut checked = Traces::check(bytes)?;
        if checked.rejected > 0 {
            // What is left was copied.
            checked.traces = budget.cover(checked.traces);
        }
        Ok(checked)
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
