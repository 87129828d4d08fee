//! `POST /api/v0/traces`: the traces of a service.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use super::super::context::Caller;
use super::super::members::{Members, Quoted, Unfit};
use super::super::model::{
    Begin, Direction, Field, Filter, Find, FindSpans, FindTraces, Found, FoundSpan, FoundTrace, Order, Page,
    Scalar, Select, SpanOrderBy, SpanQuery, Test, TraceId, TraceOrderBy,
};
use super::Api;
use super::error::Fault;
use super::filter::{self, Service};
use super::request::{self, PageNumber, Range};
use super::snapshots::Question;

const MILLI: i64 = 1_000_000;

/// How many spans of a trace are looked through for one that matches; roots come first there.
const HITS: usize = 4;

/// A page of traces.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traces {
    results: Vec<Row>,
    has_next_page: bool,
}

/// A trace, as the list shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    trace_id: String,
    service_name: String,
    service_namespace: String,
    environment: String,
    title: String,
    /// In seconds since 1970.
    trace_start_at: u64,
    trace_latency_millis: i64,
    /// In seconds since 1970.
    service_start_at: u64,
    service_latency_millis: i64,
}

/// What is asked for.
struct Request {
    service: Service,
    range: Range,
    /// Beside those about the service.
    filters: Vec<Filter>,
    page: PageNumber,
    order: Order<TraceOrderBy>,
    /// Nothing is grouped into issues here, so an issue has no traces.
    issue: bool,
}

/// The handler.
pub async fn list(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Traces>, Fault> {
    let caller = api.caller(&headers)?;
    api.throttle(|throttles| &throttles.traces, &caller)?;
    let body: Value = serde_json::from_slice(&body).map_err(|error| Fault::bad(format!("body: {error}")))?;
    let request = Request::read(&body)?;
    if request.issue {
        return Ok(Json(Traces {
            results: Vec::new(),
            has_next_page: false,
        }));
    }
    let page = ask(&api, &caller, &request).await?;
    Ok(Json(page))
}

async fn ask(api: &Api, caller: &Caller, request: &Request) -> Result<Traces, Fault> {
    let mut query = request.query(caller);
    let question = Question::of(caller, &query);
    if !request.page.is_first() {
        query.select.before = api.snapshots.find(question, Instant::now());
        if let Find::Traces(find) = &mut query.find {
            find.page.begin = Begin::Offset(request.page.offset());
        }
    }
    let mut select = query.select.clone();
    let answer = api.context.ask(query).await?;
    if request.page.is_first() {
        api.snapshots.keep(question, answer.before, Instant::now());
    }
    let Found::Traces(found) = answer.found else {
        return Err(Fault::defect());
    };
    select.before = Some(answer.before);
    let mut results = Vec::with_capacity(found.traces.len());
    for trace in &found.traces {
        let span = match trace.hits.iter().find(|hit| hit.matched) {
            Some(hit) => Some(hit.span.clone()),
            None => first_match(api, &select, trace.id).await?,
        };
        results.push(row(&request.service, trace, span.as_ref()));
    }
    Ok(Traces {
        results,
        has_next_page: found.next.is_some(),
    })
}

/// The first matching span of a trace with so many roots that it was not among the hits.
async fn first_match(api: &Api, select: &Select, id: TraceId) -> Result<Option<FoundSpan>, Fault> {
    let of_trace = Filter::text(Field::TraceId, id.to_string());
    let query = SpanQuery {
        select: Select {
            filter: Filter::All(vec![of_trace, select.filter.clone()]),
            ..select.clone()
        },
        find: Find::Spans(FindSpans {
            order: Order {
                by: SpanOrderBy::Start,
                direction: Direction::Ascending,
            },
            page: Page::first(1),
            total: false,
        }),
        limits: api.context.limits,
    };
    match api.context.ask(query).await?.found {
        Found::Spans(page) => Ok(page.spans.into_iter().next()),
        _ => Err(Fault::defect()),
    }
}

/// A trace's row; `span` is one of the service's that matches.
fn row(service: &Service, trace: &FoundTrace, span: Option<&FoundSpan>) -> Row {
    let part = trace.services.iter().find(|part| part.service == service.name);
    let (start, end) = part.map_or((trace.start, trace.start), |part| (part.start, part.end));
    let environment = span.and_then(|span| {
        let environment = filter::environment().of(span)?;
        Some(environment.text().into_owned())
    });
    Row {
        trace_id: trace.id.to_string(),
        service_name: service.name.clone(),
        service_namespace: service.namespace.clone(),
        environment: environment.unwrap_or_default(),
        title: title(&trace.head),
        trace_start_at: seconds(trace.start),
        trace_latency_millis: millis(trace.latency),
        service_start_at: seconds(start),
        service_latency_millis: millis(end.wrapping_sub(start) as i64),
    }
}

/// `GET /users` where the span tells of an HTTP request, else its name.
fn title(head: &FoundSpan) -> String {
    let first = |keys: &[&str]| {
        let keys = keys.iter().map(|key| Field::Attribute((*key).into()));
        Some(Field::First(keys.collect()).of(head)?.text().into_owned())
    };
    let method = first(&["http.request.method", "http.method"]);
    match method.zip(first(&["http.route"])) {
        Some((method, route)) => format!("{method} {route}"),
        None => head.span().name().into(),
    }
}

fn seconds(nanos: u64) -> u64 {
    nanos / 1_000_000_000
}

fn millis(nanos: i64) -> i64 {
    nanos.max(0) / MILLI
}

// === impl Request ===

impl Request {
    fn read(body: &Value) -> Result<Self, Unfit> {
        let body = Members::of("body", body)?;
        let text = |name| Ok::<_, Unfit>(body.text(name)?.map(str::to_owned));
        let service = Service {
            name: text("serviceName")?.ok_or_else(|| Unfit::missing("serviceName"))?,
            namespace: text("serviceNamespace")?.unwrap_or_default(),
            environment: text("environment")?,
            version: text("version")?,
        };
        let mut filters = filter::attributes(body, "attributes", Field::Attribute)?;
        filters.extend(filter::attributes(body, "resourceAttributes", Field::Resource)?);
        if let Some(id) = body.text("traceId")? {
            let id = request::trace_id(id)?;
            filters.push(Filter::text(Field::TraceId, id.to_string()));
        }
        filters.extend(text("spanName")?.map(|name| Filter::text(Field::Name, name)));
        filters.extend(status(body)?);
        filters.extend(latency(body)?);
        Ok(Self {
            service,
            range: Range::new(body.whole("from")?, body.whole("to")?)?,
            filters,
            page: PageNumber::new(body.whole("page")?, body.whole("perPage")?)?,
            order: order(body)?,
            issue: body.text("issueFingerprint")?.is_some(),
        })
    }

    /// The question for page 1.
    fn query(&self, caller: &Caller) -> SpanQuery {
        let (from, to) = self.range.nanos();
        let filters = self.service.filters().into_iter();
        SpanQuery {
            select: Select {
                project: caller.projects(),
                from: Some(from),
                to: Some(to),
                before: None,
                filter: Filter::All(filters.chain(self.filters.clone()).collect()),
            },
            find: Find::Traces(FindTraces {
                order: self.order.clone(),
                page: Page::first(self.page.limit),
                total: false,
                sums: Vec::new(),
                spans: HITS,
            }),
            limits: Default::default(),
        }
    }
}

fn status(body: Members<'_>) -> Result<Option<Filter>, Unfit> {
    let code = match body.text("statusCode")? {
        None => return Ok(None),
        Some("OK") => 1,
        Some("ERROR") => 2,
        Some(other) => {
            let message = format!("`statusCode` is {}; `OK` or `ERROR` is expected", Quoted(other));
            return Err(Unfit(message));
        }
    };
    Ok(Some(Filter::Field {
        field: Field::StatusCode,
        test: Test::Equals(vec![Scalar::Int(code)]),
        missing: false,
    }))
}

/// Bounds of the trace's latency in whole milliseconds, as rows show it, both included.
fn latency(body: Members<'_>) -> Result<Option<Filter>, Unfit> {
    let (min, max) = (body.whole("minLatencyMillis")?, body.whole("maxLatencyMillis")?);
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        return Err(Unfit(format!(
            "`minLatencyMillis` {min} is greater than `maxLatencyMillis` {max}"
        )));
    }
    let bounds = Filter::TraceLatency {
        // Nothing is shorter than no time; what ends before it starts is shown so.
        min: min.filter(|min| *min > 0).map(|min| min.saturating_mul(MILLI)),
        max: max.map(|max| max.saturating_add(1).saturating_mul(MILLI).saturating_sub(1)),
    };
    Ok((min.is_some() || max.is_some()).then_some(bounds))
}

fn order(body: Members<'_>) -> Result<Order<TraceOrderBy>, Unfit> {
    let order = body.object("order")?;
    let part = |name: &str| match order {
        Some(order) => order.text(name),
        None => Ok(None),
    };
    let unknown = |name: &str, value: &str| Unfit(format!("`order.{name}` cannot be {}", Quoted(value)));
    Ok(Order {
        by: match part("column")? {
            None | Some("START_AT") => TraceOrderBy::Start,
            Some("LATENCY") => TraceOrderBy::Latency,
            Some(other) => return Err(unknown("column", other)),
        },
        direction: match part("direction")? {
            None | Some("DESC") => Direction::Descending,
            Some("ASC") => Direction::Ascending,
            Some(other) => return Err(unknown("direction", other)),
        },
    })
}
