//! `duration-histogram` and `latency-heatmap`: how long spans took.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::access::{Api, Asker};
use super::body::{self, OnMalformed, Shared};
use super::dates;
use super::error::ApiError;
use super::sparkline::{Buckets, Results, count, service_name};
use crate::query::model::{
    Comparison, Field, Filter, FindGroups, Group, GroupBy, GroupOrder, How, Measure, Part, Scalar, Select,
    Test,
};

/// The window when none is given.
const WINDOW: &str = "-1h";
/// The most groups to look at.
const GROUPS: usize = 100_000;

/// What the query may say beside which spans are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    #[serde(default = "body::yes")]
    root_spans: Option<bool>,
}

/// A service's spans of about one duration.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Bar {
    bucket_ns: i64,
    service: String,
    count: u64,
}

/// Spans of about one time and one duration.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Cell {
    time: String,
    bucket_ns: i64,
    count: u64,
}

/// Answers `duration-histogram`.
pub async fn histogram(
    State(api): State<Arc<Api>>,
    asker: Asker,
    bytes: Bytes,
) -> Result<Json<impl Serialize>, ApiError> {
    let (select, measure) = meant(&api, &asker, &bytes)?;
    let by = vec![GroupBy::Duration, GroupBy::Text(Field::Service)];
    let page = api.groups(select, find(by, measure)).await?;
    let bars = page.groups.into_iter().filter_map(bar);
    let results = bars.collect::<Vec<_>>();
    Ok(Json(Results { results }))
}

/// Answers `latency-heatmap`: a time without spans has one cell, which counts none.
pub async fn heatmap(
    State(api): State<Arc<Api>>,
    asker: Asker,
    bytes: Bytes,
) -> Result<Json<impl Serialize>, ApiError> {
    let (mut select, measure) = meant(&api, &asker, &bytes)?;
    let Some(buckets) = Buckets::over(&api, &mut select).await? else {
        let results = Vec::<Cell>::new();
        return Ok(Json(Results { results }));
    };
    let by = vec![GroupBy::Time(buckets.width), GroupBy::Duration];
    let page = api.groups(select, find(by, measure)).await?;
    let mut times: BTreeMap<u64, Vec<(i64, u64)>> = buckets
        .all()
        .take(GROUPS)
        .map(|time| (time, Vec::new()))
        .collect();
    for group in page.groups {
        if let [Part::Time(time), Part::Duration(duration)] = group.keys.as_slice() {
            let cell = (*duration, count(&group.measures, 0));
            times.entry(*time).or_default().push(cell);
        }
    }
    let cells = times.into_iter().flat_map(|(time, mut cells)| {
        if cells.is_empty() {
            cells.push((0, 0));
        }
        cells.into_iter().map(move |(bucket_ns, count)| Cell {
            time: dates::shown_bucket(time),
            bucket_ns,
            count,
        })
    });
    let results = cells.collect::<Vec<_>>();
    Ok(Json(Results { results }))
}

/// Which spans are meant, and how they count: roots as the traces that they are, unless all spans are wanted.
fn meant(api: &Api, asker: &Asker, bytes: &[u8]) -> Result<(Select, Measure), ApiError> {
    let query = body::query(bytes)?;
    let shared: Shared = body::read(&query)?;
    let wanted: Wanted = body::read(&query)?;
    let window = shared.window(WINDOW, api.now())?;
    // A span that ended before it began has no duration to count.
    let lasted = Filter::Field {
        field: Field::Duration,
        test: Test::Compare {
            op: Comparison::GreaterOrEqual,
            with: Scalar::Int(0),
            how: How::Typed,
        },
        missing: false,
    };
    let filter = Filter::All(vec![lasted, shared.filter(OnMalformed::Ignore)?]);
    Ok(match wanted.root_spans.unwrap_or(false) {
        true => {
            let roots = Filter::All(vec![Filter::Root, filter]);
            (asker.select(&window, roots), Measure::Traces)
        }
        false => (asker.select(&window, filter), Measure::Spans),
    })
}

fn find(by: Vec<GroupBy>, measure: Measure) -> FindGroups {
    FindGroups {
        by,
        missing: true,
        measures: vec![measure],
        order: GroupOrder::default(),
        search: None,
        offset: 0,
        limit: GROUPS,
    }
}

fn bar(group: Group) -> Option<Bar> {
    let mut keys = group.keys.into_iter();
    let (Some(Part::Duration(bucket_ns)), Some(service)) = (keys.next(), keys.next()) else {
        return None;
    };
    Some(Bar {
        bucket_ns,
        service: service_name(service),
        count: count(&group.measures, 0),
    })
}
