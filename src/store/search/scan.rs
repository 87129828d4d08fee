//! Goes over all rows that a question selects: what cannot hold any is not read.

use std::sync::Arc;

use super::batch::{Batch, HeadRow};
use super::block::Block;
use super::facts::Facts;
use super::guard::Guard;
use super::prune;
use super::source::{Named, Source};
use super::step::{Step, kept};
use crate::query::model::{Compiled, Field, Node, QueryError, Select, TraceId};
use crate::store::segment::{Column, Segment, Summary};
use crate::store::{Row, Stretch};

/// So many rows of the head are looked at together, at first: the newest may be all that is wanted.
const FEW_HEAD_ROWS: usize = 128;

/// Twice as many each time, up to this.
const HEAD_ROWS: usize = 512;

/// Which rows a question can reach, whatever its filter.
#[derive(Clone)]
pub struct Reach(Select);

/// What is done with the rows that are found.
pub trait Visitor {
    /// Rows outside of these starts and insertion numbers, bounds included, would not change the result any more.
    fn bounds(&self) -> Bounds {
        Bounds::default()
    }

    /// Whether it can do with summaries instead of rows.
    fn absorbs(&self) -> bool {
        false
    }

    /// Takes a summary instead of the rows that it tells of, all of which are selected. Only where it says that it can.
    fn absorb(&mut self, _summary: &Summary) -> Result<(), QueryError> {
        Ok(())
    }

    /// Takes rows of a batch.
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError>;
}

/// Starts and insertion numbers, each from the first to the second, both included.
pub struct Bounds {
    /// Nanoseconds since 1970.
    pub starts: (u64, u64),
    /// Insertion numbers.
    pub numbers: (u64, u64),
}

/// A way over the rows.
pub struct Scan<'a> {
    source: &'a dyn Source,
    reach: Reach,
    filter: &'a Compiled,
    facts: &'a Facts,
    guard: &'a Guard,
    step: Step,
    /// In order, each once.
    only: Option<Vec<TraceId>>,
    order: Vec<usize>,
    /// Rows of the head that are looked at together next.
    head_rows: usize,
}

// === impl Reach ===

impl Reach {
    /// What a question selects.
    pub fn of(select: &Select) -> Self {
        Self(select.clone())
    }

    /// The same rows and those before and after them.
    pub fn at_any_time(&self) -> Self {
        let mut select = self.0.clone();
        (select.from, select.to) = (None, None);
        Self(select)
    }

    /// Whether a start lies in the range of time.
    pub fn covers(&self, start: u64) -> bool {
        self.0.covers(start)
    }

    fn has_project(&self, summary: &Summary) -> bool {
        let known = |name: &String| summary.is_partial || summary.projects.contains_key(name);
        self.0
            .project
            .as_ref()
            .is_none_or(|names| names.iter().any(known))
    }

    fn has_all_projects(&self, summary: &Summary) -> bool {
        let mut known = summary.projects.keys();
        let names = self.0.project.as_ref();
        names.is_none_or(|names| !summary.is_partial && known.all(|name| names.contains(name)))
    }

    /// Whether some row of a segment may be reached.
    fn touches(&self, summary: &Summary) -> bool {
        self.0.from.is_none_or(|from| summary.max_start >= from)
            && self.0.to.is_none_or(|to| summary.min_start < to)
            && self.0.before.is_none_or(|before| summary.min_number < before)
            && self.has_project(summary)
    }

    fn covers_all(&self, summary: &Summary) -> bool {
        self.covers(summary.min_start) && self.covers(summary.max_start)
    }

    fn numbers_all(&self, summary: &Summary) -> bool {
        self.0.before.is_none_or(|before| summary.max_number < before)
    }
}

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Self {
        Self {
            starts: (0, u64::MAX),
            numbers: (0, u64::MAX),
        }
    }
}

impl Bounds {
    fn has(&self, start: u64, number: u64) -> bool {
        let within = |(low, high): (u64, u64), value| low <= value && value <= high;
        within(self.starts, start) && within(self.numbers, number)
    }

    fn touch(&self, summary: &Summary) -> bool {
        self.starts.0 <= summary.max_start
            && self.starts.1 >= summary.min_start
            && self.numbers.0 <= summary.max_number
            && self.numbers.1 >= summary.min_number
    }

    fn has_starts(&self, summary: &Summary) -> bool {
        self.starts.0 <= summary.min_start && self.starts.1 >= summary.max_start
    }

    fn has_numbers(&self, summary: &Summary) -> bool {
        self.numbers.0 <= summary.min_number && self.numbers.1 >= summary.max_number
    }
}

// === impl Scan ===

impl<'a> Scan<'a> {
    /// A way over the rows that are reached and pass.
    pub fn new(
        source: &'a dyn Source,
        reach: Reach,
        filter: &'a Compiled,
        facts: &'a Facts,
        guard: &'a Guard,
    ) -> Self {
        Self {
            order: (0..source.segments().len()).collect(),
            head_rows: FEW_HEAD_ROWS,
            only: prune::traces(&filter.node).map(sorted),
            step: Step::of(filter),
            source,
            reach,
            filter,
            facts,
            guard,
        }
    }

    /// Only over rows of these traces.
    pub fn only(mut self, traces: Vec<TraceId>) -> Self {
        self.only = Some(sorted(traces));
        self
    }

    /// Takes the segments in the order of this key.
    pub fn by<K: Ord>(mut self, key: impl Fn(&Summary) -> K) -> Self {
        let segments = self.source.segments();
        let key = |at: &usize| segments.get(*at).map(|segment| key(segment.summary()));
        self.order.sort_by_key(key);
        self
    }

    /// Goes.
    pub fn run(mut self, visitor: &mut dyn Visitor) -> Result<(), QueryError> {
        self.guard.check()?;
        self.head(visitor)?;
        for at in std::mem::take(&mut self.order) {
            let segments = self.source.segments();
            if let Some(segment) = segments
                .get(at)
                .filter(|segment| self.reach.touches(segment.summary()))
            {
                self.segment(segment, at, visitor)?;
            }
        }
        Ok(())
    }

    fn head(&mut self, visitor: &mut dyn Visitor) -> Result<(), QueryError> {
        let parts = self.source.head();
        let mut batch = Vec::new();
        if let Some(traces) = self.only.clone() {
            for trace in traces {
                let rows = parts.iter().flat_map(|part| part.rows_of_trace(&trace.0));
                self.gather(rows, &mut batch, visitor)?;
            }
        } else {
            for stretch in parts.iter().rev().flat_map(|part| part.stretches().rev()) {
                self.stretch(stretch, &mut batch, visitor)?;
            }
        }
        self.show_head(batch, visitor)
    }

    fn stretch(
        &mut self,
        stretch: Stretch<'_>,
        batch: &mut Vec<HeadRow>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), QueryError> {
        let summary = match self.takes_all() && visitor.absorbs() {
            true => stretch.summary(),
            false => stretch.known_summary(),
        };
        if let Some(summary) = summary {
            self.guard.check()?;
            if !self.reach.touches(summary) || !visitor.bounds().touch(summary) {
                return Ok(());
            }
            if visitor.absorbs() && self.is_whole(summary) {
                return visitor.absorb(summary);
            }
        }
        // What no row without attributes and ids passes may be ruled out by those that there are.
        if prune::may_hold_run(None, &self.filter.node)? {
            return self.gather(stretch.rows().rev(), batch, visitor);
        }
        for run in stretch.runs().rev() {
            if run.sieve.is_none() || prune::may_hold_run(run.sieve, &self.filter.node)? {
                self.gather(run.rows().rev(), batch, visitor)?;
            }
        }
        Ok(())
    }

    /// Adds rows of the head to a batch, which is shown whenever it is full.
    fn gather<'r>(
        &mut self,
        rows: impl Iterator<Item = &'r Row>,
        batch: &mut Vec<HeadRow>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), QueryError> {
        for row in rows {
            let (select, start) = (&self.reach.0, row.identity.start);
            let is_reached = select.covers(start) && select.sees(&row.above.project, row.number);
            if !is_reached || !visitor.bounds().has(start, row.number) {
                continue;
            }
            batch.push(HeadRow::from(row));
            if batch.len() >= self.head_rows {
                self.head_rows = (2 * self.head_rows).min(HEAD_ROWS);
                self.show_head(std::mem::take(batch), visitor)?;
            }
        }
        Ok(())
    }

    fn show_head(&mut self, rows: Vec<HeadRow>, visitor: &mut dyn Visitor) -> Result<(), QueryError> {
        self.guard.check()?;
        let batch = Batch::Head(rows.into());
        self.passed(&batch, (0..batch.rows() as u32).collect(), visitor)
    }

    fn segment(
        &mut self,
        segment: &Arc<Segment>,
        at: usize,
        visitor: &mut dyn Visitor,
    ) -> Result<(), QueryError> {
        let summary = segment.summary();
        if !visitor.bounds().touch(summary) || !prune::may_hold(segment, &self.filter.node)? {
            return Ok(());
        }
        if visitor.absorbs() && self.is_whole(summary) {
            return visitor.absorb(summary);
        }
        let blocks = match &self.only {
            Some(traces) => prune::blocks_of(segment, traces)?,
            None => (0..segment.blocks()).collect(),
        };
        for number in blocks {
            self.guard.check()?;
            let block = Block::new(segment, number, self.guard);
            let rows = self.selected(&block, summary, &visitor.bounds())?;
            self.passed(&Batch::Block(&block, at), rows, visitor)?;
        }
        Ok(())
    }

    /// Whether all rows are wanted, as far as the range of the question goes.
    fn takes_all(&self) -> bool {
        let has_no_filter = matches!(&self.filter.node, Node::All(parts) if parts.is_empty());
        has_no_filter && self.only.is_none() && !self.source.has_deletions()
    }

    /// Whether a summary tells all of its rows, and all of them are selected.
    fn is_whole(&self, summary: &Summary) -> bool {
        self.takes_all()
            && !summary.is_partial
            && self.reach.covers_all(summary)
            && self.reach.numbers_all(summary)
            && self.reach.has_all_projects(summary)
    }

    /// Shows the rows that pass.
    fn passed(
        &mut self,
        batch: &Batch<'_>,
        rows: Vec<u32>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), QueryError> {
        let rows = self.step.pass(batch, self.facts, rows)?;
        let rows = self.alive(batch, rows)?;
        match rows.is_empty() {
            true => Ok(()),
            false => visitor.rows(batch, &rows),
        }
    }

    /// The rows of a block that are reached.
    fn selected(
        &self,
        block: &Block<'_>,
        summary: &Summary,
        bounds: &Bounds,
    ) -> Result<Vec<u32>, QueryError> {
        let mut rows: Vec<u32> = (0..block.rows() as u32).collect();
        if let Some(traces) = &self.only {
            let page = block.page(Column::TraceId)?;
            rows.retain(|row| traces.binary_search(&TraceId(page.id(*row as usize))).is_ok());
        }
        let takes_starts = self.reach.covers_all(summary) && bounds.has_starts(summary);
        if !rows.is_empty() && !takes_starts {
            let starts = block.page(Column::Start)?;
            let start = |row: &u32| starts.long(*row as usize) as u64;
            rows.retain(|row| self.reach.covers(start(row)) && bounds.has(start(row), bounds.numbers.0));
        }
        if !rows.is_empty() && !self.reach.has_all_projects(summary) {
            let projects = block.cells(&Field::Project, &rows)?;
            let is_asked = |name: &str| self.reach.0.has_project(name);
            rows.retain(|row| projects.with(*row, |name| name.is_some_and(|name| is_asked(&name.text()))));
        }
        let takes_numbers = self.reach.numbers_all(summary) && bounds.has_numbers(summary);
        if !rows.is_empty() && !takes_numbers {
            let numbers = block.page(Column::Number)?;
            let number = |row: &u32| numbers.long(*row as usize) as u64;
            let is_there = |number| self.reach.0.before.is_none_or(|before| number < before);
            rows.retain(|row| is_there(number(row)) && bounds.has(bounds.starts.0, number(row)));
        }
        Ok(rows)
    }

    /// The rows that have not been deleted.
    fn alive(&self, batch: &Batch<'_>, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        if rows.is_empty() || !self.source.has_deletions() {
            return Ok(rows);
        }
        let (numbers, starts, traces) = (batch.numbers()?, batch.starts()?, batch.traces()?);
        let projects = batch.cells(&Field::Project, &rows)?;
        let spans = batch.span_ids()?;
        Ok(kept(rows, |row| {
            projects.with(*row, |project| {
                let project = project.map(|project| project.text()).unwrap_or_default();
                !self.source.is_deleted(&Named {
                    number: numbers.get(*row) as u64,
                    project: &project,
                    trace: TraceId(traces.get(*row)),
                    span: spans.get(*row),
                    start: starts.get(*row) as u64,
                })
            })
        }))
    }
}

fn sorted(mut traces: Vec<TraceId>) -> Vec<TraceId> {
    traces.sort_unstable();
    traces.dedup();
    traces
}
