//! Follows spans from processor to processor.

use serde_json::Value;

use super::changes::changes;
use super::report::{Counts, Dropped, Fate, Processor, Seen, State, What};
use super::story::{Stories, Story};
use crate::config::id::{ComponentId, PipelineId};
use crate::pipeline::client::Client;
use crate::pipeline::processing::{Step, Witness};
use crate::pipeline::processor::{self, Subject};
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::Rule;
use crate::wire::json::{Part, content_of_part};
use crate::wire::{Amendment, ResourceView, Traces};

/// What a processor does with one request.
struct Trail<'a> {
    rules: &'a [Rule],
    request: usize,
    /// Counted from one, each within the one above.
    resource: usize,
    scope: usize,
    resources: Stories,
    scopes: Stories,
    spans: Stories,
}

/// What a processor did with one request, to be told.
struct Told {
    resources: Vec<Seen>,
    scopes: Vec<Seen>,
    spans: Vec<Seen>,
}

/// Runs the requests through all stages. Returns what each did, what comes out, and the sum. An error says that one of them
/// rejects a request.
pub fn follow(
    pipeline: &PipelineId,
    stages: &[(ComponentId, Stage)],
    requests: &[Traces],
    client: &Client,
) -> Result<(Vec<Processor>, Vec<Traces>, Counts), String> {
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
                let rejected = |reason| format!("`{id}` rejects request {}: {reason}", number + 1);
                let told = Trail::follow(&step, number + 1, request, client).map_err(rejected)?;
                keep(changed, &told.spans);
                processor.add(told, step.rules());
            }
        }
        processor.counts.spans_out = spans(&left);
        total.dropped.extend_from_slice(&processor.counts.dropped);
        processors.push(processor);
    }
    total.spans_out = spans(&left);
    total.changed = on_their_way.iter().flatten().filter(|changed| **changed).count();
    Ok((processors, left, total))
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

    fn add(&mut self, told: Told, rules: &[Rule]) {
        for rule in rules {
            let by_rule =
                |seen: &&Seen| matches!(&seen.fate, Fate::Dropped { rule: by, .. } if *by == rule.name);
            let spans = told.spans.iter().filter(by_rule).count();
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
        self.counts.spans_in += told.spans.len();
        self.counts.changed += told.spans.iter().filter(changed).count();
        self.resources.extend(told.resources);
        self.scopes.extend(told.scopes);
        self.spans.extend(told.spans);
    }
}

// === impl Trail ===

impl<'a> Trail<'a> {
    /// Runs a request through one processor, and leaves what comes out.
    fn follow(
        step: &'a Step,
        request: usize,
        traces: &mut Traces,
        client: &Client,
    ) -> Result<Told, Box<str>> {
        let mut trail = Self {
            rules: step.rules(),
            request,
            resource: 0,
            scope: 0,
            resources: Stories::default(),
            scopes: Stories::default(),
            spans: Stories::default(),
        };
        *traces = step.watched(traces, client, &mut trail)?.traces;
        let tell =
            |stories: &Stories| -> Vec<Seen> { stories.iter().map(|story| trail.seen(story)).collect() };
        let (mut resources, mut scopes) = (tell(&trail.resources), tell(&trail.scopes));
        resources.retain(Seen::is_worth_telling);
        scopes.retain(Seen::is_worth_telling);
        Ok(Told {
            resources,
            scopes,
            spans: tell(&trail.spans),
        })
    }

    /// Those of its kind.
    fn stories(&mut self, subject: Subject<'_, '_>) -> &mut Stories {
        match subject {
            Subject::Resource(_) => &mut self.resources,
            Subject::Scope(_) => &mut self.scopes,
            Subject::Span(_) => &mut self.spans,
        }
    }

    /// How what comes is named, and what it holds.
    fn new_story(&self, subject: Subject<'_, '_>) -> Story {
        let (what, content) = match subject {
            Subject::Resource(resource) => {
                let before = Amendment::new(resource.before()).envelope();
                let service = ResourceView::over(&before)
                    .attribute("service.name")
                    .map(|name| name.text().into_owned());
                let what = What::Resource {
                    resource: self.resource,
                    service_name: service,
                };
                (what, content(Part::ResourceSpans, &before))
            }
            Subject::Scope(scope) => {
                let what = What::Scope {
                    resource: self.resource,
                    scope: self.scope,
                    name: scope.before().name().to_owned(),
                };
                let before = Amendment::new(scope.before()).envelope();
                (what, content(Part::ScopeSpans, &before))
            }
            Subject::Span(span) => {
                let before = content(Part::Span, span.before().bytes());
                (What::span(&before), before)
            }
        };
        Story::new(what, content)
    }

    fn seen(&self, story: &Story) -> Seen {
        let rule = |number: usize| self.rules.get(number).map(|rule| rule.name.clone());
        let kept = |rule: Option<String>| {
            let changes = changes(&story.before, &story.now);
            let fate = match changes.is_empty() {
                true => Fate::Unchanged { rule },
                false => Fate::Changed { rule },
            };
            (fate, changes)
        };
        let (fate, changes) = match story.fate {
            processor::Fate::Keep | processor::Fate::Fail(_) => kept(None),
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
            what: story.what.clone(),
            fate,
            changes,
            statements: story.statements(),
        }
    }
}

impl Witness for Trail<'_> {
    fn pass(&mut self) {
        for stories in [&mut self.resources, &mut self.scopes, &mut self.spans] {
            stories.pass();
        }
    }

    fn comes(&mut self, subject: Subject<'_, '_>) {
        if self.stories(subject).again() {
            return;
        }
        match subject {
            Subject::Resource(_) => (self.resource, self.scope) = (self.resource + 1, 0),
            Subject::Scope(_) => self.scope += 1,
            Subject::Span(_) => {}
        }
        let story = self.new_story(subject);
        self.stories(subject).begin(story);
    }

    fn did(&mut self, statement: &str, subject: Subject<'_, '_>) {
        if let Some(story) = self.stories(subject).last() {
            story.becomes(Some(statement), now(subject));
        }
    }

    fn leaves(&mut self, subject: Subject<'_, '_>, fate: processor::Fate, stays: bool) {
        let stories = self.stories(subject);
        if let Some(story) = stories.last() {
            if is_changed(subject) {
                story.becomes(None, now(subject));
            }
            story.meets(fate);
        }
        if stays {
            stories.stays();
        }
    }
}

/// The content of a part of a request as it is now.
fn now(subject: Subject<'_, '_>) -> Value {
    match subject {
        Subject::Resource(resource) => content(Part::ResourceSpans, &resource.envelope()),
        Subject::Scope(scope) => content(Part::ScopeSpans, &scope.envelope()),
        Subject::Span(span) => content(Part::Span, &span.encoded()),
    }
}

fn is_changed(subject: Subject<'_, '_>) -> bool {
    match subject {
        Subject::Resource(resource) => resource.is_changed(),
        Subject::Scope(scope) => scope.is_changed(),
        Subject::Span(span) => span.is_changed(),
    }
}

// === impl Seen ===

impl Seen {
    /// Of resources and scopes only those are told that do not go on as they came.
    fn is_worth_telling(&self) -> bool {
        !matches!(self.fate, Fate::Unchanged { .. })
    }
}
