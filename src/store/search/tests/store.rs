//! Searches in a store at work: while requests come in, parts are sealed, segments merged, and the store opened again.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use rand::RngExt;

use super::random;
use crate::query::model::{FoundSpan, SpanQuery, reference, worlds};
use crate::store::search::{Guard, answer};
use crate::store::{Appended, SegmentSettings, Settings, Store, Unbounded, Unobserved};
use crate::wire::Traces;

struct Tell(mpsc::Sender<Result<(), String>>);

impl Appended for Tell {
    fn done(self: Box<Self>, result: Result<(), String>) {
        self.0.send(result).unwrap();
    }
}

fn open(directory: &Path) -> Store {
    let settings = Settings {
        fsync: false,
        segment: SegmentSettings {
            max_spans: 30,
            ..SegmentSettings::default()
        },
        ..Settings::new(directory)
    };
    let store = Store::open(settings, Arc::new(Unobserved), Arc::new(Unbounded)).unwrap();
    while !store.ready() {
        std::thread::yield_now();
    }
    store
}

/// Appends and waits until it is acknowledged; a full head is waited for.
fn append(store: &Store, spans: &[FoundSpan]) {
    let traces = Traces::check(worlds::request(spans).into()).unwrap().traces;
    while store.congested().is_some() {
        std::thread::yield_now();
    }
    let (sender, told) = mpsc::channel();
    store.append(Some(&spans[0].project), &traces, None, Box::new(Tell(sender)));
    told.recv().unwrap().unwrap();
}

fn ask(store: &Store, query: &SpanQuery, kept: &[FoundSpan], next: u64) {
    let guard = Guard::new(query.limits, Instant::now(), Arc::new(AtomicBool::new(false)));
    let found = answer(&*store.view(), query, &guard).unwrap();
    let expected = reference::answer(kept, next, query).unwrap();
    assert_eq!(found, expected, "{}", serde_json::to_string(query).unwrap());
}

/// What was acknowledged is found at once and ever after, once, with the insertion number that it got, whether it lies in
/// the head, in a segment or in a merged one, and after the store was opened again.
#[test]
fn found_wherever_it_lies() {
    for seed in 0..12 {
        let mut rng = random(seed);
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        let spans = worlds::spans(seed, 600);
        let (mut kept, mut seen, mut next) = (Vec::new(), HashSet::new(), 0);
        for request in spans.chunk_by(|left, right| left.project == right.project) {
            append(&store, request);
            for span in request {
                let span = FoundSpan {
                    number: next,
                    ..span.clone()
                };
                let content = FoundSpan {
                    number: 0,
                    ..span.clone()
                };
                if seen.insert(format!("{content:?}")) {
                    kept.push(span);
                }
                next += 1;
            }
            if rng.random_ratio(1, 40) {
                drop(store);
                store = open(directory.path());
            }
            for _ in 0..3 {
                ask(&store, &worlds::question(&mut rng, &kept), &kept, next);
            }
        }
        assert!(store.size().segments > 0, "seed {seed}");
    }
}
