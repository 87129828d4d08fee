//! `query`: a page of traces, each with its first spans; or, flat, a page of the matching spans themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::access::{Api, Asker};
use super::body::{self, OnMalformed, Shared, Whole};
use super::cursor::Cursor;
use super::error::ApiError;
use super::row::{self, Row, TraceKey};
use crate::query::model::{
    Begin, Direction, Field, Filter, Find, FindSpans, FindTraces, Found, FoundTrace, Order, Page, Select,
    SpanHit, SpanOrderBy, TraceFacts, TraceOrderBy,
};

/// The window when none is given.
const WINDOW: &str = "-1h";
/// The most traces, or flat spans, of a page.
const MOST: usize = 1000;
/// The most spans given with a trace.
const MOST_SPANS: usize = 100;

/// What `query` may say beside which spans are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Listing {
    trace_id: Option<String>,
    order_by: Option<String>,
    order_direction: Option<String>,
    limit: Option<Whole>,
    after: Option<String>,
    offset: Option<Whole>,
    #[serde(default = "body::yes")]
    root_spans: Option<bool>,
    flat_spans: Option<bool>,
    prefetch_spans: Option<Whole>,
    exclude_attributes: Option<bool>,
}

/// A question for a page.
struct Asked {
    by: By,
    direction: Direction,
    limit: usize,
    cursor: Option<Cursor>,
    offset: u64,
    spans: usize,
    hides: bool,
    now: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Time,
    Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    results: Vec<Row<'a>>,
    has_more: bool,
    next_cursor: Option<String>,
}

/// Answers `query`.
pub async fn query(State(api): State<Arc<Api>>, asker: Asker, bytes: Bytes) -> Result<Response, ApiError> {
    let query = body::query(&bytes)?;
    let shared: Shared = body::read(&query)?;
    let listing: Listing = body::read(&query)?;
    let asked = Asked::new(&listing, api.now())?;
    let window = shared.window(WINDOW, asked.now)?;
    let mut filter = shared.filter(OnMalformed::Refuse)?;
    if let Some(trace) = listing.trace()? {
        filter = Filter::All(vec![trace, filter]);
    }
    let mut select = asker.select(&window, filter);
    select.before = asked.cursor.as_ref().and_then(|cursor| cursor.before);
    match (
        listing.flat_spans.unwrap_or(false),
        listing.root_spans.unwrap_or(false),
    ) {
        (true, _) => flat(&api, select, &asked).await,
        (false, roots) => traces(&api, select, roots, &asked).await,
    }
}

async fn flat(api: &Api, select: Select, asked: &Asked) -> Result<Response, ApiError> {
    let by = match asked.by {
        By::Time => SpanOrderBy::Start,
        By::Duration => SpanOrderBy::Duration,
    };
    let find = FindSpans {
        order: asked.order(by),
        page: asked.page(Cursor::after_span),
        total: false,
    };
    let answer = api.ask(select, Find::Spans(find)).await?;
    let Found::Spans(page) = answer.found else {
        return Err(ApiError::mismatch());
    };
    let last = page.last.zip(page.spans.last()).filter(|_| page.next.is_some());
    let next_cursor = last.filter(|_| asked.by == By::Time).map(|(position, span)| {
        let id = row::hex(span.span().span_id());
        Cursor::at_span(&position, id, answer.before, asked.now).write()
    });
    let results = page
        .spans
        .iter()
        .map(|span| Row::new(span, true, None, asked.hides));
    let body = Body {
        results: results.collect(),
        has_more: page.next.is_some(),
        next_cursor,
    };
    Ok(Json(body).into_response())
}

async fn traces(api: &Api, mut select: Select, roots: bool, asked: &Asked) -> Result<Response, ApiError> {
    let matching = select.filter.clone();
    if roots {
        select.filter = Filter::All(vec![Filter::Root, matching.clone()]);
    }
    // The store takes only roots for matches then, but matching children go before other children here.
    let spans = match roots && asked.spans > 1 {
        true => MOST_SPANS,
        false => asked.spans,
    };
    let by = match asked.by {
        By::Time => TraceOrderBy::EarliestMatch,
        By::Duration => TraceOrderBy::LongestMatch,
    };
    let find = FindTraces {
        order: asked.order(by),
        page: asked.page(Cursor::after_trace),
        total: false,
        sums: Vec::new(),
        spans,
    };
    let answer = api.ask(select, Find::Traces(find)).await?;
    let Found::Traces(mut page) = answer.found else {
        return Err(ApiError::mismatch());
    };
    for trace in page.traces.iter_mut().filter(|_| roots) {
        mark(&mut trace.hits, &matching, asked.spans)?;
    }
    let last = page.last.filter(|_| page.next.is_some() && asked.by == By::Time);
    let body = Body {
        results: page
            .traces
            .iter()
            .flat_map(|trace| rows(trace, asked.hides))
            .collect(),
        has_more: page.next.is_some(),
        next_cursor: last.map(|last| Cursor::at_trace(&last, answer.before, asked.now).write()),
    };
    Ok(Json(body).into_response())
}

/// Marks which spans match, puts roots first and matches before others, and keeps so many.
fn mark(hits: &mut Vec<SpanHit>, matching: &Filter, keep: usize) -> Result<(), ApiError> {
    let matching = matching.compile()?;
    for hit in hits.iter_mut() {
        hit.matched = matching.judge(&hit.span, &TraceFacts::default());
    }
    hits.sort_by_key(|hit| (!hit.span.is_root(), !hit.matched));
    hits.truncate(keep);
    Ok(())
}

fn rows(trace: &FoundTrace, hides: bool) -> impl Iterator<Item = Row<'_>> {
    let key = TraceKey {
        start: trace.earliest_match,
        duration: trace.longest_match,
    };
    trace
        .hits
        .iter()
        .map(move |hit| Row::new(&hit.span, hit.matched, Some(key), hides))
}

// === impl Listing ===

impl Listing {
    /// The one trace that is meant, when one is; refuses what is not hexadecimal.
    fn trace(&self) -> Result<Option<Filter>, ApiError> {
        let Some(id) = self.trace_id.as_ref().filter(|id| !id.is_empty()) else {
            return Ok(None);
        };
        match body::is_hex(id) {
            true => Ok(Some(Filter::text(Field::TraceId, id.to_lowercase()))),
            false => Err(ApiError::Invalid(format!(
                "`traceId` is \"{id}\", which is not hexadecimal"
            ))),
        }
    }
}

// === impl Asked ===

impl Asked {
    fn new(listing: &Listing, now: u64) -> Result<Self, ApiError> {
        let by = match listing.order_by.as_deref() {
            Some("duration") => By::Duration,
            _ => By::Time,
        };
        let direction = match (listing.order_by.as_deref(), listing.order_direction.as_deref()) {
            (Some("earliest"), _) | (_, Some("ASC")) => Direction::Ascending,
            _ => Direction::Descending,
        };
        let after = listing.after.as_deref().filter(|after| !after.is_empty());
        let cursor = after.filter(|_| by == By::Time).map(Cursor::read).transpose()?;
        Ok(Self {
            by,
            direction,
            limit: body::rows("limit", listing.limit, 100, MOST)?,
            offset: body::offset(listing.offset)?,
            spans: body::rows("prefetchSpans", listing.prefetch_spans, 1, MOST_SPANS)?.max(1),
            hides: listing.exclude_attributes.unwrap_or(false),
            now: cursor.as_ref().and_then(|cursor| cursor.now).unwrap_or(now),
            cursor,
        })
    }

    fn order<T>(&self, by: T) -> Order<T> {
        Order {
            by,
            direction: self.direction,
        }
    }

    /// After the cursor; by duration, after so many rows.
    fn page<Tie>(&self, after: impl Fn(&Cursor, Direction) -> Begin<Tie>) -> Page<Tie> {
        let begin = match (&self.cursor, self.by) {
            (Some(cursor), _) => after(cursor, self.direction),
            (None, By::Time) => Begin::default(),
            (None, By::Duration) => Begin::Offset(self.offset),
        };
        Page {
            limit: self.limit,
            begin,
        }
    }
}
