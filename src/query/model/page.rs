//! Pages of rows in a total order.

use serde::{Deserialize, Serialize};

use super::{Direction, Position};

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page<Tie> {
    /// The most rows that the page may hold.
    pub limit: usize,
    /// Where it begins.
    #[serde(default)]
    pub begin: Begin<Tie>,
}

/// Where a page begins. Pages by offset are exact only under one `before`, the others always.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begin<Tie> {
    /// After so many rows.
    Offset(u64),
    /// At the first row that comes after this one, which is not on the page.
    After(Position<Tie>),
    /// At this row, or the first that comes after it when it is gone.
    From(Position<Tie>),
}

/// What is cut out of all rows for a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut<Row, Tie> {
    /// The rows of the page.
    pub rows: Vec<Row>,
    /// Where the last of them stands: the page after this one begins `after` it.
    pub last: Option<Position<Tie>>,
    /// Where the row after them stands, when there is one: the page after this one begins `from` it.
    pub next: Option<Position<Tie>>,
}

// === impl Page ===

impl<Tie> Page<Tie> {
    /// The first rows.
    pub fn first(limit: usize) -> Self {
        Self {
            limit,
            begin: Begin::Offset(0),
        }
    }

    /// Rows from the beginning of the order that must be known to fill the page and to see whether more follow.
    pub fn needed(&self) -> usize {
        let offset = match &self.begin {
            Begin::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            Begin::After(_) | Begin::From(_) => 0,
        };
        offset.saturating_add(self.limit).saturating_add(1)
    }
}

impl<Tie: Ord> Page<Tie> {
    /// Whether a row lies on this page or beyond it; an offset leaves that open.
    pub fn reaches(&self, row: &Position<Tie>, direction: Direction) -> bool {
        match &self.begin {
            Begin::Offset(_) => true,
            Begin::After(position) => row.compare(position, direction).is_gt(),
            Begin::From(position) => row.compare(position, direction).is_ge(),
        }
    }
}

// === impl Begin ===

impl<Tie> Default for Begin<Tie> {
    fn default() -> Self {
        Self::Offset(0)
    }
}

/// Cuts the page out of rows in their order. They are all rows that the page [reaches](Page::reaches), or the
/// first [needed](Page::needed) of them.
pub fn cut<Row, Tie>(rows: Vec<(Position<Tie>, Row)>, page: &Page<Tie>) -> Cut<Row, Tie> {
    let offset = match &page.begin {
        Begin::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
        Begin::After(_) | Begin::From(_) => 0,
    };
    let mut rest = rows.into_iter().skip(offset);
    let mut cut = Cut {
        rows: Vec::new(),
        last: None,
        next: None,
    };
    for (position, row) in rest.by_ref().take(page.limit) {
        cut.last = Some(position);
        cut.rows.push(row);
    }
    cut.next = rest.next().map(|(position, _)| position);
    cut
}
