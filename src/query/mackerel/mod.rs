//! Mackerel's query API: traces by service and time, one trace, and statistics of HTTP servers and database queries.
//!
//! Promises: errors are `{"error":{"message":...}}`; numbers of traces are whole; pages that are walked within a minute
//! of each other neither lose nor repeat a trace while spans arrive.

mod error;
mod filter;
mod list;
mod request;
mod snapshots;
mod stats;
#[cfg(test)]
mod tests;
mod trace;
mod values;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use http::{HeaderMap, Method};

use super::context::{Caller, Context};
use super::dialect::Dialect;
use super::throttle::{Rate, Throttle};
use crate::net::auth::Permission;
use error::Fault;
use snapshots::Snapshots;

/// What the product allows on each endpoint that searches.
const RATES: &[Rate] = &[Rate {
    requests: 1,
    within: Duration::from_secs(1),
}];

/// What the endpoints work with.
struct Api {
    context: Arc<Context>,
    /// None when rate limits are off.
    throttles: Option<Throttles>,
    snapshots: Snapshots,
}

/// The rate limits, one an endpoint.
struct Throttles {
    traces: Throttle,
    http: Throttle,
    db: Throttle,
}

/// The API over `context`.
pub fn dialect(context: Arc<Context>, rate_limit: bool) -> Dialect {
    let api = Arc::new(Api {
        context,
        throttles: rate_limit.then(Throttles::new),
        snapshots: Snapshots::default(),
    });
    let router = Router::new()
        .route("/api/v0/traces", post(list::list))
        .route("/api/v0/traces/{trace_id}", get(trace::get))
        .route("/api/v0/apm/http-server-stats", get(stats::http))
        .route("/api/v0/apm/db-query-stats", get(stats::db))
        .method_not_allowed_fallback(|method: Method| async move { Fault::method(&method) })
        .with_state(api);
    Dialect {
        name: "mackerel",
        router,
        owns: |path| path == "/api/v0" || path.starts_with("/api/v0/"),
        refuse: error::refuse,
        openapi: include_str!("openapi.yaml"),
    }
}

// === impl Api ===

impl Api {
    /// Whoever asks, if they may read.
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Fault> {
        let secret = headers.get("x-api-key").and_then(|value| value.to_str().ok());
        Ok(self.context.admit(secret, Permission::Read)?)
    }

    /// Counts a request by one of the rate limits.
    fn throttle(&self, of: fn(&Throttles) -> &Throttle, caller: &Caller) -> Result<(), Fault> {
        let Some(throttles) = &self.throttles else {
            return Ok(());
        };
        let taken = of(throttles).take(caller.name(), Instant::now());
        taken.map_err(|_| Fault::too_many())
    }
}

// === impl Throttles ===

impl Throttles {
    fn new() -> Self {
        Self {
            traces: Throttle::new(RATES),
            http: Throttle::new(RATES),
            db: Throttle::new(RATES),
        }
    }
}
