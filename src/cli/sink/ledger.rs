//! What has arrived: counts, which spans, and the last requests themselves.
//!
//! A span is known by 64 bits of its ids. They cost 9 to 18 bytes a span, up to `max_distinct` spans; beyond, spans
//! are counted but no longer told apart, and `untracked` says how many.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use bytes::Bytes;
use serde::Serialize;

use crate::cli::load::report::AcknowledgedIds;
use crate::cli::numbering::Run;

/// Sets that grow one at a time, so that no single growth holds up the requests for long.
const SHARDS: u64 = 256;
/// How many missing spans are named.
const NAMED: usize = 100;

/// Counts since the start or the last reset. `spans` were taken: answered with success, rejected ones not among them.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Stats {
    pub(super) connections: u64,
    pub(super) requests: u64,
    pub(super) requests_by_compression: BTreeMap<String, u64>,
    pub(super) refused: BTreeMap<&'static str, u64>,
    pub(super) spans: u64,
    pub(super) distinct: u64,
    pub(super) duplicates: u64,
    pub(super) untracked: u64,
    pub(super) rejected_spans: u64,
    /// Bytes of the bodies taken, as they came.
    pub(super) bytes: u64,
    /// The same, decompressed.
    pub(super) bytes_decompressed: u64,
    pub(super) cpu_seconds: f64,
}

/// How much may be held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Distinct spans; 0 counts only.
    pub(super) max_distinct: u64,
    pub(super) keep_requests: usize,
    pub(super) keep_bytes: usize,
}

/// Which of a run's spans have not arrived.
#[derive(Debug, Serialize)]
pub(super) struct Missing {
    expected: u64,
    missing: u64,
    /// Numbers of the first of them.
    first_missing: Vec<u64>,
    /// Spans that a request's partial success took out of the acknowledgement.
    rejected: u64,
    /// Spans of the poisoned name that arrived all the same.
    poisoned_arrived: u64,
}

/// One process's ledger.
pub(super) struct Ledger {
    bounds: Bounds,
    stats: Stats,
    seen: Vec<HashSet<u64, BuildHasherDefault<Mixed>>>,
    kept: VecDeque<Bytes>,
    kept_bytes: usize,
}

/// A taken request.
pub(super) struct Taken {
    pub(super) message: Bytes,
    pub(super) wire_bytes: usize,
    pub(super) compression: String,
    /// Keys of its spans; empty when only counting.
    pub(super) keys: Vec<u64>,
    pub(super) spans: u64,
    pub(super) rejected: u64,
}

/// Keys are mixed already.
#[derive(Default)]
pub(super) struct Mixed(u64);

// === impl Ledger ===

impl Ledger {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            stats: Stats::default(),
            seen: (0..SHARDS).map(|_| HashSet::default()).collect(),
            kept: VecDeque::new(),
            kept_bytes: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.bounds);
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            cpu_seconds: crate::cli::cpu_seconds(),
            ..self.stats.clone()
        }
    }

    pub(super) fn connected(&mut self) {
        self.stats.connections += 1;
    }

    pub(super) fn refuse(&mut self, code: &'static str) {
        *self.stats.refused.entry(code).or_default() += 1;
    }

    pub(super) fn take(&mut self, taken: Taken) {
        self.stats.requests += 1;
        match self.stats.requests_by_compression.get_mut(&taken.compression) {
            Some(count) => *count += 1,
            None => {
                self.stats.requests_by_compression.insert(taken.compression, 1);
            }
        }
        self.stats.spans += taken.spans;
        self.stats.rejected_spans += taken.rejected;
        self.stats.bytes += taken.wire_bytes as u64;
        self.stats.bytes_decompressed += taken.message.len() as u64;
        for key in taken.keys {
            self.see(key);
        }
        self.keep(taken.message);
    }

    /// The kept requests, oldest first: concatenated they are one request with all their spans.
    pub(super) fn kept(&self) -> Bytes {
        self.kept
            .iter()
            .flat_map(|request| request.iter().copied())
            .collect()
    }

    pub(super) fn missing(&self, ids: &AcknowledgedIds) -> Missing {
        let run = Run::new(ids.seed);
        let poisoned: HashSet<u64> = ids.poisoned.iter().copied().collect();
        let mut answer = Missing {
            expected: 0,
            missing: 0,
            first_missing: Vec::new(),
            rejected: ids.partial.iter().map(|(_, rejected)| rejected).sum(),
            poisoned_arrived: poisoned.iter().filter(|n| self.has(run.key(**n))).count() as u64,
        };
        for n in ids.ranges.iter().flat_map(|(from, to)| *from..*to) {
            if poisoned.contains(&n) {
                continue;
            }
            answer.expected += 1;
            if !self.has(run.key(n)) {
                answer.missing += 1;
                if answer.first_missing.len() < NAMED {
                    answer.first_missing.push(n);
                }
            }
        }
        answer
    }

    fn has(&self, key: u64) -> bool {
        self.seen.get(shard(key)).is_some_and(|seen| seen.contains(&key))
    }

    fn see(&mut self, key: u64) {
        let full = self.stats.distinct >= self.bounds.max_distinct;
        let Some(seen) = self.seen.get_mut(shard(key)) else {
            return;
        };
        if seen.contains(&key) {
            self.stats.duplicates += 1;
        } else if full {
            self.stats.untracked += 1;
        } else {
            seen.insert(key);
            self.stats.distinct += 1;
        }
    }

    fn keep(&mut self, message: Bytes) {
        if self.bounds.keep_requests == 0 {
            return;
        }
        self.kept_bytes += message.len();
        self.kept.push_back(message);
        while self.kept.len() > self.bounds.keep_requests || self.kept_bytes > self.bounds.keep_bytes {
            self.kept_bytes -= self.kept.pop_front().map_or(0, |oldest| oldest.len());
        }
    }
}

/// From bits that the set itself uses neither for its buckets nor for its tags.
fn shard(key: u64) -> usize {
    ((key >> 40) % SHARDS) as usize
}

// === impl Mixed ===

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
