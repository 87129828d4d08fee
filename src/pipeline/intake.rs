//! The door of the pipelines, as receivers see it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::budget::Budget;
use super::client::Client;
use super::verdict::{Accepted, Refused};
use crate::wire::Traces;

/// One request, validated, its bytes paid for by the reservation bound to them.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The spans.
    pub traces: Traces,
    /// Who sent them.
    pub client: Arc<Client>,
    /// How long the client will wait for an answer (`grpc-timeout` less a tenth), where it said so.
    pub patience: Option<Duration>,
}

/// Takes requests into every pipeline that a receiver feeds.
///
/// Dropping the future of `accept` means that the client has gone: what was not sent yet is withdrawn.
pub trait Intake: Send + Sync {
    /// The answer comes when the spans are durable, or accepted by every destination that is waited for.
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>>;

    /// What a client that waits for `patience` would be told now, whatever it sends: asked before its body is
    /// read, so that a refusal costs neither side the body.
    fn congested(&self, patience: Option<Duration>) -> Option<Refused>;

    /// The budget that a receiver reserves from before it reads a body.
    fn budget(&self) -> &Budget;

    /// What to tell a client whose request found no room in the budget.
    fn over_budget(&self, wanted: usize) -> Refused;
}
