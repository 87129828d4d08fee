//! One group of statements on its way through a request.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::statements::ErrorMode;
use crate::ottl::{
    Cache, Context as About, Group, Outcome, Request, ResourceSeat, Scene, ScopeSeat, Seat, SpanSeat,
    Statement,
};
use crate::pipeline::processor::{Above, Context, Fate, Processor, Subject};
use crate::telemetry::statements::StatementEvents;
use crate::wire::{
    Amendment, Decision, EventEdit, EventView, ResourceEdit, ResourceView, ScopeEdit, SpanEdit,
};

/// A group of statements.
pub(super) struct Pass {
    group: Group,
    mode: ErrorMode,
    events: Arc<StatementEvents>,
    /// The outermost thing that a statement may edit.
    edits: About,
    /// The cache that it shares with other groups and that outlives requests, where the user wants one.
    shared: Option<Arc<Mutex<Cache>>>,
}

// === impl Pass ===

impl Pass {
    pub fn new(
        group: Group,
        mode: ErrorMode,
        events: Arc<StatementEvents>,
        shared: Option<Arc<Mutex<Cache>>>,
    ) -> Self {
        Self {
            edits: group.edits().unwrap_or(group.context),
            group,
            mode,
            events,
            shared,
        }
    }

    /// A cache for one thing, or the one that is shared.
    fn with_cache<T>(&self, work: impl FnOnce(&mut Cache) -> T) -> T {
        match &self.shared {
            None => work(&mut Cache::default()),
            Some(shared) => work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Runs the statements on the innermost of these.
    fn run<'s, 'a, 'e>(
        &self,
        context: Context<'_>,
        resource: ResourceSeat<'s, 'a>,
        scope: Option<ScopeSeat<'s, 'a>>,
        span: Option<SpanSeat<'s, 'a>>,
        event: Option<&'s mut EventEdit<'e>>,
    ) -> Outcome<()> {
        self.with_cache(|cache| {
            let scene = &mut Scene {
                request: &request(context),
                resource,
                scope,
                span,
                event,
                cache,
            };
            let mut edits = if context.is_heard() { scene.edits() } else { 0 };
            self.group.run(
                scene,
                |error| self.events.failed(self.mode, error),
                |statement, scene| {
                    if context.is_heard() && scene.edits() != edits {
                        edits = scene.edits();
                        tell(context, statement, scene);
                    }
                },
            )
        })
    }

    fn on_span<'s, 'a>(
        &self,
        context: Context<'_>,
        mut resource: ResourceSeat<'s, 'a>,
        mut scope: ScopeSeat<'s, 'a>,
        span: &'s mut SpanEdit<'a>,
    ) -> Fate {
        let done = match self.group.context {
            About::Span => self.run(context, resource, Some(scope), Some(Seat::Edited(span)), None),
            About::SpanEvent => self.on_events(context, &mut resource, &mut scope, span),
            About::Scope | About::Resource => Ok(()),
        };
        fate(done)
    }

    fn on_events<'s, 'a>(
        &self,
        context: Context<'_>,
        resource: &mut ResourceSeat<'s, 'a>,
        scope: &mut ScopeSeat<'s, 'a>,
        span: &mut SpanEdit<'a>,
    ) -> Outcome<()> {
        let edits_span = !matches!(self.edits, About::SpanEvent);
        if edits_span || context.is_heard() {
            return self.on_each_event(context, resource, scope, span);
        }
        let mut done = Ok(());
        span.edit_events(|span, _, event| {
            if done.is_ok() {
                let (resource, scope) = (resource.again(), Some(scope.again()));
                done = self.run(context, resource, scope, Some(Seat::Shown(span)), Some(event));
            }
            Decision::Keep
        });
        done
    }

    /// The same where statements edit the span, too, or somebody wants to know what each did: the span has each event as
    /// its statements left it before the next one's turn comes.
    fn on_each_event<'s, 'a>(
        &self,
        context: Context<'_>,
        resource: &mut ResourceSeat<'s, 'a>,
        scope: &mut ScopeSeat<'s, 'a>,
        span: &mut SpanEdit<'a>,
    ) -> Outcome<()> {
        let mut number = 0;
        while let Some(body) = span.event_body(number) {
            let mut event = EventView::over(&body).amend();
            let (resource, scope) = (resource.again(), Some(scope.again()));
            let edited = Some(Seat::Edited(&mut *span));
            let done = self.run(context, resource, scope, edited, Some(&mut event));
            if event.is_changed() {
                span.replace_event(number, Some(&event.encoded()));
                if context.is_heard() {
                    let text = format!("event {number}: {}", self.texts());
                    context.did(&text, Subject::Span(span));
                }
            }
            done?;
            number += 1;
        }
        Ok(())
    }

    /// All statements, for those that are not told apart.
    fn texts(&self) -> String {
        let texts: Vec<&str> = self.group.statements.iter().map(Statement::text).collect();
        texts.join("; ")
    }
}

/// Tells what a statement has just changed.
fn tell(context: Context<'_>, statement: &Statement, scene: &Scene<'_, '_, '_>) {
    let subject = match statement.edits() {
        Some(About::Resource) => Some(Subject::Resource(scene.resource())),
        Some(About::Scope) => scene.scope().ok().map(Subject::Scope),
        _ => scene.span().ok().map(Subject::Span),
    };
    if let Some(subject) = subject {
        context.did(statement.text(), subject);
    }
}

fn request(context: Context<'_>) -> Request<'_> {
    Request {
        address: context.client.address,
        metadata: &context.client.metadata,
        attributes: context.client.attributes(),
    }
}

fn fate(done: Outcome<()>) -> Fate {
    match done {
        Ok(()) => Fate::Keep,
        Err(error) => Fate::Fail(error.to_string().into_boxed_str()),
    }
}

impl Processor for Pass {
    fn edits_above(&self) -> bool {
        // Other groups must see the shared cache as the whole request left it.
        if self.shared.is_some() {
            return true;
        }
        match self.group.context {
            About::Resource => false,
            About::Scope => self.edits == About::Resource,
            About::Span | About::SpanEvent => matches!(self.edits, About::Resource | About::Scope),
        }
    }

    fn resource(&self, context: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        if self.group.context != About::Resource {
            return Fate::Keep;
        }
        fate(self.run(context, Seat::Edited(resource), None, None, None))
    }

    fn scope(&self, context: Context<'_>, resource: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        if self.group.context != About::Scope {
            return Fate::Keep;
        }
        let resource = Amendment::new(resource);
        fate(self.run(
            context,
            Seat::Shown(&resource),
            Some(Seat::Edited(scope)),
            None,
            None,
        ))
    }

    fn span(&self, context: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        self.on_span(
            context,
            Seat::Shown(above.resource),
            Seat::Shown(above.scope),
            span,
        )
    }

    fn scope_and_above<'a>(
        &self,
        context: Context<'_>,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
    ) -> Fate {
        if self.group.context != About::Scope {
            return Fate::Keep;
        }
        fate(self.run(
            context,
            Seat::Edited(resource),
            Some(Seat::Edited(scope)),
            None,
            None,
        ))
    }

    fn span_and_above<'a>(
        &self,
        context: Context<'_>,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Fate {
        self.on_span(context, Seat::Edited(resource), Seat::Edited(scope), span)
    }
}
