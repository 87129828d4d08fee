//! `GET /v1/projects/{project}/spans` and `.../spans/otlpv1`.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::api::{Api, SpanRows};
use super::error::{Answered, Fault, ok};
use super::filters::Filters;
use super::params::Params;
use super::seen::Seen;
use super::{ids, otlp};
use crate::net::auth::Permission;
use crate::query::model::{Begin, Direction, Key, Order, Position, SpanOrderBy};

/// The most rows of a page.
const MOST: usize = 1000;

/// The spans of a project, flat.
pub async fn list(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let found = page(&api, &project, &headers, &uri, true).await?;
    let rows: Vec<Value> = found.rows.into_iter().map(Seen::row).collect();
    ok(&json!({ "data": rows, "next_cursor": found.next }))
}

/// The spans of a project, as OTLP has them.
pub async fn otlpv1(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let found = page(&api, &project, &headers, &uri, false).await?;
    let rows: Vec<Value> = found.rows.into_iter().map(otlp::row).collect();
    ok(&json!({ "data": rows, "next_cursor": found.next }))
}

/// A page, and the cursor of the next.
struct Found {
    rows: Vec<Seen>,
    next: Option<String>,
}

/// `all` parameters are those of the flat list.
async fn page(
    api: &Arc<Api>,
    project: &str,
    headers: &HeaderMap,
    uri: &Uri,
    all: bool,
) -> Result<Found, Fault> {
    let caller = api.admit(headers, Permission::Read)?;
    let mut params = Params::of(uri)?;
    let limit = params.limit(100, Some(MOST));
    let (sort, direction) = match all {
        true => (
            params
                .optional_word("sort", &["id", "start_time"])
                .unwrap_or("id"),
            params.direction(Direction::Descending),
        ),
        false => ("id", Direction::Descending),
    };
    let mut filters = Filters::read(&mut params, all);
    let attributes = params.all("attribute");
    let cursor = params.one("cursor").filter(|cursor| !cursor.is_empty());
    params.checked()?;
    let project = api.project(&caller, project).await?;
    filters.check(attributes)?;
    let order = Order {
        by: if sort == "id" {
            SpanOrderBy::Insertion
        } else {
            SpanOrderBy::Start
        },
        direction,
    };
    let begin = match cursor {
        None => Begin::default(),
        Some(cursor) => {
            let place = place(sort, &cursor).ok_or_else(|| Fault::unprocessable("Invalid cursor"))?;
            Begin::From(place)
        }
    };
    let Some(select) = filters.select(&project.name) else {
        return Ok(Found {
            rows: Vec::new(),
            next: None,
        });
    };
    let SpanRows { rows, next } = api
        .spans(select, order, begin, limit, |seen| filters.accepts(seen))
        .await?;
    let next = next.map(|next| match (sort, next.key) {
        ("start_time", Key::Whole(start)) => {
            ids::time_cursor(next.tie, u64::try_from(start).unwrap_or_default())
        }
        _ => ids::global("Span", next.tie),
    });
    Ok(Found { rows, next })
}

fn place(sort: &str, cursor: &str) -> Option<Position<u64>> {
    match sort {
        "id" => ids::cursor(cursor).map(|number| Position {
            key: Key::Whole(number.into()),
            tie: number,
        }),
        _ => ids::sorted_cursor(cursor, "DATETIME"),
    }
}
