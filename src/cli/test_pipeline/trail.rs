//! Follows spans from processor to processor.

use serde_json::Value;

use super::changes::changes;
use super::report::{Counts, Dropped, Fate, Processor, Seen, State, What};
use crate::config::id::{ComponentId, PipelineId};
use crate::pipeline::client::Client;
use crate::pipeline::processing::{Step, Witness};
use crate::pipeline::processor;
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::Rule;
use crate::wire::json::{Part, content_of_part};
use crate::wire::{Amendment, ResourceEdit, ResourceView, ScopeEdit, SpanEdit, Traces};

/// What a processor does with one request.
struct Trail<'a> {
    rules: &'a [Rule],
    request: usize,
    /// Counted from one, each within the one above.
    resource: usize,
    scope: usize,
    resources: Vec<Seen>,
    scopes: Vec<Seen>,
    spans: Vec<Seen>,
}

/// Runs the requests through all stages. Returns what each did, what comes out, and the sum.
pub fn follow(
    pipeline: &PipelineId,
    stages: &[(ComponentId, Stage)],
    requests: &[Traces],
    client: &Client,
) -> (Vec<Processor>, Vec<Traces>, Counts) {
    let mut left = requests.to_vec();
    // By request and span still on its way: whether any processor changed it.
    let mut on_their_way: Vec<Vec<bool>> = left.iter().map(|request| vec![false; request.spans()]).collect();
    let mut total = Counts {
        spans_in: spans(&left),
        ..Counts::default()
    };
    let mut processors = Vec::with_capacity(stages.len());
    for (id, stage) in stages {
        let mut processor = Processor::new(id);
        if let Stage::Sees(sees) = stage {
            processor.sees_spans = true;
            let step = Step::new(&processor.id, &pipeline.to_string(), sees.clone());
            for (number, (request, changed)) in left.iter_mut().zip(&mut on_their_way).enumerate() {
                let trail = Trail::follow(&step, number + 1, request, client);
                keep(changed, &trail.spans);
                processor.add(trail);
            }
        }
        processor.counts.spans_out = spans(&left);
        total.dropped.extend_from_slice(&processor.counts.dropped);
        processors.push(processor);
    }
    total.spans_out = spans(&left);
    total.changed = on_their_way.iter().flatten().filter(|changed| **changed).count();
    (processors, left, total)
}

fn spans(requests: &[Traces]) -> usize {
    requests.iter().map(Traces::spans).sum()
}

/// Takes note of which spans are changed, and goes on with those that stay.
fn keep(changed: &mut Vec<bool>, seen: &[Seen]) {
    let now = changed
        .iter()
        .zip(seen)
        .filter_map(|(before, seen)| match seen.fate {
            Fate::Unchanged { .. } => Some(*before),
            Fate::Changed { .. } => Some(true),
            Fate::Dropped { .. } => None,
        });
    *changed = now.collect();
}

/// The content of a part of a request. None is nested too deeply to be read: that was seen when it was taken in.
fn content(part: Part, body: &[u8]) -> Value {
    serde_json::from_slice(&content_of_part(part, body)).unwrap_or_default()
}

// === impl Processor ===

impl Processor {
    fn new(id: &ComponentId) -> Self {
        Self {
            id: id.to_string(),
            sees_spans: false,
            counts: Counts::default(),
            resources: Vec::new(),
            scopes: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn add(&mut self, trail: Trail<'_>) {
        for rule in trail.rules {
            let by_rule =
                |seen: &&Seen| matches!(&seen.fate, Fate::Dropped { rule: by, .. } if *by == rule.name);
            let spans = trail.spans.iter().filter(by_rule).count();
            let known = self
                .counts
                .dropped
                .iter_mut()
                .find(|dropped| dropped.rule == rule.name);
            match known {
                Some(dropped) => dropped.spans += spans,
                None if spans > 0 => self.counts.dropped.push(Dropped {
                    processor: self.id.clone(),
                    rule: rule.name.clone(),
                    state: rule.column.into(),
                    spans,
                }),
                None => {}
            }
        }
        let changed = |seen: &&Seen| matches!(seen.fate, Fate::Changed { .. });
        self.counts.spans_in += trail.spans.len();
        self.counts.changed += trail.spans.iter().filter(changed).count();
        self.resources.extend(trail.resources);
        self.scopes.extend(trail.scopes);
        self.spans.extend(trail.spans);
    }
}

// === impl Trail ===

impl<'a> Trail<'a> {
    /// Runs a request through one processor, and leaves what comes out.
    fn follow(step: &'a Step, request: usize, traces: &mut Traces, client: &Client) -> Self {
        let mut trail = Self {
            rules: step.rules(),
            request,
            resource: 0,
            scope: 0,
            resources: Vec::new(),
            scopes: Vec::new(),
            spans: Vec::new(),
        };
        *traces = step.watched(traces, client, &mut trail).traces;
        trail
    }

    fn seen(&self, what: What, fate: processor::Fate, before: &Value, after: &Value) -> Seen {
        let rule = |number: usize| self.rules.get(number).map(|rule| rule.name.clone());
        let kept = |rule: Option<String>| {
            let changes = changes(before, after);
            let fate = match changes.is_empty() {
                true => Fate::Unchanged { rule },
                false => Fate::Changed { rule },
            };
            (fate, changes)
        };
        let (fate, changes) = match fate {
            processor::Fate::Keep => kept(None),
            processor::Fate::KeepBy(number) => kept(rule(number)),
            processor::Fate::DropBy(number) => {
                let column = self.rules.get(number).map(|rule| rule.column.into());
                let fate = Fate::Dropped {
                    rule: rule(number).unwrap_or_default(),
                    state: column.unwrap_or(State::Filtered),
                };
                (fate, Vec::new())
            }
        };
        Seen {
            request: self.request,
            what,
            fate,
            changes,
        }
    }
}

impl Witness for Trail<'_> {
    fn resource(&mut self, resource: &ResourceEdit<'_>, fate: processor::Fate) {
        (self.resource, self.scope) = (self.resource + 1, 0);
        let before = Amendment::new(resource.before()).envelope();
        let service = ResourceView::over(&before)
            .attribute("service.name")
            .map(|name| name.text().into_owned());
        let what = What::Resource {
            resource: self.resource,
            service_name: service,
        };
        let before = content(Part::ResourceSpans, &before);
        let after = content(Part::ResourceSpans, &resource.envelope());
        let seen = self.seen(what, fate, &before, &after);
        self.resources.extend(seen.is_worth_telling().then_some(seen));
    }

    fn scope(&mut self, scope: &ScopeEdit<'_>, fate: processor::Fate) {
        self.scope += 1;
        let what = What::Scope {
            resource: self.resource,
            scope: self.scope,
            name: scope.before().name().to_owned(),
        };
        let before = content(Part::ScopeSpans, &Amendment::new(scope.before()).envelope());
        let after = content(Part::ScopeSpans, &scope.envelope());
        let seen = self.seen(what, fate, &before, &after);
        self.scopes.extend(seen.is_worth_telling().then_some(seen));
    }

    fn span(&mut self, span: &SpanEdit<'_>, fate: processor::Fate) {
        let before = content(Part::Span, span.before().bytes());
        let after = match span.is_changed() {
            true => content(Part::Span, &span.encoded()),
            false => before.clone(),
        };
        let seen = self.seen(What::span(&before), fate, &before, &after);
        self.spans.push(seen);
    }
}

// === impl Seen ===

impl Seen {
    /// Of resources and scopes only those are told that do not go on as they came.
    fn is_worth_telling(&self) -> bool {
        !matches!(self.fate, Fate::Unchanged { .. })
    }
}
