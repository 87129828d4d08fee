//! Projects: a record is made on first sight, and keeps its id.

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Failed, RecordError, Records, next, parsed, written};

const PROJECTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("projects");
const NAMES: TableDefinition<'_, &str, u64> = TableDefinition::new("project_names");

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// What its global id is made of.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it is, in somebody's words.
    pub description: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    description: Option<String>,
}

pub(super) fn prepare(transaction: &WriteTransaction, is_new: bool) -> Result<(), Failed> {
    transaction.open_table(PROJECTS)?;
    transaction.open_table(NAMES)?;
    if is_new {
        add(transaction, "default", Some("Default project"))?;
    }
    Ok(())
}

fn add(transaction: &WriteTransaction, name: &str, description: Option<&str>) -> Result<Project, Failed> {
    let project = Project {
        id: next(transaction, "next_project")?,
        name: name.into(),
        description: description.map(Into::into),
    };
    transaction.open_table(NAMES)?.insert(name, project.id)?;
    put(transaction, &project)?;
    Ok(project)
}

fn put(transaction: &WriteTransaction, project: &Project) -> Result<(), Failed> {
    let row = Row {
        name: project.name.clone(),
        description: project.description.clone(),
    };
    let mut projects = transaction.open_table(PROJECTS)?;
    projects.insert(project.id, written(&row)?.as_slice())?;
    Ok(())
}

fn project(id: u64, row: &[u8]) -> Result<Project, Failed> {
    let Row { name, description } = parsed(row)?;
    Ok(Project {
        id,
        name,
        description,
    })
}

fn by_id(table: &impl ReadableTable<u64, &'static [u8]>, id: u64) -> Result<Option<Project>, Failed> {
    let row = table.get(id)?;
    row.map(|row| project(id, row.value())).transpose()
}

// === impl Records ===

impl Records {
    /// The project with this id.
    pub fn project(&self, id: u64) -> Result<Option<Project>, RecordError> {
        self.read(|transaction| by_id(&transaction.open_table(PROJECTS)?, id))
    }

    /// The project with this name.
    pub fn project_named(&self, name: &str) -> Result<Option<Project>, RecordError> {
        self.read(|transaction| {
            let id = transaction.open_table(NAMES)?.get(name)?.map(|id| id.value());
            let projects = transaction.open_table(PROJECTS)?;
            id.map_or(Ok(None), |id| by_id(&projects, id))
        })
    }

    /// All projects, the newest first, once those of these names have a record.
    pub fn projects(&self, seen: &[String]) -> Result<Vec<Project>, RecordError> {
        let is_known = |known: &[Project], name: &String| known.iter().any(|project| project.name == *name);
        let mut known = self.known()?;
        if !seen.iter().all(|name| is_known(&known, name)) {
            for name in seen.iter().filter(|name| !is_known(&known, name)) {
                self.ensure_project(name)?;
            }
            known = self.known()?;
        }
        Ok(known)
    }

    fn known(&self) -> Result<Vec<Project>, RecordError> {
        self.read(|transaction| {
            let projects = transaction.open_table(PROJECTS)?;
            let rows = projects.iter()?.rev().map(|row| {
                let (id, row) = row?;
                project(id.value(), row.value())
            });
            rows.collect()
        })
    }

    /// The project with this name, made when it is not there.
    pub fn ensure_project(&self, name: &str) -> Result<Project, RecordError> {
        match self.project_named(name)? {
            Some(project) => Ok(project),
            None => Ok(match self.create_project(name, None)? {
                Some(project) => project,
                None => self
                    .project_named(name)?
                    .ok_or_else(|| RecordError("a project went while it was looked for".into()))?,
            }),
        }
    }

    /// Makes a project; none when its name is taken.
    pub fn create_project(
        &self,
        name: &str,
        description: Option<&str>,
    ) -> Result<Option<Project>, RecordError> {
        self.change(|transaction| {
            let is_taken = transaction.open_table(NAMES)?.get(name)?.is_some();
            match is_taken {
                true => Ok(None),
                false => add(transaction, name, description).map(Some),
            }
        })
    }

    /// Describes a project anew.
    pub fn describe_project(&self, project: &Project) -> Result<(), RecordError> {
        self.change(|transaction| put(transaction, project))
    }

    /// Forgets a project.
    pub fn delete_project(&self, project: &Project) -> Result<(), RecordError> {
        self.change(|transaction| {
            transaction.open_table(PROJECTS)?.remove(project.id)?;
            transaction.open_table(NAMES)?.remove(project.name.as_str())?;
            Ok(())
        })
    }
}
