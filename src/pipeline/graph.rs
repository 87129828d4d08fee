//! From a configuration to what runs: exporters with their delivery, pipelines in the order in which they feed
//! each other, receivers with their doors. A graph that follows another takes over what has not changed; what has changed in
//! parts that go on is done when nothing can fail any more.

mod connected;
mod journaled;
mod keepers;
mod live;
mod ways;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::budget::Budget;
use super::delivery::{Driver, Gate, Outlet, QueueSettings, Way as SendingWay};
use super::disk::requests::{Clerk, Desk};
use super::disk::{Orphan, Store};
use super::doorway::Doorway;
use super::entrance::Entrance;
use super::flow::{Output, Pipeline};
use super::log::{Batching, Cursor};
use super::parts::{Extension, Surroundings, Table};
use super::processing::{Processing, Step};
use super::receiver::Receiver;
use super::stage::Stage;
use crate::config::document::{Config, Pipeline as PipelineConfig, Reference};
use crate::config::factory::{Catalog, Factory, Kind};
use crate::config::id::{ComponentId, PipelineId};
use crate::config::node::Node;
use crate::journal::Journal;
use crate::telemetry::health::Health;
use crate::telemetry::ledger::ExporterLedger;
use crate::telemetry::process;

/// Without a `memory_limiter`, spans may take this share of the memory that the process may use.
const DEFAULT_BUDGET_PERCENT: u64 = 40;

/// Where the system does not say how much memory there is.
const FALLBACK_BUDGET: usize = 512 << 20;

pub use keepers::Keeps;
pub use live::{Former, Live};

/// A receiver with its door.
pub struct Entered {
    /// Its name.
    pub id: ComponentId,
    /// What is to be started; nothing, when it runs already.
    pub receiver: Option<Box<dyn Receiver>>,
    /// Its door.
    pub doorway: Arc<Doorway>,
    /// Where that is to lead.
    pub entrance: Arc<Entrance>,
}

/// An extension; nothing to start, when it runs already.
pub type Beside = (ComponentId, Option<Box<dyn Extension>>);

/// An exporter that sends, as metrics see it.
pub struct Sending {
    /// Its name.
    pub id: ComponentId,
    /// One for each pipeline that feeds it, with its ledger.
    pub cursors: Vec<Arc<Cursor>>,
    /// Ledgers of cursors that it no longer has.
    pub spent: Vec<ExporterLedger>,
}

/// Makes a change in a part that goes on.
pub type Change = Box<dyn FnOnce() + Send>;

/// Everything built, and nothing started but what is taken over.
pub struct Graph {
    /// Receivers, each with its door.
    pub receivers: Vec<Entered>,
    /// Extensions, in the order in which they start; those without anything to start run already.
    pub extensions: Vec<Beside>,
    /// One for each way from a pipeline to an exporter.
    pub drivers: Vec<Arc<Driver>>,
    /// The pipelines.
    pub pipelines: Vec<(PipelineId, Arc<Pipeline>)>,
    /// Exporters that send.
    pub exporters: Vec<Sending>,
    /// Exporters that keep spans themselves.
    pub keepers: Vec<(ComponentId, Keeps)>,
    /// What is kept on disk, by pipeline.
    pub kept: Vec<Kept>,
    /// What is on disk of pipelines that are no longer configured.
    pub orphans: Vec<Orphan>,
    /// The process's budget.
    pub budget: Budget,
    /// Set when the process stops.
    pub stopping: Arc<AtomicBool>,
    /// What is to change in parts that go on.
    pub changes: Vec<Change>,
    /// What counts on, though it is no longer configured.
    pub former: Former,
    /// What the next graph may take over.
    pub live: Live,
}

/// What one pipeline keeps on disk.
pub struct Kept {
    /// Its folder.
    pub store: Arc<Store>,
    /// Its exporters.
    pub exporters: Vec<KeptFor>,
}

/// What one pipeline keeps on disk for one exporter.
#[derive(Clone)]
pub struct KeptFor {
    /// The exporter.
    pub exporter: ComponentId,
    /// What it reads of the journal.
    pub journal: Arc<Cursor>,
    /// What it reads of its retry file.
    pub parked: Arc<Cursor>,
    /// What is known of its destination.
    pub gate: Arc<Gate>,
}

/// An exporter with what all pipelines that feed it share.
struct Outgoing {
    queue: QueueSettings,
    outlet: Arc<Outlet>,
    cursors: Vec<Arc<Cursor>>,
}

struct Builder<'a> {
    /// What runs already.
    live: Option<&'a Live>,
    /// What the graph after this one may take over.
    next: Live,
    changes: Vec<Change>,
    catalog: &'a Catalog,
    config: &'a Config,
    table: &'a Table,
    health: &'a Health,
    surroundings: Surroundings,
    kept: Vec<Kept>,
    budget: Budget,
    batching: HashMap<PipelineId, Batching>,
    /// Processors that look into spans, in their order.
    steps: HashMap<PipelineId, Vec<Step>>,
    outgoing: Vec<(ComponentId, Outgoing)>,
    keepers: Vec<(ComponentId, Keeps)>,
    drivers: Vec<Arc<Driver>>,
    built: Vec<(PipelineId, Arc<Pipeline>)>,
    /// Pipelines whose outputs are being built, to find a connector that leads back.
    open: Vec<PipelineId>,
}

// === impl Graph ===

impl Graph {
    /// Builds everything that `config` names and is not `live` as it is named there. An error says which component and why.
    pub fn build(
        config: &Config,
        table: &Table,
        health: &Health,
        live: Option<&Live>,
    ) -> Result<Self, String> {
        let catalog = table.catalog();
        let mut builder = Builder::new(config, table, &catalog, health, live)?;
        let extensions = builder.extensions()?;
        builder.surroundings.storages = builder.next.storages.clone();
        let surroundings = builder.surroundings.clone();
        for id in config.service.pipelines.keys() {
            builder.pipeline(id)?;
        }
        let receivers = builder.receivers(&surroundings)?;
        let orphans = builder.orphans();
        let former = builder.former();
        for (id, keeps) in &mut builder.keepers {
            keeps
                .ledgers
                .extend(builder.next.spent.get(id).into_iter().flatten().cloned());
        }
        let exporters = std::mem::take(&mut builder.outgoing)
            .into_iter()
            .map(|(id, out)| Sending {
                spent: builder.next.spent.get(&id).cloned().unwrap_or_default(),
                id,
                cursors: out.cursors,
            });
        let exporters = exporters.collect();
        builder.next.authenticators = surroundings.authenticators;
        Ok(Self {
            receivers,
            extensions,
            drivers: builder.drivers,
            pipelines: builder.built,
            exporters,
            orphans,
            keepers: builder.keepers,
            kept: builder.kept,
            budget: builder.budget,
            stopping: builder.next.stopping.clone(),
            changes: builder.changes,
            former,
            live: builder.next,
        })
    }
}

// === impl Kept ===

impl Kept {
    /// Answers what `spanway journal` asks about this pipeline.
    pub fn clerk(&self) -> Clerk {
        let exporters = self.exporters.iter().map(|kept| Desk {
            exporter: kept.exporter.to_string(),
            parked: kept.parked.clone(),
            gate: kept.gate.clone(),
        });
        Clerk::new(self.store.clone(), exporters.collect())
    }

    /// Every journal of the pipeline.
    pub fn journals(&self) -> Vec<Arc<Journal>> {
        let feeds = self.exporters.iter().filter_map(|kept| kept.journal.feed());
        let asides = feeds.map(|feed| &feed.aside);
        let mut journals: Vec<_> = asides
            .flat_map(|aside| [aside.retry.clone(), aside.dead.clone()])
            .collect();
        journals.push(self.store.journal.clone());
        journals
    }
}

// === impl Builder ===

impl<'a> Builder<'a> {
    fn new(
        config: &'a Config,
        table: &'a Table,
        catalog: &'a Catalog,
        health: &'a Health,
        live: Option<&'a Live>,
    ) -> Result<Self, String> {
        let mut batching = HashMap::new();
        let mut steps: HashMap<PipelineId, Vec<Step>> = HashMap::new();
        let mut budget: Option<usize> = None;
        for (id, pipeline) in &config.service.pipelines {
            for (processor, stage) in stages(config, table, pipeline)? {
                match stage {
                    Stage::Batch(settings) => drop(batching.insert(id.clone(), settings)),
                    Stage::Budget(bytes) => budget = Some(budget.map_or(bytes, |known| known.min(bytes))),
                    Stage::Sees(parts) => {
                        let step = Step::new(&processor.to_string(), &id.to_string(), parts);
                        steps.entry(id.clone()).or_default().push(step);
                    }
                }
            }
        }
        let limit = budget.unwrap_or_else(default_budget);
        let mut changes: Vec<Change> = Vec::new();
        let (budget, stopping) = match live {
            Some(live) => {
                let budget = live.budget.clone();
                changes.push(Box::new(move || budget.set_limit(limit)));
                (live.budget.clone(), live.stopping.clone())
            }
            None => (Budget::new(limit), Arc::default()),
        };
        let next = Live::new(config.clone(), budget.clone(), stopping);
        let (outgoing, keepers, drivers, built, open) = Default::default();
        Ok(Self {
            live,
            next,
            changes,
            catalog,
            config,
            table,
            health,
            surroundings: Surroundings::new(health.clone(), budget.clone()),
            kept: Vec::new(),
            budget,
            batching,
            steps,
            outgoing,
            keepers,
            drivers,
            built,
            open,
        })
    }

    /// Extensions, and what those of them that hold keys or storages make known.
    fn extensions(&mut self) -> Result<Vec<Beside>, String> {
        let surroundings = self.surroundings.clone();
        let mut extensions = Vec::new();
        for reference in &self.config.service.extensions {
            let id = reference.id.clone();
            if let Some(live) = self.live.filter(|_| self.is_live(Kind::Extension, &id)) {
                surroundings.authenticators.carry(&id, &live.authenticators);
                if let Some(storage) = live.storages.get(&id) {
                    self.next.storages.insert(id.clone(), storage.clone());
                }
                extensions.push((id, None));
                continue;
            }
            let node = lookup(&self.config.extensions, reference)?;
            let extension = make(&self.table.extensions, &id, node, &surroundings)?;
            if let Some(storage) = extension.storage() {
                self.next.storages.insert(id.clone(), storage);
            }
            extensions.push((id, Some(extension)));
        }
        Ok(extensions)
    }

    /// Builds a pipeline after those that it feeds; once.
    fn pipeline(&mut self, id: &PipelineId) -> Result<Arc<Pipeline>, String> {
        if let Some((_, pipeline)) = self.built.iter().find(|(known, _)| known == id) {
            return Ok(pipeline.clone());
        }
        if self.open.contains(id) {
            return Err(format!("pipeline `{id}` feeds itself through connectors"));
        }
        let Some(config) = self.config.service.pipelines.get(id) else {
            return Err(format!("there is no pipeline `{id}`"));
        };
        self.open.push(id.clone());
        let mut outputs = Vec::new();
        let store = self.store(id, config)?;
        let mut fed = Vec::new();
        for reference in &config.exporters {
            if let Some(node) = self.config.connectors.get(&reference.id) {
                self.connect(id, reference, node, &mut outputs)?;
                continue;
            }
            if let Some(keeping) = self.keeping(id, reference)? {
                outputs.push(Output::Keeper(keeping));
                continue;
            }
            let way = self.way(id, reference, store.as_ref())?;
            match store {
                Some(_) => fed.push(way),
                None => outputs.push(Output::Exporter(way.branching)),
            }
        }
        self.open.pop();
        let known = self.live.and_then(|live| live.ledgers.get(id)).cloned();
        let ledger = match &store {
            Some(store) => store.ledger.clone(),
            None => known.unwrap_or_default(),
        };
        self.next.ledgers.insert(id.clone(), ledger.clone());
        if let Some(store) = store {
            outputs.push(self.journal(store, fed));
        }
        let known = self.live.filter(|_| self.keeps_processors(id));
        let processing = match known.and_then(|live| live.processing.get(id)) {
            Some(processing) => processing.clone(),
            None => {
                let steps = self.steps.remove(id).unwrap_or_default();
                Processing::new(steps, self.budget.clone()).map(Arc::new)
            }
        };
        self.next.processing.insert(id.clone(), processing.clone());
        let pipeline = Arc::new(Pipeline {
            ledger,
            processing,
            outputs,
        });
        self.built.push((id.clone(), pipeline.clone()));
        Ok(pipeline)
    }

    fn receivers(&mut self, surroundings: &Surroundings) -> Result<Vec<Entered>, String> {
        let mut receivers: Vec<Entered> = Vec::new();
        let config = self.config;
        for reference in config
            .service
            .pipelines
            .values()
            .flat_map(|pipeline| &pipeline.receivers)
        {
            let id = &reference.id;
            let known = receivers.iter().any(|known| known.id == *id);
            let Some(node) = config.receivers.get(id).filter(|_| !known) else {
                continue;
            };
            let pipelines = self
                .fed_by(id)
                .iter()
                .map(|id| self.pipeline(id))
                .collect::<Result<_, _>>()?;
            let entrance = Arc::new(Entrance {
                pipelines,
                budget: self.budget.clone(),
                ack_timeout: config.service.patience.ack_timeout.into(),
                stopping: self.next.stopping.clone(),
            });
            let live = self.live.filter(|_| self.is_live(Kind::Receiver, id));
            let (receiver, doorway) = match live.and_then(|live| live.doorways.get(id)) {
                Some(doorway) => (None, doorway.clone()),
                None => {
                    let receiver = make(&self.table.receivers, id, node, surroundings)?;
                    (Some(receiver), Doorway::new(entrance.clone()))
                }
            };
            self.next.doorways.insert(id.clone(), doorway.clone());
            receivers.push(Entered {
                id: id.clone(),
                receiver,
                doorway,
                entrance,
            });
        }
        Ok(receivers)
    }
}

/// What the processors of a pipeline contribute, in their order.
pub fn stages(
    config: &Config,
    table: &Table,
    pipeline: &PipelineConfig,
) -> Result<Vec<(ComponentId, Stage)>, String> {
    let stages = pipeline.processors.iter().map(|reference| {
        let node = lookup(&config.processors, reference)?;
        let stage = make(&table.processors, &reference.id, node, &())?;
        Ok((reference.id.clone(), stage))
    });
    stages.collect()
}

fn lookup<'a>(
    section: &'a crate::config::document::Components,
    reference: &Reference,
) -> Result<&'a Node, String> {
    section
        .get(&reference.id)
        .ok_or_else(|| format!("`{}` is not configured", reference.id))
}

fn make<P: 'static, X: ?Sized + 'static>(
    family: &[Factory<P, X>],
    id: &ComponentId,
    node: &Node,
    context: &X,
) -> Result<P, String> {
    let factory = family.iter().find(|factory| factory.answers_to(&id.type_name));
    let factory = factory.ok_or_else(|| format!("this build has no `{}`", id.type_name))?;
    factory
        .build(node, id, context)
        .map_err(|reason| format!("`{id}` cannot be built: {reason}"))
}

fn default_budget() -> usize {
    let share = process::memory_limit().map(|memory| memory / 100 * DEFAULT_BUDGET_PERCENT);
    share
        .and_then(|bytes| usize::try_from(bytes).ok())
        .unwrap_or(FALLBACK_BUDGET)
}
