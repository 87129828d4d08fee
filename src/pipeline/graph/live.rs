//! What runs already: the next graph takes over what has not changed, so that connections, queues, journals and counts go on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Builder;
use super::ways::Way;
use crate::config::document::Config;
use crate::config::factory::Kind;
use crate::config::id::{ComponentId, PipelineId};
use crate::net::auth::Authenticators;
use crate::pipeline::budget::Budget;
use crate::pipeline::delivery::{Outlet, QueueSettings};
use crate::pipeline::disk::Store;
use crate::pipeline::doorway::Doorway;
use crate::pipeline::keeper::{Keeper, Keeping};
use crate::pipeline::processing::Processing;
use crate::pipeline::storage::StorageSettings;
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::ledger::{ExporterLedger, PipelineLedger};

/// The parts of a graph, by what they belong to in its configuration.
pub struct Live {
    pub(super) config: Config,
    pub(super) budget: Budget,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) authenticators: Authenticators,
    pub(super) storages: HashMap<ComponentId, StorageSettings>,
    pub(super) processing: HashMap<PipelineId, Option<Arc<Processing>>>,
    pub(super) ledgers: HashMap<PipelineId, PipelineLedger>,
    pub(super) outlets: HashMap<ComponentId, (QueueSettings, Arc<Outlet>)>,
    pub(super) ways: HashMap<(PipelineId, ComponentId), Way>,
    pub(super) stores: HashMap<PipelineId, (StorageSettings, Arc<Store>)>,
    pub(super) keepers: HashMap<ComponentId, (Arc<dyn Keeper>, Arc<ExporterEvents>)>,
    pub(super) keepings: HashMap<(PipelineId, ComponentId), Keeping>,
    pub(super) doorways: HashMap<ComponentId, Arc<Doorway>>,
    /// Counts of ways that exporters no longer have.
    pub(super) spent: HashMap<ComponentId, Vec<ExporterLedger>>,
}

/// What was configured and no longer is.
#[derive(Default)]
pub struct Former {
    /// Exporters, each with the ledgers of its ways.
    pub exporters: Vec<(ComponentId, Vec<ExporterLedger>)>,
    /// Pipelines.
    pub pipelines: Vec<(PipelineId, PipelineLedger)>,
}

// === impl Live ===

impl Live {
    /// Set when the process stops.
    pub fn stopping(&self) -> &AtomicBool {
        &self.stopping
    }

    /// Exporters that are here and not in `next`.
    pub fn without(&self, next: &Self) -> Vec<Arc<ExporterEvents>> {
        let gone = self
            .outlets
            .iter()
            .filter(|(id, _)| !next.outlets.contains_key(*id));
        gone.map(|(_, (_, outlet))| outlet.events.clone()).collect()
    }

    /// Whether `config` says what runs.
    pub fn is_of(&self, config: &Config) -> bool {
        self.config.says_the_same(config)
    }

    /// Nothing yet.
    pub(super) fn new(config: Config, budget: Budget, stopping: Arc<AtomicBool>) -> Self {
        Self {
            config,
            budget,
            stopping,
            authenticators: Authenticators::default(),
            storages: HashMap::new(),
            processing: HashMap::new(),
            ledgers: HashMap::new(),
            outlets: HashMap::new(),
            ways: HashMap::new(),
            stores: HashMap::new(),
            keepers: HashMap::new(),
            keepings: HashMap::new(),
            doorways: HashMap::new(),
            spent: HashMap::new(),
        }
    }
}

// === impl Builder ===

impl Builder<'_> {
    /// Whether a component runs already with these very settings, and so do the extensions that it names.
    pub(super) fn is_live(&self, kind: Kind, id: &ComponentId) -> bool {
        let Some(live) = self.live else {
            return false;
        };
        let (old, new) = (
            live.config.components(kind).get(id),
            self.config.components(kind).get(id),
        );
        let (Some(old), Some(new)) = (old, new) else {
            return false;
        };
        let Some(component) = self.catalog.find(kind, &id.type_name) else {
            return false;
        };
        let authenticators = component.authenticators(new).into_iter();
        let mut named = authenticators
            .map(|(.., extension)| extension)
            .chain(component.storage(new).map(|(_, id)| id));
        live.config.used(kind).contains(id)
            && old.says_the_same(new)
            && named.all(|extension| extension != *id && self.is_live(Kind::Extension, &extension))
    }

    /// Whether a pipeline has the very processors that it had.
    pub(super) fn keeps_processors(&self, id: &PipelineId) -> bool {
        let pipeline = |config: &Config| {
            let pipeline = config.service.pipelines.get(id)?;
            let processors = pipeline.processors.iter().map(|reference| reference.id.clone());
            Some(processors.collect::<Vec<_>>())
        };
        let Some(live) = self.live else {
            return false;
        };
        let (old, new) = (pipeline(&live.config), pipeline(self.config));
        old == new
            && new
                .into_iter()
                .flatten()
                .all(|processor| self.is_live(Kind::Processor, &processor))
    }

    /// Exporters and pipelines that were configured and no longer are, with what they counted: their spans still end somewhere.
    pub(super) fn former(&mut self) -> Former {
        let Some(live) = self.live else {
            return Former::default();
        };
        let ways = live
            .ways
            .keys()
            .chain(live.keepings.keys())
            .map(|(_, exporter)| exporter);
        let ids: BTreeSet<_> = ways.chain(live.spent.keys()).cloned().collect();
        let mut former = Former::default();
        for id in ids {
            let is_gone = !self.next.outlets.contains_key(&id) && !self.next.keepers.contains_key(&id);
            let spent = self.spent(&id);
            self.next.spent.insert(id.clone(), spent.clone());
            if is_gone {
                former.exporters.push((id, spent));
            }
        }
        for (id, ledger) in &live.ledgers {
            if !self.next.ledgers.contains_key(id) {
                self.next.ledgers.insert(id.clone(), ledger.clone());
                former.pipelines.push((id.clone(), ledger.clone()));
            }
        }
        former
    }

    /// The counts of an exporter's ways that are gone.
    pub(super) fn spent(&self, exporter: &ComponentId) -> Vec<ExporterLedger> {
        let Some(live) = self.live else {
            return Vec::new();
        };
        let mut spent = live.spent.get(exporter).cloned().unwrap_or_default();
        for ((pipeline, known), way) in &live.ways {
            let key = (pipeline.clone(), known.clone());
            let goes_on = self.next.ways.get(&key);
            let goes_on =
                goes_on.is_some_and(|next| Arc::ptr_eq(&next.branching.cursor, &way.branching.cursor));
            // What a journal knows of a way is there again when the way is.
            if known == exporter && !goes_on && way.kept.is_none() {
                spent.push(way.branching.cursor.ledger().clone());
            }
        }
        for (key, keeping) in &live.keepings {
            if key.1 == *exporter && !self.next.keepings.contains_key(key) {
                spent.push(keeping.ledger.clone());
            }
        }
        spent
    }
}
