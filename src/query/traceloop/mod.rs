//! Traceloop's query API: spans of the warehouse in today's form and in the one documented first, and what its own tools ask
//! of projects.
//!
//! Promises: errors are `{"error":"..."}`; attributes go by the product's names (`llm.*` for `gen_ai.*`), and filters take
//! both; pages that are walked by their cursors neither lose nor repeat a span, ties included; totals are exact.

mod cursor;
mod error;
mod field;
mod filter;
mod projects;
mod row;
mod search;
#[cfg(test)]
mod tests;
mod warehouse;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

use super::context::{Caller, Context};
use super::dialect::Dialect;
use crate::net::auth::Permission;
use error::Fault;

/// What the endpoints work with.
struct Api {
    context: Arc<Context>,
}

/// The API over `context`.
pub fn dialect(context: Arc<Context>) -> Dialect {
    let router = Router::new()
        .route("/v2/warehouse/spans", get(warehouse::spans))
        .route("/api/v2/warehouse/spans", get(warehouse::documented))
        .route("/v2/projects/{project}/spans", post(projects::spans))
        .route(
            "/v2/projects/{project}/spans/workflow-names",
            get(projects::workflows),
        )
        .route("/v2/projects/{project}/traces/root-spans", post(projects::roots))
        .route(
            "/v2/projects/{project}/traces/{trace_id}/spans",
            get(projects::trace),
        )
        .method_not_allowed_fallback(|method: Method| async move { Fault::method(&method) })
        .with_state(Arc::new(Api { context }));
    Dialect {
        name: "traceloop",
        router,
        owns: |path| {
            let below = |prefix| {
                path.strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            below("/v2") || below("/api/v2")
        },
        refuse: error::refuse,
        openapi: include_str!("openapi.yaml"),
    }
}

// === impl Api ===

impl Api {
    /// Whoever asks, if they may read.
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Fault> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = header.and_then(|header| header.split_once(' '));
        let secret = secret.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let secret = secret.map(|(_, secret)| secret.trim());
        Ok(self.context.admit(secret, Permission::Read)?)
    }
}
