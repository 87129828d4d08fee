//! `GET` and `DELETE /v1/projects/{project}/traces`, and `DELETE /v1/traces/{trace}`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::api::{Api, among, unexpected};
use super::error::{Answered, Fault, no_content, ok};
use super::params::{Params, Range};
use super::records::{Project, Subject, Sweep};
use super::seen::Seen;
use super::{filters, ids, projects, sessions, time};
use crate::net::auth::Permission;
use crate::query::model::{
    Begin, Deletion, Direction, Field, Filter, Find, FindGroups, FindTraces, Found, FoundTrace, GroupBy,
    GroupOrder, Key, Measure, Measured, Order, Page, Part, Position, Scalar, Select, Test, TraceId,
    TraceOrderBy,
};

/// The most rows of a page.
const MOST: usize = 1000;

/// The most spans that come with a trace.
const SPANS: usize = 1000;

/// Tokens that the model calls of a trace took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tokens {
    /// Given to the model.
    pub prompt: f64,
    /// Given by the model.
    pub completion: f64,
}

/// The traces of a project.
pub async fn list(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let mut params = Params::of(&uri)?;
    let range = params.range();
    let sort = params.optional_word("sort", &["start_time", "latency_ms"]);
    let by_latency = sort == Some("latency_ms");
    let direction = params.direction(Direction::Descending);
    let limit = params.limit(100, Some(MOST));
    let cursor = params.one("cursor").filter(|cursor| !cursor.is_empty());
    let include_spans = params.flag("include_spans").unwrap_or_default();
    let wanted = params.all("session_identifier");
    let error = params.flag("error");
    let latency = (params.number("min_latency_ms"), params.number("max_latency_ms"));
    let condition = params.one("filter").filter(|condition| !condition.is_empty());
    params.checked()?;
    let project = api.project(&caller, &project).await?;
    if condition.is_some() {
        let message = "The parameter 'filter' is not supported by this server";
        return Err(Fault::Text(http::StatusCode::BAD_REQUEST, message.into()));
    }
    let begin = begin(cursor, by_latency)?;
    let mut parts = Vec::new();
    if !wanted.is_empty() {
        let names = api.session_names(&caller, &wanted).await?;
        parts.push(Filter::AnySpan(Box::new(among(sessions::field(), names))));
    }
    parts.extend(error.map(failing));
    let Some(select) = select(&project, range, latency, parts) else {
        return ok(&json!({ "data": [], "next_cursor": null }));
    };
    let find = FindTraces {
        order: Order {
            by: if by_latency {
                TraceOrderBy::Latency
            } else {
                TraceOrderBy::Start
            },
            direction,
        },
        page: Page { limit, begin },
        total: false,
        sums: Vec::new(),
        spans: if include_spans { SPANS } else { 0 },
    };
    let place = |trace: &FoundTrace| Position {
        key: Key::Whole(match by_latency {
            true => trace.latency.into(),
            false => trace.start.into(),
        }),
        tie: trace.id,
    };
    let found = api
        .traces(select, find, place, |trace| range.holds(trace.start))
        .await?;
    let tokens = api.tokens(&project.name, &found.rows).await?;
    let rows = found.rows.iter().map(|trace| {
        let tokens = tokens.get(&trace.id).copied().unwrap_or_default();
        row(&project, trace, tokens, include_spans)
    });
    let rows: Vec<Value> = rows.collect();
    ok(&json!({ "data": rows, "next_cursor": found.next.and_then(|next| cursor_of(&next, by_latency)) }))
}

fn begin(cursor: Option<String>, by_latency: bool) -> Result<Begin<TraceId>, Fault> {
    let Some(cursor) = cursor else {
        return Ok(Begin::default());
    };
    let kind = if by_latency { "FLOAT" } else { "DATETIME" };
    let place: Option<Position<u128>> = ids::sorted_cursor(&cursor, kind);
    let place = place.ok_or_else(|| Fault::unprocessable("Invalid cursor"))?;
    Ok(Begin::From(Position {
        key: place.key,
        tie: TraceId(place.tie.to_be_bytes()),
    }))
}

fn cursor_of(next: &Position<TraceId>, by_latency: bool) -> Option<String> {
    let Key::Whole(key) = next.key else {
        return None;
    };
    let row = u128::from_be_bytes(next.tie.0);
    match by_latency {
        true => Some(ids::latency_cursor(row, i64::try_from(key).ok()?)),
        false => Some(ids::time_cursor(row, u64::try_from(key).ok()?)),
    }
}

/// Traces with or without a span that failed.
fn failing(error: bool) -> Filter {
    let failed = Filter::AnySpan(Box::new(Filter::Field {
        field: Field::StatusCode,
        test: Test::Equals(vec![Scalar::Int(2)]),
        missing: false,
    }));
    match error {
        true => failed,
        false => Filter::Not(Box::new(failed)),
    }
}

fn select(
    project: &Project,
    range: Range,
    (least, most): (Option<f64>, Option<f64>),
    mut parts: Vec<Filter>,
) -> Option<Select> {
    let (from, to) = range.bounds()?;
    if least.is_some() || most.is_some() {
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return None;
        }
        // A double that is no whole number of 64 bits becomes the nearest.
        let nanos = |milliseconds: f64| (milliseconds * 1e6).round() as i64;
        parts.push(Filter::TraceLatency {
            min: least.map(nanos),
            max: most.map(nanos),
        });
    }
    Some(Select {
        project: Some(vec![project.name.clone()]),
        from,
        to,
        before: None,
        filter: Filter::All(parts),
    })
}

fn row(project: &Project, trace: &FoundTrace, tokens: Tokens, include_spans: bool) -> Value {
    let mut spans: Vec<Seen> = trace.hits.iter().map(|hit| Seen::of(&hit.span)).collect();
    spans.sort_by_key(|seen| (seen.start, seen.number));
    let spans: Vec<Value> = spans.into_iter().map(span_row).collect();
    let mut row = json!({
        "id": ids::global_trace(trace.id),
        "trace_id": Seen::of(&trace.head).trace_id,
        "project_id": projects::global(project),
        "start_time": time::iso(trace.start),
        "end_time": time::iso(trace.end),
    });
    if let Some(members) = row.as_object_mut() {
        members.extend(tokens.members());
        members.insert(
            "spans".into(),
            if include_spans { spans.into() } else { Value::Null },
        );
    }
    row
}

fn span_row(seen: Seen) -> Value {
    json!({
        "id": ids::global("Span", seen.number),
        "span_id": seen.span_id,
        "parent_id": seen.parent_id,
        "name": seen.name,
        "span_kind": seen.kind,
        "status_code": seen.status,
        "start_time": time::iso(seen.start),
        "end_time": time::iso(seen.end),
    })
}

/// Deletes a trace, by its global or its own id.
pub async fn delete(State(api): State<Arc<Api>>, Path(trace): Path<String>, headers: HeaderMap) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let (id, unknown) = match ids::trace_row(&trace) {
        Some(id) => (
            ids::digits(&id.0),
            format!("Trace with relay ID '{trace}' not found"),
        ),
        None => (trace.clone(), format!("Trace with trace_id '{trace}' not found")),
    };
    let found = api
        .locate(
            Subject::Trace,
            caller.projects().as_deref(),
            std::slice::from_ref(&id),
        )
        .await?;
    let Some(project) = found.into_values().next() else {
        return Err(Fault::not_found(unknown));
    };
    api.delete_trace(&project, &id).await?;
    no_content()
}

/// Deletes the traces of a project that began within a time.
pub async fn delete_many(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let mut params = Params::of(&uri)?;
    params.require("start_time");
    params.require("end_time");
    let range = params.range();
    params.checked()?;
    let project = api.project(&caller, &project).await?;
    if range.from >= range.to {
        return Err(Fault::unprocessable("start_time must be before end_time"));
    }
    let Some(select) = select(&project, range, (None, None), Vec::new()) else {
        return no_content();
    };
    let order = Order {
        by: TraceOrderBy::Start,
        direction: Direction::Ascending,
    };
    let mut page = Page::first(MOST);
    loop {
        let find = FindTraces {
            order: order.clone(),
            page,
            total: false,
            sums: Vec::new(),
            spans: 0,
        };
        let place = |trace: &FoundTrace| Position {
            key: Key::Whole(trace.start.into()),
            tie: trace.id,
        };
        let found = api
            .traces(select.clone(), find, place, |trace| range.holds(trace.start))
            .await?;
        for trace in &found.rows {
            let id = Seen::of(&trace.head).trace_id;
            api.delete_trace(&project.name, &id).await?;
        }
        match found.next {
            Some(next) => {
                page = Page {
                    limit: MOST,
                    begin: Begin::From(next),
                }
            }
            None => return no_content(),
        }
    }
}

// === impl Api ===

impl Api {
    /// Deletes a trace and what was noted about it.
    pub async fn delete_trace(self: &Arc<Self>, project: &str, id: &str) -> Result<(), Fault> {
        let deletion = Deletion {
            project: Some(project.to_owned()),
            trace_id: Some(TraceId(ids::trace_bytes(id))),
            ..Deletion::default()
        };
        self.context.writer.delete(deletion).await?;
        self.forget(Subject::Trace, project, id).await
    }

    /// Forgets what was noted about something that is gone.
    pub async fn forget(self: &Arc<Self>, subject: Subject, project: &str, id: &str) -> Result<(), Fault> {
        let project = project.to_owned();
        let sweep = Sweep {
            targets: Some(vec![id.to_owned()]),
            ..Sweep::default()
        };
        self.records(move |records| records.sweep(subject, &project, &sweep))
            .await
    }

    /// The tokens that the model calls of traces took.
    pub async fn tokens(
        &self,
        project: &str,
        traces: &[FoundTrace],
    ) -> Result<HashMap<TraceId, Tokens>, Fault> {
        if traces.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = traces.iter().map(|trace| trace.id.to_string()).collect();
        let of_model = filters::of_kinds(&["LLM".to_owned()]);
        let sum = |names: [&str; 2]| {
            Measure::Sum(Field::First(
                names.map(|name| Field::Attribute(name.into())).into(),
            ))
        };
        let find = FindGroups {
            by: vec![GroupBy::Text(Field::TraceId)],
            missing: false,
            measures: vec![
                sum(["llm.token_count.prompt", "gen_ai.usage.input_tokens"]),
                sum(["llm.token_count.completion", "gen_ai.usage.output_tokens"]),
            ],
            order: GroupOrder::default(),
            search: None,
            offset: 0,
            limit: traces.len(),
        };
        let select = Select {
            project: Some(vec![project.to_owned()]),
            filter: Filter::All(vec![among(Field::TraceId, ids), of_model]),
            ..Select::default()
        };
        let Found::Groups(found) = self.ask(select, Find::Groups(find)).await? else {
            return Err(unexpected());
        };
        let number = |measured: Option<&Measured>| match measured {
            Some(Measured::Number(number)) => *number,
            _ => 0.0,
        };
        let tokens = found.groups.iter().filter_map(|group| match group.keys.first() {
            Some(Part::Text(id)) => Some((
                id.parse().ok()?,
                Tokens {
                    prompt: number(group.measures.first()),
                    completion: number(group.measures.get(1)),
                },
            )),
            _ => None,
        });
        Ok(tokens.collect())
    }
}

// === impl Tokens ===

impl Tokens {
    /// The members of a row.
    pub fn members(self) -> [(String, Value); 3] {
        let whole = |number: f64| Value::from(number as i64);
        [
            ("token_count_prompt".into(), whole(self.prompt)),
            ("token_count_completion".into(), whole(self.completion)),
            ("token_count_total".into(), whole(self.prompt + self.completion)),
        ]
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            prompt: self.prompt + other.prompt,
            completion: self.completion + other.completion,
        }
    }
}
