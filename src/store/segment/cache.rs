//! The dictionaries that queries have read lately, within a bound in bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::columns::Column;
use super::page::Texts;

/// A dictionary: the segment's number, the row group's, and the column.
pub type Key = (u64, u32, Column);

/// Dictionaries of all segments of a store.
pub struct Cache {
    held: Mutex<Held>,
    most: usize,
}

#[derive(Default)]
struct Held {
    texts: HashMap<Key, Entry>,
    bytes: usize,
    /// Counts uses; what was used long ago goes first.
    clock: u64,
}

struct Entry {
    texts: Arc<Texts>,
    used: u64,
}

// === impl Cache ===

impl Cache {
    /// A cache of so many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            held: Mutex::default(),
            most,
        }
    }

    /// A dictionary that is held.
    pub fn get(&self, key: &Key) -> Option<Arc<Texts>> {
        let mut held = self.held();
        held.clock += 1;
        let clock = held.clock;
        let entry = held.texts.get_mut(key)?;
        entry.used = clock;
        Some(entry.texts.clone())
    }

    /// Holds a dictionary; returns the one that is held from now on.
    pub fn put(&self, key: Key, texts: Arc<Texts>) -> Arc<Texts> {
        let mut held = self.held();
        held.clock += 1;
        let used = held.clock;
        held.bytes += texts.memory();
        let entry = Entry {
            texts: texts.clone(),
            used,
        };
        if let Some(before) = held.texts.insert(key, entry) {
            held.bytes -= before.texts.memory();
        }
        if held.bytes > self.most {
            held.shrink(self.most);
        }
        texts
    }

    /// Lets go of a segment's dictionaries.
    pub fn forget(&self, segment: u64) {
        let mut held = self.held();
        let held = &mut *held;
        held.texts.retain(|(of, _, _), entry| {
            let stays = *of != segment;
            held.bytes -= if stays { 0 } else { entry.texts.memory() };
            stays
        });
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Lets go of the least used, a quarter at a time so that it is not done for each.
    fn shrink(&mut self, most: usize) {
        let mut uses: Vec<(u64, Key)> = self.texts.iter().map(|(key, entry)| (entry.used, *key)).collect();
        uses.sort_unstable();
        for (_, key) in uses {
            if self.bytes <= most / 4 * 3 {
                break;
            }
            if let Some(entry) = self.texts.remove(&key) {
                self.bytes -= entry.texts.memory();
            }
        }
    }
}
