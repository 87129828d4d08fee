//! Which spans of a request are there already, in segments.
//!
//! A segment is asked only when a span starts within its times and its filters know both ids; then the bytes decide. Rows
//! are read a block at a time for the whole request, so that one that is sent again does not keep others waiting.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::events::{Event, Observer};
use super::head::{Batch, Draft, Drafts};
use super::segment::{Column, Segment, SegmentError};
use super::tombstone;
use super::view::Held;
use crate::query::model::{FoundSpan, TraceId};

/// A span by its group in the batch and its place in that.
type Spot = (usize, usize);

/// Marks the spans of `batch` that a segment has and no tombstone deletes.
pub fn mark(batch: &mut Batch, held: &Held, observer: &dyn Observer) {
    for segment in held.segments.iter() {
        let marked = match in_segment(batch, segment, held) {
            Ok(spots) => spots,
            Err(error) => {
                // A span too many is better than one too few.
                let what = format!("a segment could not be asked for duplicates: {error}");
                observer.tell(Event::Warned { what: &what });
                continue;
            }
        };
        for (group, place) in marked {
            let drafts = batch.groups.get_mut(group);
            if let Some(draft) = drafts.and_then(|drafts| drafts.spans.get_mut(place)) {
                draft.is_sealed = true;
            }
        }
    }
}

fn in_segment(batch: &Batch, segment: &Arc<Segment>, held: &Held) -> Result<Vec<Spot>, SegmentError> {
    let mut known = Vec::new();
    for (block, spots) in candidates(batch, segment)? {
        for (spot, found) in rows_of(batch, segment, block, spots)? {
            let Some((drafts, draft)) = at(batch, spot) else {
                continue;
            };
            let deleted = tombstone::deleted(&held.tombstones, found.number, &found.project, &draft.identity);
            if !deleted && is_same(&found, drafts, draft) {
                known.push(spot);
            }
        }
    }
    Ok(known)
}

/// The blocks that may have spans of the batch, with those spans.
fn candidates(batch: &Batch, segment: &Segment) -> Result<BTreeMap<usize, Vec<Spot>>, SegmentError> {
    let summary = segment.summary();
    let times = summary.min_start..=summary.max_start;
    let mut candidates: BTreeMap<usize, Vec<Spot>> = BTreeMap::new();
    // Spans of one trace mostly come together.
    let mut last: Option<([u8; 16], Range<usize>)> = None;
    for (group, drafts) in batch.groups.iter().enumerate() {
        for (place, draft) in drafts.spans.iter().enumerate() {
            let identity = &draft.identity;
            if draft.is_sealed || !times.contains(&identity.start) {
                continue;
            }
            let blocks = match &last {
                Some((trace, blocks)) if *trace == identity.trace_id => blocks.clone(),
                _ => segment.blocks_of_trace(&TraceId(identity.trace_id))?,
            };
            last = Some((identity.trace_id, blocks.clone()));
            if !blocks.is_empty() && segment.may_hold_span(&identity.span_id)? {
                for block in blocks {
                    candidates.entry(block).or_default().push((group, place));
                }
            }
        }
    }
    Ok(candidates)
}

/// The rows of a block that have the ids of any of these spans, each with its span.
fn rows_of(
    batch: &Batch,
    segment: &Segment,
    block: usize,
    spots: Vec<Spot>,
) -> Result<Vec<(Spot, FoundSpan)>, SegmentError> {
    let mut wanted: HashMap<([u8; 16], [u8; 8]), Vec<Spot>> = HashMap::new();
    for spot in spots {
        if let Some((_, draft)) = at(batch, spot) {
            let ids = (draft.identity.trace_id, draft.identity.span_id);
            wanted.entry(ids).or_default().push(spot);
        }
    }
    let (traces, spans) = (
        segment.page(block, Column::TraceId)?,
        segment.page(block, Column::SpanId)?,
    );
    let mut rows = Vec::new();
    let mut of_rows = Vec::new();
    for row in 0..segment.rows(block) {
        if let (Some(spots), Ok(place)) = (wanted.get(&(traces.id(row), spans.id(row))), u32::try_from(row)) {
            rows.push(place);
            of_rows.push(spots);
        }
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let found = of_rows.into_iter().zip(segment.spans(block, &rows)?);
    let pairs = found.flat_map(|(spots, found)| spots.iter().map(move |spot| (*spot, found.clone())));
    Ok(pairs.collect())
}

fn at(batch: &Batch, (group, place): Spot) -> Option<(&Drafts, &Draft)> {
    let drafts = batch.groups.get(group)?;
    Some((drafts, drafts.spans.get(place)?))
}

fn is_same(found: &FoundSpan, drafts: &Drafts, draft: &Draft) -> bool {
    found.span == draft.span
        && found.resource == drafts.resource
        && found.scope == drafts.scope
        && *found.project == *drafts.project
}
