//! `/v1/projects`: a project exists when it has a record or spans.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use super::api::Api;
use super::body::{self, NAME_BYTES, TEXT_BYTES};
use super::error::{Answered, Fault, no_content, ok};
use super::ids;
use super::params::Params;
use super::records::{Project, Subject, Sweep};
use crate::net::auth::Permission;
use crate::query::context::Caller;
use crate::query::model::{
    Deletion, Direction, Field, Find, FindSpans, Found, Order, Page, Part, Select, SpanOrderBy,
};

/// The project that is always there.
const DEFAULT: &str = "default";

/// The most projects that are told of.
const MOST: usize = 100_000;

/// All projects, the newest first.
pub async fn list(State(api): State<Arc<Api>>, headers: HeaderMap, uri: Uri) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let mut params = Params::of(&uri)?;
    let limit = params.limit(100, None);
    let cursor = params.one("cursor").filter(|cursor| !cursor.is_empty());
    let contains = params.one("name_contains").map(|text| text.to_lowercase());
    params.flag("include_experiment_projects");
    params.flag("include_dataset_evaluator_projects");
    params.checked()?;
    let cursor = match cursor {
        None => None,
        Some(cursor) => {
            let invalid = || Fault::unprocessable(format!("Invalid cursor format: {cursor}"));
            Some(ids::cursor(&cursor).ok_or_else(invalid)?)
        }
    };
    let seen = api.project_names(&caller).await?;
    let all = api.records(move |records| records.projects(&seen)).await?;
    let wanted = all.into_iter().filter(|project| {
        sees(&caller, &project.name)
            && cursor.is_none_or(|cursor| project.id <= cursor)
            && contains
                .as_ref()
                .is_none_or(|text| project.name.to_lowercase().contains(text))
    });
    let mut rows: Vec<Project> = wanted.take(limit.saturating_add(1)).collect();
    let next = (rows.len() > limit).then(|| rows.pop()).flatten();
    let next = next.map(|project| global(&project));
    let rows: Vec<Value> = rows.iter().map(row).collect();
    ok(&json!({ "data": rows, "next_cursor": next }))
}

/// One project.
pub async fn get(State(api): State<Arc<Api>>, Path(project): Path<String>, headers: HeaderMap) -> Answered {
    let caller = api.admit(&headers, Permission::Read)?;
    let project = api.project(&caller, &project).await?;
    ok(&json!({ "data": row(&project) }))
}

/// Makes a project.
pub async fn create(State(api): State<Arc<Api>>, headers: HeaderMap, body: Bytes) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let (name, description) = body::read(&body, |reader| {
        let name = reader.not_empty("name", NAME_BYTES);
        (name, reader.optional_text("description", TEXT_BYTES))
    })?;
    if !sees(&caller, &name) {
        return Err(Fault::forbidden(format!("The key is not for the project {name}")));
    }
    let taken = format!("Project with name {name} already exists");
    let created = api
        .records(move |records| records.create_project(&name, description.as_deref()))
        .await?;
    match created {
        Some(project) => ok(&json!({ "data": row(&project) })),
        None => Err(Fault::Text(StatusCode::CONFLICT, taken)),
    }
}

/// Describes a project anew; its name stays.
pub async fn update(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let description = body::read(&body, |reader| reader.optional_text("description", TEXT_BYTES))?;
    let mut project = api.project(&caller, &project).await?;
    if description.is_some() {
        project.description = description;
        let changed = project.clone();
        api.records(move |records| records.describe_project(&changed))
            .await?;
    }
    ok(&json!({ "data": row(&project) }))
}

/// Deletes a project with its spans and what was noted about them.
pub async fn delete(
    State(api): State<Arc<Api>>,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Answered {
    let caller = api.admit(&headers, Permission::Admin)?;
    let project = api.project(&caller, &project).await?;
    if project.name == DEFAULT {
        return Err(Fault::forbidden("The default project cannot be deleted"));
    }
    let deletion = Deletion {
        project: Some(project.name.clone()),
        ..Deletion::default()
    };
    api.context.writer.delete(deletion).await?;
    api.records(move |records| {
        for subject in Subject::ALL {
            records.sweep(subject, &project.name, &Sweep::default())?;
        }
        records.delete_project(&project)
    })
    .await?;
    no_content()
}

/// The global id of a project.
pub fn global(project: &Project) -> String {
    ids::global("Project", project.id)
}

fn row(project: &Project) -> Value {
    json!({ "name": project.name, "description": project.description, "id": global(project) })
}

/// Whether a caller may know of a project.
pub fn sees(caller: &Caller, name: &str) -> bool {
    caller.project().is_none_or(|project| **project == *name)
}

// === impl Api ===

impl Api {
    /// The project that a global id or a name means.
    pub async fn project(self: &Arc<Self>, caller: &Caller, identifier: &str) -> Result<Project, Fault> {
        if let Some(id) = ids::row("Project", identifier) {
            let project = self.records(move |records| records.project(id)).await?;
            return project
                .filter(|project| sees(caller, &project.name))
                .ok_or_else(|| Fault::not_found(format!("Project with ID {identifier} not found")));
        }
        let unknown = || Fault::not_found(format!("Project with name {identifier} not found"));
        if !sees(caller, identifier) || identifier.len() > NAME_BYTES {
            return Err(unknown());
        }
        let name = identifier.to_owned();
        let known = self.records(move |records| records.project_named(&name)).await?;
        if let Some(project) = known {
            return Ok(project);
        }
        if !self.has_spans(identifier).await? {
            return Err(unknown());
        }
        let name = identifier.to_owned();
        self.records(move |records| records.ensure_project(&name)).await
    }

    /// The names of all projects that have spans.
    pub async fn project_names(&self, caller: &Caller) -> Result<Vec<String>, Fault> {
        let select = Select {
            project: caller.projects(),
            ..Select::default()
        };
        let groups = self.groups(select, &[Field::Project], MOST).await?;
        let names = groups
            .into_iter()
            .filter_map(|group| match group.keys.into_iter().next() {
                Some(Part::Text(name)) => Some(name),
                _ => None,
            });
        Ok(names.collect())
    }

    async fn has_spans(&self, project: &str) -> Result<bool, Fault> {
        let select = Select {
            project: Some(vec![project.to_owned()]),
            ..Select::default()
        };
        let find = FindSpans {
            order: Order {
                by: SpanOrderBy::Insertion,
                direction: Direction::Descending,
            },
            page: Page::first(1),
            total: false,
        };
        let found = self.ask(select, Find::Spans(find)).await?;
        Ok(matches!(found, Found::Spans(page) if !page.spans.is_empty()))
    }
}
