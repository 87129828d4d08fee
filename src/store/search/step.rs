//! A filter over the rows of a block: conditions that cost little first, columns only for rows that still stand, and a
//! value that a dictionary holds once for a whole row group is judged once for it.

use super::block::Block;
use super::facts::Facts;
use super::prune;
use crate::query::model::{Compiled, Field, JudgedTest, Node, QueryError};
use crate::store::segment::Column;

use super::pool::NONE;

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
    /// By code.
    verdicts: Vec<bool>,
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
    pub fn pass(&mut self, block: &Block<'_>, facts: &Facts, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        match self {
            Self::All(steps) => steps
                .iter_mut()
                .try_fold(rows, |rows, step| step.pass(block, facts, rows)),
            Self::Any(steps) => {
                let (mut rest, mut passed) = (rows, Vec::new());
                for step in steps {
                    let more = step.pass(block, facts, rest.clone())?;
                    rest = without(rest, &more);
                    passed.extend(more);
                }
                passed.sort_unstable();
                Ok(passed)
            }
            Self::Not(step) => {
                let passed = step.pass(block, facts, rows.clone())?;
                Ok(without(rows, &passed))
            }
            Self::Root => {
                let parents = block.cells(&Field::ParentSpanId, &rows)?;
                let is_root = |row: &u32| parents.codes.get(*row as usize) == Some(&NONE);
                Ok(kept(rows, is_root))
            }
            Self::Field(leaf) => leaf.pass(block, rows),
            Self::AnySpan(number) => {
                let traces = block.page(Column::TraceId)?;
                Ok(kept(rows, |row| {
                    facts.has_span(*number, &traces.id(*row as usize))
                }))
            }
            Self::Latency(min, max) => {
                let traces = block.page(Column::TraceId)?;
                let latency = |row: &u32| facts.latency(&traces.id(*row as usize));
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
    fn pass(&mut self, block: &Block<'_>, rows: Vec<u32>) -> Result<Vec<u32>, QueryError> {
        let is_known = self.group == Some(block.group());
        if !self.missing
            && (is_known && self.rules_out() || !prune::may_pass(block, &self.field, &self.test)?)
        {
            return Ok(Vec::new());
        }
        let cells = block.cells(&self.field, &rows)?;
        let stable = cells.pool.stable();
        if !is_known || self.verdicts.len() != stable {
            let codes = 0..stable as u32;
            self.verdicts = codes.map(|code| self.judge(&cells.pool, code)).collect();
            self.group = Some(block.group());
        }
        Ok(kept(rows, |row| {
            match cells.codes.get(*row as usize).copied().unwrap_or(NONE) {
                NONE => self.missing,
                code => match self.verdicts.get(code as usize) {
                    Some(verdict) => *verdict,
                    None => self.judge(&cells.pool, code),
                },
            }
        }))
    }

    fn judge(&self, pool: &super::pool::Pool, code: u32) -> bool {
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
        is_whole && !self.verdicts.is_empty() && !self.verdicts.contains(&true)
    }
}
