//! `GET /api/v0/traces/{traceId}`: all of one trace.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Value, json};

use super::super::model::{Find, FindTrace, Found, Page, Select, SpanQuery, TraceId};
use super::error::Fault;
use super::{Api, values};

/// The most spans of a trace that are given.
const SPANS: usize = 1_000_000;

/// The handler.
pub async fn get(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Fault> {
    let caller = api.caller(&headers)?;
    let Path(id) = path.map_err(|error| Fault::bad(error.body_text()))?;
    let id: TraceId = id.parse().map_err(|error| Fault::bad(format!("{error}")))?;
    let query = SpanQuery {
        select: Select {
            project: caller.projects(),
            ..Select::default()
        },
        find: Find::Trace(FindTrace {
            id,
            page: Page::first(SPANS),
        }),
        limits: api.context.limits,
    };
    let Found::Trace(trace) = api.context.ask(query).await?.found else {
        return Err(Fault::defect());
    };
    if trace.hits.is_empty() {
        return Err(Fault::not_found(format!("there is no trace {id}")));
    }
    let spans: Vec<Value> = trace.hits.iter().map(|hit| values::span(&hit.span)).collect();
    Ok(Json(json!({ "spans": spans })))
}
