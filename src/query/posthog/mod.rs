//! PostHog's tracing API, below `/api/environments/{project}/tracing/spans/` and its twin `/api/projects/...`.
//!
//! Promises: requests of both generations of the API are understood; where the two cannot both be right, today's is.
//! Every answer, refusals included, has the product's form. A walk by cursor neither loses nor repeats a row while spans
//! arrive. A key with a project sees that project alone, in every answer.

mod access;
mod aggregate;
mod body;
mod breakdown;
mod cursor;
mod dates;
mod error;
mod facets;
mod filter;
mod latency;
mod list;
mod params;
mod property;
mod row;
mod self_time;
mod sparkline;
mod subject;
#[cfg(test)]
mod tests;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::Method;

use self::access::Api;
use self::error::ApiError;
use super::context::Context;
use super::dialect::{Dialect, Refusal};

const BASES: [&str; 2] = [
    "/api/environments/{project}/tracing/spans",
    "/api/projects/{project}/tracing/spans",
];

/// The API over `context`; with the product's rate limits, when wanted.
pub fn dialect(context: Arc<Context>, rate_limit: bool) -> Dialect {
    Dialect {
        name: "posthog",
        router: router(Arc::new(Api::new(context, rate_limit))),
        owns: |path| path.starts_with("/api/environments/") || path.starts_with("/api/projects/"),
        refuse,
        openapi: include_str!("openapi.yaml"),
    }
}

/// Each endpoint under both bases, with and without a slash at its end. Bodies are bounded by the server.
fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for base in BASES {
        for (path, endpoint) in endpoints() {
            let endpoint = endpoint.fallback(not_allowed);
            router = router
                .route(&format!("{base}/{path}"), endpoint.clone())
                .route(&format!("{base}/{path}/"), endpoint);
        }
    }
    router.layer(DefaultBodyLimit::disable()).with_state(api)
}

fn endpoints() -> [(&'static str, MethodRouter<Arc<Api>>); 12] {
    [
        ("query", post(list::query)),
        ("trace/{trace_id}", post(trace::trace)),
        ("sparkline", post(sparkline::sparkline)),
        ("service-names", get(facets::service_names)),
        ("attributes", get(facets::attributes)),
        ("values", get(facets::values)),
        ("has_spans", get(aggregate::has_spans)),
        ("count", post(aggregate::count)),
        ("aggregate", post(aggregate::aggregate)),
        ("duration-histogram", post(latency::histogram)),
        ("latency-heatmap", post(latency::heatmap)),
        ("attribute-breakdown", post(breakdown::breakdown)),
    ]
}

async fn not_allowed(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(method.to_string())
}

fn refuse(refusal: &Refusal) -> Response {
    ApiError::from(refusal).into_response()
}
