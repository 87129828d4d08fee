//! `has_spans`, `count` and `aggregate`: numbers about many spans.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::{Api, Asker};
use super::body::{self, OnMalformed, Shared, Whole};
use super::dates::{self, Window};
use super::error::ApiError;
use super::sparkline::{count as counted, service_name};
use crate::query::model::{
    Direction, Field, Filter, Find, FindGroups, FindSpans, Found, Group, GroupBy, GroupOrder, GroupOrderBy,
    GroupPage, Measure, Measured, Order, Page, Select, SpanOrderBy,
};

/// The window when none is given.
const WINDOW: &str = "-1h";
/// The most rows of a page.
const MOST: usize = 10_000;

/// What the query may say beside which spans are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    limit: Option<Whole>,
    offset: Option<Whole>,
    #[serde(flatten)]
    compared: Compared,
}

/// Another window to compare with.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Compared {
    compare_filter: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CompareFilter {
    compare: Option<bool>,
    compare_to: Option<String>,
}

/// The spans of one service and name.
#[derive(Debug, Serialize)]
struct Row {
    service_name: String,
    name: String,
    count: u64,
    total_duration_nano: i64,
    avg_duration_nano: f64,
    p50_duration_nano: i64,
    p95_duration_nano: i64,
    p99_duration_nano: i64,
    p999_duration_nano: i64,
    error_count: u64,
    /// These four are asked for with `includeImpact`, which is not served.
    sessions: Option<u64>,
    users: Option<u64>,
    spans_with_session_id: Option<u64>,
    spans_with_distinct_id: Option<u64>,
}

#[derive(Serialize)]
struct Body {
    results: Vec<Row>,
    compare: Option<Vec<Row>>,
    has_more: bool,
    next_offset: Option<u64>,
}

/// Answers `has_spans`, at whatever time.
pub async fn has_spans(State(api): State<Arc<Api>>, asker: Asker) -> Result<Json<Value>, ApiError> {
    let find = FindSpans {
        order: Order {
            by: SpanOrderBy::Start,
            direction: Direction::Descending,
        },
        page: Page::first(1),
        total: false,
    };
    let select = asker.select(&Window::EVER, Filter::default());
    match api.ask(select, Find::Spans(find)).await?.found {
        Found::Spans(page) => Ok(Json(json!({ "hasSpans": !page.spans.is_empty() }))),
        _ => Err(ApiError::mismatch()),
    }
}

/// Answers `count`: the spans that match, and the traces of which a root matches.
pub async fn count(State(api): State<Arc<Api>>, asker: Asker, bytes: Bytes) -> Result<Json<Value>, ApiError> {
    let query = body::query(&bytes)?;
    let shared: Shared = body::read(&query)?;
    let window = shared.window(WINDOW, api.now())?;
    let filter = shared.filter(OnMalformed::Refuse)?;
    let roots = Filter::All(vec![Filter::Root, filter.clone()]);
    let spans = number(&api, asker.select(&window, filter), Measure::Spans).await?;
    let traces = number(&api, asker.select(&window, roots), Measure::Traces).await?;
    Ok(Json(json!({ "count": spans, "traceCount": traces })))
}

async fn number(api: &Api, select: Select, measure: Measure) -> Result<u64, ApiError> {
    let find = FindGroups {
        by: Vec::new(),
        missing: true,
        measures: vec![measure],
        order: GroupOrder::default(),
        search: None,
        offset: 0,
        limit: 1,
    };
    let page = api.groups(select, find).await?;
    Ok(page.groups.first().map_or(0, |group| counted(&group.measures, 0)))
}

/// Answers `aggregate`: a row for each service and name, those that took the most time first.
pub async fn aggregate(
    State(api): State<Arc<Api>>,
    asker: Asker,
    bytes: Bytes,
) -> Result<Json<impl Serialize>, ApiError> {
    let query = body::query(&bytes)?;
    let shared: Shared = body::read(&query)?;
    let wanted: Wanted = body::read(&query)?;
    let now = api.now();
    let window = shared.window(WINDOW, now)?;
    let filter = shared.filter(OnMalformed::Ignore)?;
    let limit = body::rows("limit", wanted.limit, 100, MOST)?.max(1);
    let offset = body::offset(wanted.offset)?;

    let other = wanted.compared.window(&window, now)?;
    let page = page(&api, asker.select(&window, filter.clone()), offset, limit).await?;
    let compare = match other {
        None => None,
        Some(other) => {
            let page = self::page(&api, asker.select(&other, filter), offset, limit).await?;
            Some(page.groups.into_iter().map(Row::new).collect())
        }
    };
    let next = offset.saturating_add(limit as u64);
    Ok(Json(Body {
        results: page.groups.into_iter().map(Row::new).collect(),
        compare,
        has_more: page.more,
        next_offset: page.more.then_some(next),
    }))
}

async fn page(api: &Api, select: Select, offset: u64, limit: usize) -> Result<GroupPage, ApiError> {
    let quantiles = [0.5, 0.95, 0.99, 0.999].map(Measure::DurationQuantile);
    let mut measures = vec![Measure::Spans, Measure::DurationSum, Measure::Errors];
    measures.extend(quantiles);
    let find = FindGroups {
        by: vec![GroupBy::Text(Field::Service), GroupBy::Text(Field::Name)],
        missing: true,
        measures,
        order: GroupOrder {
            by: GroupOrderBy::Measure(1),
            direction: Direction::Descending,
        },
        search: None,
        offset,
        limit,
    };
    api.groups(select, find).await
}

/// A measure in nanoseconds.
pub fn nanos(measures: &[Measured], place: usize) -> i64 {
    match measures.get(place) {
        Some(Measured::Nanos(nanos)) => *nanos,
        _ => 0,
    }
}

// === impl Row ===

impl Row {
    fn new(group: Group) -> Self {
        let mut keys = group.keys.into_iter();
        let mut text = || keys.next().map(service_name).unwrap_or_default();
        let measures = group.measures;
        let (count, total) = (counted(&measures, 0), nanos(&measures, 1));
        Self {
            service_name: text(),
            name: text(),
            count,
            total_duration_nano: total,
            avg_duration_nano: total as f64 / count.max(1) as f64,
            error_count: counted(&measures, 2),
            p50_duration_nano: nanos(&measures, 3),
            p95_duration_nano: nanos(&measures, 4),
            p99_duration_nano: nanos(&measures, 5),
            p999_duration_nano: nanos(&measures, 6),
            sessions: None,
            users: None,
            spans_with_session_id: None,
            spans_with_distinct_id: None,
        }
    }
}

// === impl Compared ===

impl Compared {
    /// The window to compare `window` with: so much earlier, or the one just before it. None when none is wanted.
    pub fn window(&self, window: &Window, now: u64) -> Result<Option<Window>, ApiError> {
        let wanted: CompareFilter = match &self.compare_filter {
            Value::Null => return Ok(None),
            filter @ Value::Object(_) => body::read(filter)?,
            _ => return Err(ApiError::Malformed("`compareFilter` must be an object".into())),
        };
        let distance = match wanted.compare_to.as_deref().filter(|to| !to.is_empty()) {
            None => window.length(),
            Some(to) => dates::distance(to, now).ok_or_else(|| {
                ApiError::Invalid(format!(
                    "`compare_to` is \"{to}\", which is no relative date like -1d"
                ))
            })?,
        };
        let is_wanted = wanted.compare == Some(true);
        Ok(is_wanted.then(|| window.earlier(distance)))
    }
}
