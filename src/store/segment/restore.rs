//! Rows of a block become spans again.

use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::columns::{self, Column, Kind};
use super::order;
use super::page::Page;
use super::segment::{Cause, Segment, SegmentError};
use super::texts::{self, List};
use crate::query::model::FoundSpan;
use crate::store::format::Broken;
use crate::wire::json::Part;
use crate::wire::{Cell, Pair, Parts};

/// All columns of a block.
struct Block<'a> {
    segment: &'a Segment,
    pages: Vec<Page>,
}

/// What rows of a block share.
#[derive(Default)]
struct Shared {
    resources: Headers,
    scopes: Headers,
    project: Option<Arc<str>>,
    span: Vec<u8>,
}

/// Headers that were read: by their code where the column has codes, else by their text.
#[derive(Default)]
struct Headers {
    coded: HashMap<u32, Bytes, RandomState>,
    texts: HashMap<Vec<u8>, Bytes, RandomState>,
}

// === impl Segment, as spans ===

impl Segment {
    /// Spans of a block by their rows, as they came.
    pub fn spans(&self, block: usize, rows: &[u32]) -> Result<Vec<FoundSpan>, SegmentError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let pages = columns::all(self.hot()).map(|column| self.page(block, column));
        let block = Block {
            segment: self,
            pages: pages.collect::<Result<_, _>>()?,
        };
        let mut shared = Shared::default();
        let spans = rows.iter().map(|row| block.span(*row as usize, &mut shared));
        let spans: Result<_, Broken> = spans.collect();
        spans.map_err(|broken| self.error(Cause::Broken(broken)))
    }
}

// === impl Block ===

impl Block<'_> {
    fn page(&self, column: Column) -> Result<&Page, Broken> {
        self.pages
            .get(column.place())
            .ok_or(Broken("a column is missing"))
    }

    fn text(&self, column: Column, row: usize) -> Result<&[u8], Broken> {
        Ok(self.page(column)?.row(row).unwrap_or_default())
    }

    fn span(&self, row: usize, shared: &mut Shared) -> Result<FoundSpan, Broken> {
        let resources = self.page(Column::Resource)?;
        let scopes = self.page(Column::Scope)?;
        let project = self.text(Column::Project, row)?;
        let span = match self.page(Column::Raw)?.row(row) {
            Some(raw) => Bytes::copy_from_slice(raw),
            None => {
                shared.span.clear();
                self.parts(row)?.put(&mut shared.span);
                Bytes::copy_from_slice(&shared.span)
            }
        };
        Ok(FoundSpan {
            number: self.page(Column::Number)?.long(row) as u64,
            project: shared.project(project),
            resource: shared.resources.get(Part::ResourceSpans, resources, row)?,
            scope: shared.scopes.get(Part::ScopeSpans, scopes, row)?,
            span,
        })
    }

    fn parts(&self, row: usize) -> Result<Parts<'_>, Broken> {
        let start = self.page(Column::Start)?.long(row) as u64;
        let int = |column: Column| Ok(self.page(column)?.int(row));
        let list = |column: Column, list: List| -> Result<Vec<u8>, Broken> {
            match self.page(column)?.row(row) {
                Some(text) => texts::list_of(list, text).ok_or(Broken("events or links that are none")),
                None => Ok(Vec::new()),
            }
        };
        Ok(Parts {
            trace_id: self.text(Column::TraceId, row)?,
            span_id: self.text(Column::SpanId, row)?,
            trace_state: self.text(Column::TraceState, row)?,
            parent_span_id: self.text(Column::ParentSpanId, row)?,
            flags: int(Column::Flags)?,
            name: self.text(Column::Name, row)?,
            kind: int(Column::Kind)? as i32,
            start,
            end: start.wrapping_add(self.page(Column::Duration)?.long(row) as u64),
            attributes: self.attributes(row)?,
            dropped_attributes: int(Column::DroppedAttributes)?,
            events: list(Column::Events, List::Events)?.into(),
            dropped_events: int(Column::DroppedEvents)?,
            links: list(Column::Links, List::Links)?.into(),
            dropped_links: int(Column::DroppedLinks)?,
            status_code: int(Column::StatusCode)? as i32,
            status_message: self.text(Column::StatusMessage, row)?,
            explicit: int(Column::Explicit)?,
        })
    }

    fn attributes(&self, row: usize) -> Result<smallvec::SmallVec<[Pair<'_>; 16]>, Broken> {
        let others = self.page(Column::OtherKey)?.places(row);
        let mut others = others.map(|place| self.other(place));
        if let Some(order) = self.page(Column::Order)?.row(row) {
            let next = |number: &u8| match *number {
                order::OTHER => others.next().unwrap_or(Err(Broken("an attribute is missing"))),
                number => self
                    .own(number.into(), row)?
                    .ok_or(Broken("an attribute is missing")),
            };
            return order.iter().map(next).collect();
        }
        let own = (0..self.segment.hot().len() as u16).filter_map(|number| self.own(number, row).transpose());
        own.chain(others).collect()
    }

    /// The attribute that has a column of its own.
    fn own(&self, number: u16, row: usize) -> Result<Option<Pair<'_>>, Broken> {
        let page = self.page(Column::Attribute(number))?;
        let (Some(place), Some(hot)) = (page.place(row), self.segment.hot().get(usize::from(number))) else {
            return Ok(None);
        };
        let bytes = page.bytes(place);
        let number = || bytes.first_chunk().copied().ok_or(Broken("a number is cut off"));
        let cell = match hot.kind {
            Kind::Bool => Cell::Bool(page.bool(place)),
            Kind::Int => Cell::Int(i64::from_le_bytes(number()?)),
            Kind::Double => Cell::Double(f64::from_le_bytes(number()?)),
            _ => Cell::String(bytes),
        };
        let key = hot.key.as_bytes();
        Ok(Some(Pair { key, cell }))
    }

    fn other(&self, place: usize) -> Result<Pair<'_>, Broken> {
        let broken = Broken("a value that is not of its kind");
        let kind = Kind::named(self.page(Column::OtherKind)?.bytes(place)).ok_or(broken)?;
        let value = self.page(Column::OtherValue)?.bytes(place);
        Ok(Pair {
            key: self.page(Column::OtherKey)?.bytes(place),
            cell: texts::cell_of(kind, value).ok_or(broken)?,
        })
    }
}

// === impl Shared ===

impl Shared {
    fn project(&mut self, name: &[u8]) -> Arc<str> {
        if let Some(project) = &self.project
            && project.as_bytes() == name
        {
            return project.clone();
        }
        let project: Arc<str> = String::from_utf8_lossy(name).into();
        self.project.insert(project).clone()
    }
}

// === impl Headers ===

impl Headers {
    fn get(&mut self, part: Part, page: &Page, row: usize) -> Result<Bytes, Broken> {
        let code = page.codes().and_then(|(_, codes)| codes.get(row).copied());
        if let Some(known) = code.and_then(|code| self.coded.get(&code)) {
            return Ok(known.clone());
        }
        let text = page.row(row).unwrap_or_default();
        if let Some(known) = self.texts.get(text) {
            return Ok(known.clone());
        }
        let header = texts::header_of(part, text).ok_or(Broken("a header that is none"))?;
        let header = Bytes::from(header);
        match code {
            Some(code) => self.coded.insert(code, header.clone()),
            None => self.texts.insert(text.to_vec(), header.clone()),
        };
        Ok(header)
    }
}
