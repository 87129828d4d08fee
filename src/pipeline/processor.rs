//! What a processor that looks into spans is: it sees each resource, scope and span of a request, edits it and says
//! what becomes of it.
//!
//! Promise: what processors see and leave is what the Collector's would, where each gets the whole request after the one
//! before it. Here all of them see one span after the other, so that a span is written once; only where one edits what
//! stands above a span do those behind it wait for the rest of the request.

use super::client::Client;
use crate::telemetry::processor::{Rule, Tally};
use crate::wire::{ResourceEdit, ResourceView, ScopeEdit, SpanEdit};

/// A processor that looks into spans, or a part of one. Requests are worked on side by side, so that it has no state of its
/// own that depends on their order.
pub trait Processor: Send + Sync {
    /// The rules by which it keeps or drops, in the order that [`Fate`] counts them.
    fn rules(&self) -> Vec<Rule> {
        Vec::new()
    }

    /// Whether it edits what stands above a scope or span when it sees that. Then it is shown scopes and spans by
    /// [`Self::scope_and_above`] and [`Self::span_and_above`] alone, and whatever comes behind it sees a request of
    /// which all was shown to it.
    fn edits_above(&self) -> bool {
        false
    }

    /// Sees each resource of a request once.
    fn resource(&self, _context: Context<'_>, _resource: &mut ResourceEdit<'_>) -> Fate {
        Fate::Keep
    }

    /// Sees each scope of a resource that stays once.
    fn scope(&self, _context: Context<'_>, _resource: ResourceView<'_>, _scope: &mut ScopeEdit<'_>) -> Fate {
        Fate::Keep
    }

    /// Sees each span of a scope that stays.
    fn span(&self, _context: Context<'_>, _above: Above<'_>, _span: &mut SpanEdit<'_>) -> Fate {
        Fate::Keep
    }

    /// Sees each scope of a resource that stays once, and may edit the resource, which is as the scopes before left it.
    fn scope_and_above<'a>(
        &self,
        _context: Context<'_>,
        _resource: &mut ResourceEdit<'a>,
        _scope: &mut ScopeEdit<'a>,
    ) -> Fate {
        Fate::Keep
    }

    /// Sees each span of a scope that stays, and may edit what stands above it, which is as the spans before left it.
    fn span_and_above<'a>(
        &self,
        _context: Context<'_>,
        _resource: &mut ResourceEdit<'a>,
        _scope: &mut ScopeEdit<'a>,
        _span: &mut SpanEdit<'a>,
    ) -> Fate {
        Fate::Keep
    }

    /// Counts what only this processor counts; the rest is counted for all. Of a processor in parts the first is told.
    fn report(&self, _tally: &Tally) {}
}

/// Whose request it is, and who is told what is done with it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who sent it.
    pub client: &'a Client,
    listener: Option<&'a dyn Listener>,
}

/// What stands above a span, as this processor has left it.
#[derive(Clone, Copy, Debug)]
pub struct Above<'a> {
    /// Its resource.
    pub resource: &'a ResourceEdit<'a>,
    /// Its scope.
    pub scope: &'a ScopeEdit<'a>,
}

/// Is told what makes which change, where a processor does several things: nobody, unless a pipeline is tried out.
pub trait Listener {
    /// This statement, as its user wrote it, has just changed this.
    fn did(&self, statement: &str, subject: Subject<'_, '_>);
}

/// What a statement is about, as it is now.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'s, 'a> {
    /// A resource.
    Resource(&'s ResourceEdit<'a>),
    /// A scope of the resource seen last.
    Scope(&'s ScopeEdit<'a>),
    /// A span of the scope seen last.
    Span(&'s SpanEdit<'a>),
}

/// What becomes of a resource, scope or span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep,
    /// It stays, by the processor's rule of this number.
    KeepBy(usize),
    /// It goes, with all that is below it, by the processor's rule of this number.
    DropBy(usize),
    /// The whole request is rejected for good, for this reason, which its client is told.
    Fail(Box<str>),
}

// === impl Context ===

impl<'a> Context<'a> {
    /// A request of this client, with nobody listening.
    pub fn of(client: &'a Client) -> Self {
        Self {
            client,
            listener: None,
        }
    }

    /// The same, with somebody who listens.
    pub fn heard_by(self, listener: &'a dyn Listener) -> Self {
        Self {
            listener: Some(listener),
            ..self
        }
    }

    /// Whether anybody listens: what is told to nobody need not be found out.
    pub fn is_heard(&self) -> bool {
        self.listener.is_some()
    }

    /// Tells who listens that a statement has just changed this.
    pub fn did(&self, statement: &str, subject: Subject<'_, '_>) {
        if let Some(listener) = self.listener {
            listener.did(statement, subject);
        }
    }
}
