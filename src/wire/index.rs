//! Where each resource, scope and span of a request lies.
//!
//! Built on demand, in one shallow pass, for those who look inside or cut.

use std::ops::Range;

use bytes::Bytes;

use super::Traces;
use super::reader::{Field, Fields, position};
use super::views::{ResourceView, ScopeView, SpanView};

/// The outline of a request.
#[derive(Clone, Debug)]
pub struct Index {
    traces: Traces,
    /// Fields of the request that are no `ResourceSpans`.
    pub(super) others: Vec<Range<usize>>,
    pub(super) resources: Vec<Envelope>,
    pub(super) scopes: Vec<Envelope>,
    pub(super) spans: Vec<Place>,
    /// All pieces of all headers.
    headers: Vec<Range<usize>>,
}

/// A `ResourceSpans` or `ScopeSpans`.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub body: Range<usize>,
    /// Which of the index's headers: everything in the body but the children.
    headers: Range<usize>,
    pub header_bytes: usize,
    /// Which of the index's scopes, or spans.
    pub children: Range<usize>,
}

/// A span.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The whole field.
    pub field: Range<usize>,
    /// Where its body begins.
    pub body: usize,
}

/// A span with what stands above it.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The span's resource.
    pub resource: ResourceView<'a>,
    /// The span's scope.
    pub scope: ScopeView<'a>,
    /// The span.
    pub span: SpanView<'a>,
}

/// A span by its numbers in the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub resource: usize,
    pub scope: usize,
    pub span: usize,
}

/// The key of `ResourceSpans` in a request.
pub(super) const RESOURCE_SPANS: u32 = 0x0a;
/// The key of `ScopeSpans` in `ResourceSpans`, and of `Span` in `ScopeSpans`.
pub(super) const CHILD: u32 = 0x12;

// === impl Index ===

impl Index {
    /// The outline of `traces`.
    pub fn of(traces: &Traces) -> Self {
        let mut index = Self {
            traces: traces.clone(),
            others: Vec::new(),
            resources: Vec::new(),
            scopes: Vec::new(),
            spans: Vec::with_capacity(traces.spans()),
            headers: Vec::new(),
        };
        for field in Fields::of(traces.bytes()) {
            match field.key {
                RESOURCE_SPANS => index.add_resource(traces.bytes(), field.payload),
                _ => index.others.push(position(traces.bytes(), field.raw)),
            }
        }
        index
    }

    /// All spans, in order.
    pub fn spans(&self) -> impl Iterator<Item = Located<'_>> {
        self.resources.iter().flat_map(move |resource| {
            let view = ResourceView::new(self.slice(&resource.body));
            self.scopes_of(resource)
                .iter()
                .flat_map(move |scope| self.located(view, scope))
        })
    }

    fn located<'a>(
        &'a self,
        resource: ResourceView<'a>,
        scope: &'a Envelope,
    ) -> impl Iterator<Item = Located<'a>> {
        let view = ScopeView::new(self.slice(&scope.body));
        let spans = self.spans.get(scope.children.clone()).unwrap_or_default();
        spans.iter().map(move |place| Located {
            resource,
            scope: view,
            span: SpanView::new(self.slice(&(place.body..place.field.end))),
        })
    }

    /// All spans, in order, by number.
    pub(super) fn spots(&self) -> impl Iterator<Item = Spot> {
        let resources = self.resources.iter().enumerate();
        resources.flat_map(move |(resource, envelope)| {
            let scopes = envelope.children.clone().zip(self.scopes_of(envelope));
            scopes.flat_map(move |(scope, envelope)| {
                envelope.children.clone().map(move |span| Spot {
                    resource,
                    scope,
                    span,
                })
            })
        })
    }

    pub(super) fn scopes_of(&self, resource: &Envelope) -> &[Envelope] {
        self.scopes.get(resource.children.clone()).unwrap_or_default()
    }

    /// The pieces of a resource's or scope's header.
    pub(super) fn header(&self, envelope: &Envelope) -> impl Iterator<Item = &[u8]> {
        let pieces = self.headers.get(envelope.headers.clone()).unwrap_or_default();
        pieces.iter().map(|piece| self.slice(piece))
    }

    /// The same bytes as a slice that shares the request's buffer.
    pub(super) fn share(&self, range: &Range<usize>) -> Bytes {
        let within = range.start <= range.end && range.end <= self.traces.bytes().len();
        let shared = within.then(|| self.traces.bytes().slice(range.clone()));
        shared.unwrap_or_default()
    }

    pub(super) fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.traces.bytes().get(range.clone()).unwrap_or_default()
    }

    fn add_resource(&mut self, whole: &[u8], body: &[u8]) {
        let mut envelope = self.envelope(whole, body);
        envelope.children.start = self.scopes.len();
        for field in children(body) {
            self.add_scope(whole, field.payload);
        }
        envelope.children.end = self.scopes.len();
        self.resources.push(envelope);
    }

    fn add_scope(&mut self, whole: &[u8], body: &[u8]) {
        let mut envelope = self.envelope(whole, body);
        envelope.children.start = self.spans.len();
        self.spans.extend(children(body).map(|field| Place {
            field: position(whole, field.raw),
            body: position(whole, field.payload).start,
        }));
        envelope.children.end = self.spans.len();
        self.scopes.push(envelope);
    }

    /// The envelope and its header, children still to come.
    fn envelope(&mut self, whole: &[u8], body: &[u8]) -> Envelope {
        let (first, mut bytes) = (self.headers.len(), 0);
        for field in Fields::of(body).filter(|field| field.key != CHILD) {
            self.headers.push(position(whole, field.raw));
            bytes += field.raw.len();
        }
        Envelope {
            body: position(whole, body),
            headers: first..self.headers.len(),
            header_bytes: bytes,
            children: 0..0,
        }
    }
}

fn children(body: &[u8]) -> impl Iterator<Item = Field<'_>> {
    Fields::of(body).filter(|field| field.key == CHILD)
}
