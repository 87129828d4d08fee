//! `POST /v1/span_annotations` and its kin for traces, documents and sessions, and the notes.
//!
//! With `sync=true` an answer names the annotations that were made, and something that is not there is an error. Without,
//! an annotation of something that is not there waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode, Uri};
use rand::Rng as _;
use serde_json::{Value, json};

use super::api::Api;
use super::body::{self, NAME_BYTES, Reader, TEXT_BYTES};
use super::error::{Answered, Fault, ok};
use super::ids;
use super::params::Params;
use super::records::{Annotation, Subject};
use super::seen::Seen;
use crate::net::auth::Permission;
use crate::query::context::Caller;
use crate::query::model::{Begin, Direction, Field, Order, Select, SpanOrderBy};

/// Who may judge.
pub const ANNOTATORS: [&str; 3] = ["LLM", "CODE", "HUMAN"];

/// The name of annotations that are notes.
const NOTE: &str = "note";

// === impl Subject ===

impl Subject {
    /// The type in its annotations' global ids.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Span => "SpanAnnotation",
            Self::Trace => "TraceAnnotation",
            Self::Document => "DocumentAnnotation",
            Self::Session => "ProjectSessionAnnotation",
        }
    }

    /// The member that names what an annotation is about.
    pub fn member(self) -> &'static str {
        match self {
            Self::Span | Self::Document => "span_id",
            Self::Trace => "trace_id",
            Self::Session => "session_id",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Span | Self::Document => "Spans",
            Self::Trace => "Traces",
            Self::Session => "Sessions",
        }
    }

    fn reserved(self) -> Option<&'static str> {
        match self {
            Self::Span => {
                Some("The name 'note' is reserved for trace and span notes. Use POST /v1/span_notes instead.")
            }
            Self::Trace => Some(
                "The name 'note' is reserved for trace and span notes. Use POST /v1/trace_notes instead.",
            ),
            Self::Session => {
                Some("The name 'note' is reserved for session notes. Use POST /v1/session_notes instead.")
            }
            Self::Document => None,
        }
    }

    fn unknown(self, id: &str) -> Fault {
        Fault::not_found(match self {
            Self::Span | Self::Document => format!("Span with ID {id} not found"),
            Self::Trace => format!("Trace with ID {id} not found"),
            Self::Session => format!("Session with session_id {id} not found"),
        })
    }

    fn note_prefix(self) -> &'static str {
        match self {
            Self::Span | Self::Document => "px-span-note",
            Self::Trace => "px-trace-note",
            Self::Session => "px-session-note",
        }
    }
}

/// Keeps annotations.
pub async fn annotate(
    subject: Subject,
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Answered {
    let caller = api.admit(&headers, Permission::Annotate)?;
    let mut params = Params::of(&uri)?;
    let sync = params.flag("sync").unwrap_or_default();
    params.checked()?;
    let annotations = body::read(&body, |reader| {
        reader.objects("data", |reader| annotation(subject, reader))
    })?;
    let is_note = |(annotation, _): &(Annotation, i64)| annotation.name.trim() == NOTE;
    if let Some(reserved) = subject.reserved()
        && annotations.iter().any(is_note)
    {
        return Err(Fault::Text(StatusCode::BAD_REQUEST, reserved.into()));
    }
    let places = places(&api, &caller, subject, &annotations, sync).await?;
    let alone = caller.project().map(ToString::to_string).unwrap_or_default();
    let kept = annotations.into_iter().map(|(mut annotation, position)| {
        annotation.position = u64::try_from(position).unwrap_or_default();
        let project = places.get(&annotation.target).unwrap_or(&alone);
        (project.clone(), annotation)
    });
    let (kept, now): (Vec<_>, _) = (kept.collect(), api.now());
    if kept.is_empty() {
        return ok(&json!({ "data": [] }));
    }
    let ids = api
        .records(move |records| records.annotate(subject, kept, now))
        .await?;
    let rows = ids.into_iter().filter(|_| sync);
    let rows: Vec<Value> = rows
        .map(|id| json!({ "id": ids::global(subject.kind(), id) }))
        .collect();
    ok(&json!({ "data": rows }))
}

/// Reads an annotation, and which document it is about.
fn annotation(subject: Subject, reader: &mut Reader<'_>) -> (Annotation, i64) {
    let mut annotation = Annotation {
        name: reader.text("name", NAME_BYTES),
        annotator_kind: reader.word("annotator_kind", &ANNOTATORS),
        ..Annotation::default()
    };
    reader.optional_object("result", |result| {
        annotation.label = result.optional_text("label", TEXT_BYTES);
        annotation.score = result.optional_number("score");
        annotation.explanation = result.optional_text("explanation", TEXT_BYTES);
    });
    annotation.metadata = reader.optional_map("metadata").cloned().unwrap_or_default();
    annotation.identifier = reader.text_or_empty("identifier", NAME_BYTES);
    annotation.target = reader.text(subject.member(), NAME_BYTES).trim().to_owned();
    let position = match subject {
        Subject::Document => reader.whole("document_position"),
        _ => 0,
    };
    (annotation, position)
}

/// The projects of what the annotations are about; with `sync`, all of it must be there.
async fn places(
    api: &Arc<Api>,
    caller: &Caller,
    subject: Subject,
    annotations: &[(Annotation, i64)],
    sync: bool,
) -> Result<HashMap<String, String>, Fault> {
    let mut targets: Vec<String> = annotations
        .iter()
        .map(|(annotation, _)| annotation.target.clone())
        .collect();
    targets.sort_unstable();
    targets.dedup();
    let projects = caller.projects();
    let places = api.locate(subject, projects.as_deref(), &targets).await?;
    if !sync {
        return Ok(places);
    }
    targets.retain(|target| !places.contains_key(target));
    if !targets.is_empty() {
        let (plural, missing) = (subject.plural(), targets.join(", "));
        return Err(Fault::not_found(format!(
            "{plural} with IDs {missing} do not exist."
        )));
    }
    if subject == Subject::Document {
        for (annotation, position) in annotations {
            check_position(api, projects.clone(), &annotation.target, *position).await?;
        }
    }
    Ok(places)
}

async fn check_position(
    api: &Arc<Api>,
    project: Option<Vec<String>>,
    span: &str,
    position: i64,
) -> Result<(), Fault> {
    let stored = ids::digits(&ids::span_bytes(span));
    let select = Select {
        project,
        filter: super::api::among(Field::SpanId, vec![stored]),
        ..Select::default()
    };
    let order = Order {
        by: SpanOrderBy::Insertion,
        direction: Direction::Ascending,
    };
    let found = api.spans(select, order, Begin::default(), 1, |_| true).await?;
    let documents = found.rows.first().map_or(0, Seen::documents) as i64;
    match (0..documents).contains(&position) {
        true => Ok(()),
        false => Err(Fault::unprocessable(format!(
            "Document position {position} is out of bounds for span {span} (max: {})",
            documents - 1
        ))),
    }
}

/// Keeps a note.
pub async fn note(
    subject: Subject,
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let caller = api.admit(&headers, Permission::Annotate)?;
    let note = body::read(&body, |reader| {
        reader.object("data", |reader| Annotation {
            target: reader.text(subject.member(), NAME_BYTES).trim().to_owned(),
            explanation: Some(reader.not_empty("note", TEXT_BYTES)),
            identifier: reader.optional_text("identifier", NAME_BYTES).unwrap_or_default(),
            name: NOTE.into(),
            annotator_kind: "HUMAN".into(),
            ..Annotation::default()
        })
    })?;
    let mut note = note.unwrap_or_default();
    if note.identifier.is_empty() {
        note.identifier = format!("{}:{}", subject.note_prefix(), uuid());
    }
    let target = [note.target.clone()];
    let places = api.locate(subject, caller.projects().as_deref(), &target).await?;
    let Some(project) = places.into_values().next() else {
        return Err(subject.unknown(&note.target));
    };
    let now = api.now();
    let ids = api
        .records(move |records| records.annotate(subject, vec![(project, note)], now))
        .await?;
    let id = ids.first().map(|id| ids::global(subject.kind(), id));
    ok(&json!({ "data": { "id": id } }))
}

/// A random UUID.
pub fn uuid() -> String {
    let mut bytes: [u8; 16] = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let digits = format!("{number:032x}");
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
