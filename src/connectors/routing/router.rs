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

/// Keeps what a route matches, and remembers what that was.
struct Sieve<'r> {
    table: &'r Table,
    test: &'r Match,
    is_about_spans: bool,
    request: Request<'r>,
    /// By resource, or by span: whether it matched.
    matched: Vec<bool>,
    failed: Option<Error>,
}

/// Keeps what a route did not match.
struct Rest {
    is_about_spans: bool,
    matched: std::vec::IntoIter<bool>,
}

// === impl Table ===

impl Table {
    fn failed(&self, error: Error) -> Outcome<()> {
        match self.mode {
            ErrorMode::Propagate => return Err(error),
            ErrorMode::Ignore => self.events.passed_over(&error),
            ErrorMode::Silent => self.events.passed_over_in_silence(),
        }
        Ok(())
    }

    /// What the route matches of the spans, and what it leaves.
    fn divide(&self, route: &Route, traces: &Traces, client: &Client) -> Outcome<(Traces, Traces)> {
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
            },
            matched: Vec::new(),
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
        Ok((matched, traces.edit(&mut rest)))
    }
}

/// A request is matched as a whole, or not at all.
fn whole(test: &RequestTest, traces: &Traces, client: &Client) -> (Traces, Traces) {
    let (all, nothing) = (traces.clone(), Traces::restored(bytes::Bytes::new(), 0));
    match test.holds(client) {
        true => (all, nothing),
        false => (nothing, all),
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
        for (route, pipelines) in &self.routes {
            if left.spans() == 0 {
                break;
            }
            let divided = self.divide(route, &left, client);
            let (matched, rest) = divided.map_err(|error| error.to_string().into_boxed_str())?;
            if matched.spans() == 0 {
                continue;
            }
            give(pipelines, &matched);
            if !route.copies {
                left = rest;
            }
        }
        let mut unrouted = left.spans() as u64;
        if unrouted > 0 && !self.rest.is_empty() {
            give(&self.rest, &left);
            unrouted = 0;
        }
        // What was copied has gone somewhere.
        let copied = self.routes.iter().any(|(route, _)| route.copies);
        if copied && parts.iter().flatten().any(|part| part.spans() > 0) {
            unrouted = unrouted.min(missing(traces, &parts));
        }
        Ok(Routed { parts, unrouted })
    }
}

/// How many spans are in no part.
fn missing(traces: &Traces, parts: &[Option<Traces>]) -> u64 {
    let ids = |traces: &Traces| -> Vec<[u8; 24]> {
        let index = crate::wire::Index::of(traces);
        let id = |located: crate::wire::Located<'_>| {
            let mut id = [0; 24];
            let bytes = located.span.trace_id().iter().chain(located.span.span_id());
            id.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
            id
        };
        index.spans().map(id).collect()
    };
    let given: std::collections::HashSet<[u8; 24]> = parts.iter().flatten().flat_map(&ids).collect();
    ids(traces).iter().filter(|id| !given.contains(*id)).count() as u64
}

impl Editor for Sieve<'_> {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        if self.is_about_spans {
            return Decision::Keep;
        }
        let scene = &mut Scene {
            request: &self.request,
            resource: Seat::Edited(resource),
            scope: None,
            span: None,
            event: None,
            cache: &mut Cache::default(),
        };
        let matched = self.test.matches(scene, |error| self.table.failed(error));
        self.note(matched)
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
        let matched = self.test.matches(scene, |error| self.table.failed(error));
        self.note(matched)
    }
}

// === impl Sieve ===

impl Sieve<'_> {
    fn note(&mut self, matched: Outcome<bool>) -> Decision {
        let matched = matched.unwrap_or_else(|error| {
            self.failed = self.failed.take().or(Some(error));
            false
        });
        self.matched.push(matched);
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
