//! What the endpoints share: who asks, the records, questions to the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::error::Fault;
use super::ids;
use super::records::{RecordError, Records, Subject};
use super::seen::Seen;
use super::sessions;
use crate::net::auth::Permission;
use crate::query::context::{Caller, Context};
use crate::query::model::{
    Begin, Field, Filter, Find, FindGroups, FindSpans, FindTraces, Found, FoundSpan, FoundTrace, Group,
    GroupBy, GroupOrder, Key, Order, Page, Part, Position, QueryError, Scalar, Select, SpanOrderBy,
    SpanQuery, Test, TraceId,
};

/// Rows that are asked for at once where some of them may not be wanted.
const ROUND: usize = 500;

/// The most ids that one question names.
const IDS: usize = 1000;

/// What the endpoints share.
pub struct Api {
    /// The store, the keys, the limits.
    pub context: Arc<Context>,
    /// Held while spans are looked for and logged, so that no span is logged twice.
    pub logging: tokio::sync::Mutex<()>,
    records: Mutex<Option<Arc<Records>>>,
}

/// A page of spans.
pub struct SpanRows {
    /// The rows.
    pub rows: Vec<Seen>,
    /// Where the next page begins, when there is more.
    pub next: Option<Position<u64>>,
}

/// A page of traces.
pub struct TraceRows {
    /// The rows.
    pub rows: Vec<FoundTrace>,
    /// Where the next page begins, when there is more.
    pub next: Option<Position<TraceId>>,
}

// === impl Api ===

impl Api {
    /// Over a store; the records are opened when they are first needed.
    pub fn over(context: Arc<Context>) -> Self {
        Self {
            context,
            logging: tokio::sync::Mutex::default(),
            records: Mutex::default(),
        }
    }

    /// Who asks, if they may do something.
    pub fn admit(&self, headers: &HeaderMap, needs: Permission) -> Result<Caller, Fault> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim());
        Ok(self.context.admit(secret, needs)?)
    }

    /// What `work` finds in or does to the records, off the threads that serve.
    pub async fn records<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Records) -> Result<T, RecordError> + Send + 'static,
    ) -> Result<T, Fault> {
        let api = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&*api.opened()?)).await;
        let done = done.map_err(|error| Fault::failed(error.to_string()))?;
        done.map_err(|error| Fault::failed(error.to_string()))
    }

    fn opened(&self) -> Result<Arc<Records>, RecordError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        match &*records {
            Some(records) => Ok(records.clone()),
            None => {
                let opened = Arc::new(Records::open(&self.context.directory)?);
                *records = Some(opened.clone());
                Ok(opened)
            }
        }
    }

    /// Now, in microseconds since 1970.
    pub fn now(&self) -> i64 {
        i64::try_from(self.context.now() / 1000).unwrap_or(i64::MAX)
    }

    /// A page of the spans that the filter lets pass and `accepts` wants.
    pub async fn spans(
        &self,
        select: Select,
        order: Order<SpanOrderBy>,
        begin: Begin<u64>,
        limit: usize,
        accepts: impl Fn(&Seen) -> bool,
    ) -> Result<SpanRows, Fault> {
        let patience = Patience::of(&self.context);
        let mut page = Page {
            limit: limit.saturating_add(1),
            begin,
        };
        let mut rows = Vec::new();
        loop {
            let find = FindSpans {
                order: order.clone(),
                page: page.clone(),
                total: false,
            };
            let found = self.ask(select.clone(), Find::Spans(find)).await?;
            let Found::Spans(found) = found else {
                return Err(unexpected());
            };
            for span in &found.spans {
                let seen = Seen::of(span);
                if !accepts(&seen) {
                    continue;
                }
                if rows.len() == limit {
                    let next = Some(position(&order, span));
                    return Ok(SpanRows { rows, next });
                }
                rows.push(seen);
            }
            let Some(next) = found.next else {
                return Ok(SpanRows { rows, next: None });
            };
            patience.check()?;
            page.begin = Begin::From(next);
            page.limit = (limit + 1 - rows.len()).max(ROUND);
        }
    }

    /// A page of the traces that the filter lets pass and `accepts` wants.
    pub async fn traces(
        &self,
        select: Select,
        mut find: FindTraces,
        position: impl Fn(&FoundTrace) -> Position<TraceId>,
        accepts: impl Fn(&FoundTrace) -> bool,
    ) -> Result<TraceRows, Fault> {
        let patience = Patience::of(&self.context);
        let limit = find.page.limit;
        find.page.limit = limit.saturating_add(1);
        let mut rows = Vec::new();
        loop {
            let found = self.ask(select.clone(), Find::Traces(find.clone())).await?;
            let Found::Traces(found) = found else {
                return Err(unexpected());
            };
            for trace in found.traces {
                if !accepts(&trace) {
                    continue;
                }
                if rows.len() == limit {
                    let next = Some(position(&trace));
                    return Ok(TraceRows { rows, next });
                }
                rows.push(trace);
            }
            let Some(next) = found.next else {
                return Ok(TraceRows { rows, next: None });
            };
            patience.check()?;
            find.page.begin = Begin::From(next);
        }
    }

    /// Groups of spans, by the text forms of fields.
    pub async fn groups(&self, select: Select, by: &[Field], limit: usize) -> Result<Vec<Group>, Fault> {
        let find = FindGroups {
            by: by.iter().cloned().map(GroupBy::Text).collect(),
            missing: false,
            measures: Vec::new(),
            order: GroupOrder::default(),
            search: None,
            offset: 0,
            limit,
        };
        match self.ask(select, Find::Groups(find)).await? {
            Found::Groups(found) => Ok(found.groups),
            _ => Err(unexpected()),
        }
    }

    /// The projects of those of `ids` that exist among `projects`; of several projects with one id the first by name.
    pub async fn locate(
        &self,
        subject: Subject,
        projects: Option<&[String]>,
        ids: &[String],
    ) -> Result<HashMap<String, String>, Fault> {
        let field = match subject {
            Subject::Span | Subject::Document => Field::SpanId,
            Subject::Trace => Field::TraceId,
            Subject::Session => sessions::field(),
        };
        let mut located = HashMap::new();
        for ids in ids.chunks(IDS) {
            let bytes: Vec<(String, &String)> = ids.iter().map(|id| (stored(subject, id), id)).collect();
            let values = bytes.iter().map(|(stored, _)| stored.clone()).collect();
            let select = Select {
                project: projects.map(<[String]>::to_vec),
                filter: among(field.clone(), values),
                ..Select::default()
            };
            let groups = self
                .groups(select, &[field.clone(), Field::Project], 10 * IDS)
                .await?;
            for group in groups {
                let [Part::Text(id), Part::Text(project)] = group.keys.as_slice() else {
                    continue;
                };
                for (_, given) in bytes.iter().filter(|(stored, _)| stored == id) {
                    located.entry((*given).clone()).or_insert_with(|| project.clone());
                }
            }
        }
        Ok(located)
    }

    /// The answer to a question.
    pub async fn ask(&self, select: Select, find: Find) -> Result<Found, Fault> {
        let query = SpanQuery {
            select,
            find,
            limits: self.context.limits,
        };
        Ok(self.context.ask(query).await?.found)
    }
}

/// The field has one of these texts.
pub fn among(field: Field, values: Vec<String>) -> Filter {
    Filter::Field {
        field,
        test: Test::Equals(values.into_iter().map(Scalar::String).collect()),
        missing: false,
    }
}

/// An id as the store has it.
fn stored(subject: Subject, id: &str) -> String {
    match subject {
        Subject::Span | Subject::Document => ids::digits(&ids::span_bytes(id)),
        Subject::Trace => ids::digits(&ids::trace_bytes(id)),
        Subject::Session => id.to_owned(),
    }
}

/// Where a span stands in an order.
fn position(order: &Order<SpanOrderBy>, span: &FoundSpan) -> Position<u64> {
    let key = match order.by {
        SpanOrderBy::Start => span.start(),
        _ => span.number,
    };
    Position {
        key: Key::Whole(key.into()),
        tie: span.number,
    }
}

/// A store that answers something else than it was asked.
pub fn unexpected() -> Fault {
    Fault::failed("the store answered another question")
}

/// How long a request that takes several questions may take.
struct Patience {
    until: Instant,
    milliseconds: u64,
}

// === impl Patience ===

impl Patience {
    fn of(context: &Context) -> Self {
        let milliseconds = context.limits.deadline_ms;
        Self {
            until: Instant::now() + Duration::from_millis(milliseconds),
            milliseconds,
        }
    }

    fn check(&self) -> Result<(), Fault> {
        match Instant::now() < self.until {
            true => Ok(()),
            false => Err(QueryError::TooLong(self.milliseconds).into()),
        }
    }
}
