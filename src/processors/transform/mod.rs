//! `transform`: OTTL statements that edit resources, scopes, spans and their events.
//!
//! Promise: groups of statements run one after the other, each over the whole request, as in the Collector; what no
//! statement changes keeps its bytes.

mod config;
mod pass;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

pub use config::{StatementGroup, TransformSettings};

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Problems;
use crate::config::statements::ErrorMode;
use crate::ottl::{self, Cache, Context, Dialect};
use crate::pipeline::processor::Processor;
use crate::pipeline::stage::Stage;
use crate::telemetry::statements::StatementEvents;

use pass::Pass;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "transform",
        aliases: &[],
        stability: Stability::Alpha,
        summary: "Edits resources, scopes, spans and events by OTTL statements.",
    };
    Factory::of::<TransformSettings>(Kind::Processor, about, |settings, id, ()| {
        Ok(stage(&settings, &id.to_string()))
    })
}

/// The processor of this name with sound settings.
pub fn stage(settings: &TransformSettings, component: &str) -> Stage {
    let events = Arc::new(StatementEvents::new(component));
    let passes = compiled(settings, &mut Problems::default(), &mut Problems::default());
    let mut shared: Vec<(Context, Arc<Mutex<Cache>>)> = Vec::new();
    let parts = passes.into_iter().map(|compiled| -> Arc<dyn Processor> {
        let cache = compiled
            .shares_cache
            .then(|| cache_of(compiled.group.context, &mut shared));
        Arc::new(Pass::new(compiled.group, compiled.mode, events.clone(), cache))
    });
    Stage::Sees(parts.collect())
}

/// The cache that all groups about the same kind of thing share.
fn cache_of(context: Context, shared: &mut Vec<(Context, Arc<Mutex<Cache>>)>) -> Arc<Mutex<Cache>> {
    let known = shared.iter().find(|(known, _)| *known == context);
    let cache = known.map(|(_, cache)| cache.clone());
    cache.unwrap_or_else(|| {
        let cache = Arc::new(Mutex::new(Cache::lasting()));
        shared.push((context, cache.clone()));
        cache
    })
}

/// A group of statements, ready to run.
struct Compiled {
    group: ottl::Group,
    mode: ErrorMode,
    shares_cache: bool,
}

/// The groups of statements, compiled; what is wrong goes to `problems`, and what can never be right to `doubts`.
fn compiled(settings: &TransformSettings, problems: &mut Problems, doubts: &mut Problems) -> Vec<Compiled> {
    let mut groups = Vec::new();
    for pass in settings.passes() {
        let statements: Vec<&str> = pass.statements.iter().map(|located| located.text).collect();
        let conditions: Vec<&str> = pass.conditions.iter().map(|located| located.text).collect();
        if statements
            .iter()
            .chain(&conditions)
            .any(|text| text.trim().is_empty())
        {
            continue;
        }
        if statements.is_empty() {
            if pass.context.is_none() {
                problems.add(
                    format!("{}.statements", pass.path),
                    "is empty, so that nothing says what the group is about",
                );
            }
            continue;
        }
        let about = pass.context.map_or(ottl::About::Inferred, ottl::About::Given);
        let compiled = ottl::group(&statements, &conditions, about, Dialect::Transform);
        let place = |misfit: &ottl::Misfit| {
            let texts = if misfit.is_condition {
                &pass.conditions
            } else {
                &pass.statements
            };
            texts
                .get(misfit.number)
                .map_or(pass.path.clone(), |located| located.path.clone())
        };
        match compiled {
            Ok(group) => {
                group
                    .doubts
                    .iter()
                    .for_each(|doubt| doubt.fault.tell(&place(doubt), doubts));
                groups.push(Compiled {
                    group,
                    mode: pass.error_mode,
                    shares_cache: pass.shared_cache,
                });
            }
            Err(misfits) => misfits
                .iter()
                .for_each(|misfit| misfit.fault.tell(&place(misfit), problems)),
        }
    }
    groups
}
