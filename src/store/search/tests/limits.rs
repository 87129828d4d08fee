//! Searches that end before they are done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{World, random};
use crate::query::model::{Limits, QueryError, SpanQuery, worlds};
use crate::store::search::{Guard, answer};

fn world() -> World {
    World::new(&mut random(4), worlds::spans(4, 3000))
}

fn query(find: &str) -> SpanQuery {
    serde_json::from_str(&format!(r#"{{"find":{find}}}"#)).unwrap()
}

/// A search that was cancelled, or that is late, ends with an error that says so.
#[test]
fn cancelled_and_late() {
    let world = world();
    let query = query(r#"{"keys":{"of":"span","limit":10}}"#);
    let cancelled = Arc::new(AtomicBool::new(false));
    let guard = Guard::new(query.limits, Instant::now(), cancelled.clone());
    cancelled.store(true, Ordering::Relaxed);
    assert_eq!(answer(&world, &query, &guard), Err(QueryError::Cancelled));

    let asked = Instant::now() - Duration::from_secs(60);
    let guard = Guard::new(query.limits, asked, Arc::default());
    assert_eq!(answer(&world, &query, &guard), Err(QueryError::TooLong(10_000)));
}

/// A search that keeps more than its limit of memory ends with an error; with more memory it is answered.
#[test]
fn memory() {
    let world = world();
    for find in [
        r#"{"spans":{"order":{"by":"start","direction":"ascending"},"page":{"limit":2000}}}"#,
        r#"{"traces":{"order":{"by":"start","direction":"ascending"},"page":{"limit":2000}}}"#,
        r#"{"groups":{"by":[{"text":"start"}],"measures":["spans"],"limit":10}}"#,
        r#"{"groups":{"measures":["traces"],"limit":10}}"#,
    ] {
        let mut query = query(find);
        assert!(world.ask(&query).is_ok());
        query.limits = Limits {
            memory_bytes: 1000,
            ..query.limits
        };
        assert_eq!(world.ask(&query), Err(QueryError::TooMuch(1000)), "{find}");
    }
}
