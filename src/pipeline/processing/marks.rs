//! What one pass over a request remembers for the next: which parts of it were edited, by their number among those left.
//!
//! So that a span which several parts of a processor edit, each in a pass of its own, is counted once.

use std::vec::IntoIter;

/// Written while a pass goes on.
#[derive(Default)]
pub(super) struct Marks {
    /// By resource: whether the processor whose turn it still is edited it.
    pub resources: Vec<bool>,
    /// By scope: the same.
    pub scopes: Vec<bool>,
    /// By span.
    pub spans: Vec<Mark>,
}

/// What was done with a span.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    /// Any processor changed it.
    pub is_changed: bool,
    /// The processor whose turn it still is edited it.
    pub is_edited: bool,
}

/// Read in the same order while the next pass goes on.
#[derive(Default)]
pub(super) struct Earlier {
    resources: IntoIter<bool>,
    scopes: IntoIter<bool>,
    spans: IntoIter<Mark>,
}

// === impl Earlier ===

impl Earlier {
    pub fn of(marks: Marks) -> Self {
        Self {
            resources: marks.resources.into_iter(),
            scopes: marks.scopes.into_iter(),
            spans: marks.spans.into_iter(),
        }
    }

    /// Whether the next resource was edited.
    pub fn resource(&mut self) -> bool {
        self.resources.next().unwrap_or_default()
    }

    /// Whether the next scope was edited.
    pub fn scope(&mut self) -> bool {
        self.scopes.next().unwrap_or_default()
    }

    /// What was done with the next span.
    pub fn span(&mut self) -> Mark {
        self.spans.next().unwrap_or_default()
    }
}
