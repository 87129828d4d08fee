//! The warehouse's spans: as they are given today, and as they were documented first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Uri};
use serde::Serialize;
use serde_json::Value;

use super::super::members::Unfit;
use super::super::model::{Field, Filter, FoundSpan};
use super::super::parameters::Parameters;
use super::super::shown::Shown;
use super::Api;
use super::error::Fault;
use super::search::{self, Rows, Said, Search};
use super::{field, filter, row};

const MILLI: i64 = 1_000_000;

/// Parameters that today's form has a meaning for; all others are attributes.
const TODAYS: [&str; 10] = [
    "from_timestamp_sec",
    "to_timestamp_sec",
    "workflow",
    "span_name",
    "sort_order",
    "sort_by",
    "cursor",
    "limit",
    "filters",
    "logical_operator",
];

/// The header that says where the next page of the documented form begins.
const NEXT: &str = "x-next-composite-cursor";

/// Spans, by the name that they have in answers.
#[derive(Serialize)]
pub struct Spans<S> {
    /// A page of them, or all of a trace.
    pub spans: S,
}

/// A page as today's form has it.
#[derive(Serialize)]
struct Page<D> {
    data: D,
    page_size: usize,
    total_results: u64,
    /// Empty when there are no rows.
    next_cursor: String,
}

/// The handler of `GET /v2/warehouse/spans`.
pub async fn spans(State(api): State<Arc<Api>>, headers: HeaderMap, uri: Uri) -> Result<Response, Fault> {
    let caller = api.caller(&headers)?;
    let search = todays(&Parameters::of(&uri)?)?;
    let rows = search.rows(&api, &caller).await?;
    let spans = page(&rows, row::listed);
    Ok(Json(Spans { spans }).into_response())
}

/// The handler of `GET /api/v2/warehouse/spans`.
pub async fn documented(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Fault> {
    let caller = api.caller(&headers)?;
    let search = first(&Parameters::of(&uri)?)?;
    let rows = search.rows(&api, &caller).await?;
    let mut response = Json(Shown(&rows.spans, row::documented)).into_response();
    let next = rows
        .next
        .and_then(|next| HeaderValue::try_from(next.to_string()).ok());
    if let Some(next) = next {
        response.headers_mut().insert(NEXT, next);
    }
    Ok(response)
}

/// The page of `rows`.
pub fn page(rows: &Rows, shown: impl Fn(&FoundSpan) -> Value) -> impl Serialize {
    Page {
        data: Shown(&rows.spans, shown),
        page_size: rows.spans.len(),
        total_results: rows.total,
        next_cursor: rows.end.map(|end| end.to_string()).unwrap_or_default(),
    }
}

/// What today's parameters ask for.
fn todays(parameters: &Parameters) -> Result<Search, Unfit> {
    let text = |name| parameters.text(name).unwrap_or_default();
    let filters = search::filters_in(parameters, MILLI)?;
    let mut conditions = vec![search::joined(filters, text("logical_operator"))?];
    for (name, value) in parameters.iter() {
        match name {
            "span_name" | "workflow" if value.is_empty() => {}
            "span_name" | "workflow" => conditions.push(filter::equals(name, value, MILLI)?),
            _ if TODAYS.contains(&name) => {}
            _ => conditions.push(filter::equals(name, value, MILLI)?),
        }
    }
    let said = Said {
        from: parameters.whole("from_timestamp_sec")?,
        to: parameters.whole("to_timestamp_sec")?,
        sort_by: text("sort_by"),
        sort_order: text("sort_order"),
        cursor: text("cursor"),
        limit: parameters.whole("limit")?,
    };
    Search::new(&said, conditions)
}

/// What the parameters that were documented first ask for. Durations are in nanoseconds there.
fn first(parameters: &Parameters) -> Result<Search, Unfit> {
    let text = |name| parameters.text(name).unwrap_or_default();
    let named = |name| Some(text(name)).filter(|text| !text.is_empty());
    let filters = search::filters_in(parameters, 1)?;
    let mut conditions = vec![search::joined(filters, text("logicalOperator"))?];
    let mut environments = listed(parameters, "environments")?;
    environments.extend(named("env").map(str::to_owned));
    conditions.extend(search::environments(&environments));
    let projects = listed(parameters, "envProjectIDs")?;
    let projects = Some(projects).filter(|projects| !projects.is_empty());
    conditions.extend(projects.map(|projects| filter::shown_as(Field::Project, projects)));
    conditions.extend(named("workflowName").map(|name| Filter::text(field::workflow(), name)));
    conditions.extend(named("spanName").map(|name| Filter::text(Field::Name, name)));
    for (key, value) in attributes(parameters)? {
        conditions.push(filter::equals(&format!("span_attributes.{key}"), &value, 1)?);
    }
    let said = Said {
        from: parameters.whole("fromTimestampSec")?,
        to: parameters.whole("toTimestampSec")?,
        sort_by: text("sortBy"),
        sort_order: text("sortOrder"),
        cursor: named("compositeCursor").unwrap_or(text("cursor")),
        limit: parameters.whole("limit")?,
    };
    Search::new(&said, conditions)
}

/// A list of text: a parameter again and again (with `[]` or without), with commas, or as JSON.
fn listed(parameters: &Parameters, name: &str) -> Result<Vec<String>, Unfit> {
    let brackets = format!("{name}[]");
    let given = parameters
        .iter()
        .filter(|(known, _)| *known == name || *known == brackets);
    let mut list = Vec::new();
    for (_, text) in given {
        if text.starts_with('[') {
            let json: Vec<String> =
                serde_json::from_str(text).map_err(|error| Unfit(format!("`{name}`: {error}")))?;
            list.extend(json);
        } else {
            let parts = text.split(',').map(str::trim);
            list.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
    }
    match list.len() {
        0..=1000 => Ok(list),
        found => Err(Unfit(format!("`{name}` has {found} values, more than 1000"))),
    }
}

/// The map `attributes`: `attributes[key]=value`, JSON, or `key=value` with commas between them.
fn attributes(parameters: &Parameters) -> Result<Vec<(String, String)>, Unfit> {
    let mut pairs = Vec::new();
    for (name, text) in parameters.iter() {
        let key = name
            .strip_prefix("attributes[")
            .and_then(|name| name.strip_suffix(']'));
        if let Some(key) = key {
            pairs.push((key.to_owned(), text.to_owned()));
        } else if name == "attributes" && text.starts_with('{') {
            let unfit = |error| Unfit(format!("`attributes`: {error}"));
            let map: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(unfit)?;
            pairs.extend(map.into_iter().map(|(key, value)| match value {
                Value::String(text) => (key, text),
                other => (key, other.to_string()),
            }));
        } else if name == "attributes" {
            for part in text.split(',').filter(|part| !part.is_empty()) {
                let pair = part.split_once('=').or_else(|| part.split_once(':'));
                let (key, value) =
                    pair.ok_or_else(|| Unfit::value("attributes", &Value::from(part), "`key=value`"))?;
                pairs.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    match pairs.len() {
        0..=1000 => Ok(pairs),
        found => Err(Unfit(format!("`attributes` are {found}, more than 1000"))),
    }
}
