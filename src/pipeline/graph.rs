//! From a configuration to what runs: exporters with their delivery, pipelines in the order in which they feed
//! each other, receivers with their doors.

mod connected;
mod journaled;
mod keepers;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::budget::Budget;
use super::delivery::{Driver, Gate, Outlet, QueueSettings, Slots};
use super::disk::requests::{Clerk, Desk};
use super::disk::{Orphan, Store};
use super::entrance::Entrance;
use super::flow::{Branching, Output, Pipeline};
use super::log::cursor::Capacity;
use super::log::{Batching, Cursor};
use super::parts::{Extension, Sender, Surroundings, Table};
use super::processing::{Processing, Step};
use super::receiver::Receiver;
use super::stage::Stage;
use super::storage::StorageSettings;
use super::ticket::Branch;
use crate::config::document::{Config, Pipeline as PipelineConfig, Reference};
use crate::config::factory::Factory;
use crate::config::id::{ComponentId, PipelineId};
use crate::config::node::Node;
use crate::journal::Journal;
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::health::Health;
use crate::telemetry::ledger::{ExporterLedger, PipelineLedger};
use crate::telemetry::process;

/// Without a `memory_limiter`, spans may take this share of the memory that the process may use.
const DEFAULT_BUDGET_PERCENT: u64 = 40;

/// Where the system does not say how much memory there is.
const FALLBACK_BUDGET: usize = 512 << 20;

pub use keepers::Keeps;

/// A receiver with its door.
pub type Entered = (ComponentId, Box<dyn Receiver>, Arc<Entrance>);

/// Everything built, nothing started.
pub struct Graph {
    /// Receivers, each with its door.
    pub receivers: Vec<Entered>,
    /// Extensions, in the order in which they start.
    pub extensions: Vec<(ComponentId, Box<dyn Extension>)>,
    /// One for each way from a pipeline to an exporter.
    pub drivers: Vec<Arc<Driver>>,
    /// Ledgers by pipeline.
    pub pipelines: Vec<(PipelineId, PipelineLedger)>,
    /// By exporter a cursor for each pipeline that feeds it, with its ledger.
    pub exporters: Vec<(ComponentId, Vec<Arc<Cursor>>)>,
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
}

/// What one pipeline keeps on disk.
pub struct Kept {
    /// Its folder.
    pub store: Arc<Store>,
    /// Its exporters.
    pub exporters: Vec<KeptFor>,
}

/// What one pipeline keeps on disk for one exporter.
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
    config: &'a Config,
    table: &'a Table,
    health: &'a Health,
    surroundings: Surroundings,
    storages: HashMap<ComponentId, StorageSettings>,
    kept: Vec<Kept>,
    budget: Budget,
    batching: HashMap<PipelineId, Batching>,
    /// Processors that look into spans, in their order.
    steps: HashMap<PipelineId, Vec<Step>>,
    outgoing: Vec<(ComponentId, Outgoing)>,
    keepers: Vec<(ComponentId, Keeps)>,
    /// Ways that have a number but no driver.
    ways: usize,
    drivers: Vec<Arc<Driver>>,
    built: Vec<(PipelineId, Arc<Pipeline>)>,
    /// Pipelines whose outputs are being built, to find a connector that leads back.
    open: Vec<PipelineId>,
}

// === impl Graph ===

impl Graph {
    /// Builds everything that `config` names. An error says which component and why.
    pub fn build(
        config: &Config,
        table: &Table,
        health: &Health,
        ack_timeout: Duration,
    ) -> Result<Self, String> {
        let mut builder = Builder::new(config, table, health)?;
        let surroundings = builder.surroundings.clone();
        let extensions = config.service.extensions.iter().map(|reference| {
            let node = lookup(&config.extensions, reference)?;
            let extension = make(&table.extensions, &reference.id, node, &surroundings)?;
            Ok((reference.id.clone(), extension))
        });
        let extensions: Vec<(ComponentId, Box<dyn Extension>)> = extensions.collect::<Result<_, String>>()?;
        let storages = extensions.iter();
        builder.storages = storages
            .filter_map(|(id, extension)| Some((id.clone(), extension.storage()?)))
            .collect();
        for id in config.service.pipelines.keys() {
            builder.pipeline(id)?;
        }
        let stopping = Arc::new(AtomicBool::new(false));
        let receivers = builder.receivers(ack_timeout, &stopping, &surroundings)?;
        let orphans = builder.orphans();
        Ok(Self {
            receivers,
            extensions,
            drivers: builder.drivers,
            pipelines: builder
                .built
                .iter()
                .map(|(id, pipeline)| (id.clone(), pipeline.ledger.clone()))
                .collect(),
            exporters: builder
                .outgoing
                .into_iter()
                .map(|(id, out)| (id, out.cursors))
                .collect(),
            orphans,
            keepers: builder.keepers,
            kept: builder.kept,
            budget: builder.budget,
            stopping,
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
    fn new(config: &'a Config, table: &'a Table, health: &'a Health) -> Result<Self, String> {
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
        let budget = Budget::new(budget.unwrap_or_else(default_budget));
        let (outgoing, keepers, drivers, built, open) = Default::default();
        Ok(Self {
            config,
            table,
            health,
            surroundings: Surroundings::new(health.clone(), budget.clone()),
            storages: HashMap::new(),
            kept: Vec::new(),
            budget,
            batching,
            steps,
            outgoing,
            keepers,
            ways: 0,
            drivers,
            built,
            open,
        })
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
            if let Some(keeping) = self.keeping(reference)? {
                outputs.push(Output::Keeper(keeping));
                continue;
            }
            match &store {
                Some(store) => fed.push(self.fed_by_journal(id, reference, store)?),
                None => {
                    let (batching, capacity) = self.waits(id, reference, false)?;
                    let (budget, ledger) = (self.budget.clone(), ExporterLedger::default());
                    let cursor = Cursor::new(batching, capacity, budget, ledger, None);
                    outputs.push(Output::Exporter(self.branching(reference, cursor)?));
                }
            }
        }
        self.open.pop();
        let ledger = store
            .as_ref()
            .map(|store| store.ledger.clone())
            .unwrap_or_default();
        if let Some(store) = store {
            outputs.push(self.journal(store, fed)?);
        }
        let steps = self.steps.remove(id).unwrap_or_default();
        let pipeline = Arc::new(Pipeline {
            ledger,
            processing: Processing::new(steps, self.budget.clone()),
            outputs,
        });
        self.built.push((id.clone(), pipeline.clone()));
        Ok(pipeline)
    }

    /// How a pipeline's records wait for an exporter.
    fn waits(
        &mut self,
        pipeline: &PipelineId,
        reference: &Reference,
        journaled: bool,
    ) -> Result<(Batching, Capacity), String> {
        let batching = self.batching.get(pipeline).cloned().unwrap_or_default();
        let queue = &self.outgoing(reference)?.queue;
        let batching = queue.batch.on().map_or(batching, Batching::from);
        let capacity = match queue.enabled {
            true => Capacity {
                size: queue.size(journaled),
                sizer: queue.sizer,
            },
            false => Capacity::unbounded(),
        };
        Ok((batching, capacity))
    }

    /// A pipeline's way to an exporter, which reads through this cursor.
    fn branching(&mut self, reference: &Reference, cursor: Arc<Cursor>) -> Result<Branching, String> {
        let branch = self.next_branch()?;
        let out = self.outgoing(reference)?;
        out.cursors.push(cursor.clone());
        let (outlet, queue) = (out.outlet.clone(), out.queue.clone());
        self.drivers.push(Driver::new(outlet.clone(), cursor.clone()));
        Ok(Branching {
            cursor,
            gate: outlet.gate.clone(),
            awaited: queue.wait_for_result,
            blocks: queue.block_on_overflow,
            branch,
            events: outlet.events.clone(),
        })
    }

    /// Tells the answers of one way out from those of others.
    fn next_branch(&self) -> Result<Branch, String> {
        u16::try_from(self.drivers.len() + self.ways).map_err(|_| "too many exporters".to_owned())
    }

    /// An exporter that sends.
    fn outgoing(&mut self, reference: &Reference) -> Result<&mut Outgoing, String> {
        self.build_exporter(reference)?;
        let id = &reference.id;
        let mut outgoing = self.outgoing.iter_mut();
        outgoing
            .find(|(known, _)| known == id)
            .map(|(_, out)| out)
            .ok_or_else(|| format!("exporter `{id}` keeps spans and sends none"))
    }

    fn receivers(
        &mut self,
        ack_timeout: Duration,
        stopping: &Arc<AtomicBool>,
        surroundings: &Surroundings,
    ) -> Result<Vec<Entered>, String> {
        let mut receivers: Vec<Entered> = Vec::new();
        let config = self.config;
        for reference in config
            .service
            .pipelines
            .values()
            .flat_map(|pipeline| &pipeline.receivers)
        {
            let id = &reference.id;
            let known = receivers.iter().any(|(known, _, _)| known == id);
            let Some(node) = config.receivers.get(id).filter(|_| !known) else {
                continue;
            };
            let receiver = make(&self.table.receivers, id, node, surroundings)?;
            let pipelines = self
                .fed_by(id)
                .iter()
                .map(|id| self.pipeline(id))
                .collect::<Result<_, _>>()?;
            let entrance = Entrance {
                pipelines,
                budget: self.budget.clone(),
                ack_timeout,
                stopping: stopping.clone(),
            };
            receivers.push((id.clone(), receiver, Arc::new(entrance)));
        }
        Ok(receivers)
    }
}

// === impl Outgoing ===

impl Outgoing {
    fn new(id: &ComponentId, sender: Sender, health: &Health) -> Self {
        let Sender {
            destination,
            queue,
            retry,
        } = sender;
        let slots = if queue.enabled {
            Slots::new(queue.num_consumers, destination.timeout())
        } else {
            Slots::unbounded()
        };
        let outlet = Outlet {
            destination,
            gate: Gate::new(retry.clone()),
            retry,
            slots,
            events: Arc::new(ExporterEvents::new(&id.to_string(), health.clone())),
        };
        Self {
            queue,
            outlet: Arc::new(outlet),
            cursors: Vec::new(),
        }
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
