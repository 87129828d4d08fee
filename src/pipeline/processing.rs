//! Runs a request through the processors of a pipeline, and counts what they did.

mod marks;
mod run;
#[cfg(test)]
mod tests;
mod versions;
mod watched;

use std::sync::Arc;

use self::run::Run;
use super::budget::{Budget, Reservation};
use super::client::Client;
use super::processor::{Context, Processor};
use super::verdict::Unprepared;
use crate::telemetry::ledger::PipelineLedger;
use crate::telemetry::processor::{Column, ProcessorEvents, Rule, Tally};
use crate::wire::{Overgrown, Traces};

pub use watched::Witness;

/// The processors of a pipeline that look into spans, in their order.
pub struct Processing {
    steps: Vec<Step>,
    /// The parts of all of them.
    parts: Vec<Part>,
    budget: Budget,
}

/// One processor in its place.
pub struct Step {
    id: String,
    parts: Vec<Part>,
    rules: Vec<Rule>,
    events: ProcessorEvents,
}

/// A part of a processor. Each sees a request as the one before it left it.
#[derive(Clone)]
struct Part {
    processor: Arc<dyn Processor>,
    edits_above: bool,
    /// It has rules to drop by.
    drops: bool,
    /// Which step it is of.
    step: usize,
    is_first: bool,
    is_last: bool,
    /// The number of its first rule among those of the step.
    first_rule: usize,
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

// === impl Processing ===

impl Processing {
    /// These processors in this order; nothing when there are none.
    pub fn new(steps: Vec<Step>, budget: Budget) -> Option<Self> {
        let parts = steps.iter().enumerate().flat_map(|(number, step)| {
            step.parts.iter().map(move |part| Part {
                step: number,
                ..part.clone()
            })
        });
        Some(Self {
            parts: parts.collect(),
            steps,
            budget,
        })
        .filter(|processing| !processing.parts.is_empty())
    }

    /// Runs a request through all processors. What is written is paid for. An error says that there is no room for it, or
    /// that a processor rejects the request, which is counted.
    pub fn run(&self, traces: &Traces, client: &Client) -> Result<Processed, Unprepared> {
        let mut run = Run::new(&self.steps, &self.parts, Context::of(client));
        let mut left = traces.clone();
        while run.begin_pass() {
            left = self.paid(&left, &mut run)?;
            if let Some((step, message)) = run.failed() {
                return Err(self.failed(step, message));
            }
        }
        Ok(run.processed(left))
    }

    /// Runs one pass over a request, within the budget.
    fn paid(&self, traces: &Traces, run: &mut Run<'_>) -> Result<Traces, Overgrown> {
        let mut paid: Option<Reservation> = None;
        let left = traces.edit_within(run, |bytes| match &mut paid {
            Some(paid) => paid.grow(bytes.saturating_sub(paid.bytes())).is_ok(),
            None => {
                paid = self.budget.reserve(bytes).ok();
                paid.is_some()
            }
        })?;
        Ok(match paid {
            Some(mut paid) => {
                paid.shrink_to(left.bytes().len());
                left.keeping(paid)
            }
            None => left,
        })
    }

    /// A processor rejects a request.
    fn failed(&self, step: usize, message: Box<str>) -> Unprepared {
        let step = self.steps.get(step);
        if let Some(step) = step {
            step.events.failed(&message);
        }
        Unprepared::Failed {
            by: step.map_or_else(String::new, |step| step.id.clone()),
            message,
        }
    }

    /// Counts what was done with a request that is taken now.
    pub fn count(&self, processed: &Processed, ledger: &PipelineLedger) {
        let (mut filtered, mut sampled_out) = (0, 0);
        for (step, tally) in self.steps.iter().zip(&processed.tallies) {
            step.events.processed(tally);
            if let Some(part) = step.parts.first() {
                part.processor.report(tally);
            }
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
    /// The processor with this id in this pipeline, with its parts in their order.
    pub fn new(id: &str, pipeline: &str, processors: Vec<Arc<dyn Processor>>) -> Self {
        let (mut rules, mut parts) = (Vec::new(), Vec::with_capacity(processors.len()));
        let last = processors.len().saturating_sub(1);
        for (number, processor) in processors.into_iter().enumerate() {
            let first_rule = rules.len();
            rules.append(&mut processor.rules());
            parts.push(Part {
                edits_above: processor.edits_above(),
                drops: rules.len() > first_rule,
                processor,
                step: 0,
                is_first: number == 0,
                is_last: number == last,
                first_rule,
            });
        }
        Self {
            id: id.to_owned(),
            events: ProcessorEvents::new(id, pipeline, &rules),
            parts,
            rules,
        }
    }
}
