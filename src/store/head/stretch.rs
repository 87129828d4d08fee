//! Rows of the head that follow each other: what is in them is counted once, by whoever needs it first.

use std::iter;
use std::sync::OnceLock;

use super::counting::{self, Counted};
use super::part::Part;
use super::row::Row;
use super::sieve::Sieve;
use crate::store::segment::Summary;

/// Rows of a stretch. Tests have many of them.
pub(super) const STRETCH: usize = if cfg!(test) { 8 } else { 4096 };

/// Rows of a run, of which a stretch has a whole number.
const RUN: usize = if cfg!(test) { 2 } else { 128 };

/// Places of rows, which never move, and what is in them once all are taken.
pub(super) struct Chunk {
    rows: Box<[OnceLock<Row>]>,
    /// None inside: there is too much in them to list it.
    counted: OnceLock<Option<Box<Counted>>>,
    /// The attributes of each run, once it is complete.
    sieves: Box<[OnceLock<Sieve>]>,
}

/// A stretch of a part, as a view has it.
#[derive(Clone, Copy)]
pub struct Stretch<'a> {
    pub(super) part: &'a Part,
    pub(super) chunk: &'a Chunk,
    /// How many rows the view has of it.
    pub(super) rows: usize,
}

/// Some rows of a stretch.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    rows: &'a [OnceLock<Row>],
    /// Their attributes, when the run is complete.
    pub sieve: Option<&'a Sieve>,
}

// === impl Chunk ===

impl Chunk {
    pub fn new() -> Self {
        Self {
            rows: iter::repeat_with(OnceLock::new).take(STRETCH).collect(),
            counted: OnceLock::new(),
            sieves: iter::repeat_with(OnceLock::new).take(STRETCH / RUN).collect(),
        }
    }

    pub fn row(&self, at: usize) -> Option<&Row> {
        self.rows.get(at)?.get()
    }

    /// Fills a place. Each is reached once, by the one writer.
    pub fn fill(&self, at: usize, row: Row) {
        if let Some(place) = self.rows.get(at) {
            place.get_or_init(|| row);
        }
    }
}

// === impl Stretch ===

impl<'a> Stretch<'a> {
    /// Its rows, in the order of their insertion numbers.
    pub fn rows(self) -> impl DoubleEndedIterator<Item = &'a Row> {
        let rows = self.chunk.rows.get(..self.rows).unwrap_or_default();
        rows.iter().filter_map(OnceLock::get)
    }

    /// Its rows in runs; those that are complete have their attributes, which are gathered when nobody has yet.
    pub fn runs(self) -> impl DoubleEndedIterator<Item = Run<'a>> {
        let rows = self.chunk.rows.get(..self.rows).unwrap_or_default().chunks(RUN);
        // Both have as many runs, so that both can be walked from the end.
        let sieves = self.chunk.sieves.get(..rows.len()).unwrap_or_default();
        rows.zip(sieves).map(move |(rows, sieve)| {
            let gather = || {
                let sieve = Sieve::of(rows.iter().filter_map(OnceLock::get));
                self.part.hold_counted(sieve.bytes());
                sieve
            };
            let sieve = (rows.len() == RUN).then(|| sieve.get_or_init(gather));
            Run { rows, sieve }
        })
    }

    /// What is in it; none while it is not complete, and when there is too much to list it. Counted when nobody has yet.
    pub fn summary(self) -> Option<&'a Summary> {
        if !self.is_complete() {
            return None;
        }
        let counted = self.chunk.counted.get_or_init(|| {
            let counted = counting::count(self.rows())?;
            self.part.hold_counted(counted.bytes);
            Some(Box::new(counted))
        });
        counted.as_ref().map(|counted| &counted.summary)
    }

    /// Likewise, only if it has been counted.
    pub fn known_summary(self) -> Option<&'a Summary> {
        let counted = self.chunk.counted.get().filter(|_| self.is_complete())?;
        counted.as_ref().map(|counted| &counted.summary)
    }

    /// Whether it can be counted and has not been.
    pub fn is_uncounted(self) -> bool {
        self.is_complete() && self.chunk.counted.get().is_none()
    }

    fn is_complete(self) -> bool {
        self.rows == STRETCH
    }
}

// === impl Run ===

impl<'a> Run<'a> {
    /// Its rows, in the order of their insertion numbers.
    pub fn rows(self) -> impl DoubleEndedIterator<Item = &'a Row> {
        self.rows.iter().filter_map(OnceLock::get)
    }
}
