//! `GET /api/v0/traces/{traceId}`: all of one trace.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Serialize;

use super::super::model::{Find, FindTrace, Found, Page, Select, SpanHit, SpanQuery};
use super::super::shown::Shown;
use super::error::Fault;
use super::{Api, request, values};

/// The most spans of a trace that are given.
const SPANS: usize = 1_000_000;

/// All spans of a trace.
#[derive(Serialize)]
struct Spans<S> {
    spans: S,
}

/// The handler.
pub async fn get(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Fault> {
    let caller = api.caller(&headers)?;
    let Path(id) = path.map_err(|error| Fault::bad(error.body_text()))?;
    let id = request::trace_id(&id)?;
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
    let spans = Shown(&trace.hits, |hit: &SpanHit| values::span(&hit.span));
    Ok(Json(Spans { spans }).into_response())
}
