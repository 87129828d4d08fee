//! Lists in answers, row by row: a tree of all their JSON would take many times the memory of its text.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Rows, and how each is shown while the answer is written.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a, T, F>(pub &'a [T], pub F);

// === impl Shown ===

impl<T, F: Fn(&T) -> Value> Serialize for Shown<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}
