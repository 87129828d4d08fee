//! `DELETE /v1/spans/{span}`: one span goes, its children stay.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::HeaderMap;

use super::api::{Api, among};
use super::error::{Answered, Fault, no_content};
use super::ids;
use super::records::Subject;
use crate::net::auth::Permission;
use crate::query::model::{
    Begin, Deletion, Direction, Field, Filter, Order, Scalar, Select, SpanOrderBy, Test, TraceId,
};

/// Deletes a span, by its global or its own id, with what was noted about it.
pub async fn delete(State(api): State<Arc<Api>>, Path(span): Path<String>, headers: HeaderMap) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let (filter, unknown) = match ids::row("Span", &span) {
        Some(number) => (numbered(number), format!("Span with relay ID '{span}' not found")),
        None => {
            let stored = ids::digits(&ids::span_bytes(&span));
            let unknown = format!("Span with span_id '{span}' not found");
            (among(Field::SpanId, vec![stored]), unknown)
        }
    };
    let select = Select {
        project: caller.projects(),
        filter,
        ..Select::default()
    };
    let order = Order {
        by: SpanOrderBy::Insertion,
        direction: Direction::Ascending,
    };
    let found = api.spans(select, order, Begin::default(), 1, |_| true).await?;
    let Some(seen) = found.rows.into_iter().next() else {
        return Err(Fault::not_found(unknown));
    };
    let deletion = Deletion {
        project: Some(seen.project.clone()),
        trace_id: Some(TraceId(ids::trace_bytes(&seen.trace_id))),
        span_id: Some(ids::span_bytes(&seen.span_id)),
        started_before: None,
    };
    api.context.writer.delete(deletion).await?;
    for subject in [Subject::Span, Subject::Document] {
        api.forget(subject, &seen.project, &seen.span_id).await?;
    }
    no_content()
}

fn numbered(number: u64) -> Filter {
    Filter::Field {
        field: Field::Number,
        // A number beyond 63 bits is nobody's.
        test: Test::Equals(vec![Scalar::Int(i64::try_from(number).unwrap_or(-1))]),
        missing: false,
    }
}
