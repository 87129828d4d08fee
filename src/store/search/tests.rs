//! Searches compared with the naive reading: random worlds cut into a head and segments, random questions.

mod limits;
mod listings;
mod store;
mod workers;
mod worlds;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::{Guard, Named, Source, answer};
use crate::query::model::{Answer, FoundSpan, QueryError, SpanQuery, reference};
use crate::store::PartView;
use crate::store::segment::{Cache, HotKeys, Segment, Writer};

/// A store at one moment: spans cut into a head and segments.
struct World {
    _directory: TempDir,
    head: Vec<PartView>,
    segments: Vec<Arc<Segment>>,
    deleted: HashSet<u64>,
    next: u64,
    /// What the naive reading reads.
    alive: Vec<FoundSpan>,
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
            let mut keys = HotKeys::default();
            spans.iter().for_each(|span| keys.add(span));
            let mut hot = keys.choose();
            hot.truncate(rng.random_range(0..=hot.len()));
            let mut writer = Writer::create(&path, hot).unwrap();
            spans.iter().for_each(|span| writer.push(span).unwrap());
            writer.finish().unwrap();
            Arc::new(Segment::open(&path, id as u64, cache.clone()).unwrap())
        });
        Self {
            segments: segments.collect(),
            _directory: directory,
            head: cut_head(rng, &head),
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

    fn head(&self) -> &[PartView] {
        &self.head
    }

    fn has_deletions(&self) -> bool {
        !self.deleted.is_empty()
    }

    fn is_deleted(&self, row: &Named<'_>) -> bool {
        self.deleted.contains(&row.number)
    }
}

/// Cuts what is in the head into parts at random. Some of what they have in stretches has been counted.
fn cut_head(rng: &mut StdRng, spans: &[FoundSpan]) -> Vec<PartView> {
    let length = rng.random_range(1..=spans.len().max(1));
    let parts: Vec<_> = spans.chunks(length).map(PartView::of).collect();
    for stretch in parts.iter().flat_map(PartView::stretches) {
        if rng.random_bool(0.3) {
            stretch.summary();
        }
    }
    parts
}

fn random(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}
