//! What needs no gateway: keys and projects, rate limits, what the store refuses, dates.

mod access;
mod dates;
mod openapi;
mod stores;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower_service::Service;

use crate::net::auth::Keys;
use crate::query::context::Context;
use crate::query::model::{
    Answer, Deletion, FoundSpan, Limits, QueryError, SpanQuery, SpanStore, SpanWriter, reference,
};
use crate::wire::Traces;

/// A store that holds these spans, or always fails.
struct Store(Result<Vec<FoundSpan>, QueryError>);

/// An answer.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl SpanStore for Store {
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>> {
        let spans = self.0.clone();
        async move { reference::answer(&spans?, 1_000_000, &query) }.boxed()
    }
}

impl SpanWriter for Store {
    fn insert(&self, _: &str, _: Traces) -> BoxFuture<'_, Result<(), QueryError>> {
        async { panic!("this API writes nothing") }.boxed()
    }

    fn delete(&self, _: Deletion) -> BoxFuture<'_, Result<(), QueryError>> {
        async { panic!("this API deletes nothing") }.boxed()
    }
}

fn api(store: Result<Vec<FoundSpan>, QueryError>, keys: Option<Keys>, rate_limit: bool) -> Router {
    let store = Arc::new(Store(store));
    let context = Context {
        store: store.clone(),
        writer: store,
        directory: PathBuf::new(),
        keys: keys.map(Arc::new),
        limits: Limits::default(),
    };
    super::dialect(Arc::new(context), rate_limit).router
}

/// Every endpoint, asked about all of the time that the worlds of tests lie in.
fn requests() -> Vec<(&'static str, &'static str, Value)> {
    let all = json!({ "date_from": "2020-01-01", "date_to": "2100-01-01" });
    let query = |more: Value| {
        let mut query = json!({ "dateRange": all });
        query
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "query": query })
    };
    let breakdown = json!({ "breakdownKey": "service_name", "breakdownType": "span" });
    let every = json!({ "rootSpans": false, "prefetchSpans": 100, "limit": 1000 });
    vec![
        ("POST", "query", query(every)),
        ("POST", "query", query(json!({ "flatSpans": true, "limit": 5 }))),
        ("POST", "trace/{trace}", json!({ "dateRange": all })),
        ("POST", "sparkline", query(json!({}))),
        ("POST", "count", query(json!({}))),
        (
            "POST",
            "aggregate",
            query(json!({ "compareFilter": { "compare": true, "compare_to": "-1h" } })),
        ),
        ("POST", "duration-histogram", query(json!({ "rootSpans": false }))),
        ("POST", "latency-heatmap", query(json!({ "rootSpans": false }))),
        ("POST", "attribute-breakdown", query(breakdown)),
        ("GET", "service-names?{range}", Value::Null),
        ("GET", "attributes?{range}", Value::Null),
        (
            "GET",
            "attributes?{range}&search=GETTER&search_values=true",
            Value::Null,
        ),
        ("GET", "attributes?{range}&attribute_type=resource", Value::Null),
        ("GET", "values?{range}&key=name&attribute_type=span", Value::Null),
        ("GET", "values?{range}&key=http.method", Value::Null),
        ("GET", "has_spans", Value::Null),
    ]
}

const RANGE: &str = "dateRange=%7B%22date_from%22:%222020-01-01%22,%22date_to%22:%222100-01-01%22%7D";

/// Asks an endpoint of a project, with this Authorization header.
async fn ask(
    api: &Router,
    project: &str,
    request: &(&str, &str, Value),
    authorization: Option<&str>,
) -> Reply {
    let (method, endpoint, body) = request;
    let endpoint = endpoint.replace("{range}", RANGE);
    let mut head = Request::builder()
        .method(*method)
        .uri(format!("/api/projects/{project}/tracing/spans/{endpoint}"));
    if let Some(authorization) = authorization {
        head = head.header("authorization", authorization);
    }
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = head.body(Body::from(body)).unwrap();
    let response = api.clone().call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The status and the envelope's type and code.
    fn said(&self) -> (u16, String, String) {
        let error = self.json();
        let text = |member: &str| error[member].as_str().unwrap().to_owned();
        (self.status.as_u16(), text("type"), text("code"))
    }
}
