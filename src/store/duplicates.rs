//! Whether a span that comes in is there already, in a segment.
//!
//! A segment is asked only when the span starts within its times, and its filters know both ids; then the bytes decide.

use std::sync::Arc;

use super::events::{Event, Observer};
use super::head::{Above, Draft, Elsewhere};
use super::segment::{Column, Segment, SegmentError};
use super::tombstone;
use super::view::Held;
use crate::query::model::TraceId;

/// Segments and tombstones of one moment.
pub struct Sealed<'a> {
    held: Held,
    observer: &'a dyn Observer,
}

// === impl Sealed ===

impl<'a> Sealed<'a> {
    pub fn new(held: Held, observer: &'a dyn Observer) -> Self {
        Self { held, observer }
    }

    fn is_in(&self, segment: &Segment, draft: &Draft, above: &Above) -> Result<bool, SegmentError> {
        let identity = &draft.identity;
        if !segment.may_hold_span(&identity.span_id)? {
            return Ok(false);
        }
        for block in segment.blocks_of_trace(&TraceId(identity.trace_id))? {
            let spans = segment.page(block, Column::SpanId)?;
            let traces = segment.page(block, Column::TraceId)?;
            let same =
                |row: &usize| spans.id(*row) == identity.span_id && traces.id(*row) == identity.trace_id;
            let rows = (0..segment.rows(block)).filter(same);
            let rows: Vec<u32> = rows.filter_map(|row| u32::try_from(row).ok()).collect();
            if rows.is_empty() {
                continue;
            }
            let mut found = segment.spans(block, &rows)?.into_iter();
            let is_here = found.any(|found| {
                found.span == draft.span
                    && found.resource == above.resource
                    && found.scope == above.scope
                    && found.project == above.project
                    && !self.is_deleted(found.number, draft, above)
            });
            if is_here {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Elsewhere for Sealed<'_> {
    fn is_deleted(&self, number: u64, draft: &Draft, above: &Above) -> bool {
        tombstone::deleted(&self.held.tombstones, number, &above.project, &draft.identity)
    }

    fn has(&self, draft: &Draft, above: &Above) -> bool {
        let start = draft.identity.start;
        let covers = |segment: &&Arc<Segment>| {
            let summary = segment.summary();
            (summary.min_start..=summary.max_start).contains(&start)
        };
        let mut near = self.held.segments.iter().rev().filter(covers);
        near.any(|segment| match self.is_in(segment, draft, above) {
            Ok(is_here) => is_here,
            Err(error) => {
                // A span too many is better than one too few.
                let what = format!("a segment could not be asked for a duplicate: {error}");
                self.observer.tell(Event::Warned { what: &what });
                false
            }
        })
    }
}
