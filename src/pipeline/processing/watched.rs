//! One processor alone, with somebody who looks on: what `spanway test-pipeline` shows.
//!
//! Promise: processors that are run one by one, each over what the one before it left, leave the same spans as the
//! pipeline that runs them together.

use std::cell::RefCell;

use super::super::client::Client;
use super::super::processor::{Context, Fate, Listener, Subject};
use super::run::Run;
use super::{Processed, Step};
use crate::telemetry::processor::Rule;
use crate::wire::{Decision, Editor, ResourceEdit, ScopeEdit, SpanEdit, Traces};

/// Is shown each part of a request as it comes to a processor and as it leaves it.
///
/// A processor may take several passes: in each, all that is left of the request comes again in the same order. What the
/// processor drops goes with all that is below it. Spans of a dropped resource or scope are shown nevertheless, each with
/// the rule that dropped it.
pub trait Witness {
    /// A pass begins.
    fn pass(&mut self);

    /// A resource, a scope of the resource that came last, or a span of the scope that came last.
    fn comes(&mut self, subject: Subject<'_, '_>);

    /// A statement of the processor has just changed what came last, or what stands above it.
    fn did(&mut self, statement: &str, subject: Subject<'_, '_>);

    /// What came last of its kind is done for this pass. Only if it `stays` it comes again.
    fn leaves(&mut self, subject: Subject<'_, '_>, fate: Fate, stays: bool);
}

struct Watched<'r, 'a, 'w, W> {
    run: &'r mut Run<'a>,
    witness: &'r Listening<'w, W>,
}

/// Tells the witness what is done meanwhile.
struct Listening<'w, W>(RefCell<&'w mut W>);

// === impl Step ===

impl Step {
    /// The rules by which the processor keeps or drops, as [`Fate`] numbers them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Runs a request through this processor alone, counts nothing in metrics, and shows `witness` all that happens. An
    /// error says why the processor rejects the request.
    pub fn watched(
        &self,
        traces: &Traces,
        client: &Client,
        witness: &mut impl Witness,
    ) -> Result<Processed, Box<str>> {
        let witness = Listening(RefCell::new(witness));
        let context = Context::of(client).heard_by(&witness);
        let mut run = Run::new(std::slice::from_ref(self), &self.parts, context);
        let mut left = traces.clone();
        while run.begin_pass() {
            witness.0.borrow_mut().pass();
            left = left.edit(&mut Watched {
                run: &mut run,
                witness: &witness,
            });
            if let Some((_, message)) = run.failed() {
                return Err(message);
            }
        }
        Ok(run.processed(left))
    }
}

// === impl Watched ===

impl<W: Witness> Watched<'_, '_, '_, W> {
    fn comes(&self, subject: Subject<'_, '_>) {
        self.witness.0.borrow_mut().comes(subject);
    }

    fn leaves(&self, subject: Subject<'_, '_>, fate: Fate, stays: bool) {
        self.witness.0.borrow_mut().leaves(subject, fate, stays);
    }
}

impl<W: Witness> Editor for Watched<'_, '_, '_, W> {
    fn edits_above(&self) -> bool {
        self.run.edits_above()
    }

    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        self.comes(Subject::Resource(resource));
        self.run.resource(resource)
    }

    fn scope_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
    ) -> Decision {
        self.comes(Subject::Scope(scope));
        self.run.scope_and_above(resource, scope)
    }

    fn span_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Decision {
        self.comes(Subject::Span(span));
        let decision = self.run.span_and_above(resource, scope, span);
        let stays = decision == Decision::Keep;
        self.leaves(Subject::Span(span), self.run.fate_of_span(), stays);
        decision
    }

    fn scope_done(&mut self, scope: &ScopeEdit<'_>, stays: bool) {
        self.run.scope_done(scope, stays);
        self.leaves(Subject::Scope(scope), self.run.fate_of_scope(), stays);
    }

    fn resource_done(&mut self, resource: &ResourceEdit<'_>, stays: bool) {
        self.run.resource_done(resource, stays);
        self.leaves(Subject::Resource(resource), self.run.fate_of_resource(), stays);
    }
}

// === impl Listening ===

impl<W: Witness> Listener for Listening<'_, W> {
    fn did(&self, statement: &str, subject: Subject<'_, '_>) {
        self.0.borrow_mut().did(statement, subject);
    }
}
