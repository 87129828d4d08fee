//! A map in the making, in which a later value of a key takes the place of the earlier one, as in the Collector.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::wire::Value;

/// A map in the making.
#[derive(Debug, Default)]
pub(super) struct Fields {
    list: Vec<(String, Value)>,
    places: HashMap<String, usize>,
}

// === impl Fields ===

impl Fields {
    /// Whether there is a value at `key`.
    pub fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// Puts a value at `key`, in place of one that is there.
    pub fn put(&mut self, key: String, value: Value) {
        match self.places.entry(key) {
            Entry::Vacant(place) => {
                self.list.push((place.key().clone(), value));
                place.insert(self.list.len() - 1);
            }
            Entry::Occupied(place) => {
                if let Some((_, before)) = self.list.get_mut(*place.get()) {
                    *before = value;
                }
            }
        }
    }

    /// Puts a text at `key`.
    pub fn put_text(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.put(key.into(), Value::String(text.into()));
    }

    /// The keys in the order in which they first came.
    pub fn into_list(self) -> Vec<(String, Value)> {
        self.list
    }
}
