//! Units: who may do what, ids and cursors, times, nesting.

use std::sync::Arc;

use axum::body::Body;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tower_service::Service;

use super::{attributes, ids, time};
use crate::net::auth::{Key, Keys, Permission, digest};
use crate::query::context::Context;
use crate::query::model::{
    Answer, Deletion, Key as Place, Limits, Position, QueryError, SpanQuery, SpanStore, SpanWriter,
};
use crate::wire::Traces;

/// A store that refuses whatever is asked of another project than `mine`, and has no answer to the rest.
struct Guarded;

impl SpanStore for Guarded {
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>> {
        let mine = query.select.project.as_deref() == Some(&["mine".to_owned()]);
        let error = match mine {
            true => QueryError::Unavailable("asked of mine".into()),
            false => QueryError::Failed("asked of another".into()),
        };
        async { Err(error) }.boxed()
    }
}

impl SpanWriter for Guarded {
    fn insert(&self, project: &str, _: Traces) -> BoxFuture<'_, Result<(), QueryError>> {
        let error = QueryError::Failed(format!("wrote to {project}"));
        async { Err(error) }.boxed()
    }

    fn delete(&self, _: Deletion) -> BoxFuture<'_, Result<(), QueryError>> {
        async { Err(QueryError::Failed("deleted".into())) }.boxed()
    }
}

/// The answer to a request of whoever has this secret.
async fn ask(method: &str, path: &str, authorization: Option<&str>, body: &Value) -> (StatusCode, String) {
    let directory = tempfile::tempdir().unwrap();
    let key = |name: &str, permissions: &[Permission], project: Option<&str>| {
        let key = Key {
            name: name.into(),
            permissions: permissions.to_vec(),
            project: project.map(Into::into),
        };
        (digest(name), key)
    };
    let keys: Keys = [
        key("reader", &[Permission::Read], None),
        key("admin", &[Permission::Admin], Some("mine")),
    ]
    .into_iter()
    .collect();
    let context = Context {
        store: Arc::new(Guarded),
        writer: Arc::new(Guarded),
        directory: directory.path().to_owned(),
        keys: Some(Arc::new(keys)),
        limits: Limits::default(),
    };
    let mut router = super::dialect(Arc::new(context)).router;
    let mut request = Request::builder().method(method).uri(path);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = router.call(request).await.unwrap();
    assert_eq!(
        response.headers()["x-phoenix-server-version"],
        "20.26.1",
        "{path}"
    );
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        assert!(response.headers().contains_key("www-authenticate"));
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Every endpoint that needs a key: its method, its path about the project `theirs`, a body, and whether a reader may.
fn endpoints() -> Vec<(&'static str, String, Value, bool)> {
    let span = json!({
        "name": "n", "context": { "trace_id": "t", "span_id": "s" }, "span_kind": "LLM", "status_code": "OK",
        "start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z",
    });
    let of = |rest: &str| format!("/v1/projects/theirs{rest}");
    let window = "?start_time=2026-01-01&end_time=2026-01-02";
    let mut endpoints = vec![
        ("GET", of(""), Value::Null, true),
        ("PUT", of(""), json!({ "description": "d" }), false),
        ("DELETE", of(""), Value::Null, false),
        ("POST", "/v1/projects".into(), json!({ "name": "theirs" }), false),
        ("GET", of("/spans"), Value::Null, true),
        ("GET", of("/spans/otlpv1"), Value::Null, true),
        ("POST", of("/spans"), json!({ "data": [span] }), false),
        ("GET", of("/traces"), Value::Null, true),
        ("DELETE", of(&format!("/traces{window}")), Value::Null, false),
        ("GET", of("/sessions"), Value::Null, true),
    ];
    for subject in ["span", "trace", "session"] {
        let path = of(&format!("/{subject}_annotations"));
        endpoints.push(("GET", format!("{path}?identifier=a"), Value::Null, true));
        endpoints.push(("DELETE", format!("{path}?delete_all=true"), Value::Null, false));
    }
    endpoints
}

/// Guarantees: without a key that is ours nothing is answered, whatever the endpoint; the scheme's case does not matter.
#[tokio::test]
async fn strangers_are_refused() {
    for (method, path, body, _) in endpoints() {
        for authorization in [None, Some("Bearer nobody"), Some("reader"), Some("Basic reader")] {
            let (status, text) = ask(method, &path, authorization, &body).await;
            assert_eq!(
                (status, text.as_str()),
                (StatusCode::UNAUTHORIZED, "Invalid token"),
                "{method} {path}"
            );
        }
    }
    let (status, _) = ask("GET", "/v1/projects/default", Some("bEARER reader"), &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
}

/// Guarantees: a key that may read does not change anything.
#[tokio::test]
async fn a_reader_only_reads() {
    let annotation = json!({ "data": [] });
    let mut endpoints = endpoints();
    endpoints.push(("POST", "/v1/span_annotations".into(), annotation, false));
    endpoints.push(("DELETE", "/v1/spans/a".into(), Value::Null, false));
    for (method, path, body, may) in endpoints {
        let (status, text) = ask(method, &path, Some("Bearer reader"), &body).await;
        assert_eq!(status == StatusCode::FORBIDDEN, !may, "{method} {path}: {text}");
    }
}

/// Guarantees: a key with a project is told that others are not there, and every question of its requests is about its own.
#[tokio::test]
async fn a_project_is_alone() {
    for (method, path, body, _) in endpoints() {
        let (status, text) = ask(method, &path, Some("Bearer admin"), &body).await;
        let wanted = match (method, path.as_str()) {
            ("POST", "/v1/projects") => StatusCode::FORBIDDEN,
            _ => StatusCode::NOT_FOUND,
        };
        assert_eq!(status, wanted, "{method} {path}: {text}");
    }
    let annotation = |target: &str| json!({ "data": [{ target: "a", "name": "n", "annotator_kind": "LLM", "document_position": 0 }] });
    let note = |target: &str| json!({ "data": { target: "a", "note": "n" } });
    for (method, path, body) in [
        ("GET", "/v1/projects", Value::Null),
        ("GET", "/v1/projects/mine/spans", Value::Null),
        ("GET", "/v1/sessions/a", Value::Null),
        ("DELETE", "/v1/sessions/a", Value::Null),
        ("DELETE", "/v1/spans/a", Value::Null),
        ("DELETE", "/v1/spans/U3BhbjoxMQ==", Value::Null),
        ("DELETE", "/v1/traces/a", Value::Null),
        (
            "POST",
            "/v1/sessions/delete",
            json!({ "session_identifiers": ["a"] }),
        ),
        ("POST", "/v1/spans?project_name=mine", json!({ "queries": [{}] })),
        ("POST", "/v1/span_annotations", annotation("span_id")),
        (
            "POST",
            "/v1/document_annotations?sync=true",
            annotation("span_id"),
        ),
        ("POST", "/v1/trace_annotations", annotation("trace_id")),
        ("POST", "/v1/session_annotations", annotation("session_id")),
        ("POST", "/v1/span_notes", note("span_id")),
        ("POST", "/v1/trace_notes", note("trace_id")),
        ("POST", "/v1/session_notes", note("session_id")),
    ] {
        let (status, text) = ask(method, path, Some("Bearer admin"), &body).await;
        assert_eq!(
            (status, text.as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, "asked of mine"),
            "{method} {path}"
        );
    }
    let (status, text) = ask(
        "POST",
        "/v1/spans?project_name=theirs",
        Some("Bearer admin"),
        &json!({ "queries": [{}] }),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("\"data\":[]"), "{text}");
}

/// Guarantees: cursors read back as the place that they were made of, to the nanosecond, and anything else is none.
#[test]
fn cursors_read_back() {
    let place = |key: i128| {
        Some(Position {
            key: Place::Whole(key),
            tie: 7_u64,
        })
    };
    for nanos in [
        0,
        999,
        1_000,
        1_760_000_000_123_456_789,
        1_760_000_000_000_000_000,
        4_000_000_000_000_000_001,
    ] {
        let cursor = ids::time_cursor(7, nanos);
        assert_eq!(
            ids::sorted_cursor(&cursor, "DATETIME"),
            place(nanos.into()),
            "{nanos}"
        );
    }
    for nanos in [
        0,
        1,
        -1,
        2_500_000_000,
        -2_500_001,
        123_456_789,
        i64::MAX,
        i64::MIN,
    ] {
        let cursor = ids::latency_cursor(7, nanos);
        assert_eq!(
            ids::sorted_cursor(&cursor, "FLOAT"),
            place(nanos.into()),
            "{nanos}"
        );
    }
    for cursor in ["", "bad", "U3BhbjoxMQ==", "NzpGTE9BVDpOYU4="] {
        assert_eq!(ids::sorted_cursor::<u64>(cursor, "FLOAT"), None, "{cursor}");
    }
    assert_eq!(ids::row("Project", &ids::global("Project", 5)), Some(5));
    assert_eq!(ids::row("Project", &ids::global("Span", 5)), None);
    let trace = crate::query::model::TraceId([0xfe; 16]);
    assert_eq!(ids::trace_row(&ids::global_trace(trace)), Some(trace));
}

/// Guarantees: an id of digits is its bytes; any other text has bytes of its own, and is not taken for digits.
#[test]
fn ids_of_any_text() {
    assert_eq!(
        ids::digits(&ids::span_bytes("b7ad6b7169203301")),
        "b7ad6b7169203301"
    );
    for text in ["", "b", "B7AD6B7169203301", "b7ad6b71692033010", "ä"] {
        assert!(!ids::is_plain::<8>(text), "{text}");
        assert_ne!(ids::digits(&ids::span_bytes(text)), text.to_lowercase());
    }
}

/// Guarantees: times are read with and without offset, as dates and numbers, and written to the microsecond.
#[test]
fn times() {
    let read = |text: &str| time::parse(text).map(|moment| (moment.nanos / 1_000_000, moment.aware));
    assert_eq!(read("2025-10-09T08:53:20.5Z"), Ok((1_760_000_000_500, true)));
    assert_eq!(read("2025-10-09 10:53:20+02:00"), Ok((1_760_000_000_000, true)));
    assert_eq!(read("2025-10-09T08:53:20"), Ok((1_760_000_000_000, false)));
    assert_eq!(read("2025-10-09"), Ok((1_759_968_000_000, false)));
    assert_eq!(read("1760000000.25"), Ok((1_760_000_000_250, true)));
    assert_eq!(read("1760000000250"), Ok((1_760_000_000_250, true)));
    for text in [
        "",
        "abc",
        "2025-02-30",
        "NaN",
        "inf",
        "1e300",
        "2025-10-09T25:00:00Z",
    ] {
        assert!(time::parse(text).is_err(), "{text}");
    }
    assert_eq!(time::iso(1_760_000_000_000_000_000), "2025-10-09T08:53:20+00:00");
    assert_eq!(
        time::iso(1_760_000_000_000_001_999),
        "2025-10-09T08:53:20.000002+00:00"
    );
    assert_eq!(time::iso(u64::MAX), "2554-07-21T23:34:33.709551+00:00");
}

/// Guarantees: keys nest and are dotted again as in Phoenix: numbers before more are places in a list, elsewhere names;
/// a key with a value keeps those below it beside.
#[test]
fn nesting() {
    let flat = |pairs: &[(&str, Value)]| -> Map<String, Value> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect()
    };
    for (given, nested, dotted) in [
        (
            flat(&[("a.b", json!(1)), ("a.c", json!(2))]),
            json!({ "a": { "b": 1, "c": 2 } }),
            json!({ "a.b": 1, "a.c": 2 }),
        ),
        (
            flat(&[("l.5.k", json!(1)), ("l.7.k", json!(2))]),
            json!({ "l": [{ "k": 1 }, { "k": 2 }] }),
            json!({ "l.0.k": 1, "l.1.k": 2 }),
        ),
        (
            flat(&[("a.0", json!("x")), ("a.1", json!("y"))]),
            json!({ "a": { "0": "x", "1": "y" } }),
            json!({ "a.0": "x", "a.1": "y" }),
        ),
        (
            flat(&[("x", json!(1)), ("x.y", json!(2))]),
            json!({ "x": 1, "x.y": 2 }),
            json!({ "x": 1, "x.y": 2 }),
        ),
        (
            flat(&[("metadata", json!("{\"t\":null,\"u\":[]}"))]),
            json!({ "metadata": { "t": null, "u": [] } }),
            json!({ "metadata.u": [] }),
        ),
        (
            flat(&[("metadata", json!("no json"))]),
            json!({ "metadata": "no json" }),
            json!({ "metadata": "no json" }),
        ),
    ] {
        let found = attributes::nested(given);
        assert_eq!(Value::Object(found.clone()), nested);
        assert_eq!(Value::Object(attributes::flatten(found)), dotted);
    }
    let deep = "a.".repeat(100_000);
    assert_eq!(
        attributes::flatten(attributes::nested(flat(&[(&deep, json!(1))]))).len(),
        1
    );
}
