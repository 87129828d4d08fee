//! A block of a segment: pages are read when they are first needed, and once.

use std::cell::RefCell;
use std::sync::Arc;

use super::guard::Guard;
use super::pool::{Bytes, Cells, NONE, Pool, Read, Sign};
use crate::query::model::{Field, QueryError};
use crate::store::segment::{Column, Kind, Page, Segment, SegmentError};

/// The byte that stands for the next attribute without a column of its own, in the order of attributes.
const OTHER: u8 = u8::MAX;

/// A block that is being looked at.
pub struct Block<'a> {
    /// Its segment.
    pub segment: &'a Segment,
    /// Its number in the segment.
    pub number: usize,
    guard: &'a Guard,
    pages: RefCell<Vec<(Column, Arc<Page>)>>,
}

// === impl Block ===

impl<'a> Block<'a> {
    /// Nothing is read yet.
    pub fn new(segment: &'a Segment, number: usize, guard: &'a Guard) -> Self {
        Self {
            segment,
            number,
            guard,
            pages: RefCell::default(),
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.segment.rows(self.number)
    }

    /// Segment and row group: what dictionaries belong to.
    pub fn group(&self) -> (u64, usize) {
        (self.segment.id(), self.segment.group(self.number))
    }

    /// A column.
    pub fn page(&self, column: Column) -> Result<Arc<Page>, QueryError> {
        if let Some((_, page)) = self.pages.borrow().iter().find(|(known, _)| *known == column) {
            return Ok(page.clone());
        }
        self.guard.check()?;
        let page = Arc::new(self.segment.page(self.number, column).map_err(failed)?);
        self.pages.borrow_mut().push((column, page.clone()));
        Ok(page)
    }

    /// A field of some of the rows.
    pub fn cells(&self, field: &Field, rows: &[u32]) -> Result<Cells, QueryError> {
        let of = |column, read| self.bytes(column, read, rows);
        match field {
            Field::Project => of(Column::Project, Read::Text),
            Field::TraceId => of(Column::TraceId, Read::Id),
            Field::SpanId => of(Column::SpanId, Read::Id),
            Field::ParentSpanId => self.parents(rows),
            Field::TraceState => Ok(without_empty(of(Column::TraceState, Read::Text)?)),
            Field::Name => of(Column::Name, Read::Text),
            Field::Kind => of(Column::Kind, Read::Int),
            Field::Start => self.longs(Column::Start, Sign::Unsigned),
            Field::End => {
                let (starts, durations) = (self.page(Column::Start)?, self.page(Column::Duration)?);
                Ok(self.each(Pool::Ends(starts, durations)))
            }
            Field::Duration => self.longs(Column::Duration, Sign::Signed),
            Field::StatusCode => of(Column::StatusCode, Read::Int),
            Field::StatusMessage => Ok(without_empty(of(Column::StatusMessage, Read::Text)?)),
            Field::Service => of(Column::Service, Read::Text),
            Field::ScopeName => Ok(without_empty(of(Column::ScopeName, Read::Text)?)),
            Field::ScopeVersion => of(Column::Scope, Read::ScopeVersion),
            Field::Number => self.longs(Column::Number, Sign::Unsigned),
            Field::Attribute(key) => self.attribute(key, rows),
            Field::Resource(key) => of(Column::Resource, Read::Resource(key.clone())),
            Field::First(fields) => {
                let cells = fields
                    .iter()
                    .map(|field| Ok(without_absent(self.cells(field, rows)?, rows)));
                Ok(self.first(cells.collect::<Result<_, QueryError>>()?))
            }
        }
    }

    fn bytes(&self, column: Column, read: Read, rows: &[u32]) -> Result<Cells, QueryError> {
        let page = self.page(column)?;
        let mut codes = vec![NONE; self.rows()];
        for row in rows {
            if let (Some(code), Some(place)) = (codes.get_mut(*row as usize), page.place(*row as usize)) {
                *code = Bytes::code(&page, place);
            }
        }
        let pool = Pool::Bytes(Bytes::of(&page), read);
        Ok(Cells { codes, pool })
    }

    fn longs(&self, column: Column, sign: Sign) -> Result<Cells, QueryError> {
        let page = self.page(column)?;
        Ok(self.each(Pool::Longs(page, sign)))
    }

    /// Each row has the value of its number.
    fn each(&self, pool: Pool) -> Cells {
        let codes = (0..self.rows() as u32).collect();
        Cells { codes, pool }
    }

    /// Parents of an unusual length stand in the span alone.
    fn parents(&self, rows: &[u32]) -> Result<Cells, QueryError> {
        let (parents, raw) = (self.page(Column::ParentSpanId)?, self.page(Column::Raw)?);
        let mut cells = self.bytes(Column::ParentSpanId, Read::Id, rows)?;
        for row in rows {
            let is_root = parents.id::<8>(*row as usize) == [0; 8];
            if let Some(code) = cells.codes.get_mut(*row as usize).filter(|_| is_root) {
                *code = NONE;
            }
        }
        if raw.count() == 0 {
            return Ok(cells);
        }
        let spans = self.bytes(Column::Raw, Read::Parent, rows)?;
        let has_parent = |row: &u32| raw.row(*row as usize).is_some_and(has_parent);
        let beyond = u32::try_from(parents.count()).unwrap_or(NONE);
        for row in rows {
            let (code, span) = (cells.codes.get_mut(*row as usize), spans.codes.get(*row as usize));
            if let (Some(code), Some(span)) = (code, span.filter(|span| **span != NONE)) {
                *code = if has_parent(row) { beyond + span } else { NONE };
            }
        }
        cells.pool = Pool::Chain(vec![(0, cells.pool), (beyond, spans.pool)]);
        Ok(cells)
    }

    fn attribute(&self, key: &str, rows: &[u32]) -> Result<Cells, QueryError> {
        let own = self.segment.column_of(key);
        let (mut cells, number) = match own {
            Some((column @ Column::Attribute(number), kind)) => (self.own(column, kind, rows)?, number),
            _ => {
                let pool = Pool::Chain(Vec::new());
                let codes = vec![NONE; self.rows()];
                (Cells { codes, pool }, u16::MAX)
            }
        };
        if !self.segment.has_others(key) {
            return Ok(cells);
        }
        let keys = self.page(Column::OtherKey)?;
        let beyond = match own {
            Some((column, _)) => self
                .page(column)?
                .codes()
                .map_or(self.rows(), |(texts, _)| texts.count()),
            None => 0,
        };
        let beyond = u32::try_from(beyond).unwrap_or(NONE);
        for row in rows {
            let mut places = keys.places(*row as usize);
            let first = places.start;
            let place = places.find(|place| keys.bytes(*place) == key.as_bytes());
            let (Some(code), Some(place)) = (cells.codes.get_mut(*row as usize), place) else {
                continue;
            };
            if *code == NONE || self.is_first(*row, place - first, number)? {
                *code = beyond + u32::try_from(place).unwrap_or(NONE);
            }
        }
        let others = Pool::Others(self.page(Column::OtherKind)?, self.page(Column::OtherValue)?);
        cells.pool = Pool::Chain(vec![(0, cells.pool), (beyond, others)]);
        Ok(cells)
    }

    /// The column that an attribute has of its own.
    fn own(&self, column: Column, kind: Kind, rows: &[u32]) -> Result<Cells, QueryError> {
        if kind != Kind::Bool {
            return self.bytes(column, Read::Value(kind), rows);
        }
        let page = self.page(column)?;
        let place = |row| page.place(row).map_or(NONE, |place| place as u32);
        let codes = (0..self.rows()).map(place).collect();
        let pool = Pool::Bools(page);
        Ok(Cells { codes, pool })
    }

    /// Whether the row's other attribute of this place stands before the one in the column of this number.
    fn is_first(&self, row: u32, place: usize, number: u16) -> Result<bool, QueryError> {
        let orders = self.page(Column::Order)?;
        let Some(order) = orders.row(row as usize) else {
            return Ok(false);
        };
        let others = order.iter().enumerate().filter(|(_, byte)| **byte == OTHER);
        let other = others.map(|(at, _)| at).nth(place);
        let own = order
            .iter()
            .position(|byte| *byte != OTHER && u16::from(*byte) == number);
        Ok(matches!((other, own), (Some(other), Some(own)) if other < own))
    }

    fn first(&self, all: Vec<Cells>) -> Cells {
        let mut codes = vec![NONE; self.rows()];
        let (mut parts, mut beyond) = (Vec::new(), 0);
        for cells in all {
            let mut most = 0;
            for (code, own) in codes
                .iter_mut()
                .zip(&cells.codes)
                .filter(|(_, own)| **own != NONE)
            {
                most = most.max(own + 1);
                if *code == NONE {
                    *code = beyond + own;
                }
            }
            // Codes that stand for the same in other blocks stay free for that.
            most = most.max(cells.pool.stable() as u32);
            parts.push((beyond, cells.pool));
            beyond += most;
        }
        let pool = Pool::Chain(parts);
        Cells { codes, pool }
    }
}

/// What a segment says that cannot be read, as a search says it.
pub fn failed(error: SegmentError) -> QueryError {
    QueryError::Failed(error.to_string())
}

fn has_parent(span: &[u8]) -> bool {
    let parent = crate::wire::SpanView::over(span).parent_span_id();
    parent.iter().any(|byte| *byte != 0)
}

/// Rows whose text is empty lack the field.
fn without_empty(mut cells: Cells) -> Cells {
    if let Pool::Bytes(bytes, _) = &cells.pool {
        let empty = |code: &&mut u32| **code != NONE && bytes.get(**code).is_empty();
        cells.codes.iter_mut().filter(empty).for_each(|code| *code = NONE);
    }
    cells
}

/// Rows whose code stands for nothing lack the field. Each code is looked at once.
fn without_absent(mut cells: Cells, rows: &[u32]) -> Cells {
    let mut known = std::collections::HashMap::new();
    for row in rows {
        if let Some(code) = cells.codes.get_mut(*row as usize).filter(|code| **code != NONE) {
            let is_there = known
                .entry(*code)
                .or_insert_with(|| cells.pool.with(*code, |datum| datum.is_some()));
            if !*is_there {
                *code = NONE;
            }
        }
    }
    cells
}
