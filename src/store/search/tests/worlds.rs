//! Random worlds, random questions.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand::RngExt;
use rand::rngs::StdRng;

use super::{World, random};
use crate::query::model::{Begin, Find, Found, Page, Position, SpanQuery, worlds};

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
        let mut query = worlds::question(&mut rng, &spans);
        for _ in 0..3 {
            let asked = || assert_eq!(world.ask(&query).unwrap(), world.expected(&query));
            if let Err(panic) = catch_unwind(AssertUnwindSafe(asked)) {
                let query = serde_json::to_string(&query).unwrap();
                eprintln!("seed {seed} of {count} spans failed; the question was:\n{query}");
                resume_unwind(panic);
            }
            let answer = world.expected(&query);
            if !turned(&mut rng, &mut query, &answer.found) {
                break;
            }
        }
    }
}

/// Asks for the page after the one that was found, in one of the ways there are; none when it was the last.
fn turned(rng: &mut StdRng, query: &mut SpanQuery, found: &Found) -> bool {
    match (&mut query.find, found) {
        (Find::Spans(find), Found::Spans(page)) => turn(rng, &mut find.page, &page.last, &page.next),
        (Find::Traces(find), Found::Traces(page)) => turn(rng, &mut find.page, &page.last, &page.next),
        (Find::Trace(find), Found::Trace(page)) => turn(rng, &mut find.page, &page.last, &page.next),
        _ => false,
    }
}

fn turn<Tie: Clone>(
    rng: &mut StdRng,
    page: &mut Page<Tie>,
    last: &Option<Position<Tie>>,
    next: &Option<Position<Tie>>,
) -> bool {
    let (Some(last), Some(next)) = (last, next) else {
        return false;
    };
    page.begin = match (rng.random_range(0..3), &page.begin) {
        (0, Begin::Offset(offset)) => Begin::Offset(offset + page.limit as u64),
        (1, _) => Begin::From(next.clone()),
        _ => Begin::After(last.clone()),
    };
    true
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
        compare(seed, 4200, 12);
    }
}
