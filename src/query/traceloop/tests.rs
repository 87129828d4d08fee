use std::borrow::Cow;
use std::sync::Arc;

use super::cursor::Cursor;
use super::dialect;
use super::field::{attribute, shown};
use crate::query::fake::{Recorder, call, context};
use crate::query::model::{Direction, Field, Key, QueryError};

/// Every endpoint, as a request that is answered.
fn endpoints() -> [(String, &'static str); 6] {
    let id = format!("{:032x}", 7);
    [
        ("GET /v2/warehouse/spans".into(), ""),
        ("GET /api/v2/warehouse/spans?fromTimestampSec=1".into(), ""),
        ("POST /v2/projects/p/spans".into(), "{}"),
        ("POST /v2/projects/p/traces/root-spans".into(), "{}"),
        (format!("GET /v2/projects/p/traces/{id}/spans"), ""),
        ("GET /v2/projects/p/spans/workflow-names".into(), ""),
    ]
}

/// No question to the store leaves out the key's project, whatever the endpoint and the path.
#[tokio::test]
async fn a_key_sees_its_project_alone() {
    let recorder = Arc::<Recorder>::default();
    let api = dialect(Arc::new(context(&recorder)));
    let key = [("authorization", "Bearer secret")];
    let resumed = "GET /v2/warehouse/spans?sort_by=span_name&cursor=1.0000001".to_owned();
    for (request, body) in endpoints().into_iter().chain([(resumed, "")]) {
        call(&api, &request, &key, body).await;
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
    let api = dialect(Arc::new(context(&recorder)));
    for (request, body) in endpoints() {
        for (header, status) in [
            (None, 401),
            (Some("secret"), 401),
            (Some("Basic secret"), 401),
            (Some("Bearer guess"), 401),
            (Some("Bearer "), 401),
            (Some("Bearer deaf"), 403),
            (Some("bearer secret"), 200),
        ] {
            let headers: Vec<_> = header.map(|value| ("authorization", value)).into_iter().collect();
            let (found, body) = call(&api, &request, &headers, body).await;
            assert_eq!(found, status, "{request} {header:?}");
            assert_eq!(body["error"].is_string(), status != 200, "{body}");
            let asked = std::mem::take(&mut *recorder.asked.lock().unwrap());
            assert_eq!(asked.is_empty(), status != 200);
        }
    }
}

/// What the store has no answer to is said in the product's form.
#[tokio::test]
async fn failures_of_the_store_have_a_status() {
    let recorder = Arc::<Recorder>::default();
    let api = dialect(Arc::new(context(&recorder)));
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
            let key = [("authorization", "Bearer secret")];
            let (found, body) = call(&api, &request, &key, body).await;
            assert_eq!(found, status, "{request}");
            assert_eq!(body["error"], error.to_string());
        }
    }
}

/// A cursor reads back as it was written, and is a decimal number.
#[test]
fn cursors_read_back() {
    for cursor in [
        Cursor::Millisecond(0),
        Cursor::Millisecond(1_763_273_059_770),
        Cursor::Row {
            start: 1_763_273_059_770_000_001,
            number: 0,
        },
        Cursor::Row {
            start: u64::MAX,
            number: u64::MAX,
        },
    ] {
        let text = cursor.to_string();
        assert_eq!(text.parse(), Ok(cursor), "{text}");
        assert!(text.parse::<f64>().is_ok(), "{text}");
    }
}

/// What is no cursor is an error that names it.
#[test]
fn bad_cursors() {
    for text in [
        "x",
        "-1",
        "+1",
        "1.",
        "1.00000",
        "1.000000",
        "1.000000x",
        "1.00000+1",
        "1e3",
        "1.0000001.2",
        "18446744073709551616",
        "18446744073709551615.0000001",
        "1.é00000",
    ] {
        let error = text.parse::<Cursor>().unwrap_err();
        assert!(error.0.contains(text), "{error}");
    }
}

/// A bare millisecond stands behind all of its rows, in both directions.
#[test]
fn a_millisecond_is_passed_whole() {
    let cursor = Cursor::Millisecond(5);
    let up = cursor.in_time(Direction::Ascending);
    let down = cursor.in_time(Direction::Descending);
    assert_eq!((up.key, up.tie), (Key::Whole(5_999_999), u64::MAX));
    assert_eq!((down.key, down.tie), (Key::Whole(5_000_000), 0));
}

/// Attributes go by the product's names, and are found under those and the instrumentations'.
#[test]
fn spellings() {
    for (stored, name) in [
        ("gen_ai.system", "llm.vendor"),
        ("gen_ai.request.model", "llm.request.model"),
        ("gen_ai.prompt.0.content", "llm.prompts.0.content"),
        ("gen_ai.completion.0.role", "llm.completions.0.role"),
    ] {
        assert_eq!(shown(stored), name);
        assert_eq!(shown(name), name);
        let both = Field::First(vec![
            Field::Attribute(name.into()),
            Field::Attribute(stored.into()),
        ]);
        assert_eq!(attribute(stored), both);
        assert_eq!(attribute(name), both);
    }
    assert_eq!(shown("http.method"), Cow::Borrowed("http.method"));
    assert_eq!(attribute("http.method"), Field::Attribute("http.method".into()));
}
