//! Which attributes get a column of their own.

use std::collections::HashMap;

use super::columns::{Hot, Kind};
use super::order;
use super::texts;
use crate::query::model::FoundSpan;
use crate::wire::Parts;

/// An attribute gets a column when at least one span in this many has it.
const RARE: usize = 100;

/// Counts attributes by key and kind. Any sample of the spans gives a sound segment; a good one gives a small and fast one.
#[derive(Default)]
pub struct HotKeys {
    counts: HashMap<Vec<u8>, HashMap<Kind, usize>>,
    spans: usize,
}

// === impl HotKeys ===

impl HotKeys {
    /// Counts a span.
    pub fn add(&mut self, span: &FoundSpan) {
        self.spans += 1;
        for pair in &Parts::of(&span.span).attributes {
            let kind = texts::kind(&pair.cell);
            if !kind.may_be_hot() {
                continue;
            }
            match self.counts.get_mut(pair.key) {
                Some(kinds) => *kinds.entry(kind).or_default() += 1,
                None => drop(self.counts.insert(pair.key.to_vec(), HashMap::from([(kind, 1)]))),
            }
        }
    }

    /// Those that are worth a column, each with its most common kind, the most common first.
    pub fn choose(&self) -> Vec<Hot> {
        let mut hot: Vec<(usize, Hot)> = self
            .counts
            .iter()
            .filter_map(|(key, kinds)| {
                let (kind, count) = kinds.iter().max_by_key(|(kind, count)| (**count, **kind))?;
                let key = String::from_utf8(key.clone()).ok()?;
                (count * RARE >= self.spans).then_some((*count, Hot { key, kind: *kind }))
            })
            .collect();
        hot.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.cmp(other)));
        hot.into_iter().take(order::MOST).map(|(_, hot)| hot).collect()
    }
}
