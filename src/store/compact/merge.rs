//! Rows of several segments in one order, a block of each in memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::query::model::FoundSpan;
use crate::store::segment::{Hot, HotKeys, Segment, SegmentError};
use crate::wire::Identity;

/// Of each segment so many blocks are looked at, and of these every so manieth row, to choose columns.
const SAMPLE_BLOCKS: usize = 8;
const SAMPLE_STEP: usize = 16;

/// Goes through several segments at once, in the order of trace id, start and number.
pub struct Merge {
    sources: Vec<Source>,
    /// Of each source the next row.
    next: BinaryHeap<Reverse<Next>>,
}

/// One of the segments.
struct Source {
    segment: Arc<Segment>,
    block: usize,
    rows: std::vec::IntoIter<FoundSpan>,
}

/// A row, in order of what it is compared by.
struct Next {
    key: ([u8; 16], u64, u64),
    source: usize,
    identity: Identity,
    span: FoundSpan,
}

/// A segment could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Which.
    pub id: u64,
    /// Why.
    pub error: SegmentError,
}

/// Which attributes get a column of their own, by a few rows of all parts of all segments.
pub fn hot(segments: &[Arc<Segment>]) -> Result<Vec<Hot>, Unreadable> {
    let mut keys = HotKeys::default();
    for segment in segments {
        let step = segment.blocks().div_ceil(SAMPLE_BLOCKS).max(1);
        for block in (0..segment.blocks()).step_by(step) {
            let count = u32::try_from(segment.rows(block)).unwrap_or(u32::MAX);
            let rows: Vec<u32> = (0..count).step_by(SAMPLE_STEP).collect();
            let sample = segment.spans(block, &rows).map_err(|error| Unreadable {
                id: segment.id(),
                error,
            })?;
            sample.iter().for_each(|span| keys.add(span));
        }
    }
    Ok(keys.choose())
}

// === impl Merge ===

impl Merge {
    /// Goes to the first row.
    pub fn of(segments: Vec<Arc<Segment>>) -> Result<Self, Unreadable> {
        let sources = segments.into_iter().map(|segment| Source {
            segment,
            block: 0,
            rows: Vec::new().into_iter(),
        });
        let mut merge = Self {
            sources: sources.collect(),
            next: BinaryHeap::new(),
        };
        for source in 0..merge.sources.len() {
            merge.advance(source)?;
        }
        Ok(merge)
    }

    /// The next row.
    pub fn step(&mut self) -> Result<Option<(Identity, FoundSpan)>, Unreadable> {
        let Some(Reverse(next)) = self.next.pop() else {
            return Ok(None);
        };
        self.advance(next.source)?;
        Ok(Some((next.identity, next.span)))
    }

    fn advance(&mut self, at: usize) -> Result<(), Unreadable> {
        let Some(source) = self.sources.get_mut(at) else {
            return Ok(());
        };
        if let Some(span) = source.next()? {
            let identity = Identity::of(&span.span);
            self.next.push(Reverse(Next {
                key: (identity.trace_id, identity.start, span.number),
                source: at,
                identity,
                span,
            }));
        }
        Ok(())
    }
}

// === impl Source ===

impl Source {
    fn next(&mut self) -> Result<Option<FoundSpan>, Unreadable> {
        while self.rows.len() == 0 && self.block < self.segment.blocks() {
            let count = u32::try_from(self.segment.rows(self.block)).unwrap_or(u32::MAX);
            let rows: Vec<u32> = (0..count).collect();
            let read = self.segment.spans(self.block, &rows);
            let read = read.map_err(|error| Unreadable {
                id: self.segment.id(),
                error,
            })?;
            self.rows = read.into_iter();
            self.block += 1;
        }
        Ok(self.rows.next())
    }
}

// === impl Next ===

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
