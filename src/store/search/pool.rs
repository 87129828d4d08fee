//! The values of a field in a block: distinct ones by code where the file has them so.

use std::sync::Arc;

use super::batch::HeadRow;
use crate::query::model::{Datum, Field};
use crate::store::segment::{Kind, Page, Texts, cell_of, header_of};
use crate::wire::json::Part;
use crate::wire::{ResourceView, ScopeView, SpanView, ValueView};

/// The code of a row that lacks the field.
pub const NONE: u32 = u32::MAX;

/// A field of the rows of a block: a code for each row, and what the codes stand for.
pub struct Cells {
    /// By row; [`NONE`] where the row lacks the field, or nobody asked about the row.
    pub codes: Vec<u32>,
    /// By code.
    pub pool: Pool,
}

/// What codes stand for.
pub enum Pool {
    /// Byte strings, read in one way.
    Bytes(Bytes, Read),
    /// Numbers of a column of differences; as they are, or as times, which have no sign.
    Longs(Arc<Page>, Sign),
    /// Truths.
    Bools(Arc<Page>),
    /// Attributes without a column of their own: their kinds and values.
    Others(Arc<Page>, Arc<Page>),
    /// Starts and durations that make ends.
    Ends(Arc<Page>, Arc<Page>),
    /// A field of rows of the head, and whether rows share codes.
    Head(Arc<[HeadRow]>, Field, bool),
    /// Codes of the first, then those of the others.
    Chain(Vec<(u32, Pool)>),
}

/// Byte strings by code.
#[derive(Clone)]
pub enum Bytes {
    /// The same in all blocks of a row group.
    Dictionary(Arc<Texts>),
    /// Those of one block.
    Page(Arc<Page>),
}

/// How byte strings are read.
#[derive(Clone)]
pub enum Read {
    /// Text.
    Text,
    /// Whole numbers of 32 bits.
    Int,
    /// Ids, in hexadecimal.
    Id,
    /// An attribute's value of a kind.
    Value(Kind),
    /// An attribute of the resource that this is.
    Resource(String),
    /// The version of the scope that this is.
    ScopeVersion,
    /// The parent of the span that this is.
    Parent,
}

/// Whether numbers have one.
#[derive(Clone, Copy)]
pub enum Sign {
    /// They do.
    Signed,
    /// They do not.
    Unsigned,
}

// === impl Bytes ===

impl Bytes {
    /// The values of a page, by its dictionary if it has one.
    pub fn of(page: &Arc<Page>) -> Self {
        match page.codes() {
            Some((dictionary, _)) => Self::Dictionary(dictionary.clone()),
            None => Self::Page(page.clone()),
        }
    }

    /// The code of a place in the page.
    pub fn code(page: &Page, place: usize) -> u32 {
        match page.codes() {
            Some((_, codes)) => codes.get(place).copied().unwrap_or(NONE),
            None => u32::try_from(place).unwrap_or(NONE),
        }
    }

    /// The value of a code.
    pub fn get(&self, code: u32) -> &[u8] {
        match self {
            Self::Dictionary(texts) => texts.get(code as usize),
            Self::Page(page) => page.bytes(code as usize),
        }
    }

    fn stable(&self) -> usize {
        match self {
            Self::Dictionary(texts) => texts.count(),
            Self::Page(_) => 0,
        }
    }
}

// === impl Cells ===

impl Cells {
    /// The value of a row, if it has one.
    pub fn with<R>(&self, row: u32, look: impl FnOnce(Option<&Datum<'_>>) -> R) -> R {
        match self.codes.get(row as usize).copied().unwrap_or(NONE) {
            NONE => look(None),
            code => self.pool.with(code, look),
        }
    }
}

// === impl Pool ===

impl Pool {
    /// How many of the first codes stand for the same in every block of the row group, or for several rows of the head.
    pub fn stable(&self) -> usize {
        match self {
            // Whether the resource of a code has the attribute is the same everywhere too.
            Self::Bytes(bytes, _) => bytes.stable(),
            Self::Head(rows, _, true) => rows.len(),
            Self::Chain(parts) => match parts.as_slice() {
                [(_, first), ..] => first.stable(),
                [] => 0,
            },
            _ => 0,
        }
    }

    /// The value of a code; none when it stands for none.
    pub fn with<R>(&self, code: u32, look: impl FnOnce(Option<&Datum<'_>>) -> R) -> R {
        let place = code as usize;
        match self {
            Self::Bytes(bytes, read) => read.with(bytes.get(code), look),
            Self::Longs(page, Sign::Signed) => look(Some(&Datum::Whole(page.long(place).into()))),
            Self::Longs(page, Sign::Unsigned) => {
                let number = page.long(place) as u64;
                look(Some(&Datum::Whole(number.into())))
            }
            Self::Bools(page) => look(Some(&Datum::Value(ValueView::Bool(page.bool(place))))),
            Self::Others(kinds, values) => {
                let kind = Kind::named(kinds.bytes(place));
                let cell = kind.and_then(|kind| cell_of(kind, values.bytes(place)));
                match &cell {
                    Some(cell) => look(Some(&Datum::Value(cell.view()))),
                    None => look(None),
                }
            }
            Self::Ends(starts, durations) => {
                let end = (starts.long(place) as u64).wrapping_add(durations.long(place) as u64);
                look(Some(&Datum::Whole(end.into())))
            }
            Self::Head(rows, field, _) => {
                let datum = rows.get(place).and_then(|row| row.datum(field));
                look(datum.as_ref())
            }
            Self::Chain(parts) => {
                let after = parts.partition_point(|(first, _)| *first <= code);
                match after.checked_sub(1).and_then(|part| parts.get(part)) {
                    Some((first, pool)) => pool.with(code - first, look),
                    None => look(None),
                }
            }
        }
    }
}

// === impl Read ===

impl Read {
    fn with<R>(&self, bytes: &[u8], look: impl FnOnce(Option<&Datum<'_>>) -> R) -> R {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        let number = || bytes.first_chunk().copied().unwrap_or_default();
        match self {
            Self::Text => look(Some(&Datum::Text(text(bytes).into()))),
            Self::Int => {
                let number = bytes.first_chunk().copied().unwrap_or_default();
                look(Some(&Datum::Whole(i32::from_le_bytes(number).into())))
            }
            Self::Id => look(Some(&Datum::id(bytes))),
            Self::Value(Kind::Int) => look(Some(&Datum::Value(ValueView::Int(i64::from_le_bytes(number()))))),
            Self::Value(Kind::Double) => look(Some(&Datum::Value(ValueView::Double(f64::from_le_bytes(
                number(),
            ))))),
            Self::Value(_) => look(Some(&Datum::Value(ValueView::String(text(bytes))))),
            Self::Resource(key) => {
                let header = header_of(Part::ResourceSpans, bytes).unwrap_or_default();
                let value = ResourceView::over(&header).attribute(key);
                look(value.map(Datum::Value).as_ref())
            }
            Self::ScopeVersion => {
                let header = header_of(Part::ScopeSpans, bytes).unwrap_or_default();
                let version = ScopeView::over(&header).version();
                look(
                    (!version.is_empty())
                        .then(|| Datum::Text(version.into()))
                        .as_ref(),
                )
            }
            Self::Parent => look(Some(&Datum::id(SpanView::over(bytes).parent_span_id()))),
        }
    }
}
