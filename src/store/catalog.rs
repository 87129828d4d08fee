//! The store's small state, in one `redb` file: which segments there are, up to where the journal is in them, tombstones.
//!
//! ```text
//! facts       name -> number: `format`, `sealed`, `next_number`, `next_segment`, `next_tombstone`
//! segments    id -> what is known of it without opening it, as JSON
//! tombstones  id -> the tombstone, as JSON
//! ```
//!
//! Every change is one transaction, durable when the call returns. An older format is read, a newer one refused.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::settings::StoreError;
use super::tombstone::Tombstone;

const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("facts");
const SEGMENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("segments");
const TOMBSTONES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("tombstones");

/// What this program writes, and the newest that it reads.
const FORMAT: u64 = 1;

/// Bytes of the file that are kept in memory.
const CACHE: usize = 4 << 20;

/// The file.
pub struct Catalog {
    path: PathBuf,
    database: Database,
}

/// All that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Records of the journal below this number are in segments.
    pub sealed: u64,
    /// The insertion number of the first span at or above that.
    pub next_number: u64,
    /// The id of the next segment.
    pub next_segment: u64,
    /// By id.
    pub segments: BTreeMap<u64, Registered>,
    /// By id.
    pub tombstones: BTreeMap<u64, Tombstone>,
}

/// What is known of a segment without opening it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// Spans.
    pub rows: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// The earliest start, nanoseconds since 1970.
    pub min_start: u64,
    /// The latest start, likewise.
    pub max_start: u64,
    /// The lowest insertion number.
    pub min_number: u64,
    /// The highest insertion number.
    pub max_number: u64,
    /// How often its rows were merged.
    pub level: u32,
    /// When its newest rows came in, nanoseconds since 1970.
    pub arrived: u64,
    /// Tombstones with a lower id have been applied to it.
    pub cleaned: u64,
}

/// What sealing a part of the head changes.
#[derive(Clone, Debug, Default)]
pub struct Seal {
    /// The new segments; their ids are below [`Seal::next_segment`].
    pub segments: Vec<(u64, Registered)>,
    /// See [`Known`].
    pub sealed: u64,
    /// See [`Known`].
    pub next_number: u64,
    /// See [`Known`].
    pub next_segment: u64,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

// === impl Catalog ===

impl Catalog {
    /// Opens the file at `path`, or makes it.
    pub fn open(path: &Path) -> Result<(Self, Known), StoreError> {
        let opened = open(path).map_err(|error| StoreError::State {
            path: path.to_owned(),
            error: error.to_string(),
        });
        let (database, known) = opened?;
        let path = path.to_owned();
        Ok((Self { path, database }, known))
    }

    /// Spans of the head are in segments now.
    pub fn seal(&self, seal: &Seal) -> Result<(), StoreError> {
        self.change(|transaction| {
            let mut segments = transaction.open_table(SEGMENTS)?;
            for (id, registered) in &seal.segments {
                put(&mut segments, *id, registered)?;
            }
            let mut facts = transaction.open_table(FACTS)?;
            facts.insert("sealed", seal.sealed)?;
            facts.insert("next_number", seal.next_number)?;
            let next = fact(&facts, "next_segment")?.max(seal.next_segment);
            facts.insert("next_segment", next)?;
            Ok(())
        })
    }

    /// The journal was begun anew: none of what it holds is in segments.
    pub fn unseal(&self) -> Result<(), StoreError> {
        self.change(|transaction| {
            transaction.open_table(FACTS)?.insert("sealed", 0)?;
            Ok(())
        })
    }

    /// Segments `gone` are no longer needed; `added`, if any, stands for them. Tombstones `spent` delete nothing any more.
    pub fn replace(
        &self,
        gone: &[u64],
        added: Option<(u64, Registered)>,
        spent: &[u64],
    ) -> Result<(), StoreError> {
        self.change(|transaction| {
            let mut segments = transaction.open_table(SEGMENTS)?;
            for id in gone {
                segments.remove(id)?;
            }
            if let Some((id, registered)) = added {
                put(&mut segments, id, &registered)?;
                let mut facts = transaction.open_table(FACTS)?;
                let next = fact(&facts, "next_segment")?.max(id + 1);
                facts.insert("next_segment", next)?;
            }
            let mut tombstones = transaction.open_table(TOMBSTONES)?;
            for id in spent {
                tombstones.remove(id)?;
            }
            Ok(())
        })
    }

    /// Adds a tombstone; returns its id.
    pub fn bury(&self, tombstone: &Tombstone) -> Result<u64, StoreError> {
        self.change(|transaction| {
            let mut facts = transaction.open_table(FACTS)?;
            let id = fact(&facts, "next_tombstone")?;
            facts.insert("next_tombstone", id + 1)?;
            put(&mut transaction.open_table(TOMBSTONES)?, id, tombstone)?;
            Ok(id)
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        let changed = self.database.begin_write().map_err(Failed::from);
        let changed = changed.and_then(|transaction| {
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        changed.map_err(|error| StoreError::State {
            path: self.path.clone(),
            error: error.to_string(),
        })
    }
}

fn open(path: &Path) -> Result<(Database, Known), Failed> {
    let database = Database::builder().set_cache_size(CACHE).create(path)?;
    let transaction = database.begin_write()?;
    {
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
        transaction.open_table(SEGMENTS)?;
        transaction.open_table(TOMBSTONES)?;
    }
    transaction.commit()?;
    let known = read(&database)?;
    Ok((database, known))
}

fn read(database: &Database) -> Result<Known, Failed> {
    let transaction = database.begin_read()?;
    let facts = transaction.open_table(FACTS)?;
    Ok(Known {
        sealed: fact(&facts, "sealed")?,
        next_number: fact(&facts, "next_number")?,
        next_segment: fact(&facts, "next_segment")?,
        segments: all(&transaction.open_table(SEGMENTS)?)?,
        tombstones: all(&transaction.open_table(TOMBSTONES)?)?,
    })
}

fn fact(facts: &impl ReadableTable<&'static str, u64>, name: &str) -> Result<u64, Failed> {
    Ok(facts.get(name)?.map_or(0, |number| number.value()))
}

fn all<T: for<'a> Deserialize<'a>>(
    table: &impl ReadableTable<u64, &'static [u8]>,
) -> Result<BTreeMap<u64, T>, Failed> {
    let entries = table.iter()?.map(|entry| {
        let (id, value) = entry?;
        let value = serde_json::from_slice(value.value())
            .map_err(|error| format!("the entry {} cannot be read: {error}", id.value()))?;
        Ok((id.value(), value))
    });
    entries.collect()
}

fn put(table: &mut Table<'_, u64, &[u8]>, id: u64, value: &impl Serialize) -> Result<(), Failed> {
    table.insert(id, serde_json::to_vec(value)?.as_slice())?;
    Ok(())
}
