//! What becomes of resources, scopes and spans while one processor works on them, pass after pass.

use serde_json::Value;

use super::changes::changes;
use super::report::{Statement, What};
use crate::pipeline::processor::Fate;

/// All of a kind in one request, in their order.
#[derive(Default)]
pub struct Stories {
    all: Vec<Story>,
    /// Which of them are seen again in this pass.
    again: std::vec::IntoIter<usize>,
    /// Which of them will be in the next.
    staying: Vec<usize>,
    /// The one seen last.
    last: usize,
}

/// What becomes of one of them.
pub struct Story {
    /// Which one.
    pub what: What,
    /// What it was when it came to the processor.
    pub before: Value,
    /// What it is.
    pub now: Value,
    /// What becomes of it.
    pub fate: Fate,
    statements: Vec<Statement>,
}

// === impl Stories ===

impl Stories {
    /// Another pass begins.
    pub fn pass(&mut self) {
        self.again = std::mem::take(&mut self.staying).into_iter();
    }

    /// The next one comes, if it was there in the pass before.
    pub fn again(&mut self) -> bool {
        let next = self.again.next();
        self.last = next.unwrap_or(self.last);
        next.is_some()
    }

    /// One comes for the first time.
    pub fn begin(&mut self, story: Story) {
        self.last = self.all.len();
        self.all.push(story);
    }

    /// The one that came last.
    pub fn last(&mut self) -> Option<&mut Story> {
        self.all.get_mut(self.last)
    }

    /// The one that came last will come again.
    pub fn stays(&mut self) {
        self.staying.push(self.last);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Story> {
        self.all.iter()
    }
}

// === impl Story ===

impl Story {
    /// The beginning.
    pub fn new(what: What, content: Value) -> Self {
        Self {
            what,
            before: content.clone(),
            now: content,
            fate: Fate::Keep,
            statements: Vec::new(),
        }
    }

    /// A statement has changed it, or something that has no name.
    pub fn becomes(&mut self, statement: Option<&str>, now: Value) {
        let changes = changes(&self.now, &now);
        self.now = now;
        if !changes.is_empty() {
            self.statements.push(Statement {
                statement: statement.map(str::to_owned),
                changes,
            });
        }
    }

    /// A pass has decided on it.
    pub fn meets(&mut self, fate: Fate) {
        if fate != Fate::Keep {
            self.fate = fate;
        }
    }

    /// What each statement changed; none where the processor has no statements.
    pub fn statements(&self) -> Vec<Statement> {
        let is_named = |statement: &Statement| statement.statement.is_some();
        match self.statements.iter().any(is_named) {
            true => self.statements.clone(),
            false => Vec::new(),
        }
    }
}
