//! One pass of conditions over a request.

use std::sync::Arc;

use super::ORDER;
use crate::config::statements::ErrorMode;
use crate::ottl::{Cache, Condition, Context as About, Outcome, Request, Scene, Seat, first_that_holds};
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::telemetry::processor::Rule;
use crate::telemetry::statements::StatementEvents;
use crate::wire::{Amendment, Decision, ResourceEdit, ResourceView, ScopeEdit, SpanEdit};

/// A condition, what it is about, and the rule under which it drops.
pub(super) struct Test {
    pub context: About,
    pub rule: Rule,
    pub condition: Condition,
}

/// The conditions of a pass.
pub(super) struct Pass {
    /// In the order of `ORDER`.
    levels: [Level; 4],
    rules: Vec<Rule>,
    mode: ErrorMode,
    events: Arc<StatementEvents>,
}

/// The conditions about one kind of thing, and the numbers of their rules.
#[derive(Default)]
struct Level {
    conditions: Vec<Condition>,
    rules: Vec<usize>,
}

// === impl Pass ===

impl Pass {
    pub fn new(tests: Vec<Test>, mode: ErrorMode, events: Arc<StatementEvents>) -> Self {
        let mut levels: [Level; 4] = Default::default();
        let mut rules = Vec::new();
        for (number, test) in tests.into_iter().enumerate() {
            rules.push(test.rule);
            let place = ORDER.into_iter().position(|context| context == test.context);
            if let Some(level) = place.and_then(|place| levels.get_mut(place)) {
                level.conditions.push(test.condition);
                level.rules.push(number);
            }
        }
        Self {
            levels,
            rules,
            mode,
            events,
        }
    }

    /// The number of the rule that drops it.
    fn dropped_by(&self, level: &Level, scene: &Scene<'_, '_, '_>) -> Outcome<Option<usize>> {
        let held = first_that_holds(&level.conditions, scene, |error| {
            self.events.failed(self.mode, error)
        })?;
        Ok(held.and_then(|number| level.rules.get(number)).copied())
    }

    fn fate(&self, dropped: Outcome<Option<usize>>) -> Fate {
        match dropped {
            Ok(Some(rule)) => Fate::DropBy(rule),
            Ok(None) => Fate::Keep,
            Err(error) => Fate::Fail(error.to_string().into_boxed_str()),
        }
    }
}

fn request(context: Context<'_>) -> Request<'_> {
    Request {
        address: context.client.address,
        metadata: &context.client.metadata,
        attributes: context.client.attributes(),
    }
}

impl Processor for Pass {
    fn rules(&self) -> Vec<Rule> {
        self.rules.clone()
    }

    fn resource(&self, context: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        let [level, ..] = &self.levels;
        let is_empty = !resource.before().has_scopes();
        let fate = self.fate(self.dropped_by(
            level,
            &Scene {
                request: &request(context),
                resource: Seat::Shown(resource),
                scope: None,
                span: None,
                event: None,
                cache: &mut Cache::default(),
            },
        ));
        match fate {
            // What is empty goes, whether it came so or not.
            Fate::Keep if is_empty => Fate::DropBy(0),
            fate => fate,
        }
    }

    fn scope(&self, context: Context<'_>, resource: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        let [_, level, spans, events] = &self.levels;
        if level.is_empty() && spans.is_empty() && events.is_empty() {
            return Fate::Keep;
        }
        let is_empty = !scope.before().has_spans();
        let resource = Amendment::new(resource);
        let fate = self.fate(self.dropped_by(
            level,
            &Scene {
                request: &request(context),
                resource: Seat::Shown(&resource),
                scope: Some(Seat::Shown(scope)),
                span: None,
                event: None,
                cache: &mut Cache::default(),
            },
        ));
        match fate {
            Fate::Keep if is_empty => Fate::DropBy(0),
            fate => fate,
        }
    }

    fn span(&self, context: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        let [_, _, level, events] = &self.levels;
        let request = request(context);
        if !level.is_empty() {
            let fate = self.fate(self.dropped_by(
                level,
                &Scene {
                    request: &request,
                    resource: Seat::Shown(above.resource),
                    scope: Some(Seat::Shown(above.scope)),
                    span: Some(Seat::Shown(span)),
                    event: None,
                    cache: &mut Cache::default(),
                },
            ));
            if fate != Fate::Keep {
                return fate;
            }
        }
        if events.is_empty() {
            return Fate::Keep;
        }
        let (mut dropped, mut failed) = (0, None);
        span.edit_events(|span, _, event| {
            let by = self.dropped_by(
                events,
                &Scene {
                    request: &request,
                    resource: Seat::Shown(above.resource),
                    scope: Some(Seat::Shown(above.scope)),
                    span: Some(Seat::Shown(span)),
                    event: Some(event),
                    cache: &mut Cache::default(),
                },
            );
            match by {
                Ok(Some(_)) => {
                    dropped += 1;
                    Decision::Drop
                }
                Ok(None) => Decision::Keep,
                Err(error) => {
                    failed = failed.take().or(Some(error));
                    Decision::Keep
                }
            }
        });
        self.events.dropped_events(dropped);
        match failed {
            Some(error) => self.fate(Err(error)),
            None => Fate::Keep,
        }
    }
}

// === impl Level ===

impl Level {
    fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }
}
