//! `GET /api/v0/apm/http-server-stats` and `GET /api/v0/apm/db-query-stats`: what a service's requests and database
//! queries cost, by route and by query.
//!
//! The columns that rows are ordered by are no measures of the store, so all groups come here and the page is cut here.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::super::context::Caller;
use super::super::members::{Quoted, Unfit};
use super::super::model::{
    Comparison, Field, Filter, Find, FindGroups, Found, Group, GroupBy, How, Measure, Measured, Part, Scalar,
    Select, SpanQuery, Test, TextOp, TextTest,
};
use super::super::parameters::Parameters;
use super::Api;
use super::error::Fault;
use super::filter::Service;
use super::request::{PageNumber, Range};
use super::snapshots::Question;

/// The longest range of time, in seconds.
const LONGEST: u64 = 30 * 60;

/// The most rows of all pages.
const GROUPS: usize = 100_000;

const SERVER: i64 = 2;
const CLIENT: i64 = 3;

/// What is measured of each group, in the order in which [`Stats`] reads it.
const MEASURES: [Measure; 3] = [
    Measure::Spans,
    Measure::DurationSum,
    Measure::DurationQuantile(0.95),
];

/// What both endpoints read from their parameters.
struct Request {
    service: Service,
    range: Range,
    page: PageNumber,
    column: Column,
    descending: bool,
}

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Sum,
    Average,
    P95,
    Count,
    ErrorRate,
}

/// What is known of a group. Times are in milliseconds.
struct Stats {
    keys: Vec<Part>,
    count: u64,
    total: f64,
    p95: f64,
    errors: u64,
}

/// The handler for HTTP servers.
pub async fn http(State(api): State<Arc<Api>>, headers: HeaderMap, uri: Uri) -> Result<Json<Value>, Fault> {
    let caller = api.caller(&headers)?;
    api.throttle(|throttles| &throttles.http, &caller)?;
    let parameters = Parameters::of(&uri)?;
    let request = Request::read(
        &parameters,
        &[
            ("REQUEST_COUNT", Column::Count),
            ("ERROR_RATE", Column::ErrorRate),
        ],
    )?;
    let method = first(&["http.request.method", "http.method"]);
    let route = first(&["http.route", "url.path", "http.target", "http.url"]);
    let mut filters = vec![kind(SERVER), exists(method.clone())];
    let wanted = parameters.text("method").filter(|text| !text.is_empty());
    filters.extend(wanted.map(|text| Filter::text(method.clone(), text)));
    filters.extend(contains(&route, parameters.text("route")));
    let by = [method, route];
    let query = request.query(&caller, filters, &by);
    let (mut rows, before) = groups(&api, &caller, &request, query.clone()).await?;
    let failed = failures(&api, query, before).await?;
    for row in &mut rows {
        row.errors = failed.get(&row.keys).copied().unwrap_or_default();
    }
    Ok(page(&request, rows, |row| {
        json!({
            "method": row.key(0),
            "route": row.key(1),
            "totalMillis": row.total,
            "averageMillis": row.average(),
            "approxP95Millis": row.p95,
            "errorRatePercentage": row.error_rate(),
            "requestCount": row.count,
        })
    }))
}

/// The handler for database queries.
pub async fn db(State(api): State<Arc<Api>>, headers: HeaderMap, uri: Uri) -> Result<Json<Value>, Fault> {
    let caller = api.caller(&headers)?;
    api.throttle(|throttles| &throttles.db, &caller)?;
    let parameters = Parameters::of(&uri)?;
    let request = Request::read(&parameters, &[("EXECUTION_COUNT", Column::Count)])?;
    let text = first(&["db.query.text", "db.statement"]);
    let mut filters = vec![kind(CLIENT), exists(text.clone())];
    filters.extend(contains(&text, parameters.text("query")));
    let query = request.query(&caller, filters, &[text]);
    let (rows, _) = groups(&api, &caller, &request, query).await?;
    Ok(page(&request, rows, |row| {
        json!({
            "query": row.key(0),
            "executionCount": row.count,
            "totalMillis": row.total,
            "averageMillis": row.average(),
            "approxP95Millis": row.p95,
        })
    }))
}

/// All rows, and the `before` that they were seen under.
async fn groups(
    api: &Api,
    caller: &Caller,
    request: &Request,
    mut query: SpanQuery,
) -> Result<(Vec<Stats>, u64), Fault> {
    let question = Question::of(caller, &query);
    if !request.page.is_first() {
        query.select.before = api.snapshots.find(question, Instant::now());
    }
    let answer = api.context.ask(query).await?;
    if request.page.is_first() {
        api.snapshots.keep(question, answer.before, Instant::now());
    }
    match answer.found {
        Found::Groups(page) if page.more => Err(Fault::bad(format!(
            "there are {} rows, more than {GROUPS}; narrow the search down",
            page.total
        ))),
        Found::Groups(page) => Ok((page.groups.into_iter().map(Stats::of).collect(), answer.before)),
        _ => Err(Fault::defect()),
    }
}

/// How many requests of each group were answered with a status of 500 or higher.
async fn failures(api: &Api, mut query: SpanQuery, before: u64) -> Result<HashMap<Vec<Part>, u64>, Fault> {
    let failed = Filter::Field {
        field: first(&["http.response.status_code", "http.status_code"]),
        test: Test::Compare {
            op: Comparison::GreaterOrEqual,
            with: Scalar::Int(500),
            how: How::Parsed,
        },
        missing: false,
    };
    query.select.before = Some(before);
    query.select.filter = Filter::All(vec![query.select.filter, failed]);
    match api.context.ask(query).await?.found {
        Found::Groups(page) => {
            let groups = page.groups.into_iter().map(Stats::of);
            Ok(groups.map(|group| (group.keys, group.count)).collect())
        }
        _ => Err(Fault::defect()),
    }
}

/// The page that is asked for, out of all rows; ties are decided by their keys, ascending.
fn page(request: &Request, mut rows: Vec<Stats>, shown: impl Fn(&Stats) -> Value) -> Json<Value> {
    rows.sort_by(|left, right| {
        let order = request.column.compare(left, right);
        let order = if request.descending {
            order.reverse()
        } else {
            order
        };
        order.then_with(|| left.keys.cmp(&right.keys))
    });
    let offset = usize::try_from(request.page.offset()).unwrap_or(usize::MAX);
    let limit = request.page.limit;
    let results: Vec<Value> = rows.iter().skip(offset).take(limit).map(shown).collect();
    let more = rows.len() > offset.saturating_add(limit);
    Json(json!({ "results": results, "hasNextPage": more }))
}

fn first(keys: &[&str]) -> Field {
    Field::First(keys.iter().map(|key| Field::Attribute((*key).into())).collect())
}

fn kind(kind: i64) -> Filter {
    Filter::Field {
        field: Field::Kind,
        test: Test::Equals(vec![Scalar::Int(kind)]),
        missing: false,
    }
}

fn exists(field: Field) -> Filter {
    Filter::Field {
        field,
        test: Test::Exists,
        missing: false,
    }
}

fn contains(field: &Field, part: Option<&str>) -> Option<Filter> {
    let part = part.filter(|part| !part.is_empty())?;
    Some(Filter::Field {
        field: field.clone(),
        test: Test::Text(TextTest {
            op: TextOp::Contains,
            values: vec![part.into()],
            ignore_case: false,
        }),
        missing: false,
    })
}

// === impl Request ===

impl Request {
    /// `columns` are those of one endpoint alone.
    fn read(parameters: &Parameters, columns: &[(&str, Column)]) -> Result<Self, Unfit> {
        let text = |name| parameters.text(name).map(str::to_owned);
        let range = Range::new(parameters.whole("from")?, parameters.whole("to")?)?;
        if range.seconds() > LONGEST {
            let seconds = range.seconds();
            return Err(Unfit(format!(
                "from `from` to `to` are {seconds} seconds, more than 30 minutes"
            )));
        }
        let column = match parameters.text("orderColumn") {
            None | Some("" | "P95") => Column::P95,
            Some("SUM") => Column::Sum,
            Some("AVERAGE") => Column::Average,
            Some(name) => {
                let known = columns.iter().find(|(known, _)| *known == name);
                let known = known.map(|(_, column)| *column);
                known.ok_or_else(|| Unfit(format!("`orderColumn` cannot be {}", Quoted(name))))?
            }
        };
        let descending = match parameters.text("orderDirection") {
            None | Some("" | "DESC") => true,
            Some("ASC") => false,
            Some(name) => return Err(Unfit(format!("`orderDirection` cannot be {}", Quoted(name)))),
        };
        Ok(Self {
            service: Service {
                name: text("serviceName").ok_or_else(|| Unfit::missing("serviceName"))?,
                namespace: text("serviceNamespace").unwrap_or_default(),
                environment: text("environment"),
                version: text("version"),
            },
            range,
            page: PageNumber::new(parameters.whole("page")?, parameters.whole("perPage")?)?,
            column,
            descending,
        })
    }

    fn query(&self, caller: &Caller, filters: Vec<Filter>, by: &[Field]) -> SpanQuery {
        let (from, to) = self.range.nanos();
        SpanQuery {
            select: Select {
                project: caller.projects(),
                from: Some(from),
                to: Some(to),
                before: None,
                filter: Filter::All(self.service.filters().into_iter().chain(filters).collect()),
            },
            find: Find::Groups(FindGroups {
                by: by.iter().cloned().map(GroupBy::Text).collect(),
                missing: true,
                measures: MEASURES.to_vec(),
                order: Default::default(),
                search: None,
                offset: 0,
                limit: GROUPS,
            }),
            limits: Default::default(),
        }
    }
}

// === impl Column ===

impl Column {
    fn compare(self, left: &Stats, right: &Stats) -> Ordering {
        match self {
            Self::Sum => left.total.total_cmp(&right.total),
            Self::Average => left.average().total_cmp(&right.average()),
            Self::P95 => left.p95.total_cmp(&right.p95),
            Self::Count => left.count.cmp(&right.count),
            Self::ErrorRate => left.error_rate().total_cmp(&right.error_rate()),
        }
    }
}

// === impl Stats ===

impl Stats {
    fn of(group: Group) -> Self {
        let millis = |place: usize| match group.measures.get(place) {
            Some(Measured::Nanos(nanos)) => *nanos as f64 / 1e6,
            _ => 0.0,
        };
        let count = match group.measures.first() {
            Some(Measured::Count(count)) => *count,
            _ => 0,
        };
        Self {
            count,
            total: millis(1),
            p95: millis(2),
            errors: 0,
            keys: group.keys,
        }
    }

    /// A key's text; empty where the spans lack it.
    fn key(&self, place: usize) -> &str {
        match self.keys.get(place) {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    fn average(&self) -> f64 {
        self.total / self.count.max(1) as f64
    }

    /// In per cent.
    fn error_rate(&self) -> f64 {
        self.errors as f64 * 100.0 / self.count.max(1) as f64
    }
}
