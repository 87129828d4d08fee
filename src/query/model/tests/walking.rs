//! Pages walked over the naive reading, and what random worlds must be good for.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::seeds;
use crate::query::model::{
    Begin, Find, Found, FoundSpan, Page, Position, SpanQuery, TraceId, reference, worlds,
};
use crate::wire::{Index, Traces};

/// A page's rows by name, and where the following pages begin.
struct Seen<Tie> {
    rows: Vec<String>,
    last: Option<Position<Tie>>,
    next: Option<Position<Tie>>,
}

/// Pages of every kind, walked to the end, give each row once and in the order of one large page, while spans
/// arrive in between.
#[test]
fn pages_walked() {
    let mut walked = 0;
    for seed in seeds(3000) {
        let mut rng = StdRng::seed_from_u64(seed);
        let spans = worlds::spans(seed, 30);
        let mut query = worlds::question(&mut rng, &spans);
        // The others arrive while pages are walked.
        let there = rng.random_range(10..=spans.len());
        query.select.before = Some(spans[there - 1].number + 1);
        walked += match query.find.clone() {
            Find::Spans(find) => walk(&mut rng, &spans, there, &find.page, |page| {
                let mut query = query.clone();
                query.find = Find::Spans(crate::query::model::FindSpans { page, ..find.clone() });
                query
            }),
            Find::Traces(find) => walk(&mut rng, &spans, there, &find.page, |page| {
                let mut query = query.clone();
                query.find = Find::Traces(crate::query::model::FindTraces { page, ..find.clone() });
                query
            }),
            _ => 0,
        };
    }
    assert!(walked > 0, "no page was walked");
}

trait Pages: Sized + Ord + Clone {
    fn seen(found: Found) -> Seen<Self>;
}

impl Pages for u64 {
    fn seen(found: Found) -> Seen<u64> {
        let Found::Spans(page) = found else {
            panic!("not spans")
        };
        let name = |span: &FoundSpan| span.number.to_string();
        Seen {
            rows: page.spans.iter().map(name).collect(),
            last: page.last,
            next: page.next,
        }
    }
}

impl Pages for TraceId {
    fn seen(found: Found) -> Seen<TraceId> {
        let Found::Traces(page) = found else {
            panic!("not traces")
        };
        Seen {
            rows: page.traces.iter().map(|trace| trace.id.to_string()).collect(),
            last: page.last,
            next: page.next,
        }
    }
}

fn walk<Tie: Pages>(
    rng: &mut StdRng,
    spans: &[FoundSpan],
    there: usize,
    page: &Page<Tie>,
    query: impl Fn(Page<Tie>) -> SpanQuery,
) -> usize {
    let ask = |there: usize, page| {
        let answer = reference::answer(&spans[..there], 100, &query(page)).unwrap();
        Tie::seen(answer.found)
    };
    let all = ask(there, Page::first(1000)).rows;
    let (mut rows, mut begin, limit) = (Vec::new(), Begin::Offset(0), page.limit.max(1));
    loop {
        let there = rng.random_range(there..=spans.len());
        let seen = ask(there, Page { limit, begin });
        assert_eq!(
            seen.rows.len() < limit || rows.len() + limit == all.len(),
            seen.next.is_none()
        );
        rows.extend(seen.rows);
        let (Some(last), Some(next)) = (seen.last, seen.next) else {
            break;
        };
        begin = match rng.random_range(0..3) {
            0 => Begin::Offset(rows.len() as u64),
            1 => Begin::After(last),
            _ => Begin::From(next),
        };
    }
    assert_eq!(rows, all);
    rows.len()
}

/// Random worlds and questions hit: each kind of answer is often not empty.
#[test]
fn worlds_are_rich() {
    let mut full = [0; 5];
    for seed in 0..2000 {
        let mut rng = StdRng::seed_from_u64(seed);
        let spans = worlds::spans(seed, 40);
        let answer = reference::answer(&spans, 100, &worlds::question(&mut rng, &spans)).unwrap();
        let (kind, rows) = match answer.found {
            Found::Spans(page) => (0, page.spans.len()),
            Found::Traces(page) => (1, page.traces.len()),
            Found::Trace(page) => (2, page.hits.len()),
            Found::Groups(page) => (3, page.groups.len()),
            Found::Keys(page) => (4, page.keys.len()),
        };
        full[kind] += usize::from(rows > 1);
    }
    assert!(full.iter().all(|count| *count > 50), "{full:?}");
}

/// A world makes a request that passes the check and shows the same spans, in order.
#[test]
fn worlds_as_requests() {
    let spans = worlds::spans(3, 50);
    let checked = Traces::check(worlds::request(&spans).into()).unwrap();
    assert_eq!(checked.rejected, 0);
    let index = Index::of(&checked.traces);
    let bytes: Vec<&[u8]> = index.spans().map(|located| located.span.bytes()).collect();
    let expected: Vec<&[u8]> = spans.iter().map(|found| &found.span[..]).collect();
    assert_eq!(bytes, expected);
    let numbers: HashSet<u64> = spans.iter().map(|span| span.number).collect();
    assert_eq!(numbers.len(), spans.len());
}
