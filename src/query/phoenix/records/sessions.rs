//! Sessions: an id for each, in the order in which they were seen.

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Failed, RecordError, Records, next, parsed, written};

const SESSIONS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("sessions");
const NAMES: TableDefinition<'_, (&str, &str), u64> = TableDefinition::new("session_names");

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What its global id is made of.
    pub id: u64,
    /// Its project.
    pub project: String,
    /// What the spans call it.
    pub session_id: String,
}

#[derive(Serialize, Deserialize)]
struct Row {
    project: String,
    session_id: String,
}

pub(super) fn prepare(transaction: &WriteTransaction) -> Result<(), Failed> {
    transaction.open_table(SESSIONS)?;
    transaction.open_table(NAMES)?;
    Ok(())
}

// === impl Records ===

impl Records {
    /// The session with this id.
    pub fn session(&self, id: u64) -> Result<Option<Session>, RecordError> {
        self.read(|transaction| {
            let sessions = transaction.open_table(SESSIONS)?;
            let Some(row) = sessions.get(id)? else {
                return Ok(None);
            };
            let Row { project, session_id } = parsed(row.value())?;
            Ok(Some(Session {
                id,
                project,
                session_id,
            }))
        })
    }

    /// The ids of a project's sessions, `None` for those not yet seen.
    pub fn session_ids(&self, project: &str, names: &[String]) -> Result<Vec<Option<u64>>, RecordError> {
        self.read(|transaction| {
            let known = transaction.open_table(NAMES)?;
            let ids = names
                .iter()
                .map(|name| Ok(known.get((project, name.as_str()))?.map(|id| id.value())));
            ids.collect()
        })
    }

    /// The sessions of these names, in their order; those not yet seen get an id.
    pub fn ensure_sessions(&self, project: &str, names: &[String]) -> Result<Vec<Session>, RecordError> {
        let known = self.session_ids(project, names)?;
        if known.iter().all(Option::is_some) {
            let known = known.into_iter().flatten().zip(names);
            return Ok(known.map(|(id, name)| session(id, project, name)).collect());
        }
        self.change(|transaction| {
            let ensured = names.iter().map(|name| {
                let known = transaction
                    .open_table(NAMES)?
                    .get((project, name.as_str()))?
                    .map(|id| id.value());
                let id = match known {
                    Some(id) => id,
                    None => add(transaction, project, name)?,
                };
                Ok(session(id, project, name))
            });
            ensured.collect()
        })
    }

    /// Forgets a session.
    pub fn delete_session(&self, session: &Session) -> Result<(), RecordError> {
        self.change(|transaction| {
            transaction.open_table(SESSIONS)?.remove(session.id)?;
            let name = (session.project.as_str(), session.session_id.as_str());
            transaction.open_table(NAMES)?.remove(name)?;
            Ok(())
        })
    }
}

fn session(id: u64, project: &str, name: &str) -> Session {
    Session {
        id,
        project: project.to_owned(),
        session_id: name.to_owned(),
    }
}

fn add(transaction: &WriteTransaction, project: &str, name: &str) -> Result<u64, Failed> {
    let id = next(transaction, "next_session")?;
    let row = Row {
        project: project.into(),
        session_id: name.into(),
    };
    transaction
        .open_table(SESSIONS)?
        .insert(id, written(&row)?.as_slice())?;
    transaction.open_table(NAMES)?.insert((project, name), id)?;
    Ok(id)
}
