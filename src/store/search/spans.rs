//! Finds spans: the first of them in an order, without keeping the others.

use super::batch::Batch;
use super::facts::Facts;
use super::guard::Guard;
use super::place::{Place, fetch};
use super::scan::{Reach, Scan, Visitor};
use super::source::Source;
use crate::query::model::{
    Begin, Compiled, Direction, FindSpans, Key, Position, QueryError, SpanOrderBy, SpanPage, cut,
};
use crate::store::segment::Summary;

/// The best rows are sorted out whenever this many more were gathered.
const SLACK: usize = 1024;

/// Answers a question for spans.
pub fn spans(
    source: &dyn Source,
    reach: &Reach,
    filter: &Compiled,
    find: &FindSpans,
    guard: &Guard,
) -> Result<SpanPage, QueryError> {
    let facts = Facts::of(source, reach, filter, guard)?;
    let scan = Scan::new(source, reach.clone(), filter, &facts, guard);
    let scan = match (&find.order.by, find.order.direction) {
        (SpanOrderBy::Insertion, Direction::Ascending) => scan.by(|summary| summary.min_number),
        (SpanOrderBy::Insertion, Direction::Descending) => scan.by(|summary| !summary.max_number),
        (_, Direction::Ascending) => scan.by(|summary| summary.min_start),
        (_, Direction::Descending) => scan.by(|summary| !summary.max_start),
    };
    let mut first = First {
        find,
        guard,
        rows: Vec::new(),
        worst: None,
        total: 0,
    };
    scan.run(&mut first)?;
    let total = find.total.then_some(first.total);
    let cut = cut(first.into_rows(), &find.page);
    Ok(SpanPage {
        spans: fetch(source, &cut.rows, guard)?,
        last: cut.last,
        next: cut.next,
        total,
    })
}

/// The first rows so far.
struct First<'a> {
    find: &'a FindSpans,
    guard: &'a Guard,
    rows: Vec<(Position<u64>, Place)>,
    /// The last of the rows that are needed, once there are so many.
    worst: Option<Position<u64>>,
    total: u64,
}

// === impl First ===

impl First<'_> {
    fn into_rows(mut self) -> Vec<(Position<u64>, Place)> {
        let direction = self.find.order.direction;
        self.rows
            .sort_by(|left, right| left.0.compare(&right.0, direction));
        self.rows
    }

    fn add(&mut self, position: Position<u64>, batch: &Batch<'_>, row: u32) -> Result<(), QueryError> {
        let direction = self.find.order.direction;
        let is_late = |worst: &Position<u64>| position.compare(worst, direction).is_gt();
        if !self.find.page.reaches(&position, direction) || self.worst.as_ref().is_some_and(is_late) {
            return Ok(());
        }
        let Some(place) = Place::of(batch, row) else {
            return Ok(());
        };
        self.guard.keep(size(&position))?;
        self.rows.push((position, place));
        if self.rows.len() > self.find.page.needed().saturating_add(SLACK) {
            self.sort_out();
        }
        Ok(())
    }

    fn sort_out(&mut self) {
        let direction = self.find.order.direction;
        let needed = self.find.page.needed();
        self.rows
            .sort_by(|left, right| left.0.compare(&right.0, direction));
        for (position, _) in self.rows.drain(needed.min(self.rows.len())..) {
            self.guard.give_back(size(&position));
        }
        self.worst = self.rows.last().map(|(position, _)| position.clone());
    }

    fn keys(&self, batch: &Batch<'_>, rows: &[u32]) -> Result<Vec<Key>, QueryError> {
        let (by, mut keys) = (&self.find.order.by, Vec::with_capacity(rows.len()));
        match by {
            SpanOrderBy::Start => {
                let starts = batch.starts()?;
                keys.extend(
                    rows.iter()
                        .map(|row| Key::Whole((starts.get(*row) as u64).into())),
                );
            }
            SpanOrderBy::Duration => {
                let durations = batch.durations()?;
                keys.extend(rows.iter().map(|row| Key::Whole(durations.get(*row).into())));
            }
            SpanOrderBy::Insertion => {
                let numbers = batch.numbers()?;
                keys.extend(
                    rows.iter()
                        .map(|row| Key::Whole((numbers.get(*row) as u64).into())),
                );
            }
            SpanOrderBy::Text(field) => {
                let cells = batch.cells(field, rows)?;
                let text = |row: &u32| cells.with(*row, |datum| datum.map(|datum| datum.text().into_owned()));
                keys.extend(rows.iter().map(|row| text(row).map_or(Key::Missing, Key::Text)));
            }
            SpanOrderBy::Number(field) => {
                let cells = batch.cells(field, rows)?;
                let number = |row: &u32| cells.with(*row, |datum| datum?.number()?.finite());
                keys.extend(
                    rows.iter()
                        .map(|row| number(row).map_or(Key::Missing, Key::Number)),
                );
            }
        }
        Ok(keys)
    }
}

fn whole(position: Option<&Position<u64>>) -> Option<i128> {
    match position?.key {
        Key::Whole(key) => Some(key),
        _ => None,
    }
}

fn size(position: &Position<u64>) -> usize {
    let text = match &position.key {
        Key::Text(text) => text.len(),
        _ => 0,
    };
    size_of::<(Position<u64>, Place)>() + text
}

impl Visitor for First<'_> {
    fn has_enough(&self, summary: &Summary) -> bool {
        let (low, high) = match self.find.order.by {
            SpanOrderBy::Start => (summary.min_start, summary.max_start),
            SpanOrderBy::Insertion => (summary.min_number, summary.max_number),
            _ => return false,
        };
        if self.find.total {
            return false;
        }
        let (low, high) = (i128::from(low), i128::from(high));
        let is_beyond = |key: i128| match self.find.order.direction {
            Direction::Ascending => low > key,
            Direction::Descending => high < key,
        };
        let is_before = |key: i128| match self.find.order.direction {
            Direction::Ascending => high < key,
            Direction::Descending => low > key,
        };
        let begin = match &self.find.page.begin {
            Begin::Offset(_) => None,
            Begin::After(position) | Begin::From(position) => Some(position),
        };
        whole(self.worst.as_ref()).is_some_and(is_beyond) || whole(begin).is_some_and(is_before)
    }

    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        self.total += rows.len() as u64;
        let numbers = batch.numbers()?;
        for (row, key) in rows.iter().zip(self.keys(batch, rows)?) {
            let tie = numbers.get(*row) as u64;
            self.add(Position { key, tie }, batch, *row)?;
        }
        // Whether a segment is needed at all is asked next.
        if self.worst.is_none() && self.rows.len() >= self.find.page.needed() {
            self.sort_out();
        }
        Ok(())
    }
}
