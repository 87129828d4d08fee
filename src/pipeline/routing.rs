//! What a connector that routes is: it decides of each request which of its pipelines gets what of it.
//!
//! Promise: a request is taken by all pipelines that get something of it, or by none.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::budget::Budget;
use super::client::Client;
use super::flow::{Behind, Pipeline};
use super::verdict::Unprepared;
use crate::telemetry::connector::ConnectorEvents;
use crate::wire::{Overgrown, Traces};

/// Divides requests among pipelines, which it knows by their numbers. Requests are worked on side by side, so that it has no
/// state that depends on their order.
pub trait Router: Send + Sync {
    /// Divides a request. An error says why the whole of it is rejected for good; the client is told.
    fn route(&self, traces: &Traces, client: &Client) -> Result<Routed, Box<str>>;
}

/// A request as it is divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routed {
    /// By number of the pipeline: what it gets. Several may get the same spans.
    pub parts: Vec<Option<Traces>>,
    /// Spans that no pipeline gets.
    pub unrouted: u64,
}

/// A pipeline's way through a connector that routes.
pub struct Routing {
    /// The name of the connector.
    pub connector: String,
    /// What decides.
    pub router: Arc<dyn Router>,
    /// The pipelines, by their numbers.
    pub pipelines: Vec<Arc<Pipeline>>,
    /// Pays for what is copied.
    pub budget: Budget,
    /// What is told about it.
    pub events: ConnectorEvents,
}

// === impl Routing ===

impl Routing {
    /// Divides a request, and runs each part through the processors of its pipeline.
    pub(super) fn prepare(&self, traces: &Traces, client: &Client) -> Result<Behind, Unprepared> {
        if traces.spans() == 0 {
            return Ok(Behind::default());
        }
        let routed = self.router.route(traces, client);
        let Routed { parts, unrouted } = routed.map_err(|message| {
            self.events.failed(&message);
            Unprepared::Failed {
                by: self.connector.clone(),
                message,
            }
        })?;
        let parts = self.pipelines.iter().zip(parts).map(|(pipeline, part)| {
            let part = part.filter(|part| part.spans() > 0);
            part.map(|part| pipeline.prepare(&self.paid(part, traces)?, client))
                .transpose()
        });
        Ok(Behind {
            prepared: parts.collect::<Result<_, _>>()?,
            unrouted,
        })
    }

    /// A part is paid for unless it shares the bytes of the request.
    fn paid(&self, part: Traces, request: &Traces) -> Result<Traces, Overgrown> {
        let shared = request.bytes().as_ptr_range();
        if shared.contains(&part.bytes().as_ptr()) {
            return Ok(part);
        }
        let wanted = part.bytes().len();
        let paid = self.budget.reserve(wanted).map_err(|_| Overgrown { wanted })?;
        Ok(part.keeping(paid))
    }
}
