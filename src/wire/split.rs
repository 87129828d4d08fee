//! Cutting a request into parts, by size or by what its spans are. First it is planned, then each part is written once.

use std::ops::Range;

use bytes::Bytes;

use super::Traces;
use super::index::{Envelope, Index, Spot};
use super::views::{ResourceView, SpanView};
use super::writer::{put_varint, wrapped_len};

/// Says which group each span of a request goes to.
pub trait Sorter {
    /// Told of each resource before its spans.
    fn resource(&mut self, resource: ResourceView<'_>);

    /// The group of a span of that resource. Groups are numbered from 0 on, without large gaps.
    fn group(&mut self, span: SpanView<'_>) -> usize;

    /// The most encoded bytes that a part of the group has, unless it is one single span.
    fn max_bytes(&self, group: usize) -> usize;
}

/// Spans that will be one request.
#[derive(Default)]
struct Part {
    resources: Vec<Piece>,
    scopes: Vec<Piece>,
    /// Which of the index's spans.
    spans: Vec<usize>,
    size: Size,
    /// Whether the request's unknown fields go with it.
    has_others: bool,
}

/// What a part has of one resource or scope.
struct Piece {
    /// Which of the index's resources or scopes.
    envelope: usize,
    /// Bytes of the body as written.
    body: usize,
    /// Which of the part's scopes, or of its spans.
    children: Range<usize>,
}

/// Encoded bytes of a part while it grows.
#[derive(Clone, Copy, Default)]
struct Size {
    /// What is complete.
    closed: usize,
    /// The body of the last resource, less the last scope. Zero only before the first.
    resource: usize,
    /// The body of the last scope.
    scope: usize,
}

impl Traces {
    /// Cuts into parts of at most `max_spans` spans and `max_bytes` encoded bytes (0: no bound), in order.
    /// Resource and scope headers are repeated where a cut goes through them. A part exceeds `max_bytes` only
    /// when it is one single span. Uncut input is returned as it is, without a copy.
    ///
    /// Fields of the request that are unknown go with the first part; resources and scopes without spans are
    /// left out of what is cut. Time and memory grow with what is written: the spans once, and their headers
    /// once a part.
    pub fn split(&self, max_spans: usize, max_bytes: usize) -> Vec<Traces> {
        let max_spans = bound(max_spans);
        let max_bytes = bound(max_bytes);
        if self.spans() <= 1 || (self.spans() <= max_spans && self.bytes.len() <= max_bytes) {
            return vec![self.clone()];
        }
        let mut sorter = Alike { max_bytes };
        let parts = self.cut(&mut sorter, max_spans);
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// Cuts into parts whose spans are of one group, which is told with each, and that are within the bound of their
    /// group. Within a group spans keep their order. Headers and unknown fields are as in [`Self::split`].
    pub fn divide(&self, sorter: &mut impl Sorter) -> Vec<(usize, Traces)> {
        self.cut(sorter, usize::MAX)
    }

    fn cut(&self, sorter: &mut impl Sorter, max_spans: usize) -> Vec<(usize, Traces)> {
        let index = Index::of(self);
        let mut done: Vec<(usize, Traces)> = Vec::new();
        let mut open: Vec<Part> = Vec::new();
        let mut above = None;
        let mut first = true;
        for (spot, located) in index.spots().zip(index.spans()) {
            if above != Some(spot.resource) {
                sorter.resource(located.resource);
                above = Some(spot.resource);
            }
            let group = sorter.group(located.span);
            while open.len() <= group {
                open.push(Part::default());
            }
            let Some(part) = open.get_mut(group) else {
                continue;
            };
            if std::mem::take(&mut first) {
                *part = Part::first(&index);
            }
            let grown = part.grown(&index, spot);
            let fits = part.spans.len() < max_spans && grown.bytes() <= sorter.max_bytes(group);
            if !part.spans.is_empty() && !fits {
                done.push((group, std::mem::take(part).write(&index)));
            }
            part.take(spot, part.grown(&index, spot));
        }
        let rest = open.into_iter().enumerate();
        let rest = rest.filter(|(_, part)| !part.spans.is_empty());
        done.extend(rest.map(|(group, part)| (group, part.write(&index))));
        done
    }
}

/// All spans are of one group.
struct Alike {
    max_bytes: usize,
}

fn bound(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

fn is_last(pieces: &[Piece], envelope: usize) -> bool {
    pieces.last().is_some_and(|piece| piece.envelope == envelope)
}

fn header_bytes(envelopes: &[Envelope], at: usize) -> usize {
    envelopes.get(at).map_or(0, |envelope| envelope.header_bytes)
}

// === impl Alike ===

impl Sorter for Alike {
    fn resource(&mut self, _resource: ResourceView<'_>) {}

    fn group(&mut self, _span: SpanView<'_>) -> usize {
        0
    }

    fn max_bytes(&self, _group: usize) -> usize {
        self.max_bytes
    }
}

// === impl Piece ===

impl Piece {
    fn new(envelope: usize, child: usize) -> Self {
        Self {
            envelope,
            body: 0,
            children: child..child,
        }
    }
}

// === impl Size ===

impl Size {
    fn bytes(self) -> usize {
        match self.scope {
            0 => self.closed,
            _ => self.closed + wrapped_len(self.resource + wrapped_len(self.scope)),
        }
    }
}

// === impl Part ===

impl Part {
    /// The part that the request's unknown fields go with.
    fn first(index: &Index) -> Self {
        let closed = index.others.iter().map(|other| other.len()).sum();
        Self {
            size: Size {
                closed,
                ..Size::default()
            },
            has_others: true,
            ..Self::default()
        }
    }

    /// The size with one more span.
    fn grown(&self, index: &Index, spot: Spot) -> Size {
        let size = self.size;
        let len = index.spans.get(spot.span).map_or(0, |place| place.field.len());
        if is_last(&self.scopes, spot.scope) {
            return Size {
                scope: size.scope + len,
                ..size
            };
        }
        let scope = header_bytes(&index.scopes, spot.scope) + len;
        match is_last(&self.resources, spot.resource) {
            true => Size {
                closed: size.closed,
                resource: size.resource + wrapped_len(size.scope),
                scope,
            },
            false => Size {
                closed: size.bytes(),
                resource: header_bytes(&index.resources, spot.resource),
                scope,
            },
        }
    }

    fn take(&mut self, spot: Spot, grown: Size) {
        if !is_last(&self.resources, spot.resource) {
            self.resources.push(Piece::new(spot.resource, self.scopes.len()));
        }
        if !is_last(&self.scopes, spot.scope) {
            self.scopes.push(Piece::new(spot.scope, self.spans.len()));
        }
        if let (Some(resource), Some(scope)) = (self.resources.last_mut(), self.scopes.last_mut()) {
            self.spans.push(spot.span);
            scope.children.end = self.spans.len();
            scope.body = grown.scope;
            resource.children.end = self.scopes.len();
            resource.body = grown.resource + wrapped_len(grown.scope);
        }
        self.size = grown;
    }

    fn write(&self, index: &Index) -> Traces {
        let mut out = Vec::with_capacity(self.size.bytes());
        if self.has_others {
            index
                .others
                .iter()
                .for_each(|other| out.extend_from_slice(index.slice(other)));
        }
        for resource in &self.resources {
            put_varint(&mut out, 0x0a);
            put_varint(&mut out, resource.body as u64);
            if let Some(envelope) = index.resources.get(resource.envelope) {
                index
                    .header(envelope)
                    .for_each(|piece| out.extend_from_slice(piece));
            }
            for scope in self.scopes.get(resource.children.clone()).unwrap_or_default() {
                self.write_scope(index, scope, &mut out);
            }
        }
        Traces {
            bytes: Bytes::from(out),
            spans: u32::try_from(self.spans.len()).unwrap_or(u32::MAX),
        }
    }

    fn write_scope(&self, index: &Index, scope: &Piece, out: &mut Vec<u8>) {
        put_varint(out, 0x12);
        put_varint(out, scope.body as u64);
        if let Some(envelope) = index.scopes.get(scope.envelope) {
            index
                .header(envelope)
                .for_each(|piece| out.extend_from_slice(piece));
        }
        let spans = self.spans.get(scope.children.clone()).unwrap_or_default();
        for span in spans.iter().filter_map(|span| index.spans.get(*span)) {
            out.extend_from_slice(index.slice(&span.field));
        }
    }
}
