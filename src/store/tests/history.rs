use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::world::{Log, Model, append, open, request, seal, span};
use crate::store::Tombstone;
use crate::store::core::Core;
use crate::store::fault::Step;
use crate::wire::Traces;

const HOUR: u64 = 3_600_000_000_000;

/// Long after all spans that are sent here.
const LATER: u64 = u64::MAX / 2;

struct World {
    random: StdRng,
    directory: tempfile::TempDir,
    core: Option<Arc<Core>>,
    log: Arc<Log>,
    model: Model,
}

/// Copies of the directory, as the disk was after each step; a crash at that moment would have left the same.
type Copies = Arc<Mutex<Vec<(Step, tempfile::TempDir)>>>;

impl World {
    fn new(seed: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (core, log) = open(directory.path());
        Self {
            random: StdRng::seed_from_u64(seed),
            directory,
            core: Some(core),
            log,
            model: Model::default(),
        }
    }

    fn request(&mut self) -> Traces {
        let random = &mut self.random;
        let count = random.random_range(1..12);
        let starts = [5 * HOUR, 5 * HOUR + 7, 6 * HOUR, 30 * HOUR, 0, u64::MAX];
        let spans = (0..count).map(|_| {
            let start = starts[random.random_range(0..starts.len())];
            let name = ["a", "b"][random.random_range(0..2)];
            span(random.random_range(0..4), random.random_range(0..5), start, name)
        });
        request(spans.collect())
    }

    fn step(&mut self) -> &'static str {
        match self.random.random_range(0..100) {
            0..60 => {
                let traces = self.request();
                let project = [None, Some("other")][self.random.random_range(0..2)];
                append(self.core(), project, &traces).unwrap();
                self.model.append(project, &traces);
                "a request"
            }
            60..72 => {
                self.core().close_part(&mut self.core().head(), true);
                seal(self.core());
                "a seal"
            }
            72..80 => {
                self.core().merge_some(LATER).unwrap();
                "a merge"
            }
            80..86 => {
                self.delete();
                "a deletion"
            }
            86..90 => {
                self.core().bury_tombstones().unwrap();
                "forgetting tombstones"
            }
            90..96 => {
                self.reopen();
                "a crash"
            }
            _ => {
                self.crash_at_each_step();
                "a copy of each step"
            }
        }
    }

    fn delete(&mut self) {
        let random = &mut self.random;
        let tombstone = Tombstone {
            trace_id: random.random_bool(0.8).then(|| [random.random_range(0..4); 16]),
            span_id: random.random_bool(0.5).then(|| [random.random_range(0..5); 8]),
            project: random.random_bool(0.3).then(|| "other".into()),
            ..Tombstone::default()
        };
        self.core().delete(tombstone.clone()).unwrap();
        self.model.delete(&tombstone);
    }

    /// The process ends without a word.
    fn reopen(&mut self) {
        self.core = None;
        let (core, log) = open(self.directory.path());
        (self.core, self.log) = (Some(core), log);
    }

    fn core(&self) -> &Arc<Core> {
        self.core.as_ref().unwrap()
    }

    /// Seals and merges, and looks at what a crash between any two steps of that would have left.
    fn crash_at_each_step(&mut self) {
        let copies = Copies::default();
        let (place, kept) = (self.directory.path().to_owned(), copies.clone());
        self.core().faults.when(move |step| {
            kept.lock().unwrap().push((step, copy(&place)));
            false
        });
        self.core().close_part(&mut self.core().head(), true);
        seal(self.core());
        self.core().merge_some(LATER).unwrap();
        self.core().faults.when(|_| false);
        for (step, copy) in copies.lock().unwrap().drain(..) {
            let (core, log) = open(copy.path());
            self.model.check(&core, &format!("a crash after {step:?}"));
            assert!(!log.has("Damaged") && !log.has("Unreadable"));
        }
    }
}

fn copy(directory: &Path) -> tempfile::TempDir {
    fn into(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                fs::create_dir(&target).unwrap();
                into(&path, &target);
            } else {
                // The journal's thread may just have let go of a file.
                match fs::copy(&path, &target) {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    copied => drop(copied.unwrap()),
                }
            }
        }
    }
    let copy = tempfile::tempdir().unwrap();
    into(directory, copy.path());
    copy
}

fn seeds() -> Range<u64> {
    let count = std::env::var("SPANWAY_SEEDS").ok();
    0..count.and_then(|count| count.parse().ok()).unwrap_or(12)
}

/// Guarantees: after any history of requests, seals, merges, deletions and crashes, each acknowledged span that was not
/// deleted is there once, under the number that it had, with its content; duplicates are told from what is in the head,
/// in segments or replayed.
#[test]
fn histories_end_as_the_model() {
    for seed in seeds() {
        let mut world = World::new(seed);
        for step in 0..50 {
            let what = world.step();
            world
                .model
                .check(world.core(), &format!("seed {seed}, step {step}: {what}"));
        }
        assert!(
            !world.log.has("Damaged") && !world.log.has("Unreadable"),
            "seed {seed}"
        );
    }
}

/// Guarantees: views that are taken while parts are sealed and segments merged never lack a span nor show one twice.
#[test]
fn views_are_whole_while_segments_swap() {
    let mut world = World::new(1);
    let core = world.core().clone();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut looked, mut least) = (0, 0);
            while !done.load(std::sync::atomic::Ordering::Relaxed) || looked == 0 {
                let view = core.visible.view();
                let numbers: Vec<u64> = super::world::all(&view).iter().map(|span| span.number).collect();
                let twice = numbers.windows(2).any(|pair| pair[0] == pair[1]);
                assert!(!twice, "{numbers:?}");
                assert!(numbers.len() >= least, "{} spans, {least} before", numbers.len());
                least = numbers.len();
                looked += 1;
            }
        });
        for _ in 0..60 {
            let traces = world.request();
            append(world.core(), None, &traces).unwrap();
            seal(world.core());
            world.core().merge_some(LATER).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().unwrap();
    });
}
