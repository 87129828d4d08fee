//! Searching spans: what requests of all forms ask for, and the page that answers them.

use serde_json::Value;

use super::super::context::Caller;
use super::super::members::{Members, Quoted, Unfit};
use super::super::model::{
    Begin, Direction, Field, Filter, Find, FindSpans, Found, FoundSpan, Order, Page, Select, SpanOrderBy,
    SpanPage, SpanQuery, TextOp,
};
use super::super::parameters::Parameters;
use super::Api;
use super::cursor::Cursor;
use super::error::Fault;
use super::{field, filter};

const SECOND: u64 = 1_000_000_000;

/// How many rows a page has when nothing is said, and at most; whoever asks for more gets that many.
const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 1000;

/// The most environments of a request.
const ENVIRONMENTS: usize = 1000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// All of these hold.
    pub conditions: Vec<Filter>,
    /// Starting in this second since 1970 or later.
    pub from: Option<i64>,
    /// Starting in this second since 1970 or earlier.
    pub to: Option<i64>,
    /// In which order.
    pub order: Order<SpanOrderBy>,
    /// The page begins after this.
    pub cursor: Option<Cursor>,
    /// The most rows.
    pub limit: usize,
}

/// A page of spans.
pub struct Rows {
    /// The spans, in order.
    pub spans: Vec<FoundSpan>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the page ends, as plainly as can be; none when it is empty.
    pub end: Option<Cursor>,
    /// Where the next page begins, to the row; none when there is no next page.
    pub next: Option<Cursor>,
}

/// What all forms say in their own ways.
#[derive(Default)]
pub struct Said<'a> {
    /// Starting in this second since 1970 or later.
    pub from: Option<i64>,
    /// Starting in this second since 1970 or earlier.
    pub to: Option<i64>,
    /// The name of the order; timestamp when empty.
    pub sort_by: &'a str,
    /// `asc` or `desc` in any case; ascending when empty.
    pub sort_order: &'a str,
    /// Where the page begins; at the beginning, when it is empty or 0.
    pub cursor: &'a str,
    /// The most rows.
    pub limit: Option<i64>,
}

// === impl Search ===

impl Search {
    /// A search for spans that fulfil all conditions.
    pub fn new(said: &Said<'_>, conditions: Vec<Filter>) -> Result<Self, Unfit> {
        if let (Some(from), Some(to)) = (said.from, said.to)
            && from > to
        {
            return Err(Unfit(format!("the time `from` {from} is later than `to` {to}")));
        }
        let limit = said.limit.unwrap_or(DEFAULT_LIMIT);
        if limit < 1 {
            return Err(Unfit(format!("`limit` is {limit}; at least 1 is expected")));
        }
        let cursor = match said.cursor {
            "" | "0" => None,
            text => Some(text.parse()?),
        };
        Ok(Self {
            conditions,
            from: said.from,
            to: said.to,
            order: order(said.sort_by, said.sort_order)?,
            cursor,
            limit: usize::try_from(limit.min(LARGEST_LIMIT)).unwrap_or_default(),
        })
    }

    /// The spans that the search is about, on whatever page.
    fn select(&self, caller: &Caller) -> Select {
        let nanos = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND);
        Select {
            project: caller.projects(),
            from: self.from.map(nanos),
            to: self.to.map(|to| nanos(to.saturating_add(1))),
            before: None,
            filter: Filter::All(self.conditions.clone()),
        }
    }

    /// The page, and how many rows there are in all.
    pub async fn rows(&self, api: &Api, caller: &Caller) -> Result<Rows, Fault> {
        let begin = match self.cursor {
            None => Begin::Offset(0),
            Some(cursor) if self.order.by == SpanOrderBy::Start => {
                Begin::After(cursor.in_time(self.order.direction))
            }
            Some(cursor) => self.after(api, caller, cursor).await?,
        };
        let page = Page {
            limit: self.limit,
            begin,
        };
        let page = ask(api, self.select(caller), &self.order, page, true).await?;
        let end = page.spans.last().map(|last| self.end(last, &page));
        let next = page.spans.last().filter(|_| page.next.is_some());
        Ok(Rows {
            end,
            next: next.map(Cursor::after),
            total: page.total.unwrap_or_default(),
            spans: page.spans,
        })
    }

    /// The end of a page: the bare millisecond, when no row of it follows in the order of time. A bare 0 would be the
    /// first page again.
    fn end(&self, last: &FoundSpan, page: &SpanPage) -> Cursor {
        let cursor = Cursor::after(last);
        let plain = Cursor::Millisecond(cursor.millis());
        let beyond = plain.in_time(self.order.direction);
        let follows = page.next.as_ref();
        let tied = follows.is_some_and(|next| next.compare(&beyond, self.order.direction).is_le());
        match self.order.by == SpanOrderBy::Start && !tied && cursor.millis() > 0 {
            true => plain,
            false => cursor,
        }
    }

    /// After the row that a cursor names, in whatever order.
    async fn after(&self, api: &Api, caller: &Caller, cursor: Cursor) -> Result<Begin<u64>, Fault> {
        let Cursor::Row { start, number } = cursor else {
            let message = format!("the cursor `{cursor}` goes with the order by timestamp alone");
            return Err(Fault::bad(message));
        };
        let row = Select {
            project: caller.projects(),
            from: Some(start),
            to: start.checked_add(1),
            before: None,
            filter: Filter::text(Field::Number, number.to_string()),
        };
        let page = ask(api, row, &self.order, Page::first(1), false).await?;
        let gone = || Fault::bad(format!("the span of the cursor `{cursor}` is gone; begin anew"));
        page.last.map(Begin::After).ok_or_else(gone)
    }
}

async fn ask(
    api: &Api,
    select: Select,
    order: &Order<SpanOrderBy>,
    page: Page<u64>,
    total: bool,
) -> Result<SpanPage, Fault> {
    let query = SpanQuery {
        select,
        find: Find::Spans(FindSpans {
            order: order.clone(),
            page,
            total,
        }),
        limits: api.context.limits,
    };
    match api.context.ask(query).await?.found {
        Found::Spans(page) => Ok(page),
        _ => Err(Fault::defect()),
    }
}

fn order(by: &str, direction: &str) -> Result<Order<SpanOrderBy>, Unfit> {
    let text = SpanOrderBy::Text;
    Ok(Order {
        by: match by {
            "" | "timestamp" => SpanOrderBy::Start,
            "duration" | "duration_ms" | "durationMs" => SpanOrderBy::Duration,
            "span_name" | "spanName" => text(Field::Name),
            "trace_id" | "traceId" => text(Field::TraceId),
            "total_tokens" | "totalTokens" | "llm_usage_total_tokens" => SpanOrderBy::Number(field::tokens()),
            "traceloop_workflow_name" | "workflowName" => text(field::workflow()),
            "traceloop_entity_name" => text(field::attribute("traceloop.entity.name")),
            "llm_response_model" => text(field::attribute("llm.response.model")),
            _ => return Err(Unfit(format!("spans cannot be sorted by {}", Quoted(by)))),
        },
        direction: match direction {
            "" => Direction::Ascending,
            _ if direction.eq_ignore_ascii_case("asc") => Direction::Ascending,
            _ if direction.eq_ignore_ascii_case("desc") => Direction::Descending,
            _ => {
                return Err(Unfit(format!(
                    "the sort order cannot be {}; `ASC` or `DESC` is expected",
                    Quoted(direction)
                )));
            }
        },
    })
}

/// Filters that hold together, or one of which holds, as `operator` says: `and` (also when empty) or `or`, in any case.
pub fn joined(filters: Vec<Filter>, operator: &str) -> Result<Filter, Unfit> {
    match operator {
        // No filter at all lets everything pass.
        _ if operator.is_empty() || operator.eq_ignore_ascii_case("and") => Ok(Filter::All(filters)),
        _ if operator.eq_ignore_ascii_case("or") => Ok(match filters.is_empty() {
            true => Filter::default(),
            false => Filter::Any(filters),
        }),
        _ => Err(Unfit(format!(
            "the logical operator cannot be {}; `AND` or `OR` is expected",
            Quoted(operator)
        ))),
    }
}

/// Spans of these environments, of all when there are none.
pub fn environments(names: &[String]) -> Option<Filter> {
    (!names.is_empty()).then(|| filter::environment(TextOp::Equals, names))
}

/// What the JSON of the project endpoints asks for.
pub fn in_body(body: &Value) -> Result<Search, Unfit> {
    let body = Members::of("body", body)?;
    let cursor = match body.get("cursor") {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(number) if number.is_u64() => number.to_string(),
        // A double has not the digits of a cursor that names a row.
        Some(other) => return Err(Unfit::value("cursor", other, "a whole number, or text")),
    };
    let filters = filter::filters(body.list("filters")?, 1_000_000)?;
    let mut conditions = vec![joined(
        filters,
        body.text("logical_operator")?.unwrap_or_default(),
    )?];
    let names = body.list("environments")?;
    if names.len() > ENVIRONMENTS {
        let found = names.len();
        return Err(Unfit(format!(
            "`environments` are {found}, more than {ENVIRONMENTS}"
        )));
    }
    let names = names.iter().map(|name| {
        let text = name.as_str().map(str::to_owned);
        text.ok_or_else(|| Unfit::value("environments", name, "a list of text"))
    });
    conditions.extend(environments(&names.collect::<Result<Vec<_>, _>>()?));
    let said = Said {
        from: body.whole("from_timestamp_sec")?,
        to: body.whole("to_timestamp_sec")?,
        sort_by: body.text("sort_by")?.unwrap_or_default(),
        sort_order: body.text("sort_order")?.unwrap_or_default(),
        cursor: &cursor,
        limit: body.whole("limit")?,
    };
    Search::new(&said, conditions)
}

/// The filters in the parameter `filters`, which is JSON.
pub fn filters_in(parameters: &Parameters, duration_unit: i64) -> Result<Vec<Filter>, Unfit> {
    let text = parameters.text("filters").filter(|text| !text.is_empty());
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let list: Value = serde_json::from_str(text).map_err(|error| Unfit(format!("`filters`: {error}")))?;
    match &list {
        Value::Array(list) => filter::filters(list, duration_unit),
        Value::Null => Ok(Vec::new()),
        other => Err(Unfit::value("filters", other, "a list")),
    }
}
