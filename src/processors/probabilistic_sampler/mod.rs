//! `probabilistic_sampler`: keeps a part of all traces.
//!
//! Promise: it decides on each span as the Collector does, bit for bit, so that both can stand side by side; what it
//! keeps says with which probability, in the trace state, by W3C's and OpenTelemetry's specification.

mod config;
#[cfg(any(test, fuzzing))]
pub mod oracle;
mod priority;
mod sampler;
mod threshold;
mod trace_state;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use tracing::Level;

pub use config::{Mode, ProbabilisticSamplerSettings};
use priority::Priority;
use sampler::{Doubt, Policy, Sampler};

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::{Column, Rule, SamplerEvents, Tally};
use crate::telemetry::quiet::Quiet;
use crate::wire::{ResourceEdit, ResourceView, ScopeEdit, SpanEdit};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "probabilistic_sampler",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Keeps a part of all traces, decided by their ids, and writes the probability to the trace state.",
    };
    Factory::of::<ProbabilisticSamplerSettings>(Kind::Processor, about, |settings, _, ()| {
        Ok(Stage::sees(ProbabilisticSampler::new(&settings)))
    })
}

/// The processor.
#[derive(Debug)]
struct ProbabilisticSampler {
    sampler: Sampler,
    events: SamplerEvents,
    quiet: Mutex<Quiet>,
}

// === impl ProbabilisticSampler ===

impl ProbabilisticSampler {
    fn new(settings: &ProbabilisticSamplerSettings) -> Self {
        Self {
            sampler: Sampler::new(settings),
            events: SamplerEvents::new(&Policy::ALL.map(Policy::name)),
            quiet: Mutex::default(),
        }
    }

    /// What is usual where samplers meet is for `debug`, what is broken for `info`.
    fn log(&self, doubt: Doubt) {
        let is_broken = matches!(doubt, Doubt::Malformed(_));
        if !is_broken && !tracing::enabled!(Level::DEBUG) {
            return;
        }
        let passed = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        match passed {
            None => {}
            Some(held_back) if is_broken => tracing::info!(held_back, "sampling: {doubt}"),
            Some(held_back) => tracing::debug!(held_back, "sampling: {doubt}"),
        }
    }
}

impl Processor for ProbabilisticSampler {
    fn rules(&self) -> Vec<Rule> {
        let rules = Policy::ALL.map(|policy| Rule {
            name: policy.name().into(),
            column: Column::SampledOut,
        });
        rules.into()
    }

    /// What came without spans goes, as it does with its last span.
    fn resource(&self, _: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        match resource.before().has_spans() {
            true => Fate::Keep,
            false => Fate::DropBy(0),
        }
    }

    fn scope(&self, _: Context<'_>, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        match scope.before().has_spans() {
            true => Fate::Keep,
            false => Fate::DropBy(0),
        }
    }

    fn span(&self, _: Context<'_>, _: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        let trace_id = span.trace_id().try_into().map_or(0, u128::from_be_bytes);
        let priority = span
            .attribute(priority::KEY)
            .and_then(|value| Priority::of(&value));
        let verdict = self.sampler.decide(trace_id, span.trace_state(), priority);
        if let Some(doubt) = verdict.doubt {
            self.log(doubt);
        }
        let policy = verdict.policy as usize;
        if !verdict.is_kept {
            return Fate::DropBy(policy);
        }
        if let Some(state) = verdict.state.map(|state| state.write())
            && let Ok(state) = std::str::from_utf8(&state)
            && state != span.trace_state()
        {
            span.set_trace_state(state);
        }
        Fate::KeepBy(policy)
    }

    fn report(&self, tally: &Tally) {
        self.events.decided(tally);
    }
}
