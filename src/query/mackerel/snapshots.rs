//! What page 1 saw, remembered for the pages after it: page numbers alone would lose and repeat rows while spans arrive.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::context::Caller;
use super::super::model::SpanQuery;
use crate::net::auth::{Digest, digest};

/// How long a question is remembered after it was asked last.
const KEPT: Duration = Duration::from_secs(60);

/// The most questions that are remembered; the one that was asked longest ago goes first.
const MOST: usize = 1000;

/// The questions of the last minute, and what was there when their first page was asked for.
#[derive(Default)]
pub struct Snapshots(Mutex<HashMap<Question, Snapshot>>);

/// A caller's question but for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question(Digest);

struct Snapshot {
    before: u64,
    asked: Instant,
}

// === impl Question ===

impl Question {
    /// A caller's question, as it is asked for page 1.
    pub fn of(caller: &Caller, query: &SpanQuery) -> Self {
        let question = serde_json::json!([caller.name(), query]);
        Self(digest(&question.to_string()))
    }
}

// === impl Snapshots ===

impl Snapshots {
    /// Remembers what page 1 of a question saw.
    pub fn keep(&self, question: Question, before: u64, now: Instant) {
        let mut known = self.lock();
        known.retain(|_, snapshot| now.duration_since(snapshot.asked) < KEPT);
        if known.len() >= MOST {
            let oldest = known.iter().min_by_key(|(_, snapshot)| snapshot.asked);
            if let Some(oldest) = oldest.map(|(question, _)| *question) {
                known.remove(&oldest);
            }
        }
        known.insert(question, Snapshot { before, asked: now });
    }

    /// What page 1 of a question saw, when that is not forgotten.
    pub fn find(&self, question: Question, now: Instant) -> Option<u64> {
        let mut known = self.lock();
        let snapshot = known.get_mut(&question)?;
        let fresh = now.duration_since(snapshot.asked) < KEPT;
        fresh.then(|| {
            snapshot.asked = now;
            snapshot.before
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
