//! Our evaluator, run over all items of a request.

use super::super::{Cache, Context, Error, Group, Request, Scene, Seat};
use super::Became;
use crate::wire::{Amendment, Decision, Editor, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit};

/// Runs a group on each thing that it is about, and notes what became of it.
pub(super) struct Ours<'g> {
    group: &'g Group,
    metadata: Vec<(String, Vec<String>)>,
    span: usize,
    /// By item: what became of each condition, then of each statement.
    pub became: Vec<Vec<Became>>,
    /// By item: which span it is or belongs to.
    pub spans: Vec<Option<usize>>,
}

/// Who sent all requests.
pub(super) fn address() -> std::net::SocketAddr {
    ([127, 0, 0, 1], 4317).into()
}

/// What comes along with all requests.
pub(super) fn metadata() -> Vec<(String, Vec<String>)> {
    vec![
        ("x-tenant".into(), vec!["one".into(), "two".into()]),
        ("empty".into(), Vec::new()),
    ]
}

// === impl Ours ===

impl<'g> Ours<'g> {
    pub fn new(group: &'g Group) -> Self {
        Self {
            group,
            metadata: metadata(),
            span: 0,
            became: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn is_about(&self, context: Context) -> bool {
        self.group.context == context
    }

    fn note(&mut self, span: Option<usize>, became: Vec<Became>) {
        self.became.push(became);
        self.spans.push(span);
    }
}

/// One item: its conditions, of which one must hold, then its statements.
fn run(group: &Group, scene: &mut Scene<'_, '_, '_>) -> Vec<Became> {
    let mut became = Vec::new();
    let mut holds = group.conditions.is_empty();
    for condition in &group.conditions {
        became.push(match holds {
            true => Became::Not,
            false => said(condition.holds(scene)),
        });
        holds |= became.last() == Some(&Became::Did);
    }
    for statement in &group.statements {
        became.push(match holds {
            true => said(statement.run(scene)),
            false => Became::Not,
        });
    }
    became
}

fn said(outcome: Result<bool, Error>) -> Became {
    match outcome {
        Err(_) => Became::Failed,
        Ok(true) => Became::Did,
        Ok(false) => Became::Not,
    }
}

impl Editor for Ours<'_> {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        if self.is_about(Context::Resource) {
            let became = run(
                self.group,
                &mut Scene {
                    request: &Request {
                        address: Some(address()),
                        metadata: &self.metadata,
                        attributes: &[],
                    },
                    resource: Seat::Edited(resource),
                    scope: None,
                    span: None,
                    event: None,
                    cache: &mut Cache::default(),
                },
            );
            self.note(None, became);
        }
        Decision::Keep
    }

    fn scope(&mut self, resource: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        if self.is_about(Context::Scope) {
            let became = run(
                self.group,
                &mut Scene {
                    request: &Request {
                        address: Some(address()),
                        metadata: &self.metadata,
                        attributes: &[],
                    },
                    resource: Seat::Shown(&Amendment::new(resource)),
                    scope: Some(Seat::Edited(scope)),
                    span: None,
                    event: None,
                    cache: &mut Cache::default(),
                },
            );
            self.note(None, became);
        }
        Decision::Keep
    }

    fn span(
        &mut self,
        resource: ResourceView<'_>,
        scope: ScopeView<'_>,
        span: &mut SpanEdit<'_>,
    ) -> Decision {
        let (number, resource, scope) = (self.span, Amendment::new(resource), Amendment::new(scope));
        self.span += 1;
        let metadata = std::mem::take(&mut self.metadata);
        let request = Request {
            address: Some(address()),
            metadata: &metadata,
            attributes: &[],
        };
        if self.is_about(Context::Span) {
            let became = run(
                self.group,
                &mut Scene {
                    request: &request,
                    resource: Seat::Shown(&resource),
                    scope: Some(Seat::Shown(&scope)),
                    span: Some(Seat::Edited(span)),
                    event: None,
                    cache: &mut Cache::default(),
                },
            );
            self.note(Some(number), became);
        }
        if self.is_about(Context::SpanEvent) {
            span.edit_events(|span, _, event| {
                let became = run(
                    self.group,
                    &mut Scene {
                        request: &request,
                        resource: Seat::Shown(&resource),
                        scope: Some(Seat::Shown(&scope)),
                        span: Some(Seat::Shown(span)),
                        event: Some(event),
                        cache: &mut Cache::default(),
                    },
                );
                self.note(Some(number), became);
                Decision::Keep
            });
        }
        self.metadata = metadata;
        Decision::Keep
    }
}
