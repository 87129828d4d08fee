//! What a search looks at: the store at one moment.

use std::sync::Arc;

use crate::query::model::TraceId;
use crate::store::PartView;
use crate::store::segment::Segment;

/// The store at one moment. A row is in the head or in one segment, never in both.
pub trait Source: Send + Sync {
    /// The insertion number that comes next: above all that are here.
    fn next_number(&self) -> u64;

    /// The segments, in any order.
    fn segments(&self) -> &[Arc<Segment>];

    /// The parts of the head, oldest first: the rows that no segment has.
    fn head(&self) -> &[PartView];

    /// Whether any deletion is to be applied at all.
    fn has_deletions(&self) -> bool;

    /// Whether a row has been deleted.
    fn is_deleted(&self, row: &Named<'_>) -> bool;
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
