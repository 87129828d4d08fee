//! `POST /v1/spans`: spans as tables for pandas, a table for each query, in a multipart answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;

use super::annotate::uuid;
use super::api::Api;
use super::body::{self, NAME_BYTES, Reader, TEXT_BYTES};
use super::condition::{self, Condition, Operand};
use super::error::{Answered, Fault};
use super::params::{Params, Range};
use super::projects;
use super::seen::Seen;
use super::table::{self, Column};
use crate::net::auth::Permission;
use crate::query::model::{Begin, Direction, Filter, Order, Select, SpanOrderBy};

/// The most rows of a table.
const MOST: usize = 50_000;

/// The most queries of a request.
const QUERIES: usize = 20;

/// What is asked.
struct Asked {
    queries: Vec<Query>,
    range: Range,
    limit: usize,
    roots: bool,
}

/// A table that is wanted.
#[derive(Default)]
struct Query {
    /// Columns by name; all, when there are none.
    select: Vec<(String, String)>,
    condition: Option<String>,
    /// The column that tells the rows apart.
    index: String,
    /// New names of columns.
    rename: Vec<(String, String)>,
    unsupported: Option<&'static str>,
}

/// Spans as tables.
pub async fn tables(State(api): State<Arc<Api>>, headers: HeaderMap, uri: Uri, body: Bytes) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let params = Params::of(&uri)?;
    let project = params.one("project_name").or_else(|| params.one("project-name"));
    let asked = body::read(&body, asked)?;
    if asked.queries.is_empty() {
        return Err(Fault::not_found("Not Found"));
    }
    if asked.queries.len() > QUERIES {
        return Err(Fault::unprocessable(format!("More than {QUERIES} queries")));
    }
    let project = project
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".into());
    let boundary = uuid();
    let mut answer = String::new();
    for query in &asked.queries {
        let seen = match projects::sees(&caller, &project) {
            true => spans(&api, &project, &asked, query).await?,
            false => Vec::new(),
        };
        let table = table::written(columns(query, seen)?);
        answer += &format!("--{boundary}\r\nContent-Type: application/json\r\n\r\n{table}\r\n");
    }
    answer += &format!("--{boundary}--\r\n");
    let kind = format!("multipart/mixed; boundary={boundary}");
    Ok((StatusCode::OK, [(CONTENT_TYPE, kind)], answer).into_response())
}

fn asked(reader: &mut Reader<'_>) -> Asked {
    let queries = reader.objects("queries", query);
    let from = reader.optional_time("start_time");
    let to = reader
        .optional_time("end_time")
        .or_else(|| reader.optional_time("stop_time"));
    let limit = reader.whole_or("limit", 1000);
    Asked {
        queries,
        range: Range {
            from: from.map(|moment| moment.nanos),
            to: to.map(|moment| moment.nanos),
        },
        limit: usize::try_from(limit).unwrap_or_default().min(MOST),
        roots: reader.optional_number("root_spans_only") == Some(1.0),
    }
}

fn query(reader: &mut Reader<'_>) -> Query {
    let mut query = Query::default();
    if let Some(select) = reader.optional_map("select") {
        let key = |value: &Value| value.get("key").and_then(Value::as_str).map(str::to_owned);
        let columns = select
            .iter()
            .map(|(name, value)| (name.clone(), key(value).unwrap_or_else(|| name.clone())));
        query.select = columns.collect();
    }
    let condition = reader.optional_object("filter", |filter| filter.optional_text("condition", TEXT_BYTES));
    query.condition = condition
        .flatten()
        .filter(|condition| !condition.trim().is_empty());
    let index = reader.optional_object("index", |index| index.optional_text("key", NAME_BYTES));
    query.index = index.flatten().unwrap_or_else(|| "context.span_id".into());
    if let Some(rename) = reader.optional_map("rename") {
        let names = rename
            .iter()
            .filter_map(|(old, new)| Some((old.clone(), new.as_str()?.to_owned())));
        query.rename = names.collect();
    }
    for part in ["explode", "concat"] {
        if reader.optional_map(part).is_some_and(|map| !map.is_empty()) {
            query.unsupported = Some(part);
        }
    }
    query
        .select
        .retain(|(name, key)| name.len() <= NAME_BYTES && key.len() <= NAME_BYTES);
    query
}

async fn spans(api: &Arc<Api>, project: &str, asked: &Asked, query: &Query) -> Result<Vec<Seen>, Fault> {
    if let Some(part) = query.unsupported {
        let message = format!("Invalid query: `{part}` is not supported by this server");
        return Err(Fault::unprocessable(message));
    }
    let condition = match &query.condition {
        None => None,
        Some(text) => Some(Condition::read(text.trim()).map_err(invalid)?),
    };
    let Some((from, to)) = asked.range.bounds().filter(|_| asked.limit > 0) else {
        return Ok(Vec::new());
    };
    let mut parts = Vec::new();
    parts.extend(condition.as_ref().map(Condition::filter));
    parts.extend(asked.roots.then_some(Filter::Root));
    let select = Select {
        project: Some(vec![project.to_owned()]),
        from,
        to,
        before: None,
        filter: Filter::All(parts),
    };
    let order = Order {
        by: SpanOrderBy::Start,
        direction: Direction::Descending,
    };
    let accepts = |seen: &Seen| condition.as_ref().is_none_or(|condition| condition.holds(seen));
    let found = api
        .spans(select, order, Begin::default(), asked.limit, accepts)
        .await?;
    Ok(found.rows)
}

fn invalid(why: String) -> Fault {
    Fault::unprocessable(format!("Invalid query: {why}"))
}

/// The columns of a table; the first is its index.
fn columns(query: &Query, seen: Vec<Seen>) -> Result<Vec<Column>, Fault> {
    let mut columns = vec![column(&query.index, &query.index, &seen)?];
    if query.select.is_empty() {
        columns.extend(table::of_spans(seen));
    } else {
        for (name, key) in &query.select {
            columns.push(column(name, key, &seen)?);
        }
    }
    for (old, new) in &query.rename {
        columns
            .iter_mut()
            .skip(1)
            .for_each(|column| column.rename(old, new));
    }
    Ok(columns)
}

fn column(name: &str, key: &str, seen: &[Seen]) -> Result<Column, Fault> {
    let operand = condition::operand(key).map_err(invalid)?;
    let values = seen.iter().map(|seen| condition::value(&operand, seen));
    let column = Column::new(name, values);
    Ok(match operand {
        Operand::Column(condition::Column::Start | condition::Column::End) => column.of_times(),
        _ => column,
    })
}
