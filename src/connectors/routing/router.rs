//! Requests on their way through the table.

use std::sync::Arc;

use super::request::RequestTest;
use super::route::{Match, Route, Test};
use crate::config::statements::ErrorMode;
use crate::ottl::{Cache, Error, Outcome, Request, Scene, Seat};
use crate::pipeline::client::Client;
use crate::pipeline::routing::{Routed, Router};
use crate::telemetry::statements::StatementEvents;
use crate::wire::{Amendment, Decision, Editor, ResourceEdit, ResourceView, ScopeView, SpanEdit, Traces};

/// The routes in order, each with the numbers of its pipelines.
pub(super) struct Table {
    pub routes: Vec<(Route, Vec<usize>)>,
    /// The pipelines that get what is left.
    pub rest: Vec<usize>,
    /// How many pipelines there are.
    pub pipelines: usize,
    pub mode: ErrorMode,
    pub events: Arc<StatementEvents>,
}

/// What a route makes of spans.
struct Divided {
    matched: Traces,
    rest: Traces,
    /// By span: whether it is among those that matched.
    spans: Vec<bool>,
}

/// Keeps what a route matches, and remembers what that was.
struct Sieve<'r> {
    table: &'r Table,
    test: &'r Match,
    is_about_spans: bool,
    request: Request<'r>,
    /// By resource, or by span: whether it matched.
    matched: Vec<bool>,
    /// By span, always.
    spans: Vec<bool>,
    failed: Option<Error>,
}

/// Keeps what a route did not match.
struct Rest {
    is_about_spans: bool,
    matched: std::vec::IntoIter<bool>,
}

// === impl Table ===

impl Table {
    /// What the route matches of the spans, and what it leaves.
    fn divide(&self, route: &Route, traces: &Traces, client: &Client) -> Outcome<Divided> {
        let (test, is_about_spans) = match &route.test {
            Test::Request(test) => return Ok(whole(test, traces, client)),
            Test::Resource(test) => (test, false),
            Test::Span(test) => (test, true),
        };
        let mut sieve = Sieve {
            table: self,
            test,
            is_about_spans,
            request: Request {
                address: client.address,
                metadata: &client.metadata,
                attributes: client.attributes(),
            },
            matched: Vec::new(),
            spans: Vec::with_capacity(traces.spans()),
            failed: None,
        };
        let matched = traces.edit(&mut sieve);
        if let Some(error) = sieve.failed {
            return Err(error);
        }
        let mut rest = Rest {
            is_about_spans,
            matched: sieve.matched.into_iter(),
        };
        Ok(Divided {
            matched,
            rest: traces.edit(&mut rest),
            spans: sieve.spans,
        })
    }
}

/// A request is matched as a whole, or not at all.
fn whole(test: &RequestTest, traces: &Traces, client: &Client) -> Divided {
    let (all, nothing) = (traces.clone(), Traces::restored(bytes::Bytes::new(), 0));
    let holds = test.holds(client);
    let (matched, rest) = if holds { (all, nothing) } else { (nothing, all) };
    Divided {
        matched,
        rest,
        spans: vec![holds; traces.spans()],
    }
}

/// Both in one request.
fn joined(one: Traces, other: &Traces) -> Traces {
    if one.bytes().is_empty() {
        return other.clone();
    }
    let spans = u32::try_from(one.spans() + other.spans()).unwrap_or(u32::MAX);
    let bytes = [one.bytes().as_ref(), other.bytes().as_ref()].concat();
    Traces::restored(bytes.into(), spans)
}

impl Router for Table {
    fn route(&self, traces: &Traces, client: &Client) -> Result<Routed, Box<str>> {
        let mut parts: Vec<Option<Traces>> = vec![None; self.pipelines];
        let mut give = |pipelines: &[usize], traces: &Traces| {
            for number in pipelines {
                if let Some(part) = parts.get_mut(*number) {
                    let before = part.take();
                    *part = Some(before.map_or_else(|| traces.clone(), |before| joined(before, traces)));
                }
            }
        };
        let mut left = traces.clone();
        // By span of what is left: whether a pipeline got a copy.
        let mut copied = vec![false; left.spans()];
        for (route, pipelines) in &self.routes {
            if left.spans() == 0 {
                break;
            }
            let divided = self.divide(route, &left, client);
            let divided = divided.map_err(|error| error.to_string().into_boxed_str())?;
            if divided.matched.spans() == 0 {
                continue;
            }
            give(pipelines, &divided.matched);
            let mut is_matched = divided.spans.into_iter();
            if route.copies {
                copied
                    .iter_mut()
                    .zip(is_matched)
                    .for_each(|(copied, matched)| *copied |= matched);
            } else {
                copied.retain(|_| !is_matched.next().unwrap_or_default());
                left = divided.rest;
            }
        }
        let mut unrouted = 0;
        match self.rest.is_empty() {
            true => unrouted = copied.iter().filter(|copied| !**copied).count() as u64,
            false if left.spans() > 0 => give(&self.rest, &left),
            false => {}
        }
        Ok(Routed { parts, unrouted })
    }
}

impl Editor for Sieve<'_> {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        if self.is_about_spans {
            return Decision::Keep;
        }
        let spans = resource.before().spans();
        let scene = &mut Scene {
            request: &self.request,
            resource: Seat::Edited(resource),
            scope: None,
            span: None,
            event: None,
            cache: &mut Cache::default(),
        };
        let matched = self
            .test
            .matches(scene, |error| self.table.events.failed(self.table.mode, error));
        self.note(matched, spans)
    }

    fn span(
        &mut self,
        resource: ResourceView<'_>,
        scope: ScopeView<'_>,
        span: &mut SpanEdit<'_>,
    ) -> Decision {
        if !self.is_about_spans {
            return Decision::Keep;
        }
        let (resource, scope) = (Amendment::new(resource), Amendment::new(scope));
        let scene = &mut Scene {
            request: &self.request,
            resource: Seat::Shown(&resource),
            scope: Some(Seat::Shown(&scope)),
            span: Some(Seat::Edited(span)),
            event: None,
            cache: &mut Cache::default(),
        };
        let matched = self
            .test
            .matches(scene, |error| self.table.events.failed(self.table.mode, error));
        self.note(matched, 1)
    }
}

// === impl Sieve ===

impl Sieve<'_> {
    fn note(&mut self, matched: Outcome<bool>, spans: usize) -> Decision {
        let matched = matched.unwrap_or_else(|error| {
            self.failed = self.failed.take().or(Some(error));
            false
        });
        self.matched.push(matched);
        self.spans.extend(std::iter::repeat_n(matched, spans));
        match matched {
            true => Decision::Keep,
            false => Decision::Drop,
        }
    }
}

impl Editor for Rest {
    fn resource(&mut self, _: &mut ResourceEdit<'_>) -> Decision {
        match self.is_about_spans {
            true => Decision::Keep,
            false => self.next(),
        }
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, _: &mut SpanEdit<'_>) -> Decision {
        match self.is_about_spans {
            true => self.next(),
            false => Decision::Keep,
        }
    }
}

// === impl Rest ===

impl Rest {
    fn next(&mut self) -> Decision {
        match self.matched.next() {
            Some(true) => Decision::Drop,
            _ => Decision::Keep,
        }
    }
}
