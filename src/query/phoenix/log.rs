//! `POST /v1/projects/{project}/spans`: spans that a client made itself. All are kept, or none.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::api::Api;
use super::body::{self, NAME_BYTES, Reader, TEXT_BYTES};
use super::encode;
use super::error::{Answered, Fault, json_of, plain};
use super::records::Subject;
use super::time::Moment;
use super::{ids, projects};
use crate::net::auth::Permission;
use crate::query::context::Caller;
use crate::wire::Traces;

/// A span as a client gives it.
#[derive(Debug, Default)]
pub struct Given {
    /// Any text.
    pub trace_id: String,
    /// Any text.
    pub span_id: String,
    /// Any text; none for a root.
    pub parent_id: Option<String>,
    /// The name.
    pub name: String,
    /// Any text.
    pub kind: String,
    /// When it began.
    pub start: Option<Moment>,
    /// When it ended.
    pub end: Option<Moment>,
    /// `OK` or `ERROR`; anything else is unset.
    pub status: String,
    /// What the status says.
    pub message: String,
    /// Dotted, nested, or both.
    pub attributes: Map<String, Value>,
    /// What happened in it.
    pub events: Vec<GivenEvent>,
}

/// Something that happened in a span.
#[derive(Debug, Default)]
pub struct GivenEvent {
    /// The name.
    pub name: String,
    /// When.
    pub at: Option<Moment>,
    /// Its attributes.
    pub attributes: Map<String, Value>,
}

/// Takes spans into a project; one that has only a name is made.
pub async fn log(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let caller = api.admit(&headers, Permission::Ingest)?;
    let spans = body::read(&body, |reader| reader.objects("data", given))?;
    let project = name_of(&api, &caller, &project).await?;
    let received = spans.len();
    if received == 0 {
        return Ok(accepted(0));
    }
    let mut known = HashSet::new();
    // The first of several with one id is kept.
    let spans: Vec<Given> = spans
        .into_iter()
        .filter(|span| known.insert(span.span_id.clone()))
        .collect();
    let _logging = api.logging.lock().await;
    let duplicates = duplicates(&api, &caller, &spans).await?;
    let mut invalid = Vec::new();
    let mut encoded = Vec::new();
    for span in &spans {
        match encode::span(span) {
            Ok(span) => encoded.push(span),
            Err(error) => invalid.push(named(span, Some(&error))),
        }
    }
    if !duplicates.is_empty() || !invalid.is_empty() {
        return Ok(refused(received, &duplicates, &invalid));
    }
    let traces = Traces::check(encode::request(encoded).into());
    let traces = traces.map_err(|error| Fault::failed(error.to_string()))?.traces;
    api.context.writer.insert(&project, traces).await?;
    api.records(move |records| records.ensure_project(&project))
        .await?;
    Ok(accepted(received))
}

fn given(reader: &mut Reader<'_>) -> Given {
    let mut given = Given {
        name: reader.text("name", TEXT_BYTES),
        ..Given::default()
    };
    let context = reader.object("context", |context| {
        (
            context.text("trace_id", NAME_BYTES),
            context.text("span_id", NAME_BYTES),
        )
    });
    (given.trace_id, given.span_id) = context.unwrap_or_default();
    given.kind = reader.text("span_kind", NAME_BYTES);
    given.parent_id = reader
        .optional_text("parent_id", NAME_BYTES)
        .filter(|id| !id.is_empty());
    given.start = reader.time("start_time");
    given.end = reader.time("end_time");
    given.status = reader.text("status_code", NAME_BYTES);
    given.message = reader.text_or_empty("status_message", TEXT_BYTES);
    given.attributes = reader.optional_map("attributes").cloned().unwrap_or_default();
    given.events = reader.optional_objects("events", |event| GivenEvent {
        name: event.text("name", TEXT_BYTES),
        at: event.time("timestamp"),
        attributes: event.optional_map("attributes").cloned().unwrap_or_default(),
    });
    let times = [("start_time", given.start), ("end_time", given.end)];
    let of_events = given.events.iter().map(|event| ("timestamp", event.at));
    let mut times = times.into_iter().chain(of_events);
    let naive = times.find(|(_, time)| time.is_some_and(|time| !time.aware));
    if let Some((name, _)) = naive {
        reader.wrong(&format!(
            "Value error, {name}: timezone-naive timestamp is not allowed; all timestamps must be \
             timezone-aware (e.g., use UTC)."
        ));
    }
    given
}

/// The name of the project that is meant; a name that is new is good, an id that is new is not.
async fn name_of(api: &Arc<Api>, caller: &Caller, identifier: &str) -> Result<String, Fault> {
    match ids::row("Project", identifier) {
        Some(_) => Ok(api.project(caller, identifier).await?.name),
        None if !projects::sees(caller, identifier) => {
            let unknown = format!("Project with name {identifier} not found");
            Err(Fault::not_found(unknown))
        }
        None if identifier.is_empty() || identifier.len() > NAME_BYTES => {
            Err(Fault::unprocessable("The project's name is empty or too long"))
        }
        None => Ok(identifier.to_owned()),
    }
}

/// Those spans whose ids are taken.
async fn duplicates(api: &Arc<Api>, caller: &Caller, spans: &[Given]) -> Result<Vec<Value>, Fault> {
    let ids: Vec<String> = spans.iter().map(|span| span.span_id.clone()).collect();
    let taken = api
        .locate(Subject::Span, caller.projects().as_deref(), &ids)
        .await?;
    let spans = spans.iter().filter(|span| taken.contains_key(&span.span_id));
    Ok(spans.map(|span| named(span, None)).collect())
}

fn named(span: &Given, error: Option<&str>) -> Value {
    match error {
        None => json!({ "span_id": span.span_id, "trace_id": span.trace_id }),
        Some(error) => json!({ "span_id": span.span_id, "trace_id": span.trace_id, "error": error }),
    }
}

fn accepted(spans: usize) -> axum::response::Response {
    let body = json!({ "total_received": spans, "total_queued": spans });
    json_of(StatusCode::ACCEPTED, &body)
}

/// A JSON object that says it is text: the client reads it.
fn refused(received: usize, duplicates: &[Value], invalid: &[Value]) -> axum::response::Response {
    let body = json!({
        "error": "Request contains invalid or duplicate spans",
        "total_received": received,
        "total_queued": 0,
        "total_duplicates": duplicates.len(),
        "total_invalid": invalid.len(),
        "duplicate_spans": duplicates,
        "invalid_spans": invalid,
    });
    plain(StatusCode::BAD_REQUEST, body.to_string())
}
