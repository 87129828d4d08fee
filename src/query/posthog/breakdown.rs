//! `attribute-breakdown`: the spans by the values of one attribute or field.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::{Api, Asker};
use super::aggregate::{Compared, nanos};
use super::body::{self, OnMalformed, Shared};
use super::error::ApiError;
use super::filter::Target;
use super::property::Place;
use super::sparkline::{count, service_name};
use crate::query::model::{
    Direction, Field, FindGroups, Group, GroupBy, GroupOrder, GroupOrderBy, Measure, Part, Select,
};

/// The window when none is given.
const WINDOW: &str = "-1h";
/// The most rows.
const ROWS: usize = 100;

/// What the query may say beside which spans are meant. What has words of its own for being wrong is read leniently.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    breakdown_key: Value,
    breakdown_type: Value,
    order_by: Value,
    facet_search: Option<String>,
    exclude_breakdown_filter: Option<bool>,
    #[serde(flatten)]
    compared: Compared,
}

/// The spans with one value.
#[derive(Debug, Serialize)]
struct Row {
    value: String,
    count: u64,
    error_count: u64,
    p50_duration_nano: i64,
    p95_duration_nano: i64,
}

#[derive(Serialize)]
struct Body {
    results: Vec<Row>,
    compare: Option<Vec<Row>>,
}

/// Answers `attribute-breakdown`. Spans without the attribute count as having empty text.
pub async fn breakdown(
    State(api): State<Arc<Api>>,
    asker: Asker,
    bytes: Bytes,
) -> Result<Json<impl Serialize>, ApiError> {
    let query = body::query(&bytes)?;
    let shared: Shared = body::read(&query)?;
    let wanted: Wanted = body::read(&query)?;
    let target = wanted.target()?;
    let find = wanted.find(field(&target)?)?;

    let now = api.now();
    let window = shared.window(WINDOW, now)?;
    let left_out = wanted
        .exclude_breakdown_filter
        .unwrap_or(false)
        .then_some(&target);
    let filter = shared.filter_without(OnMalformed::Ignore, left_out)?;
    let other = wanted.compared.window(&window, now)?;
    let results = rows(&api, asker.select(&window, filter.clone()), find.clone()).await?;
    let compare = match other {
        None => None,
        Some(other) => Some(rows(&api, asker.select(&other, filter), find).await?),
    };
    Ok(Json(Body { results, compare }))
}

async fn rows(api: &Api, select: Select, find: FindGroups) -> Result<Vec<Row>, ApiError> {
    let page = api.groups(select, find).await?;
    Ok(page.groups.into_iter().map(Row::new).collect())
}

/// The field by which spans are grouped; of those that every span has only two are served.
fn field(target: &Target<'_>) -> Result<Field, ApiError> {
    match (target.place, target.key) {
        (Place::SpanAttribute, key) => Ok(Field::Attribute(key.into())),
        (Place::SpanResourceAttribute, key) => Ok(Field::Resource(key.into())),
        (Place::Span, "service_name") => Ok(Field::Service),
        (Place::Span, "status_code") => Ok(Field::StatusCode),
        (Place::Span, key) => Err(ApiError::Detail(format!(
            "`breakdownKey` is \"{key}\"; of the span's fields it may be \"service_name\" or \"status_code\""
        ))),
    }
}

// === impl Wanted ===

impl Wanted {
    fn target(&self) -> Result<Target<'_>, ApiError> {
        let key = self.breakdown_key.as_str().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| ApiError::Detail("`breakdownKey` is required".into()))?;
        let place = Place::deserialize(&self.breakdown_type).map_err(|_| {
            let places = "\"span\", \"span_attribute\" or \"span_resource_attribute\"";
            ApiError::Detail(format!("`breakdownType` must be {places}"))
        })?;
        Ok(Target { place, key })
    }

    fn find(&self, field: Field) -> Result<FindGroups, ApiError> {
        let by = match &self.order_by {
            Value::Null => 0,
            Value::String(by) if by.is_empty() || by == "count" => 0,
            Value::String(by) if by == "error_count" => 1,
            _ => {
                return Err(ApiError::Detail(
                    "`orderBy` must be \"count\" or \"error_count\"".into(),
                ));
            }
        };
        let search = self.facet_search.clone().filter(|search| !search.is_empty());
        Ok(FindGroups {
            by: vec![GroupBy::Text(field)],
            missing: true,
            measures: vec![
                Measure::Spans,
                Measure::Errors,
                Measure::DurationQuantile(0.5),
                Measure::DurationQuantile(0.95),
            ],
            order: GroupOrder {
                by: GroupOrderBy::Measure(by),
                direction: Direction::Descending,
            },
            search,
            offset: 0,
            limit: ROWS,
        })
    }
}

// === impl Row ===

impl Row {
    fn new(group: Group) -> Self {
        let value = group.keys.into_iter().next().unwrap_or(Part::Missing);
        Self {
            value: service_name(value),
            count: count(&group.measures, 0),
            error_count: count(&group.measures, 1),
            p50_duration_nano: nanos(&group.measures, 2),
            p95_duration_nano: nanos(&group.measures, 3),
        }
    }
}
