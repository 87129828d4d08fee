//! `service-names`, `attributes`, `values`: what there is to filter by.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::access::{Api, Asker};
use super::error::ApiError;
use super::params::Params;
use super::property::Place;
use crate::query::model::{
    Direction, Field, Filter, Find, FindGroups, FindKeys, Found, FoundKey, Group, GroupBy, GroupOrder,
    GroupOrderBy, KeyPage, KeyPlace, Measure, Part, Select, folded,
};

/// The most service names.
const SERVICES: usize = 1000;
/// The least letters for which values are searched.
const SEARCHED: usize = 4;
/// Of how many attributes values are searched: those that most spans have.
const SEARCHED_KEYS: usize = 100;

/// Answers `service-names`.
pub async fn service_names(
    State(api): State<Arc<Api>>,
    asker: Asker,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let window = params.window(api.now())?;
    let find = FindGroups {
        by: vec![GroupBy::Text(Field::Service)],
        missing: false,
        measures: Vec::new(),
        order: GroupOrder::default(),
        search: params.text("search").map(str::to_owned),
        offset: 0,
        limit: SERVICES + 1,
    };
    let page = api.groups(asker.select(&window, Filter::default()), find).await?;
    let names = page
        .groups
        .iter()
        .filter_map(text)
        .filter(|name| !name.is_empty());
    let rows: Vec<Value> = names.take(SERVICES).map(|name| json!({ "name": name })).collect();
    Ok(Json(json!({ "results": rows })))
}

/// Answers `values`.
pub async fn values(
    State(api): State<Arc<Api>>,
    asker: Asker,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let key = params.text("key").ok_or(ApiError::NoKey)?;
    let field = match (params.place(), key) {
        (Place::Span, "name") => Field::Name,
        (Place::SpanResourceAttribute, key) => Field::Resource(key.into()),
        (Place::Span | Place::SpanAttribute, key) => Field::Attribute(key.into()),
    };
    let mut find = most_frequent(field, params.text("value"), params.limit()?);
    find.offset = params.offset()?;
    let window = params.window(api.now())?;
    let page = api.groups(asker.select(&window, Filter::default()), find).await?;
    let rows: Vec<Value> = page
        .groups
        .iter()
        .filter_map(text)
        .map(|value| json!({ "id": value, "name": value }))
        .collect();
    Ok(Json(json!({ "results": rows })))
}

/// A field's values, those of most spans first.
fn most_frequent(field: Field, search: Option<&str>, limit: usize) -> FindGroups {
    FindGroups {
        by: vec![GroupBy::Text(field)],
        missing: false,
        measures: vec![Measure::Spans],
        order: GroupOrder {
            by: GroupOrderBy::Measure(0),
            direction: Direction::Descending,
        },
        search: search.map(str::to_owned),
        offset: 0,
        limit,
    }
}

fn text(group: &Group) -> Option<&str> {
    match group.keys.first() {
        Some(Part::Text(text)) => Some(text),
        _ => None,
    }
}

/// Answers `attributes`: keys that match, then, when that is wanted, keys of which a value matches.
pub async fn attributes(
    State(api): State<Arc<Api>>,
    asker: Asker,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let search = params.text("search");
    let (limit, offset) = (params.limit()?, params.offset()?);
    let window = params.window(api.now())?;
    let select = asker.select(&window, Filter::default());
    let place = match params.place() {
        Place::SpanResourceAttribute => Place::SpanResourceAttribute,
        Place::Span | Place::SpanAttribute => Place::SpanAttribute,
    };
    let page = keys(&api, &select, place, search, offset, limit).await?;
    let mut rows: Vec<Value> = page.keys.iter().map(|key| key_row(place, &key.key)).collect();

    let is_wanted = params
        .text("search_values")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let term = search.filter(|term| is_wanted && term.chars().count() >= SEARCHED);
    let Some(term) = term else {
        return Ok(Json(json!({ "results": rows, "count": page.total })));
    };
    let skip = usize::try_from(offset.saturating_sub(page.total)).unwrap_or(usize::MAX);
    let needed = skip.saturating_add(limit - rows.len());
    let found = by_value(&api, &select, place, term, needed).await?;
    rows.extend(found.into_iter().skip(skip));
    let count = offset.saturating_add(rows.len() as u64);
    Ok(Json(json!({ "results": rows, "count": count })))
}

fn name(place: Place) -> &'static str {
    match place {
        Place::SpanResourceAttribute => "span_resource_attribute",
        Place::Span | Place::SpanAttribute => "span_attribute",
    }
}

fn key_row(place: Place, key: &str) -> Value {
    json!({ "name": key, "propertyFilterType": name(place), "matchedOn": "key" })
}

async fn keys(
    api: &Api,
    select: &Select,
    place: Place,
    search: Option<&str>,
    offset: u64,
    limit: usize,
) -> Result<KeyPage, ApiError> {
    let find = FindKeys {
        of: match place {
            Place::SpanResourceAttribute => KeyPlace::Resource,
            Place::Span | Place::SpanAttribute => KeyPlace::Span,
        },
        search: search.map(str::to_owned),
        offset,
        limit,
    };
    match api.ask(select.clone(), Find::Keys(find)).await?.found {
        Found::Keys(page) => Ok(page),
        _ => Err(ApiError::mismatch()),
    }
}

/// Keys that do not match themselves, with a value that does: so many, of the keys that most spans have.
async fn by_value(
    api: &Api,
    select: &Select,
    place: Place,
    term: &str,
    needed: usize,
) -> Result<Vec<Value>, ApiError> {
    let mut rows = Vec::new();
    let page = keys(api, select, place, None, 0, SEARCHED_KEYS).await?;
    let is_new = |key: &&FoundKey| !folded(&key.key).contains(&*folded(term));
    for FoundKey { key, .. } in page.keys.iter().filter(is_new) {
        if rows.len() >= needed {
            break;
        }
        let field = match place {
            Place::SpanResourceAttribute => Field::Resource(key.clone()),
            Place::Span | Place::SpanAttribute => Field::Attribute(key.clone()),
        };
        let values = api
            .groups(select.clone(), most_frequent(field, Some(term), 1))
            .await?;
        rows.extend(values.groups.first().and_then(text).map(|value| {
            json!({
                "name": key,
                "propertyFilterType": name(place),
                "matchedOn": "value",
                "matchedValue": value,
            })
        }));
    }
    Ok(rows)
}
