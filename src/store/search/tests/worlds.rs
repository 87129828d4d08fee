//! Random worlds, random questions.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{World, random};
use crate::query::model::worlds;

/// `SPANWAY_SEEDS=12..13` replays one, `SPANWAY_SEEDS=100000` runs more.
fn seeds(usual: u64) -> Range<u64> {
    let wanted = std::env::var("SPANWAY_SEEDS").unwrap_or_default();
    match wanted.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..wanted.parse().unwrap_or(usual),
    }
}

fn compare(seed: u64, count: usize, questions: usize) {
    let mut rng = random(seed);
    let spans = worlds::spans(seed, count);
    let world = World::new(&mut rng, spans.clone());
    for _ in 0..questions {
        let query = worlds::question(&mut rng, &spans);
        let asked = || assert_eq!(world.ask(&query).unwrap(), world.expected(&query));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(asked)) {
            let query = serde_json::to_string(&query).unwrap();
            eprintln!("seed {seed} of {count} spans failed; the question was:\n{query}");
            resume_unwind(panic);
        }
    }
}

/// Whatever the world, the cut and the question, the answer is that of the naive reading.
#[test]
fn answers_are_those_of_the_naive_reading() {
    for seed in seeds(150) {
        compare(seed, 1 + seed as usize % 60, 40);
    }
}

/// The same with segments of several blocks.
#[test]
fn answers_of_several_blocks() {
    for seed in seeds(2) {
        compare(seed, 9000, 60);
    }
}
