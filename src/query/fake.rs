//! A store for tests that holds nothing and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower_service::Service as _;

use super::context::Context;
use super::dialect::Dialect;
use super::model::{
    Answer, Deletion, Find, Found, GroupPage, KeyPage, QueryError, SpanPage, SpanQuery, SpanStore,
    SpanWriter, TracePage, TraceSpans,
};
use crate::net::auth::{Key, Keys, Permission, digest};
use crate::wire::Traces;

/// Holds nothing, or fails; remembers what it was asked.
#[derive(Default)]
pub struct Recorder {
    /// The questions, in their order.
    pub asked: Mutex<Vec<SpanQuery>>,
    /// What it fails with.
    pub fails: Mutex<Option<QueryError>>,
}

/// A context over a recorder, with a key `secret` that reads `project`, and a key `deaf` that may not read.
pub fn context(recorder: &Arc<Recorder>) -> Context {
    let key = |name: &str, permission, project: Option<&str>| {
        let key = Key {
            name: name.into(),
            permissions: vec![permission],
            project: project.map(Into::into),
        };
        (digest(name), key)
    };
    let keys: Keys = [
        key("secret", Permission::Read, Some("project")),
        key("deaf", Permission::Ingest, None),
    ]
    .into_iter()
    .collect();
    Context {
        store: recorder.clone(),
        writer: recorder.clone(),
        directory: std::env::temp_dir(),
        keys: Some(Arc::new(keys)),
        limits: Default::default(),
    }
}

/// What a dialect answers to `GET /path` with these headers and this body.
pub async fn call(
    dialect: &Dialect,
    request: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (StatusCode, Value) {
    let (method, path) = request.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = dialect.router.clone().call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

impl SpanStore for Recorder {
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>> {
        let found = match &query.find {
            Find::Spans(_) => Found::Spans(SpanPage {
                spans: Vec::new(),
                last: None,
                next: None,
                total: Some(0),
            }),
            Find::Traces(_) => Found::Traces(TracePage {
                traces: Vec::new(),
                last: None,
                next: None,
                total: Some(0),
            }),
            Find::Trace(_) => Found::Trace(TraceSpans {
                hits: Vec::new(),
                last: None,
                next: None,
                total: 0,
            }),
            Find::Groups(_) => Found::Groups(GroupPage {
                groups: Vec::new(),
                more: false,
                total: 0,
            }),
            Find::Keys(_) => Found::Keys(KeyPage {
                keys: Vec::new(),
                more: false,
                total: 0,
            }),
        };
        self.asked.lock().unwrap().push(query);
        let fails = self.fails.lock().unwrap().clone();
        let answer = fails.map_or(Ok(Answer { before: 0, found }), Err);
        Box::pin(std::future::ready(answer))
    }
}

impl SpanWriter for Recorder {
    fn insert(&self, _: &str, _: Traces) -> BoxFuture<'_, Result<(), QueryError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn delete(&self, _: Deletion) -> BoxFuture<'_, Result<(), QueryError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
