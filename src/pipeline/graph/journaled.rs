//! Pipelines that keep a journal: where it is, and how its exporters read it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ways::{Way, next_branch};
use super::{Builder, Kept, KeptFor};
use crate::config::document::{Pipeline as PipelineConfig, Reference};
use crate::config::id::PipelineId;
use crate::pipeline::budget::Reservation;
use crate::pipeline::delivery::Driver;
use crate::pipeline::disk::{self, Manner, Orphan, Shelf, Store};
use crate::pipeline::flow::Output;
use crate::pipeline::log::Batching;
use crate::pipeline::log::cursor::Capacity;
use crate::telemetry::journal::JournalEvents;

/// All exporters that read journals may have this part of the memory budget read ahead, together.
const WINDOWS: usize = 8;
const SMALLEST_WINDOW: usize = 1 << 20;
const LARGEST_WINDOW: usize = 64 << 20;

/// Of an exporter's window, this part is for its parked records.
const PARKED: usize = 4;

/// All journals may hold this part of the memory budget in their newest records, together.
const TAILS: usize = 8;
const SMALLEST_TAIL: usize = 1 << 20;
const LARGEST_TAIL: usize = 64 << 20;

// === impl Builder ===

impl Builder<'_> {
    /// The folder of a pipeline of which an exporter names a storage; its files are open when this returns.
    pub(super) fn store(
        &mut self,
        id: &PipelineId,
        pipeline: &PipelineConfig,
    ) -> Result<Option<Arc<Store>>, String> {
        if self.readers(pipeline)? == 0 {
            return Ok(None);
        }
        let mut storage = None;
        for reference in self.exporters(pipeline)? {
            let named = self.outgoing(reference)?.queue.storage();
            storage = storage.or(named.map(|(_, id)| id.clone()));
        }
        let Some(settings) = storage.and_then(|id| self.next.storages.get(&id)).cloned() else {
            return Err(format!("the storage of pipeline `{id}` does not run"));
        };
        if let Some((known, store)) = self.live.and_then(|live| live.stores.get(id)) {
            if *known != settings {
                return Err(format!(
                    "the storage of pipeline `{id}` has changed, which takes a restart: its journal is open"
                ));
            }
            self.next.stores.insert(id.clone(), (settings, store.clone()));
            return Ok(Some(store.clone()));
        }
        let tail = (self.budget.limit() / TAILS / self.config.service.pipelines.len())
            .clamp(SMALLEST_TAIL, LARGEST_TAIL);
        let store = Store::open(&settings, &id.to_string(), tail as u64, self.health)
            .map_err(|error| format!("the journal of pipeline `{id}` cannot be opened: {error}"))?;
        let store = Arc::new(store);
        self.next.stores.insert(id.clone(), (settings, store.clone()));
        Ok(Some(store))
    }

    /// The exporters of a pipeline that may read a journal.
    fn exporters<'b>(&mut self, pipeline: &'b PipelineConfig) -> Result<Vec<&'b Reference>, String> {
        let mut exporters = Vec::new();
        for reference in &pipeline.exporters {
            let is_connector = self.config.connectors.contains_key(&reference.id);
            if !is_connector && !self.is_keeper(reference)? {
                exporters.push(reference);
            }
        }
        Ok(exporters)
    }

    /// How many exporters read this pipeline's journal; none when it has none.
    fn readers(&mut self, pipeline: &PipelineConfig) -> Result<usize, String> {
        let exporters = self.exporters(pipeline)?;
        let mut journaled = false;
        for reference in &exporters {
            journaled |= self.outgoing(reference)?.queue.storage().is_some();
        }
        Ok(if journaled { exporters.len() } else { 0 })
    }

    /// The memory that pays for what an exporter reads ahead, and for its parked records.
    fn windows(&mut self) -> Result<(Reservation, Reservation), String> {
        let mut readers = 0;
        let config = self.config;
        for pipeline in config.service.pipelines.values() {
            readers += self.readers(pipeline)?;
        }
        let window = self.budget.limit() / WINDOWS / readers.max(1);
        let window = window.clamp(SMALLEST_WINDOW, LARGEST_WINDOW);
        let reserve = |bytes| {
            let no_room = |error| format!("no memory for what {readers} exporters read of journals: {error}");
            self.budget.reserve(bytes).map_err(no_room)
        };
        Ok((reserve(window - window / PARKED)?, reserve(window / PARKED)?))
    }

    /// An exporter that reads the journal, and slowly its own parked records.
    pub(super) fn fed_by_journal(
        &mut self,
        id: &PipelineId,
        reference: &Reference,
        store: &Store,
        batching: Batching,
        capacity: Capacity,
    ) -> Result<Way, String> {
        let exporter = reference.id.to_string();
        let (window, parked_window) = self.windows()?;
        let manner = Manner {
            batching,
            capacity,
            budget: self.budget.clone(),
            window,
            parked_window,
        };
        let readers = store.readers(&exporter, manner).map_err(|error| {
            format!("the journal of pipeline `{id}` cannot be opened for `{exporter}`: {error}")
        })?;
        let branching = self.branching(reference, readers.journal)?;
        let outlet = self.outgoing(reference)?.outlet.clone();
        let gate = outlet.gate.clone();
        let cursors = [branching.cursor.clone(), readers.parked.clone()];
        let drivers = cursors.map(|cursor| Driver::new(outlet.clone(), cursor));
        let kept = KeptFor {
            exporter: reference.id.clone(),
            journal: branching.cursor.clone(),
            parked: readers.parked,
            gate,
        };
        Ok(Way {
            branching,
            drivers: drivers.into(),
            kept: Some(kept),
        })
    }

    /// What the storages hold of pipelines that are no longer configured.
    pub(super) fn orphans(&self) -> Vec<Orphan> {
        let known: Vec<String> = self
            .config
            .service
            .pipelines
            .keys()
            .map(PipelineId::to_string)
            .collect();
        let directories: BTreeSet<_> = self
            .next
            .storages
            .values()
            .map(|storage| &storage.directory)
            .collect();
        directories
            .into_iter()
            .flat_map(|directory| disk::orphans(directory, &known))
            .inspect(|orphan| JournalEvents::orphaned(&orphan.pipeline, orphan.bytes, self.health))
            .collect()
    }

    /// The way of a pipeline's requests into its journal.
    pub(super) fn journal(&mut self, store: Arc<Store>, fed: Vec<Way>) -> Output {
        let (branches, kept): (Vec<_>, Vec<_>) = fed.into_iter().map(|way| (way.branching, way.kept)).unzip();
        let exporters = kept.into_iter().flatten().collect();
        for orphan in store.orphans() {
            store.events.orphan(&orphan.name, orphan.unsettled.bytes);
        }
        let cursors = branches.iter().map(|branching| branching.cursor.clone());
        let shelf = Shelf::new(store.clone(), cursors.collect(), next_branch());
        self.kept.push(Kept { store, exporters });
        Output::Journal(shelf, branches)
    }
}
