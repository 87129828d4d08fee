//! Searches compared with the naive reading: random worlds cut into a head and segments, random questions.

mod limits;
mod store;
mod workers;
mod worlds;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::{Guard, Named, Recent, Source, answer};
use crate::query::model::{Answer, FoundSpan, QueryError, SpanQuery, TraceId, reference};
use crate::store::segment::{Cache, HotKeys, Segment, Writer};

/// A store at one moment: spans cut into a head and segments.
struct World {
    _directory: TempDir,
    head: Head,
    segments: Vec<Arc<Segment>>,
    deleted: HashSet<u64>,
    next: u64,
    /// What the naive reading reads.
    alive: Vec<FoundSpan>,
}

/// Rows that no segment has, with what a head knows of them.
#[derive(Default)]
struct Head {
    rows: Vec<(TraceId, u64, u64, FoundSpan)>,
    traces: HashMap<TraceId, Vec<usize>>,
}

// === impl Head ===

impl Head {
    fn new(spans: Vec<FoundSpan>) -> Self {
        let mut head = Self::default();
        for (at, span) in spans.into_iter().enumerate() {
            head.traces.entry(span.trace_id()).or_default().push(at);
            head.rows.push((span.trace_id(), span.start(), span.end(), span));
        }
        head
    }
}

// === impl World ===

impl World {
    /// Cuts spans at random.
    fn new(rng: &mut StdRng, spans: Vec<FoundSpan>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let parts = rng.random_range(1..=4);
        let mut cut: Vec<Vec<FoundSpan>> = vec![Vec::new(); parts];
        let next = spans.last().map_or(0, |span| span.number + 1) + rng.random_range(0..3);
        let deleted: HashSet<u64> = match rng.random_bool(0.3) {
            true => spans
                .iter()
                .map(|span| span.number)
                .filter(|_| rng.random_ratio(1, 10))
                .collect(),
            false => HashSet::new(),
        };
        let alive = spans
            .iter()
            .filter(|span| !deleted.contains(&span.number))
            .cloned()
            .collect();
        // By arrival, as if sealed one after the other, or strewn, as after merges of what came late.
        let (is_strewn, count) = (rng.random_bool(0.3), spans.len());
        for (at, span) in spans.into_iter().enumerate() {
            let part = if is_strewn {
                rng.random_range(0..parts)
            } else {
                at * parts / count
            };
            cut[part].push(span);
        }
        let head = if rng.random_bool(0.7) {
            cut.pop().unwrap()
        } else {
            Vec::new()
        };
        let cache = Arc::new(Cache::new(1 << 20));
        let segments = cut.into_iter().enumerate().filter(|(_, spans)| !spans.is_empty());
        let segments = segments.map(|(id, mut spans)| {
            spans.sort_by_key(|span| (span.trace_id(), span.start(), span.number));
            let path = directory.path().join(format!("{id}.parquet"));
            let mut hot = HotKeys::from_sample(spans.iter()).choose();
            hot.truncate(rng.random_range(0..=hot.len()));
            let mut writer = Writer::create(&path, hot).unwrap();
            spans.iter().for_each(|span| writer.push(span).unwrap());
            writer.finish().unwrap();
            Arc::new(Segment::open(&path, id as u64, cache.clone()).unwrap())
        });
        Self {
            segments: segments.collect(),
            _directory: directory,
            head: Head::new(head),
            deleted,
            next,
            alive,
        }
    }

    fn ask(&self, query: &SpanQuery) -> Result<Answer, QueryError> {
        let guard = Guard::new(query.limits, Instant::now(), Arc::new(AtomicBool::new(false)));
        answer(self, query, &guard)
    }

    fn expected(&self, query: &SpanQuery) -> Answer {
        reference::answer(&self.alive, self.next, query).unwrap()
    }
}

impl Source for World {
    fn next_number(&self) -> u64 {
        self.next
    }

    fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    fn head(&self) -> Box<dyn Iterator<Item = Recent<'_>> + '_> {
        Box::new(self.head.rows.iter().rev().map(recent))
    }

    fn head_of_trace(&self, trace: &TraceId) -> Box<dyn Iterator<Item = Recent<'_>> + '_> {
        let places = self.head.traces.get(trace).into_iter().flatten();
        Box::new(places.map(|at| recent(&self.head.rows[*at])))
    }

    fn has_deletions(&self) -> bool {
        !self.deleted.is_empty()
    }

    fn is_deleted(&self, row: &Named<'_>) -> bool {
        self.deleted.contains(&row.number)
    }
}

fn recent((trace, start, end, span): &(TraceId, u64, u64, FoundSpan)) -> Recent<'_> {
    Recent {
        number: span.number,
        trace: *trace,
        start: *start,
        end: *end,
        project: &span.project,
        resource: &span.resource,
        scope: &span.scope,
        span: &span.span,
    }
}

fn random(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}
