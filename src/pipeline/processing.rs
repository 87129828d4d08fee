//! Runs a request through the processors of a pipeline, and counts what they did.

#[cfg(test)]
mod tests;
mod watched;

use std::sync::Arc;

use super::budget::{Budget, Reservation};
use super::client::Client;
use super::processor::{Context, Fate, Processor};
use crate::telemetry::ledger::PipelineLedger;
use crate::telemetry::processor::{Column, ProcessorEvents, Rule, Tally};
use crate::wire::{
    Decision, Editor, Overgrown, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces,
};

pub use watched::Witness;

/// The processors of a pipeline that look into spans, in their order.
pub struct Processing {
    steps: Vec<Step>,
    budget: Budget,
}

/// One processor in its place.
pub struct Step {
    processor: Arc<dyn Processor>,
    rules: Vec<Rule>,
    events: ProcessorEvents,
}

/// A request as the processors leave it, not counted yet.
#[derive(Clone, Debug)]
pub struct Processed {
    /// What goes on.
    pub traces: Traces,
    /// What each of them did, in their order.
    pub tallies: Vec<Tally>,
    /// Spans that go on and that any of them changed.
    pub edited: u64,
}

/// One request on its way through the processors.
struct Run<'a> {
    steps: &'a [Step],
    client: &'a Client,
    tallies: Vec<Tally>,
    edited: u64,
    resource: Above,
    scope: Above,
    /// What the last processor to see the last span made of it.
    fate: Fate,
}

/// A resource or scope as each processor left it.
#[derive(Default)]
struct Above {
    /// What was edited, as envelopes that a view reads.
    versions: Vec<Vec<u8>>,
    /// By processor: which version it left, if anything was edited until then.
    left: Vec<Option<usize>>,
    /// Who drops it, by which rule.
    dropped: Option<(usize, usize)>,
}

// === impl Processing ===

impl Processing {
    /// These processors in this order; nothing when there are none.
    pub fn new(steps: Vec<Step>, budget: Budget) -> Option<Self> {
        (!steps.is_empty()).then_some(Self { steps, budget })
    }

    /// Runs a request through all processors. What is written is paid for; an error says that there is no room for it.
    pub fn run(&self, traces: &Traces, client: &Client) -> Result<Processed, Overgrown> {
        let mut run = Run::new(&self.steps, client);
        let mut paid: Option<Reservation> = None;
        let left = traces.edit_within(&mut run, |bytes| match &mut paid {
            Some(paid) => paid.grow(bytes.saturating_sub(paid.bytes())).is_ok(),
            None => {
                paid = self.budget.reserve(bytes).ok();
                paid.is_some()
            }
        })?;
        Ok(Processed {
            traces: match paid {
                Some(mut paid) => {
                    paid.shrink_to(left.bytes().len());
                    left.keeping(paid)
                }
                None => left,
            },
            tallies: run.tallies,
            edited: run.edited,
        })
    }

    /// Counts what was done with a request that is taken now.
    pub fn count(&self, processed: &Processed, ledger: &PipelineLedger) {
        let (mut filtered, mut sampled_out) = (0, 0);
        for (step, tally) in self.steps.iter().zip(&processed.tallies) {
            step.events.processed(tally);
            step.processor.report(tally);
            filtered += tally.dropped_to(Column::Filtered, &step.rules);
            sampled_out += tally.dropped_to(Column::SampledOut, &step.rules);
        }
        ledger.processed(filtered, sampled_out, processed.edited);
    }
}

// === impl Processed ===

impl Processed {
    /// A request that no processor has seen.
    pub fn untouched(traces: &Traces) -> Self {
        Self {
            traces: traces.clone(),
            tallies: Vec::new(),
            edited: 0,
        }
    }
}

// === impl Step ===

impl Step {
    /// The processor with this id in this pipeline.
    pub fn new(id: &str, pipeline: &str, processor: Arc<dyn Processor>) -> Self {
        let rules = processor.rules();
        Self {
            events: ProcessorEvents::new(id, pipeline, &rules),
            processor,
            rules,
        }
    }
}

// === impl Run ===

impl<'a> Run<'a> {
    fn new(steps: &'a [Step], client: &'a Client) -> Self {
        Self {
            steps,
            client,
            tallies: steps.iter().map(|step| Tally::new(step.rules.len())).collect(),
            edited: 0,
            resource: Above::default(),
            scope: Above::default(),
            fate: Fate::Keep,
        }
    }
}

impl Editor for Run<'_> {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        self.resource.clear();
        for ((number, step), tally) in self.steps.iter().enumerate().zip(&mut self.tallies) {
            let edits = resource.edits();
            if let Fate::DropBy(rule) = step.processor.resource(self.client, resource) {
                self.resource.dropped = Some((number, rule));
                break;
            }
            let is_edited = resource.edits() != edits;
            tally.edited_resources += u64::from(is_edited);
            self.resource.leave(is_edited.then(|| resource.envelope()));
        }
        self.resource.decision(resource.before().spans())
    }

    fn scope(&mut self, resource: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        self.scope.clear();
        for ((number, step), tally) in self.steps.iter().enumerate().zip(&mut self.tallies) {
            if self.resource.dropped.is_some_and(|(by, _)| by == number) {
                break;
            }
            let resource = self.resource.seen_by(number).map_or(resource, ResourceView::over);
            let edits = scope.edits();
            if let Fate::DropBy(rule) = step.processor.scope(self.client, resource, scope) {
                self.scope.dropped = Some((number, rule));
                break;
            }
            let is_edited = scope.edits() != edits;
            tally.edited_scopes += u64::from(is_edited);
            self.scope.leave(is_edited.then(|| scope.envelope()));
        }
        let spans = scope.before().spans();
        match self.resource.decision(spans) {
            Decision::Drop => Decision::Drop,
            Decision::Keep => self.scope.decision(spans),
        }
    }

    fn span(
        &mut self,
        resource: ResourceView<'_>,
        scope: ScopeView<'_>,
        span: &mut SpanEdit<'_>,
    ) -> Decision {
        for ((number, step), tally) in self.steps.iter().enumerate().zip(&mut self.tallies) {
            tally.incoming += 1;
            let edits = span.edits();
            let fate = match [self.resource.dropped, self.scope.dropped]
                .into_iter()
                .flatten()
                .find(|(by, _)| *by == number)
            {
                Some((_, rule)) => Fate::DropBy(rule),
                None => {
                    let context = Context {
                        client: self.client,
                        resource: self.resource.seen_by(number).map_or(resource, ResourceView::over),
                        scope: self.scope.seen_by(number).map_or(scope, ScopeView::over),
                    };
                    step.processor.span(context, span)
                }
            };
            self.fate = fate;
            match fate {
                Fate::Keep => {}
                Fate::KeepBy(rule) => count(&mut tally.kept, rule),
                Fate::DropBy(rule) => {
                    count(&mut tally.dropped, rule);
                    return Decision::Drop;
                }
            }
            tally.edited_spans += u64::from(span.edits() != edits);
        }
        self.edited += u64::from(span.is_changed());
        Decision::Keep
    }
}

fn count(by_rule: &mut [u64], rule: usize) {
    debug_assert!(
        rule < by_rule.len(),
        "a processor names rule {rule}, which it does not have"
    );
    if let Some(spans) = by_rule.get_mut(rule) {
        *spans += 1;
    }
}

// === impl Above ===

impl Above {
    fn clear(&mut self) {
        self.versions.clear();
        self.left.clear();
        self.dropped = None;
    }

    /// The next processor has seen it and left a new version, or the one before.
    fn leave(&mut self, version: Option<Vec<u8>>) {
        self.versions.extend(version);
        self.left.push(self.versions.len().checked_sub(1));
    }

    /// The envelope that the processor of this number left; none where nothing was edited until then.
    fn seen_by(&self, number: usize) -> Option<&[u8]> {
        let version = self.left.get(number).copied().flatten()?;
        self.versions.get(version).map(Vec::as_slice)
    }

    /// What becomes of it, where there is one processor.
    fn fate(&self) -> Fate {
        self.dropped.map_or(Fate::Keep, |(_, rule)| Fate::DropBy(rule))
    }

    /// What is dropped goes with its last span, which the processors before may drop for their own reasons; what is below it
    /// without a span, at once.
    fn decision(&self, spans: usize) -> Decision {
        match self.dropped {
            Some(_) if spans == 0 => Decision::Drop,
            _ => Decision::Keep,
        }
    }
}
