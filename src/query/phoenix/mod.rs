//! Phoenix's query API.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::context::Context;
use super::dialect::{Dialect, Refusal};

/// The API over `context`.
pub fn dialect(_context: Arc<Context>) -> Dialect {
    Dialect {
        name: "phoenix",
        router: Router::new(),
        owns: |_| false,
        refuse,
        openapi: include_str!("openapi.yaml"),
    }
}

fn refuse(_refusal: &Refusal) -> Response {
    StatusCode::NOT_FOUND.into_response()
}
