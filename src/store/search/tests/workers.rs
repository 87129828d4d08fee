//! Threads of searches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use super::{World, random};
use crate::query::model::{Limits, QueryError, SpanQuery, SpanStore, worlds};
use crate::store::search::{Searcher, Source};

fn query() -> SpanQuery {
    serde_json::from_str(r#"{"find":{"keys":{"of":"span","limit":10}}}"#).unwrap()
}

/// Questions are answered, many at a time, and what is not there yet says so.
#[tokio::test]
async fn answers() {
    let world = Arc::new(World::new(&mut random(9), worlds::spans(9, 200)));
    let expected = world.expected(&query());
    let searcher = Searcher::new(move || Ok(world.clone())).unwrap();
    for _ in 0..100 {
        let (one, other) = tokio::join!(searcher.answer(query()), searcher.answer(query()));
        assert_eq!((one.as_ref(), other.as_ref()), (Ok(&expected), Ok(&expected)));
    }
    let unready = || QueryError::Unavailable("not yet".into());
    let searcher = Searcher::new(move || Err(unready())).unwrap();
    assert_eq!(searcher.answer(query()).await, Err(unready()));
}

/// A question without room to wait is refused, one that waited past its deadline is told that it waited, one that nobody waits for any
/// more is not asked, and a search that panics takes no other with it.
#[tokio::test]
async fn refused_late_cancelled_broken() {
    let (gate, asked) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let (held, counted) = (gate.clone(), asked.clone());
    let views = move || -> Result<Arc<dyn Source>, QueryError> {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            held.wait();
            panic!("as the test wants");
        }
        Err(QueryError::Unavailable("asked".into()))
    };
    let searcher = Searcher::with_threads(1, views).unwrap();
    let first = searcher.answer(query());
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let late = searcher.answer(SpanQuery {
        limits: Limits {
            deadline_ms: 1,
            ..Limits::default()
        },
        ..query()
    });
    let begun = Instant::now();
    drop(searcher.answer(query()));
    let waiting: Vec<_> = (0..62).map(|_| searcher.answer(query())).collect();
    let refused = searcher.answer(query()).await;
    assert_eq!(
        refused,
        Err(QueryError::Unavailable("64 other queries are waiting".into()))
    );
    while begun.elapsed() < Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    gate.wait();
    assert_eq!(
        first.await,
        Err(QueryError::Failed("the search broke off".into()))
    );
    let waited = "the query waited for others, longer than its limit of 1 ms";
    assert_eq!(late.await, Err(QueryError::Unavailable(waited.into())));
    for waiting in waiting {
        assert_eq!(waiting.await, Err(QueryError::Unavailable("asked".into())));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 63);
}
