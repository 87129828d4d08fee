//! What the product's own tools ask of a project. Whatever stands in the path, the key decides whose spans they are.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Uri};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::context::Caller;
use super::super::members::Unfit;
use super::super::model::{
    Field, Filter, Find, FindGroups, FindTrace, Found, FoundSpan, GroupBy, Measure, Measured, Page, Part,
    Select, SpanHit, SpanQuery, Test, TextOp, TextTest, TraceId,
};
use super::super::parameters::Parameters;
use super::super::shown::Shown;
use super::Api;
use super::error::Fault;
use super::search;
use super::warehouse::{Spans, page};
use super::{field, row};

const MILLI: u64 = 1_000_000;

/// The most spans of a trace that are given.
const SPANS: usize = 1_000_000;

/// The most workflows that are named.
const WORKFLOWS: usize = 100_000;

/// A page of root spans, by the name that it has in answers.
#[derive(Serialize)]
struct RootSpans<P> {
    root_spans: P,
}

/// What is told of a root span's trace.
#[derive(Clone, Copy, Debug, Default)]
struct Whole {
    spans: u64,
    tokens: f64,
}

/// The handler of `POST /v2/projects/{project}/spans`.
pub async fn spans(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Response, Fault> {
    let caller = api.caller(&headers)?;
    path.map_err(|error| Fault::bad(error.body_text()))?;
    let search = search::in_body(&json(&body)?)?;
    let rows = search.rows(&api, &caller).await?;
    let spans = page(&rows, row::listed);
    Ok(Json(Spans { spans }).into_response())
}

/// The handler of `POST /v2/projects/{project}/traces/root-spans`.
pub async fn roots(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Response, Fault> {
    let caller = api.caller(&headers)?;
    path.map_err(|error| Fault::bad(error.body_text()))?;
    let mut search = search::in_body(&json(&body)?)?;
    search.conditions.push(Filter::Root);
    let rows = search.rows(&api, &caller).await?;
    let wholes = wholes(&api, &caller, &rows.spans).await?;
    let shown = |span: &FoundSpan| {
        let whole = wholes.get(&span.trace_id()).copied().unwrap_or_default();
        let mut row = row::listed(span);
        if let Some(members) = row.as_object_mut() {
            members.insert("total_tokens".into(), json!(whole.tokens as i64));
            members.insert("span_count".into(), json!(whole.spans));
        }
        row
    };
    let root_spans = page(&rows, shown);
    Ok(Json(RootSpans { root_spans }).into_response())
}

/// The handler of `GET /v2/projects/{project}/traces/{trace_id}/spans`.
pub async fn trace(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Fault> {
    let caller = api.caller(&headers)?;
    let Path((_, id)) = path.map_err(|error| Fault::bad(error.body_text()))?;
    // What is no id has no spans, as an unknown one.
    let Ok(id) = id.parse() else {
        return Ok(Json(json!({ "spans": null })).into_response());
    };
    let page = Page::first(SPANS);
    let find = Find::Trace(FindTrace { id, page });
    let Found::Trace(trace) = ask(&api, of(&caller), find).await? else {
        return Err(Fault::defect());
    };
    let rows = Shown(&trace.hits, |hit: &SpanHit| row::detailed(&hit.span));
    let spans = (!trace.hits.is_empty()).then_some(rows);
    Ok(Json(Spans { spans }).into_response())
}

/// The handler of `GET /v2/projects/{project}/spans/workflow-names`.
pub async fn workflows(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Json<Value>, Fault> {
    let caller = api.caller(&headers)?;
    path.map_err(|error| Fault::bad(error.body_text()))?;
    let parameters = Parameters::of(&uri)?;
    let (from, to) = (parameters.whole("start_time")?, parameters.whole("end_time")?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Fault::bad(format!(
            "`start_time` {from} is later than `end_time` {to}"
        )));
    }
    let nanos = |millis: i64| u64::try_from(millis).unwrap_or(0).saturating_mul(MILLI);
    let select = Select {
        from: from.map(nanos),
        to: to.map(|to| nanos(to.saturating_add(1))),
        ..of(&caller)
    };
    let names = groups(&api, select, field::workflow(), Vec::new(), WORKFLOWS).await?;
    let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
    Ok(Json(json!({ "workflows": names })))
}

/// The traces of these spans.
async fn wholes(api: &Api, caller: &Caller, roots: &[FoundSpan]) -> Result<HashMap<TraceId, Whole>, Fault> {
    if roots.is_empty() {
        return Ok(HashMap::new());
    }
    let one_of_them = Test::Text(TextTest {
        op: TextOp::Equals,
        values: roots.iter().map(|root| root.trace_id().to_string()).collect(),
        ignore_case: false,
    });
    let select = Select {
        filter: Filter::Field {
            field: Field::TraceId,
            test: one_of_them,
            missing: false,
        },
        ..of(caller)
    };
    let measures = vec![Measure::Spans, Measure::Sum(field::tokens())];
    let groups = groups(api, select, Field::TraceId, measures, roots.len()).await?;
    let wholes = groups.into_iter().filter_map(|(id, measures)| {
        let (Some(Measured::Count(spans)), Some(Measured::Number(tokens))) =
            (measures.first(), measures.get(1))
        else {
            return None;
        };
        let (spans, tokens) = (*spans, *tokens);
        Some((id.parse().ok()?, Whole { spans, tokens }))
    });
    Ok(wholes.collect())
}

/// Groups by a field's text, in its order.
async fn groups(
    api: &Api,
    select: Select,
    by: Field,
    measures: Vec<Measure>,
    limit: usize,
) -> Result<Vec<(String, Vec<Measured>)>, Fault> {
    let find = Find::Groups(FindGroups {
        by: vec![GroupBy::Text(by)],
        missing: false,
        measures,
        order: Default::default(),
        search: None,
        offset: 0,
        limit,
    });
    let Found::Groups(page) = ask(api, select, find).await? else {
        return Err(Fault::defect());
    };
    let groups = page
        .groups
        .into_iter()
        .filter_map(|group| match group.keys.into_iter().next() {
            Some(Part::Text(text)) => Some((text, group.measures)),
            _ => None,
        });
    Ok(groups.collect())
}

async fn ask(api: &Api, select: Select, find: Find) -> Result<Found, Fault> {
    let query = SpanQuery {
        select,
        find,
        limits: api.context.limits,
    };
    Ok(api.context.ask(query).await?.found)
}

/// All spans that a caller sees.
fn of(caller: &Caller) -> Select {
    Select {
        project: caller.projects(),
        ..Select::default()
    }
}

fn json(body: &[u8]) -> Result<Value, Unfit> {
    serde_json::from_slice(body).map_err(|error| Unfit(format!("body: {error}")))
}
