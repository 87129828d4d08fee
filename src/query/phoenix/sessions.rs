//! Sessions: the traces whose spans say the same `session.id`. A session gets its id when it is first seen here.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use http::{HeaderMap, Uri};
use indexmap::IndexSet;
use serde_json::{Value, json};

use super::api::{Api, among};
use super::body::{self, NAME_BYTES};
use super::error::{Answered, Fault, no_content, ok};
use super::params::Params;
use super::records::{Project, Session, Subject};
use super::seen::Seen;
use super::traces::Tokens;
use super::{attributes, ids, projects, time};
use crate::net::auth::Permission;
use crate::query::context::Caller;
use crate::query::model::{
    Begin, Direction, Field, Filter, FindTraces, FoundTrace, Key, Order, Page, Part, Position, Select,
    SpanOrderBy, Test, TraceOrderBy,
};

/// The most sessions of a page.
const MOST: usize = 1000;

/// The most sessions of a project that are told of, and the most traces of a session.
const ALL: usize = 100_000;
const TRACES: usize = 10_000;

/// What says which session a span belongs to.
pub fn field() -> Field {
    let keys = ["session.id", "gen_ai.conversation.id"];
    Field::First(keys.map(|key| Field::Attribute(key.into())).into())
}

/// The sessions of a project, in the order in which they were seen.
pub async fn list(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let mut params = Params::of(&uri)?;
    let cursor = params.one("cursor").filter(|cursor| !cursor.is_empty());
    let limit = params.limit(100, None).min(MOST);
    let direction = params.direction(Direction::Ascending);
    let condition = params.one("filter").filter(|condition| !condition.is_empty());
    params.checked()?;
    let project = api.project(&caller, &project).await?;
    if condition.is_some() {
        let message = "The parameter 'filter' is not supported by this server";
        return Err(Fault::Text(http::StatusCode::BAD_REQUEST, message.into()));
    }
    let cursor = match cursor {
        None => None,
        Some(cursor) => {
            let invalid = || Fault::unprocessable(format!("Invalid cursor format: {cursor}"));
            Some(ids::cursor(&cursor).ok_or_else(invalid)?)
        }
    };
    let mut sessions = api.sessions(&project.name).await?;
    sessions.sort_by(|a, b| direction.turn(a.id.cmp(&b.id)));
    sessions.retain(|session| cursor.is_none_or(|cursor| direction.turn(session.id.cmp(&cursor)).is_ge()));
    let next = sessions
        .get(limit)
        .map(|next| ids::global("ProjectSession", next.id));
    let mut rows = Vec::new();
    for session in sessions.iter().take(limit) {
        rows.push(api.session_row(&project, session).await?);
    }
    ok(&json!({ "data": rows, "next_cursor": next }))
}

/// One session, by its global or its own id.
pub async fn get(State(api): State<Arc<Api>>, Path(session): Path<String>, headers: HeaderMap) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let unknown = match ids::row("ProjectSession", &session) {
        Some(_) => format!("Session with ID {session} not found"),
        None => format!("Session with session_id {session} not found"),
    };
    let found = api.session(&caller, &session).await?;
    let session = found.ok_or_else(|| Fault::not_found(unknown))?;
    let project = api.project(&caller, &session.project).await?;
    ok(&json!({ "data": api.session_row(&project, &session).await? }))
}

/// Deletes a session with its traces.
pub async fn delete(
    State(api): State<Arc<Api>>,
    Path(session): Path<String>,
    headers: HeaderMap,
) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let unknown = match ids::row("ProjectSession", &session) {
        Some(_) => format!("Session with relay ID '{session}' not found"),
        None => format!("Session with session_id '{session}' not found"),
    };
    let found = api.session(&caller, &session).await?;
    let session = found.ok_or_else(|| Fault::not_found(unknown))?;
    api.delete_session(&session).await?;
    no_content()
}

/// Deletes sessions; those that are not there are passed over.
pub async fn delete_many(State(api): State<Arc<Api>>, headers: HeaderMap, body: Bytes) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let identifiers = body::read(&body, |reader| reader.texts("session_identifiers"))?;
    let global = identifiers
        .iter()
        .filter(|id| ids::row("ProjectSession", id).is_some());
    match global.count() {
        _ if identifiers.is_empty() => {
            return Err(Fault::unprocessable("Session identifier list must not be empty."));
        }
        global if global != 0 && global != identifiers.len() => {
            return Err(Fault::unprocessable(
                "All identifiers must be the same type: either all GlobalIDs or all session_id strings.",
            ));
        }
        _ => {}
    }
    for identifier in &identifiers {
        if let Some(session) = api.session(&caller, identifier).await? {
            api.delete_session(&session).await?;
        }
    }
    no_content()
}

/// What a turn in a session says of its trace.
fn trace_row(trace: &FoundTrace) -> Value {
    json!({
        "id": ids::global_trace(trace.id),
        "trace_id": Seen::of(&trace.head).trace_id,
        "start_time": time::iso(trace.start),
        "end_time": time::iso(trace.end),
    })
}

// === impl Api ===

impl Api {
    /// The session that a global id or its own id means, when there is one among what the caller sees.
    async fn session(self: &Arc<Self>, caller: &Caller, identifier: &str) -> Result<Option<Session>, Fault> {
        if let Some(id) = ids::row("ProjectSession", identifier) {
            let session = self.records(move |records| records.session(id)).await?;
            return Ok(session.filter(|session| projects::sees(caller, &session.project)));
        }
        if identifier.len() > NAME_BYTES {
            return Ok(None);
        }
        let id = [identifier.to_owned()];
        let found = self
            .locate(Subject::Session, caller.projects().as_deref(), &id)
            .await?;
        let Some((name, project)) = found.into_iter().next() else {
            return Ok(None);
        };
        let ensured = self
            .records(move |records| records.ensure_sessions(&project, &[name]))
            .await?;
        Ok(ensured.into_iter().next())
    }

    /// The own ids of sessions that are named by either.
    pub async fn session_names(
        self: &Arc<Self>,
        caller: &Caller,
        identifiers: &[String],
    ) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        for identifier in identifiers {
            match ids::row("ProjectSession", identifier) {
                None => names.push(identifier.clone()),
                Some(_) => {
                    let found = self.session(caller, identifier).await?;
                    names.extend(found.map(|session| session.session_id));
                }
            }
        }
        Ok(names)
    }

    /// All sessions of a project; those that are new get their ids in the order of their first spans.
    async fn sessions(self: &Arc<Self>, project: &str) -> Result<Vec<Session>, Fault> {
        let select = Select {
            project: Some(vec![project.to_owned()]),
            ..Select::default()
        };
        let groups = self.groups(select, &[field()], ALL).await?;
        let names = groups
            .into_iter()
            .filter_map(|group| match group.keys.into_iter().next() {
                Some(Part::Text(name)) if !name.is_empty() && name.len() <= NAME_BYTES => Some(name),
                _ => None,
            });
        let names: Vec<String> = names.collect();
        let (here, there) = (project.to_owned(), names.clone());
        let known = self
            .records(move |records| records.session_ids(&here, &there))
            .await?;
        let is_new = |(_, id): &(&String, &Option<u64>)| id.is_none();
        let new: Vec<String> = names
            .iter()
            .zip(&known)
            .filter(is_new)
            .map(|(name, _)| name.clone())
            .collect();
        if !new.is_empty() {
            let new = self.as_seen(project, new).await?;
            let here = project.to_owned();
            self.records(move |records| records.ensure_sessions(&here, &new))
                .await?;
        }
        let here = project.to_owned();
        self.records(move |records| records.ensure_sessions(&here, &names))
            .await
    }

    /// Names of sessions in the order of their first spans.
    async fn as_seen(&self, project: &str, names: Vec<String>) -> Result<Vec<String>, Fault> {
        let mut names: IndexSet<String> = names.into_iter().collect();
        let order = Order {
            by: SpanOrderBy::Insertion,
            direction: Direction::Ascending,
        };
        let mut seen = Vec::new();
        let mut begin = Begin::default();
        while names.len() > 1 {
            let has_session = Filter::Field {
                field: field(),
                test: Test::Exists,
                missing: false,
            };
            let select = Select {
                project: Some(vec![project.to_owned()]),
                filter: has_session,
                ..Select::default()
            };
            let page = self.spans(select, order.clone(), begin, MOST, |_| true).await?;
            for span in page.rows {
                let session = attributes::at(&span.attributes, &["session", "id"]).and_then(Value::as_str);
                seen.extend(session.and_then(|session| names.swap_take(session)));
            }
            match page.next {
                Some(next) => begin = Begin::From(next),
                None => break,
            }
        }
        seen.extend(names);
        Ok(seen)
    }

    async fn session_row(&self, project: &Project, session: &Session) -> Result<Value, Fault> {
        let traces = self.traces_of(session, TRACES).await?;
        let tokens = self.tokens(&project.name, &traces).await?;
        let tokens = tokens
            .values()
            .fold(Tokens::default(), |sum, tokens| sum.plus(*tokens));
        let start = traces.iter().map(|trace| trace.start).min();
        let end = traces.iter().map(|trace| trace.end).max();
        let mut row = json!({
            "id": ids::global("ProjectSession", session.id),
            "session_id": session.session_id,
            "project_id": projects::global(project),
            "start_time": time::iso(start.unwrap_or_default()),
            "end_time": time::iso(end.unwrap_or_default()),
            "traces": traces.iter().map(trace_row).collect::<Vec<_>>(),
        });
        if let Some(members) = row.as_object_mut() {
            members.extend(tokens.members());
        }
        Ok(row)
    }

    async fn traces_of(&self, session: &Session, limit: usize) -> Result<Vec<FoundTrace>, Fault> {
        let select = Select {
            project: Some(vec![session.project.clone()]),
            filter: among(field(), vec![session.session_id.clone()]),
            ..Select::default()
        };
        let find = FindTraces {
            order: Order {
                by: TraceOrderBy::Start,
                direction: Direction::Ascending,
            },
            page: Page::first(limit),
            total: false,
            sums: Vec::new(),
            spans: 0,
        };
        let place = |trace: &FoundTrace| Position {
            key: Key::Whole(trace.start.into()),
            tie: trace.id,
        };
        Ok(self.traces(select, find, place, |_| true).await?.rows)
    }

    async fn delete_session(self: &Arc<Self>, session: &Session) -> Result<(), Fault> {
        loop {
            let traces = self.traces_of(session, MOST).await?;
            if traces.is_empty() {
                break;
            }
            for trace in &traces {
                let id = Seen::of(&trace.head).trace_id;
                self.delete_trace(&session.project, &id).await?;
            }
        }
        self.forget(Subject::Session, &session.project, &session.session_id)
            .await?;
        let session = session.clone();
        self.records(move |records| records.delete_session(&session))
            .await
    }
}
