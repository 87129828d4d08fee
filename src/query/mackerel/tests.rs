use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dialect;
use super::request::{PageNumber, Range};
use super::snapshots::{Question, Snapshots};
use crate::query::context::Caller;
use crate::query::fake::{Recorder, call, context};
use crate::query::model::{Find, FindKeys, KeyPlace, QueryError, Select, SpanQuery};

fn question(limit: usize) -> Question {
    let query = SpanQuery {
        select: Select::default(),
        find: Find::Keys(FindKeys {
            of: KeyPlace::Span,
            search: None,
            offset: 0,
            limit,
        }),
        limits: Default::default(),
    };
    Question::of(&Caller { key: None }, &query)
}

/// What page 1 saw is found for a minute after each page, for that question alone.
#[test]
fn snapshots_are_kept_while_pages_are_walked() {
    let (snapshots, start) = (Snapshots::default(), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    snapshots.keep(question(1), 7, start);
    assert_eq!(snapshots.find(question(2), start), None);
    assert_eq!(snapshots.find(question(1), after(50)), Some(7));
    assert_eq!(snapshots.find(question(1), after(100)), Some(7));
    assert_eq!(snapshots.find(question(1), after(161)), None);
}

/// However many questions there are, only so many are remembered, and the newest stay.
#[test]
fn snapshots_are_bounded() {
    let (snapshots, start) = (Snapshots::default(), Instant::now());
    for number in 0..1500 {
        let now = start + Duration::from_millis(number as u64);
        snapshots.keep(question(number), 1, now);
    }
    let now = start + Duration::from_secs(2);
    let known = (0..1500).filter(|number| snapshots.find(question(*number), now).is_some());
    assert_eq!(known.collect::<Vec<_>>(), (500..1500).collect::<Vec<_>>());
}

/// A range holds all of its last second, and no number of seconds or pages overflows.
#[test]
fn ranges_and_pages_at_their_edges() {
    let range = Range::new(Some(1), Some(2)).unwrap();
    assert_eq!(range.nanos(), (1_000_000_000, 3_000_000_000));
    let all = Range::new(Some(i64::MIN), Some(i64::MAX)).unwrap();
    assert_eq!(all.nanos(), (0, u64::MAX));
    assert_eq!(all.seconds(), u64::MAX);
    assert!(Range::new(Some(2), Some(1)).is_err());
    let page = PageNumber::new(Some(i64::MAX), Some(100)).unwrap();
    assert_eq!(page.offset(), u64::MAX);
    for (page, per_page) in [(0, 20), (-1, 20), (1, 0), (1, 101), (1, -5)] {
        assert!(PageNumber::new(Some(page), Some(per_page)).is_err());
    }
}

const LIST: &str = r#"{"serviceName": "shop", "from": 1, "to": 2}"#;
const STATS: &str = "serviceName=shop&from=1&to=2";

/// Every endpoint, as a request that is answered.
fn endpoints() -> [(String, &'static str); 4] {
    [
        ("POST /api/v0/traces".into(), LIST),
        (format!("GET /api/v0/traces/{:032x}", 7), ""),
        (format!("GET /api/v0/apm/http-server-stats?{STATS}"), ""),
        (format!("GET /api/v0/apm/db-query-stats?{STATS}"), ""),
    ]
}

/// No question to the store leaves out the key's project, whatever the endpoint.
#[tokio::test]
async fn a_key_sees_its_project_alone() {
    let recorder = Arc::<Recorder>::default();
    let api = dialect(Arc::new(context(&recorder)), false);
    for (request, body) in endpoints() {
        call(&api, &request, &[("x-api-key", "secret")], body).await;
        let asked = std::mem::take(&mut *recorder.asked.lock().unwrap());
        assert!(!asked.is_empty(), "{request}");
        for query in asked {
            assert_eq!(query.select.project, Some(vec!["project".into()]), "{request}");
        }
    }
}

/// Without a key, with an unknown one, or with one that may not read, nothing is asked of the store.
#[tokio::test]
async fn whoever_may_not_read_is_refused() {
    let recorder = Arc::<Recorder>::default();
    let api = dialect(Arc::new(context(&recorder)), false);
    for (request, body) in endpoints() {
        let none = call(&api, &request, &[], body).await;
        let unknown = call(&api, &request, &[("x-api-key", "guess")], body).await;
        let deaf = call(&api, &request, &[("x-api-key", "deaf")], body).await;
        assert_eq!(
            [none.0, unknown.0, deaf.0].map(|status| status.as_u16()),
            [401, 401, 403]
        );
        for (_, body) in [none, unknown, deaf] {
            assert!(body["error"]["message"].is_string(), "{request}: {body}");
        }
    }
    assert!(recorder.asked.lock().unwrap().is_empty());
}

/// The searching endpoints answer once a second and caller, each for itself; a trace by id always.
#[tokio::test]
async fn the_rate_limit_is_the_products() {
    let recorder = Arc::<Recorder>::default();
    let api = dialect(Arc::new(context(&recorder)), true);
    for (request, body) in endpoints() {
        let key = [("x-api-key", "secret")];
        let first = call(&api, &request, &key, body).await.0;
        let second = call(&api, &request, &key, body).await.0;
        let limited = !request.contains("/traces/");
        assert_ne!(first, 429, "{request}");
        assert_eq!(second == 429, limited, "{request}");
    }
}

/// What the store has no answer to is said in the product's form.
#[tokio::test]
async fn failures_of_the_store_have_a_status() {
    let recorder = Arc::<Recorder>::default();
    let api = dialect(Arc::new(context(&recorder)), false);
    for (error, status) in [
        (QueryError::Invalid("what".into()), 400),
        (QueryError::TooLong(1), 503),
        (QueryError::TooMuch(1), 503),
        (QueryError::Unavailable("not yet".into()), 503),
        (QueryError::Cancelled, 500),
        (QueryError::Failed("disk".into()), 500),
    ] {
        *recorder.fails.lock().unwrap() = Some(error.clone());
        for (request, body) in endpoints() {
            let (found, body) = call(&api, &request, &[("x-api-key", "secret")], body).await;
            assert_eq!(found, status, "{request}");
            assert_eq!(body["error"]["message"], error.to_string());
        }
    }
}
