//! Rows that are looked at together: a block of a segment, or some rows of the head.

use std::sync::Arc;

use super::block::Block;
use super::pool::{Cells, NONE, Pool};
use super::step::kept;
use crate::query::model::{Datum, Field, FoundSpan, QueryError, TraceId};
use crate::store::Row;
use crate::store::segment::{Column, Page};

/// Rows that are looked at together, each known by its number in the batch.
pub enum Batch<'a> {
    /// Rows of the head.
    Head(Arc<[HeadRow]>),
    /// A block, with the place of its segment in the list of the source.
    Block(&'a Block<'a>, usize),
}

/// A row of the head.
pub struct HeadRow {
    /// The span.
    pub found: FoundSpan,
    /// Its trace.
    pub trace: TraceId,
    start: u64,
    end: u64,
}

/// A number of each row.
pub enum Longs {
    /// From a column.
    Page(Arc<Page>),
    /// From spans.
    Own(Vec<i64>),
}

/// An id of each row.
pub enum Ids<const WIDTH: usize> {
    /// From a column.
    Page(Arc<Page>),
    /// From spans.
    Own(Vec<[u8; WIDTH]>),
}

// === impl Batch ===

impl Batch<'_> {
    /// The insertion numbers.
    pub fn numbers(&self) -> Result<Longs, QueryError> {
        self.longs(Column::Number, |row| row.found.number as i64)
    }

    /// The starts, as unsigned numbers.
    pub fn starts(&self) -> Result<Longs, QueryError> {
        self.longs(Column::Start, |row| row.start as i64)
    }

    /// The durations.
    pub fn durations(&self) -> Result<Longs, QueryError> {
        self.longs(Column::Duration, HeadRow::duration)
    }

    fn longs(&self, column: Column, of: impl Fn(&HeadRow) -> i64) -> Result<Longs, QueryError> {
        Ok(match self {
            Self::Head(rows) => Longs::Own(rows.iter().map(of).collect()),
            Self::Block(block, _) => Longs::Page(block.page(column)?),
        })
    }

    /// The traces.
    pub fn traces(&self) -> Result<Ids<16>, QueryError> {
        Ok(match self {
            Self::Head(rows) => Ids::Own(rows.iter().map(|row| row.trace.0).collect()),
            Self::Block(block, _) => Ids::Page(block.page(Column::TraceId)?),
        })
    }

    /// The ids of the spans.
    pub fn span_ids(&self) -> Result<Ids<8>, QueryError> {
        let id = |row: &HeadRow| row.found.span().span_id().try_into().unwrap_or_default();
        Ok(match self {
            Self::Head(rows) => Ids::Own(rows.iter().map(id).collect()),
            Self::Block(block, _) => Ids::Page(block.page(Column::SpanId)?),
        })
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Head(rows) => rows.len(),
            Self::Block(block, _) => block.rows(),
        }
    }

    /// Whether each of the rows is an error, one after the other.
    pub fn errors(&self, rows: &[u32]) -> Result<Vec<bool>, QueryError> {
        Ok(match self {
            Self::Head(spans) => {
                let is_error = |row: &u32| spans.get(*row as usize).is_some_and(|row| row.found.is_error());
                rows.iter().map(is_error).collect()
            }
            Self::Block(block, _) => {
                let codes = block.page(Column::StatusCode)?;
                rows.iter().map(|row| codes.int(*row as usize) == 2).collect()
            }
        })
    }

    /// Those of the rows that have no parent.
    pub fn roots(&self, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        Ok(match self {
            Self::Head(all) => {
                let is_root = |row: &u32| all.get(*row as usize).is_some_and(|row| row.found.is_root());
                kept(rows, is_root)
            }
            Self::Block(block, _) => {
                let parents = block.cells(&Field::ParentSpanId, &rows)?;
                kept(rows, |row| parents.codes.get(*row as usize) == Some(&NONE))
            }
        })
    }

    /// A field of some of the rows.
    pub fn cells(&self, field: &Field, rows: &[u32]) -> Result<Cells, QueryError> {
        match self {
            Self::Head(all) => Ok(head_cells(all, field)),
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

/// A field of all rows of the head. What stands above spans is the same for rows that follow each other: they share a
/// code.
fn head_cells(rows: &Arc<[HeadRow]>, field: &Field) -> Cells {
    let mut codes: Vec<u32> = (0..rows.len() as u32).collect();
    let is_above = is_above(field);
    if is_above {
        let pairs = rows.windows(2).zip(1..);
        for (pair, at) in pairs {
            if let [before, row] = pair
                && row.shares(before)
                && let Some(code) = codes.get(at - 1).copied()
                && let Some(own) = codes.get_mut(at)
            {
                *own = code;
            }
        }
    }
    Cells {
        codes,
        pool: Pool::Head(rows.clone(), field.clone(), is_above),
    }
}

/// Whether a field is the same for all spans of one scope of a request.
fn is_above(field: &Field) -> bool {
    match field {
        Field::Project | Field::Service | Field::ScopeName | Field::ScopeVersion | Field::Resource(_) => true,
        Field::First(fields) => fields.iter().all(is_above),
        _ => false,
    }
}

// === impl HeadRow ===

impl From<&Row> for HeadRow {
    fn from(row: &Row) -> Self {
        Self {
            found: row.found(),
            trace: TraceId(row.identity.trace_id),
            start: row.identity.start,
            end: row.identity.end,
        }
    }
}

impl HeadRow {
    fn duration(&self) -> i64 {
        self.end.wrapping_sub(self.start) as i64
    }

    /// A field of it.
    pub fn datum(&self, field: &Field) -> Option<Datum<'_>> {
        match field {
            Field::Start => Some(Datum::Whole(self.start.into())),
            Field::End => Some(Datum::Whole(self.end.into())),
            Field::Duration => Some(Datum::Whole(self.duration().into())),
            _ => field.of(&self.found),
        }
    }

    /// Whether the very same things stand above both.
    fn shares(&self, other: &Self) -> bool {
        let same = |one: &[u8], other: &[u8]| std::ptr::eq(one, other);
        Arc::ptr_eq(&self.found.project, &other.found.project)
            && same(&self.found.resource, &other.found.resource)
            && same(&self.found.scope, &other.found.scope)
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

// === impl Ids ===

impl<const WIDTH: usize> Ids<WIDTH> {
    /// The id of a row.
    #[inline]
    pub fn get(&self, row: u32) -> [u8; WIDTH] {
        match self {
            Self::Page(page) => page.id(row as usize),
            Self::Own(values) => values.get(row as usize).copied().unwrap_or([0; WIDTH]),
        }
    }
}
