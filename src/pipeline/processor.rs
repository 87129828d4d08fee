//! What a processor that looks into spans is: it sees each resource, scope and span of a request, edits it and says
//! what becomes of it.
//!
//! Promise: what processors see and leave is what the Collector's would, where each gets the whole request after the one
//! before it. Here all of them see one span after the other, so that a span is written once.

use super::client::Client;
use crate::telemetry::processor::{Rule, Tally};
use crate::wire::{ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit};

/// A processor that looks into spans. Requests are worked on side by side, so that it has no state of its own that
/// depends on their order.
pub trait Processor: Send + Sync {
    /// The rules by which it keeps or drops, in the order that [`Fate`] counts them.
    fn rules(&self) -> Vec<Rule> {
        Vec::new()
    }

    /// Sees each resource of a request once.
    fn resource(&self, _client: &Client, _resource: &mut ResourceEdit<'_>) -> Fate {
        Fate::Keep
    }

    /// Sees each scope of a resource that stays once.
    fn scope(&self, _client: &Client, _resource: ResourceView<'_>, _scope: &mut ScopeEdit<'_>) -> Fate {
        Fate::Keep
    }

    /// Sees each span of a scope that stays.
    fn span(&self, _context: Context<'_>, _span: &mut SpanEdit<'_>) -> Fate {
        Fate::Keep
    }

    /// Counts what only this processor counts; the rest is counted for all.
    fn report(&self, _tally: &Tally) {}
}

/// What stands above a span, as this processor has left it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Who sent the span.
    pub client: &'a Client,
    /// Its resource.
    pub resource: ResourceView<'a>,
    /// Its scope.
    pub scope: ScopeView<'a>,
}

/// What becomes of a resource, scope or span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep,
    /// It stays, by the processor's rule of this number.
    KeepBy(usize),
    /// It goes, with all that is below it, by the processor's rule of this number.
    DropBy(usize),
}
