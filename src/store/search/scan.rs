//! Goes over all rows that a question selects: what cannot hold any is not read.

use std::sync::Arc;

use super::batch::Batch;
use super::block::Block;
use super::facts::Facts;
use super::guard::Guard;
use super::prune;
use super::source::{Named, Recent, Source};
use super::step::{Step, kept};
use crate::query::model::{Compiled, Field, FoundSpan, Node, QueryError, Select, TraceId};
use crate::store::segment::{Column, Segment, Summary};

/// So many rows of the head are looked at together.
const HEAD_ROWS: usize = 2048;

/// Which rows a question can reach, whatever its filter.
#[derive(Clone)]
pub struct Reach(Select);

/// What is done with the rows that are found.
pub trait Visitor {
    /// Whether no row of such a segment would change the result any more.
    fn has_enough(&self, _summary: &Summary) -> bool {
        false
    }

    /// Takes what a segment says about itself instead of its rows, all of which are selected; says whether it did.
    fn absorb(&mut self, _summary: &Summary) -> Result<bool, QueryError> {
        Ok(false)
    }

    /// Takes rows of a batch.
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError>;
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
        let known = |name: &String| summary.projects.contains_key(name);
        self.0
            .project
            .as_ref()
            .is_none_or(|names| names.iter().any(known))
    }

    fn has_all_projects(&self, summary: &Summary) -> bool {
        let mut known = summary.projects.keys();
        let names = self.0.project.as_ref();
        names.is_none_or(|names| known.all(|name| names.contains(name)))
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

    fn head(&self, visitor: &mut dyn Visitor) -> Result<(), QueryError> {
        let mut batch = Vec::new();
        match &self.only {
            None => {
                for row in self.source.head() {
                    self.recent(row, &mut batch, visitor)?;
                }
            }
            Some(traces) => {
                for row in traces.iter().flat_map(|trace| self.source.head_of_trace(trace)) {
                    self.recent(row, &mut batch, visitor)?;
                }
            }
        }
        shown(batch, visitor)
    }

    fn recent(
        &self,
        row: Recent<'_>,
        batch: &mut Vec<FoundSpan>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), QueryError> {
        let select = &self.reach.0;
        if !select.covers(row.start) || !select.sees(row.project, row.number) {
            return Ok(());
        }
        let found = row.found();
        let facts = match self.filter.asks_trace() {
            true => self.facts.of_trace(&row.trace),
            false => Default::default(),
        };
        if !self.filter.judge(&found, &facts)
            || self.source.has_deletions() && self.source.is_deleted(&row.named())
        {
            return Ok(());
        }
        batch.push(found);
        if batch.len() == HEAD_ROWS {
            self.guard.check()?;
            shown(std::mem::take(batch), visitor)?;
        }
        Ok(())
    }

    fn segment(
        &mut self,
        segment: &Arc<Segment>,
        at: usize,
        visitor: &mut dyn Visitor,
    ) -> Result<(), QueryError> {
        let summary = segment.summary();
        if visitor.has_enough(summary) || !prune::may_hold(segment, &self.filter.node)? {
            return Ok(());
        }
        let takes_all = matches!(&self.filter.node, Node::All(parts) if parts.is_empty());
        let is_whole = takes_all
            && self.only.is_none()
            && !self.source.has_deletions()
            && self.reach.covers_all(summary)
            && self.reach.numbers_all(summary)
            && self.reach.has_all_projects(summary);
        if is_whole && !summary.is_partial && visitor.absorb(summary)? {
            return Ok(());
        }
        let blocks = match &self.only {
            Some(traces) => prune::blocks_of(segment, traces)?,
            None => (0..segment.blocks()).collect(),
        };
        for number in blocks {
            self.guard.check()?;
            let block = Block::new(segment, number, self.guard);
            let rows = self.selected(&block, summary)?;
            let rows = self.step.pass(&block, self.facts, rows)?;
            let rows = self.alive(&block, rows)?;
            if !rows.is_empty() {
                visitor.rows(&Batch::Block(&block, at), &rows)?;
            }
        }
        Ok(())
    }

    /// The rows of a block that are reached.
    fn selected(&self, block: &Block<'_>, summary: &Summary) -> Result<Vec<u32>, QueryError> {
        let mut rows: Vec<u32> = (0..block.rows() as u32).collect();
        if let Some(traces) = &self.only {
            let page = block.page(Column::TraceId)?;
            rows.retain(|row| traces.binary_search(&TraceId(page.id(*row as usize))).is_ok());
        }
        if !rows.is_empty() && !self.reach.covers_all(summary) {
            let starts = block.page(Column::Start)?;
            rows.retain(|row| self.reach.covers(starts.long(*row as usize) as u64));
        }
        if !rows.is_empty() && !self.reach.has_all_projects(summary) {
            let projects = block.cells(&Field::Project, &rows)?;
            let is_asked = |name: &str| self.reach.0.has_project(name);
            rows.retain(|row| projects.with(*row, |name| name.is_some_and(|name| is_asked(&name.text()))));
        }
        if !rows.is_empty() && !self.reach.numbers_all(summary) {
            let numbers = block.page(Column::Number)?;
            let before = self.reach.0.before.unwrap_or(u64::MAX);
            rows.retain(|row| (numbers.long(*row as usize) as u64) < before);
        }
        Ok(rows)
    }

    /// The rows that have not been deleted.
    fn alive(&self, block: &Block<'_>, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        if rows.is_empty() || !self.source.has_deletions() {
            return Ok(rows);
        }
        let (numbers, starts) = (block.page(Column::Number)?, block.page(Column::Start)?);
        let (traces, spans) = (block.page(Column::TraceId)?, block.page(Column::SpanId)?);
        let projects = block.cells(&Field::Project, &rows)?;
        Ok(kept(rows, |row| {
            let at = *row as usize;
            projects.with(*row, |project| {
                let project = project.map(|project| project.text()).unwrap_or_default();
                !self.source.is_deleted(&Named {
                    number: numbers.long(at) as u64,
                    project: &project,
                    trace: TraceId(traces.id(at)),
                    span: spans.id(at),
                    start: starts.long(at) as u64,
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

fn shown(batch: Vec<FoundSpan>, visitor: &mut dyn Visitor) -> Result<(), QueryError> {
    if batch.is_empty() {
        return Ok(());
    }
    let rows: Vec<u32> = (0..batch.len() as u32).collect();
    visitor.rows(&Batch::Head(batch.into()), &rows)
}
