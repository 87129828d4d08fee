//! A view of the store as what a search looks at.

use std::sync::Arc;

use super::source::{Named, Source};
use crate::store::segment::Segment;
use crate::store::{PartView, View};
use crate::wire::Identity;

impl Source for View {
    fn next_number(&self) -> u64 {
        self.next_number()
    }

    fn segments(&self) -> &[Arc<Segment>] {
        self.segments()
    }

    fn head(&self) -> &[PartView] {
        self.parts()
    }

    fn has_deletions(&self) -> bool {
        self.tombstones().next().is_some()
    }

    fn is_deleted(&self, row: &Named<'_>) -> bool {
        let span = Identity {
            trace_id: row.trace.0,
            span_id: row.span,
            start: row.start,
            // No deletion goes by it.
            end: row.start,
        };
        self.is_deleted(row.number, row.project, &span)
    }
}
