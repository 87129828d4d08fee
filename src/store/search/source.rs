//! What a search looks at: the store at one moment.

use std::sync::Arc;

use bytes::Bytes;

use crate::query::model::{FoundSpan, TraceId};
use crate::store::segment::Segment;

/// The store at one moment. A row is in the head or in one segment, never in both.
pub trait Source: Send + Sync {
    /// The insertion number that comes next: above all that are here.
    fn next_number(&self) -> u64;

    /// The segments, in any order.
    fn segments(&self) -> &[Arc<Segment>];

    /// The rows that no segment has, newest first.
    fn head(&self) -> Box<dyn Iterator<Item = Recent<'_>> + '_>;

    /// Those of one trace, in any order.
    fn head_of_trace(&self, trace: &TraceId) -> Box<dyn Iterator<Item = Recent<'_>> + '_>;

    /// Whether any deletion is to be applied at all.
    fn has_deletions(&self) -> bool;

    /// Whether a row has been deleted.
    fn is_deleted(&self, row: &Named<'_>) -> bool;
}

/// A row that no segment has.
#[derive(Clone, Copy)]
pub struct Recent<'a> {
    /// Its insertion number.
    pub number: u64,
    /// Its trace.
    pub trace: TraceId,
    /// Its start, in nanoseconds since 1970.
    pub start: u64,
    /// Its end, in nanoseconds since 1970.
    pub end: u64,
    /// Its project.
    pub project: &'a Arc<str>,
    /// As in [`FoundSpan`].
    pub resource: &'a Bytes,
    /// As in [`FoundSpan`].
    pub scope: &'a Bytes,
    /// As in [`FoundSpan`].
    pub span: &'a Bytes,
}

/// What a deletion goes by.
pub struct Named<'a> {
    /// The insertion number.
    pub number: u64,
    /// The project.
    pub project: &'a str,
    /// The trace.
    pub trace: TraceId,
    /// The span's id.
    pub span: [u8; 8],
    /// The start, in nanoseconds since 1970.
    pub start: u64,
}

// === impl Recent ===

impl Recent<'_> {
    /// The row as it is given out.
    pub fn found(&self) -> FoundSpan {
        FoundSpan {
            number: self.number,
            project: self.project.clone(),
            resource: self.resource.clone(),
            scope: self.scope.clone(),
            span: self.span.clone(),
        }
    }
}
