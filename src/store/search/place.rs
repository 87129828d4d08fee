//! Where rows lie that were found, until it is known which of them are given out.

use super::batch::Batch;
use super::guard::Guard;
use super::source::Source;
use crate::query::model::{FoundSpan, QueryError};
use crate::store::search::block::failed;

/// Where a row lies.
#[derive(Clone)]
pub enum Place {
    /// In the head: the span itself.
    Head(Box<FoundSpan>),
    /// In a segment, by its place in the list of the source.
    Block {
        /// The segment.
        segment: usize,
        /// The block.
        block: usize,
        /// The row.
        row: u32,
    },
}

// === impl Place ===

impl Place {
    /// Where a row of a batch lies.
    pub fn of(batch: &Batch<'_>, row: u32) -> Option<Self> {
        Some(match batch {
            Batch::Head(rows) => Self::Head(Box::new(rows.get(row as usize)?.found.clone())),
            Batch::Block(block, segment) => Self::Block {
                segment: *segment,
                block: block.number,
                row,
            },
        })
    }
}

/// The spans at these places, in the same order; each block is read once.
pub fn fetch(source: &dyn Source, places: &[Place], guard: &Guard) -> Result<Vec<FoundSpan>, QueryError> {
    let mut found: Vec<(usize, FoundSpan)> = Vec::with_capacity(places.len());
    let mut stored = Vec::new();
    for (at, place) in places.iter().enumerate() {
        match place {
            Place::Head(span) => found.push((at, (**span).clone())),
            Place::Block { segment, block, row } => stored.push((*segment, *block, *row, at)),
        }
    }
    stored.sort_unstable();
    for rows in stored.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1)) {
        guard.check()?;
        let Some((segment, block, ..)) = rows.first().copied() else {
            continue;
        };
        let Some(segment) = source.segments().get(segment) else {
            continue;
        };
        let numbers: Vec<u32> = rows.iter().map(|(_, _, row, _)| *row).collect();
        let spans = segment.spans(block, &numbers).map_err(failed)?;
        for ((.., at), span) in rows.iter().zip(spans) {
            guard.keep(span.span.len() + size_of::<FoundSpan>())?;
            found.push((*at, span));
        }
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, span)| span).collect())
}
