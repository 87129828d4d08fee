//! One pipeline's folder: its journal, its retry files and its dead letters.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::aside::KEPT;
use super::readers::PARKED;
use crate::journal::disk::{Disk, FileSystem};
use crate::journal::inspect::Files;
use crate::journal::{Account, Amount, DirectoryLock, FoundCursor, Journal, Observer, Options, Space};
use crate::pipeline::storage::{OnFull, StorageSettings};
use crate::telemetry::health::Health;
use crate::telemetry::journal::JournalEvents;
use crate::telemetry::ledger::{PipelineColumns, PipelineLedger};

/// Segments are this part of the budget, within bounds: space returns in such steps.
const SEGMENTS: u64 = 32;
const SHORTEST_SEGMENT: u64 = 1 << 19;
const LONGEST_SEGMENT: u64 = 64 << 20;

/// Taken off the budget for what is not records: the register of each journal, and a probe.
pub(super) const OVERHEAD: u64 = 1 << 20;

/// Files of passed segments that are kept to be written over, beside the budget.
const SPARES: usize = 1;

/// After a crash, records this far behind what was last known to be given out count as sent before.
const SENT_BEFORE: u64 = 64 << 20;

/// A pipeline's folder, locked.
pub struct Store {
    /// The pipeline.
    pub pipeline: String,
    /// Its requests.
    pub journal: Arc<Journal>,
    /// The disk budget of the journal and the retry files.
    pub space: Space,
    /// The pipeline's counts, which outlive the process.
    pub ledger: PipelineLedger,
    /// What is told.
    pub events: Arc<JournalEvents>,
    pub(super) directory: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: Options,
    pub(super) settings: StorageSettings,
    _lock: DirectoryLock,
}

// === impl Store ===

impl Store {
    /// Locks and opens the folder of `pipeline`, with up to `tail_bytes` of the newest records in memory.
    pub fn open(
        settings: &StorageSettings,
        pipeline: &str,
        tail_bytes: u64,
        health: &Health,
    ) -> Result<Self, String> {
        let directory = settings.directory.join(folder(pipeline));
        let disk: Arc<dyn Disk> = Arc::new(FileSystem {
            permissions: settings.directory_permissions,
        });
        let failed = |error| format!("cannot use `{}`: {error}", directory.display());
        if !settings.create_directory && !settings.directory.is_dir() {
            return Err(format!(
                "`{}` is not there, and `create_directory` is false",
                settings.directory.display()
            ));
        }
        disk.create_directory(&directory).map_err(failed)?;
        let lock =
            DirectoryLock::take(&directory, settings.lock_timeout).map_err(|error| error.to_string())?;
        let events = Arc::new(JournalEvents::new(pipeline, health.clone()));
        let segment_bytes = (settings.limit / SEGMENTS).clamp(SHORTEST_SEGMENT, LONGEST_SEGMENT);
        // A group of records that begins below a segment's length may be as long as a segment itself.
        let uncounted = (SPARES as u64 + 1) * 2 * segment_bytes + 2 * OVERHEAD;
        let space = Space::new(settings.limit.saturating_sub(uncounted));
        let options = Options {
            sync: settings.fsync,
            segment_bytes,
            tail_bytes,
            again_bytes: SENT_BEFORE,
            spares: SPARES,
        };
        let place = directory.join("journal");
        let journal = Journal::open(disk.clone(), &place, options, space.clone(), observer(&events))
            .map_err(|error| error.to_string())?;
        let ledger = match journal.owner() {
            Some((note, beyond)) => PipelineLedger::resumed(PipelineColumns::from_bytes(note), *beyond),
            None => PipelineLedger::default(),
        };
        journal.owned_by(Arc::new(PipelineAccount(ledger.clone())));
        let unsettled = journal
            .cursors()
            .iter()
            .map(|cursor| cursor.unsettled.weight)
            .max();
        events.opened(
            &place.display().to_string(),
            journal.on_disk().0,
            unsettled.unwrap_or(0),
        );
        Ok(Self {
            pipeline: pipeline.to_owned(),
            journal: Arc::new(journal),
            space,
            ledger,
            events,
            directory,
            disk,
            options,
            settings: settings.clone(),
            _lock: lock,
        })
    }

    /// The disk budget as it was configured, in bytes.
    pub fn limit(&self) -> u64 {
        self.settings.limit
    }

    /// Whether the slowest exporter's oldest records make room for new ones.
    pub fn sheds(&self) -> bool {
        self.settings.on_full == OnFull::Shed
    }

    /// The pipeline's folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Gives up all that is kept for an exporter that is not in this pipeline any more: what it has not delivered, its
    /// parked records and its dead letters. Returns how much that was.
    pub fn forget(&self, exporter: &str) -> Result<Amount, String> {
        let failed = |error: std::io::Error| format!("`{exporter}` could not be forgotten: {error}");
        let cursors = self.journal.cursors();
        let cursor = cursors.iter().find(|cursor| cursor.name == exporter);
        if cursor.is_some_and(|cursor| cursor.attached) {
            return Err(format!(
                "`{exporter}` is in the configuration of the gateway that runs, so it is not forgotten"
            ));
        }
        let mut lost = Amount::default();
        for (place, name) in [("retry", PARKED), ("dead", KEPT)] {
            let aside = self.directory.join(place).join(folder(exporter));
            if aside.is_dir() {
                let files = Files::look(&aside).map_err(|error| error.to_string())?;
                let unsettled = files.unsettled().map_err(failed)?;
                lost.add(unsettled.get(name).copied().unwrap_or_default().amount);
            }
        }
        lost.add(self.journal.forget(exporter).map_err(failed)?);
        for place in ["retry", "dead"] {
            match fs::remove_dir_all(self.directory.join(place).join(folder(exporter))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        self.events.forgotten(exporter, lost.weight);
        Ok(lost)
    }

    /// Cursors whose exporter is not in this pipeline any more.
    pub fn orphans(&self) -> Vec<FoundCursor> {
        let cursors = self.journal.cursors().into_iter();
        cursors.filter(|cursor| !cursor.attached).collect()
    }
}

/// The folder of something with this id.
pub fn folder(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F")
}

/// The id of something with this folder.
pub fn id_of(folder: &str) -> String {
    folder.replace("%2F", "/").replace("%25", "%")
}

/// The pipelines that have a folder in a storage's directory.
pub fn pipelines(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let of_pipelines = entries.filter(|entry| entry.path().join("journal").is_dir());
    let mut names: Vec<String> = of_pipelines
        .map(|entry| id_of(&entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// A pipeline's folder that no pipeline of the configuration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The pipeline that it belonged to.
    pub pipeline: String,
    /// Bytes of its files.
    pub bytes: u64,
}

/// Folders in a storage's directory that belong to none of `known`.
pub fn orphans(directory: &Path, known: &[String]) -> Vec<Orphan> {
    let unknown = pipelines(directory)
        .into_iter()
        .filter(|pipeline| !known.contains(pipeline));
    let orphan = |pipeline: String| Orphan {
        bytes: bytes_below(&directory.join(folder(&pipeline))),
        pipeline,
    };
    unknown.map(orphan).collect()
}

fn bytes_below(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Tells a journal's events.
pub fn observer(events: &Arc<JournalEvents>) -> Arc<dyn Observer> {
    Arc::new(Told(events.clone()))
}

struct Told(Arc<JournalEvents>);

impl Observer for Told {
    fn committed(&self, _records: usize, _bytes: u64, sync: Duration) {
        self.0.committed(sync);
    }

    fn failing(&self, error: &str) {
        self.0.failing(error);
    }

    fn recovered(&self) {
        self.0.recovered();
    }

    fn damaged(&self, file: &str, records: usize) {
        self.0.damaged(file, records);
    }

    fn warned(&self, what: &str) {
        self.0.warned(what);
    }
}

/// Counts what a pipeline handed over to its journal.
struct PipelineAccount(PipelineLedger);

impl Account for PipelineAccount {
    fn committed(&self, weight: u64) {
        self.0.handed_over(usize::try_from(weight).unwrap_or(usize::MAX));
    }

    fn note(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0.columns().to_bytes());
    }
}
