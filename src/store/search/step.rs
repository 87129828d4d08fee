//! A filter over the rows of a batch: conditions that cost little first, columns only for rows that still stand, and a
//! value that a dictionary holds once for a whole row group is judged once for it.

use super::batch::Batch;
use super::facts::Facts;
use super::pool::{NONE, Pool};
use super::prune;
use crate::query::model::{Compiled, Field, JudgedTest, Node, QueryError};

/// A condition with what it has learnt about the row group at hand.
pub enum Step {
    /// Each of these holds; those that cost least come first.
    All(Vec<Step>),
    /// One of these holds.
    Any(Vec<Step>),
    /// This does not hold.
    Not(Box<Step>),
    /// The span has no parent.
    Root,
    /// A field passes a test.
    Field(Box<Leaf>),
    /// The trace has some span like this.
    AnySpan(usize),
    /// The trace's latency lies within these bounds.
    Latency(i64, i64),
}

/// A field and its test.
pub struct Leaf {
    field: Field,
    test: JudgedTest,
    missing: bool,
    /// Segment and row group that the verdicts belong to.
    group: Option<(u64, usize)>,
    /// By code, as far as they are known.
    verdicts: Vec<Option<bool>>,
}

// === impl Step ===

impl Step {
    /// The steps of a filter.
    pub fn of(filter: &Compiled) -> Self {
        Self::of_node(&filter.node)
    }

    fn of_node(node: &Node) -> Self {
        let steps = |parts: &[Node]| {
            let mut steps: Vec<Self> = parts.iter().map(Self::of_node).collect();
            steps.sort_by_key(Self::cost);
            steps
        };
        match node {
            Node::All(parts) => Self::All(steps(parts)),
            Node::Any(parts) => Self::Any(steps(parts)),
            Node::Not(part) => Self::Not(Box::new(Self::of_node(part))),
            Node::Root => Self::Root,
            Node::Field { field, test, missing } => Self::Field(Box::new(Leaf {
                field: field.clone(),
                test: test.clone(),
                missing: *missing,
                group: None,
                verdicts: Vec::new(),
            })),
            Node::AnySpan(number) => Self::AnySpan(*number),
            Node::TraceLatency(min, max) => Self::Latency(*min, *max),
        }
    }

    /// About what it costs to read and judge, beside the others.
    fn cost(&self) -> u32 {
        match self {
            Self::All(steps) | Self::Any(steps) => steps.iter().map(Self::cost).sum(),
            Self::Not(step) => step.cost(),
            Self::Root | Self::AnySpan(_) | Self::Latency(..) => 4,
            Self::Field(leaf) => cost(&leaf.field),
        }
    }

    /// The rows that pass, of those given; both in order.
    pub fn pass(&mut self, batch: &Batch<'_>, facts: &Facts, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        match self {
            Self::All(steps) => steps
                .iter_mut()
                .try_fold(rows, |rows, step| step.pass(batch, facts, rows)),
            Self::Any(steps) => {
                let (mut rest, mut passed) = (rows, Vec::new());
                for step in steps {
                    let more = step.pass(batch, facts, rest.clone())?;
                    rest = without(rest, &more);
                    passed.extend(more);
                }
                passed.sort_unstable();
                Ok(passed)
            }
            Self::Not(step) => {
                let passed = step.pass(batch, facts, rows.clone())?;
                Ok(without(rows, &passed))
            }
            Self::Root => batch.roots(rows),
            Self::Field(leaf) => leaf.pass(batch, rows),
            Self::AnySpan(number) => {
                let traces = batch.traces()?;
                Ok(kept(rows, |row| facts.has_span(*number, &traces.get(*row))))
            }
            Self::Latency(min, max) => {
                let traces = batch.traces()?;
                let latency = |row: &u32| facts.latency(&traces.get(*row));
                Ok(kept(rows, |row| (*min..=*max).contains(&latency(row))))
            }
        }
    }
}

fn cost(field: &Field) -> u32 {
    match field {
        Field::Project | Field::Service | Field::Kind | Field::StatusCode | Field::ScopeName => 1,
        Field::Name | Field::Start | Field::Duration | Field::Number | Field::TraceState => 2,
        Field::Attribute(_) | Field::Resource(_) | Field::End | Field::ScopeVersion => 5,
        Field::StatusMessage | Field::ParentSpanId => 6,
        Field::TraceId | Field::SpanId => 7,
        Field::First(fields) => fields.iter().map(cost).sum(),
    }
}

/// The rows that `keep` lets stay.
pub fn kept(mut rows: Vec<u32>, keep: impl FnMut(&u32) -> bool) -> Vec<u32> {
    rows.retain(keep);
    rows
}

/// The rows that are not among these, which are a part of them in the same order.
fn without(rows: Vec<u32>, gone: &[u32]) -> Vec<u32> {
    let mut gone = gone.iter().peekable();
    kept(rows, |row| gone.next_if(|next| *next == row).is_none())
}

// === impl Leaf ===

impl Leaf {
    fn pass(&mut self, batch: &Batch<'_>, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        let group = batch.group();
        let is_known = group.is_some() && self.group == group;
        if !self.missing && (is_known && self.rules_out() || !self.may_pass(batch)?) {
            return Ok(Vec::new());
        }
        let cells = batch.cells(&self.field, &rows)?;
        let stable = cells.pool.stable();
        if !is_known || self.verdicts.len() != stable {
            // All values of a row group are judged, so that it is known whether any passes.
            let codes = 0..stable as u32;
            let judged = |code| group.is_some().then(|| self.judge(&cells.pool, code));
            self.verdicts = codes.map(judged).collect();
            self.group = group;
        }
        Ok(kept(rows, |row| {
            match cells.codes.get(*row as usize).copied().unwrap_or(NONE) {
                NONE => self.missing,
                code => self.verdict(&cells.pool, code),
            }
        }))
    }

    /// Whether a block may hold rows that pass, as far as filters know.
    fn may_pass(&self, batch: &Batch<'_>) -> Result<bool, QueryError> {
        match batch {
            Batch::Block(block, _) => prune::may_pass(block, &self.field, &self.test),
            Batch::Head(_) => Ok(true),
        }
    }

    fn verdict(&mut self, pool: &Pool, code: u32) -> bool {
        if let Some(Some(verdict)) = self.verdicts.get(code as usize) {
            return *verdict;
        }
        let verdict = self.judge(pool, code);
        if let Some(known) = self.verdicts.get_mut(code as usize) {
            *known = Some(verdict);
        }
        verdict
    }

    fn judge(&self, pool: &Pool, code: u32) -> bool {
        pool.with(code, |datum| {
            datum.map_or(self.missing, |datum| self.test.passes(datum))
        })
    }

    /// Whether no value of the row group passes. Only fields that are in one dictionary altogether say so.
    fn rules_out(&self) -> bool {
        let is_whole = matches!(
            self.field,
            Field::Project
                | Field::Service
                | Field::Name
                | Field::Kind
                | Field::StatusCode
                | Field::ScopeName
        );
        is_whole && !self.verdicts.is_empty() && self.verdicts.iter().all(|verdict| *verdict == Some(false))
    }
}
