//! `filter`: leaves out resources, scopes, spans and events that meet an OTTL condition.
//!
//! Promise: what stays is what the Collector keeps, byte for byte; each condition counts what it drops.

mod config;
mod oldest;
mod pass;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use config::{ConditionGroup, FilterSettings, SpanSettings, TraceSettings};

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Problems;
use crate::config::statements::{ErrorMode, Located};
use crate::ottl::{self, Context, Dialect};
use crate::pipeline::processor::Processor;
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::{Column, Rule};
use crate::telemetry::statements::StatementEvents;

use oldest::Oldest;
use pass::{Pass, Test};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "filter",
        aliases: &[],
        stability: Stability::Alpha,
        summary: "Leaves out resources, scopes, spans and events that meet OTTL conditions.",
    };
    Factory::of::<FilterSettings>(Kind::Processor, about, |settings, id, ()| {
        Ok(stage(&settings, &id.to_string()))
    })
}

/// The processor of this name with sound settings.
pub fn stage(settings: &FilterSettings, component: &str) -> Stage {
    let events = Arc::new(StatementEvents::new(component));
    let passes = compiled(settings, &mut Problems::default(), &mut Problems::default());
    let passes = passes
        .into_iter()
        .map(|(tests, mode)| -> Arc<dyn Processor> { Arc::new(Pass::new(tests, mode, events.clone())) });
    let oldest = Oldest::new(settings).map(|oldest| -> Arc<dyn Processor> { Arc::new(oldest) });
    Stage::Sees(passes.chain(oldest).collect())
}

/// The conditions of each pass; what is wrong goes to `problems`, and what can never be right to `doubts`.
fn compiled(
    settings: &FilterSettings,
    problems: &mut Problems,
    doubts: &mut Problems,
) -> Vec<(Vec<Test>, ErrorMode)> {
    let mut passes = Vec::new();
    for pass in settings.passes() {
        let about = pass.context.map_or(ottl::About::Inferred, ottl::About::Given);
        passes.push((tests(&pass.conditions, about, problems, doubts), pass.error_mode));
    }
    let mut older = Vec::new();
    for (context, conditions) in settings.by_context() {
        older.extend(tests(&conditions, ottl::About::Given(context), problems, doubts));
    }
    if !older.is_empty() {
        passes.push((older, settings.error_mode));
    }
    passes
}

/// Each condition is about what its own paths say.
fn tests(
    conditions: &[Located<'_>],
    about: ottl::About,
    problems: &mut Problems,
    doubts: &mut Problems,
) -> Vec<Test> {
    let mut tests = Vec::new();
    for located in conditions
        .iter()
        .filter(|located| !located.text.trim().is_empty())
    {
        match ottl::group(&[] as &[&str], &[located.text], about, Dialect::Filter) {
            Ok(group) => {
                group
                    .doubts
                    .iter()
                    .for_each(|doubt| doubt.fault.tell(&located.path, doubts));
                let context = group.context;
                tests.extend(group.conditions.into_iter().map(|condition| Test {
                    context,
                    rule: rule(located),
                    condition,
                }));
            }
            Err(misfits) => misfits
                .iter()
                .for_each(|misfit| misfit.fault.tell(&located.path, problems)),
        }
    }
    tests
}

/// A rule is known by its place in the configuration and its text: `trace_conditions[0] span.name == "x"`.
fn rule(located: &Located<'_>) -> Rule {
    let mut name = String::new();
    for part in located.path.split('.') {
        match part.parse::<usize>() {
            Ok(number) => name.push_str(&format!("[{number}]")),
            Err(_) if name.is_empty() => name.push_str(part),
            Err(_) => name.push_str(&format!(".{part}")),
        }
    }
    Rule {
        name: format!("{name} {}", located.text.trim()),
        column: Column::Filtered,
    }
}

/// The outermost comes first: what is dropped is not looked into.
const ORDER: [Context; 4] = [
    Context::Resource,
    Context::Scope,
    Context::Span,
    Context::SpanEvent,
];
