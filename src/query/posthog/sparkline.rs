//! `sparkline`: how many spans each service had, in buckets of time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::access::{Api, Asker};
use super::body::{self, OnMalformed, Shared};
use super::dates::{self, Window};
use super::error::ApiError;
use crate::query::model::{
    Direction, Field, Filter, Find, FindGroups, FindSpans, Found, Group, GroupBy, GroupOrder, Measure,
    Measured, Order, Page, Part, Select, SpanOrderBy, time_bucket, time_buckets,
};

/// The window when none is given.
const WINDOW: &str = "-1h";
/// The most services of a bucket.
const SERVICES: usize = 10;
/// The most rows of an answer.
const ROWS: usize = 10_000;
/// The most groups to look at.
const GROUPS: usize = 1_000_000;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// How wide a bucket may be.
const WIDTHS: [u64; 15] = [
    SECOND,
    5 * SECOND,
    10 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
];

/// What the query may say beside which spans are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    root_spans: Option<bool>,
}

/// A bucket's spans of one service.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    time: String,
    service: String,
    count: u64,
}

/// An answer's rows.
#[derive(Serialize)]
pub struct Results<T> {
    /// The rows.
    pub results: Vec<T>,
}

/// Answers `sparkline`.
pub async fn sparkline(
    State(api): State<Arc<Api>>,
    asker: Asker,
    bytes: Bytes,
) -> Result<Json<impl Serialize>, ApiError> {
    let query = body::query(&bytes)?;
    let shared: Shared = body::read(&query)?;
    let wanted: Wanted = body::read(&query)?;
    let window = shared.window(WINDOW, api.now())?;
    let filter = shared.filter(OnMalformed::Ignore)?;
    let (filter, measure) = match wanted.root_spans.unwrap_or(false) {
        true => (Filter::All(vec![Filter::Root, filter]), Measure::Traces),
        false => (filter, Measure::Spans),
    };
    let mut select = asker.select(&window, filter);
    let Some(buckets) = Buckets::over(&api, &mut select).await? else {
        let results = Vec::<Row>::new();
        return Ok(Json(Results { results }));
    };
    let find = FindGroups {
        by: vec![GroupBy::Time(buckets.width), GroupBy::Text(Field::Service)],
        missing: true,
        measures: vec![measure],
        order: GroupOrder::default(),
        search: None,
        offset: 0,
        limit: GROUPS,
    };
    let page = api.groups(select, find).await?;
    let results = rows(page.groups, &buckets);
    Ok(Json(Results { results }))
}

fn rows(groups: Vec<Group>, buckets: &Buckets) -> Vec<Row> {
    let mut times: BTreeMap<u64, BTreeMap<String, u64>> = buckets
        .all()
        .take(ROWS)
        .map(|time| (time, BTreeMap::new()))
        .collect();
    for group in groups {
        let mut keys = group.keys.into_iter();
        let (Some(Part::Time(time)), Some(service)) = (keys.next(), keys.next()) else {
            continue;
        };
        *times
            .entry(time)
            .or_default()
            .entry(service_name(service))
            .or_default() += count(&group.measures, 0);
    }
    let rows = times.into_iter().flat_map(|(time, services)| {
        let mut services: Vec<_> = services.into_iter().collect();
        services.sort_by_key(|(_, count)| Reverse(*count));
        services.truncate(SERVICES);
        if services.is_empty() {
            services.push((String::new(), 0));
        }
        let time = dates::shown_bucket(time);
        services.into_iter().map(move |(service, count)| Row {
            time: time.clone(),
            service,
            count,
        })
    });
    rows.take(ROWS).collect()
}

/// A service's name; spans without one have the empty name.
pub fn service_name(part: Part) -> String {
    match part {
        Part::Text(name) => name,
        _ => String::new(),
    }
}

/// A measure that counts.
pub fn count(measures: &[Measured], place: usize) -> u64 {
    match measures.get(place) {
        Some(Measured::Count(count)) => *count,
        _ => 0,
    }
}

// === buckets of time ===

/// The buckets of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    from: u64,
    to: u64,
    /// How wide they are, in nanoseconds.
    pub width: u64,
}

impl Buckets {
    /// The buckets of a selection; one without a beginning begins at its first span. None where there is no span.
    pub async fn over(api: &Api, select: &mut Select) -> Result<Option<Self>, ApiError> {
        if select.from.is_none() {
            select.from = first(api, select).await?;
        }
        Ok(select.from.zip(select.to).map(|(from, to)| {
            Self::new(&Window {
                from: Some(from),
                to: Some(to),
            })
        }))
    }

    /// Those of a width that makes about fifty of them; of two widths as close, the smaller.
    pub fn new(window: &Window) -> Self {
        let step = window.length() / 50;
        let width = WIDTHS.into_iter().min_by_key(|width| width.abs_diff(step));
        Self {
            from: window.from.unwrap_or_default(),
            to: window.to.unwrap_or_default(),
            width: width.unwrap_or(SECOND),
        }
    }

    /// Where each begins, up to the one that lies a second before the end.
    pub fn all(&self) -> impl Iterator<Item = u64> + use<> {
        let last = time_bucket(self.to.saturating_sub(SECOND), self.width);
        time_buckets(self.from, last.saturating_add(1), self.width)
    }
}

/// The start of the first span.
async fn first(api: &Api, select: &Select) -> Result<Option<u64>, ApiError> {
    let find = FindSpans {
        order: Order {
            by: SpanOrderBy::Start,
            direction: Direction::Ascending,
        },
        page: Page::first(1),
        total: false,
    };
    match api.ask(select.clone(), Find::Spans(find)).await?.found {
        Found::Spans(page) => Ok(page.spans.first().map(|span| span.start())),
        _ => Err(ApiError::mismatch()),
    }
}
