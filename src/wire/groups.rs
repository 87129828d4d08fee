//! A request for those who keep its spans: what stands above them, written once, and each span as bytes of its own.

use bytes::Bytes;

use super::index::{Envelope, Index};
use super::reader::{Fields, wire};
use super::views::ResourceView;

/// The spans of one scope.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    index: &'a Index,
    resource: &'a Envelope,
    scope: &'a Envelope,
}

/// What tells a span from others, and when it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span.
    pub span_id: [u8; 8],
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970; before `start` where a clock went back.
    pub end: u64,
}

// === impl Index ===

impl Index {
    /// The scopes, in order.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        self.resources.iter().flat_map(move |resource| {
            let scopes = self.scopes_of(resource).iter();
            scopes.map(move |scope| Group {
                index: self,
                resource,
                scope,
            })
        })
    }
}

// === impl Group ===

impl<'a> Group<'a> {
    /// The resource.
    pub fn resource(&self) -> ResourceView<'a> {
        ResourceView::new(self.index.slice(&self.resource.body))
    }

    /// Appends the body of the `ResourceSpans` without its scopes.
    pub fn write_resource(&self, into: &mut Vec<u8>) {
        let pieces = self.index.header(self.resource);
        pieces.for_each(|piece| into.extend_from_slice(piece));
    }

    /// Appends the body of the `ScopeSpans` without its spans.
    pub fn write_scope(&self, into: &mut Vec<u8>) {
        let pieces = self.index.header(self.scope);
        pieces.for_each(|piece| into.extend_from_slice(piece));
    }

    /// The bodies of the spans, which share the request's buffer.
    pub fn spans(&self) -> impl Iterator<Item = Bytes> + 'a {
        let index = self.index;
        let spans = index.spans.get(self.scope.children.clone()).unwrap_or_default();
        spans
            .iter()
            .map(|place| index.share(&(place.body..place.field.end)))
    }
}

// === impl Identity ===

impl Identity {
    /// Of the body of a span, in one pass. Ids of a wrong length, which no `Traces` holds, read as zeros.
    pub fn of(span: &[u8]) -> Self {
        const START: u32 = 7 << 3 | wire::FIXED64;
        const END: u32 = 8 << 3 | wire::FIXED64;
        let mut identity = Self::default();
        for field in Fields::of(span) {
            match field.key {
                0x0a => identity.trace_id = field.payload.try_into().unwrap_or_default(),
                0x12 => identity.span_id = field.payload.try_into().unwrap_or_default(),
                START => identity.start = field.value,
                END => identity.end = field.value,
                _ => {}
            }
        }
        identity
    }

    /// Nanoseconds from start to end; negative where a clock went back.
    pub fn duration(&self) -> i64 {
        self.end.wrapping_sub(self.start).cast_signed()
    }
}
