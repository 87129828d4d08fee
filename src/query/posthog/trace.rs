//! `trace/{trace_id}`: the spans of one trace, by start, in pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::access::{Api, Asker};
use super::body::{self, OnMalformed, Shared, Whole};
use super::error::ApiError;
use super::row::{Row, TraceKey};
use super::self_time::self_times;
use crate::query::model::{
    Begin, Direction, Field, Filter, Find, FindTrace, FindTraces, Found, Order, Page, Select, TraceId,
    TraceOrderBy, TraceSpans,
};

/// Where a window begins that only has an end; without any, a trace is found whenever it was.
const WINDOW: &str = "-24h";
/// The spans of a page.
const PAGE: usize = 2000;

/// What the body may say beside which spans are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    offset: Option<Whole>,
    exclude_attributes: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    results: Vec<Row<'a>>,
    has_more: bool,
    next_offset: Option<u64>,
}

/// Answers `trace/{trace_id}`.
pub async fn trace(State(api): State<Arc<Api>>, asker: Asker, bytes: Bytes) -> Result<Response, ApiError> {
    let id = asker.part("trace_id");
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiError::UnknownEndpoint);
    }
    if !body::is_hex(id) {
        return Err(ApiError::NoTraceId);
    }
    let object = body::object(&bytes)?;
    let shared = body::read::<Shared>(&object)?.without_flat_list();
    let wanted: Wanted = body::read(&object)?;
    let window = shared.window_or_ever(WINDOW, api.now())?;
    let filter = shared.filter(OnMalformed::Ignore)?;
    let offset = body::offset(wanted.offset)?;
    let select = asker.select(&window, filter);

    let Ok(id) = id.parse::<TraceId>() else {
        return Ok(nothing());
    };
    let Some((key, before)) = key(&api, select.clone(), id).await? else {
        return Ok(nothing());
    };
    let select = Select {
        before: Some(before),
        ..select
    };
    let trace = spans(&api, select, id, offset).await?;
    let self_times = self_times(&trace.hits);
    let hides = wanted.exclude_attributes.unwrap_or(false);
    let rows = trace.hits.iter().zip(self_times);
    let results: Vec<_> = rows
        .map(|(hit, self_time)| Row::of_trace(hit, key, hides, self_time))
        .collect();
    let reached = offset.saturating_add(results.len() as u64);
    let body = Body {
        has_more: trace.next.is_some(),
        next_offset: trace.next.map(|_| reached),
        results,
    };
    Ok(Json(body).into_response())
}

fn nothing() -> Response {
    let body = Body {
        results: Vec::new(),
        has_more: false,
        next_offset: None,
    };
    Json(body).into_response()
}

/// What the matching spans of a trace say about it, and up to which insertion number; none when no span matches.
async fn key(api: &Api, mut select: Select, id: TraceId) -> Result<Option<(TraceKey, u64)>, ApiError> {
    let this = Filter::text(Field::TraceId, id.to_string());
    select.filter = Filter::All(vec![this, select.filter]);
    let find = FindTraces {
        order: Order {
            by: TraceOrderBy::EarliestMatch,
            direction: Direction::Ascending,
        },
        page: Page::first(1),
        total: false,
        sums: Vec::new(),
        spans: 0,
    };
    let answer = api.ask(select, Find::Traces(find)).await?;
    let Found::Traces(page) = answer.found else {
        return Err(ApiError::mismatch());
    };
    let key = page.traces.first().map(|trace| TraceKey {
        start: trace.earliest_match,
        duration: trace.longest_match,
    });
    Ok(key.map(|key| (key, answer.before)))
}

/// A page of the trace's spans, ties of one microsecond by span id.
async fn spans(api: &Api, select: Select, id: TraceId, offset: u64) -> Result<TraceSpans, ApiError> {
    let page = Page {
        limit: PAGE,
        begin: Begin::Offset(offset),
    };
    let answer = api.ask(select, Find::Trace(FindTrace { id, page })).await?;
    let Found::Trace(mut trace) = answer.found else {
        return Err(ApiError::mismatch());
    };
    trace.hits.sort_by(|left, right| {
        let (left, right) = (&left.span, &right.span);
        let micros = (left.start() / 1000).cmp(&(right.start() / 1000));
        micros.then_with(|| left.span().span_id().cmp(right.span().span_id()))
    });
    Ok(trace)
}
