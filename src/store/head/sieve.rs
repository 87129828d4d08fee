//! Which attributes and span ids are among some rows of the head: asked before the rows are judged one by one.
//!
//! A Bloom filter: what it denies is not there, what it affirms may be.

#[cfg(test)]
mod tests;

use std::iter;

use super::row::Row;
use crate::query::model::text;
use crate::store::segment::{of_attribute, of_id};
use crate::wire::SpanView;

/// Bits for each key, for each key with a value, and for each span id.
const BITS: usize = 10;

/// How many of the bits stand for one entry.
const PROBES: u32 = 4;

/// The attributes and span ids of some rows.
pub struct Sieve(Box<[u64]>);

// === impl Sieve ===

impl Sieve {
    /// The attributes of the spans in these rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut entries = Vec::new();
        for row in rows {
            entries.push(of_id(&row.identity.span_id));
            for attribute in SpanView::over(&row.span).attributes() {
                let key = attribute.key();
                entries.push(of_key(key));
                entries.push(of_attribute(key.as_bytes(), text(&attribute.value()).as_bytes()));
            }
        }
        entries.sort_unstable();
        entries.dedup();
        let words = (entries.len() * BITS).div_ceil(64).next_power_of_two();
        let mut bits = vec![0; words].into_boxed_slice();
        for entry in entries {
            for (word, bit) in probes(entry, words) {
                if let Some(word) = bits.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        Self(bits)
    }

    /// Whether some span may have this attribute.
    pub fn may_have_key(&self, key: &str) -> bool {
        self.has(of_key(key))
    }

    /// Whether some span may have this attribute with this text as its value.
    pub fn may_have(&self, key: &str, text: &str) -> bool {
        self.has(of_attribute(key.as_bytes(), text.as_bytes()))
    }

    /// Whether some span may have this id.
    pub fn may_have_span(&self, id: &[u8; 8]) -> bool {
        self.has(of_id(id))
    }

    /// Its memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    fn has(&self, entry: u64) -> bool {
        let is_set = |(word, bit): (usize, u64)| self.0.get(word).is_some_and(|word| word & bit != 0);
        probes(entry, self.0.len()).all(is_set)
    }
}

/// A key has the hash of an attribute whose text no text is: it is not UTF-8.
fn of_key(key: &str) -> u64 {
    of_attribute(key.as_bytes(), &[0xff])
}

/// The words, of so many, and the bits in them that stand for an entry.
fn probes(entry: u64, words: usize) -> impl Iterator<Item = (usize, u64)> {
    let step = (entry >> 32) | 1;
    iter::successors(Some(entry), move |at| Some(at.wrapping_add(step)))
        .take(PROBES as usize)
        .map(move |at| {
            let word = (at >> 6) as usize & (words - 1);
            (word, 1 << (at & 63))
        })
}
