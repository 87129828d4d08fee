//! One processor alone, with somebody who looks on: what `spanway test-pipeline` shows.
//!
//! Promise: processors that are run one by one, each over what the one before it left, leave the same spans as the
//! pipeline that runs them together.

use super::super::client::Client;
use super::super::processor::Fate;
use super::{Processed, Run, Step};
use crate::telemetry::processor::Rule;
use crate::wire::{Decision, Editor, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces};

/// Is shown each part of a request as a processor leaves it, in order; its edits tell what it was before.
///
/// What the processor drops goes with all that is below it. Spans of a dropped resource or scope are shown
/// nevertheless, each with the rule that dropped it.
pub trait Witness {
    /// A resource.
    fn resource(&mut self, resource: &ResourceEdit<'_>, fate: Fate);

    /// A scope of the resource shown last.
    fn scope(&mut self, scope: &ScopeEdit<'_>, fate: Fate);

    /// A span of the scope shown last.
    fn span(&mut self, span: &SpanEdit<'_>, fate: Fate);
}

struct Watched<'a, W> {
    run: Run<'a>,
    witness: &'a mut W,
}

// === impl Step ===

impl Step {
    /// The rules by which the processor keeps or drops, as [`Fate`] numbers them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Runs a request through this processor alone, counts nothing in metrics, and shows `witness` all that happens.
    pub fn watched(&self, traces: &Traces, client: &Client, witness: &mut impl Witness) -> Processed {
        let run = Run::new(std::slice::from_ref(self), client);
        let mut watched = Watched { run, witness };
        Processed {
            traces: traces.edit(&mut watched),
            tallies: watched.run.tallies,
            edited: watched.run.edited,
        }
    }
}

// === impl Watched ===

impl<W: Witness> Editor for Watched<'_, W> {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        let decision = self.run.resource(resource);
        self.witness.resource(resource, self.run.resource.fate());
        decision
    }

    fn scope(&mut self, above: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        let decision = self.run.scope(above, scope);
        let fate = match self.run.resource.fate() {
            Fate::Keep => self.run.scope.fate(),
            goes => goes,
        };
        self.witness.scope(scope, fate);
        decision
    }

    fn span(
        &mut self,
        resource: ResourceView<'_>,
        scope: ScopeView<'_>,
        span: &mut SpanEdit<'_>,
    ) -> Decision {
        let decision = self.run.span(resource, scope, span);
        self.witness.span(span, self.run.fate);
        decision
    }
}
