//! Requests out of any bytes to every product's API over a small world of spans, for fuzzing and for tests: answered or refused,
//! never a defect of ours.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower_service::Service;

use super::context::Context;
use super::model::{
    Answer, Deletion, FoundSpan, Limits, QueryError, SpanQuery, SpanStore, SpanWriter, reference, worlds,
};
use super::{mackerel, phoenix, posthog, traceloop};
use crate::wire::Traces;

/// Spans in the world.
const SPANS: usize = 60;

/// A store whose spans do not change.
struct World(Vec<FoundSpan>);

/// Takes a request: a line with the method and the target, and then the body.
///
/// # Panics
/// When the answer is an error of ours, or says that it is JSON and is not.
pub fn request(input: &[u8]) {
    static SERVED: OnceLock<(Router, tokio::runtime::Runtime)> = OnceLock::new();
    let Some(request) = read(input) else {
        return;
    };
    let shown = format!("{} {}", request.method(), request.uri());
    let (router, runtime) = SERVED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        (
            router(),
            runtime.unwrap_or_else(|error| panic!("no runtime: {error}")),
        )
    });
    let (status, kind, body) = runtime.block_on(async {
        let mut router = router.clone();
        let Ok(response) = router.call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes());
        (
            head.status,
            head.headers.get(CONTENT_TYPE).cloned(),
            body.unwrap_or_default(),
        )
    });
    let text = String::from_utf8_lossy(&body);
    assert!(
        !status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE,
        "{shown}: {status} {text}"
    );
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
        let json = serde_json::from_slice::<serde_json::Value>(&body);
        assert!(json.is_ok(), "{shown}: {status} {text}");
    }
}

fn read(input: &[u8]) -> Option<Request<Body>> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = input.split_at(end);
    let (method, target) = std::str::from_utf8(head).ok()?.split_once(' ')?;
    let mut request = Request::new(Body::from(body.get(1..)?.to_vec()));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = target.parse().ok()?;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    Some(request)
}

/// Every product, with everything open.
fn router() -> Router {
    let context = Arc::new(Context {
        store: Arc::new(World(worlds::spans(1, SPANS))),
        writer: Arc::new(World(Vec::new())),
        directory: scratch(),
        keys: None,
        limits: Limits::default(),
    });
    let dialects = [
        posthog::dialect(context.clone(), false),
        mackerel::dialect(context.clone(), false),
        traceloop::dialect(context.clone()),
        phoenix::dialect(context),
    ];
    let routers = dialects.into_iter().map(|dialect| dialect.router);
    routers.fold(Router::new(), Router::merge)
}

/// An empty folder of this process.
fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("spanway-requests-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    drop(std::fs::create_dir_all(&folder));
    folder
}

// === impl World ===

impl SpanStore for World {
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>> {
        async move { reference::answer(&self.0, self.0.len() as u64 * 2, &query) }.boxed()
    }
}

impl SpanWriter for World {
    fn insert(&self, _: &str, _: Traces) -> BoxFuture<'_, Result<(), QueryError>> {
        async { Ok(()) }.boxed()
    }

    fn delete(&self, _: Deletion) -> BoxFuture<'_, Result<(), QueryError>> {
        async { Ok(()) }.boxed()
    }
}
