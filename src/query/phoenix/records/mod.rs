//! What Phoenix keeps beside the spans, in one `redb` file, `phoenix.redb`: projects, sessions, and what people and machines noted.
//!
//! ```text
//! facts            name -> number: `format`, and the next id of each kind
//! projects         id -> name, description, as JSON       project_names     name -> id
//! sessions         id -> project, session id, as JSON     session_names     (project, session id) -> id
//! annotations      (subject, id) -> the annotation, as JSON
//! annotation_keys  (subject, project, target, position, name, identifier) -> id
//! ```
//!
//! Every change is one transaction, durable when the call returns. An older format is read, a newer one refused. An id is
//! given once and never again. Texts are bounded by whoever reads requests.

mod annotations;
mod projects;
mod sessions;
#[cfg(test)]
mod tests;

use std::path::Path;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

pub use annotations::{Annotation, Kept, Listing, Subject, Sweep};
pub use projects::Project;
pub use sessions::Session;

const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("facts");

/// What this program writes, and the newest that it reads.
const FORMAT: u64 = 1;

/// Bytes of the file that are kept in memory.
const CACHE: usize = 4 << 20;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The file.
pub struct Records {
    database: Database,
}

/// Why the file could not be read or written; says how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("phoenix.redb: {0}")]
pub struct RecordError(String);

// === impl Records ===

impl Records {
    /// Opens the file in a directory; makes it when it is not there.
    pub fn open(directory: &Path) -> Result<Self, RecordError> {
        opened(directory).map_err(told)
    }

    fn read<T>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, Failed>) -> Result<T, RecordError> {
        let transaction = self.database.begin_read().map_err(told)?;
        read(&transaction).map_err(told)
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Failed>,
    ) -> Result<T, RecordError> {
        let transaction = self.database.begin_write().map_err(told)?;
        let result = change(&transaction).map_err(told)?;
        transaction.commit().map_err(told)?;
        Ok(result)
    }
}

fn told(error: impl std::fmt::Display) -> RecordError {
    RecordError(error.to_string())
}

fn opened(directory: &Path) -> Result<Records, Failed> {
    let path = directory.join("phoenix.redb");
    let database = Database::builder().set_cache_size(CACHE).create(path)?;
    let transaction = database.begin_write()?;
    let is_new = {
        let mut facts = transaction.open_table(FACTS)?;
        let format = facts.get("format")?.map(|format| format.value());
        match format {
            None => drop(facts.insert("format", FORMAT)?),
            Some(format) if format > FORMAT => {
                let error = format!("its format is {format}, and this program reads up to {FORMAT}");
                return Err(error.into());
            }
            Some(_) => {}
        }
        format.is_none()
    };
    projects::prepare(&transaction, is_new)?;
    sessions::prepare(&transaction)?;
    annotations::prepare(&transaction)?;
    transaction.commit()?;
    Ok(Records { database })
}

/// The next id of a kind; ids begin at 1.
fn next(transaction: &WriteTransaction, kind: &str) -> Result<u64, Failed> {
    let mut facts = transaction.open_table(FACTS)?;
    let id = facts.get(kind)?.map_or(1, |id| id.value());
    facts.insert(kind, id + 1)?;
    Ok(id)
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, Failed> {
    Ok(serde_json::to_vec(value)?)
}

fn parsed<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, Failed> {
    Ok(serde_json::from_slice(bytes)?)
}
