//! A span in the head.

use std::sync::Arc;

use bytes::Bytes;

use crate::query::model::FoundSpan;
use crate::wire::Identity;

/// What stands above spans: shared by all spans of one scope of one request.
#[derive(Debug, PartialEq, Eq)]
pub struct Above {
    /// The project.
    pub project: Arc<str>,
    /// The body of a `ResourceSpans` without its scopes.
    pub resource: Bytes,
    /// The body of a `ScopeSpans` without its spans.
    pub scope: Bytes,
}

/// A span in the head, with the columns that most questions need.
#[derive(Debug)]
pub struct Row {
    /// Its insertion number.
    pub number: u64,
    /// Ids and times.
    pub identity: Identity,
    /// What stands above it.
    pub above: Arc<Above>,
    /// The body of the span.
    pub span: Bytes,
    /// The row before it of the same trace in this part.
    pub(super) previous: Option<u32>,
}

/// Memory of a row beside the bytes of its span: the row, its places in the index of traces and in that of contents.
pub(super) const ROW: usize = size_of::<Row>() + 80;

// === impl Row ===

impl Row {
    /// The place of the row before it of the same trace.
    pub(super) fn before(&self) -> Option<usize> {
        self.previous.map(|at| at as usize)
    }

    /// The row as stores give it out.
    pub fn found(&self) -> FoundSpan {
        FoundSpan {
            number: self.number,
            project: self.above.project.clone(),
            resource: self.above.resource.clone(),
            scope: self.above.scope.clone(),
            span: self.span.clone(),
        }
    }
}
