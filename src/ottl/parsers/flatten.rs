//! `flatten`: maps and lists within a map, laid out in it.
//!
//! Promise: keys and order are the Collector's, its quirks included: lists within lists have their place glued on without a
//! dot. Keys get longer with each level, so how much they may take together is bounded.

use std::collections::HashMap;

use super::fields::Fields;
use crate::wire::Value;

/// Bytes that all keys may take together.
const MAX_KEYS: usize = 16 << 20;

/// How `flatten` goes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flattening {
    prefix: String,
    depth: i64,
    resolves_conflicts: bool,
}

struct Flattener<'a> {
    how: &'a Flattening,
    fields: Fields,
    /// How often a key was taken when a value came for it.
    taken: HashMap<String, usize>,
    /// Bytes that keys may still take.
    left: usize,
}

// === impl Flattening ===

impl Flattening {
    /// `prefix` stands before all keys, with a dot; maps and lists deeper than `depth` stay; with `resolves_conflicts` a key that
    /// is taken gets a number instead of the place of what was there.
    pub fn new(prefix: Option<&str>, depth: Option<i64>, resolves_conflicts: bool) -> Result<Self, String> {
        let depth = depth.unwrap_or(i64::MAX);
        if depth < 1 {
            return Err(format!("depth must be greater than 0, not {depth}"));
        }
        Ok(Self {
            prefix: prefix.unwrap_or_default().to_owned(),
            depth,
            resolves_conflicts,
        })
    }

    /// The map, flat. Fails when its keys would take more than 16 MiB.
    pub fn flatten(&self, map: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, String> {
        let mut flattener = Flattener {
            how: self,
            fields: Fields::default(),
            taken: HashMap::new(),
            left: MAX_KEYS,
        };
        flattener.map(map, &self.prefix, 0)?;
        Ok(flattener.fields.into_list())
    }
}

// === impl Flattener ===

impl Flattener<'_> {
    fn map(&mut self, map: Vec<(String, Value)>, prefix: &str, depth: i64) -> Result<(), String> {
        let dot = if prefix.is_empty() { "" } else { "." };
        for (key, value) in map {
            let key = self.key(prefix, dot, &key)?;
            self.value(key, value, depth)?;
        }
        Ok(())
    }

    fn value(&mut self, key: String, value: Value, depth: i64) -> Result<(), String> {
        match value {
            Value::KeyValueList(map) if depth < self.how.depth => self.map(map, &key, depth + 1),
            Value::Array(list) if depth < self.how.depth => self.list(&key, list, depth),
            other if self.how.resolves_conflicts => self.put_beside(key, other),
            other => {
                self.fields.put(key, other);
                Ok(())
            }
        }
    }

    fn list(&mut self, key: &str, list: Vec<Value>, depth: i64) -> Result<(), String> {
        let may_descend = depth + 1 < self.how.depth;
        for (place, item) in list.into_iter().enumerate() {
            match item {
                Value::KeyValueList(map) if may_descend => {
                    let key = self.key(key, ".", &place.to_string())?;
                    self.map(map, &key, depth + 2)?;
                }
                Value::Array(items) if may_descend => {
                    let key = self.key(key, ".", &place.to_string())?;
                    for (place, item) in items.into_iter().enumerate() {
                        let key = self.key(&key, "", &place.to_string())?;
                        self.value(key, item, depth + 3)?;
                    }
                }
                item if self.how.resolves_conflicts => {
                    let key = self.key(key, "", "")?;
                    self.put_beside(key, item)?;
                }
                item => {
                    let key = self.key(key, ".", &place.to_string())?;
                    self.fields.put(key, item);
                }
            }
        }
        Ok(())
    }

    /// Puts a value at `key`, or beside it where it is taken.
    fn put_beside(&mut self, key: String, value: Value) -> Result<(), String> {
        if !self.fields.has(&key) {
            self.taken.insert(key.clone(), 0);
            self.fields.put(key, value);
            return Ok(());
        }
        let times = self.taken.get(&key).copied().unwrap_or_default();
        let beside = self.key(&key, ".", &times.to_string())?;
        self.taken.insert(key, times + 1);
        self.fields.put(beside, value);
        Ok(())
    }

    /// A longer key.
    fn key(&mut self, before: &str, between: &str, behind: &str) -> Result<String, String> {
        let key = [before, between, behind].concat();
        let left = self.left.checked_sub(key.len());
        self.left = left.ok_or_else(|| format!("flattened, the keys take more than {MAX_KEYS} bytes"))?;
        Ok(key)
    }
}
