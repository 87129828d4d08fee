//! A view of the store as what a search looks at.

use std::sync::Arc;

use super::source::{Named, Recent, Source};
use crate::query::model::TraceId;
use crate::store::segment::Segment;
use crate::store::{Row, View};
use crate::wire::Identity;

impl Source for View {
    fn next_number(&self) -> u64 {
        self.next_number()
    }

    fn segments(&self) -> &[Arc<Segment>] {
        self.segments()
    }

    fn head(&self) -> Box<dyn Iterator<Item = Recent<'_>> + '_> {
        let parts = self.parts().iter().rev();
        Box::new(parts.flat_map(|part| part.rows().rev()).map(Recent::from))
    }

    fn head_of_trace(&self, trace: &TraceId) -> Box<dyn Iterator<Item = Recent<'_>> + '_> {
        let trace = *trace;
        let rows = self
            .parts()
            .iter()
            .flat_map(move |part| part.rows_of_trace(&trace.0).collect::<Vec<_>>());
        Box::new(rows.map(Recent::from))
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

impl<'a> From<&'a Row> for Recent<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            number: row.number,
            trace: TraceId(row.identity.trace_id),
            start: row.identity.start,
            end: row.identity.end,
            project: &row.above.project,
            resource: &row.above.resource,
            scope: &row.above.scope,
            span: &row.span,
        }
    }
}
