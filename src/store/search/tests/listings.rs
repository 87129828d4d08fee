//! Listings over heads of several stretches, some of which are told by summaries and some read.

use rand::RngExt;
use rand::rngs::StdRng;

use super::{World, random};
use crate::query::model::{FoundSpan, Select, SpanQuery, worlds};

/// What summaries can tell.
const LISTINGS: [&str; 8] = [
    r#"{"keys":{"of":"span","limit":100}}"#,
    r#"{"keys":{"of":"resource","limit":100}}"#,
    r#"{"groups":{"measures":["spans"],"limit":100}}"#,
    r#"{"groups":{"by":[{"text":"project"}],"measures":["spans"],"limit":100}}"#,
    r#"{"groups":{"by":[{"text":"service"}],"measures":["spans"],"missing":true,"limit":100}}"#,
    r#"{"groups":{"by":[{"text":"name"}],"measures":["spans"],"limit":100}}"#,
    r#"{"groups":{"by":[{"text":"service"},{"text":"name"}],"measures":["spans"],"missing":true,"limit":100}}"#,
    r#"{"groups":{"by":[{"text":"name"},{"text":"service"}],"measures":["spans"],"limit":100}}"#,
];

/// Ranges that cover some stretches, cut others, and leave some out.
fn select(rng: &mut StdRng, spans: &[FoundSpan]) -> Select {
    let mut any = || &spans[rng.random_range(0..spans.len())];
    let (from, to, before, project) = (
        any().start(),
        any().start(),
        any().number,
        any().project.to_string(),
    );
    let mut wanted = |chance| rng.random_bool(chance);
    Select {
        from: wanted(0.3).then_some(from.min(to)),
        to: wanted(0.3).then_some(from.max(to)),
        before: wanted(0.4).then_some(before),
        project: wanted(0.3).then_some(vec![project]),
        ..Select::default()
    }
}

/// Whatever is selected, deleted or counted before, listings are those of the naive reading.
#[test]
fn of_the_head() {
    for seed in 0..60 {
        let mut rng = random(seed);
        let spans = worlds::spans(seed, 20 + 4 * seed as usize);
        let world = World::new(&mut rng, spans.clone());
        for find in LISTINGS {
            let mut query: SpanQuery = serde_json::from_str(&format!(r#"{{"find":{find}}}"#)).unwrap();
            for _ in 0..5 {
                let (found, expected) = (world.ask(&query).unwrap(), world.expected(&query));
                let query_text = serde_json::to_string(&query).unwrap();
                assert_eq!(found, expected, "seed {seed}: {query_text}");
                query.select = select(&mut rng, &spans);
            }
        }
    }
}
