//! `GET` and `DELETE /v1/projects/{project}/span_annotations` and its kin for traces and sessions.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::annotate::ANNOTATORS;
use super::api::Api;
use super::error::{Answered, Fault, no_content, ok};
use super::params::Params;
use super::records::{Kept, Listing, Subject, Sweep};
use super::{ids, time};
use crate::net::auth::Permission;

/// The most rows of a page.
const MOST: usize = 10_000;

/// The annotations of a project, the newest first.
pub async fn list(
    subject: Subject,
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let mut params = Params::of(&uri)?;
    let member = format!("{}s", subject.member());
    let targets = params.all(&member);
    let identifiers = params.all_not_empty("identifier");
    let listing = Listing {
        include: params.all("include_annotation_names"),
        exclude: params.all("exclude_annotation_names"),
        limit: params.limit(10, Some(MOST)),
        identifiers,
        ..Listing::default()
    };
    let cursor = params.one("cursor").filter(|cursor| !cursor.is_empty());
    params.checked()?;
    let project = api.project(&caller, &project).await?;
    if targets.is_empty() && listing.identifiers.is_empty() {
        return Err(Fault::unprocessable(format!(
            "At least one of {member} or identifier must be supplied"
        )));
    }
    let cursor = match cursor {
        None => None,
        Some(cursor) => {
            let invalid = || Fault::unprocessable("Invalid cursor value");
            Some(ids::cursor(&cursor).ok_or_else(invalid)?)
        }
    };
    api.settle(subject, &project.name).await?;
    let there = api
        .locate(subject, Some(std::slice::from_ref(&project.name)), &targets)
        .await?;
    if !targets.is_empty() && there.is_empty() {
        let unknown = format!("None of the supplied {member} exist in this project");
        return Err(Fault::not_found(unknown));
    }
    let limit = listing.limit;
    let listing = Listing {
        targets: there.into_keys().collect(),
        cursor,
        limit: limit + 1,
        ..listing
    };
    let name = project.name;
    let mut rows = api
        .records(move |records| records.annotations(subject, &name, &listing))
        .await?;
    let next = (rows.len() > limit).then(|| rows.pop()).flatten();
    let next = next.map(|next| ids::global(subject.kind(), next.id));
    let rows: Vec<Value> = rows.into_iter().map(|kept| row(subject, kept)).collect();
    ok(&json!({ "data": rows, "next_cursor": next }))
}

/// Removes annotations of a project.
pub async fn delete(
    subject: Subject,
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let mut params = Params::of(&uri)?;
    let mut sweep = Sweep {
        name: params.not_empty("name"),
        identifier: params.not_empty("identifier"),
        annotator_kind: params
            .optional_word("annotator_kind", &ANNOTATORS)
            .map(Into::into),
        ..Sweep::default()
    };
    let range = params.range();
    let delete_all = params.flag("delete_all").unwrap_or_default();
    params.checked()?;
    let project = api.project(&caller, &project).await?;
    match (range.from, range.to) {
        (Some(from), Some(to)) if from >= to => {
            let order = "`start_time` must be strictly earlier than `end_time`.";
            return Err(Fault::unprocessable(order));
        }
        (Some(_), Some(_)) => {}
        _ if delete_all => {}
        _ => {
            return Err(Fault::unprocessable(
                "Delete is unbounded. Set delete_all=true to acknowledge, or supply both start_time and \
                 end_time to bound the time range.",
            ));
        }
    }
    let micros = |nanos: i128| i64::try_from(nanos / 1000).unwrap_or(i64::MAX);
    (sweep.from, sweep.to) = (range.from.map(micros), range.to.map(micros));
    api.settle(subject, &project.name).await?;
    api.records(move |records| records.sweep(subject, &project.name, &sweep))
        .await?;
    no_content()
}

fn row(subject: Subject, kept: Kept) -> Value {
    let annotation = kept.annotation;
    let mut row = json!({
        "id": ids::global(subject.kind(), kept.id),
        "created_at": time::iso_micros(kept.created_at),
        "updated_at": time::iso_micros(kept.updated_at),
        "source": "API",
        "user_id": null,
        "name": annotation.name,
        "annotator_kind": annotation.annotator_kind,
        "result": {
            "label": annotation.label,
            "score": annotation.score,
            "explanation": annotation.explanation,
        },
        "metadata": annotation.metadata,
        "identifier": annotation.identifier,
    });
    if let Some(members) = row.as_object_mut() {
        members.insert(subject.member().into(), annotation.target.into());
    }
    row
}

// === impl Api ===

impl Api {
    /// Gives annotations that waited for something in this project to it.
    async fn settle(self: &Arc<Self>, subject: Subject, project: &str) -> Result<(), Fault> {
        let waiting = self.records(move |records| records.waiting(subject)).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let project = project.to_owned();
        let there = self
            .locate(subject, Some(std::slice::from_ref(&project)), &waiting)
            .await?;
        let there: Vec<String> = there.into_keys().collect();
        match there.is_empty() {
            true => Ok(()),
            false => {
                self.records(move |records| records.adopt(subject, &project, &there))
                    .await
            }
        }
    }
}
