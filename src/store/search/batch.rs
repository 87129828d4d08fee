//! Rows that are looked at together: a block of a segment, or some rows of the head.

use std::sync::Arc;

use super::block::Block;
use super::pool::{Cells, Pool};
use crate::query::model::{Field, FoundSpan, QueryError};
use crate::store::segment::{Column, Page};

/// Rows that are looked at together, each known by its number in the batch.
pub enum Batch<'a> {
    /// Spans of the head.
    Head(Arc<[FoundSpan]>),
    /// A block, with the place of its segment in the list of the source.
    Block(&'a Block<'a>, usize),
}

/// A number of each row.
pub enum Longs {
    /// From a column.
    Page(Arc<Page>),
    /// From spans.
    Own(Vec<i64>),
}

/// The trace of each row.
pub enum Traces {
    /// From a column.
    Page(Arc<Page>),
    /// From spans.
    Own(Vec<[u8; 16]>),
}

// === impl Batch ===

impl Batch<'_> {
    /// The insertion numbers.
    pub fn numbers(&self) -> Result<Longs, QueryError> {
        self.longs(Column::Number, |span| span.number as i64)
    }

    /// The starts, as unsigned numbers.
    pub fn starts(&self) -> Result<Longs, QueryError> {
        self.longs(Column::Start, |span| span.start() as i64)
    }

    /// The durations.
    pub fn durations(&self) -> Result<Longs, QueryError> {
        self.longs(Column::Duration, FoundSpan::duration)
    }

    fn longs(&self, column: Column, of: impl Fn(&FoundSpan) -> i64) -> Result<Longs, QueryError> {
        Ok(match self {
            Self::Head(spans) => Longs::Own(spans.iter().map(of).collect()),
            Self::Block(block, _) => Longs::Page(block.page(column)?),
        })
    }

    /// The traces.
    pub fn traces(&self) -> Result<Traces, QueryError> {
        Ok(match self {
            Self::Head(spans) => Traces::Own(spans.iter().map(|span| span.trace_id().0).collect()),
            Self::Block(block, _) => Traces::Page(block.page(Column::TraceId)?),
        })
    }

    /// Whether each of the rows is an error, one after the other.
    pub fn errors(&self, rows: &[u32]) -> Result<Vec<bool>, QueryError> {
        Ok(match self {
            Self::Head(spans) => {
                let is_error = |row: &u32| spans.get(*row as usize).is_some_and(FoundSpan::is_error);
                rows.iter().map(is_error).collect()
            }
            Self::Block(block, _) => {
                let codes = block.page(Column::StatusCode)?;
                rows.iter().map(|row| codes.int(*row as usize) == 2).collect()
            }
        })
    }

    /// A field of some of the rows.
    pub fn cells(&self, field: &Field, rows: &[u32]) -> Result<Cells, QueryError> {
        match self {
            Self::Head(spans) => Ok(Cells {
                codes: (0..spans.len() as u32).collect(),
                pool: Pool::Spans(spans.clone(), field.clone()),
            }),
            Self::Block(block, _) => block.cells(field, rows),
        }
    }

    /// What dictionaries of this batch belong to: segment and row group. The head has none.
    pub fn group(&self) -> Option<(u64, usize)> {
        match self {
            Self::Head(_) => None,
            Self::Block(block, _) => Some(block.group()),
        }
    }
}

// === impl Longs ===

impl Longs {
    /// The number of a row.
    #[inline]
    pub fn get(&self, row: u32) -> i64 {
        match self {
            Self::Page(page) => page.long(row as usize),
            Self::Own(values) => values.get(row as usize).copied().unwrap_or_default(),
        }
    }
}

// === impl Traces ===

impl Traces {
    /// The trace of a row.
    #[inline]
    pub fn get(&self, row: u32) -> [u8; 16] {
        match self {
            Self::Page(page) => page.id(row as usize),
            Self::Own(values) => values.get(row as usize).copied().unwrap_or_default(),
        }
    }
}
