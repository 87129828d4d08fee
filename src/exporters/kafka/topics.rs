//! What is known of topics: how many partitions they have, and how large a message may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Topics that are remembered; past that all are forgotten, and learned again.
const MOST: usize = 4096;

/// The longest name that Kafka lets a topic have.
const LONGEST_NAME: usize = 249;

/// What was learned of the topics that spans went to.
#[derive(Debug)]
pub struct Topics {
    known: Mutex<HashMap<Arc<str>, Topic>>,
    /// Messages are never cut to more than this.
    max_bytes: usize,
    /// How long the number of partitions is believed.
    believed: Duration,
}

/// What is known of a topic.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// How many partitions it has, and when that was learned.
    partitions: Option<(i32, Instant)>,
    /// The most bytes of a message of several spans.
    pub max_bytes: usize,
    /// Whether messages must go one by one, as together they are too large.
    pub is_alone: bool,
}

// === impl Topics ===

impl Topics {
    /// Nothing is known yet.
    pub fn new(max_bytes: usize, believed: Duration) -> Self {
        Self {
            known: Mutex::default(),
            max_bytes,
            believed,
        }
    }

    /// What is known of a topic.
    pub fn get(&self, name: &str) -> Topic {
        let known = self.known().get(name).copied();
        known.unwrap_or(self.unknown())
    }

    /// How many partitions a topic has, where that was learned; and whether it is time to ask again.
    pub fn partitions(&self, name: &str) -> Option<(i32, bool)> {
        let (count, since) = self.get(name).partitions?;
        Some((count, since.elapsed() > self.believed))
    }

    /// It has so many partitions.
    pub fn has_partitions(&self, name: &str, count: i32) {
        self.learn(name, |topic| topic.partitions = Some((count, Instant::now())));
    }

    /// It does not have the partitions that it was thought to have.
    pub fn forget_partitions(&self, name: &str) {
        self.learn(name, |topic| topic.partitions = None);
    }

    /// A message of several spans with so many bytes is too large. Returns what they are cut to from now on.
    pub fn refused(&self, name: &str, bytes: usize) -> usize {
        let mut limit = bytes / 2;
        self.learn(name, |topic| {
            topic.max_bytes = topic.max_bytes.min(limit);
            limit = topic.max_bytes;
        });
        limit
    }

    /// A message that was refused together with others is taken alone.
    pub fn takes_alone(&self, name: &str) {
        self.learn(name, |topic| topic.is_alone = true);
    }

    fn learn(&self, name: &str, learn: impl FnOnce(&mut Topic)) {
        let unknown = self.unknown();
        let mut known = self.known();
        if known.len() >= MOST && !known.contains_key(name) {
            known.clear();
        }
        learn(known.entry(name.into()).or_insert(unknown));
    }

    fn unknown(&self) -> Topic {
        Topic {
            partitions: None,
            max_bytes: self.max_bytes,
            is_alone: false,
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Arc<str>, Topic>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether Kafka lets a topic have this name, or why not.
pub fn check(name: &str) -> Result<(), String> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || name == "." || name == ".." {
        return Err(format!("`{name}` is no name of a topic"));
    }
    if name.len() > LONGEST_NAME {
        let shown: String = name.chars().take(50).collect();
        return Err(format!(
            "`{shown}...` has {} bytes, but the name of a topic may have {LONGEST_NAME}",
            name.len()
        ));
    }
    match name.bytes().all(is_legal) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is no name of a topic: it may have letters, digits, `.`, `_` and `-`"
        )),
    }
}
